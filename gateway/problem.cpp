#include "gateway/problem.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"

namespace leadbridge::gateway {

namespace {

std::string_view title_of(int status) noexcept {
    switch (status) {
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 409:
            return "Conflict";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 422:
            return "Unprocessable Content";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        default:
            return "Internal Server Error";
    }
}

// The house words a fault of a field as "field: what is wrong with it".
std::string_view field_of(const Error& error) noexcept {
    constexpr std::size_t longest = 200;
    if (error.code != ErrorCode::invalid && error.code != ErrorCode::rule_broken) {
        return {};
    }
    const std::size_t colon = error.message.find(": ");
    if (colon == std::string::npos || colon == 0 || colon > longest) {
        return {};
    }
    const std::string_view field = std::string_view(error.message).substr(0, colon);
    const bool shaped = std::all_of(field.begin(), field.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_-./").find(c) != std::string_view::npos;
    });
    return shaped && field.front() >= 'a' && field.front() <= 'z' ? field : std::string_view{};
}

}  // namespace

int http_status(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::invalid:
            return 400;
        case ErrorCode::rule_broken:
            return 422;
        case ErrorCode::not_found:
            return 404;
        case ErrorCode::conflict:
            return 409;
        case ErrorCode::stale:
            return 412;
        case ErrorCode::precondition_missing:
            return 428;
        case ErrorCode::unauthenticated:
            return 401;
        case ErrorCode::forbidden:
            return 403;
        case ErrorCode::too_large:
            return 413;
        case ErrorCode::unsupported:
            return 415;
        case ErrorCode::limited:
            return 429;
        case ErrorCode::overloaded:
            return 503;
        case ErrorCode::retry_later:
        case ErrorCode::auth:
        case ErrorCode::unknown_result:
        case ErrorCode::permanent:
            return 502;  // WeCom or another remote said no while we asked on the caller's behalf
        case ErrorCode::corrupt:
        case ErrorCode::internal:
            return 500;
    }
    return 500;
}

Response problem(const Error& error, std::string_view request_id) {
    const std::string_view field = field_of(error);
    const bool reason_is_field = !field.empty() && error.reason == field;
    // What could be read but says something that may not be is 422, whoever found it.
    const int status = reason_is_field ? 422 : http_status(error.code);
    json::object body;
    std::string code = error.reason.empty() ? std::string(to_string(error.code)) : error.reason;
    if (reason_is_field) {
        code = "bad_field";
    }
    body["type"] = "about:blank";
    body["title"] = json::string(title_of(status));
    body["status"] = status;
    if (status == 500) {
        log::error(
            "gateway", "request failed", {{"request_id", request_id}, {"error", error.message}}
        );
    } else {
        body["detail"] = error.message;
    }
    body["code"] = code;
    if (!field.empty()) {
        body["errors"] = json::array{json::object{{"field", field}, {"code", code}}};
    }
    body["request_id"] = json::string(request_id);
    Response response = Response::json(status, to_text(body));
    response.headers.set("Content-Type", "application/problem+json");
    if (status == 429 || status == 503) {
        const std::int64_t seconds =
            error.retry_after_ms > 0 ? (error.retry_after_ms + 999) / 1'000 : 1;
        response.headers.set("Retry-After", std::to_string(seconds));
    }
    if (status == 401) {
        response.headers.set("WWW-Authenticate", "Bearer");
    }
    return response;
}

}  // namespace leadbridge::gateway
