#pragma once
// WeCom's callbacks (document/path/96238): GET and POST /callback/wecom/{corp_id}[/{name}], no name
// = "app". GET is the console's check: the decrypted echostr and nothing else. POST is an event:
// verified, opened, handed to the inbox, answered 200 once it is durable. Whoever cannot prove that
// he is WeCom gets one 403, whatever was wrong.
//   leadbridge_callbacks_total{result} accepted | stale | echo | bad_request | too_large | unknown
//   | bad_signature | expired | sealed_wrong

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "connectors/connector.h"
#include "connectors/wecom/callback_crypto.h"
#include "crm/staff/corp.h"

namespace leadbridge::wecom {

struct CallbackReceiverOptions {
    std::int64_t fresh_s = 300;     // |now - timestamp| of a normal delivery
    std::int64_t accept_s = 3'600;  // up to here a delivery with a right signature is taken and
                                    // alarms: a wrong clock must not eat a day
    std::size_t max_body = 1 << 20;
};

class CallbackReceiver final : public Connector {
public:
    CallbackReceiver(
        const crm::CorpDirectory& corps,
        const Clock& clock,
        Metrics& metrics,
        CallbackReceiverOptions options = {}
    );

    std::string_view name() const noexcept override { return "wecom"; }

    ReceiveResult receive(const Request& request) override;
    Decoded decode(const InboxRow& row) override;

private:
    enum class Verdict : std::uint8_t {
        accepted,
        stale,
        echo,
        bad_request,
        too_large,
        unknown,
        bad_signature,
        expired,
        sealed_wrong
    };

    struct Place {  // of a request: whose callback
        crm::CorpDirectory::Ptr corp;
        const crm::CorpCallback* callback = nullptr;
    };

    struct Age {
        bool acceptable = false;
        bool stale = false;
    };

    ReceiveResult echo(const Request& request, const Place& place, const CallbackCrypto& crypto);
    ReceiveResult event(const Request& request, const Place& place, const CallbackCrypto& crypto);
    Received accepted(std::string clear, const Place& place, Age age) const;
    Place find(std::string_view path) const;
    Age age(std::string_view timestamp) const;
    Response refuse(Verdict verdict, int status);
    void count(Verdict verdict);
    void alarm(std::string_view message, std::string_view fix, const Place& place);

    const crm::CorpDirectory& corps_;
    const Clock& clock_;
    const CallbackReceiverOptions options_;
    std::vector<Counter*> counters_;  // by Verdict
    Guarded<std::map<std::string, std::int64_t>>
        alarmed_;  // steady ms of the last alarm by kind, corp and callback
};

}  // namespace leadbridge::wecom
