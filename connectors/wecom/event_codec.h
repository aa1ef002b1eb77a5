#pragma once
// Clear text of a WeCom callback -> our words. Events: external contact 92130, 96361 (customised),
// 92277 (suite); archive consent 92005, archive notice 95039; customer acquisition 97299; contacts
// 90970-90972. Pure functions, thread-safe. WelcomeCode, ChatKey and Token never enter a touch.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret.h"
#include "connectors/connector.h"
#include "connectors/wecom/clear_text.h"

namespace leadbridge::wecom {

// A kind from a fixed list: "event.change_type" or "event" of what we know, else "message",
// "aibot", "unknown_event".
std::string event_kind(const ClearText& clear);

// Whom or what it is about ("contact:wm..", "group:wr..", "member:..", "tag:.."), for order; "" =
// nothing in particular.
std::string event_object(const ClearText& clear);

// Where the text came from; goes into every touch.
struct EventPlace {
    CorpId corp;
    std::string_view inbox_key;
    std::int64_t inbox_id = 0;
    UnixMillis received_ms = 0;  // stands in for a missing time
};

// Touches, or why there are none: "unknown_event", "malformed" (a field it cannot do without is
// missing), "no_connector_yet" (known, but nobody in this program understands it yet).
// msgaudit_notify becomes a crm::Noted of that kind: a wake-up for the archive, nothing for a
// timeline.
Decoded decode_event(const ClearText& clear, const EventPlace& place);

// What the welcome lane needs of a friend-add or consent event that carries a WelcomeCode.
struct WelcomeEvent {
    std::string userid;
    std::string external_userid;
    std::string state;
    Secret welcome_code;
    UnixMillis at = 0;     // the event's own time: the code dies 20 s after it
    bool consent = false;  // msg_audit_approved: the welcome may be sent now
};

std::optional<WelcomeEvent> welcome_event(std::string_view clear_text);
std::optional<WelcomeEvent> welcome_event(const ClearText& clear);

}  // namespace leadbridge::wecom
