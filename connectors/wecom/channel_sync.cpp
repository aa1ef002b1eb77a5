#include "connectors/wecom/channel_sync.h"

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/contact_way.h"
#include "crm/leads/channel_serving.h"
#include "crm/outbox.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t look_up_after_ms = 5'000;

JobOutcome run_delete(const WecomServices& s, const Job& job, const crm::PushChannel& payload) {
    std::string config_id = payload.config_id;
    if (config_id.empty()) {
        // The channel was removed before we learnt what came of its making.
        const crm::ChannelId id{payload.channel_id};
        const auto found =
            find_way(s, job.corp, crm::issue_state(id), id_time_ms(payload.channel_id));
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

// A channel and who of its people serves now.
struct Plan {
    crm::Channel channel;
    std::vector<std::string> users;
};

Result<std::optional<Plan>> plan_of(const WecomServices& s, CorpId corp, crm::ChannelId id) {
    return s.core.read<std::optional<Plan>>([&](Snapshot& snapshot) -> Result<std::optional<Plan>> {
        auto channel = crm::ChannelStore::find(snapshot, crm::Viewer::daemon(corp), id);
        if (!channel) {
            return std::optional<Plan>{};
        }
        const auto question = crm::serving_question(snapshot, *channel, s.clock.now());
        return std::optional{Plan{std::move(*channel), crm::who_serves(question).users}};
    });
}

// WeCom has this list already, as far as we know: an earlier try may have told a part of another.
bool is_told(const Job& job, const Plan& plan) {
    return job.tries <= 1 && plan.channel.sync == crm::ChannelSync::ready &&
           plan.channel.served == plan.users;
}

// Those refused before whose time is not over, and the new ones.
std::vector<crm::RefusedMember> all_refused(
    const crm::Channel& channel, const WayOffer& offer, UnixMillis now
) {
    auto out = offer.refused();
    const auto named = [](const std::vector<crm::RefusedMember>& list, const std::string& userid) {
        return std::any_of(list.begin(), list.end(), [&](const auto& member) {
            return member.userid == userid;
        });
    };
    for (const auto& member : channel.refused) {
        if (member.until_ms > now && !named(out, member.userid)) {
            out.push_back(member);
        }
    }
    return out;
}

// Nobody of the list was taken. Backups may be, in a job of its own; else it is a failure.
bool may_try_others(const crm::Channel& channel, const std::vector<crm::RefusedMember>& refused) {
    return refused.size() > channel.refused.size() &&
           refused.size() < channel.members.size() + channel.limits.backups.size();
}

JobOutcome settle_none(
    const WecomServices& s,
    const Job& job,
    const crm::Channel& channel,
    const std::vector<crm::RefusedMember>& refused
) {
    if (!may_try_others(channel, refused)) {
        const auto why = refused.empty() ? std::string("nobody serves") : refused.front().reason;
        return failed(s, job, channel.id, Error{ErrorCode::rule_broken, why});
    }
    return settle(s.core, s.jobs, job, [&](Transaction& tx) -> Status {
        crm::served(tx, s.crm(), channel, channel.served, refused);
        return {};
    });
}

JobOutcome tell_way(const WecomServices& s, const Job& job, const Plan& plan) {
    const crm::Channel& channel = plan.channel;
    WayOffer offer(s, job, channel);
    if (Status told = offer.offer(plan.users); !told) {
        return failed(s, job, channel.id, told.error());
    }
    const auto refused = all_refused(channel, offer, s.clock.now());
    if (offer.accepted().empty()) {
        return settle_none(s, job, channel, refused);
    }
    return settle(s.core, s.jobs, job, [&](Transaction& tx) -> Status {
        const Way& way = offer.way();
        crm::ChannelStore(s.crm()).pushed(tx, job.corp, channel.id, way.config_id, way.qr_code);
        crm::served(tx, s.crm(), channel, offer.accepted(), refused);
        return {};
    });
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
    const auto plan = plan_of(s, job.corp, id);
    if (!plan) {
        return JobRetry{plan.error().message};
    }
    if (!*plan) {
        // Removed meanwhile. A way that an earlier try may have made is nobody's: it goes too.
        return job.tries > 1 ? run_delete(s, job, {payload->channel_id, "delete", ""})
                             : JobOutcome{JobDone{}};
    }
    if (payload->change == "serve" && is_told(job, **plan)) {
        return settle(s.core, s.jobs, job, [&](Transaction& tx) -> Status {
            const auto& channel = (*plan)->channel;
            crm::served(tx, s.crm(), channel, channel.served, channel.refused);
            return {};
        });
    }
    auto outcome = tell_way(s, job, **plan);
    // The channel shows the failure, and it is looked at again: no dead letter each time.
    const bool again = payload->change == "serve" && std::holds_alternative<JobDead>(outcome);
    return again ? JobOutcome{JobDone{}} : outcome;
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
