#include "crm/staff/source.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "crm/staff/audit.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

struct SourceTest : ::testing::Test {
    CrmWorld w;
    SourceStore store{*w.vault, w.clock(), w.ids};

    Source sample() {
        Source s;
        s.name = "官网表单";
        s.kind = "generic";
        s.auth = Secret(R"({"secret":"hook-secret"})");
        s.map = R"({"phone":"/phone"})";
        s.owner_userid = "ann";
        return s;
    }

    Result<SourceId> create(const Source& s) {
        return w.write([&](Transaction& tx) { return store.create(tx, w.daemon(), s); });
    }

    std::optional<Source> find(SourceId id) {
        return w.read([&](Snapshot& s) { return store.find(s, w.daemon(), id); });
    }
};

TEST_F(SourceTest, seals_its_auth_and_reads_back_as_written) {
    Source source = sample();
    source.tag_ids = {w.tag("官网").value};
    const SourceId id = *create(source);
    const Source got = *find(id);
    EXPECT_EQ(got.auth.reveal(), source.auth.reveal());
    EXPECT_EQ(got.tag_ids, source.tag_ids);
    EXPECT_EQ(got.version, 1);
    EXPECT_TRUE(got.enabled);
    const std::string stored = w.read([](Snapshot& s) {
        return s
            .one(
                "SELECT auth_sealed FROM source",
                {},
                [](const Row& r) { return std::string(r.blob(0)); }
            )
            .value();
    });
    EXPECT_EQ(stored.find("hook-secret"), std::string::npos);
    const auto audit = w.read([&](Snapshot& s) {
        return list_audit(s, w.daemon(), {"source", id.value}, {}).items;
    });
    ASSERT_EQ(audit.size(), 1U);
    EXPECT_EQ(audit[0].after.find("hook-secret"), std::string::npos);
}

TEST_F(SourceTest, refuses_what_is_wrong_by_field) {
    const auto reason = [&](auto change) {
        Source s = sample();
        change(s);
        const auto out = create(s);
        return out ? std::string("accepted") : out.error().reason;
    };
    EXPECT_EQ(reason([](Source& s) { s.name = ""; }), "name");
    EXPECT_EQ(reason([](Source& s) { s.kind = ""; }), "kind");
    EXPECT_EQ(reason([](Source& s) { s.map = "[]"; }), "map");
    EXPECT_EQ(reason([](Source& s) { s.auth = Secret("x"); }), "auth");
    EXPECT_EQ(reason([](Source& s) { s.tag_ids = {12345}; }), "tags");
    EXPECT_EQ(reason([](Source& s) { s.auth = Secret(); }), "accepted");
}

TEST_F(SourceTest, an_update_needs_the_current_version_and_keeps_the_auth_when_none_is_given) {
    Source source = sample();
    source.id = *create(source);
    source.auth = Secret();
    source.enabled = false;
    const auto update = [&](std::optional<std::int64_t> version) {
        return w.write([&](Transaction& tx) {
            return store.update(tx, w.daemon(), source, version);
        });
    };
    EXPECT_EQ(update(7).error().code, ErrorCode::stale);
    EXPECT_TRUE(update(1));
    EXPECT_EQ(update(1).error().code, ErrorCode::stale);
    EXPECT_EQ(find(source.id)->auth.reveal(), R"({"secret":"hook-secret"})");
    EXPECT_FALSE(find(source.id)->enabled);
}

TEST_F(SourceTest, another_corp_sees_and_changes_nothing) {
    Source source = sample();
    source.id = *create(source);
    const Viewer foreign = Viewer::daemon(CorpId{99});
    EXPECT_FALSE(w.read([&](Snapshot& s) { return store.find(s, foreign, source.id); }).has_value()
    );
    EXPECT_TRUE(w.read([&](Snapshot& s) { return store.list(s, foreign, {}).items.empty(); }));
    EXPECT_EQ(
        w.write([&](Transaction& tx) { return store.update(tx, foreign, source, {}); })
            .error()
            .code,
        ErrorCode::not_found
    );
    EXPECT_EQ(
        w.write([&](Transaction& tx) { return store.remove(tx, foreign, source.id); }).error().code,
        ErrorCode::not_found
    );
    EXPECT_TRUE(find(source.id).has_value());
}

TEST_F(SourceTest, the_directory_follows) {
    SourceDirectory directory(w.db(), store);
    const SourceId id = *create(sample());
    for (int i = 0; i < 200 && !directory.find(id.value); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ASSERT_NE(directory.find(id.value), nullptr);
    EXPECT_EQ(directory.find(id.value)->name, "官网表单");
    ASSERT_TRUE(w.write([&](Transaction& tx) { return store.remove(tx, w.daemon(), id); }));
    directory.refresh();
    EXPECT_EQ(directory.find(id.value), nullptr);
}

}  // namespace
}  // namespace leadbridge::crm
