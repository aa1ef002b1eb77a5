#include "connectors/wecom/mass_send.h"

#include <functional>

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/content_json.h"
#include "connectors/wecom/mass_tasks.h"
#include "crm/outbox.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t lease_ms = 120'000;
// From the commit of the intent to the request. The rest of the lease covers the call itself (10 s)
// several times over.
constexpr std::int64_t send_window_ms = 60'000;
constexpr std::int64_t not_sent_pause_ms = 30'000;
constexpr std::int64_t still_dispatching_ms = 20'000;

using BatchId = crm::BatchId;

Result<std::optional<crm::BatchView>> load(const WecomServices& s, CorpId corp, BatchId id) {
    return s.core.read<std::optional<crm::BatchView>>(
        [&](Snapshot& snapshot) -> Result<std::optional<crm::BatchView>> {
            return crm::PushLedger::batch(snapshot, corp, id);
        }
    );
}

void count(const WecomServices& s, std::string_view outcome) {
    s.metrics
        .counter(
            "leadbridge_push_batches_total",
            "batches of mass sends by what came of the call",
            {{"outcome", std::string(outcome)}}
        )
        .add();
}

std::string request_of(const crm::BatchView& batch, const MediaIds& media) {
    auto body = content_json(batch.content, media);
    body["chat_type"] = "single";
    body["sender"] = batch.sender;
    json::array targets;
    for (const auto& external_userid : batch.external_userids) {
        targets.emplace_back(external_userid);
    }
    body["external_userid"] = std::move(targets);
    return to_text(body);
}

std::vector<std::string> fail_list(const json::object& reply) {
    std::vector<std::string> out;
    const auto* list = json_array(reply, "fail_list");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        if ((*list)[i].is_string()) {
            out.emplace_back((*list)[i].as_string().c_str());
        }
    }
    return out;
}

// Sends one batch under the attempt that was begun for it.
class Sender {
public:
    Sender(const MassSendServices& m, const Job& job, const crm::BatchView& batch, int attempt)
        : m_(m), s_(m.wecom), job_(job), batch_(batch), attempt_(attempt) {}

    JobOutcome send(std::string body, std::int64_t intent_steady_ms);
    JobOutcome rejected(const Error& error);

private:
    JobOutcome submitted(const json::object& reply);
    JobOutcome unknown(const Error& error);
    JobOutcome not_sent(const Error& error);
    JobOutcome record(const std::function<Status(Transaction&)>& effect);

    const MassSendServices& m_;
    const WecomServices& s_;
    const Job& job_;
    const crm::BatchView& batch_;
    const int attempt_;
};

JobOutcome Sender::send(std::string body, std::int64_t intent_steady_ms) {
    ApiRequest request{.body = std::move(body)};
    request.may_send = [this, intent_steady_ms] {
        return s_.clock.steady_ms() - intent_steady_ms < send_window_ms;
    };
    const auto reply = s_.api.call(job_.corp, api::mass_add, request);
    if (reply) {
        return submitted(reply->object());
    }
    const Error& error = reply.error();
    switch (error.code) {
        case ErrorCode::unknown_result:
            return unknown(error);
        case ErrorCode::retry_later:
        case ErrorCode::limited:
        case ErrorCode::auth:
            return not_sent(error);
        case ErrorCode::conflict:
            return error.reason == "not_sent" ? not_sent(error) : rejected(error);
        case ErrorCode::stale:  // a media id ended: the next try uploads again
            (void)s_.media.forget_uploads(job_.corp, batch_.content);
            return job_.tries < 3 ? not_sent(error) : rejected(error);
        default:
            return rejected(error);
    }
}

JobOutcome Sender::submitted(const json::object& reply) {
    const auto msgid = json_string(reply, "msgid");
    if (msgid.empty()) {
        return unknown(Error{ErrorCode::unknown_result, "add_msg_template: the answer has no msgid"}
        );
    }
    const auto failed = fail_list(reply);
    const auto recorded = s_.core.write<crm::PushLedger::Submitted>(
        [&](Transaction& tx) -> Result<crm::PushLedger::Submitted> {
            auto kind =
                m_.ledger.record_submitted(tx, job_.corp, batch_.batch, attempt_, msgid, failed);
            // Kept even when the lease is gone: the task exists, whoever holds the job now.
            (void)s_.jobs.done(tx, job_);
            return kind;
        }
    );
    if (!recorded) {
        log::error(
            "wecom",
            "an accepted batch could not be recorded; it will be looked up",
            {{"corp", job_.corp}, {"batch", batch_.batch}, {"cause", recorded.error().message}}
        );
        return JobRetryAt{s_.clock.now() + lease_ms, recorded.error().message};
    }
    count(s_, "submitted");
    if (*recorded == crm::PushLedger::Submitted::second) {
        s_.metrics.counter("leadbridge_push_doubled_total", "second tasks of a batch, cancelled")
            .add();
        log::error(
            "wecom",
            "a batch has a second task; it is cancelled",
            {{"corp", job_.corp}, {"batch", batch_.batch}}
        );
        if (auto cancelled = mass_tasks::cancel(s_, job_.corp, msgid); !cancelled) {
            log::error(
                "wecom",
                "a second task could not be cancelled",
                {{"corp", job_.corp}, {"batch", batch_.batch}, {"cause", cancelled.error().message}}
            );
        }
    }
    return JobSettled{};
}

JobOutcome Sender::unknown(const Error& error) {
    count(s_, "unknown");
    return record([&](Transaction& tx) {
        return m_.ledger.record_unknown(tx, job_.corp, batch_.batch, attempt_, error.message);
    });
}

JobOutcome Sender::rejected(const Error& error) {
    count(s_, "rejected");
    return record([&](Transaction& tx) {
        return m_.ledger.record_rejected(
            tx, job_.corp, batch_.batch, attempt_, error.upstream_code, error.message
        );
    });
}

// With the job's end. A state that moved on meanwhile (another holder) is left alone.
JobOutcome Sender::record(const std::function<Status(Transaction&)>& effect) {
    return settle(s_.core, s_.jobs, job_, [&](Transaction& tx) -> Status {
        auto recorded = effect(tx);
        return recorded || recorded.error().code == ErrorCode::conflict ? Status{} : recorded;
    });
}

JobOutcome Sender::not_sent(const Error& error) {
    count(s_, "not_sent");
    auto abandoned = s_.core.write<int>([&](Transaction& tx) -> Result<int> {
        auto status = m_.ledger.abandon_intent(tx, job_.corp, batch_.batch, attempt_);
        return status ? Result<int>(0) : Result<int>(std::move(status).error());
    });
    if (!abandoned) {
        return JobRetryAt{s_.clock.now() + not_sent_pause_ms, abandoned.error().message};
    }
    const auto pause = error.retry_after_ms > 0 ? error.retry_after_ms : not_sent_pause_ms;
    if (error.code == ErrorCode::stale) {
        return JobRetryAt{s_.clock.now() + 1'000, error.message};  // counted: see send()
    }
    return JobHold{s_.clock.now() + pause, error.message};
}

JobOutcome run_send(const MassSendServices& m, const Job& job) {
    const auto& s = m.wecom;
    const auto payload = crm::decode<crm::SendPushBatch>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    const BatchId id{payload->batch_id};
    const auto batch = load(s, job.corp, id);
    if (!batch) {
        return JobRetry{batch.error().message};
    }
    if (!*batch) {
        return JobDead{"the push batch does not exist"};
    }
    const auto media = s.media.ensure(job.corp, (*batch)->content);
    if (!media) {
        auto outcome = job_outcome(media.error(), s.clock);
        if (!std::holds_alternative<JobDead>(outcome)) {
            return outcome;
        }
    }
    auto body = media ? request_of(**batch, *media) : std::string{};
    const auto hash = crypto::hex(crypto::sha256(body));
    // The lease is counted from before the commit, so that no answer of the database can stretch
    // it.
    const auto began = s.clock.steady_ms();
    const crm::IntentHolder holder{job.fence, s.clock.now() + lease_ms};
    const auto decision = s.core.write<crm::IntentDecision>([&](Transaction& tx) {
        return m.ledger.begin_intent(tx, job.corp, id, hash, holder);
    });
    if (!decision) {
        return JobRetry{decision.error().message};
    }
    switch (decision->kind) {
        case crm::IntentDecision::Kind::go:
            return media ? Sender(m, job, **batch, decision->attempt).send(std::move(body), began)
                         : Sender(m, job, **batch, decision->attempt).rejected(media.error());
        case crm::IntentDecision::Kind::wait:
            return JobHold{
                decision->until, "another batch of this sender and content is in flight"};
        case crm::IntentDecision::Kind::stop:
            break;
    }
    return JobDone{};
}

JobOutcome run_resolve(const MassSendServices& m, const Job& job) {
    const auto& s = m.wecom;
    const auto payload = crm::decode<crm::ResolvePushBatch>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    const BatchId id{payload->batch_id};
    const auto loaded = load(s, job.corp, id);
    if (!loaded) {
        return JobRetry{loaded.error().message};
    }
    if (!*loaded || (*loaded)->state != crm::RecipientState::unknown) {
        return JobDone{};
    }
    const crm::BatchView& batch = **loaded;
    const auto tasks = mass_tasks::find(s, batch, mass_tasks::Creators::any);
    if (!tasks) {
        if (tasks.error().reason == "still_dispatching") {
            return JobHold{s.clock.now() + still_dispatching_ms, tasks.error().message};
        }
        return job_outcome(tasks.error(), s.clock);
    }
    return settle(s.core, s.jobs, job, [&](Transaction& tx) -> Status {
        const auto ours = crm::PushLedger::found_for(tx, job.corp, batch, *tasks);
        if (ours.size() == 1) {
            return m.ledger.resolve_found(tx, job.corp, id, batch.attempt, ours.front());
        }
        if (ours.size() > 1) {
            return m.ledger.resolve_for_review(tx, job.corp, id, batch.attempt, ours);
        }
        auto next = m.ledger.resolve_none(tx, job.corp, id, batch.attempt);
        if (!next) {
            return std::move(next).error();
        }
        if (*next) {
            crm::put_job(tx, s.jobs, job.corp, *payload, **next);
        }
        return {};
    });
}

}  // namespace

JobHandler send_push_batch_handler(const MassSendServices& services) {
    return {
        std::string(crm::SendPushBatch::queue),
        [&services](const Job& job) { return run_send(services, job); },
        {},
        lease_ms};
}

JobHandler resolve_push_batch_handler(const MassSendServices& services) {
    return {
        std::string(crm::ResolvePushBatch::queue),
        [&services](const Job& job) { return run_resolve(services, job); },
        {},
        lease_ms};
}

}  // namespace leadbridge::wecom
