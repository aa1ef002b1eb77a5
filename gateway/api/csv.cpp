#include "gateway/api/csv.h"

namespace leadbridge::gateway {

std::string csv_field(std::string_view text) {
    constexpr std::string_view formula = "=+-@\t\r";
    std::string out;
    if (!text.empty() && formula.find(text.front()) != std::string_view::npos) {
        out.push_back('\'');
    }
    out += text;
    if (out.find_first_of(",\"\r\n") == std::string::npos) {
        return out;
    }
    std::string quoted = "\"";
    for (const char c : out) {
        quoted.push_back(c);
        if (c == '"') {
            quoted.push_back('"');
        }
    }
    return quoted + "\"";
}

void csv_line(std::string& out, std::initializer_list<std::string_view> fields) {
    bool first = true;
    for (const std::string_view field : fields) {
        out += first ? "" : ",";
        out += csv_field(field);
        first = false;
    }
    out += "\r\n";
}

}  // namespace leadbridge::gateway
