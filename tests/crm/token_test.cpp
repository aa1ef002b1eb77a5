#include "crm/staff/token.h"

#include <gtest/gtest.h>

#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

struct TokenTest : ::testing::Test {
    CrmWorld w;
    TokenStore store{w.clock(), w.ids, w.rng};

    Result<NewToken> create(
        std::string_view name, std::vector<std::string> scopes, CorpId corp = {}
    ) {
        return w.write([&](Transaction& tx) { return store.create(tx, name, scopes, corp); });
    }

    std::optional<ApiToken> find(std::string_view text) {
        return w.read([&](Snapshot& s) { return TokenStore::find(s, text); });
    }

    Status revoke(std::string_view name) {
        return w.write([&](Transaction& tx) { return store.revoke(tx, name); });
    }
};

TEST_F(TokenTest, is_known_by_its_text_which_is_stored_nowhere) {
    const auto made = create("ci", {"write"}, CorpId{7});
    ASSERT_TRUE(made.has_value());
    const std::string text(made->token.reveal());
    EXPECT_TRUE(text.starts_with("lbt_"));
    const auto token = find(text);
    ASSERT_TRUE(token.has_value());
    EXPECT_EQ(token->id, made->id);
    EXPECT_EQ(token->corp, CorpId{7});
    EXPECT_TRUE(token->allows(TokenScope::read));
    EXPECT_TRUE(token->allows(TokenScope::write));
    EXPECT_FALSE(token->allows(TokenScope::admin));
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM api_token WHERE hash = ?", {Blob{text}}), 0);
}

TEST_F(TokenTest, anything_else_is_unknown) {
    const std::string text(create("ci", {"read"})->token.reveal());
    EXPECT_FALSE(find("").has_value());
    EXPECT_FALSE(find(text.substr(0, 43)).has_value());
    EXPECT_FALSE(find(text + "a").has_value());
    std::string other = text;
    other.back() = other.back() == 'a' ? 'b' : 'a';
    EXPECT_FALSE(find(other).has_value());
}

TEST_F(TokenTest, a_revoked_token_is_dead_and_leaves_its_name_free) {
    const std::string text(create("ci", {"admin"})->token.reveal());
    EXPECT_EQ(create("ci", {"read"}).error().code, ErrorCode::conflict);
    EXPECT_TRUE(revoke("ci"));
    EXPECT_FALSE(find(text).has_value());
    const auto again = create("ci", {"read"});
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE(revoke(again->id.str()));
    EXPECT_TRUE(revoke("ci")) << "twice is fine";
    EXPECT_EQ(revoke("nobody").error().code, ErrorCode::not_found);
    EXPECT_EQ(w.read([](Snapshot& s) { return TokenStore::list(s); }).size(), 2U);
}

TEST_F(TokenTest, needs_a_name_and_known_scopes) {
    EXPECT_EQ(create("", {"read"}).error().reason, "name");
    EXPECT_EQ(create("a", {}).error().reason, "scopes");
    EXPECT_EQ(create("a", {"root"}).error().reason, "scopes");
}

TEST_F(TokenTest, remembers_its_last_use) {
    const auto made = create("ci", {"read"});
    w.clock().advance(5'000);
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
        store.used(tx, made->id, w.clock().now());
        return {};
    }));
    EXPECT_EQ(find(made->token.reveal())->used_ms, w.clock().now());
}

}  // namespace
}  // namespace leadbridge::crm
