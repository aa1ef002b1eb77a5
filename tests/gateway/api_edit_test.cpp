// Edits of shared records: nobody undoes what he has not read.

#include <thread>

#include "crm/contacts/contact.h"
#include "tests/gateway/api_fixture.h"

namespace leadbridge::gateway {
namespace {

class ApiEdit : public ApiTest {
protected:
    ApiEdit() { add_corp("wwSAMPLE0001"); }

    std::string make(const std::string& where, const std::string& body) {
        const Got made = post(where, body);
        EXPECT_EQ(made.status, 201) << made.body;
        return where + "/" + made.text("id");
    }

    std::string contact() {
        const ApiServices& s = app->services();
        auto made = s.core.write<std::string>([&](Transaction& tx) -> Result<std::string> {
            const CorpId corp = s.corp_directory.all().front()->id;
            return crm::create_contact(tx, s.crm(), corp, "示例", s.clock.now()).str();
        });
        return "contacts/" + made.value();
    }

    Got edit(Method method, const std::string& path, const std::string& body, std::string version) {
        return call(method, path, admin, body, {{"If-Match", std::move(version)}});
    }
};

TEST_F(ApiEdit, NothingSharedIsDeletedUnread) {
    for (const std::string& path :
         {make("tags", R"({"group":"g","name":"n"})"),
          make("segments", R"({"name":"s","condition":{"all":[]}})"),
          make("sources", R"({"name":"s","auth":{"kind":"none"}})"),
          make("channels", R"({"name":"c","members":["sample1"]})")}) {
        EXPECT_EQ(call(Method::del, path, admin).code(), "if_match_missing") << path;
        EXPECT_EQ(edit(Method::del, path, "", "\"v99\"").status, 412) << path;
        EXPECT_EQ(get(path).status, 200) << path;
        EXPECT_EQ(edit(Method::del, path, "", get(path).etag()).status, 204) << path;
        EXPECT_EQ(get(path).status, 404) << path;
    }
}

TEST_F(ApiEdit, TagsOfAContactAreReplacedOnlyByWhoReadThem) {
    const std::string card = contact();
    const std::string tag = make("tags", R"({"group":"g","name":"n"})").substr(5);
    const std::string body = R"({"tags":[")" + tag + "\"]}";
    EXPECT_EQ(call(Method::put, card + "/tags", admin, body).status, 428);
    const std::string read = get(card).etag();
    const Got put = edit(Method::put, card + "/tags", body, read);
    ASSERT_EQ(put.status, 200) << put.body;
    EXPECT_NE(put.etag(), read) << "tags stand on the card: other tags are another version";
    // Somebody who read the card before would take the tag away without knowing of it.
    EXPECT_EQ(edit(Method::put, card + "/tags", R"({"tags":[]})", read).status, 412);
    EXPECT_EQ(edit(Method::put, card + "/tags", R"({"tags":[]})", put.etag()).status, 200);
}

TEST_F(ApiEdit, ASecretIsRotatedAlone) {
    const Got made = post(
        "sources",
        R"({"name":"s","auth":{"kind":"header","header":"X-Own","secrets":["first-secret"],)"
        R"("allow_ips":["10.0.0.0/8"]}})"
    );
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.text("auth_kind"), "header");
    EXPECT_EQ(made.text("auth_header"), "X-Own");
    const std::string path = "sources/" + made.text("id");
    const auto auth = [&] {
        return std::string(
            app->services().source_directory.find(parse_id(made.text("id")).value())->auth.reveal()
        );
    };
    const auto rotate = [&](const std::string& body) {
        return edit(Method::post, path + "/rotate", body, get(path).etag());
    };
    const Got both = rotate(R"({"secret":"second-secret","keep_former":true})");
    ASSERT_EQ(both.status, 200) << both.body;
    EXPECT_EQ(both.body.find("secret\""), std::string::npos) << "never comes out";
    EXPECT_EQ(
        auth(),
        R"({"kind":"header","header":"X-Own","secrets":["second-secret","first-secret"],)"
        R"("allow_ips":["10.0.0.0/8"]})"
    );
    EXPECT_EQ(rotate(R"({"secret":"third-secret"})").status, 200);
    EXPECT_EQ(auth().find("second-secret"), std::string::npos);
    EXPECT_EQ(rotate(R"({"secret":"abc"})").code(), "auth.secrets");
    EXPECT_EQ(edit(Method::post, path + "/rotate", R"({"secret":"x1234"})", "\"v1\"").status, 412);
    const Got open = post("sources", R"({"name":"o","auth":{"kind":"none"}})");
    const std::string other = "sources/" + open.text("id");
    const Got refused = edit(Method::post, other + "/rotate", R"({"secret":"x1234"})", open.etag());
    EXPECT_NE(refused.body.find("auth.kind"), std::string::npos) << refused.body;
    EXPECT_NE(get("audit?object=source").body.find("source.rotate"), std::string::npos);
}

TEST_F(ApiEdit, OptOutIsKeptAndTold) {
    const std::string card = contact();
    EXPECT_NE(get(card).body.find(R"("opted_out":false)"), std::string::npos);
    const Got out = edit(Method::patch, card, R"({"opted_out":true})", get(card).etag());
    ASSERT_EQ(out.status, 200) << out.body;
    EXPECT_NE(out.body.find(R"("opted_out":true)"), std::string::npos) << out.body;
    // Again changes nothing, and is not told twice.
    EXPECT_EQ(edit(Method::patch, card, R"({"opted_out":true})", out.etag()).status, 200);
    const Got in = edit(Method::patch, card, R"({"opted_out":false})", get(card).etag());
    EXPECT_NE(in.body.find(R"("opted_out":false)"), std::string::npos) << in.body;
    const std::string told = get(card + "/timeline").body;
    const std::size_t first = told.find(R"("kind":"opted_out")");
    EXPECT_NE(first, std::string::npos) << told;
    EXPECT_EQ(told.find(R"("kind":"opted_out")", first + 1), std::string::npos) << told;
    EXPECT_NE(told.find(R"("kind":"opted_in")"), std::string::npos) << told;
}

// Each edit refreshes the directory that callbacks read: an older reading must never replace a
// newer one, whichever thread ends last.
TEST_F(ApiEdit, TheDirectoryEndsWithTheLastEdit) {
    const std::string path = "corps/" + app->services().corp_directory.all().front()->id.str();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 25; ++i) {
                const std::string name = std::to_string(t) + "-" + std::to_string(i);
                (void)edit(Method::patch, path, R"({"name":")" + name + "\"}", get(path).etag());
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(app->services().corp_directory.all().front()->name, get(path).text("name"));
}

TEST_F(ApiEdit, ActsOfTheMachineAreShownToItsAdmin) {
    EXPECT_EQ(post("tokens", R"({"name":"of-all","scopes":["read"]})").status, 201);
    const Got acts = get("machine/audit?object=token");
    EXPECT_EQ(acts.items(), 1U) << acts.body;
    EXPECT_NE(acts.body.find("token.create"), std::string::npos);
    const std::int64_t corp = app->services().corp_directory.all().front()->id.value;
    const std::string of_corp = token("of-corp", {"admin"}, corp);
    EXPECT_EQ(call(Method::get, "machine/audit", of_corp).code(), "corp_scope");
    EXPECT_EQ(call(Method::get, "machine/audit", token("w", {"write"})).status, 403);
}

TEST_F(ApiEdit, ATokenNamesItsCorpEitherWay) {
    const Got by_wecom = post("tokens", R"({"name":"a","scopes":["read"],"corp":"wwSAMPLE0001"})");
    ASSERT_EQ(by_wecom.status, 201) << by_wecom.body;
    add_corp("wwSAMPLE0002");
    const Got me = call(Method::get, "me", by_wecom.text("token"));
    EXPECT_NE(me.body.find("wwSAMPLE0001"), std::string::npos);
    EXPECT_EQ(me.body.find("wwSAMPLE0002"), std::string::npos);
    EXPECT_EQ(post("tokens", R"({"name":"b","scopes":["read"],"corp":"wwNOBODY"})").status, 422);
}

}  // namespace
}  // namespace leadbridge::gateway
