#include "crm/nurture/push_ledger.h"

#include "tests/crm/push_world.h"

namespace leadbridge::crm {
namespace {

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t hour = 60 * minute;

using Kind = IntentDecision::Kind;
using Submitted = PushLedger::Submitted;

class Ledger : public testing::Test {
protected:
    Ledger() {
        sender = w.member("Zhang.San");
        people = w.add_people(sender, 3);
        push = w.planned();
        id = w.batches(push).at(0).batch;
    }

    Status unknown(int attempt = 1) {
        return w.status_of([&](Transaction& tx) {
            return w.ledger.record_unknown(tx, w.corp, id, attempt, "timeout");
        });
    }

    Result<std::optional<UnixMillis>> none(int attempt = 1) {
        return w.in_write<std::optional<UnixMillis>>([&](Transaction& tx) {
            return w.ledger.resolve_none(tx, w.corp, id, attempt);
        });
    }

    Status found(std::string_view msgid, int attempt = 1) {
        return w.status_of([&](Transaction& tx) {
            return w.ledger.resolve_found(tx, w.corp, id, attempt, msgid);
        });
    }

    Status results(const std::vector<SendRow>& rows) {
        return w.status_of([&](Transaction& tx) {
            return w.ledger.record_results(tx, w.corp, id, rows);
        });
    }

    Result<std::optional<UnixMillis>> polled() {
        return w.in_write<std::optional<UnixMillis>>([&](Transaction& tx) {
            return w.ledger.record_polled(tx, w.corp, id);
        });
    }

    Status cancelled_upstream() {
        return w.status_of([&](Transaction& tx) {
            return w.ledger.record_cancelled(tx, w.corp, id);
        });
    }

    void cancel_push() {
        ASSERT_TRUE(w.in_write<Push>([&](Transaction& tx) {
                         return w.pushes.cancel(tx, w.daemon(), push);
                     }).has_value());
    }

    // The three looks find nothing.
    void look_in_vain(int attempt = 1) {
        w.clock().advance(minute);
        ASSERT_TRUE(none(attempt)->has_value());
        w.clock().advance(4 * minute);
        ASSERT_TRUE(none(attempt)->has_value());
        w.clock().advance(10 * minute);
        ASSERT_FALSE(none(attempt)->has_value());
    }

    RecipientState state() { return w.batch(id).state; }

    PushWorld w;
    MemberId sender;
    std::vector<PushWorld::Person> people;
    PushId push;
    BatchId id;
};

TEST_F(Ledger, ABatchKnowsWhatToSendToWhom) {
    const BatchView b = w.batch(id);
    EXPECT_EQ(b.sender, "Zhang.San");
    EXPECT_EQ(b.content.text, "Hello");
    EXPECT_EQ(b.external_userids, (std::vector<std::string>{"wm1", "wm2", "wm3"}));
    EXPECT_EQ(b.recipients, 3);
    EXPECT_EQ(b.attempt, 0);
    EXPECT_EQ(w.counts(push).pending, 3);
    EXPECT_EQ(w.waiting_jobs(SendPushBatch::queue), 1);
}

TEST_F(Ledger, IntentThenTask) {
    EXPECT_EQ(w.begin(id)->kind, Kind::go);
    EXPECT_EQ(state(), RecipientState::intent);
    EXPECT_EQ(w.batch(id).intent_ms, w.clock().now());
    EXPECT_EQ(*w.submitted(id, 1, "msg1"), Submitted::first);
    EXPECT_EQ(state(), RecipientState::submitted);
    EXPECT_EQ(w.batch(id).msgid, "msg1");
    EXPECT_EQ(w.counts(push).waiting, 3);
    EXPECT_EQ(w.waiting_jobs(PollPushBatch::queue), 1);
    const auto owned = w.read<std::vector<std::string>>([&](Snapshot& s) {
        return PushLedger::owned_msgids(s, w.corp);
    });
    EXPECT_EQ(owned, std::vector<std::string>{"msg1"});
    EXPECT_EQ(w.begin(id)->kind, Kind::stop);
    EXPECT_EQ(*w.submitted(id, 1, "msg1"), Submitted::first);  // told twice
    EXPECT_EQ(w.counts(push).doubled_tasks, 0);
}

TEST_F(Ledger, NobodyBeginsUnderALivingIntentAndADeadOneIsUnknown) {
    EXPECT_EQ(w.begin(id, 30'000)->kind, Kind::go);
    Result<IntentDecision> second = w.begin(id);
    EXPECT_EQ(second->kind, Kind::wait);
    EXPECT_EQ(second->until, w.clock().now() + 30'000);
    w.clock().advance(30'001);
    EXPECT_EQ(w.begin(id)->kind, Kind::stop);
    EXPECT_EQ(state(), RecipientState::unknown);
    EXPECT_EQ(w.waiting_jobs(ResolvePushBatch::queue), 1);
    EXPECT_EQ(w.begin(id)->kind, Kind::stop);
    EXPECT_EQ(w.counts(push).unknown, 3);
    EXPECT_EQ(
        w.read<std::int64_t>([](Snapshot& s) { return PushLedger::unknown_recipients(s); }), 3
    );
}

TEST_F(Ledger, RestartMakesIntentsUnknown) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    auto recover = [&](PushLedger::Lost lost) {
        return *w.in_write<int>([&](Transaction& tx) -> Result<int> {
            return w.ledger.recover_intents(tx, lost);
        });
    };
    EXPECT_EQ(recover(PushLedger::Lost::lease_ended), 0);
    EXPECT_EQ(recover(PushLedger::Lost::all), 1);
    EXPECT_EQ(recover(PushLedger::Lost::all), 0);
    EXPECT_EQ(state(), RecipientState::unknown);
    EXPECT_EQ(
        w.number("SELECT run_at FROM job WHERE queue = ?", {ResolvePushBatch::queue}),
        w.clock().now() + minute
    );
}

TEST_F(Ledger, OnlyTheRightAttemptMayRecord) {
    EXPECT_EQ(unknown().error().code, ErrorCode::conflict);  // planned
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    EXPECT_EQ(unknown(2).error().code, ErrorCode::conflict);
    EXPECT_EQ(found("m").error().code, ErrorCode::conflict);  // intent
    EXPECT_EQ(none().error().code, ErrorCode::conflict);
    EXPECT_EQ(results({}).error().code, ErrorCode::conflict);
    EXPECT_EQ(cancelled_upstream().error().code, ErrorCode::conflict);
    EXPECT_EQ(w.submitted(id, 1, "").error().code, ErrorCode::invalid);
    EXPECT_EQ(w.submitted(BatchId{5}, 1, "m").error().code, ErrorCode::not_found);
    EXPECT_TRUE(unknown().has_value());
    EXPECT_TRUE(unknown().has_value());
    const Result<IntentDecision> other = w.in_write<IntentDecision>([&](Transaction& tx) {
        return w.ledger.begin_intent(tx, CorpId{12}, id, "h", {});
    });
    EXPECT_EQ(other.error().code, ErrorCode::not_found);  // another corp's batch
}

TEST_F(Ledger, ARejectedBatchRejectsItsRecipientsAndEndsThePush) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    auto reject = [&] {
        return w.status_of([&](Transaction& tx) {
            return w.ledger.record_rejected(tx, w.corp, id, 1, 41048, "no target");
        });
    };
    EXPECT_TRUE(reject().has_value());
    EXPECT_TRUE(reject().has_value());
    EXPECT_EQ(w.counts(push).rejected, 3);
    EXPECT_EQ(w.push(push).status, PushStatus::sending);
    w.run_own_jobs();
    EXPECT_EQ(w.counts(push).rejected, 3);
    EXPECT_EQ(w.push(push).status, PushStatus::done);
    EXPECT_EQ(w.batch(id).errcode, 41048);
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM timeline WHERE kind = 'push'"), 3);
}

TEST_F(Ledger, WhatWasCertainlyNotSentIsPlannedAgainUnderTheSameAttempt) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    auto abandon = [&](int attempt) {
        return w.status_of([&](Transaction& tx) {
            return w.ledger.abandon_intent(tx, w.corp, id, attempt);
        });
    };
    EXPECT_FALSE(abandon(2).has_value());
    EXPECT_TRUE(abandon(1).has_value());
    EXPECT_EQ(state(), RecipientState::planned);
    Result<IntentDecision> again = w.begin(id);
    EXPECT_EQ(again->kind, Kind::go);
    EXPECT_EQ(again->attempt, 1);
}

TEST_F(Ledger, ThreeLooksInVainMakeANewAttempt) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_TRUE(unknown().has_value());
    const UnixMillis since = w.clock().now();
    w.clock().advance(minute);
    EXPECT_EQ(**none(), since + 5 * minute);
    EXPECT_EQ(**none(), since + 5 * minute);  // a look before its time shortens nothing
    EXPECT_EQ(**none(), since + 5 * minute);
    w.clock().advance(4 * minute);
    EXPECT_EQ(**none(), since + 15 * minute);
    w.clock().advance(10 * minute);
    EXPECT_FALSE(none()->has_value());
    EXPECT_EQ(state(), RecipientState::planned);
    EXPECT_EQ(w.counts(push).pending, 3);
    EXPECT_EQ(w.begin(id)->attempt, 2);
}

TEST_F(Ledger, LooksThatTheDaemonSleptThroughAreMadeUp) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_TRUE(unknown().has_value());
    w.clock().advance(24 * hour);
    EXPECT_EQ(**none(), w.clock().now() + minute);
    EXPECT_EQ(**none(), w.clock().now() + minute);
    EXPECT_FALSE(none()->has_value());
}

TEST_F(Ledger, AttemptsEnd) {
    for (int attempt = 1; attempt <= 5; ++attempt) {
        ASSERT_EQ(w.begin(id)->attempt, attempt);
        ASSERT_TRUE(unknown(attempt).has_value());
        look_in_vain(attempt);
    }
    EXPECT_EQ(state(), RecipientState::rejected);
}

TEST_F(Ledger, TheTaskIsFoundByContentSenderAndOwnership) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_TRUE(unknown().has_value());
    w.write([&](Transaction& tx) {
        EXPECT_TRUE(w.ledger.record_second(tx, w.corp, id, "ours-already").has_value());
    });
    const std::vector<FoundTask> tasks{
        {"ours-already", "zhang.san", true},
        {"other-sender", "li.si", true},
        {"other-text", "zhang.san", false},
        {"two-senders", "", true},
        {"it", "zhang.san", true},
        {"it", "zhang.san", true}};
    const auto hits = w.read<std::vector<std::string>>([&](Snapshot& s) {
        return PushLedger::found_for(s, w.corp, w.batch(id), tasks);
    });
    EXPECT_EQ(hits, std::vector<std::string>{"it"});
    EXPECT_TRUE(found("it").has_value());
    EXPECT_TRUE(found("it").has_value());
    EXPECT_EQ(state(), RecipientState::submitted);
    EXPECT_EQ(w.waiting_jobs(PollPushBatch::queue), 1);
}

TEST_F(Ledger, SeveralCandidatesWaitForAPerson) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_TRUE(unknown().has_value());
    auto review = [&] {
        return w.status_of([&](Transaction& tx) {
            return w.ledger.resolve_for_review(tx, w.corp, id, 1, {"a", "b"});
        });
    };
    auto decide = [&](std::string_view msgid) {
        return w.status_of([&](Transaction& tx) {
            return w.ledger.decide_review(tx, w.corp, id, msgid);
        });
    };
    EXPECT_FALSE(decide("a").has_value());  // not yet for review
    ASSERT_TRUE(review().has_value());
    EXPECT_EQ(w.counts(push).unknown, 3);
    EXPECT_EQ(none().error().code, ErrorCode::conflict);
    EXPECT_EQ(w.begin(id)->kind, Kind::stop);
    ASSERT_TRUE(decide("b").has_value());
    EXPECT_EQ(w.batch(id).msgid, "b");
    EXPECT_FALSE(decide("").has_value());
}

TEST_F(Ledger, APersonMaySayItWasNotSubmitted) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_TRUE(unknown().has_value());
    w.write([&](Transaction& tx) {
        ASSERT_TRUE(w.ledger.resolve_for_review(tx, w.corp, id, 1, {"a", "b"}).has_value());
        ASSERT_TRUE(w.ledger.decide_review(tx, w.corp, id, "").has_value());
    });
    EXPECT_EQ(w.begin(id)->attempt, 2);
}

TEST_F(Ledger, ALateAnswerIsTheTaskWhileNoOtherAttemptRuns) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_TRUE(unknown().has_value());
    look_in_vain();
    EXPECT_EQ(*w.submitted(id, 1, "late"), Submitted::first);
    EXPECT_EQ(w.begin(id)->kind, Kind::stop);
    EXPECT_EQ(w.batch(id).msgid, "late");
}

TEST_F(Ledger, ALateAnswerDuringTheNextAttemptIsASecondTask) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_TRUE(unknown().has_value());
    look_in_vain();
    ASSERT_EQ(w.begin(id)->attempt, 2);
    EXPECT_EQ(*w.submitted(id, 1, "late"), Submitted::second);
    EXPECT_EQ(*w.submitted(id, 1, "late"), Submitted::second);
    EXPECT_EQ(state(), RecipientState::intent);
    EXPECT_EQ(*w.submitted(id, 2, "msg2"), Submitted::first);
    EXPECT_EQ(w.counts(push).doubled_tasks, 1);
    const auto owned = w.read<std::vector<std::string>>([&](Snapshot& s) {
        return PushLedger::owned_msgids(s, w.corp);
    });
    EXPECT_EQ(owned, (std::vector<std::string>{"late", "msg2"}));
}

TEST_F(Ledger, EqualSenderAndContentAreNeverInFlightTogether) {
    w.add_people(sender, 2);
    w.write([&](Transaction& tx) {
        tx.execute("UPDATE push_recipient SET outcome = 2, outcome_ms = 0");
    });
    const BatchId same = w.batches(w.planned("Hello")).at(0).batch;
    const BatchId other =
        w.batches(w.planned("Hello?", R"({"any":[]})")).empty() ? BatchId{} : BatchId{1};
    EXPECT_EQ(other, BatchId{});
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    EXPECT_EQ(w.begin(same)->kind, Kind::wait);
    ASSERT_TRUE(unknown().has_value());
    EXPECT_EQ(w.begin(same)->kind, Kind::wait);
    w.write([&](Transaction& tx) {
        ASSERT_TRUE(w.ledger.resolve_for_review(tx, w.corp, id, 1, {"x", "y"}).has_value());
    });
    EXPECT_EQ(w.begin(same)->kind, Kind::wait);
    ASSERT_TRUE(found("x").has_value());
    EXPECT_EQ(w.begin(same)->kind, Kind::go);
    EXPECT_EQ(w.submitted(same, 1, "x").error().reason, "msgid_taken");
}

TEST_F(Ledger, ResultsBecomeOutcomesOnce) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_EQ(*w.submitted(id, 1, "m"), Submitted::first);
    const UnixMillis sent = w.clock().now() + 5;
    const std::vector<SendRow> rows{
        {"wm1", SendStatus::sent, sent},
        {"wm2", SendStatus::unsent, 0},
        {"nobody", SendStatus::sent, sent}};
    ASSERT_TRUE(results(rows).has_value());
    ASSERT_TRUE(results(rows).has_value());
    ASSERT_TRUE(results({{"wm1", SendStatus::capped, 0}}).has_value());  // it was delivered
    PushCounts c = w.counts(push);
    EXPECT_EQ(c.delivered, 1);
    EXPECT_EQ(c.capped, 0);
    EXPECT_EQ(c.waiting, 2);
    EXPECT_EQ(w.push(push).status, PushStatus::sending);
    ASSERT_TRUE(results({{"wm2", SendStatus::not_friend, 0}, {"wm3", SendStatus::capped, 0}}
    ).has_value());
    c = w.counts(push);
    EXPECT_EQ(c.delivered + c.not_friend + c.capped, 3);
    EXPECT_EQ(c.waiting, 0);
    EXPECT_EQ(w.push(push).status, PushStatus::done);
    EXPECT_FALSE(polled()->has_value());
    EXPECT_EQ(
        w.number(
            "SELECT at_ms FROM timeline WHERE contact_id = ? AND kind = 'push'", {people[0].contact}
        ),
        sent
    );
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM timeline WHERE kind = 'push'"), 3);
}

TEST_F(Ledger, WhomWeComRefusedIsRejected) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_EQ(*w.submitted(id, 1, "m", {"wm2"}), Submitted::first);
    EXPECT_EQ(w.counts(push).rejected, 1);
    EXPECT_EQ(w.counts(push).waiting, 2);
    const RecipientPage page = w.read<RecipientPage>([&](Snapshot& s) {
        return PushStore::recipients(
            s, w.daemon(), push, {.state = RecipientState::rejected}, {}, 50
        );
    });
    ASSERT_EQ(page.items.size(), 1U);
    EXPECT_EQ(page.items[0].contact, people[1].contact);
    EXPECT_EQ(page.items[0].error, "fail_list");
}

TEST_F(Ledger, PollsBecomeRareAndEnd) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    EXPECT_EQ(polled().error().code, ErrorCode::conflict);
    ASSERT_EQ(*w.submitted(id, 1, "m"), Submitted::first);
    std::int64_t last = 0;
    int polls = 0;
    for (auto next = polled(); next->has_value(); next = polled()) {
        const std::int64_t pause = **next - w.clock().now();
        EXPECT_GE(pause, last);
        last = pause;
        w.clock().advance(pause);
        ASSERT_LT(++polls, 500);
    }
    EXPECT_GT(polls, 100);
    EXPECT_EQ(w.counts(push).waiting, 3);  // nobody ever confirmed: they stay waiting
    EXPECT_EQ(w.push(push).status, PushStatus::done);
}

TEST_F(Ledger, WhoIsInNoResultADayAfterTheMemberSentWasNotInTheTask) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_TRUE(unknown().has_value());
    ASSERT_TRUE(found("m").has_value());  // its fail_list was never seen
    ASSERT_TRUE(results({{"wm1", SendStatus::sent, 1}, {"wm2", SendStatus::sent, 1}}).has_value());
    w.write([&](Transaction& tx) {
        ASSERT_TRUE(w.ledger.record_confirmed(tx, w.corp, id, w.clock().now()).has_value());
    });
    EXPECT_TRUE(polled()->has_value());
    w.clock().advance(25 * hour);
    EXPECT_FALSE(polled()->has_value());
    w.run_own_jobs();
    EXPECT_EQ(w.counts(push).rejected, 1);
    EXPECT_EQ(w.counts(push).delivered, 2);
    EXPECT_EQ(w.push(push).status, PushStatus::done);
}

TEST_F(Ledger, CancelledBeforeItWasSentIsNeverSent) {
    cancel_push();
    EXPECT_EQ(w.begin(id)->kind, Kind::stop);
    w.run_own_jobs();
    EXPECT_EQ(state(), RecipientState::cancelled);
    EXPECT_EQ(w.counts(push).cancelled, 3);
    EXPECT_EQ(w.push(push).status, PushStatus::cancelled);
}

TEST_F(Ledger, CancelledWhileUnknownIsCancelledWhenFound) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_TRUE(unknown().has_value());
    cancel_push();
    w.run_own_jobs();
    EXPECT_EQ(state(), RecipientState::unknown);
    const std::int64_t commands = w.waiting_jobs(PushCommand::queue);
    ASSERT_TRUE(found("m").has_value());
    EXPECT_TRUE(w.batch(id).push_cancelled);
    EXPECT_GE(w.waiting_jobs(PushCommand::queue), commands);
    EXPECT_GE(w.waiting_jobs(PushCommand::queue), 1);
    ASSERT_TRUE(cancelled_upstream().has_value());
    w.run_own_jobs();
    EXPECT_EQ(w.counts(push).cancelled, 3);
}

TEST_F(Ledger, CancelledWhileUnknownAndNeverFoundIsNotSentAgain) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_TRUE(unknown().has_value());
    cancel_push();
    look_in_vain();
    EXPECT_EQ(state(), RecipientState::cancelled);
    EXPECT_EQ(*w.submitted(id, 1, "late"), Submitted::second);
}

TEST_F(Ledger, DeliveredBeforeTheCancellationCountsAsDelivered) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_EQ(*w.submitted(id, 1, "m"), Submitted::first);
    ASSERT_TRUE(cancelled_upstream().has_value());
    ASSERT_TRUE(cancelled_upstream().has_value());
    w.run_own_jobs();
    EXPECT_EQ(w.counts(push).cancelled, 3);
    ASSERT_TRUE(results({{"wm3", SendStatus::sent, 9}, {"wm1", SendStatus::unsent, 0}}).has_value()
    );
    EXPECT_EQ(w.counts(push).cancelled, 2);
    EXPECT_EQ(w.counts(push).delivered, 1);
}

TEST_F(Ledger, ThreeRemindersInADay) {
    JobId command;
    auto remind = [&] {
        ++command.value;
        return w.status_of([&](Transaction& tx) -> Status {
            auto begun = w.ledger.begin_remind(tx, w.corp, id, command);
            return begun ? Status{} : Status{begun.error()};
        });
    };
    EXPECT_EQ(remind().error().code, ErrorCode::conflict);
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_EQ(*w.submitted(id, 1, "m"), Submitted::first);
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(remind().has_value());
        w.clock().advance(hour);
    }
    const Status fourth = remind();
    EXPECT_EQ(fourth.error().code, ErrorCode::limited);
    w.clock().advance(fourth.error().retry_after_ms + 1);
    EXPECT_TRUE(remind().has_value());
    EXPECT_FALSE(remind().has_value());
}

TEST_F(Ledger, ACommandRemindsOncePerBatchAndOneCutOffIsUnknown) {
    ASSERT_EQ(w.begin(id)->kind, Kind::go);
    ASSERT_EQ(*w.submitted(id, 1, "m"), Submitted::first);
    const auto begin = [&](std::int64_t command) {
        return *w.db().write<PushLedger::Remind>([&](Transaction& tx) {
            return w.ledger.begin_remind(tx, w.corp, id, JobId{command});
        });
    };
    const auto shown = [&] {
        return w.db()
            .read<RemindState>([&](Snapshot& s) -> Result<RemindState> {
                return PushLedger::batch(s, w.corp, id)->remind;
            })
            .value();
    };
    EXPECT_EQ(begin(7), PushLedger::Remind::go);
    EXPECT_EQ(shown(), RemindState::begun);
    EXPECT_EQ(begin(7), PushLedger::Remind::stop);
    EXPECT_EQ(shown(), RemindState::unknown);
    EXPECT_EQ(begin(9), PushLedger::Remind::go);
    EXPECT_TRUE(w.status_of([&](Transaction& tx) {
                     return w.ledger.record_reminded(tx, w.corp, id, JobId{9}, RemindState::sent);
                 }).has_value());
    EXPECT_EQ(begin(8), PushLedger::Remind::stop) << "the newer command has reminded already";
    EXPECT_EQ(begin(9), PushLedger::Remind::stop);
    EXPECT_EQ(shown(), RemindState::sent);
}

}  // namespace
}  // namespace leadbridge::crm
