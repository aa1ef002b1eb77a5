#pragma once
// Binds connectors to paths: /callback/wecom/..., /hook/... The router asks it before its own
// table.

#include <string>
#include <string_view>
#include <vector>

#include "base/http_types.h"
#include "connectors/connector.h"
#include "gateway/inbox.h"

namespace leadbridge::gateway {

class Callbacks {
public:
    explicit Callbacks(Inbox& inbox) : inbox_(inbox) {}

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
    };

    const Binding* find(std::string_view path) const noexcept;

    Inbox& inbox_;
    std::vector<Binding> bindings_;
};

}  // namespace leadbridge::gateway
