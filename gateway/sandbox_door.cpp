#include "gateway/sandbox_door.h"

#include "base/http_client.h"

namespace leadbridge::gateway {

namespace {

constexpr double fastest = 50;

Error off() {
    return Error{
        ErrorCode::not_found, "no sandbox runs: start `leadbridge serve --sandbox`", "sandbox_off"};
}

}  // namespace

void SandboxDoor::open(std::uint16_t port, std::function<void(double)> set_speed) {
    *inside_.lock() = Inside{port, std::move(set_speed), 1};
}

void SandboxDoor::close() {
    *inside_.lock() = Inside{};
}

bool SandboxDoor::is_open() const {
    return inside_.lock()->port != 0;
}

double SandboxDoor::speed() const {
    return inside_.lock()->speed;
}

Status SandboxDoor::set_speed(double speed) {
    auto inside = inside_.lock();
    if (inside->port == 0) {
        return off();
    }
    if (!(speed >= 0 && speed <= fastest)) {
        return Error{ErrorCode::rule_broken, "speed: must be 0 to 50", "bad_field"};
    }
    inside->speed = speed;
    inside->set_speed(speed);
    return {};
}

Result<json::object> SandboxDoor::act(
    Method method, const std::string& path, const json::object& body
) const {
    const std::uint16_t port = inside_.lock()->port;
    if (port == 0) {
        return off();
    }
    HttpCall call;
    call.method = method;
    call.url = "http://127.0.0.1:" + std::to_string(port) + path;
    if (method == Method::post) {
        call.headers.add("Content-Type", "application/json");
        call.body = to_text(body);
    }
    const auto reply = make_http_client()->call(call);
    if (!reply) {
        return Error{
            ErrorCode::permanent, "the sandbox does not answer; start again", "sandbox_silent"};
    }
    if (reply->status >= 400) {
        return Error{ErrorCode::rule_broken, "the sandbox says: " + reply->body, "sandbox_refused"};
    }
    auto value = parse_json(reply->body, JsonLimits{16 << 20, 32});
    return value && value->is_object() ? Result<json::object>(std::move(value->get_object()))
                                       : Result<json::object>(json::object{});
}

}  // namespace leadbridge::gateway
