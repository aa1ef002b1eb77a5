#pragma once
// WW_verify_*.txt: WeCom asks for such a file at the root of a domain before it trusts the domain
// for signing in and for its JS-SDK. Kept as rows, answered to anybody.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/result.h"
#include "gateway/finding.h"

namespace leadbridge {
class HttpClient;
}

namespace leadbridge::gateway {

struct VerifyFile {
    std::string name;
    std::string content;
    UnixMillis added_ms = 0;
};

// "WW_verify_", letters and digits, ".txt".
bool is_verify_name(std::string_view name) noexcept;

std::vector<VerifyFile> verify_files(Snapshot& s, CorpId corp);
// Of any corp: the asking side knows the name only.
std::optional<std::string> verify_content(Snapshot& s, std::string_view name);
// Error{rule_broken} names the field; Error{conflict} when another corp has a file of that name.
Status put_verify_file(Transaction& tx, CorpId corp, const VerifyFile& file);
bool remove_verify_file(Transaction& tx, CorpId corp, std::string_view name);

// Whether the domain could be trusted: its address, its files, and each file as it is fetched from
// outside.
std::vector<Finding> check_domain(
    HttpClient& http, const std::string& public_url, const std::vector<VerifyFile>& files
);

}  // namespace leadbridge::gateway
