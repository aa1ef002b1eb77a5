#include "connectors/wecom/wecom_jobs.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/log.h"
#include "base/time_zone.h"
#include "connectors/wecom/channel_sync.h"
#include "connectors/wecom/contact_jobs.h"
#include "connectors/wecom/media.h"
#include "connectors/wecom/member_sync.h"
#include "connectors/wecom/notify.h"
#include "connectors/wecom/tag_sync.h"
#include "crm/outbox.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t token_every_ms = 120'000;
constexpr std::int64_t media_every_ms = 3'600'000;
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t night_begins_ms = 2 * 3'600'000;
constexpr std::int64_t night_lasts_ms = 2 * 3'600'000;
constexpr std::array<std::string_view, 3> kinds{"tokens", "media", "night"};

// The next night of the corp, at a minute of its own: not every corp at once.
UnixMillis next_night(const crm::Corp& corp, UnixMillis now) {
    const auto offset = night_begins_ms + corp.id.value % night_lasts_ms;
    auto at = local_day_start(now, corp.time_zone) + offset;
    while (at <= now) {
        at = local_day_start(at + day_ms, corp.time_zone) + offset;
    }
    return at;
}

UnixMillis next_time(const crm::Corp& corp, std::string_view kind, UnixMillis now) {
    if (kind == "tokens") {
        return now + token_every_ms;
    }
    return kind == "media" ? now + media_every_ms : next_night(corp, now);
}

void put_periodic(
    Transaction& tx, const WecomServices& s, CorpId corp, std::string_view kind, UnixMillis at
) {
    NewJob job;
    job.corp = corp;
    job.queue = std::string(periodic_queue);
    job.payload = std::string(kind);
    job.unique_key = std::string(kind);
    job.run_at = at;
    s.jobs.enqueue(tx, job);
}

void renew_tokens(const WecomServices& s, const crm::Corp& corp) {
    if (s.api.paused_ms(corp.id) > 0) {
        return;
    }
    for (const auto kind : {SecretKind::app, SecretKind::contacts}) {
        if (kind == SecretKind::contacts && corp.contacts_secret.empty()) {
            continue;
        }
        if (auto renewed = s.api.tokens().renew(corp, kind); !renewed) {
            log::warn(
                "wecom",
                "a token could not be renewed",
                {{"corp", corp.id}, {"cause", renewed.error().message}}
            );
        }
    }
}

JobOutcome run_periodic(const WecomServices& s, const Job& job) {
    const auto corp = s.api.corp(job.corp);
    const std::string_view kind = job.payload;
    if (!corp || std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
        return JobDone{};
    }
    if (kind == "tokens") {
        renew_tokens(s, *corp);
    }
    return settle(s.core, s.jobs, job, [&](Transaction& tx) -> Status {
        if (kind == "media") {
            s.media.renew_due(tx, job.corp);
        } else if (kind == "night") {
            enqueue_first_sync(tx, s, job.corp);
        }
        put_periodic(tx, s, job.corp, kind, next_time(*corp, kind, s.clock.now()));
        return {};
    });
}

}  // namespace

std::vector<JobHandler> wecom_handlers(
    const WecomServices& services, const MassSendServices& mass
) {
    std::vector<JobHandler> out;
    out.push_back(mark_tag_handler(services));
    out.push_back(remark_handler(services));
    out.push_back(refetch_contact_handler(services));
    out.push_back(refetch_group_handler(services));
    out.push_back(sync_tags_handler(services));
    out.push_back(push_tag_handler(services));
    out.push_back(push_channel_handler(services));
    out.push_back(sync_contacts_handler(services));
    out.push_back(sync_members_handler(services));
    out.push_back(notify_handler(services));
    out.push_back(services.media.renew_handler());
    out.push_back(send_push_batch_handler(mass));
    out.push_back(resolve_push_batch_handler(mass));
    out.push_back(poll_push_batch_handler(mass));
    out.push_back(push_command_handler(mass));
    out.push_back({std::string(periodic_queue), [&services](const Job& job) {
                       return run_periodic(services, job);
                   }});
    return out;
}

void enqueue_periodic(Transaction& tx, const WecomServices& services, CorpId corp) {
    const auto row = services.api.corp(corp);
    if (!row) {
        return;
    }
    const auto now = services.clock.now();
    put_periodic(tx, services, corp, "tokens", now);
    put_periodic(tx, services, corp, "media", now);
    put_periodic(tx, services, corp, "night", next_night(*row, now));
}

void enqueue_first_sync(Transaction& tx, const WecomServices& services, CorpId corp) {
    crm::put_job(tx, services.jobs, corp, crm::SyncMembers{});
    crm::put_job(tx, services.jobs, corp, crm::SyncTags{});
    start_contact_sync(tx, services, corp, SyncKind::full);
}

}  // namespace leadbridge::wecom
