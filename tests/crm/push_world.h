#pragma once
// Pushes over a NurtureWorld, a WeCom that counts tasks per recipient, and a mass send that follows
// the ledger's contract.

#include <map>
#include <set>

#include "crm/contacts/timeline.h"
#include "crm/nurture/push.h"
#include "crm/nurture/push_planner.h"
#include "crm/outbox.h"
#include "tests/crm/nurture_world.h"

namespace leadbridge::crm {

struct PushWorld : NurtureWorld {
    explicit PushWorld(PushPlannerOptions options = {})
        : ledger(jobs, clock(), ids),
          pushes(services()),
          planner(db(), bitmaps, jobs, clock(), ids, options) {
        clock().set(1'800'000'000'000);  // 2027-01-15 16:00 in Shanghai
    }

    struct Person {
        ContactId contact;
        std::string external;
    };

    // A contact whose friend is the member.
    Person add_person(Transaction& tx, MemberId member) {
        const std::string external = "wm" + std::to_string(++people);
        const ContactId contact = add_contact(tx, {.owner = member});
        add_follow(tx, contact, member, external, 1'700'000'000'000 + people);
        return {contact, external};
    }

    std::vector<Person> add_people(MemberId member, int n) {
        std::vector<Person> out;
        write([&](Transaction& tx) {
            for (int i = 0; i < n; ++i) {
                out.push_back(add_person(tx, member));
            }
        });
        return out;
    }

    MemberId member(std::string_view userid, MemberStatus status = MemberStatus::active) {
        MemberId id;
        write([&](Transaction& tx) { id = add_member(tx, userid, status); });
        return id;
    }

    template <class T, class F>
    Result<T> in_write(F fn) {
        return db().write<T>([&](Transaction& tx) -> Result<T> { return fn(tx); });
    }

    Status status_of(std::function<Status(Transaction&)> fn) {
        Result<bool> done = db().write<bool>([&](Transaction& tx) -> Result<bool> {
            Status s = fn(tx);
            return s ? Result<bool>(true) : Result<bool>(s.error());
        });
        return done ? Status() : Status(done.error());
    }

    PushId draft(
        std::string_view text = "Hello",
        std::string_view condition = R"({"all":[]})",
        UnixMillis schedule = 0
    ) {
        PushEdit edit;
        edit.name = "Sample push";
        edit.condition = std::string(condition);
        edit.content = MessageContent{std::string(text), {}};
        edit.schedule_ms = schedule;
        Result<Push> push =
            in_write<Push>([&](Transaction& tx) { return pushes.create(tx, daemon(), edit); });
        EXPECT_TRUE(push.has_value()) << push.error().message;
        return push->id;
    }

    Result<Push> submit(PushId id) {
        return in_write<Push>([&](Transaction& tx) {
            return pushes.submit(tx, daemon(), id, std::nullopt);
        });
    }

    PushId planned(std::string_view text = "Hello", std::string_view condition = R"({"all":[]})") {
        const PushId id = draft(text, condition);
        EXPECT_TRUE(submit(id).has_value());
        EXPECT_EQ(planner.plan(corp, id), PushPlanner::Step::planned);
        return id;
    }

    Push push(PushId id) {
        return *read<std::optional<Push>>([&](Snapshot& s) {
            return PushStore::find(s, daemon(), id);
        });
    }

    // How many recipients the list holds that this figure counts.
    std::int64_t listed(PushId id, RecipientCount counted) {
        RecipientFilter filter;
        filter.counted = counted;
        std::int64_t n = 0;
        ContactId after;
        do {
            const RecipientPage page = read<RecipientPage>([&](Snapshot& s) {
                return PushStore::recipients(s, daemon(), id, filter, after, 200);
            });
            n += static_cast<std::int64_t>(page.items.size());
            after = page.next;
        } while (after);
        return n;
    }

    // Each figure beside the recipients it is told of.
    PushCounts counts(PushId id) {
        PushCounts c =
            read<PushCounts>([&](Snapshot& s) { return PushLedger::counts(s, corp, id); });
        std::int64_t excluded = 0;
        for (const auto& [reason, n] : c.excluded) {
            excluded += n;
        }
        EXPECT_EQ(listed(id, RecipientCount::planned), c.planned);
        EXPECT_EQ(listed(id, RecipientCount::pending), c.pending);
        EXPECT_EQ(listed(id, RecipientCount::unknown), c.unknown);
        EXPECT_EQ(listed(id, RecipientCount::waiting), c.waiting);
        EXPECT_EQ(listed(id, RecipientCount::delivered), c.delivered);
        EXPECT_EQ(listed(id, RecipientCount::not_friend), c.not_friend);
        EXPECT_EQ(listed(id, RecipientCount::capped), c.capped);
        EXPECT_EQ(listed(id, RecipientCount::rejected), c.rejected);
        EXPECT_EQ(listed(id, RecipientCount::cancelled), c.cancelled);
        EXPECT_EQ(listed(id, RecipientCount::excluded), excluded);
        return c;
    }

    std::vector<BatchView> batches(PushId id) {
        return read<std::vector<BatchView>>([&](Snapshot& s) {
            return PushLedger::batches_of(s, corp, id);
        });
    }

    BatchView batch(BatchId id) {
        return *read<std::optional<BatchView>>([&](Snapshot& s) {
            return PushLedger::batch(s, corp, id);
        });
    }

    Result<IntentDecision> begin(BatchId id, std::int64_t lease_ms = 60'000) {
        return in_write<IntentDecision>([&](Transaction& tx) {
            return ledger.begin_intent(
                tx, corp, id, "hash", {.fence = 1, .lease_until_ms = clock().now() + lease_ms}
            );
        });
    }

    Result<PushLedger::Submitted> submitted(
        BatchId id, int attempt, std::string_view msgid, const std::vector<std::string>& failed = {}
    ) {
        return in_write<PushLedger::Submitted>([&](Transaction& tx) {
            return ledger.record_submitted(tx, corp, id, attempt, msgid, failed);
        });
    }

    std::int64_t waiting_jobs(std::string_view queue) {
        return number("SELECT COUNT(*) FROM job WHERE queue = ? AND state = 0", {queue});
    }

    // Runs the room's own jobs (plan, settle) until none is due.
    void run_own_jobs() {
        for (bool any = true; any;) {
            any = false;
            for (JobHandler& handler : planner.handlers()) {
                for (const Job& job : jobs.claim(handler.queue, 10, 60'000)) {
                    any = true;
                    if (std::holds_alternative<JobDone>(handler.run(job))) {
                        jobs.done(job);
                    } else {
                        jobs.release(job, clock().now() + 1'000, "test");
                    }
                }
            }
        }
    }

    PushLedger ledger;
    PushStore pushes;
    PushPlanner planner;
    int people = 0;
};

}  // namespace leadbridge::crm
