#pragma once
// Binds connectors to paths: /callback/wecom/..., /hook/... The router asks it before its own
// table.
//   leadbridge_callback_seconds{connector}  from the request read to its answer, or to the close
//   without one

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/http_types.h"
#include "base/metrics.h"
#include "connectors/connector.h"
#include "gateway/inbox.h"

namespace leadbridge::gateway {

class Callbacks {
public:
    // All outlive this; metrics and clock outlive every answer.
    Callbacks(Inbox& inbox, Metrics& metrics, const Clock& clock)
        : inbox_(inbox), metrics_(metrics), clock_(clock) {}

    // prefix: "/callback/wecom/", with both slashes. Before the server starts. The connector
    // outlives this.
    void bind(std::string prefix, Connector& connector);

    // False when the path belongs to no connector: nothing was answered. Otherwise the answer is
    // given now or, once the delivery is durable, by the inbox. Thread-safe.
    bool handle(const Request& request, const Responder& responder);
    // The pattern for access logs ("/callback/wecom/*"); "" when the path belongs to no connector.
    std::string_view pattern(std::string_view path) const noexcept;

private:
    struct Binding {
        std::string prefix;
        std::string pattern;
        Connector* connector;
        Histogram* seconds;
    };

    const Binding* find(std::string_view path) const noexcept;

    Inbox& inbox_;
    Metrics& metrics_;
    const Clock& clock_;
    std::vector<Binding> bindings_;
};

}  // namespace leadbridge::gateway
