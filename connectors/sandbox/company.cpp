#include "base/json.h"
#include "connectors/sandbox/control.h"

namespace leadbridge::sandbox {

namespace {

std::string aes_key(Rng& rng) {
    return crypto::base64(rng.bytes(32)).substr(0, 43);
}

json::object task_json(const MassTask& task) {
    json::object status;
    for (const auto& [external, value] : task.status) {
        status[external] = value;
    }
    return json::object{
        {"msgid", task.msgid},
        {"sender", task.sender},
        {"confirmed", task.confirmed},
        {"cancelled", task.cancelled},
        {"content", task.content},
        {"reminders", task.reminders.size()},
        {"status", std::move(status)}};
}

json::array follows_json(const Company& corp) {
    json::array out;
    for (const auto& [pair, follow] : corp.follows) {
        out.push_back(json::object{
            {"userid", pair.first},
            {"external_userid", pair.second},
            {"remark", follow.remark},
            {"state", follow.state},
            {"half", follow.half},
            {"deleted_by_contact", follow.deleted_by_contact},
            {"tags", json::array(follow.tags.begin(), follow.tags.end())}});
    }
    return out;
}

json::object numbers_json(const std::map<std::string, std::int64_t>& numbers) {
    json::object out;
    for (const auto& [name, value] : numbers) {
        out[name] = value;
    }
    return out;
}

}  // namespace

Company& make_company(World& world, const CompanySpec& spec, Rng& rng) {
    Company& corp = world.companies[spec.corpid];
    corp.corpid = spec.corpid;
    corp.name = spec.name;
    corp.agent_id = spec.agent_id;
    for (const std::string kind : {"app", "contacts", "archive"}) {
        if (!corp.secrets.contains(kind)) {
            corp.secrets[kind] = "sandbox-" + kind + "-" + rng.token(32);
        }
    }
    corp.departments[1] = Department{1, spec.name, 0};
    corp.departments[2] = Department{2, "示例销售部", 1};
    for (Member member : spec.members) {
        member.departments = {2};
        corp.members[member.userid] = member;
    }
    while (static_cast<int>(corp.archive_keys.size()) < spec.archive_key_versions) {
        const int version = static_cast<int>(corp.archive_keys.size()) + 1;
        corp.archive_keys.push_back(ArchiveKeyPair{
            version, std::make_shared<const crypto::RsaKey>(crypto::RsaKey::generate(2'048))});
    }
    if (!spec.callback_base.empty()) {
        CallbackTarget target{
            spec.callback_base,
            spec.token.empty() ? rng.token(24) : spec.token,
            spec.encoding_aes_key.empty() ? aes_key(rng) : spec.encoding_aes_key};
        for (const std::string name : {"app", "contacts", "archive"}) {
            corp.callbacks[name] = target;
            corp.callbacks[name].url = spec.callback_base + "/" + name;
        }
    }
    return corp;
}

std::string dump_company(const Company& corp) {
    json::array welcomes;
    for (const auto& [code, welcome] : corp.welcomes) {
        welcomes.push_back(json::object{
            {"userid", welcome.userid},
            {"external_userid", welcome.external_userid},
            {"sends", welcome.sends},
            {"age_ms", welcome.sends > 0 ? welcome.sent_ms - welcome.issued_ms : 0},
            {"text", welcome.text}});
    }
    json::array tasks;
    for (const auto& [msgid, task] : corp.tasks) {
        tasks.push_back(task_json(task));
    }
    json::array ways;
    for (const auto& [id, way] : corp.ways) {
        ways.push_back(json::object{
            {"config_id", id},
            {"state", way.state},
            {"users", json::array(way.users.begin(), way.users.end())}});
    }
    json::array groups;
    for (const auto& [id, group] : corp.tag_groups) {
        json::array tags;
        for (const Tag& tag : group.tags) {
            tags.push_back(json::object{{"id", tag.id}, {"name", tag.name}});
        }
        groups.push_back(json::object{{"id", id}, {"name", group.name}, {"tags", std::move(tags)}});
    }
    return to_text(json::object{
        {"corpid", corp.corpid},
        {"follows", follows_json(corp)},
        {"welcomes", std::move(welcomes)},
        {"tasks", std::move(tasks)},
        {"ways", std::move(ways)},
        {"tag_groups", std::move(groups)},
        {"people", corp.people.size()},
        {"archive_messages", corp.archive.size()},
        {"member_messages", json::array(corp.member_messages.begin(), corp.member_messages.end())},
        {"calls", numbers_json(corp.call_counts)},
        {"peak_per_minute", numbers_json(corp.peak_per_minute)}});
}

}  // namespace leadbridge::sandbox
