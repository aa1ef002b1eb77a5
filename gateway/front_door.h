#pragma once
// What the HTTP server hands over: callbacks and hooks, the API, the live
// channel, the console's files, health,
// metrics, and at / the way to the console or, in a program without one, a page that says what
// else there is.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/http_server.h"
#include "base/metrics.h"
#include "gateway/api.h"
#include "gateway/callbacks.h"
#include "gateway/console_assets.h"
#include "gateway/live.h"

namespace leadbridge::gateway {

// Why the daemon is not ready; "" = it is.
using Readiness = std::function<std::string()>;
// The text of a /WW_verify_*.txt; nothing when there is no such file.
using VerifyLookup = std::function<std::optional<std::string>(std::string_view name)>;

class FrontDoor {
public:
    FrontDoor(
        Api& api,
        Callbacks& callbacks,
        const ConsoleAssets& console,
        Live& live,
        Metrics& metrics,
        const Clock& clock,
        Readiness ready,
        VerifyLookup verify
    );

    void handle(Request&& request, Responder responder);
    static std::size_t body_limit(Method method, std::string_view path);

private:
    Response answer(const Request& request);
    Response home() const;

    Api& api_;
    Callbacks& callbacks_;
    const ConsoleAssets& console_;
    Live& live_;
    Metrics& metrics_;
    const Clock& clock_;
    const Readiness ready_;
    const VerifyLookup verify_;
};

}  // namespace leadbridge::gateway
