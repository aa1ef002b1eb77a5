#include "connectors/wecom/contact_sync.h"

#include <variant>

#include "base/log.h"
#include "connectors/wecom/contact_sync_steps.h"
#include "crm/outbox.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t budget_ms = 20'000;
constexpr std::int64_t lease_ms = 180'000;

using sync_rows::Run;

Result<Run> load(const WecomServices& s, const Job& job) {
    const auto payload = crm::decode<crm::SyncContacts>(job.payload);
    if (!payload) {
        return payload.error();
    }
    return s.core.write<Run>([&](Transaction& tx) -> Result<Run> {
        if (payload->run_id != 0) {
            if (auto run = sync_rows::find(tx, job.corp, payload->run_id)) {
                return *run;
            }
        }
        if (auto run = sync_rows::unfinished(tx, job.corp)) {
            return *run;
        }
        // A job of its own accord: its id names the run, so that a second try finds it.
        if (auto run = sync_rows::find(tx, job.corp, job.id.value)) {
            return *run;
        }
        return sync_rows::create(tx, job.corp, job.id.value, SyncKind::full, s.clock.now());
    });
}

JobOutcome work(const WecomServices& s, const Job& job) {
    auto loaded = load(s, job);
    if (!loaded) {
        return loaded.error().code == ErrorCode::invalid
                   ? JobOutcome{JobDead{loaded.error().message}}
                   : JobOutcome{JobRetry{loaded.error().message}};
    }
    Run run = std::move(*loaded);
    const auto began = s.clock.steady_ms();
    while (run.view.finished_ms == 0) {
        if (s.clock.steady_ms() - began >= budget_ms) {
            return JobHold{s.clock.now(), "goes on"};
        }
        if (Status status = sync_step(s, run); !status) {
            const auto outcome = job_outcome(status.error(), s.clock);
            run.view.error = status.error().message;
            if (std::holds_alternative<JobDead>(outcome)) {
                run.view.stage = SyncStage::failed;
                run.view.finished_ms = s.clock.now();
            }
            (void)save_run(s, run);
            return outcome;
        }
    }
    log::info(
        "wecom",
        "contacts synced",
        {{"corp", job.corp}, {"members", run.view.members_total}, {"contacts", run.view.contacts}}
    );
    return JobDone{};
}

}  // namespace

JobHandler sync_contacts_handler(const WecomServices& services) {
    return {
        std::string(crm::SyncContacts::queue),
        [&services](const Job& job) { return work(services, job); },
        {},
        lease_ms};
}

}  // namespace leadbridge::wecom
