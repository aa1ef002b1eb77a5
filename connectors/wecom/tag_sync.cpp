#include "connectors/wecom/tag_sync.h"

#include <optional>

#include "base/json.h"
#include "base/log.h"
#include "crm/contacts/tag.h"
#include "crm/outbox.h"

namespace leadbridge::wecom {

namespace {

struct Ids {
    std::string tag;
    std::string group;
};

crm::TagGroupFact parse_group_fact(const json::object& group) {
    crm::TagGroupFact fact{
        json_string(group, "group_id"),
        json_string(group, "group_name"),
        json_int(group, "order"),
        {}};
    const auto* tags = json_array(group, "tag");
    for (std::size_t i = 0; tags != nullptr && i < tags->size(); ++i) {
        const auto* tag = (*tags)[i].if_object();
        if (tag == nullptr || json_bool(*tag, "deleted") || json_string(*tag, "id").empty()) {
            continue;
        }
        fact.tags.push_back(
            {json_string(*tag, "id"), json_string(*tag, "name"), json_int(*tag, "order")}
        );
    }
    return fact;
}

Result<std::vector<crm::TagGroupFact>> fetch_tags(const WecomServices& s, CorpId corp) {
    const auto reply = s.api.call(corp, api::tag_list);
    if (!reply) {
        return reply.error();
    }
    std::vector<crm::TagGroupFact> out;
    const auto* groups = json_array(reply->object(), "tag_group");
    for (std::size_t i = 0; groups != nullptr && i < groups->size(); ++i) {
        const auto* group = (*groups)[i].if_object();
        if (group != nullptr && !json_bool(*group, "deleted") &&
            !json_string(*group, "group_id").empty()) {
            out.push_back(parse_group_fact(*group));
        }
    }
    return out;
}

JobOutcome run_sync(const WecomServices& s, const Job& job) {
    auto facts = fetch_tags(s, job.corp);
    if (!facts) {
        return job_outcome(facts.error(), s.clock);
    }
    return settle(s.core, s.jobs, job, [&](Transaction& tx) -> Status {
        crm::TagStore(s.crm()).apply_facts(tx, job.corp, *facts, crm::TagFacts::whole);
        return {};
    });
}

std::optional<Ids> find_by_name(
    const std::vector<crm::TagGroupFact>& groups, const crm::Tag& tag, const std::string& group_id
) {
    for (const auto& group : groups) {
        if (group_id.empty() ? group.name != tag.group_name : group.wecom_id != group_id) {
            continue;
        }
        for (const auto& fact : group.tags) {
            if (fact.name == tag.name) {
                return Ids{fact.wecom_id, group.wecom_id};
            }
        }
    }
    return std::nullopt;
}

// The tag's ids in WeCom, made there or found because it was there already.
Result<Ids> create(
    const WecomServices& s, CorpId corp, const crm::Tag& tag, const std::string& group_id
) {
    json::object body;
    if (group_id.empty()) {
        body["group_name"] = tag.group_name;
    } else {
        body["group_id"] = group_id;
    }
    body["tag"] = json::array{json::object{{"name", tag.name}, {"order", tag.order}}};
    const auto reply = s.api.call(corp, api::tag_add, {.body = to_text(body)});
    if (!reply && reply.error().reason != "tag_name_taken") {
        return reply.error();
    }
    if (reply) {
        const auto* group = json_object(reply->object(), "tag_group");
        if (group != nullptr) {
            if (auto ids = find_by_name({parse_group_fact(*group)}, tag, "")) {
                return *ids;
            }
        }
    }
    const auto all = fetch_tags(s, corp);
    if (!all) {
        return all.error();
    }
    if (auto ids = find_by_name(*all, tag, group_id)) {
        return *ids;
    }
    return reply ? Error{ErrorCode::retry_later, "add_corp_tag: the new tag is not listed yet"}
                 : reply.error();
}

JobOutcome failed(const WecomServices& s, const Job& job, crm::TagId id, const Error& error) {
    auto outcome = job_outcome(error, s.clock);
    if (std::holds_alternative<JobDead>(outcome) && id) {
        (void)s.core.write<int>([&](Transaction& tx) -> Result<int> {
            crm::TagStore(s.crm()).push_failed(tx, job.corp, id, error.message);
            return 0;
        });
    }
    return outcome;
}

JobOutcome push_delete(const WecomServices& s, const Job& job, const std::string& wecom_id) {
    if (wecom_id.empty()) {
        return JobDone{};
    }
    const json::object body{{"tag_id", json::array{json::string(wecom_id)}}};
    const auto reply = s.api.call(job.corp, api::tag_delete, {.body = to_text(body)});
    if (reply || reply.error().reason == "unknown_tag") {
        return JobDone{};
    }
    return job_outcome(reply.error(), s.clock);
}

struct Wanted {
    crm::Tag tag;
    std::string group_id;
};

Result<std::optional<Wanted>> load(const WecomServices& s, CorpId corp, crm::TagId id) {
    return s.core.read<std::optional<Wanted>>(
        [&](Snapshot& snapshot) -> Result<std::optional<Wanted>> {
            const auto viewer = crm::Viewer::daemon(corp);
            auto tag = crm::TagStore::find(snapshot, viewer, id);
            if (!tag || tag->kind != crm::TagKind::wecom) {
                return std::optional<Wanted>{};
            }
            std::string group_id;
            for (const auto& group : crm::TagStore::groups(snapshot, viewer)) {
                if (group.id == tag->group) {
                    group_id = group.wecom_id;
                }
            }
            return std::optional{Wanted{std::move(*tag), std::move(group_id)}};
        }
    );
}

JobOutcome run_push(const WecomServices& s, const Job& job) {
    const auto payload = crm::decode<crm::PushTag>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    if (payload->change == "delete") {
        return push_delete(s, job, payload->wecom_id);
    }
    const crm::TagId id{payload->tag_id};
    auto wanted = load(s, job.corp, id);
    if (!wanted) {
        return JobRetry{wanted.error().message};
    }
    if (!*wanted) {
        return JobDone{};  // removed meanwhile, or never WeCom's
    }
    const crm::Tag& tag = (*wanted)->tag;
    Ids ids{tag.wecom_id, (*wanted)->group_id};
    if (tag.wecom_id.empty()) {
        auto made = create(s, job.corp, tag, ids.group);
        if (!made) {
            return failed(s, job, id, made.error());
        }
        ids = std::move(*made);
    } else {
        const json::object body{{"id", tag.wecom_id}, {"name", tag.name}, {"order", tag.order}};
        const auto reply = s.api.call(job.corp, api::tag_edit, {.body = to_text(body)});
        if (!reply) {
            return failed(s, job, id, reply.error());
        }
    }
    return settle(s.core, s.jobs, job, [&](Transaction& tx) -> Status {
        crm::TagStore(s.crm()).pushed(tx, job.corp, id, ids.tag, ids.group);
        return {};
    });
}

}  // namespace

JobHandler sync_tags_handler(const WecomServices& services) {
    return {std::string(crm::SyncTags::queue), [&services](const Job& job) {
                return run_sync(services, job);
            }};
}

JobHandler push_tag_handler(const WecomServices& services) {
    return {std::string(crm::PushTag::queue), [&services](const Job& job) {
                return run_push(services, job);
            }};
}

}  // namespace leadbridge::wecom
