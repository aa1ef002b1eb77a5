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
constexpr std::int64_t still_dispatching_ms = 20'000;
constexpr std::int64_t watch_doubles_ms =
    2 * 3'600'000;  // members confirm later than that, but tasks do not appear later
constexpr std::size_t rows_per_write = 200;
constexpr int max_pages = 100;

crm::SendStatus send_status(std::int64_t value) {
    switch (value) {
        case 1:
            return crm::SendStatus::sent;
        case 2:
            return crm::SendStatus::not_friend;
        case 3:
            return crm::SendStatus::capped;
        default:
            return crm::SendStatus::unsent;
    }
}

Status write(const WecomServices& s, const std::function<Status(Transaction&)>& effect) {
    auto written = s.core.write<int>([&](Transaction& tx) -> Result<int> {
        auto status = effect(tx);
        return status ? Result<int>(0) : Result<int>(std::move(status).error());
    });
    return written ? Status{} : Status{std::move(written).error()};
}

class Poller {
public:
    Poller(const MassSendServices& m, const Job& job, const BatchView& batch)
        : m_(m), s_(m.wecom), job_(job), batch_(batch) {}

    Status poll();

private:
    Status cancel_task();
    Status read_confirmation();
    Status read_results();
    Status read_page(const json::object& reply);
    Status cancel_doubles();
    bool sender_in_flight();

    const MassSendServices& m_;
    const WecomServices& s_;
    const Job& job_;
    const BatchView& batch_;
};

Status Poller::poll() {
    if (batch_.push_cancelled) {
        if (auto cancelled = cancel_task(); !cancelled) {
            return cancelled;
        }
    }
    if (s_.clock.now() - batch_.intent_ms < watch_doubles_ms) {
        if (auto ok = cancel_doubles(); !ok) {
            return ok;
        }
    }
    if (auto ok = read_confirmation(); !ok) {
        return ok;
    }
    return read_results();
}

// Late answers of the push's cancellation: what the command did not reach.
Status Poller::cancel_task() {
    auto cancelled = mass_tasks::cancel(s_, job_.corp, batch_.msgid);
    if (!cancelled && cancelled.error().code != ErrorCode::permanent) {
        return cancelled;
    }
    if (!cancelled) {
        return {};  // refused for good, e.g. confirmed meanwhile: the results tell
    }
    return write(s_, [&](Transaction& tx) {
        return m_.ledger.record_cancelled(tx, job_.corp, batch_.batch);
    });
}

Status Poller::read_confirmation() {
    if (batch_.confirmed_ms != 0) {
        return {};
    }
    const auto rows = mass_tasks::task_rows(s_, job_.corp, batch_.msgid);
    if (!rows) {
        return rows.error();
    }
    const auto confirmed =
        std::find_if(rows->begin(), rows->end(), [](const auto& row) { return row.confirmed; });
    if (confirmed == rows->end()) {
        return {};
    }
    const auto at = confirmed->send_ms > 0 ? confirmed->send_ms : s_.clock.now();
    return write(s_, [&](Transaction& tx) {
        return m_.ledger.record_confirmed(tx, job_.corp, batch_.batch, at);
    });
}

Status Poller::read_results() {
    std::string cursor;
    for (int page = 0; page < max_pages; ++page) {
        json::object body{{"msgid", batch_.msgid}, {"userid", batch_.sender}, {"limit", 1'000}};
        if (!cursor.empty()) {
            body["cursor"] = cursor;
        }
        const auto reply = s_.api.call(job_.corp, api::mass_result, {.body = to_text(body)});
        if (!reply) {
            return reply.error();
        }
        if (auto stored = read_page(reply->object()); !stored) {
            return stored;
        }
        cursor = json_string(reply->object(), "next_cursor");
        if (cursor.empty()) {
            break;
        }
        s_.jobs.extend(job_, lease_ms);
    }
    return {};
}

Status Poller::read_page(const json::object& reply) {
    std::vector<crm::SendRow> rows;
    const auto* list = json_array(reply, "send_list");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const auto* row = (*list)[i].if_object();
        if (row == nullptr) {
            continue;
        }
        const auto status = send_status(json_int(*row, "status"));
        if (status != crm::SendStatus::unsent) {
            rows.push_back(
                {json_string(*row, "external_userid"), status, json_int(*row, "send_time") * 1'000}
            );
        }
    }
    for (std::size_t from = 0; from < rows.size(); from += rows_per_write) {
        const std::span slice(rows.data() + from, std::min(rows_per_write, rows.size() - from));
        auto stored = write(s_, [&](Transaction& tx) {
            return m_.ledger.record_results(tx, job_.corp, batch_.batch, slice);
        });
        if (!stored) {
            return stored;
        }
    }
    return {};
}

// A batch of this sender whose outcome is open may own the task that looks like a double.
bool Poller::sender_in_flight() {
    const auto found = s_.core.read<bool>([&](Snapshot& snapshot) -> Result<bool> {
        for (const auto state :
             {crm::RecipientState::intent,
              crm::RecipientState::unknown,
              crm::RecipientState::for_review}) {
            for (const auto& other : crm::PushLedger::batches_in(snapshot, job_.corp, state)) {
                if (other.sender == batch_.sender) {
                    return true;
                }
            }
        }
        return false;
    });
    return !found || *found;
}

// A process that stopped between its last check and the request may have doubled the task (storage
// design, fencing).
Status Poller::cancel_doubles() {
    // The list comes first: what begins after it cannot be in it.
    const auto tasks = mass_tasks::find(s_, batch_, mass_tasks::Creators::api_only);
    if (!tasks) {
        return tasks.error();
    }
    if (tasks->empty() || sender_in_flight()) {
        return {};
    }
    const auto doubles = s_.core.read<std::vector<std::string>>(
        [&](Snapshot& snapshot) -> Result<std::vector<std::string>> {
            return crm::PushLedger::found_for(snapshot, job_.corp, batch_, *tasks);
        }
    );
    if (!doubles) {
        return doubles.error();
    }
    for (const auto& msgid : *doubles) {
        // Cancelled before it is recorded: a crash between finds it again.
        if (auto cancelled = mass_tasks::cancel(s_, job_.corp, msgid); !cancelled) {
            return cancelled;
        }
        auto recorded = write(s_, [&](Transaction& tx) {
            return m_.ledger.record_second(tx, job_.corp, batch_.batch, msgid);
        });
        if (!recorded) {
            return recorded;
        }
        s_.metrics.counter("leadbridge_push_doubled_total", "second tasks of a batch, cancelled")
            .add();
        log::error(
            "wecom",
            "a batch had a second task; it was cancelled",
            {{"corp", job_.corp}, {"batch", batch_.batch}}
        );
    }
    return {};
}

JobOutcome run_poll(const MassSendServices& m, const Job& job) {
    const auto& s = m.wecom;
    const auto payload = crm::decode<crm::PollPushBatch>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    const BatchId id{payload->batch_id};
    const auto batch = s.core.read<std::optional<BatchView>>(
        [&](Snapshot& snapshot) -> Result<std::optional<BatchView>> {
            return crm::PushLedger::batch(snapshot, job.corp, id);
        }
    );
    if (!batch) {
        return JobRetry{batch.error().message};
    }
    // A cancelled batch is looked at once more: whoever was sent to before the cancellation was
    // delivered.
    const bool has_task = *batch && !(*batch)->msgid.empty() &&
                          ((*batch)->state == crm::RecipientState::submitted ||
                           (*batch)->state == crm::RecipientState::cancelled);
    if (!has_task) {
        return JobDone{};
    }
    if (auto polled = Poller(m, job, **batch).poll(); !polled) {
        if (polled.error().reason == "still_dispatching") {
            return JobHold{s.clock.now() + still_dispatching_ms, polled.error().message};
        }
        return job_outcome(polled.error(), s.clock);
    }
    return settle(s.core, s.jobs, job, [&](Transaction& tx) -> Status {
        auto next = m.ledger.record_polled(tx, job.corp, id);
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

JobHandler poll_push_batch_handler(const MassSendServices& services) {
    return {
        std::string(crm::PollPushBatch::queue),
        [&services](const Job& job) { return run_poll(services, job); },
        {},
        lease_ms};
}

}  // namespace leadbridge::wecom
