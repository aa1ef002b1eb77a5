#include "connectors/wecom/event_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "base/json.h"
#include "base/utf8.h"

namespace leadbridge::wecom {

namespace {

using Body = std::optional<crm::TouchBody>;

constexpr std::size_t max_noted_value =
    1'000;  // of one field: lists of an address-book tag can be long

std::string text(const ClearText& clear, std::string_view name) {
    return std::string(clear.value(name));
}

std::int64_t number(const ClearText& clear, std::string_view name) {
    const std::string_view value = clear.value(name);
    std::int64_t out = 0;
    std::from_chars(value.data(), value.data() + value.size(), out);
    return out;
}

// Every event of this family is about one friendship.
template <class Touch>
std::optional<Touch> friendship(const ClearText& clear) {
    if (clear.value("UserID").empty() || clear.value("ExternalUserID").empty()) {
        return std::nullopt;
    }
    Touch touch{};
    touch.userid = text(clear, "UserID");
    touch.external_userid = text(clear, "ExternalUserID");
    return touch;
}

Body friend_added(const ClearText& clear) {
    auto touch = friendship<crm::FriendAdded>(clear);
    if (!touch) {
        return std::nullopt;
    }
    touch->state = text(clear, "State");
    touch->link_id = text(clear, "LinkId");
    touch->half = clear.change_type == "add_half_external_contact";
    touch->has_welcome_code = !clear.value("WelcomeCode").empty();
    return *touch;
}

Body friend_lost(const ClearText& clear, crm::LostBy by) {
    auto touch = friendship<crm::FriendLost>(clear);
    if (touch) {
        touch->by = by;
    }
    return touch;
}

Body member_deleted(const ClearText& clear) {
    const bool moved = clear.value("Source") == "DELETE_BY_TRANSFER";
    return friend_lost(clear, moved ? crm::LostBy::transferred : crm::LostBy::member_deleted);
}

Body contact_deleted(const ClearText& clear) {
    return friend_lost(clear, crm::LostBy::contact_deleted);
}

Body contact_edited(const ClearText& clear) {
    return friendship<crm::ContactEdited>(clear);
}

Body consent_given(const ClearText& clear) {
    return friendship<crm::ConsentGiven>(clear);
}

Body transfer_failed(const ClearText& clear) {
    auto touch = friendship<crm::TransferFailed>(clear);
    if (touch) {
        touch->reason = text(clear, "FailReason");
    }
    return touch;
}

// XML: <MemChangeList><Item>a</Item>..; JSON: {"Item": [..]} or a plain list, which arrives as
// siblings.
std::vector<std::string> changed_members(const ClearText& clear) {
    std::vector<std::string> out;
    for (const auto& list : clear.fields.children) {
        if (list.name != "MemChangeList") {
            continue;
        }
        if (list.children.empty() && !list.text.empty()) {
            out.push_back(list.text);
        }
        for (const auto& item : list.children) {
            if (item.name == "Item" && !item.text.empty()) {
                out.push_back(item.text);
            }
        }
    }
    return out;
}

Body group_changed(const ClearText& clear) {
    if (clear.value("ChatId").empty()) {
        return std::nullopt;
    }
    crm::GroupChanged touch;
    touch.chat_id = text(clear, "ChatId");
    touch.detail = clear.change_type == "update" ? lower_ascii(clear.value("UpdateDetail"))
                                                 : clear.change_type;
    touch.members = changed_members(clear);
    return touch;
}

template <crm::TagChange change>
Body tag_changed(const ClearText& clear) {
    // shuffle names a group, or nothing when the groups themselves were moved.
    const bool shuffled = change == crm::TagChange::shuffled;
    if (clear.value("Id").empty() && !shuffled) {
        return std::nullopt;
    }
    return crm::TagChanged{
        change, text(clear, "Id"), shuffled || clear.value("TagType") == "tag_group"};
}

Body member_changed(const ClearText& clear) {
    if (clear.value("UserID").empty()) {
        return std::nullopt;
    }
    crm::MemberChanged touch;
    touch.userid = text(clear, "UserID");
    touch.new_userid = text(clear, "NewUserID");
    touch.deleted = clear.change_type == "delete_user";
    touch.name = text(clear, "Name");
    touch.departments = text(clear, "Department");
    touch.status = static_cast<int>(std::clamp<std::int64_t>(number(clear, "Status"), 0, 1'000));
    return touch;
}

Body department_changed(const ClearText& clear) {
    const std::int64_t id = number(clear, "Id");
    if (id <= 0) {
        return std::nullopt;
    }
    return crm::DepartmentChanged{
        id, text(clear, "Name"), number(clear, "ParentId"), clear.change_type == "delete_party"};
}

// "LinkId" -> "link_id", "OpenUserID" -> "open_user_id"
std::string snake(std::string_view name) {
    std::string out;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        const bool upper = c >= 'A' && c <= 'Z';
        const bool after_lower = i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z';
        if (upper && after_lower) {
            out += '_';
        }
        out += upper ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

// An allow-list: a field that is not named here (WelcomeCode, ChatKey, Token, OnceKey) stays in the
// sealed body.
constexpr std::array<std::string_view, 17> noted_fields = {
    "LinkId",
    "State",
    "ExpireTime",
    "ExpireQuotaNum",
    "Price",
    "EffectiveTime",
    "TagId",
    "AddUserItems",
    "DelUserItems",
    "AddPartyItems",
    "DelPartyItems",
    "OpenUserID",
    "ChatId",
    "JobId",
    "AuthType",
    "StrategyId",
    "AgentID"};

// The kind is the entry's and is filled in by the codec.
Body noted(const ClearText& clear) {
    crm::Noted touch;
    touch.external_userid = text(clear, "ExternalUserID");
    touch.userid = text(clear, "UserID");
    json::object detail;
    for (const auto name : noted_fields) {
        const auto value = clear.value(name);
        if (!value.empty()) {
            detail[snake(name)] = std::string(utf8_prefix(value, max_noted_value));
        }
    }
    touch.detail = to_text(detail);
    return touch;
}

constexpr std::string_view contact = "change_external_contact";
constexpr std::string_view chat = "change_external_chat";
constexpr std::string_view tag = "change_external_tag";
constexpr std::string_view acquisition = "customer_acquisition";
constexpr std::string_view address_book = "change_contact";

constexpr EventEntry entries[] = {
    {contact, "add_external_contact", friend_added},
    {contact, "add_half_external_contact", friend_added},
    {contact, "edit_external_contact", contact_edited},
    {contact, "del_external_contact", member_deleted},
    {contact, "del_follow_user", contact_deleted},
    {contact, "transfer_fail", transfer_failed},
    {contact, "msg_audit_approved", consent_given},
    {chat, "create", group_changed},
    {chat, "update", group_changed},
    {chat, "dismiss", group_changed},
    {tag, "create", tag_changed<crm::TagChange::created>},
    {tag, "update", tag_changed<crm::TagChange::updated>},
    {tag, "delete", tag_changed<crm::TagChange::deleted>},
    {tag, "shuffle", tag_changed<crm::TagChange::shuffled>},
    {acquisition, "balance_low", noted},
    {acquisition, "balance_exhausted", noted},
    {acquisition, "balance_increased", noted},
    {acquisition, "quota_expire_soon", noted},
    {acquisition, "link_unavailable", noted},
    {acquisition, "delete_link", noted},
    {acquisition, "open_profile", noted},
    {acquisition, "friend_request", noted},
    {acquisition, "customer_start_chat", noted},
    {acquisition, "message_from_customer", noted},
    {acquisition, "del_follow_user", noted},
    {acquisition, "service_balance_low", noted},
    {acquisition, "service_balance_exhausted", noted},
    {acquisition, "service_balance_consumed", noted},
    {acquisition, "change_price", noted},
    {"msgaudit_notify", "", noted},
    {"conversation_new_message", "", noted},
    {"hit_keyword", "", noted},
    {"chat_archive_audit_approved_single", "", noted},
    {"chat_archive_export_finished", "", noted},
    {address_book, "create_user", member_changed},
    {address_book, "update_user", member_changed},
    {address_book, "delete_user", member_changed},
    {address_book, "create_party", department_changed},
    {address_book, "update_party", department_changed},
    {address_book, "delete_party", department_changed},
    {address_book, "update_tag", noted},
};

}  // namespace

std::span<const EventEntry> event_table() {
    return entries;
}

const EventEntry* find_event(const ClearText& clear) noexcept {
    const auto* found =
        std::find_if(std::begin(entries), std::end(entries), [&](const EventEntry& entry) {
            return entry.event == clear.event &&
                   (entry.change_type.empty() || entry.change_type == clear.change_type);
        });
    return found == std::end(entries) ? nullptr : found;
}

}  // namespace leadbridge::wecom
