#pragma once
// How commands print: a table for people, the API's JSON with --json. .cpp files only.

#include <string>
#include <string_view>
#include <vector>

#include "base/http_types.h"
#include "base/json.h"
#include "base/result.h"

namespace leadbridge::gateway {

// Prints the error in one line; exit code 1.
int failed(const Error& error);
// Prints chosen columns of a list answer (or of one object), or the whole body with as_json. Exit
// code 0 or 1.
int print_list(
    const Result<Response>& answer, const std::vector<std::string_view>& columns, bool as_json
);
int print_done(const Result<Response>& answer, std::string_view text);
// The file's bytes without a newline at the end; throws std::runtime_error naming it.
std::string read_secret_file(const std::string& path);

}  // namespace leadbridge::gateway
