#include "gateway/problem.h"

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

Response problem(
    const Error& error, std::string_view request_id, const std::vector<FieldError>& fields
) {
    const int status = http_status(error.code);
    json::object body;
    const std::string code =
        error.reason.empty() ? std::string(to_string(error.code)) : error.reason;
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
    if (!fields.empty()) {
        json::array list;
        for (const FieldError& field : fields) {
            list.push_back(json::object{{"field", field.field}, {"code", field.code}});
        }
        body["errors"] = std::move(list);
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
