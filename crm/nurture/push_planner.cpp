#include "crm/nurture/push_planner.h"

#include <optional>

#include "crm/nurture/push_audience.h"
#include "crm/nurture/push_packing.h"
#include "crm/nurture/push_rows.h"
#include "crm/nurture/push_settle.h"
#include "crm/outbox.h"

namespace leadbridge::crm {

namespace {

constexpr int slices_per_extension = 50;
constexpr std::int64_t lease_ms = 60'000;

// What the transaction found; stop: another planner moved on, the push was cancelled, or it is
// complete.
enum class Sliced : std::uint8_t { more, complete, stop };

template <class T>
T must(Result<T> result) {
    if (!result) {
        throw DatabaseError(result.error().message);
    }
    return std::move(*result);
}

}  // namespace

struct PushPlanner::Work {
    CorpId corp;
    PushId push;
    const Job* job = nullptr;
    int slices_left = 0;  // 0 = no bound
    bool bounded = false;
    int since_extension = 0;

    PushStatus status = PushStatus::draft;
    UnixMillis schedule_ms = 0;
    PlanStep step = PlanStep::recipients;
    std::int64_t cursor = 0;
    std::string condition;
    AudienceQuestion question;
    PushCapRule cap_rule = PushCapRule::days_in_month;
    std::string time_zone;
};

namespace {

// Moves the cursor from where this planner believes it to be; false when another one moved it or
// the push was cancelled.
bool advance(Transaction& tx, CorpId corp, PushId push, std::int64_t from, std::int64_t to) {
    return tx.execute(
               "UPDATE push SET plan_cursor = ? WHERE corp_id = ? AND id = ? AND plan_cursor = ? "
               "AND plan_step = ? "
               "AND status = ?",
               {to, corp, push, from, PlanStep::recipients, PushStatus::planning}
           ) > 0;
}

}  // namespace

PushPlanner::PushPlanner(
    Database& core,
    TagBitmaps& bitmaps,
    JobQueue& jobs,
    const Clock& clock,
    IdSource& ids,
    PushPlannerOptions options
)
    : core_(core), bitmaps_(bitmaps), jobs_(jobs), clock_(clock), ids_(ids), options_(options) {}

// Reads the push; false when there is nothing to plan.
bool PushPlanner::begin(Work& work) {
    return must(core_.write<bool>([&](Transaction& tx) -> Result<bool> {
        const UnixMillis now = clock_.now();
        tx.execute(
            "UPDATE push SET status = ?, updated_ms = ?, version = version + 1 "
            "WHERE corp_id = ? AND id = ? AND status = ? AND schedule_ms <= ?",
            {PushStatus::planning, now, work.corp, work.push, PushStatus::scheduled, now}
        );
        return tx
            .one(
                "SELECT p.status, p.schedule_ms, p.plan_step, p.plan_cursor, p.body, "
                "p.content_hash, p.viewer_member, "
                "p.viewer_scope, p.created_by, c.push_cap, c.time_zone FROM push p JOIN corp c ON "
                "c.id = p.corp_id "
                "WHERE p.corp_id = ? AND p.id = ?",
                {work.corp, work.push},
                [&](const Row& row) {
                    work.status = static_cast<PushStatus>(row.integer(0));
                    work.schedule_ms = row.integer(1);
                    work.step = static_cast<PlanStep>(row.integer(2));
                    work.cursor = row.integer(3);
                    work.condition = row.str(4);
                    work.question.push = work.push;
                    work.question.content_hash = row.str(5);
                    work.question.viewer = Viewer{
                        work.corp,
                        row.id<MemberId>(6),
                        static_cast<Scope>(row.integer(7)),
                        row.str(8)};
                    work.cap_rule = static_cast<PushCapRule>(row.integer(9));
                    work.time_zone = row.str(10);
                    return true;
                }
            )
            .value_or(false);
    }));
}

bool PushPlanner::plan_recipients(Work& work) {
    Result<Condition> condition = parse_condition(work.condition, stored_condition_limits);
    if (!condition) {
        throw DatabaseError(
            "push " + work.push.str() +
            ": its condition cannot be read: " + condition.error().message
        );
    }
    const OrdSet audience = bitmaps_.select(work.corp, *condition);
    for (Sliced sliced = Sliced::more; sliced == Sliced::more;) {
        if (work.bounded && work.slices_left-- <= 0) {
            return false;
        }
        if (work.job != nullptr && ++work.since_extension % slices_per_extension == 0 &&
            !jobs_.extend(*work.job, lease_ms)) {
            return false;
        }
        const std::vector<std::uint32_t> ords = audience.from(
            static_cast<std::uint32_t>(work.cursor),
            static_cast<std::size_t>(options_.recipients_per_slice)
        );
        const std::int64_t to = ords.empty() ? work.cursor : std::int64_t{ords.back()} + 1;
        sliced = must(core_.write<Sliced>([&](Transaction& tx) -> Result<Sliced> {
            const UnixMillis now = clock_.now();
            if (!advance(tx, work.corp, work.push, work.cursor, to)) {
                return Sliced::stop;
            }
            AudienceQuestion question = work.question;
            question.cap = cap_window(work.cap_rule, now, work.time_zone);
            insert_recipients(
                tx,
                ids_,
                {question, options_.recipients_per_batch, now},
                decide_recipients(tx, question, ords)
            );
            if (!ords.empty()) {
                return Sliced::more;
            }
            tx.execute(
                "UPDATE push SET plan_step = ? WHERE corp_id = ? AND id = ?",
                {PlanStep::queueing, work.corp, work.push}
            );
            return Sliced::complete;
        }));
        work.cursor = to;
    }
    return true;
}

bool PushPlanner::enqueue_batches(Work& work) {
    for (Sliced sliced = Sliced::more; sliced == Sliced::more;) {
        if (work.bounded && work.slices_left-- <= 0) {
            return false;
        }
        sliced = must(core_.write<Sliced>([&](Transaction& tx) -> Result<Sliced> {
            if (!tx.exists(
                    "SELECT 1 FROM push WHERE corp_id = ? AND id = ? AND status = ? AND plan_step "
                    "= ?",
                    {work.corp, work.push, PushStatus::planning, PlanStep::queueing}
                )) {
                return Sliced::stop;
            }
            const std::vector<BatchId> batches = tx.all(
                "SELECT id FROM push_batch WHERE corp_id = ? AND push_id = ? AND queued = 0 ORDER "
                "BY id LIMIT ?",
                {work.corp, work.push, options_.batches_per_slice},
                [](const Row& row) { return row.id<BatchId>(0); }
            );
            for (BatchId batch : batches) {
                tx.execute(
                    "UPDATE push_batch SET queued = 1 WHERE corp_id = ? AND id = ?",
                    {work.corp, batch}
                );
                put_job(tx, jobs_, work.corp, SendPushBatch{work.push.value, batch.value});
            }
            if (!batches.empty()) {
                return Sliced::more;
            }
            const UnixMillis now = clock_.now();
            tx.execute(
                "UPDATE push SET status = ?, plan_step = ?, updated_ms = ?, version = version + 1 "
                "WHERE corp_id = ? AND id = ?",
                {PushStatus::sending, PlanStep::complete, now, work.corp, work.push}
            );
            tx.changed(
                {.corp = work.corp, .topic = "push", .id = work.push.value, .kind = "sending"}
            );
            finish_push(tx, work.corp, work.push, now);
            return Sliced::complete;
        }));
    }
    return true;
}

PushPlanner::Step PushPlanner::plan(CorpId corp, PushId push, const Job* job, int slices) {
    Work work;
    work.corp = corp;
    work.push = push;
    work.job = job;
    work.bounded = slices > 0;
    work.slices_left = slices;
    if (!begin(work)) {
        return Step::planned;
    }
    if (work.status == PushStatus::scheduled) {
        return Step::not_yet;
    }
    if (work.status == PushStatus::planning && work.step == PlanStep::recipients &&
        !plan_recipients(work)) {
        return Step::interrupted;
    }
    if (work.status == PushStatus::planning && !enqueue_batches(work)) {
        return Step::interrupted;
    }
    // Both may have stopped because another planner was faster: whoever reads `planning` now has to
    // come back.
    if (!begin(work)) {
        return Step::planned;
    }
    return work.status == PushStatus::planning ? Step::interrupted : Step::planned;
}

std::vector<JobHandler> PushPlanner::handlers() {
    JobHandler plan_handler;
    plan_handler.queue = plan_queue;
    plan_handler.lease_ms = lease_ms;
    plan_handler.run = [this](const Job& job) -> JobOutcome {
        std::optional<std::int64_t> push = id_in(job, "push_id");
        if (!push) {
            return JobDead{"the payload names no push"};
        }
        switch (plan(job.corp, PushId{*push}, &job)) {
            case Step::planned:
                return JobDone{};
            case Step::not_yet:
                return JobHold{clock_.now() + 1'000, "its time has not come"};
            case Step::interrupted:
                break;
        }
        return JobRetry{"interrupted"};
    };
    std::vector<JobHandler> out;
    out.push_back(std::move(plan_handler));
    out.push_back(settle_handler(core_, jobs_, clock_, ids_, options_.batches_per_slice));
    return out;
}

}  // namespace leadbridge::crm
