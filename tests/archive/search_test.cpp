#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "archive/media_detail.h"
#include "archive/search_words.h"
#include "tests/archive/search_world.h"

namespace leadbridge::archive {
namespace {

using Ids = std::vector<std::string>;

struct ChatWorld : SearchWorld {
    ChatWorld() {
        source.say(text_json("a0", "zhang.san", sample_contact, "明天给您报价单", 1'000));
        source.say(text_json("a1", sample_contact, "zhang.san", "好的，报价要含税", 2'000));
        source.say(text_json("b0", "li.si", other_contact, "报价已发 Invoice 2026", 3'000));
        source.say(text_json("c0", other_contact, "li.si", "群里说报价", 4'000, "wrSAMPLEROOM"));
        source.say(text_json("d0", "zhang.san", "li.si", "内部讨论👍", 5'000));
        source.say(
            R"({"msgid":"e0","action":"send","from":"zhang.san","tolist":[")" +
            std::string(sample_contact) +
            R"("],"msgtime":6000,"msgtype":"file","file":{"sdkfileid":"f","filename":"报价单.pdf"}})"
        );
        source.say(revoke_json("r0", sample_contact, "zhang.san", "a1"));
        pull_all();
        index_all();
    }
};

TEST(Search, FindsWordsNewestFirstWithFilters) {
    ChatWorld w;
    EXPECT_EQ(w.behind(), 0);
    EXPECT_EQ(w.find("报价"), (Ids{"e0", "c0", "b0", "a1", "a0"}));
    EXPECT_EQ(w.find("报"), (Ids{"e0", "c0", "b0", "a1", "a0"}));
    EXPECT_EQ(w.find("报价单"), (Ids{"e0", "a0"}));
    EXPECT_EQ(w.find("invoice 2026"), (Ids{"b0"}));
    EXPECT_EQ(w.find("👍"), (Ids{"d0"}));
    EXPECT_EQ(w.find("报价", {.member = "ZHANG.SAN"}), (Ids{"e0", "a1", "a0"}));
    EXPECT_EQ(w.find("报价", {.sender = sample_contact}), (Ids{"a1"}));
    EXPECT_EQ(w.find("报价", {.people = Ids{sample_contact}}), (Ids{"e0", "a1", "a0"}));
    EXPECT_EQ(w.find("报价", {.people = Ids{}}), Ids{});
    EXPECT_EQ(w.find("报价", {.roomid = "wrSAMPLEROOM"}), (Ids{"c0"}));
    EXPECT_EQ(w.find("报价", {.roomid = "wrNOTHING"}), Ids{});
    EXPECT_EQ(w.find("报价", {.types = {"file", "link"}}), (Ids{"e0"}));
    EXPECT_EQ(w.find("报价", {.has_file = true}), (Ids{"e0"}));
    EXPECT_EQ(w.find("报价", {.recalled = true}), (Ids{"a1"}));
    EXPECT_EQ(w.find("报价", {.recalled = false}), (Ids{"e0", "c0", "b0", "a0"}));
    EXPECT_EQ(w.find("报价", {.from_ms = 2'000, .to_ms = 4'000}), (Ids{"b0", "a1"}));
    EXPECT_EQ(w.find("", {.has_file = true}), (Ids{"e0"}));
    EXPECT_EQ(w.find("", {.recalled = true}), (Ids{"a1"}));
    EXPECT_EQ(w.find(""), (Ids{"nothing_to_find"}));
    const auto conversation = w.with(sample_contact).at(0).conversation;
    EXPECT_EQ(w.find("报价", {.conversation = conversation}), (Ids{"e0", "a1", "a0"}));
}

TEST(Search, AHitHasItsPlaceItsNeighboursAndItsConversation) {
    ChatWorld w;
    const auto page = w.search().page(w.everyone(), {.q = "含税"}).value();
    ASSERT_EQ(page.items.size(), 1U);
    const SearchHit& hit = page.items[0];
    EXPECT_EQ(hit.text, "好的，报价要含税");
    ASSERT_EQ(hit.marks.size(), 1U);
    EXPECT_EQ(hit.marks[0].first, 6U);
    EXPECT_EQ(hit.marks[0].length, 2U);
    EXPECT_EQ(hit.context.before.value().msgid, "a0");
    EXPECT_EQ(hit.context.after.value().msgid, "e0");
    EXPECT_EQ(hit.context.conversation.userid, "zhang.san");
    EXPECT_EQ(hit.context.message.recalled_ms, 1'760'000'005'000);
}

TEST(Search, ALongTextIsShownAroundItsFirstPlace) {
    SearchWorld w;
    std::string text;
    for (int i = 0; i < 400; ++i) {
        text += "前";
    }
    w.source.say(text_json("a0", "zhang.san", sample_contact, text + "目标" + text));
    w.pull_all();
    w.index_all();
    const SearchHit hit = w.search().page(w.everyone(), {.q = "目标"}).value().items.at(0);
    EXPECT_TRUE(hit.cut_before && hit.cut_after);
    EXPECT_EQ(hit.text.size(), 240U * 3);
    ASSERT_EQ(hit.marks.size(), 1U);
    EXPECT_EQ(hit.text.substr(hit.marks[0].first * 3, 6), "目标");
}

TEST(Search, AViewerFindsWhatTheirScopeTookPartIn) {
    ChatWorld w;
    EXPECT_EQ(w.find(w.limited({"li.si"}), "报价"), (Ids{"c0", "b0"}));
    EXPECT_EQ(w.search().count(w.limited({"li.si"}), {.q = "报价"}).value().value, 2);
    EXPECT_EQ(w.find(w.limited({"Li.Si", "zhang.san"}), "报价").size(), 5U);
    EXPECT_EQ(w.find(w.limited({}), "报价"), Ids{});
    EXPECT_EQ(w.search().count(w.limited({}), {.q = "报价"}).value().value, 0);
    EXPECT_EQ(w.find(w.limited({"li.si"}), "报价", {.member = "zhang.san"}), Ids{});
    EXPECT_EQ(w.find(crm::Viewer::daemon(CorpId{999}), "报价"), Ids{});
}

// The index may lie; the rows decide.
TEST(Search, TheScopeIsCheckedOnTheRowsToo) {
    ChatWorld w;
    w.archive.db()
        .write<bool>([](Transaction& tx) -> Result<bool> {
            tx.execute("DELETE FROM conversation_participant WHERE participant = 'li.si'");
            return true;
        })
        .value();
    EXPECT_EQ(w.find(w.limited({"li.si"}), "报价"), Ids{});
    EXPECT_EQ(w.search().count(w.limited({"li.si"}), {.q = "报价已发"}).value().value, 0);
}

TEST(Search, CountsStopAtAThousand) {
    SearchWorld w;
    for (int i = 0; i < 1'100; ++i) {
        w.source.say(text_json(
            "m" + std::to_string(i), "zhang.san", sample_contact, i < 900 ? "一二三" : "一二", i
        ));
    }
    w.pull_all();
    w.index_all();
    const auto count = [&](const std::string& q, SearchFilter f = {}) {
        return w.search().count(w.everyone(), {q, std::move(f), 0, 20}).value();
    };
    EXPECT_EQ(count("一二").value, 1'000);
    EXPECT_TRUE(count("一二").at_least);
    EXPECT_EQ(count("一二三").value, 900);
    EXPECT_FALSE(count("一二三").at_least);
    EXPECT_EQ(count("一二", {.from_ms = 100, .to_ms = 300}).value, 200);
    EXPECT_EQ(w.find("一二").size(), 1'100U);
}

TEST(Search, WhatIsErasedIsNoLongerFoundAndOnlyThenMayGo) {
    ChatWorld w;
    w.archive.db()
        .write<bool>([&](Transaction& tx) -> Result<bool> {
            request_erasure(tx, w.corp, w.id_of("a0"));
            request_erasure(tx, w.corp, w.id_of("a0"));
            return true;
        })
        .value();
    EXPECT_EQ(w.find("明天"), (Ids{"a0"}));
    // A crash after the index's part: the same once more.
    EXPECT_EQ(w.indexer->erase_some(w.corp), 1);
    w.archive.db()
        .write<bool>([](Transaction& tx) -> Result<bool> {
            tx.execute("UPDATE erasure SET state = 0");
            return true;
        })
        .value();
    w.reopen_index();
    EXPECT_EQ(w.indexer->erase_some(w.corp), 1);
    EXPECT_EQ(w.indexer->erase_some(w.corp), 0);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM erasure WHERE state = 1"), 1);
    EXPECT_EQ(w.find("明天"), Ids{});
    EXPECT_EQ(w.search().count(w.everyone(), {.q = "明天"}).value().value, 0);
    EXPECT_EQ(w.find("报价单"), (Ids{"e0"}));
    // Nor is it indexed when its file is made anew.
    for (const auto& file : std::filesystem::directory_iterator(w.folder.path())) {
        std::filesystem::remove(file);
    }
    EXPECT_TRUE(w.index->mend());
    w.index_all();
    EXPECT_EQ(w.find("报价单"), (Ids{"e0"}));
    EXPECT_EQ(w.search().count(w.everyone(), {.q = "明天"}).value().value, 0);
}

TEST(Search, ALostIndexIsMadeAnew) {
    ChatWorld w;
    const auto before = w.find("报价");
    w.indexer.reset();
    w.index.reset();
    for (const auto& file : std::filesystem::directory_iterator(w.folder.path())) {
        std::filesystem::remove(file);
    }
    w.reopen_index();
    EXPECT_EQ(w.behind(), 7);
    EXPECT_EQ(w.find("报价"), Ids{});
    w.index_all();
    EXPECT_EQ(w.behind(), 0);
    EXPECT_EQ(w.find("报价"), before);
}

// Messages are stored, the process dies before or after the index takes them: each is found once.
TEST(Search, ACrashBetweenMessagesAndIndexLosesAndDoublesNothing) {
    ChatWorld w;
    w.source.say(text_json("z0", "zhang.san", sample_contact, "崩溃之前", 9'000));
    w.pull_all();
    w.reopen_index();
    EXPECT_EQ(w.behind(), 1);
    w.index_all();
    w.reopen_index();
    w.index_all();
    EXPECT_EQ(w.find("崩溃"), (Ids{"z0"}));
    EXPECT_EQ(w.search().count(w.everyone(), {.q = "崩溃"}).value().value, 1);
}

TEST(Search, AnArchiveRestoredToAnOlderStateIsIndexedAnew) {
    ChatWorld w;
    w.archive.db()
        .write<bool>([](Transaction& tx) -> Result<bool> {
            tx.execute("DELETE FROM message WHERE n > 3");
            tx.execute("UPDATE archive_pull SET message_n = 3");
            return true;
        })
        .value();
    w.reopen_index();
    w.indexer->check(w.corp);
    w.index_all();
    EXPECT_EQ(w.find("报价"), (Ids{"b0", "a1", "a0"}));
    w.source.say(text_json("y0", "zhang.san", sample_contact, "重新编号 报价", 9'000));
    w.pull_all();
    w.index_all();
    EXPECT_EQ(w.find("报价"), (Ids{"y0", "b0", "a1", "a0"}));
    EXPECT_EQ(w.find("👍"), Ids{});
}

TEST(Search, AMessageThatDoesNotOpenIsPassedBy) {
    ChatWorld w;
    w.source.say(text_json("x0", "zhang.san", sample_contact, "打不开", 9'000));
    w.source.say(text_json("x1", "zhang.san", sample_contact, "打得开", 9'001));
    w.pull_all();
    w.archive.db()
        .write<bool>([](Transaction& tx) -> Result<bool> {
            tx.execute(
                "UPDATE message SET body = ? WHERE msgid = 'x0'", {Blob{std::string_view("\0", 1)}}
            );
            return true;
        })
        .value();
    w.index_all();
    EXPECT_EQ(w.behind(), 0);
    EXPECT_EQ(w.find("打"), (Ids{"x1"}));
}

TEST(Search, MonthsHaveFilesOfTheirOwn) {
    SearchWorld w;
    for (int month = 0; month < 3; ++month) {
        for (int i = 0; i < 5; ++i) {
            const std::string msgid = std::to_string(month) + "-" + std::to_string(i);
            w.source.say(text_json(msgid, "zhang.san", sample_contact, "同一句话", w.clock.now()));
        }
        w.pull_all();
        w.index_all();
        w.clock.advance(31LL * 86'400'000);
    }
    EXPECT_EQ(w.index->ranges({w.corp, ""}).size(), 0U);
    std::size_t files = 0;
    for (const auto& file : std::filesystem::directory_iterator(w.folder.path())) {
        files += file.path().extension() == ".db" ? 1 : 0;
    }
    EXPECT_EQ(files, 3U);
    const auto all = w.find(w.everyone(), "一句", {}, 2);
    ASSERT_EQ(all.size(), 15U);
    EXPECT_EQ(all.front(), "2-4");
    EXPECT_EQ(all.back(), "0-0");
    // The whole is made anew into the same files.
    w.indexer.reset();
    w.index.reset();
    for (const auto& file : std::filesystem::directory_iterator(w.folder.path())) {
        std::filesystem::remove(file);
    }
    w.reopen_index();
    w.index_all();
    EXPECT_EQ(w.find(w.everyone(), "一句", {}, 2), all);
    while (w.index->tidy()) {
    }
    EXPECT_EQ(w.find(w.everyone(), "一句", {}, 2), all);
}

// --- against a scan of everything ---

struct Said {
    std::string msgid;
    std::string text;
    std::string member;
    std::string person;
    std::int64_t at = 0;
    bool recalled = false;
};

const std::vector<std::string>& vocabulary() {
    static const std::vector<std::string> words{
        "报价",   "合同",   "价", "报", "明天",  "明",    "天",    "单",   "好",  "的",
        "，",     "。",     " ",  "！", "hello", "Hello", "world", "A4",   "15",  "2026",
        "iPhone", "ＶＩＰ", "👍",  "😀",  "￥",    "100",   "。\\n", "かな", "안녕"};
    return words;
}

std::string random_text(Rng& rng, std::uint64_t most) {
    std::string text;
    for (std::uint64_t i = 0, n = 1 + rng.below(most); i < n; ++i) {
        text += vocabulary()[rng.below(vocabulary().size())];
    }
    return text;
}

std::string unescaped(std::string text) {
    for (std::size_t at; (at = text.find("\\n")) != std::string::npos;) {
        text.replace(at, 2, "\n");
    }
    return text;
}

TEST(Search, FindsExactlyWhatAScanFinds) {
    SearchWorld w;
    SeededRng rng{20'261'122};
    const Ids members{"zhang.san", "li.si", "wang.wu"};
    const Ids people{sample_contact, other_contact};
    std::vector<Said> all;
    for (int i = 0; i < 400; ++i) {
        Said said{
            "m" + std::to_string(i),
            random_text(rng, 8),
            members[rng.below(3)],
            people[rng.below(2)],
            1'000 + i,
            false};
        w.source.say(text_json(said.msgid, said.member, said.person, said.text, said.at));
        said.text = unescaped(said.text);
        all.push_back(said);
        if (rng.below(20) == 0) {
            Said& victim = all[rng.below(all.size())];
            victim.recalled = true;
            w.source.say(
                revoke_json("r" + std::to_string(i), victim.member, victim.person, victim.msgid)
            );
        }
    }
    w.pull_all();
    w.index_all();
    int with_hits = 0;
    for (int i = 0; i < 2'000; ++i) {
        std::string q = unescaped(random_text(rng, 4));
        if (rng.below(4) == 0) {
            q = "\"" + q + "\"";
        } else if (rng.below(4) == 0) {
            q += " " + unescaped(random_text(rng, 2));
        }
        SearchFilter filter;
        if (rng.below(3) == 0) {
            filter.member = members[rng.below(3)];
        }
        if (rng.below(5) == 0) {
            filter.people = Ids{people[rng.below(2)]};
        }
        if (rng.below(8) == 0) {
            filter.recalled = rng.below(2) == 0;
        }
        if (rng.below(6) == 0) {
            filter.from_ms = 1'000 + static_cast<std::int64_t>(rng.below(400));
            filter.to_ms = filter.from_ms + static_cast<std::int64_t>(rng.below(200)) + 1;
        }
        std::optional<std::string> scope;
        if (rng.below(4) == 0) {
            scope = members[rng.below(3)];
        }
        const auto terms = parse_question(q);
        if (!terms || terms->empty()) {
            continue;
        }
        Ids expected;
        for (auto said = all.rbegin(); said != all.rend(); ++said) {
            const bool hit = !match(units_of(said->text), *terms).empty() &&
                             (filter.member.empty() || filter.member == said->member) &&
                             (!filter.people || filter.people->front() == said->person) &&
                             (!filter.recalled || *filter.recalled == said->recalled) &&
                             said->at >= filter.from_ms &&
                             (filter.to_ms == 0 || said->at < filter.to_ms) &&
                             (!scope || *scope == said->member);
            if (hit) {
                expected.push_back(said->msgid);
            }
        }
        with_hits += expected.empty() ? 0 : 1;
        const auto viewer = scope ? w.limited({*scope}) : w.everyone();
        ASSERT_EQ(w.find(viewer, q, filter, 100), expected) << q;
        const auto count = w.search().count(viewer, {q, filter, 0, 20}).value();
        ASSERT_EQ(
            count.value, static_cast<std::int64_t>(std::min<std::size_t>(expected.size(), 1'000))
        ) << q;
    }
    EXPECT_GT(with_hits, 700);
}

}  // namespace
}  // namespace leadbridge::archive
