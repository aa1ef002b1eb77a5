// What the console's pages ask for, over the whole front desk.

#include "crm/leads/channel.h"
#include "crm/operations/operation_runner.h"
#include "crm/staff/member.h"
#include "gateway/sandbox_door.h"
#include "gateway/verify_files.h"
#include "tests/gateway/api_fixture.h"

namespace leadbridge::gateway {
namespace {

class ConsoleApi : public ApiTest {
protected:
    ConsoleApi() {
        corp = CorpId{*parse_id(add_corp("wwSAMPLE0001"))};
        const Got made = post("tags", R"({"group":"g","name":"n"})");
        tag = made.text("id");
    }

    crm::ContactId contact(const std::string& name) {
        const ApiServices& s = app->services();
        return *s.core.write<crm::ContactId>([&](Transaction& tx) -> Result<crm::ContactId> {
            return crm::create_contact(tx, s.crm(), corp, name, s.clock.now());
        });
    }

    void run(const std::string& operation) {
        const ApiServices& s = app->services();
        crm::OperationRunner(s.core, s.jobs, s.clock, s.ids)
            .run(corp, crm::OperationId{*parse_id(operation)});
    }

    std::string bulk(const std::string& query, const std::string& hash, int count) const {
        return R"({"query":)" + query + R"(,"query_hash":")" + hash + R"(","expected_count":)" +
               std::to_string(count) + R"(,"action":{"kind":"tag_add","tags":[")" + tag + R"("]}})";
    }

    static std::string first(const Got& got, const char* list, const char* key) {
        const json::object o = got.object();
        const json::array* items = json_array(o, list);
        return items == nullptr || items->empty() ? "" : json_string((*items)[0].as_object(), key);
    }

    CorpId corp;
    std::string tag;
};

TEST_F(ConsoleApi, QueriesPageSortAndCount) {
    for (int i = 0; i < 5; ++i) {
        contact("c" + std::to_string(i));
    }
    const Got got = post("contacts/query", R"({"sort":"name","limit":2,"total":true})");
    ASSERT_EQ(got.status, 200) << got.body;
    EXPECT_EQ(first(got, "items", "name"), "c0");
    EXPECT_EQ(json_int(*json_object(got.object(), "total"), "value"), 5);
    const std::string cursor = got.text("next_cursor");
    const Got next =
        post("contacts/query", R"({"sort":"name","limit":2,"cursor":")" + cursor + "\"}");
    EXPECT_EQ(first(next, "items", "name"), "c2");
    EXPECT_EQ(next.text("query_hash"), got.text("query_hash"));
    // A cursor belongs to its order.
    EXPECT_EQ(
        post("contacts/query", R"({"sort":"-name","cursor":")" + cursor + "\"}").code(),
        "bad_cursor"
    );
    EXPECT_EQ(post("contacts/query", R"({"sort":"height"})").status, 422);
    EXPECT_EQ(post("contacts/query", R"({"condition":{"field":"x"}})").status, 422);
    EXPECT_EQ(post("leads/query", R"({"status":["new"],"total":true})").status, 200);
    EXPECT_EQ(post("leads/query", R"({"status":["happy"]})").status, 422);
    const Got board = post("leads/board", "{}");
    ASSERT_EQ(board.status, 200) << board.body;
    EXPECT_EQ(first(board, "columns", "status"), "unassigned");
}

TEST_F(ConsoleApi, BulkRunsOnlyOnWhatWasConfirmed) {
    for (int i = 0; i < 3; ++i) {
        contact("c" + std::to_string(i));
    }
    const std::string segment =
        post("segments", R"({"name":"s","condition":{"all":[]}})").text("id");
    const std::string query = R"({"condition":{"segment":")" + segment + "\"}}";
    const std::string hash = post("contacts/query", query).text("query_hash");
    EXPECT_EQ(post("bulk", bulk(query, hash, 2)).code(), "query_changed");
    EXPECT_EQ(post("bulk", bulk(query, std::string(32, '0'), 3)).code(), "query_changed");
    EXPECT_EQ(post("bulk", bulk(query, "", 3)).status, 422);
    const Got made = post("bulk", bulk(query, hash, 3), {{"Idempotency-Key", "k"}});
    ASSERT_EQ(made.status, 202) << made.body;
    const std::string path = "operations/" + made.text("id");
    EXPECT_EQ(made.headers.get("Location"), "/api/v1/" + path);
    // The filter now means somebody else: the same question is refused, a repeat is not.
    contact("late");
    EXPECT_EQ(post("bulk", bulk(query, hash, 3)).status, 409);
    EXPECT_EQ(post("bulk", bulk(query, hash, 3), {{"Idempotency-Key", "k"}}).body, made.body);
    run(made.text("id"));
    const Got done = get(path);
    EXPECT_EQ(done.text("state"), "done");
    EXPECT_EQ(json_int(done.object(), "changed"), 3);
    EXPECT_EQ(get(path + "/failures").items(), 0U);
    EXPECT_EQ(post(path + "/cancel", "").code(), "operation_state");
    EXPECT_EQ(post(path + "/undo", "").status, 202);
    run(made.text("id"));
    EXPECT_EQ(get(path).text("state"), "undone");
    EXPECT_EQ(get("operations").items(), 1U);
    // The segment changes: the hash does.
    const std::string etag = get("segments/" + segment).etag();
    EXPECT_EQ(
        call(
            Method::patch,
            "segments/" + segment,
            admin,
            R"({"condition":{"any":[]}})",
            {{"If-Match", etag}}
        ).status,
        200
    );
    EXPECT_NE(post("contacts/query", query).text("query_hash"), hash);
}

TEST_F(ConsoleApi, BulkTakesContactsByName) {
    const std::string one = contact("one").str();
    contact("two");
    const Got made = post("bulk", bulk(R"({"ids":[")" + one + R"("]})", "", 1));
    ASSERT_EQ(made.status, 202) << made.body;
    EXPECT_EQ(json_int(made.object(), "total"), 1);
    EXPECT_EQ(post("bulk", bulk(R"({"ids":["77"]})", "", 1)).code(), "query_changed");
    EXPECT_EQ(post("bulk", bulk(R"({"ids":["77"],"q":"x"})", "", 1)).status, 422);
}

TEST_F(ConsoleApi, ViewsAreOnesOwnUnlessShared) {
    const std::string other = token("other", {"read"});
    const Got made = post("views", R"({"page":"contacts","name":"Mine","body":{"f":{"all":[]}}})");
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string path = "views/" + made.text("id");
    EXPECT_EQ(
        post("views", R"({"page":"contacts","name":"Mine","body":{}})").code(), "view_name_taken"
    );
    EXPECT_EQ(post("views", R"({"page":"contacts","name":"x","body":[]})").status, 422);
    EXPECT_EQ(call(Method::get, "views", other).items(), 0U);
    const Got shared =
        call(Method::patch, path, admin, R"({"shared":true})", {{"If-Match", made.etag()}});
    EXPECT_EQ(shared.status, 200) << shared.body;
    EXPECT_EQ(call(Method::get, "views?page=contacts", other).items(), 1U);
    EXPECT_EQ(
        call(Method::patch, path, other, R"({"name":"y"})", {{"If-Match", shared.etag()}}).code(),
        "view_of_another"
    );
    EXPECT_EQ(call(Method::del, path, other).status, 403);
    EXPECT_EQ(call(Method::del, path, admin).status, 204);
    EXPECT_EQ(get("views").items(), 0U);
}

TEST_F(ConsoleApi, HomeHealthSearchAndEstimates) {
    contact("Anna");
    const Got home = get("home");
    ASSERT_EQ(home.status, 200) << home.body;
    EXPECT_EQ(json_int(*json_object(home.object(), "now"), "jobs_dead", -1), 0);
    const Got health = get("health");
    ASSERT_EQ(health.status, 200) << health.body;
    EXPECT_NE(health.text("version"), "");
    EXPECT_EQ(first(get("search?q=ann"), "contacts", "match"), "name");
    EXPECT_EQ(get("search?q=").status, 400);
    const Got overlap = post("segments/overlap", R"({"a":{"all":[]},"b":{"any":[]}})");
    EXPECT_EQ(overlap.body, R"({"a":1,"b":0,"both":0,"only_a":1,"only_b":0,"either":1})");
    const Got estimate = post("pushes/estimate", R"({"condition":{"all":[]}})");
    ASSERT_EQ(estimate.status, 200) << estimate.body;
    EXPECT_EQ(json_int(*json_object(estimate.object(), "excluded"), "no_follow"), 1);
    EXPECT_EQ(post("pushes/estimate", "{}").status, 422);
    EXPECT_EQ(get("tags/sync").status, 200);
}

TEST_F(ConsoleApi, SetupStepsKeepWhatTheirTestFound) {
    EXPECT_EQ(first(get("setup/steps"), "items", "status"), "untested");
    const Got tested = post("setup/steps/callbacks/test", "");
    ASSERT_EQ(tested.status, 200) << tested.body;
    EXPECT_EQ(tested.text("status"), "ok");
    EXPECT_EQ(first(tested, "findings", "code"), "corp.callback.app");
    const Got members = post("setup/steps/members/test", "");
    EXPECT_EQ(members.text("status"), "broken");
    EXPECT_NE(first(members, "findings", "fix"), "");
    EXPECT_NE(get("setup/steps").body.find("corp.callback.app"), std::string::npos);
    EXPECT_EQ(post("setup/steps/moon/test", "").status, 404);
}

TEST_F(ConsoleApi, AVerifyFileIsKeptUnderItsNameOnly) {
    const std::string name = "WW_verify_AbCd1234.txt";
    const std::string path = "setup/domain/files/" + name;
    const auto put = [&](const std::string& to, const std::string& content) {
        return call(Method::put, to, admin, R"({"content":")" + content + "\"}");
    };
    const auto fault = [](const Got& got) { return first(got, "errors", "field"); };
    EXPECT_EQ(fault(put("setup/domain/files/other.txt", "AbCd1234")), "name");
    EXPECT_EQ(fault(put("setup/domain/files/WW_verify_a%2Fb.txt", "AbCd1234")), "name");
    EXPECT_EQ(fault(put(path, "two words")), "content");
    const Got kept = put(path, "AbCd1234\\n");
    ASSERT_EQ(kept.status, 200) << kept.body;
    EXPECT_NE(kept.body.find(R"("content":"AbCd1234")"), std::string::npos) << kept.body;
    const auto served = [&](std::string_view asked) {
        return app->services()
            .core
            .read<std::string>([&](Snapshot& s) -> Result<std::string> {
                return verify_content(s, asked).value_or("-");
            })
            .value();
    };
    EXPECT_EQ(served(name), "AbCd1234");
    EXPECT_EQ(served("WW_verify_.txt"), "-");
    const Got tested = post("setup/steps/domain/test", "");
    EXPECT_EQ(tested.text("status"), "warning") << tested.body;
    EXPECT_NE(tested.body.find("corp.domain.url"), std::string::npos);
    EXPECT_EQ(call(Method::del, path, admin).status, 204);
    EXPECT_EQ(call(Method::del, path, admin).status, 404);
    EXPECT_EQ(served(name), "-");
}

TEST_F(ConsoleApi, ChannelsTellDaysAndWaitForTheirCode) {
    const ApiServices& s = app->services();
    (void)s.core.write<int>([&](Transaction& tx) -> Result<int> {
        (void)crm::MemberStore(s.clock, s.ids).ensure(tx, corp, "sample1");
        return 0;
    });
    const Got made = post("channels", R"({"name":"c","kind":"contact_way","members":["sample1"]})");
    ASSERT_EQ(made.status, 201) << made.body;
    const std::string path = "channels/" + made.text("id");
    const Got stats = get(path + "/stats?days=3");
    ASSERT_EQ(stats.status, 200) << stats.body;
    EXPECT_EQ(json_array(stats.object(), "days")->size(), 3U);
    const Got listed = get("channels?days=3");
    EXPECT_EQ(listed.object().at("items").at(0).at("adds_by_day").as_array().size(), 3U)
        << listed.body;
    EXPECT_EQ(get("channels").body.find("adds_by_day"), std::string::npos);
    EXPECT_EQ(get("channels?days=32").code(), "bad_days");
    EXPECT_EQ(get(path + "/stats?days=0").code(), "bad_days");
    EXPECT_EQ(get(path + "/qr.svg").code(), "channel_not_ready");
    (void)s.core.write<int>([&](Transaction& tx) -> Result<int> {
        crm::ChannelStore(s.crm()).pushed(
            tx, corp, crm::ChannelId{*parse_id(made.text("id"))}, "c1", "https://example.com/x"
        );
        return 0;
    });
    const Got svg = get(path + "/qr.svg");
    EXPECT_EQ(svg.status, 200) << svg.body;
    EXPECT_EQ(svg.headers.get("Content-Type"), "image/svg+xml");
    EXPECT_TRUE(get(path + "/qr.png?size=300").body.starts_with("\x89PNG"));
    EXPECT_EQ(get(path + "/qr.png?size=3").code(), "bad_size");
}

TEST_F(ConsoleApi, NoSandboxUnlessOneRuns) {
    EXPECT_EQ(get("sandbox").code(), "sandbox_off");
    EXPECT_EQ(post("sandbox/scan", "{}").code(), "sandbox_off");
    double speed = 1;
    app->sandbox_door().open(9, [&](double v) { speed = v; });
    EXPECT_EQ(post("sandbox/speed", R"({"speed":3})").status, 200);
    EXPECT_EQ(speed, 3);
    EXPECT_EQ(post("sandbox/speed", R"({"speed":51})").status, 422);
    EXPECT_EQ(post("sandbox/fly", "{}").status, 404);
    EXPECT_EQ(post("sandbox/scan", "{}").code(), "sandbox_silent");
    app->sandbox_door().close();
    EXPECT_EQ(get("sandbox").status, 404);
}

}  // namespace
}  // namespace leadbridge::gateway
