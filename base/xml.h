#pragma once
// A small read-only XML tree over pugixml for callback bodies. DTDs, entities beyond the five
// predefined ones and processing instructions are refused; CDATA counts as text; unknown elements
// are kept; a BOM is skipped.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leadbridge {

struct XmlElement {
    std::string name;
    std::string text;  // all text and CDATA of this element, joined
    std::vector<XmlElement> children;

    const XmlElement* child(std::string_view child_name) const noexcept;  // first, or nullptr
    std::size_t count(std::string_view child_name) const noexcept;
    std::string_view value(std::string_view child_name) const noexcept;  // "" when absent

    bool has(std::string_view child_name) const noexcept { return child(child_name) != nullptr; }
};

struct XmlLimits {
    std::size_t max_bytes = 1 << 20;
    int max_depth = 32;
    std::size_t max_elements = 20'000;
};

Result<XmlElement> parse_xml(std::string_view text, const XmlLimits& limits = {});
// The text with & < > and quotes escaped; control characters that XML forbids are dropped.
std::string xml_escape(std::string_view text);

}  // namespace leadbridge
