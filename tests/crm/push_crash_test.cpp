// A push driven through random crashes, timeouts after acceptance, lost and late answers, against a
// WeCom that counts tasks per recipient: nobody is in two live tasks, everybody's outcome is known,
// and counts and rows agree.
#include "tests/crm/push_world.h"

namespace leadbridge::crm {
namespace {

constexpr std::int64_t minute = 60'000;

struct FakeWeCom {
    struct Task {
        std::string msgid;
        std::string sender;
        std::string text;
        std::vector<std::string> recipients;
        UnixMillis created = 0;
        bool cancelled = false;
        bool sent = false;
    };

    std::string create(const BatchView& b, UnixMillis now) {
        tasks.push_back(
            {"msg" + std::to_string(tasks.size()),
             b.sender,
             b.content.text,
             b.external_userids,
             now}
        );
        return tasks.back().msgid;
    }

    Task& at(std::string_view msgid) {
        for (Task& task : tasks) {
            if (task.msgid == msgid) {
                return task;
            }
        }
        throw std::logic_error("no such task");
    }

    std::vector<Task> tasks;
};

// Does with a job what connectors/wecom/mass_send does, and dies or loses answers at random.
class Sender {
public:
    Sender(PushWorld& world, FakeWeCom& wecom, std::uint64_t seed)
        : w_(world), wecom_(wecom), random_(seed) {}

    // False when no job of any kind was due.
    bool step() {
        bool any = false;
        for (std::string_view queue :
             {SendPushBatch::queue,
              ResolvePushBatch::queue,
              PollPushBatch::queue,
              PushCommand::queue}) {
            for (const Job& job : w_.jobs.claim(queue, 3, 30'000)) {
                any = true;
                run(queue, job);
            }
        }
        return any;
    }

    // The process dies and comes back: its leases are void and its intents unknown.
    void restart() {
        w_.clock().advance(31'000);
        w_.write([&](Transaction& tx) { w_.ledger.recover_intents(tx, PushLedger::Lost::all); });
        late_.clear();
    }

    bool chance(int percent) { return random_.below(100) < static_cast<std::uint64_t>(percent); }

    void deliver_late_answers() {
        for (const Late& late : late_) {
            settle_answer(late.batch, late.attempt, late.msgid);
        }
        late_.clear();
    }

    int faults = 40;  // percent

private:
    struct Late {
        BatchId batch;
        int attempt;
        std::string msgid;
    };

    void run(std::string_view queue, const Job& job) {
        if (queue == PushCommand::queue) {
            command(job, *decode<PushCommand>(job.payload));
        } else if (queue == SendPushBatch::queue) {
            send(job, BatchId{decode<SendPushBatch>(job.payload)->batch_id});
        } else if (queue == ResolvePushBatch::queue) {
            resolve(job, BatchId{decode<ResolvePushBatch>(job.payload)->batch_id});
        } else {
            poll(job, BatchId{decode<PollPushBatch>(job.payload)->batch_id});
        }
    }

    void send(const Job& job, BatchId id) {
        const BatchView b = w_.batch(id);
        if (chance(faults / 4)) {
            return;  // died before the intent
        }
        const Result<IntentDecision> decision = w_.begin(id, 30'000);
        ASSERT_TRUE(decision.has_value());
        if (decision->kind == IntentDecision::Kind::wait) {
            w_.jobs.release(job, decision->until, "wait");
            return;
        }
        if (decision->kind == IntentDecision::Kind::stop) {
            w_.jobs.done(job);
            return;
        }
        if (chance(faults / 4)) {
            return;  // died between intent and call
        }
        const bool refused = chance(faults / 8);
        const bool lost = chance(faults / 4);
        const std::string msgid = refused || lost ? "" : wecom_.create(b, w_.clock().now());
        if (chance(faults / 3)) {
            return;  // died after the call
        }
        const bool timeout = lost || chance(faults / 3);
        w_.write([&](Transaction& tx) {
            if (timeout) {
                ASSERT_TRUE(w_.ledger.record_unknown(tx, w_.corp, id, decision->attempt, "timeout")
                                .has_value());
            } else if (refused) {
                ASSERT_TRUE(w_.ledger.record_rejected(tx, w_.corp, id, decision->attempt, 41048, "")
                                .has_value());
            } else {
                ASSERT_TRUE(w_.ledger
                                .record_submitted(tx, w_.corp, id, decision->attempt, msgid, {})
                                .has_value());
            }
            w_.jobs.done(tx, job);
        });
        if (timeout && !msgid.empty() && chance(30)) {
            late_.push_back({id, decision->attempt, msgid});
        }
    }

    void settle_answer(BatchId id, int attempt, const std::string& msgid) {
        const Result<PushLedger::Submitted> done = w_.submitted(id, attempt, msgid);
        ASSERT_TRUE(done.has_value());
        if (*done == PushLedger::Submitted::second) {
            wecom_.at(msgid).cancelled = true;
        }
    }

    void resolve(const Job& job, BatchId id) {
        const BatchView b = w_.batch(id);
        if (b.state != RecipientState::unknown) {
            w_.jobs.done(job);
            return;
        }
        std::vector<FoundTask> tasks;
        for (const FakeWeCom::Task& task : wecom_.tasks) {
            if (task.created >= b.intent_ms - minute) {
                tasks.push_back({task.msgid, task.sender, task.text == b.content.text});
            }
        }
        const auto found = w_.read<std::vector<std::string>>([&](Snapshot& s) {
            return PushLedger::found_for(s, w_.corp, b, tasks);
        });
        w_.write([&](Transaction& tx) {
            if (found.size() == 1) {
                ASSERT_TRUE(
                    w_.ledger.resolve_found(tx, w_.corp, id, b.attempt, found[0]).has_value()
                );
                w_.jobs.done(tx, job);
                return;
            }
            ASSERT_TRUE(found.empty()) << "two unowned equal tasks cannot be";
            const auto next = w_.ledger.resolve_none(tx, w_.corp, id, b.attempt);
            ASSERT_TRUE(next.has_value());
            if (!next->has_value()) {
                w_.jobs.done(tx, job);
            } else {
                again_ = **next;
            }
        });
        if (again_ > 0) {
            w_.jobs.release(job, again_, "look again");
            again_ = 0;
        }
    }

    void poll(const Job& job, BatchId id) {
        const BatchView b = w_.batch(id);
        if (b.msgid.empty()) {
            w_.jobs.done(job);
            return;
        }
        FakeWeCom::Task& task = wecom_.at(b.msgid);
        if (!task.cancelled && chance(40)) {
            task.sent = true;
        }
        std::vector<SendRow> rows;
        for (std::size_t i = 0; i < task.recipients.size(); ++i) {
            rows.push_back(
                {task.recipients[i],
                 task.sent ? SendStatus(1 + i % 3) : SendStatus::unsent,
                 w_.clock().now()}
            );
        }
        w_.write([&](Transaction& tx) {
            ASSERT_TRUE(w_.ledger.record_results(tx, w_.corp, id, rows).has_value());
        });
        if (chance(faults / 4)) {
            return;  // died between the pages and their end
        }
        const auto next = w_.in_write<std::optional<UnixMillis>>([&](Transaction& tx) {
            return w_.ledger.record_polled(tx, w_.corp, id);
        });
        ASSERT_TRUE(next.has_value());
        if (next->has_value()) {
            w_.jobs.release(job, **next, "poll again");
        } else {
            w_.jobs.done(job);
        }
    }

    void command(const Job& job, const PushCommand& command) {
        for (const BatchView& b : w_.batches(PushId{command.push_id})) {
            if (command.command == "cancel" && b.state == RecipientState::submitted) {
                FakeWeCom::Task& task = wecom_.at(b.msgid);
                task.cancelled = task.cancelled || !task.sent;
                if (chance(faults / 4)) {
                    return;
                }
                w_.write([&](Transaction& tx) {
                    ASSERT_TRUE(w_.ledger.record_cancelled(tx, w_.corp, b.batch).has_value());
                });
            }
        }
        w_.jobs.done(job);
    }

    PushWorld& w_;
    FakeWeCom& wecom_;
    SeededRng random_;
    std::vector<Late> late_;
    UnixMillis again_ = 0;
};

void expect_at_most_one_task(const FakeWeCom& wecom) {
    std::map<std::string, int> live;
    for (const FakeWeCom::Task& task : wecom.tasks) {
        for (const std::string& recipient : task.recipients) {
            live[recipient + task.text] += task.cancelled ? 0 : 1;
        }
    }
    for (const auto& [who, n] : live) {
        ASSERT_LE(n, 1) << who;
    }
}

void drive(PushWorld& w, Sender& sender, FakeWeCom& wecom, const std::function<bool()>& done) {
    for (int round = 0; round < 4'000 && !done(); ++round) {
        w.run_own_jobs();
        sender.step();
        if (sender.chance(20)) {
            sender.restart();
        }
        if (sender.chance(10)) {
            sender.deliver_late_answers();
        }
        w.clock().advance(20'000);
        expect_at_most_one_task(wecom);
        if (testing::Test::HasFatalFailure()) {
            return;
        }
    }
    ASSERT_TRUE(done());
}

class PushCrash : public testing::TestWithParam<std::uint64_t> {};

TEST_P(PushCrash, NobodyIsInTwoTasksAndEveryOutcomeIsKnown) {
    PushWorld w({.recipients_per_slice = 7, .batches_per_slice = 2, .recipients_per_batch = 4});
    for (int m = 0; m < 3; ++m) {
        w.add_people(w.member("m" + std::to_string(m)), 9);
    }
    FakeWeCom wecom;
    Sender sender(w, wecom, GetParam());
    const PushId first = w.draft("One");
    ASSERT_TRUE(w.submit(first).has_value());
    drive(w, sender, wecom, [&] { return w.push(first).status == PushStatus::done; });
    const PushCounts c = w.counts(first);
    EXPECT_EQ(c.planned, 27);
    EXPECT_EQ(c.delivered + c.not_friend + c.capped + c.rejected, 27);
    EXPECT_EQ(c.pending + c.unknown + c.waiting + c.cancelled, 0);
    std::map<std::string, std::int64_t> rows;
    for (const auto& [key, n] :
         std::map<std::string, std::int64_t>{{"delivered", 2}, {"not_friend", 3}, {"capped", 4}}) {
        rows[key] = w.number("SELECT COUNT(*) FROM push_recipient WHERE outcome = ?", {n});
    }
    EXPECT_EQ(rows["delivered"], c.delivered);
    EXPECT_EQ(rows["not_friend"], c.not_friend);
    EXPECT_EQ(rows["capped"], c.capped);
}

TEST_P(PushCrash, ACancelledPushEndsWithNothingUnknown) {
    PushWorld w({.recipients_per_slice = 7, .batches_per_slice = 2, .recipients_per_batch = 4});
    for (int m = 0; m < 2; ++m) {
        w.add_people(w.member("m" + std::to_string(m)), 9);
    }
    FakeWeCom wecom;
    Sender sender(w, wecom, GetParam() + 1'000);
    const PushId push = w.draft("One");
    ASSERT_TRUE(w.submit(push).has_value());
    int rounds = 0;
    drive(w, sender, wecom, [&] { return ++rounds > 12; });
    if (w.push(push).status == PushStatus::done) {
        return;
    }
    ASSERT_TRUE(w.in_write<Push>([&](Transaction& tx) {
                     return w.pushes.cancel(tx, w.daemon(), push);
                 }).has_value());
    drive(w, sender, wecom, [&] {
        const PushCounts c = w.counts(push);
        return c.unknown + c.pending + c.waiting == 0 &&
               w.number("SELECT COUNT(*) FROM push_recipient WHERE outcome = 0 AND batch_id > 0") ==
                   0;
    });
    for (const FakeWeCom::Task& task : wecom.tasks) {
        EXPECT_TRUE(task.cancelled || task.sent) << task.msgid;
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PushCrash, testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace leadbridge::crm
