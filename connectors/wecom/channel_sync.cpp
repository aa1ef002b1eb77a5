#include "connectors/wecom/channel_sync.h"

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/wire_text.h"
#include "crm/leads/channel.h"
#include "crm/outbox.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t look_up_after_ms = 5'000;
constexpr std::int64_t clock_slack_ms = 300'000;
constexpr int max_list_pages = 20;
constexpr std::size_t max_remark_characters = 30;

struct Way {
    std::string config_id;
    std::string qr_code;
};

json::object way_json(const crm::Channel& channel) {
    json::array users;
    for (const auto& userid : channel.members) {
        users.emplace_back(userid);
    }
    return {
        {"remark", utf8_prefix(channel.name, max_remark_characters)},
        {"skip_verify", channel.skip_verify},
        {"state", channel.state},
        {"user", std::move(users)}};
}

// The way with our state among those made since then; nullopt = WeCom has none.
Result<std::optional<Way>> look_up(
    const WecomServices& s, CorpId corp, std::string_view state, UnixMillis since_ms
) {
    std::string cursor;
    for (int page = 0; page < max_list_pages; ++page) {
        json::object body{
            {"start_time", (since_ms - clock_slack_ms) / 1'000},
            {"end_time", (s.clock.now() + clock_slack_ms) / 1'000},
            {"limit", 1'000}};
        if (!cursor.empty()) {
            body["cursor"] = cursor;
        }
        const auto reply = s.api.call(corp, api::way_list, {.body = to_text(body)});
        if (!reply) {
            return reply.error();
        }
        const auto* ways = json_array(reply->object(), "contact_way");
        for (std::size_t i = 0; ways != nullptr && i < ways->size(); ++i) {
            const auto* way = (*ways)[i].if_object();
            const auto id = way == nullptr ? std::string{} : json_string(*way, "config_id");
            if (id.empty()) {
                continue;
            }
            const json::object ask{{"config_id", id}};
            const auto detail = s.api.call(corp, api::way_get, {.body = to_text(ask)});
            if (!detail && detail.error().reason == "unknown_contact_way") {
                continue;
            }
            if (!detail) {
                return detail.error();
            }
            const auto* found = json_object(detail->object(), "contact_way");
            if (found != nullptr && json_string(*found, "state") == state) {
                return std::optional{Way{id, json_string(*found, "qr_code")}};
            }
        }
        cursor = json_string(reply->object(), "next_cursor");
        if (cursor.empty()) {
            return std::optional<Way>{};
        }
    }
    return Error{
        ErrorCode::retry_later, "list_contact_way: too many new contact ways to look through"};
}

Result<Way> add(const WecomServices& s, CorpId corp, const crm::Channel& channel) {
    auto body = way_json(channel);
    // Type 2 with one member works like type 1, and the type of a way can never be changed.
    body["type"] = 2;
    body["scene"] = 2;
    const auto reply = s.api.call(corp, api::way_add, {.body = to_text(body)});
    if (!reply) {
        return reply.error();
    }
    Way way{json_string(reply->object(), "config_id"), json_string(reply->object(), "qr_code")};
    if (way.config_id.empty()) {
        return Error{ErrorCode::unknown_result, "add_contact_way: the answer has no config_id"};
    }
    return way;
}

Result<Way> make(const WecomServices& s, const Job& job, const crm::Channel& channel) {
    if (job.tries > 1) {
        auto found = look_up(s, job.corp, channel.state, channel.created_ms);
        if (!found) {
            return std::move(found).error();
        }
        if (*found) {
            return std::move(**found);
        }
    }
    return add(s, job.corp, channel);
}

Result<Way> update(const WecomServices& s, const Job& job, const crm::Channel& channel) {
    auto body = way_json(channel);
    body["config_id"] = channel.config_id;
    const auto reply = s.api.call(job.corp, api::way_update, {.body = to_text(body)});
    if (reply) {
        return Way{channel.config_id, channel.qr_code};
    }
    if (reply.error().reason == "unknown_contact_way") {
        log::warn(
            "wecom",
            "a contact way is gone and made anew",
            {{"corp", job.corp}, {"channel", channel.id}}
        );
        return make(s, job, channel);
    }
    return reply.error();
}

JobOutcome run_delete(const WecomServices& s, const Job& job, const crm::PushChannel& payload) {
    std::string config_id = payload.config_id;
    if (config_id.empty()) {
        // The channel was removed before we learnt what came of its making.
        const crm::ChannelId id{payload.channel_id};
        const auto found =
            look_up(s, job.corp, crm::issue_state(id), id_time_ms(payload.channel_id));
        if (!found) {
            return job_outcome(found.error(), s.clock);
        }
        if (!*found) {
            return JobDone{};
        }
        config_id = (*found)->config_id;
    }
    const json::object body{{"config_id", config_id}};
    const auto reply = s.api.call(job.corp, api::way_delete, {.body = to_text(body)});
    if (reply || reply.error().reason == "unknown_contact_way") {
        return JobDone{};
    }
    return job_outcome(reply.error(), s.clock);
}

JobOutcome failed(const WecomServices& s, const Job& job, crm::ChannelId id, const Error& error) {
    if (error.code == ErrorCode::unknown_result) {
        return JobRetryAt{s.clock.now() + look_up_after_ms, error.message};
    }
    auto outcome = job_outcome(error, s.clock);
    if (std::holds_alternative<JobDead>(outcome)) {
        (void)s.core.write<int>([&](Transaction& tx) -> Result<int> {
            crm::ChannelStore(s.crm()).push_failed(tx, job.corp, id, error.message);
            return 0;
        });
    }
    return outcome;
}

JobOutcome run(const WecomServices& s, const Job& job) {
    const auto payload = crm::decode<crm::PushChannel>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    if (payload->change == "delete") {
        return run_delete(s, job, *payload);
    }
    const crm::ChannelId id{payload->channel_id};
    auto channel = s.core.read<std::optional<crm::Channel>>(
        [&](Snapshot& snapshot) -> Result<std::optional<crm::Channel>> {
            return crm::ChannelStore::find(snapshot, crm::Viewer::daemon(job.corp), id);
        }
    );
    if (!channel) {
        return JobRetry{channel.error().message};
    }
    if (!*channel) {
        // Removed meanwhile. A way that an earlier try may have made is nobody's: it goes too.
        return job.tries > 1 ? run_delete(s, job, {payload->channel_id, "delete", ""})
                             : JobOutcome{JobDone{}};
    }
    auto way = (*channel)->config_id.empty() ? make(s, job, **channel) : update(s, job, **channel);
    if (!way) {
        return failed(s, job, id, way.error());
    }
    return settle(s.core, s.jobs, job, [&](Transaction& tx) -> Status {
        crm::ChannelStore(s.crm()).pushed(tx, job.corp, id, way->config_id, way->qr_code);
        return {};
    });
}

}  // namespace

JobHandler push_channel_handler(const WecomServices& services) {
    return {
        std::string(crm::PushChannel::queue),
        [&services](const Job& job) { return run(services, job); },
        {},
        180'000};
}

}  // namespace leadbridge::wecom
