#include "crm/outbox.h"

#include <gtest/gtest.h>

#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

template <class T>
std::string again(const T& payload) {
    const auto back = decode<T>(encode(payload));
    return back ? encode(*back) : "does not decode: " + back.error().message;
}

TEST(Outbox, every_payload_survives) {
    const auto same = [](const auto& payload) { EXPECT_EQ(again(payload), encode(payload)); };
    same(MarkTag{"Ann", "wm1", {"a", "b"}, {"c"}});
    same(Remark{"Ann", "wm1", "备注\"", "说明"});
    same(RefetchContact{"wm1", true});
    same(RefetchGroup{"wr1"});
    same(SyncTags{});
    same(PushTag{9'007'199'254'740'993, "delete", "et1"});
    same(PushChannel{7, "update", "cfg"});
    same(SyncContacts{8});
    same(SyncMembers{});
    same(SendPushBatch{1, 2});
    same(ResolvePushBatch{1, 2});
    same(PollPushBatch{1, 2});
    same(PushCommand{1, "remind"});
    same(NotifyMembers{{"ann", "bob"}, "新线索"});
    same(RenewMedia{5});
    EXPECT_EQ(
        decode<PushTag>(encode(PushTag{9'007'199'254'740'993, "x", ""}))->tag_id,
        9'007'199'254'740'993
    );
}

TEST(Outbox, a_damaged_payload_says_what_it_lacks) {
    EXPECT_FALSE(decode<MarkTag>("").has_value());
    EXPECT_FALSE(decode<MarkTag>("[]").has_value());
    EXPECT_NE(
        decode<MarkTag>(R"({"userid":"a","add_tags":[],"remove_tags":[]})")
            .error()
            .message.find("external_userid"),
        std::string::npos
    );
    EXPECT_FALSE(decode<SendPushBatch>(R"({"push_id":"1","batch_id":2})").has_value());
    EXPECT_FALSE(
        decode<MarkTag>(R"({"userid":"a","external_userid":"b","add_tags":[1],"remove_tags":[]})")
            .has_value()
    );
}

TEST(Outbox, bursts_on_one_object_are_one_job_and_marks_are_not) {
    CrmWorld w;
    const auto put = [&](const auto& payload) {
        ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
            put_job(tx, w.jobs, w.corp, payload, 0);
            return {};
        }));
    };
    for (int i = 0; i < 3; ++i) {
        put(RefetchContact{"wm1", false});
        put(RefetchGroup{"wr1"});
        put(SyncTags{});
        put(MarkTag{"ann", "wm1", {"t" + std::to_string(i)}, {}});
    }
    put(RefetchContact{"wm2", false});
    put(RefetchContact{"wm1", true});
    EXPECT_EQ(w.waiting<RefetchContact>().size(), 3U);
    EXPECT_EQ(w.waiting<RefetchGroup>().size(), 1U);
    EXPECT_EQ(w.waiting<SyncTags>().size(), 1U);
    ASSERT_EQ(w.waiting<MarkTag>().size(), 3U);
    EXPECT_EQ(w.waiting<MarkTag>()[2].add_tags, std::vector<std::string>{"t2"})
        << "in the order they were put";
}

}  // namespace
}  // namespace leadbridge::crm
