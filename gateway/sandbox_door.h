#pragma once
// The way from the API to the local WeCom of `serve --sandbox`. Closed unless that runs.
// Thread-safe.

#include <cstdint>
#include <functional>
#include <string>

#include "base/guarded.h"
#include "base/http_types.h"
#include "base/json.h"
#include "base/result.h"

namespace leadbridge::gateway {

class SandboxDoor {
public:
    // set_speed: of the sample traffic; 1 = as it began, 0 = it rests. It must outlive close().
    void open(std::uint16_t port, std::function<void(double)> set_speed);
    void close();

    bool is_open() const;
    double speed() const;
    // Error{not_found} "sandbox_off" when closed, {rule_broken} outside 0..50.
    Status set_speed(double speed);
    // One act of its control API (connectors/sandbox/README.md), e.g. "/sandbox/scan". Errors as
    // set_speed, {rule_broken} "sandbox_refused" with what the sandbox said, {permanent} when it
    // does not answer.
    Result<json::object> act(Method method, const std::string& path, const json::object& body)
        const;

private:
    struct Inside {
        std::uint16_t port = 0;  // 0 = closed
        std::function<void(double)> set_speed;
        double speed = 1;
    };

    Guarded<Inside> inside_;
};

}  // namespace leadbridge::gateway
