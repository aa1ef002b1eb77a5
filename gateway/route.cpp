#include "gateway/route.h"

#include <charconv>

#include "base/crypto.h"

namespace leadbridge::gateway {

namespace {

std::string_view next_segment(std::string_view& rest) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    return segment;
}

std::optional<std::vector<std::pair<std::string_view, std::string>>> match_path(
    std::string_view pattern, std::string_view path
) {
    std::vector<std::pair<std::string_view, std::string>> params;
    if (pattern.empty() || path.empty() || path.front() != '/') {
        return std::nullopt;
    }
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    while (!pattern.empty() && !path.empty()) {
        const std::string_view want = next_segment(pattern);
        const std::string_view have = next_segment(path);
        if (want.size() > 2 && want.front() == '{') {
            auto decoded = percent_decode(have);
            if (have.empty() || !decoded) {
                return std::nullopt;
            }
            params.emplace_back(want.substr(1, want.size() - 2), std::move(*decoded));
        } else if (want != have) {
            return std::nullopt;
        }
    }
    if (!pattern.empty() || !path.empty()) {
        return std::nullopt;
    }
    return params;
}

}  // namespace

std::string_view ApiRequest::param(std::string_view name) const noexcept {
    for (const auto& [key, value] : params_) {
        if (key == name) {
            return value;
        }
    }
    return {};
}

Result<std::int64_t> ApiRequest::id(std::string_view name) const {
    if (auto value = parse_id(param(name))) {
        return *value;
    }
    return Error{ErrorCode::not_found, "no such resource"};
}

std::optional<std::string> ApiRequest::query_opt(std::string_view name) const {
    if (!http_.query.has(name) || http_.query.get(name).empty()) {
        return std::nullopt;
    }
    return std::string(http_.query.get(name));
}

Result<int> ApiRequest::limit() const {
    const auto text = query_opt("limit");
    if (!text) {
        return 50;
    }
    int value = 0;
    const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (ec != std::errc{} || end != text->data() + text->size() || value < 1 || value > 200) {
        return Error{ErrorCode::invalid, "limit must be a number from 1 to 200", "bad_limit"};
    }
    return value;
}

Result<std::optional<std::int64_t>> ApiRequest::cursor() const {
    const auto text = query_opt("cursor");
    if (!text) {
        return std::optional<std::int64_t>{};
    }
    auto bytes = crypto::unbase64url(*text);
    if (bytes && bytes->starts_with("k1.")) {
        if (auto position = parse_id(std::string_view(*bytes).substr(3))) {
            return std::optional<std::int64_t>{*position};
        }
    }
    return Error{ErrorCode::invalid, "cursor is not one that a list gave out", "bad_cursor"};
}

Result<std::int64_t> ApiRequest::if_match() const {
    const std::string_view value = http_.headers.get("If-Match");
    if (value.empty()) {
        return Error{
            ErrorCode::precondition_missing,
            "send If-Match with the ETag of the version you read",
            "if_match_missing"};
    }
    if (value.size() > 3 && value.starts_with("\"v") && value.ends_with('"')) {
        if (auto version = parse_id(value.substr(2, value.size() - 3))) {
            return *version;
        }
    }
    return Error{ErrorCode::stale, "If-Match is not an ETag of this resource", "stale"};
}

std::string encode_cursor(std::int64_t position) {
    return crypto::base64url("k1." + std::to_string(position));
}

std::string etag(std::int64_t version) {
    return "\"v" + std::to_string(version) + "\"";
}

RouteMatch match_route(std::span<const Route> routes, Method method, std::string_view path) {
    RouteMatch out;
    for (const Route& route : routes) {
        auto params = match_path(route.pattern, path);
        if (!params) {
            continue;
        }
        if (route.method == method || (method == Method::head && route.method == Method::get)) {
            out.route = &route;
            out.params = std::move(*params);
            return out;
        }
        out.allowed.push_back(route.method);
    }
    return out;
}

}  // namespace leadbridge::gateway
