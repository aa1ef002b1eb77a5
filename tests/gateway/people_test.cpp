// Sessions, cross-site requests, users and what roles see.

#include "crm/contacts/contact.h"
#include "gateway/api/csv.h"
#include "gateway/api/masking.h"
#include "tests/gateway/people_fixture.h"

namespace leadbridge::gateway {
namespace {

constexpr std::string_view password = "correct horse 1";

TEST_F(PeopleTest, FirstStartThenSignOutAndIn) {
    EXPECT_TRUE(call(Method::get, "auth/methods", "").object().at("first_start").as_bool());
    const auto code = app->services().login.make_first_code();
    ASSERT_TRUE(code);
    const std::string body = R"({"code":")" + std::string(code->reveal()) +
                             R"(","name":"anna","password":")" + std::string(password) + R"("})";
    EXPECT_EQ(
        call(Method::post, "auth/first", "", body, {{"Host", "a"}, {"Origin", "http://b"}}).code(),
        "bad_origin"
    );
    const Got made = call(Method::post, "auth/first", "", body);
    ASSERT_EQ(made.status, 200) << made.body;
    EXPECT_EQ(made.text("role"), "admin");
    const std::string set(made.headers.get("Set-Cookie"));
    EXPECT_NE(set.find("HttpOnly"), std::string::npos) << set;
    EXPECT_NE(set.find("SameSite=Lax"), std::string::npos) << set;
    const Extra cookie{{"Cookie", set.substr(0, set.find(';'))}};
    EXPECT_EQ(call(Method::get, "me", "", "", cookie).text("actor"), "user:anna");
    EXPECT_EQ(call(Method::post, "auth/first", "", body).code(), "bad_first_code");
    EXPECT_FALSE(call(Method::get, "auth/methods", "").object().at("first_start").as_bool());

    Extra writes = cookie;
    writes.emplace_back("X-CSRF-Token", made.text("csrf_token"));
    EXPECT_EQ(call(Method::post, "auth/logout", "", "", writes).status, 204);
    EXPECT_EQ(call(Method::get, "me", "", "", cookie).code(), "session_ended");
    EXPECT_EQ(call(Method::get, "auth/methods", "", "", cookie).status, 200)
        << "a stale cookie is not in the way of signing in";
    const std::string again = R"({"name":"Anna","password":")" + std::string(password) + R"("})";
    EXPECT_EQ(call(Method::post, "auth/local", "", again, cookie).status, 200);
    EXPECT_EQ(
        call(Method::post, "auth/local", "", R"({"name":"anna","password":"wrong one"})").code(),
        "bad_login"
    );
}

TEST_F(PeopleTest, AnAdminLetsSomebodyInAgainWhoTriedTooOften) {
    const Browser sam = person("sam", crm::Role::readonly);
    const auto locked = [&] { return get("users/" + sam.user.str()).object().at("locked"); };
    EXPECT_TRUE(locked().is_null());
    const std::string wrong = R"({"name":"sam","password":"wrong one"})";
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(call(Method::post, "auth/local", "", wrong).code(), "bad_login");
    }
    EXPECT_EQ(call(Method::post, "auth/local", "", wrong).code(), "locked");
    EXPECT_TRUE(locked().is_string());
    EXPECT_NE(get("users?limit=10").body.find(R"("locked":"2)"), std::string::npos);
    const Got free = post("users/" + sam.user.str() + "/unlock", "");
    ASSERT_EQ(free.status, 200) << free.body;
    EXPECT_TRUE(free.object().at("locked").is_null());
    EXPECT_EQ(call(Method::post, "auth/local", "", wrong).code(), "bad_login");
    EXPECT_NE(get("machine/audit?object=user").body.find("user.unlock"), std::string::npos);
    EXPECT_EQ(post("users/123/unlock", "").status, 404);
}

TEST_F(PeopleTest, WritesOfASessionNeedItsOwnTokenAndItsOwnSite) {
    const Browser anna = person("anna", crm::Role::admin);
    const Browser berta = person("berta", crm::Role::admin);
    const std::string body = R"({"name":"x","scopes":["read"]})";
    const auto write = [&](Extra extra) {
        extra.insert(extra.begin(), cookie(anna).front());
        return call(Method::post, "tokens", "", body, extra).code();
    };
    EXPECT_EQ(write({}), "bad_csrf_token");
    EXPECT_EQ(write({{"X-CSRF-Token", berta.csrf}}), "bad_csrf_token") << "bound to the session";
    EXPECT_EQ(
        write({{"X-CSRF-Token", anna.csrf}, {"Host", "me"}, {"Origin", "https://evil"}}),
        "bad_origin"
    );
    EXPECT_EQ(
        write({{"X-CSRF-Token", anna.csrf}, {"Host", "me"}, {"Origin", "null"}}), "bad_origin"
    );
    EXPECT_EQ(write({{"X-CSRF-Token", anna.csrf}, {"Host", "me"}, {"Origin", "http://me"}}), "");
    EXPECT_EQ(call(Method::get, "me", "", "", cookie(anna)).status, 200) << "reading needs none";
}

TEST_F(PeopleTest, SessionsAreListedAndEnded) {
    const Browser anna = person("anna", crm::Role::admin);
    const Browser phone = sign_in(anna.user);
    const Browser sam = person("sam", crm::Role::readonly);
    EXPECT_EQ(browse(anna, Method::get, "sessions").items(), 2U);
    const Got of_sam = browse(anna, Method::get, "sessions?user=" + sam.user.str());
    ASSERT_EQ(of_sam.items(), 1U);
    EXPECT_EQ(browse(sam, Method::get, "sessions?user=" + anna.user.str()).status, 404);
    const json::object sams = of_sam.object();
    const std::string id = json_string(sams.at("items").at(0).as_object(), "id");
    EXPECT_EQ(browse(phone, Method::del, "sessions/" + id).status, 204);
    EXPECT_EQ(browse(sam, Method::get, "me").code(), "session_ended");
    const Got ended = browse(anna, Method::del, "sessions");
    EXPECT_EQ(ended.object().at("ended").as_int64(), 1);
    EXPECT_EQ(browse(phone, Method::get, "me").status, 401);
    EXPECT_EQ(browse(anna, Method::get, "me").status, 200);
}

TEST_F(PeopleTest, UsersAreMadeChangedAndKeptToTheirCorp) {
    const CorpId one{*parse_id(add_corp("wwSAMPLE0001"))};
    const CorpId two{*parse_id(add_corp("wwSAMPLE0002"))};
    const Browser anna = person("anna", crm::Role::admin);
    const Browser local = person("local", crm::Role::admin, one);
    const Got made = browse(
        anna,
        Method::post,
        "users",
        R"({"name":"mia","role":"manager","password":"correct horse 1"})"
    );
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_FALSE(made.object().contains("password_hash"));
    const std::string path = "users/" + made.text("id");
    EXPECT_EQ(browse(anna, Method::patch, path, R"({"role":"sales"})").status, 428);
    const Got changed =
        browse(anna, Method::patch, path, R"({"role":"marketing"})", {{"If-Match", made.etag()}});
    EXPECT_EQ(changed.text("role"), "marketing") << changed.body;
    EXPECT_EQ(browse(local, Method::get, path).status, 404);
    EXPECT_EQ(browse(local, Method::get, "users").items(), 1U);
    const std::string elsewhere = R"({"name":"x","role":"readonly","corp":")" + two.str() + R"("})";
    EXPECT_EQ(browse(local, Method::post, "users", elsewhere).status, 422);
    EXPECT_EQ(
        browse(local, Method::post, "users", R"({"name":"y","role":"admin"})").text("corp"),
        one.str()
    ) << "a corp's admin begets only its like";
    EXPECT_EQ(browse(anna, Method::del, path).status, 204);
    EXPECT_EQ(browse(anna, Method::get, path).status, 404);
    const Got audit = browse(anna, Method::get, "audit?corp=" + one.str() + "&action=user");
    EXPECT_EQ(audit.items(), 4U) << audit.body;
}

TEST_F(PeopleTest, SalesSeeTheirOwnContactsWithPhonesMaskedAndCanReveal) {
    const CorpId corp{*parse_id(add_corp("wwSAMPLE0001"))};
    const Browser sales = person("sales", crm::Role::sales, corp);
    const Browser chief = person("chief", crm::Role::manager);
    const ApiServices& s = app->services();
    const auto contact = [&](const std::string& name,
                             const std::string& owner,
                             const std::string& phone) {
        return s.core
            .write<std::string>([&](Transaction& tx) -> Result<std::string> {
                const auto id = crm::create_contact(tx, s.crm(), corp, name, s.clock.now());
                const auto member = crm::MemberStore(s.clock, s.ids).ensure(tx, corp, owner);
                tx.execute(
                    "UPDATE contact SET owner = ? WHERE corp_id = ? AND id = ?", {member, corp, id}
                );
                crm::add_identity(tx, corp, id, {crm::IdentityKind::phone, phone}, s.clock.now());
                return id.str();
            })
            .value();
    };
    const std::string mine = contact("A", "sales", "8613812345678");
    const std::string other = contact("B", "somebody", "8613800000002");
    EXPECT_EQ(browse(sales, Method::get, "contacts").items(), 1U);
    EXPECT_EQ(browse(chief, Method::get, "contacts").items(), 2U);
    EXPECT_EQ(browse(sales, Method::get, "contacts/" + other).status, 404);
    const std::string card = browse(sales, Method::get, "contacts/" + mine).body;
    EXPECT_EQ(card.find("13812345678"), std::string::npos) << card;
    EXPECT_NE(card.find("138****5678"), std::string::npos) << card;
    EXPECT_NE(
        browse(chief, Method::get, "contacts/" + mine).body.find("8613812345678"), std::string::npos
    );
    const std::string ask = R"({"field":"phone","reason":"call back"})";
    EXPECT_EQ(browse(sales, Method::post, "contacts/" + other + "/reveal", ask).status, 404);
    EXPECT_EQ(
        browse(sales, Method::post, "contacts/" + mine + "/reveal", R"({"field":"phone"})").status,
        422
    ) << "a reason is needed";
    const Got shown = browse(sales, Method::post, "contacts/" + mine + "/reveal", ask);
    EXPECT_NE(shown.body.find("8613812345678"), std::string::npos) << shown.body;
    const Got audit = get("audit?action=contact.reveal&actor=user:sales");
    ASSERT_EQ(audit.items(), 1U);
    EXPECT_NE(audit.body.find("call back"), std::string::npos);
}

TEST_F(PeopleTest, WhatIsSeenMaskedIsNotSavedBackMasked) {
    const CorpId corp{*parse_id(add_corp("wwSAMPLE0001"))};
    const Browser sales = person("sales", crm::Role::sales, corp);
    const Browser chief = person("chief", crm::Role::manager);
    const ApiServices& s = app->services();
    const auto id = s.core.write<std::string>([&](Transaction& tx) -> Result<std::string> {
        const auto made = crm::create_contact(tx, s.crm(), corp, "A", s.clock.now());
        const auto owner = crm::MemberStore(s.clock, s.ids).ensure(tx, corp, "sales");
        tx.execute(
            "UPDATE contact SET owner = ?, company = ? WHERE corp_id = ? AND id = ?",
            {owner, "Sample 13812345678 Ltd", corp, made}
        );
        return made.str();
    });
    const std::string path = "contacts/" + *id;
    const Got card = browse(sales, Method::get, path);
    ASSERT_EQ(card.text("company"), "Sample 138****5678 Ltd");
    const auto save = [&](const std::string& company) {
        const std::string body = R"({"position":"buyer","company":")" + company + R"("})";
        const std::string version = browse(sales, Method::get, path).etag();
        return browse(sales, Method::patch, path, body, {{"If-Match", version}});
    };
    EXPECT_EQ(save(card.text("company")).text("position"), "buyer");
    EXPECT_EQ(browse(chief, Method::get, path).text("company"), "Sample 13812345678 Ltd");
    EXPECT_EQ(save("Sample 138****5678 Limited").code(), "masked_text");
    EXPECT_EQ(save("Sample Limited").text("company"), "Sample Limited");
}

TEST_F(PeopleTest, NoConditionTellsAMaskedPhoneDigitByDigit) {
    const CorpId corp{*parse_id(add_corp("wwSAMPLE0001"))};
    const Browser sales = person("sales", crm::Role::sales, corp);
    const Browser chief = person("chief", crm::Role::manager);
    const auto asking = [](const std::string& op) {
        return R"({"condition":{"any":[{"not":{"field":"phone","op":")" + op +
               R"(","value":"1380"}}]}})";
    };
    for (const std::string target : {"contacts/query", "leads/query", "leads/board"}) {
        EXPECT_EQ(browse(sales, Method::post, target, asking("contains")).status, 403) << target;
        EXPECT_NE(browse(sales, Method::post, target, asking("eq")).status, 403) << target;
        EXPECT_EQ(browse(chief, Method::post, target, asking("contains")).status, 200) << target;
    }
}

TEST_F(PeopleTest, WhatStrangersSendIsNotKept) {
    const std::string name(100'000, 'x');
    const Got got = call(
        Method::post, "auth/local", "", R"({"name":")" + name + R"(","password":"a wrong one"})"
    );
    EXPECT_EQ(got.status, 401) << got.body;
    const auto kept = app->services().core.read<std::int64_t>([](Snapshot& s) {
        return Result<std::int64_t>(s.number("SELECT COUNT(*) FROM login_failure"));
    });
    EXPECT_EQ(*kept, 0);
}

TEST_F(PeopleTest, WhatPeopleWroteComesBackAsTheyWroteIt) {
    add_corp("wwSAMPLE0001");
    const Browser marketing = person("marketing", crm::Role::marketing);
    const Got made = browse(
        marketing,
        Method::post,
        "segments",
        R"({"name":"热线 13800138000","condition":{"field":"phone","op":"exists","value":true}})"
    );
    ASSERT_EQ(made.status, 201) << made.body;
    const Got read = browse(marketing, Method::get, "segments/" + made.text("id"));
    EXPECT_EQ(read.text("name"), "热线 13800138000") << "masked, it would be saved back masked";
}

TEST_F(PeopleTest, AuditGoesOutAsCsvWithoutFormulas) {
    add_corp("wwSAMPLE0001");
    const Browser clerk = person("=cmd", crm::Role::compliance);
    ASSERT_EQ(browse(clerk, Method::get, "audit/export").status, 200);
    const Got csv = browse(clerk, Method::get, "audit/export?action=audit.export");
    EXPECT_EQ(csv.headers.get("Content-Type"), "text/csv; charset=utf-8");
    EXPECT_NE(csv.body.find(",user:=cmd,audit.export,"), std::string::npos) << csv.body;
    EXPECT_EQ(csv_field("=1+1"), "'=1+1");
    EXPECT_EQ(csv_field("@x,\"y\""), "\"'@x,\"\"y\"\"\"");
    EXPECT_EQ(csv_field("-5"), "'-5");
    EXPECT_EQ(csv_field("a\nb"), "\"a\nb\"");
    EXPECT_EQ(csv_field("张三"), "张三");
}

TEST(Masking, PhonesAndMailsButNotIds) {
    EXPECT_EQ(mask_phone("8613812345678"), "138****5678");
    EXPECT_EQ(mask_phone("862188886666"), "****6666");
    EXPECT_EQ(mask_phone("110"), "****");
    EXPECT_EQ(mask_email("anna@example.com"), "a***@example.com");
    EXPECT_EQ(
        mask_text("call 13812345678 or +8613900000001!"), "call 138****5678 or +139****0001!"
    );
    EXPECT_EQ(mask_text("382669426417205250"), "382669426417205250");
    EXPECT_EQ(mask_text("138-1234-5678, 138 1234 5678"), "138-****-5678, 138 **** 5678");
    EXPECT_EQ(mask_text("2026-1234-5678 138-1234-56789"), "2026-1234-5678 138-1234-56789");
    EXPECT_EQ(mask_text("write to anna.li@example.com!"), "write to a***@example.com!");
    EXPECT_EQ(mask_text("13812345678@example.com"), "1***@example.com");
    EXPECT_EQ(mask_text("@all, a@b and user:anna@7"), "@all, a@b and user:anna@7");
    auto answer =
        parse_json(R"({"id":"13812345678","userid":"13812345678","items":[{"kind":"phone",)"
                   R"("value":"862188886666"},{"kind":"email","value":"a@b.c"},)"
                   R"({"kind":"unionid","value":"o13812345678"}],"remark":"王 13812345678"})")
            .value();
    mask_answer(answer);
    EXPECT_EQ(
        to_text(answer),
        R"({"id":"13812345678","userid":"13812345678","items":[{"kind":"phone",)"
        R"("value":"****6666"},{"kind":"email","value":"a***@b.c"},)"
        R"({"kind":"unionid","value":"o138****5678"}],"remark":"王 138****5678"})"
    );
}

}  // namespace
}  // namespace leadbridge::gateway
