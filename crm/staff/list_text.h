#pragma once
// Small lists in one TEXT column, as JSON arrays. What does not read as such a list is an empty
// one.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leadbridge::crm {

std::string strings_text(const std::vector<std::string>& values);
std::vector<std::string> text_strings(std::string_view text);
// Ids stand as strings, as everywhere in JSON.
std::string ids_text(const std::vector<std::int64_t>& values);
std::vector<std::int64_t> text_ids(std::string_view text);

// {"key": "value", ...} in the given order, for timeline and audit details. Values are texts.
std::string object_text(std::initializer_list<std::pair<std::string_view, std::string_view>> fields
);

// Characters (code points) of well-formed UTF-8.
std::size_t characters(std::string_view text) noexcept;

}  // namespace leadbridge::crm
