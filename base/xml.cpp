#include "base/xml.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <pugixml.hpp>
#include <utility>

#include "base/utf8.h"

namespace leadbridge {

namespace {

Error bad(std::string what) {
    return Error{ErrorCode::invalid, "XML: " + std::move(what)};
}

bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool known_reference(std::string_view name) noexcept {
    if (name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos") {
        return true;
    }
    if (!name.starts_with('#')) {
        return false;
    }
    name.remove_prefix(1);
    const int base = name.starts_with('x') ? 16 : 10;
    name.remove_prefix(base == 16 ? 1 : 0);
    unsigned int code = 0;
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), code, base);
    return error == std::errc{} && stop == name.data() + name.size() && code > 0 &&
           code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

// Walks the tags once, before any tree is built: what costs memory or does what we do not want
// never reaches the parser.
class Scanner {
public:
    Scanner(std::string_view text, const XmlLimits& limits) : rest_(text), limits_(limits) {}

    Status run() {
        skip_declaration();
        while (!rest_.empty()) {
            if (auto ok = step(); !ok) {
                return ok;
            }
        }
        if (depth_ != 0 || elements_ == 0) {
            return bad("an element is not closed, or there is none");
        }
        return {};
    }

private:
    void skip_declaration() {
        if (rest_.starts_with("<?xml") && rest_.size() > 5 && is_space(rest_[5])) {
            const std::size_t end = rest_.find("?>");
            rest_.remove_prefix(end == std::string_view::npos ? 0 : end + 2);
        }
    }

    Status step() {
        if (rest_.front() != '<') {
            return text();
        }
        if (rest_.starts_with("<![CDATA[")) {
            return depth_ == 0 ? bad("CDATA outside the root element") : skip_to("]]>");
        }
        if (rest_.starts_with("<!--")) {
            rest_.remove_prefix(4);
            return skip_to("-->");
        }
        if (rest_.starts_with("<!")) {
            return bad("a document type or other declaration is not accepted");
        }
        if (rest_.starts_with("<?")) {
            return bad("a processing instruction is not accepted");
        }
        return rest_.starts_with("</") ? close() : open();
    }

    Status text() {
        const std::string_view run = rest_.substr(0, rest_.find('<'));
        rest_.remove_prefix(run.size());
        if (depth_ == 0 && !std::all_of(run.begin(), run.end(), is_space)) {
            return bad("text outside the root element");
        }
        return references(run);
    }

    static Status references(std::string_view run) {
        for (std::size_t at = run.find('&'); at != std::string_view::npos; at = run.find('&')) {
            run.remove_prefix(at + 1);
            const std::size_t end = run.find(';');
            if (end == std::string_view::npos || !known_reference(run.substr(0, end))) {
                return bad("an entity other than the five predefined ones");
            }
        }
        return {};
    }

    Status skip_to(std::string_view mark) {
        const std::size_t end = rest_.find(mark);
        if (end == std::string_view::npos) {
            return bad("the text ends inside CDATA or a comment");
        }
        rest_.remove_prefix(end + mark.size());
        return {};
    }

    Status close() {
        if (--depth_ < 0) {
            return bad("an end tag without its start");
        }
        return skip_to(">");
    }

    Status open() {
        if (depth_ == 0 && elements_ > 0) {
            return bad("more than one root element");
        }
        if (++elements_ > limits_.max_elements) {
            return Error{ErrorCode::too_large, "XML: too many elements"};
        }
        if (depth_ >= limits_.max_depth) {
            return Error{ErrorCode::too_large, "XML: nested too deep"};
        }
        const std::size_t end = tag_end();
        if (end == std::string_view::npos) {
            return bad("the text ends inside a tag");
        }
        const bool empty_element = rest_[end - 1] == '/';
        const std::string_view tag = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        depth_ += empty_element ? 0 : 1;
        return references(tag);
    }

    // A '>' may stand inside the quotes of an attribute.
    std::size_t tag_end() const noexcept {
        char quote = 0;
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            const char c = rest_[i];
            if (quote != 0) {
                quote = c == quote ? '\0' : quote;
            } else if (c == '"' || c == '\'') {
                quote = c;
            } else if (c == '>') {
                return i;
            }
        }
        return std::string_view::npos;
    }

    std::string_view rest_;
    const XmlLimits& limits_;
    int depth_ = 0;
    std::size_t elements_ = 0;
};

// The form nearly every callback has: one element of leaves, no attributes, CDATA or text without
// references. Read in one pass without a tree of pugixml's, with the same result; whatever looks
// different in any way is left to the parser.
class FlatReader {
public:
    FlatReader(std::string_view text, const XmlLimits& limits) : rest_(text), limits_(limits) {}

    std::optional<XmlElement> run() {
        XmlElement root;
        if (limits_.max_depth < 2 || !start_tag(root.name)) {
            return std::nullopt;
        }
        root.children.reserve(usual_children);
        for (skip_space(); !rest_.starts_with("</"); skip_space()) {
            if (root.children.size() + 2 > limits_.max_elements ||
                !leaf(root.children.emplace_back())) {
                return std::nullopt;
            }
        }
        const bool ended = !root.children.empty() && end_tag(root.name);
        skip_space();
        return ended && rest_.empty() ? std::optional(std::move(root)) : std::nullopt;
    }

private:
    static constexpr std::size_t usual_children = 12;

    static bool is_letter(char c) noexcept {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    }

    static bool is_plain(std::string_view text) noexcept {
        return text.find_first_of("&\r") == std::string_view::npos;
    }

    void skip_space() noexcept {
        while (!rest_.empty() && is_space(rest_.front())) {
            rest_.remove_prefix(1);
        }
    }

    bool start_tag(std::string& name) {
        std::size_t end = 1;
        while (end < rest_.size() &&
               (is_letter(rest_[end]) || (end > 1 && rest_[end] >= '0' && rest_[end] <= '9'))) {
            ++end;
        }
        if (end == 1 || end >= rest_.size() || rest_.front() != '<' || rest_[end] != '>') {
            return false;
        }
        name = rest_.substr(1, end - 1);
        rest_.remove_prefix(end + 1);
        return true;
    }

    bool end_tag(std::string_view name) noexcept {
        if (!rest_.starts_with("</") || rest_.substr(2, name.size()) != name ||
            rest_.substr(2 + name.size(), 1) != ">") {
            return false;
        }
        rest_.remove_prefix(name.size() + 3);
        return true;
    }

    bool leaf(XmlElement& element) {
        if (!start_tag(element.name)) {
            return false;
        }
        constexpr std::string_view open = "<![CDATA[";
        constexpr std::string_view close = "]]>";
        const bool cdata = rest_.starts_with(open);
        rest_.remove_prefix(cdata ? open.size() : 0);
        const std::size_t end = rest_.find(cdata ? close : std::string_view("<"));
        if (end == std::string_view::npos ||
            (cdata ? rest_.substr(0, end).find('\r') != std::string_view::npos
                   : !is_plain(rest_.substr(0, end)))) {
            return false;
        }
        element.text = rest_.substr(0, end);
        rest_.remove_prefix(end + (cdata ? close.size() : 0));
        return end_tag(element.name);
    }

    std::string_view rest_;
    const XmlLimits& limits_;
};

// Recursion is bounded by the depth the scanner allowed.
XmlElement convert(const pugi::xml_node& node) {
    XmlElement element;
    element.name = node.name();
    for (const pugi::xml_node& child : node.children()) {
        if (child.type() == pugi::node_element) {
            element.children.push_back(convert(child));
        } else if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
            element.text += child.value();
        }
    }
    return element;
}

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const noexcept {
    for (const XmlElement& element : children) {
        if (element.name == child_name) {
            return &element;
        }
    }
    return nullptr;
}

std::size_t XmlElement::count(std::string_view child_name) const noexcept {
    return static_cast<std::size_t>(std::count_if(
        children.begin(), children.end(), [&](const XmlElement& e) { return e.name == child_name; }
    ));
}

std::string_view XmlElement::value(std::string_view child_name) const noexcept {
    const XmlElement* element = child(child_name);
    return element == nullptr ? std::string_view{} : std::string_view{element->text};
}

Result<XmlElement> parse_xml(std::string_view text, const XmlLimits& limits) {
    if (text.size() > limits.max_bytes) {
        return Error{
            ErrorCode::too_large, "XML: more than " + std::to_string(limits.max_bytes) + " bytes"};
    }
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
    // A zero byte would end pugixml's strings early and hide what follows it.
    if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
        return bad("not UTF-8");
    }
    if (auto flat = FlatReader{text, limits}.run()) {
        return std::move(*flat);
    }
    if (auto ok = Scanner{text, limits}.run(); !ok) {
        return ok.error();
    }
    pugi::xml_document document;
    const unsigned int flags =
        pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol | pugi::parse_ws_pcdata_single;
    const auto result = document.load_buffer(text.data(), text.size(), flags, pugi::encoding_utf8);
    if (!result) {
        return bad(result.description());
    }
    return convert(document.document_element());
}

std::string xml_escape(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&apos;";
                break;
            default:
                if (static_cast<unsigned char>(c) >= 0x20 || is_space(c)) {
                    out += c;
                }
        }
    }
    return out;
}

}  // namespace leadbridge
