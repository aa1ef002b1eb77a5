#pragma once
// What every connector does: receive(request) -> a row for the inbox, or a refusal; decode(row) ->
// touches. receive() runs on a web worker, stores nothing and calls nothing; decode() runs on the
// intake thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/http_types.h"
#include "base/id.h"
#include "base/result.h"
#include "crm/touch.h"

namespace leadbridge {

// A verified delivery, ready to be made durable.
struct Received {
    CorpId corp;
    std::string
        key;  // 24 bytes: event time (ms, big endian) + SHA-256 prefix (docs/storage.md, dedupe)
    std::string kind;  // "change_external_contact.add_external_contact", "form.generic", ...
                       // bounded set, for people and metrics
    std::string body;  // clear text
    Response reply;    // sent once the row is durable (or is a duplicate)
    bool hold_on_overload = false;  // WeCom: held up to 4 s, then closed unanswered; others get 503
    std::int64_t source_id = 0;     // sources row for forms
    std::optional<std::string>
        welcome_code;    // start the welcome lane the moment the row is durable
    bool stale = false;  // older than the freshness window but accepted: alarm
    std::string object;  // whom it is about ("contact:wm.."): rows of one object keep their order
                         // as a courtesy; "" = none
    std::int64_t repeat_window_ms =
        0;  // > 0: a source with neither delivery id nor time; every delivery is stored, a repeat
            // within the window is marked. key is then 8 zero bytes + SHA-256 prefix
};

// Nothing to store: answered at once (a verification echo, a refusal).
using ReceiveResult = std::variant<Received, Response>;

struct InboxRow {
    std::int64_t id = 0;
    CorpId corp;
    std::string connector;  // name()
    std::string kind;
    std::string key;
    std::string body;
    std::int64_t source_id = 0;
    UnixMillis received_ms = 0;
    bool repeat = false;  // same bytes within the 60 s window of a source without delivery id
};

// Why a row cannot be used now; it stays visible and replayable.
struct Parked {
    std::string reason;  // "unknown_event", "malformed", "no_connector_yet", "no_mapped_fields"
    std::string detail;
};

using Decoded = std::variant<std::vector<crm::Touch>, Parked>;

class Connector {
public:
    virtual ~Connector() = default;
    virtual std::string_view name() const noexcept = 0;
    virtual ReceiveResult receive(const Request& request) = 0;
    virtual Decoded decode(const InboxRow& row) = 0;
};

}  // namespace leadbridge
