#include "gateway/commands/output.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace leadbridge::gateway {

namespace {

std::string cell(const json::object& row, std::string_view column) {
    const json::value* value = row.if_contains(column);
    if (value == nullptr || value->is_null()) {
        return "-";
    }
    return value->is_string() ? std::string(value->get_string()) : to_text(*value);
}

// Columns on a terminal: Chinese and other wide characters (three bytes and more) take two.
std::size_t width_of(std::string_view text) {
    std::size_t columns = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0U) != 0x80U) {
            columns += byte >= 0xE0U ? 2 : 1;
        }
    }
    return columns;
}

void print_rows(const json::array& rows, const std::vector<std::string_view>& columns) {
    std::vector<std::size_t> widths;
    std::vector<std::vector<std::string>> cells;
    for (const std::string_view column : columns) {
        widths.push_back(width_of(column));
    }
    for (const json::value& row : rows) {
        auto& line = cells.emplace_back();
        for (std::size_t i = 0; i < columns.size(); ++i) {
            line.push_back(cell(row.as_object(), columns[i]));
            widths[i] = std::max(widths[i], width_of(line.back()));
        }
    }
    const auto print = [&](const auto& line) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const bool last = i + 1 == columns.size();
            const std::string text(line[i]);
            const std::string pad(last ? 0 : widths[i] - width_of(text) + 2, ' ');
            std::printf("%s%s%s", text.c_str(), pad.c_str(), last ? "\n" : "");
        }
    };
    print(columns);
    for (const auto& line : cells) {
        print(line);
    }
}

}  // namespace

int failed(const Error& error) {
    std::fprintf(stderr, "leadbridge: %s\n", error.message.c_str());
    return 1;
}

int print_list(
    const Result<Response>& answer, const std::vector<std::string_view>& columns, bool as_json
) {
    if (!answer) {
        return failed(answer.error());
    }
    if (as_json) {
        std::printf("%s\n", answer->body.c_str());
        return 0;
    }
    auto value = parse_json(answer->body, JsonLimits{64 << 20, 32});
    if (!value || !value->is_object()) {
        return failed(Error{ErrorCode::internal, "the answer cannot be read"});
    }
    const json::object& object = value->get_object();
    if (const json::array* items = json_array(object, "items")) {
        print_rows(*items, columns);
        if (const std::string next = json_string(object, "next_cursor"); !next.empty()) {
            std::printf("more: --cursor %s\n", next.c_str());
        }
    } else {
        for (const auto& item : object) {
            std::printf(
                "%-20s %s\n", std::string(item.key()).c_str(), cell(object, item.key()).c_str()
            );
        }
    }
    return 0;
}

int print_done(const Result<Response>& answer, std::string_view text) {
    if (!answer) {
        return failed(answer.error());
    }
    std::printf("%s\n", std::string(text).c_str());
    return 0;
}

std::string read_secret_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        throw std::runtime_error("cannot read " + path);
    }
    std::ostringstream text;
    text << in.rdbuf();
    std::string value = std::move(text).str();
    while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) {
        value.pop_back();
    }
    return value;
}

}  // namespace leadbridge::gateway
