#pragma once
// CSV for spreadsheets (RFC 4180, UTF-8 with a byte order mark). What a spreadsheet would take for
// a formula is neutralised by an apostrophe: names and remarks come from strangers.

#include <initializer_list>
#include <string>
#include <string_view>

namespace leadbridge::gateway {

inline constexpr std::string_view csv_mark = "\xEF\xBB\xBF";

std::string csv_field(std::string_view text);
void csv_line(std::string& out, std::initializer_list<std::string_view> fields);

}  // namespace leadbridge::gateway
