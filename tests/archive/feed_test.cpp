#include "archive/feed.h"

#include <gtest/gtest.h>

#include "tests/archive/archive_world.h"

namespace leadbridge::archive {
namespace {

struct FeedWorld : ArchiveWorld {
    std::vector<crm::Touch> told;
    std::function<Status(const crm::Touch&)> crm = [](const crm::Touch&) { return Status{}; };
    ArchiveFeed feed{
        {archive.db(), core.db(), clock, metrics},
        [] { return std::vector<crm::CorpDirectory::Ptr>{}; },
        [this](Transaction&, const crm::Touch& touch) -> Status {
            auto status = crm(touch);
            if (status) {
                told.push_back(touch);
            }
            return status;
        }};

    std::int64_t cursor() {
        return core.db()
            .read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
                return s.number("SELECT n FROM archive_feed_cursor WHERE corp_id = ?", {corp});
            })
            .value();
    }

    const crm::MessagesSeen& seen(std::size_t i) {
        return std::get<crm::MessagesSeen>(told.at(i).body);
    }
};

TEST(Feed, TellsCountsSidesAndSignalsOncePerConversation) {
    FeedWorld w;
    w.source.say(text_json("m1", "Zhang.San", sample_contact, "您好", 1'000));
    w.source.say(text_json("m2", sample_contact, "Zhang.San", "多少钱？", 2'000));
    w.source.say(text_json("m3", "Zhang.San", sample_contact, "明天给您报价", 3'000));
    w.source.say(text_json("m4", "Zhang.San", other_contact, "在吗", 1'500));
    w.source.say(text_json("m5", "Zhang.San", "li.si", "内部", 1'600));
    w.pull_all();
    EXPECT_EQ(w.feed.tell_some(w.corp), 2);  // the internal chat is nobody's business in crm
    ASSERT_EQ(w.told.size(), 2U);
    const std::size_t anna = w.seen(0).external_userid == sample_contact ? 0 : 1;
    const auto& seen = w.seen(anna);
    EXPECT_EQ(seen.userid, "Zhang.San");
    EXPECT_EQ(seen.from_member, 2);
    EXPECT_EQ(seen.from_contact, 1);
    EXPECT_EQ(seen.first_ms, 1'000);
    EXPECT_EQ(seen.last_ms, 3'000);
    EXPECT_EQ(seen.last_msgid, "m3");
    EXPECT_FALSE(seen.last_from_contact);
    EXPECT_EQ(seen.signals, (std::vector<std::string>{"asked", "answered", "promised"}));
    EXPECT_EQ(w.told[anna].at, 3'000);
    EXPECT_EQ(w.feed.tell_some(w.corp), 0);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM seen"), 0);
}

TEST(Feed, AnAnswerAcrossPagesIsAnAnswer) {
    FeedWorld w;
    w.source.say(text_json("m1", sample_contact, "zhang.san", "在吗", 1'000));
    w.pull_all();
    w.source.say(text_json("m2", "zhang.san", sample_contact, "在的", 2'000));
    w.pull_all();
    w.feed.tell_some(w.corp);
    ASSERT_EQ(w.told.size(), 2U);
    EXPECT_EQ(w.seen(0).signals, std::vector<std::string>{"asked"});
    EXPECT_EQ(w.seen(1).signals, std::vector<std::string>{"answered"});
}

TEST(Feed, AGroupIsToldByItsRoom) {
    FeedWorld w;
    w.source.say(text_json("m1", sample_contact, "zhang.san", "大家好", 1'000, "wrSAMPLEROOM"));
    w.pull_all();
    w.feed.tell_some(w.corp);
    ASSERT_EQ(w.told.size(), 1U);
    EXPECT_EQ(w.seen(0).roomid, "wrSAMPLEROOM");
    EXPECT_EQ(w.seen(0).userid, "");
    EXPECT_EQ(w.seen(0).external_userid, "");
}

TEST(Feed, RecallsAndConsentAreNotSpeech) {
    FeedWorld w;
    w.source.say(revoke_json("r1", "zhang.san", sample_contact, "m0"));
    w.pull_all();
    EXPECT_EQ(w.feed.tell_some(w.corp), 0);
}

TEST(Feed, AFullCrmIsAskedAgainInOrder) {
    FeedWorld w;
    w.source.say(text_json("m1", sample_contact, "zhang.san", "一"));
    w.pull_all();
    w.crm = [](const crm::Touch&) { return Status{Error{ErrorCode::overloaded, "full"}}; };
    EXPECT_EQ(w.feed.tell_some(w.corp), 0);
    EXPECT_EQ(w.cursor(), 0);
    w.crm = [](const crm::Touch&) { return Status{}; };
    EXPECT_EQ(w.feed.tell_some(w.corp), 1);
    EXPECT_EQ(w.cursor(), 1);
}

TEST(Feed, ARefusedTouchIsKeptAndHoldsUpNothing) {
    FeedWorld w;
    w.source.say(text_json("m1", sample_contact, "zhang.san", "一"));
    w.pull_all();
    w.source.say(text_json("m2", other_contact, "zhang.san", "二"));
    w.pull_all();
    w.crm = [](const crm::Touch& touch) {
        const bool bad = std::get<crm::MessagesSeen>(touch.body).external_userid == sample_contact;
        return bad ? Status{Error{ErrorCode::rule_broken, "no", "bad_touch"}} : Status{};
    };
    EXPECT_EQ(w.feed.tell_some(w.corp), 2);
    EXPECT_EQ(w.told.size(), 1U);
    EXPECT_EQ(w.store.backlog(w.corp).untold, 1);
    EXPECT_EQ(w.feed.tell_some(w.corp), 0);
}

TEST(Feed, WhatThrowsIsParkedHoldsUpNothingAndCanBeReplayed) {
    FeedWorld w;
    w.source.say(text_json("m1", sample_contact, "zhang.san", "一"));
    w.pull_all();
    w.source.say(text_json("m2", other_contact, "zhang.san", "二"));
    w.pull_all();
    bool broken = true;
    w.crm = [&](const crm::Touch& touch) {
        if (broken && std::get<crm::MessagesSeen>(touch.body).external_userid == sample_contact) {
            throw ConstraintViolation("UNIQUE constraint failed");
        }
        return Status{};
    };
    EXPECT_EQ(w.feed.tell_some(w.corp), 2);
    ASSERT_EQ(w.told.size(), 1U);
    EXPECT_EQ(w.store.backlog(w.corp).untold, 1);
    EXPECT_EQ(w.metrics.counter("leadbridge_archive_told_parked_total", "", {}).value(), 1);

    const auto replay = [&] {
        return w.archive.db()
            .write<int>([&](Transaction& tx) -> Result<int> {
                return replay_untold(tx, w.corp, 100);
            })
            .value();
    };
    EXPECT_EQ(replay(), 1);
    EXPECT_EQ(w.feed.tell_some(w.corp), 1) << "still broken: parked again";
    EXPECT_EQ(w.store.backlog(w.corp).untold, 1);
    broken = false;
    EXPECT_EQ(replay(), 1);
    w.source.say(text_json("m3", other_contact, "zhang.san", "三"));
    w.pull_all();
    EXPECT_EQ(w.feed.tell_some(w.corp), 2);
    ASSERT_EQ(w.told.size(), 3U);
    EXPECT_EQ(w.seen(1).last_msgid, "m1");
    EXPECT_EQ(w.store.backlog(w.corp).untold, 0);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM seen"), 0);
    EXPECT_EQ(replay(), 0);
}

TEST(Feed, ACrashAfterTellingDoesNotTellAgain) {
    FeedWorld w;
    w.source.say(text_json("m1", sample_contact, "zhang.san", "一"));
    w.pull_all();
    w.feed.tell_some(w.corp);
    // The row is back, as if the process had ended between core's commit and archive's.
    w.source.say(text_json("m2", sample_contact, "zhang.san", "二"));
    w.pull_all();
    w.archive.db()
        .write<bool>([](Transaction& tx) -> Result<bool> {
            tx.execute(
                "INSERT INTO seen SELECT corp_id, 1, conversation_id, userid, external_userid, "
                "roomid, from_contact, from_member, first_ms,"
                " last_ms, 'm1', last_from_contact, signals, '' FROM seen WHERE n = 2"
            );
            return true;
        })
        .value();
    EXPECT_EQ(w.feed.tell_some(w.corp), 1);
    ASSERT_EQ(w.told.size(), 2U);
    EXPECT_EQ(w.seen(1).last_msgid, "m2");
}

TEST(Feed, ARestoredArchiveIsToldAgainUnderTheSameKey) {
    FeedWorld w;
    w.source.say(text_json("m1", sample_contact, "zhang.san", "一"));
    w.pull_all();
    w.feed.tell_some(w.corp);
    w.core.db()
        .write<bool>([&](Transaction& tx) -> Result<bool> {
            tx.execute("UPDATE archive_feed_cursor SET n = 900"
            );  // core is ahead of an older archive.db
            return true;
        })
        .value();
    w.source.say(text_json("m2", sample_contact, "zhang.san", "二"));
    w.pull_all();
    EXPECT_EQ(w.feed.tell_some(w.corp), 1);
    EXPECT_NE(w.told.at(0).key, w.told.at(1).key);
    EXPECT_EQ(w.cursor(), 2);
}

}  // namespace
}  // namespace leadbridge::archive
