// Who asks, for which corp, and in which form.

#include <thread>

#include "tests/gateway/api_fixture.h"

namespace leadbridge::gateway {
namespace {

TEST_F(ApiTest, TokenIsNeeded) {
    EXPECT_EQ(call(Method::get, "me", "").code(), "token_missing");
    const Got unknown = call(Method::get, "me", "lbt_" + std::string(40, 'x'));
    EXPECT_EQ(unknown.status, 401);
    EXPECT_EQ(unknown.code(), "bad_token");
    EXPECT_EQ(unknown.headers.get("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(unknown.headers.get("Content-Type"), "application/problem+json");
    EXPECT_EQ(unknown.text("request_id"), "test");
    EXPECT_EQ(call(Method::get, "me", "", "", {{"Authorization", "Basic YTpi"}}).status, 401);
    EXPECT_EQ(call(Method::get, "me", "", "", {{"Authorization", "bearer " + admin}}).status, 200);
    EXPECT_EQ(call(Method::get, "openapi.json", "").status, 200);
    EXPECT_EQ(call(Method::get, "nothing", "").status, 404);
}

TEST_F(ApiTest, RevokedTokenIsNoToken) {
    const std::string other = token("other", {"read"});
    EXPECT_EQ(call(Method::get, "me", other).status, 200);
    EXPECT_EQ(call(Method::del, "tokens/other", admin).status, 204);
    EXPECT_EQ(call(Method::get, "me", other).status, 401);
    EXPECT_EQ(call(Method::del, "tokens/nobody", admin).status, 404);
}

TEST_F(ApiTest, EveryRouteAsksForItsScope) {
    add_corp("wwSAMPLE0001");
    const std::string read = token("reader", {"read"});
    const std::string write = token("writer", {"write"});
    for (const Route& route : api_routes()) {
        std::string target(route.pattern.substr(std::string_view("/api/v1/").size()));
        if (const auto at = target.find("{id}"); at != std::string::npos) {
            target.replace(at, 4, "12345");
        }
        const auto status = [&](const std::string& as) {
            return call(route.method, target, as).status;
        };
        if (route.access == Access::open) {
            EXPECT_NE(status(""), 401) << target;
            EXPECT_LT(status(""), 500) << target;
            continue;
        }
        EXPECT_EQ(status(""), 401) << target;
        EXPECT_EQ(status(read) == 403, route.access > Access::read) << target;
        EXPECT_EQ(status(write) == 403, route.access > Access::write) << target;
        EXPECT_LT(status(admin), 500) << target;
    }
}

TEST_F(ApiTest, CorpMustBeNamedWhereThereAreSeveral) {
    EXPECT_EQ(get("leads").code(), "corp_missing");
    const std::string one = add_corp("wwSAMPLE0001");
    EXPECT_EQ(get("leads").status, 200);
    add_corp("wwSAMPLE0002");
    EXPECT_EQ(get("leads").status, 400);
    EXPECT_EQ(get("leads").code(), "corp_missing");
    EXPECT_EQ(get("leads?corp=wwSAMPLE0001").status, 200);
    EXPECT_EQ(get("leads?corp=" + one).status, 200);
    EXPECT_EQ(get("leads?corp=wwNOBODY").code(), "corp_unknown");
    const Got by_header =
        call(Method::get, "leads", admin, "", {{"X-LeadBridge-Corp", "wwSAMPLE0002"}});
    EXPECT_EQ(by_header.status, 200);
}

TEST_F(ApiTest, MethodsAreNamed) {
    const Got got = call(Method::put, "me", admin);
    EXPECT_EQ(got.status, 405);
    EXPECT_EQ(got.headers.get("Allow"), "GET, HEAD");
    EXPECT_EQ(call(Method::head, "me", admin).status, 200);
    add_corp("wwSAMPLE0001");
    EXPECT_EQ(call(Method::del, "leads/1/claim", admin).headers.get("Allow"), "POST");
}

TEST_F(ApiTest, PagesAreBounded) {
    add_corp("wwSAMPLE0001");
    for (const std::string bad : {"limit=0", "limit=201", "limit=-1", "limit=x", "limit=5x"}) {
        EXPECT_EQ(get("leads?" + bad).code(), "bad_limit") << bad;
    }
    for (const std::string list : {"leads", "contacts", "jobs", "inbox", "archive/conversations"}) {
        EXPECT_EQ(get(list + "?cursor=nonsense").code(), "bad_cursor") << list;
        EXPECT_EQ(get(list + "?limit=200").status, 200) << list;
    }
    EXPECT_EQ(get("leads?status=happy").status, 400);
    EXPECT_EQ(get("leads?owner=me").code(), "bad_owner");
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(post("sources", R"({"name":"s","auth":{"kind":"none"}})").status, 201);
    }
    const Got first = get("sources?limit=3");
    EXPECT_EQ(first.items(), 3U);
    const Got second = get("sources?limit=3&cursor=" + first.text("next_cursor"));
    EXPECT_EQ(second.items(), 2U);
    EXPECT_EQ(second.text("next_cursor"), "");
}

TEST_F(ApiTest, EditsNeedTheVersionThatWasRead) {
    add_corp("wwSAMPLE0001");
    const Got tag = post("tags", R"({"group":"g","name":"n"})");
    ASSERT_EQ(tag.status, 201) << tag.body;
    EXPECT_EQ(tag.headers.get("Location"), "/api/v1/tags/" + tag.text("id"));
    const std::string path = "tags/" + tag.text("id");
    const auto rename = [&](const std::string& name, const Extra& extra) {
        return call(Method::patch, path, admin, R"({"name":")" + name + "\"}", extra);
    };
    EXPECT_EQ(rename("x", {}).status, 428);
    EXPECT_EQ(rename("x", {{"If-Match", "\"v99\""}}).status, 412);
    EXPECT_EQ(rename("x", {{"If-Match", "*"}}).status, 412);
    const Got good = rename("x", {{"If-Match", tag.etag()}});
    EXPECT_EQ(good.status, 200) << good.body;
    EXPECT_NE(good.etag(), tag.etag());
    EXPECT_EQ(rename("y", {{"If-Match", tag.etag()}}).status, 412);
    EXPECT_EQ(get(path).text("name"), "x");

    const Got segment = post("segments", R"({"name":"s","condition":{"all":[]}})");
    const std::string at = "segments/" + segment.text("id");
    EXPECT_EQ(call(Method::del, at, admin, "", {{"If-Match", "\"v99\""}}).status, 412);
    EXPECT_EQ(call(Method::del, at, admin, "", {{"If-Match", segment.etag()}}).status, 204);
}

TEST_F(ApiTest, BodiesAreReadStrictly) {
    add_corp("wwSAMPLE0001");
    const auto tag = [&](const std::string& body, const Extra& extra = {}) {
        return post("tags", body, extra);
    };
    EXPECT_EQ(tag("{").status, 400);
    EXPECT_EQ(tag("[]").status, 400);
    EXPECT_EQ(tag("{\"group\":\"\xff\",\"name\":\"n\"}").status, 400);
    EXPECT_EQ(tag(R"({"group":"g","name":"n"})", {{"Content-Type", "text/xml"}}).status, 415);
    const Got unknown = tag(R"({"group":"g","name":"n","color":"red"})");
    EXPECT_EQ(unknown.status, 422);
    EXPECT_EQ(unknown.code(), "unknown_field");
    EXPECT_NE(
        unknown.body.find(R"("errors":[{"field":"color","code":"unknown_field"}])"),
        std::string::npos
    ) << unknown.body;
    EXPECT_NE(tag(R"({"group":"g"})").body.find(R"("field":"name")"), std::string::npos);
    EXPECT_EQ(tag(R"({"group":"g","name":7})").status, 422);
    EXPECT_EQ(tag(R"({"group":"g","name":"a\u0000b"})").status, 422);
    EXPECT_EQ(tag(std::string((1 << 20) + 1, ' ')).status, 413);
    EXPECT_EQ(get("tags").items(), 0U);
}

TEST_F(ApiTest, TooDeepAConditionNamesTheField) {
    add_corp("wwSAMPLE0001");
    for (const int depth : {9, 14, 40, 5'000}) {
        std::string condition = R"({"all":[]})";
        for (int i = 1; i < depth; ++i) {
            condition = R"({"all":[)" + condition + "]}";
        }
        for (const std::string target : {"segments/preview", "segments", "pushes"}) {
            const std::string name = target == "segments/preview" ? "" : R"("name":"n",)";
            const Got got = post(target, "{" + name + R"("condition":)" + condition + "}");
            EXPECT_EQ(got.status, 422) << target << " " << depth << " " << got.body;
            EXPECT_EQ(got.code(), "condition_too_deep") << target << " " << depth;
            EXPECT_NE(got.body.find(R"("errors":[{"field":"condition)"), std::string::npos)
                << got.body;
        }
    }
}

TEST_F(ApiTest, CreatingTwiceWithOneKeyCreatesOnce) {
    add_corp("wwSAMPLE0001");
    const std::string body = R"({"group":"g","name":"once"})";
    const Got first = post("tags", body, {{"Idempotency-Key", "k1"}});
    const Got again = post("tags", body, {{"Idempotency-Key", "k1"}});
    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(first.body, again.body);
    EXPECT_EQ(first.etag(), again.etag());
    EXPECT_EQ(first.headers.get("Location"), again.headers.get("Location"));
    EXPECT_FALSE(first.headers.has("Idempotent-Replayed"));
    EXPECT_EQ(again.headers.get("Idempotent-Replayed"), "true");
    const Got other = post("tags", R"({"group":"g","name":"two"})", {{"Idempotency-Key", "k1"}});
    EXPECT_EQ(other.status, 422);
    EXPECT_EQ(other.code(), "idempotency_key_reused");
    EXPECT_EQ(post("tags", body, {{"Idempotency-Key", std::string(256, 'k')}}).status, 400);
    // The key belongs to whoever used it.
    const std::string writer = token("writer", {"write"});
    const Got theirs = call(Method::post, "tags", writer, body, {{"Idempotency-Key", "k1"}});
    EXPECT_EQ(theirs.code(), "tag_name_taken");
}

TEST_F(ApiTest, ConcurrentRepeatsCreateOnce) {
    add_corp("wwSAMPLE0001");
    std::vector<Got> got(8);
    std::vector<std::thread> threads;
    for (Got& one : got) {
        threads.emplace_back([&] {
            one = post(
                "segments", R"({"name":"n","condition":{"all":[]}})", {{"Idempotency-Key", "k"}}
            );
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    for (const Got& one : got) {
        EXPECT_EQ(one.status, 201) << one.body;
        EXPECT_EQ(one.body, got.front().body);
    }
    EXPECT_EQ(get("segments").items(), 1U);
}

TEST_F(ApiTest, CorpIsCreatedOnce) {
    const Extra key{{"Idempotency-Key", "corp"}};
    const Got first = post("corps", corp_body("wwSAMPLE0001"), key);
    EXPECT_EQ(post("corps", corp_body("wwSAMPLE0001"), key).body, first.body);
    const Got other = post("corps", corp_body("wwSAMPLE0001"));
    EXPECT_EQ(other.status, 409);
    EXPECT_EQ(other.code(), "corp_exists");
    EXPECT_EQ(get("corps/" + first.text("id")).etag(), first.etag());
}

}  // namespace
}  // namespace leadbridge::gateway
