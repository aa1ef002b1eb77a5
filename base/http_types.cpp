#include "base/http_types.h"

#include <algorithm>
#include <array>

#include "base/websocket.h"

namespace leadbridge {

namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return lower(x) == lower(y);
           });
}

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool is_unreserved(char c) noexcept {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

template <class List>
std::string_view first_where(const List& list, auto&& matches) noexcept {
    for (const auto& [name, value] : list) {
        if (matches(name)) {
            return value;
        }
    }
    return {};
}

}  // namespace

std::string_view to_string(Method method) noexcept {
    constexpr std::array<std::string_view, 8> names{
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"};
    const auto index = static_cast<std::size_t>(method);
    return index < names.size() ? names[index] : names.back();
}

void Headers::set(std::string_view name, std::string value) {
    const auto first = std::find_if(list_.begin(), list_.end(), [&](const auto& field) {
        return same_name(field.first, name);
    });
    if (first == list_.end()) {
        list_.emplace_back(std::string(name), std::move(value));
        return;
    }
    first->second = std::move(value);
    list_.erase(
        std::remove_if(
            first + 1, list_.end(), [&](const auto& field) { return same_name(field.first, name); }
        ),
        list_.end()
    );
}

std::string_view Headers::get(std::string_view name) const noexcept {
    return first_where(list_, [&](const std::string& n) { return same_name(n, name); });
}

std::size_t Headers::count(std::string_view name) const noexcept {
    return static_cast<std::size_t>(std::count_if(
        list_.begin(), list_.end(), [&](const auto& field) { return same_name(field.first, name); }
    ));
}

Result<Query> Query::parse(std::string_view raw) {
    Query query;
    while (!raw.empty()) {
        const auto end = std::min(raw.find('&'), raw.size());
        const std::string_view pair = raw.substr(0, end);
        raw.remove_prefix(std::min(end + 1, raw.size()));
        if (pair.empty()) {
            continue;
        }
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = percent_decode(pair.substr(0, equals));
        if (!name) {
            return name.error();
        }
        auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())));
        if (!value) {
            return value.error();
        }
        query.list_.emplace_back(*std::move(name), *std::move(value));
    }
    return query;
}

std::string_view Query::get(std::string_view name) const noexcept {
    return first_where(list_, [&](const std::string& n) { return n == name; });
}

std::size_t Query::count(std::string_view name) const noexcept {
    return static_cast<std::size_t>(std::count_if(
        list_.begin(), list_.end(), [&](const auto& field) { return field.first == name; }
    ));
}

Result<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return Error{ErrorCode::invalid, "a '%' is not followed by two hexadecimal digits"};
        }
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c)) {
            out.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out.push_back('%');
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 15U]);
    }
    return out;
}

Response Response::text(int status, std::string body) {
    Response response{status, {}, std::move(body)};
    response.headers.add("Content-Type", "text/plain; charset=utf-8");
    return response;
}

Response Response::json(int status, std::string body) {
    Response response{status, {}, std::move(body)};
    response.headers.add("Content-Type", "application/json");
    return response;
}

void Responder::Sink::upgrade(WebSocketUpgrade to) {
    (void)to;
    respond(Response::text(501, "no WebSocket here\n"));
}

void Responder::upgrade(WebSocketUpgrade to) const {
    sink_->upgrade(std::move(to));
}

}  // namespace leadbridge
