#include "connectors/wecom/event_codec.h"

#include <algorithm>

#include "base/crypto.h"
#include "connectors/wecom/event_table.h"

namespace leadbridge::wecom {

namespace {

bool is_foreign(const ClearText& clear) {
    const auto names = foreign_events();
    return std::find(names.begin(), names.end(), clear.event) != names.end();
}

std::string entry_kind(const EventEntry& entry) {
    std::string kind(entry.event);
    if (!entry.change_type.empty()) {
        kind += '.';
        kind += entry.change_type;
    }
    return kind;
}

// For people who look at a parked row: what it called itself, within bounds.
std::string own_name(const ClearText& clear) {
    return (clear.event + (clear.change_type.empty() ? "" : ".") + clear.change_type)
        .substr(0, 120);
}

}  // namespace

std::string event_kind(const ClearText& clear) {
    if (clear.form == ClearForm::message) {
        return "message";
    }
    if (clear.form == ClearForm::bot) {
        return "aibot";
    }
    if (const auto* entry = find_event(clear)) {
        return entry_kind(*entry);
    }
    return is_foreign(clear) ? clear.event : "unknown_event";
}

std::string event_object(const ClearText& clear) {
    if (const auto id = clear.value("ExternalUserID"); !id.empty()) {
        return "contact:" + std::string(id);
    }
    if (const auto id = clear.value("ChatId"); !id.empty()) {
        return "group:" + std::string(id);
    }
    if (clear.event == "change_contact") {
        const auto member = clear.value("UserID");
        return member.empty() ? "department:" + std::string(clear.value("Id"))
                              : "member:" + lower_ascii(member);
    }
    if (clear.event == "change_external_tag") {
        return "tag:" + std::string(clear.value("Id"));
    }
    return {};
}

Decoded decode_event(const ClearText& clear, const EventPlace& place) {
    const auto* entry = find_event(clear);
    if (clear.form == ClearForm::message || clear.form == ClearForm::bot ||
        (entry == nullptr && is_foreign(clear))) {
        return Parked{"no_connector_yet", event_kind(clear)};
    }
    if (entry == nullptr) {
        return Parked{"unknown_event", own_name(clear)};
    }
    auto body = entry->decode(clear);
    if (!body) {
        return Parked{"malformed", entry_kind(*entry) + " without a field it needs"};
    }
    if (auto* noted = std::get_if<crm::Noted>(&*body)) {
        noted->kind = entry_kind(*entry);
    }
    crm::Touch touch;
    touch.corp = place.corp;
    touch.at = clear.at != 0 ? clear.at : place.received_ms;
    touch.key = crypto::hex(place.inbox_key) + ":0";
    touch.inbox_id = place.inbox_id;
    touch.body = std::move(*body);
    return std::vector<crm::Touch>{std::move(touch)};
}

std::optional<WelcomeEvent> welcome_event(const ClearText& clear) {
    const bool consent = clear.change_type == "msg_audit_approved";
    const bool added = clear.change_type == "add_external_contact" ||
                       clear.change_type == "add_half_external_contact";
    if (clear.event != "change_external_contact" || (!consent && !added) ||
        clear.value("WelcomeCode").empty() || clear.value("UserID").empty() ||
        clear.value("ExternalUserID").empty()) {
        return std::nullopt;
    }
    WelcomeEvent out;
    out.userid = std::string(clear.value("UserID"));
    out.external_userid = std::string(clear.value("ExternalUserID"));
    out.state = std::string(clear.value("State"));
    out.welcome_code = Secret(std::string(clear.value("WelcomeCode")));
    out.at = clear.at;
    out.consent = consent;
    return out;
}

std::optional<WelcomeEvent> welcome_event(std::string_view clear_text) {
    auto clear = read_clear_text(clear_text);
    return clear ? welcome_event(*clear) : std::nullopt;
}

}  // namespace leadbridge::wecom
