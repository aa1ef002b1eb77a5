#include "connectors/sandbox/events.h"

#include <fmt/format.h>

namespace leadbridge::sandbox {

namespace {

std::string envelope(
    const Company& corp,
    std::string_view event,
    std::string_view change,
    const std::string& fields,
    UnixMillis now
) {
    std::string xml = "<xml>" + cdata("ToUserName", corp.corpid) + cdata("FromUserName", "sys") +
                      fmt::format("<CreateTime>{}</CreateTime>", now / 1'000) +
                      cdata("MsgType", "event") + cdata("Event", event);
    if (!change.empty()) {
        xml += cdata("ChangeType", change);
    }
    return xml + fields + "</xml>";
}

}  // namespace

std::string cdata(std::string_view name, std::string_view value) {
    return fmt::format("<{0}><![CDATA[{1}]]></{0}>", name, value);
}

Event contact_event(
    const Company& corp,
    std::string_view change,
    const Follow& follow,
    const std::string& more,
    UnixMillis now
) {
    const std::string fields =
        cdata("UserID", follow.userid) + cdata("ExternalUserID", follow.external_userid) + more;
    return Event{
        corp.corpid,
        "app",
        envelope(corp, "change_external_contact", change, fields, now),
        std::string(change),
        follow.external_userid};
}

Event tag_event(
    const Company& corp,
    std::string_view change,
    const std::string& id,
    std::string_view type,
    UnixMillis now
) {
    return Event{
        corp.corpid,
        "app",
        envelope(
            corp, "change_external_tag", change, cdata("Id", id) + cdata("TagType", type), now
        ),
        fmt::format("tag_{}", change),
        id};
}

Event group_event(
    const Company& corp,
    std::string_view change,
    const GroupChat& group,
    const std::string& more,
    UnixMillis now
) {
    return Event{
        corp.corpid,
        "app",
        envelope(corp, "change_external_chat", change, cdata("ChatId", group.chat_id) + more, now),
        fmt::format("group_{}", change),
        group.chat_id};
}

Event member_event(
    const Company& corp,
    std::string_view change,
    const std::string& userid,
    const std::string& more,
    UnixMillis now
) {
    return Event{
        corp.corpid,
        "contacts",
        envelope(corp, "change_contact", change, cdata("UserID", userid) + more, now),
        std::string(change),
        userid};
}

Event archive_notice(const Company& corp, UnixMillis now) {
    return Event{
        corp.corpid,
        "archive",
        envelope(corp, "msgaudit_notify", "", "<AgentID>2000004</AgentID>", now),
        "msgaudit_notify",
        ""};
}

}  // namespace leadbridge::sandbox
