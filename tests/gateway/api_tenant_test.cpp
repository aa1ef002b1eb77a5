// What a token of one corp must never see, and what nobody must.

#include <algorithm>
#include <array>

#include "tests/gateway/api_fixture.h"

namespace leadbridge::gateway {
namespace {

// A corp with something of everything that the API can make.
struct Things {
    std::string corp;
    std::string token;
    std::vector<std::string> paths;  // of single resources
};

class Tenants : public ApiTest {
protected:
    Things fill(const std::string& wecom_id) {
        Things t;
        t.corp = add_corp(wecom_id);
        t.token = token("of-" + wecom_id, {"admin"}, std::stoll(t.corp));
        t.paths.push_back("corps/" + t.corp);
        const auto make = [&](const std::string& where, const std::string& body) {
            const Got made = call(Method::post, where, t.token, body);
            EXPECT_EQ(made.status, 201) << where << made.body;
            t.paths.push_back(where + "/" + made.text("id"));
            return made.text("id");
        };
        const std::string tag = make("tags", R"({"group":"g","name":")" + wecom_id + "\"}");
        make(
            "sources",
            R"({"name":")" + wecom_id + R"(","auth":{"kind":"path","secrets":[")" +
                std::string(secret_text) + R"("]}})"
        );
        make("segments", R"({"name":")" + wecom_id + R"(","condition":{"tag":")" + tag + "\"}}");
        make(
            "pushes",
            R"({"name":")" + wecom_id + R"(","condition":{"all":[]},"content":{"text":"hello"}})"
        );
        make(
            "channels",
            R"({"name":")" + wecom_id + R"(","members":["sample1"],"welcome":{"text":"hello"}})"
        );
        return t;
    }

    // Every GET of the table; {id} filled with the ids of `things` by resource, else with 1.
    std::vector<std::string> reads(const Things& things) {
        std::vector<std::string> out;
        for (const Route& route : api_routes()) {
            if (route.method != Method::get) {
                continue;
            }
            std::string target(route.pattern.substr(std::string_view("/api/v1/").size()));
            const auto at = target.find("{id}");
            if (at == std::string::npos) {
                out.push_back(target);
                continue;
            }
            std::string id = "1";
            for (const std::string& path : things.paths) {
                if (path.starts_with(target.substr(0, at))) {
                    id = path.substr(at);
                }
            }
            out.push_back(target.replace(at, 4, id));
        }
        return out;
    }
};

// Reads that choose no corp: the caller's own is the only one.
constexpr std::array<std::string_view, 8> machine{
    "openapi.json", "me", "corps", "tokens", "machine", "sessions", "users", "roles"};

TEST_F(Tenants, NothingOfAnotherCorpIsSeen) {
    const Things mine = fill("wwSAMPLE0001");
    const Things theirs = fill("wwSAMPLE0002");
    for (const std::string& path : mine.paths) {
        EXPECT_EQ(call(Method::get, path, mine.token).status, 200) << path;
        EXPECT_EQ(call(Method::get, path, theirs.token).status, 404) << path;
        const Extra version{{"If-Match", "\"v1\""}};
        EXPECT_EQ(call(Method::del, path, theirs.token, "", version).status / 100, 4) << path;
        EXPECT_EQ(
            call(
                Method::patch, path, theirs.token, R"({"name":"mine"})", {{"If-Match", "\"v1\""}}
            ).status /
                100,
            4
        ) << path;
        EXPECT_EQ(call(Method::get, path, mine.token).status, 200) << path;
    }
    for (const std::string& target : reads(theirs)) {
        if (target.starts_with("auth/")) {
            continue;  // open to everybody: which companies one can sign in to
        }
        const Got got = call(Method::get, target, theirs.token);
        EXPECT_LT(got.status, 500) << target;
        EXPECT_EQ(got.body.find("wwSAMPLE0001"), std::string::npos) << target << got.body;
        EXPECT_EQ(got.body.find(mine.corp), std::string::npos) << target << got.body;
        const bool names_no_corp = std::any_of(machine.begin(), machine.end(), [&](auto resource) {
            return (target + "/").starts_with(std::string(resource) + "/");
        });
        if (names_no_corp) {
            continue;
        }
        const std::string join = target.find('?') == std::string::npos ? "?" : "&";
        EXPECT_EQ(call(Method::get, target + join + "corp=wwSAMPLE0001", theirs.token).status, 404)
            << target;
        EXPECT_EQ(
            call(Method::get, target, theirs.token, "", {{"X-LeadBridge-Corp", mine.corp}}).status,
            404
        ) << target;
    }
}

TEST_F(Tenants, TokenOfACorpStaysInIt) {
    const Things mine = fill("wwSAMPLE0001");
    const Things theirs = fill("wwSAMPLE0002");
    EXPECT_EQ(call(Method::post, "corps", mine.token, corp_body("wwSAMPLE0003")).status, 403);
    // Whatever corp it names, a token of one corp begets only its like.
    const Got made = call(
        Method::post,
        "tokens",
        mine.token,
        R"({"name":"child","scopes":["read"],"corp":")" + theirs.corp + "\"}"
    );
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(call(Method::get, "corps/" + theirs.corp, made.text("token")).status, 404);
    EXPECT_EQ(call(Method::del, "tokens/of-wwSAMPLE0002", mine.token).status, 404);
    EXPECT_EQ(call(Method::get, "me", theirs.token).status, 200);
    EXPECT_EQ(post("tokens", R"({"name":"x","scopes":["read"],"corp":"12345"})").status, 422);
}

// A revoked token leaves its name free, and another corp takes it.
TEST_F(Tenants, RevokingByNameNeverHitsAnotherCorp) {
    const Things mine = fill("wwSAMPLE0001");
    const Things theirs = fill("wwSAMPLE0002");
    const std::string body = R"({"name":"shared","scopes":["read"]})";
    EXPECT_EQ(call(Method::post, "tokens", mine.token, body).status, 201);
    EXPECT_EQ(call(Method::del, "tokens/shared", mine.token).status, 204);
    const Got made = call(Method::post, "tokens", theirs.token, body);
    ASSERT_EQ(made.status, 201) << made.body;
    (void)call(Method::del, "tokens/shared", mine.token);
    EXPECT_EQ(call(Method::get, "me", made.text("token")).status, 200);
}

TEST_F(Tenants, SecretsNeverComeOut) {
    const Things mine = fill("wwSAMPLE0001");
    const auto clean = [&](const std::string& target, const std::string& body) {
        for (const std::string_view secret :
             {secret_text, callback_key, std::string_view("sampleTokenNeverShown")}) {
            EXPECT_EQ(body.find(secret), std::string::npos) << target << body;
        }
        EXPECT_EQ(body.find(mine.token), std::string::npos) << target;
    };
    const Got before = get("corps/" + mine.corp);
    const Got patched = call(
        Method::patch,
        "corps/" + mine.corp,
        admin,
        R"({"app_secret":")" + std::string(secret_text) + "\"}",
        {{"If-Match", before.etag()}}
    );
    EXPECT_EQ(patched.status, 200) << patched.body;
    clean("PATCH", patched.body);
    // A refusal does not repeat what was sent either.
    clean(
        "422",
        post("corps", R"({"corp_id":"wwX","app_secret":[")" + std::string(secret_text) + "\"]}")
            .body
    );
    for (const std::string& target : reads(mine)) {
        const Got got = call(Method::get, target, mine.token);
        EXPECT_LT(got.status, 500) << target;
        clean(target, got.body);
    }
    const Got audit = call(Method::get, "audit", mine.token);
    EXPECT_GE(audit.items(), 3U) << audit.body;
    EXPECT_NE(audit.body.find("corp.update"), std::string::npos);
    EXPECT_NE(before.body.find(R"("app_secret_set":true)"), std::string::npos) << before.body;
}

TEST_F(Tenants, ProxyMayNotCarryAPassword) {
    const Things mine = fill("wwSAMPLE0001");
    const Got got = call(
        Method::patch,
        "corps/" + mine.corp,
        admin,
        R"({"archive":{"proxy":"http://user:password@192.0.2.1:3128"}})",
        {{"If-Match", get("corps/" + mine.corp).etag()}}
    );
    EXPECT_EQ(got.status, 422) << got.body;
    EXPECT_EQ(got.body.find("user:password@"), std::string::npos);
}

}  // namespace
}  // namespace leadbridge::gateway
