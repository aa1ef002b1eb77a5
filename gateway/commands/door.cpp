#include "gateway/commands/door.h"

#include "base/json.h"
#include "gateway/api.h"
#include "gateway/app.h"
#include "gateway/control_socket.h"

namespace leadbridge::gateway {

namespace {

// A problem's detail and code as an Error of ours.
Error problem_of(const Response& response) {
    auto value = parse_json(response.body);
    if (!value || !value->is_object()) {
        return Error{ErrorCode::internal, "the daemon answered " + std::to_string(response.status)};
    }
    const json::object& object = value->get_object();
    std::string text = json_string(object, "detail", json_string(object, "title"));
    return Error{ErrorCode::permanent, std::move(text), json_string(object, "code")};
}

}  // namespace

Door::Door(config::Settings settings) : settings_(std::move(settings)) {}

Door::~Door() = default;

Result<Response> Door::call(
    Method method, std::string path, std::string query, std::string body, Headers headers
) {
    Request request;
    request.method = method;
    request.path = std::move(path);
    request.raw_query = std::move(query);
    request.headers = std::move(headers);
    request.body = std::move(body);
    request.request_id = "command";
    request.remote_address = "local";
    Result<Response> answer =
        app_ ? Result<Response>(Error{ErrorCode::retry_later, ""})
             : ask_daemon(control_socket_path(settings_.server.data_dir), request);
    if (!answer && answer.error().code == ErrorCode::retry_later) {
        if (!app_) {
            app_ = std::make_unique<App>(AppOptions{settings_});
        }
        auto parsed = Query::parse(request.raw_query);
        if (!parsed) {
            return std::move(parsed).error();
        }
        request.query = std::move(*parsed);
        answer = app_->api().handle_local(request);
    }
    if (answer && answer->status >= 400) {
        return problem_of(*answer);
    }
    return answer;
}

Result<Response> Door::edit(
    Method method, const std::string& path, const std::string& query, const std::string& body
) {
    auto now = call(Method::get, path, query);
    if (!now) {
        return now;
    }
    Headers headers;
    headers.add("If-Match", std::string(now->headers.get("ETag")));
    headers.add("Content-Type", "application/json");
    return call(method, path, query, body, std::move(headers));
}

Result<Response> Door::patch(
    const std::string& path, const std::string& query, const std::string& body
) {
    return edit(Method::patch, path, query, body);
}

Result<Response> Door::remove(const std::string& path, const std::string& query) {
    return edit(Method::del, path, query, "");
}

}  // namespace leadbridge::gateway
