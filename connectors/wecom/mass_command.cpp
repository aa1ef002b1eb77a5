// Reminding and cancelling what members have not confirmed.
#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/mass_send.h"
#include "connectors/wecom/mass_tasks.h"
#include "crm/outbox.h"

namespace leadbridge::wecom {

namespace {

using crm::BatchId;
using crm::BatchView;

constexpr std::int64_t lease_ms = 300'000;

Status write(const WecomServices& s, const std::function<Status(Transaction&)>& effect) {
    auto written = s.core.write<int>([&](Transaction& tx) -> Result<int> {
        auto status = effect(tx);
        return status ? Result<int>(0) : Result<int>(std::move(status).error());
    });
    return written ? Status{} : Status{std::move(written).error()};
}

Result<std::vector<BatchView>> submitted_batches(
    const WecomServices& s, CorpId corp, crm::PushId push
) {
    return s.core.read<std::vector<BatchView>>(
        [&](Snapshot& snapshot) -> Result<std::vector<BatchView>> {
            std::vector<BatchView> out;
            BatchId after;
            for (;;) {
                auto page = crm::PushLedger::batches_of(snapshot, corp, push, after);
                if (page.empty()) {
                    return out;
                }
                after = page.back().batch;
                std::copy_if(page.begin(), page.end(), std::back_inserter(out), [](const auto& b) {
                    return b.state == crm::RecipientState::submitted;
                });
            }
        }
    );
}

crm::RemindState state_of(const Result<ApiReply>& reply) {
    if (reply) {
        return crm::RemindState::sent;
    }
    return reply.error().code == ErrorCode::unknown_result ? crm::RemindState::unknown
                                                           : crm::RemindState::refused;
}

// A reminder is counted before it is sent and never repeated: too few are better than too many.
JobOutcome remind(
    const MassSendServices& m, const Job& job, const std::vector<BatchView>& batches
) {
    const auto& s = m.wecom;
    if (const auto pause = s.api.paused_ms(job.corp); pause > 0) {
        return JobHold{s.clock.now() + pause, "calls of this corp pause"};
    }
    for (const auto& batch : batches) {
        if (batch.confirmed_ms != 0) {
            continue;
        }
        const auto begun = s.core.write<crm::PushLedger::Remind>([&](Transaction& tx) {
            return m.ledger.begin_remind(tx, job.corp, batch.batch, job.id);
        });
        if (!begun || *begun == crm::PushLedger::Remind::stop) {
            continue;
        }
        const json::object body{{"msgid", batch.msgid}};
        const auto reply = s.api.call(job.corp, api::mass_remind, {.body = to_text(body)});
        if (!reply) {
            log::warn(
                "wecom",
                "a member could not be reminded of a mass send",
                {{"corp", job.corp}, {"batch", batch.batch}, {"cause", reply.error().message}}
            );
        }
        const auto recorded = write(s, [&](Transaction& tx) {
            return m.ledger.record_reminded(tx, job.corp, batch.batch, job.id, state_of(reply));
        });
        if (!recorded) {
            return JobRetry{recorded.error().message};  // that run will call this one unknown
        }
        s.jobs.extend(job, lease_ms);
    }
    return JobDone{};
}

JobOutcome cancel(
    const MassSendServices& m, const Job& job, const std::vector<BatchView>& batches
) {
    const auto& s = m.wecom;
    std::optional<Error> failed;
    for (const auto& batch : batches) {
        auto cancelled = mass_tasks::cancel(s, job.corp, batch.msgid);
        if (cancelled) {
            cancelled = write(s, [&](Transaction& tx) {
                return m.ledger.record_cancelled(tx, job.corp, batch.batch);
            });
        }
        if (!cancelled && cancelled.error().code != ErrorCode::permanent) {
            failed = cancelled.error();
            if (failed->retry_after_ms > 0) {
                break;
            }
        }
        s.jobs.extend(job, lease_ms);
    }
    return failed ? job_outcome(*failed, s.clock) : JobOutcome{JobDone{}};
}

JobOutcome run_command(const MassSendServices& m, const Job& job) {
    const auto payload = crm::decode<crm::PushCommand>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    const auto batches = submitted_batches(m.wecom, job.corp, crm::PushId{payload->push_id});
    if (!batches) {
        return JobRetry{batches.error().message};
    }
    if (payload->command == "remind") {
        return remind(m, job, *batches);
    }
    if (payload->command == "cancel") {
        return cancel(m, job, *batches);
    }
    return JobDead{"unknown command of a push: " + payload->command};
}

}  // namespace

JobHandler push_command_handler(const MassSendServices& services) {
    return {
        std::string(crm::PushCommand::queue),
        [&services](const Job& job) { return run_command(services, job); },
        {},
        lease_ms};
}

}  // namespace leadbridge::wecom
