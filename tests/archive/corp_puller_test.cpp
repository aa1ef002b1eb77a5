#include "archive/corp_puller.h"

#include <gtest/gtest.h>

#include "tests/archive/archive_world.h"

namespace leadbridge::archive {
namespace {

TEST(CorpPuller, StoresAPageAndItsCursorAndCanReadItBack) {
    ArchiveWorld w;
    w.source.say(text_json("m1", "zhang.san", sample_contact, "您好"));
    w.source.say(text_json("m2", sample_contact, "zhang.san", "多少钱？"));
    w.pull_all();

    const auto messages = w.with(sample_contact);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0].summary, "多少钱？");  // newest first
    EXPECT_EQ(messages[0].side, Side::contact);
    EXPECT_EQ(messages[1].summary, "您好");
    EXPECT_EQ(messages[1].side, Side::member);
    EXPECT_EQ(w.puller->status().seq, 2);
    EXPECT_EQ(w.count("SELECT seq FROM archive_pull WHERE corp_id = 41"), 2);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM envelope WHERE state = 1"), 2);
}

TEST(CorpPuller, NothingReadableStandsInTheFile) {
    ArchiveWorld w;
    w.source.say(text_json("m1", "zhang.san", sample_contact, "SECRETWORD"));
    w.pull_all();
    std::vector<std::string> stored;
    ASSERT_TRUE(w.archive.db().read<bool>([&](Snapshot& s) -> Result<bool> {
        const auto take = [&](const Row& row) {
            stored.emplace_back(row.blob(0));
            return Visit::next;
        };
        s.each("SELECT body FROM message", {}, take);
        s.each("SELECT summary FROM message", {}, take);
        s.each("SELECT bytes FROM envelope", {}, take);
        return true;
    }));
    ASSERT_EQ(stored.size(), 3U);
    for (const std::string& bytes : stored) {
        EXPECT_FALSE(bytes.empty());
        EXPECT_EQ(bytes.find("SECRETWORD"), std::string::npos);
    }
}

TEST(CorpPuller, PagesUntilThereIsNoMore) {
    ArchiveWorld w;
    w.options.page_limit = 10;
    w.restart({1});
    for (int i = 0; i < 35; ++i) {
        w.source.say(text_json("m" + std::to_string(i), "zhang.san", sample_contact, "x"));
    }
    w.pull_all();
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM message"), 35);
    EXPECT_EQ(w.source.up.pulls, 4);
}

TEST(CorpPuller, AMessageThatComesTwiceIsStoredOnce) {
    ArchiveWorld w;
    w.source.say(text_json("same", "zhang.san", sample_contact, "一次"));
    w.source.say(text_json("same", "zhang.san", sample_contact, "一次"));  // another seq, one msgid
    w.pull_all();
    EXPECT_EQ(w.with(sample_contact).size(), 1U);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM envelope WHERE state = 5"), 1);
}

TEST(CorpPuller, TheSamePageAgainChangesNothing) {
    ArchiveWorld w;
    w.source.say(text_json("m1", "zhang.san", sample_contact, "一"));
    w.pull_all();
    // The cursor was restored to an older state, as from a backup.
    w.archive.db()
        .write<bool>([](Transaction& tx) -> Result<bool> {
            tx.execute("UPDATE archive_pull SET seq = 0");
            return true;
        })
        .value();
    w.pull_all();
    EXPECT_EQ(w.with(sample_contact).size(), 1U);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM envelope"), 1);
    EXPECT_EQ(w.count("SELECT messages FROM conversation"), 1);
}

TEST(CorpPuller, ARecallMarksItsOriginalAndKeepsIt) {
    ArchiveWorld w;
    w.source.say(text_json("m1", "zhang.san", sample_contact, "说错了"));
    w.source.say(revoke_json("r1", "zhang.san", sample_contact, "m1"));
    w.pull_all();
    const auto messages = w.with(sample_contact);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[1].msgid, "m1");
    EXPECT_EQ(messages[1].recalled_ms, 1'760'000'005'000);
    EXPECT_EQ(messages[1].summary, "说错了");
    EXPECT_EQ(messages[0].recalled_ms, 0);
}

TEST(CorpPuller, FollowersAreToldOfConversationsOnceASlice) {
    ArchiveWorld w;
    const auto told = [&](const std::string& kind) {
        return w.count(
            "SELECT COUNT(*) FROM change_log l JOIN conversation c ON c.id = l.id WHERE l.topic = "
            "'conversation' AND l.kind = '" +
            kind + "'"
        );
    };
    w.source.say(text_json("m1", "zhang.san", sample_contact, "一"));
    w.source.say(text_json("m2", "zhang.san", sample_contact, "二"));
    w.source.say(text_json("m3", "zhang.san", other_contact, "三"));
    w.pull_all();
    EXPECT_EQ(told("updated"), 2);
    EXPECT_EQ(told("recalled"), 0);
    w.source.say(revoke_json("r1", "zhang.san", sample_contact, "m2"));
    w.pull_all();
    EXPECT_EQ(told("recalled"), 1);
}

TEST(CorpPuller, ARecallThatComesFirstMarksTheOriginalWhenItComes) {
    ArchiveWorld w;
    w.source.say(revoke_json("r1", "zhang.san", sample_contact, "m1"));
    w.source.say(text_json("m1", "zhang.san", sample_contact, "说错了"));
    w.pull_all();
    const auto messages = w.with(sample_contact);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[0].msgid, "m1");
    EXPECT_EQ(messages[0].recalled_ms, 1'760'000'005'000);
}

TEST(CorpPuller, AMissingKeyVersionWaitsVisiblyAndHoldsUpNothing) {
    ArchiveWorld w({1});
    w.source.say(text_json("m1", "zhang.san", sample_contact, "旧"), 1);
    w.source.say(text_json("m2", "zhang.san", sample_contact, "新"), 2);
    w.source.say(text_json("m3", "zhang.san", sample_contact, "旧"), 1);
    w.pull_all();
    EXPECT_EQ(w.with(sample_contact).size(), 2U);
    auto backlog = w.store.backlog(w.corp);
    ASSERT_EQ(backlog.waiting_keys.size(), 1U);
    EXPECT_EQ(backlog.waiting_keys[0].version, 2);
    EXPECT_EQ(backlog.waiting_keys[0].messages, 1);

    w.set_keys({1, 2});
    w.pull_all();
    const auto messages = w.with(sample_contact);
    ASSERT_EQ(messages.size(), 3U);
    EXPECT_EQ(messages[1].msgid, "m2");  // at its place by seq
    EXPECT_TRUE(w.store.backlog(w.corp).waiting_keys.empty());
}

TEST(CorpPuller, AKeyAddedWhileTheDaemonWasDownIsUsedAfterTheStart) {
    ArchiveWorld w({1});
    w.source.say(text_json("m1", "zhang.san", sample_contact, "新"), 2);
    w.pull_all();
    w.restart({1, 2});
    w.pull_all();
    EXPECT_EQ(w.with(sample_contact).size(), 1U);
}

TEST(CorpPuller, AWrongKeyIsToldApartTriedAgainAndMendedByTheRightOne) {
    ArchiveWorld w(std::vector<int>{});
    ASSERT_TRUE(w.puller->set_keys({{1, sample_key(9).private_pem()}}));
    w.source.say(text_json("m1", "zhang.san", sample_contact, "x"), 1);
    w.pull_all();
    EXPECT_EQ(w.with(sample_contact).size(), 0U);
    EXPECT_EQ(w.store.backlog(w.corp).retrying, 1);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM envelope WHERE reason = 'wrong_key' AND tries = 1"), 1);

    for (int i = 0; i < w.options.max_tries; ++i) {
        w.clock.advance(12LL * 3'600'000);
        w.pull_all();
    }
    EXPECT_EQ(w.store.backlog(w.corp).undecryptable, 1);  // kept
    w.set_keys({1});
    w.pull_all();
    EXPECT_EQ(w.with(sample_contact).size(), 1U);
    EXPECT_EQ(w.store.backlog(w.corp).undecryptable, 0);
}

TEST(CorpPuller, TextThatIsNotJsonIsKeptAndDoesNotStopTheRest) {
    ArchiveWorld w;
    w.source.say("not json at all");
    w.source.say(text_json("m2", "zhang.san", sample_contact, "后面的"));
    w.pull_all();
    EXPECT_EQ(w.with(sample_contact).size(), 1U);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM envelope WHERE reason = 'not_json'"), 1);
}

TEST(CorpPuller, AMessageThatKillsTheLibraryIsSetAsideAfterThreeDeaths) {
    ArchiveWorld w;
    const std::string evil = text_json("evil", "zhang.san", sample_contact, "x");
    w.source.up.decrypt_errors[evil] = Error{ErrorCode::retry_later, "died", "sdk_crashed"};
    w.source.say(evil);
    w.source.say(text_json("m2", "zhang.san", sample_contact, "后面的"));
    EXPECT_GT(w.puller->step(w.source).wait_ms, 0);
    EXPECT_TRUE(w.puller->status().error.has_value());
    for (int i = 0; i < 4; ++i) {
        w.clock.advance(12LL * 3'600'000);
        w.pull_all();
    }
    EXPECT_EQ(w.with(sample_contact).size(), 1U);
    EXPECT_EQ(w.store.backlog(w.corp).undecryptable, 1);
    EXPECT_FALSE(w.puller->status().error.has_value());
}

TEST(CorpPuller, TooLargeAPageIsHalvedAndGrowsAgain) {
    ArchiveWorld w;
    w.source.up.pull_errors = {{ErrorCode::too_large, "301058"}, {ErrorCode::too_large, "301058"}};
    w.source.say(text_json("m1", "zhang.san", sample_contact, "x"));
    EXPECT_GT(w.puller->step(w.source).wait_ms, 0);
    EXPECT_EQ(w.source.up.last_limit, 500);
    w.puller->step(w.source);
    EXPECT_EQ(w.source.up.last_limit, 250);
    w.puller->step(w.source);
    EXPECT_EQ(w.source.up.last_limit, 125);
    w.puller->step(w.source);
    EXPECT_EQ(w.source.up.last_limit, 250);
    EXPECT_EQ(w.with(sample_contact).size(), 1U);
}

TEST(CorpPuller, AnErrorIsVisibleAndLongWhenOnlyAPersonMendsIt) {
    ArchiveWorld w;
    w.source.up.pull_errors = {{ErrorCode::auth, "address not trusted", "untrusted_ip", 10009}};
    EXPECT_GE(w.puller->step(w.source).wait_ms, w.options.refused_wait_ms);
    ASSERT_TRUE(w.puller->status().error.has_value());
    EXPECT_EQ(w.puller->status().error->reason, "untrusted_ip");
    w.puller->step(w.source);
    EXPECT_FALSE(w.puller->status().error.has_value());
}

TEST(CorpPuller, AJumpInSeqIsRecordedAndALongPauseMakesItALoss) {
    ArchiveWorld w;
    w.source.say(text_json("m1", "zhang.san", sample_contact, "x"), 1, 10);
    w.pull_all();
    w.source.say(text_json("m2", "zhang.san", sample_contact, "x"), 1, 15);
    w.pull_all();
    EXPECT_EQ(w.store.backlog(w.corp).gaps_seen, 1);
    EXPECT_EQ(w.store.backlog(w.corp).gaps_lost, 0);

    for (int i = 0; i < 20; ++i) {
        w.source.say(text_json("old" + std::to_string(i), "zhang.san", sample_contact, "x"));
    }
    w.source.up.oldest_seq = 30;
    w.clock.advance(6LL * 24 * 3'600'000);
    w.pull_all();
    EXPECT_EQ(w.store.backlog(w.corp).gaps_lost, 1);
    EXPECT_EQ(w.count("SELECT expected_seq FROM archive_gap WHERE lost = 1"), 16);
    EXPECT_EQ(w.count("SELECT first_seq FROM archive_gap WHERE lost = 1"), 30);
}

TEST(CorpPuller, ACrashBetweenStoringAndOpeningLosesNothingAndDoublesNothing) {
    ArchiveWorld w;
    for (int i = 0; i < 30; ++i) {
        w.source.say(text_json("m" + std::to_string(i), "zhang.san", sample_contact, "x"));
    }
    // Stored, cursor moved, then the process is gone.
    EnvelopeStore envelopes(w.archive.db(), *w.vault, w.clock, w.ids);
    const auto page = w.source.pull(0, 20).value();
    ASSERT_EQ(envelopes.store(w.corp, envelopes.state(w.corp), page).value().size(), 20U);
    w.restart({1});
    w.pull_all();
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM message"), 30);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM envelope WHERE state = 1"), 30);
    EXPECT_EQ(w.count("SELECT messages FROM conversation"), 30);
}

TEST(CorpPuller, TheTimeOfTheLastCompletePullIsKnown) {
    ArchiveWorld w;
    w.pull_all();
    EXPECT_EQ(w.puller->status().caught_up_ms, w.clock.now());
    const auto then = w.clock.now();
    w.clock.advance(50'000);
    w.source.up.pull_errors = {{ErrorCode::retry_later, "network", "network", 10001}};
    w.puller->step(w.source);
    EXPECT_EQ(w.puller->status().caught_up_ms, then);
}

TEST(CorpPuller, ConsentIsKeptByItsTime) {
    ArchiveWorld w;
    const auto consent = [](const std::string& msgid, bool agreed, std::int64_t at) {
        const std::string type = agreed ? "agree" : "disagree";
        return R"({"msgid":")" + msgid + R"(","action":"send","from":")" + sample_contact +
               R"(","tolist":["zhang.san"],"roomid":"","msgtime":)" + std::to_string(at) +
               R"(,"msgtype":")" + type + R"(",")" + type + R"(":{"userid":")" + sample_contact +
               R"(",")" + type + R"(_time":)" + std::to_string(at) + "}}";
    };
    w.source.say(consent("c2", false, 2'000));
    w.source.say(consent("c1", true, 1'000));  // older, comes later
    w.pull_all();
    EXPECT_EQ(
        w.store.consent(crm::Viewer::daemon(w.corp), sample_contact, "Zhang.San"),
        std::optional<bool>(false)
    );
    EXPECT_EQ(
        w.store.consent(crm::Viewer::daemon(w.corp), other_contact, "zhang.san"), std::nullopt
    );
}

TEST(CorpPuller, TwoCorpsDoNotMeet) {
    ArchiveWorld w;
    CorpPuller other(
        PullServices{w.archive.db(), *w.vault, w.clock, w.ids, w.rng, w.metrics, w.rsa},
        {},
        CorpId{42},
        "ww-other"
    );
    ASSERT_TRUE(other.set_keys({private_key(1)}));
    w.source.say(text_json("m1", "zhang.san", sample_contact, "x"));
    w.pull_all();
    other.step(w.source);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM message"), 2);
    EXPECT_EQ(w.with(sample_contact).size(), 1U);
    const auto own = w.with(sample_contact).at(0).id;
    EXPECT_FALSE(w.store.message(crm::Viewer::daemon(CorpId{42}), own).has_value());
}

}  // namespace
}  // namespace leadbridge::archive
