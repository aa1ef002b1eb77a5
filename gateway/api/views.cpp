#include "gateway/api/views.h"

#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

json::value id_or_null(std::int64_t id) {
    return id == 0 ? json::value(nullptr) : json::value(std::to_string(id));
}

template <class List>
json::array ids_json(const List& ids) {
    json::array out;
    for (const auto& id : ids) {
        if constexpr (requires { id.value; }) {
            out.emplace_back(std::to_string(id.value));
        } else {
            out.emplace_back(std::to_string(id));
        }
    }
    return out;
}

json::value parsed(const std::string& text) {
    auto value = parse_json(text);
    return value ? std::move(*value) : json::value(nullptr);
}

std::string_view push_cap_name(crm::PushCapRule rule) {
    switch (rule) {
        case crm::PushCapRule::seven_per_week:
            return "7_per_week";
        case crm::PushCapRule::one_per_day:
            return "1_per_day";
        case crm::PushCapRule::days_in_month:
            return "days_in_month";
    }
    return "days_in_month";
}

json::object lead_source_json(const crm::LeadSource& source) {
    return json::object{
        {"kind", source.kind},
        {"channel", id_or_null(source.channel.value)},
        {"source", id_or_null(source.source_id)},
        {"state", source.raw}};
}

}  // namespace

std::string_view to_string(crm::IdentityKind kind) noexcept {
    switch (kind) {
        case crm::IdentityKind::external_userid:
            return "external_userid";
        case crm::IdentityKind::unionid:
            return "unionid";
        case crm::IdentityKind::phone:
            return "phone";
        case crm::IdentityKind::email:
            return "email";
        case crm::IdentityKind::openid:
            return "openid";
    }
    return "";
}

json::object corp_json(const crm::Corp& corp) {
    json::array callbacks;
    for (const crm::CorpCallback& callback : corp.callbacks) {
        callbacks.push_back(json::object{
            {"name", callback.name},
            {"path", "/callback/wecom/" + corp.wecom_id + "/" + callback.name},
            {"token_set", !callback.token.empty()},
            {"encoding_aes_key_set", !callback.encoding_aes_key.empty()},
            {"receive_ids", json::array(callback.receive_ids.begin(), callback.receive_ids.end())}}
        );
    }
    json::array versions;
    for (const crm::ArchiveKey& key : corp.archive.private_keys) {
        versions.emplace_back(key.version);
    }
    return json::object{
        {"id", corp.id.str()},
        {"corp_id", corp.wecom_id},
        {"name", corp.name},
        {"api_base", corp.api_base},
        {"time_zone", corp.time_zone},
        {"agent_id", corp.agent_id},
        {"app_secret_set", !corp.app_secret.empty()},
        {"contacts_secret_set", !corp.contacts_secret.empty()},
        {"callbacks", std::move(callbacks)},
        {"archive",
         json::object{
             {"enabled", corp.archive.enabled},
             {"secret_set", !corp.archive.secret.empty()},
             {"sdk", corp.archive.sdk},
             {"key_versions", std::move(versions)},
             {"proxy", corp.archive.proxy},
             {"proxy_password_set", !corp.archive.proxy_password.empty()},
             {"timeout_s", corp.archive.timeout_s},
             {"poll_s", corp.archive.poll_s}}},
        {"limits",
         json::object{
             {"calls_per_minute", static_cast<std::int64_t>(corp.limits.calls_per_minute)},
             {"concurrency", corp.limits.concurrency},
             {"push_cap", push_cap_name(corp.limits.push_cap)}}},
        {"default_welcome",
         corp.default_welcome.empty() ? json::value(nullptr) : parsed(corp.default_welcome)},
        {"created", time_json(corp.created_ms)}};
}

json::object contact_json(const crm::Contact& contact) {
    return json::object{
        {"id", contact.id.str()},
        {"name", contact.name},
        {"avatar", contact.avatar},
        {"type", contact.type},
        {"gender", contact.gender},
        {"position", contact.position},
        {"company", contact.company},
        {"owner", id_or_null(contact.owner.value)},
        {"stage", contact.stage},
        {"last_touch", time_json(contact.last_ms)},
        {"created", time_json(contact.created_ms)}};
}

json::object follow_json(const crm::Follow& follow) {
    constexpr std::string_view ended_by[] = {
        "member_deleted", "contact_deleted", "transferred", "gone"};
    json::object out{
        {"member", id_or_null(follow.member.value)},
        {"userid", follow.userid},
        {"external_userid", follow.external_userid},
        {"live", follow.live},
        {"half", follow.half},
        {"added", time_json(follow.added_ms)},
        {"ended", time_json(follow.ended_ms)},
        {"remark", follow.remark},
        {"description", follow.description},
        {"add_way", follow.add_way},
        {"state", follow.state},
        {"channel", id_or_null(follow.channel.value)}};
    out["ended_by"] = follow.ended_ms == 0
                          ? json::value(nullptr)
                          : json::value(ended_by[static_cast<std::size_t>(follow.ended_by)]);
    return out;
}

json::object tag_json(const crm::Tag& tag) {
    constexpr std::string_view sync[] = {"ready", "pending", "failed"};
    return json::object{
        {"id", tag.id.str()},
        {"group", tag.group_name},
        {"name", tag.name},
        {"kind", tag.kind == crm::TagKind::wecom ? "wecom" : "internal"},
        {"wecom_id", tag.wecom_id},
        {"order", tag.order},
        {"contacts", tag.uses},
        {"sync", sync[static_cast<std::size_t>(tag.sync)]},
        {"error", tag.error}};
}

json::object lead_json(const crm::Lead& lead) {
    return json::object{
        {"id", lead.id.str()},
        {"contact", lead.contact.str()},
        {"contact_name", lead.contact_name},
        {"status", crm::to_string(lead.status)},
        {"stage", lead.stage},
        {"owner", id_or_null(lead.owner.value)},
        {"first_source", lead_source_json(lead.first_source)},
        {"last_source", lead_source_json(lead.last_source)},
        {"opened", time_json(lead.opened_ms)},
        {"last_touch", time_json(lead.last_ms)},
        {"closed", time_json(lead.closed_ms)},
        {"reason", lead.reason},
        {"linked", id_or_null(lead.linked.value)}};
}

json::object channel_json(const crm::Channel& channel) {
    return json::object{
        {"id", channel.id.str()},
        {"name", channel.name},
        {"kind", crm::to_string(channel.kind)},
        {"state", channel.state},
        {"config_id", channel.config_id},
        {"qr_code", channel.qr_code},
        {"members", json::array(channel.members.begin(), channel.members.end())},
        {"limits", parsed(crm::encode_limits(channel.limits))},
        {"tags", ids_json(channel.tags)},
        {"skip_verify", channel.skip_verify},
        {"welcome", parsed(crm::encode_content(channel.welcome))},
        {"sync", crm::to_string(channel.sync)},
        {"sync_error", channel.sync_error},
        {"created", time_json(channel.created_ms)}};
}

json::object member_json(const crm::Member& member) {
    return json::object{
        {"id", member.id.str()},
        {"userid", member.userid},
        {"name", member.name},
        {"status", static_cast<int>(member.status)},
        {"customer_contact", member.customer_contact},
        {"departments", json::array(member.departments.begin(), member.departments.end())}};
}

json::object source_json(const crm::Source& source, const std::string& public_url) {
    const std::string hook = "/hook/" + source.id.str();
    json::object out{
        {"id", source.id.str()},
        {"name", source.name},
        {"kind", source.kind},
        {"hook", hook},
        {"hook_url", public_url.empty() ? json::value(nullptr) : json::value(public_url + hook)},
        {"tags", ids_json(source.tag_ids)},
        {"owner", source.owner_userid},
        {"enabled", source.enabled},
        {"ack", source.ack},
        {"map", parsed(source.map)},
        {"created", time_json(source.created_ms)}};
    auto auth = parse_json(source.auth.reveal());
    out["auth_set"] = auth && auth->is_object() && !auth->get_object().empty();
    return out;
}

json::object event_json(const crm::TimelineEvent& event) {
    return json::object{
        {"id", std::to_string(event.id)},
        {"contact", id_or_null(event.contact.value)},
        {"lead", id_or_null(event.lead.value)},
        {"member", id_or_null(event.member.value)},
        {"at", time_json(event.at)},
        {"kind", event.kind},
        {"detail", event.detail.empty() ? json::value(nullptr) : parsed(event.detail)},
        {"actor", event.actor}};
}

}  // namespace leadbridge::gateway
