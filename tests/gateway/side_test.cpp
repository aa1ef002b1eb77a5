// The chat toolbar's page: who gets a card, what is signed, where WeCom sends the browser back to.

#include "crm/contacts/group_chat.h"
#include "crm/intake.h"
#include "crm/leads/channel.h"
#include "gateway/side_fetches.h"
#include "tests/gateway/people_fixture.h"

namespace leadbridge::gateway {
namespace {

class SideTest : public PeopleTest {
protected:
    SideTest()
        : corp{*parse_id(add_corp("wwSAMPLE0001"))},
          other{*parse_id(add_corp("wwSAMPLE0002"))},
          sam(person("sam", crm::Role::sales, corp)),
          tom(person("tom", crm::Role::sales, corp)) {
        add_friend(corp, "sam", "wm_li");
    }

    void tell(CorpId of, crm::TouchBody body) {
        const ApiServices& s = app->services();
        crm::Touch touch;
        touch.corp = of;
        touch.at = s.clock.now();
        touch.key = "test:" + std::to_string(++told);
        touch.body = std::move(body);
        auto done = s.core.write<int>([&](Transaction& tx) -> Result<int> {
            auto in = crm::intake(tx, {s.clock, s.ids, s.jobs}, touch);
            return in ? Result<int>(0) : Result<int>(in.error());
        });
        ASSERT_TRUE(done) << done.error().message;
    }

    void add_friend(CorpId of, const std::string& userid, const std::string& external) {
        crm::FriendAdded added;
        added.userid = userid;
        added.external_userid = external;
        tell(of, added);
    }

    Got card(const Browser& who, const std::string& external, const std::string& more = "") {
        return browse(who, Method::get, "side/contact?external_userid=" + external + more);
    }

    std::int64_t waiting(std::string_view queue) {
        const ApiServices& s = app->services();
        return s.core
            .read<std::int64_t>([&](Snapshot& snapshot) -> Result<std::int64_t> {
                return snapshot.number("SELECT COUNT(*) FROM job WHERE queue = ?", {queue});
            })
            .value();
    }

    Got signature(const std::string& url, Extra extra = {{"Host", "crm.example.com"}}) {
        return browse(
            sam, Method::get, "side/signature?url=" + percent_encode(url), "", std::move(extra)
        );
    }

    int told = 0;
    CorpId corp;
    CorpId other;
    Browser sam;
    Browser tom;
};

TEST_F(SideTest, TheFollowerGetsTheCard) {
    const Got got = card(sam, "wm_li");
    ASSERT_EQ(got.status, 200) << got.body;
    const json::object body = got.object();
    const std::string contact = json_string(body.at("contact").as_object(), "id");
    EXPECT_EQ(body.at("owner_name").as_string(), "sam");
    EXPECT_TRUE(body.at("follow").at("live").as_bool());
    EXPECT_EQ(body.at("follow").at("userid").as_string(), "sam");
    EXPECT_TRUE(body.at("colleagues").as_array().empty());
    EXPECT_TRUE(body.at("chat").is_null());
    EXPECT_TRUE(body.at("may_note").as_bool());
    ASSERT_EQ(body.at("leads").as_array().size(), 1U);
    EXPECT_EQ(body.at("leads").at(0).at("owner_name").as_string(), "sam");
    EXPECT_EQ(body.at("leads").at(0).at("lead").at("status").as_string(), "new");
    EXPECT_FALSE(body.at("events").as_array().empty());

    EXPECT_EQ(
        browse(sam, Method::post, "contacts/" + contact + "/notes", R"({"text":"要两套"})").status,
        201
    );
    add_friend(corp, "tom", "wm_li");
    const json::object later = card(sam, "wm_li").object();
    EXPECT_EQ(later.at("notes").at(0).at("text").as_string(), "要两套");
    EXPECT_EQ(later.at("notes").at(0).at("actor").as_string(), "user:sam");
    EXPECT_EQ(later.at("colleagues").at(0).at("name").as_string(), "tom");
    for (const json::value& event : later.at("events").as_array()) {
        EXPECT_NE(event.at("kind").as_string(), "note");
    }
}

// That it is done by the first signature is tested with WeCom: tests/system/test_side.py.
TEST_F(SideTest, TheSetupsStepWaitsForAMemberWithTheToolbarOpen) {
    const auto tested = [&] { return post("setup/steps/toolbar/test?corp=" + corp.str(), ""); };
    EXPECT_EQ(tested().text("status"), "warning") << tested().body;
    EXPECT_EQ(signature("https://foreign.example.com/side/").status, 422);
    EXPECT_EQ(signature("http://crm.example.com/side/").status, 502);
    EXPECT_EQ(tested().text("status"), "warning") << "nothing was signed";
    EXPECT_NE(tested().body.find("corp.toolbar"), std::string::npos);
}

TEST_F(SideTest, WhoDoesNotFollowIsToldWhomToAsk) {
    const Got got = card(tom, "wm_li");
    EXPECT_EQ(got.status, 403) << got.body;
    EXPECT_EQ(got.code(), "not_following");
    EXPECT_EQ(got.text("owner"), "sam");
    EXPECT_EQ(got.object().if_contains("contact"), nullptr);

    tell(corp, crm::FriendLost{"sam", "wm_li", crm::LostBy::member_deleted});
    EXPECT_EQ(card(sam, "wm_li").code(), "not_following") << "a friendship that has ended";
}

TEST_F(SideTest, AManagerWhoSeesAllStillHasToFollow) {
    const Browser boss = person("boss", crm::Role::admin, corp);
    EXPECT_EQ(card(boss, "wm_li").code(), "not_following");
    add_friend(corp, "boss", "wm_li");
    EXPECT_EQ(card(boss, "wm_li").status, 200);
}

TEST_F(SideTest, WhoIsNoMemberOfTheCorpIsRefused) {
    const Browser local = person("local", crm::Role::admin);
    EXPECT_EQ(card(local, "wm_li", "&corp=wwSAMPLE0001").code(), "member_missing");
    EXPECT_EQ(
        call(Method::get, "side/contact?corp=wwSAMPLE0001&external_userid=wm_li", admin).code(),
        "member_missing"
    ) << "a token is nobody";
}

TEST_F(SideTest, AnotherCorpsContactIsUnknown) {
    const Browser eve = person("eve", crm::Role::sales, other);
    EXPECT_EQ(card(eve, "wm_li").code(), "contact_unknown");
    EXPECT_EQ(card(eve, "wm_li", "&corp=wwSAMPLE0001").code(), "corp_unknown");
    EXPECT_EQ(card(sam, "wm_li", "&corp=wwSAMPLE0002").code(), "corp_unknown");
}

TEST_F(SideTest, AnUnknownContactIsFetchedOnce) {
    const auto before = waiting("wecom.refetch_contact");
    const Got got = card(sam, "wm_new");
    EXPECT_EQ(got.status, 404);
    EXPECT_EQ(got.code(), "contact_unknown");
    EXPECT_EQ(waiting("wecom.refetch_contact"), before + 1);
    EXPECT_EQ(card(sam, "wm_new").status, 404);
    EXPECT_EQ(waiting("wecom.refetch_contact"), before + 1);
    EXPECT_EQ(card(sam, "").code(), "bad_external_userid");
    EXPECT_EQ(card(sam, std::string(65, 'x')).code(), "bad_external_userid");
}

TEST_F(SideTest, PhonesAreMaskedByRole) {
    crm::ContactFetched fetched;
    fetched.external_userid = "wm_li";
    fetched.name = "李想";
    crm::FollowFact fact;
    fact.userid = "sam";
    fact.remark = "李总 13800138000";
    fact.created_ms = app->services().clock.now();
    fetched.follows.push_back(fact);
    tell(corp, fetched);
    EXPECT_EQ(
        card(sam, "wm_li").object().at("follow").at("remark").as_string(), "李总 138****8000"
    );
}

TEST_F(SideTest, AGroupIsForWhoIsInIt) {
    const auto group = [&](const Browser& who, const std::string& id) {
        return browse(who, Method::get, "side/group?chat_id=" + id);
    };
    EXPECT_EQ(group(sam, "wr_one").code(), "group_unknown");
    EXPECT_EQ(waiting("wecom.refetch_group"), 1);
    const ApiServices& s = app->services();
    auto put = s.core.write<int>([&](Transaction& tx) -> Result<int> {
        crm::GroupChatFact fact;
        fact.chat.chat_id = "wr_one";
        fact.chat.name = "装修群";
        fact.chat.owner_userid = "sam";
        crm::GroupChatMember member;
        member.userid = "SAM";  // WeCom knows ids in any case
        fact.members.push_back(member);
        member.external = true;
        member.userid = "wm_li";
        member.name = "李想";
        fact.members.push_back(member);
        member.userid = "wm_stranger";
        fact.members.push_back(member);
        crm::put_group_chat(tx, s.crm(), corp, fact);
        return 0;
    });
    ASSERT_TRUE(put);
    const json::object got = group(sam, "wr_one").object();
    EXPECT_EQ(json_string(got, "name"), "装修群");
    EXPECT_EQ(got.at("colleagues").as_int64(), 1);
    ASSERT_EQ(got.at("contacts").as_array().size(), 2U);
    EXPECT_TRUE(got.at("contacts").at(0).at("followed").as_bool());
    EXPECT_FALSE(got.at("contacts").at(1).at("followed").as_bool());
    EXPECT_EQ(group(tom, "wr_one").code(), "not_in_group");
    EXPECT_EQ(group(person("eve", crm::Role::admin, other), "wr_one").code(), "group_unknown");
}

TEST_F(SideTest, OnlyThePageOnThisMachineIsSigned) {
    for (const char* url :
         {"https://crm.example.com/side/",        // not https here
          "http://evil.example/side/",            //
          "http://crm.example.com.evil/side/",    //
          "http://crm.example.com@evil/side/",    //
          "http://crm.example.com/console/side",  //
          "http://crm.example.com/sidecar/",      //
          "http://crm.example.com/side/\\evil",   //
          "http://crm.example.com/side/ x",       //
          "javascript:alert(1)",
          ""}) {
        const Got got = signature(url);
        EXPECT_EQ(got.status, 422) << url;
        EXPECT_EQ(got.code(), "foreign_url") << url << got.body;
    }
    // Ours, but the sample corp's WeCom does not answer.
    EXPECT_EQ(signature("http://crm.example.com/side/?corp=wwSAMPLE0001#x").status, 502);
    EXPECT_EQ(signature("http://crm.example.com/side/", {{"Host", "other"}}).status, 422);
    EXPECT_EQ(
        call(Method::get, "side/signature?url=http://h/side/", "", "", {{"Host", "h"}}).status, 401
    );
}

TEST_F(SideTest, ACorpWithoutAnAppCannotSign) {
    const Got made = post("corps", R"({"corp_id":"wwSAMPLE0003","name":"无应用"})");
    ASSERT_EQ(made.status, 201) << made.body;
    const Got got = call(
        Method::get,
        "side/signature?corp=wwSAMPLE0003&url=http://h/side/",
        admin,
        "",
        {{"Host", "h"}}
    );
    EXPECT_EQ(got.status, 409);
    EXPECT_EQ(got.code(), "app_missing");
}

TEST_F(SideTest, TheSignInComesBackToThePageItBeganOn) {
    const auto back = [&](const std::string& query) {
        const Got got =
            call(Method::get, "auth/wecom/start?" + query, "", "", {{"Host", "crm.example.com"}});
        const std::string to(got.headers.get("Location"));
        const auto at = to.find("&redirect_uri=");
        return at == std::string::npos
                   ? got.code()
                   : percent_decode(to.substr(at + 14, to.find('&', at + 1) - at - 14)).value();
    };
    const std::string host = "http://crm.example.com";
    EXPECT_EQ(back("corp=wwSAMPLE0001"), host + "/console/login");
    EXPECT_EQ(back("corp=wwSAMPLE0001&page=side"), host + "/side/?corp=wwSAMPLE0001");
    EXPECT_EQ(back("corp=wwSAMPLE0001&page=//evil"), "bad_page");
}

TEST(SideFetches, AreFewPerObjectAndMember) {
    ManualClock clock;
    SideFetches fetches(clock);
    const crm::Viewer sam{CorpId{1}, crm::MemberId{7}, crm::Scope::self, "user:sam"};
    const crm::Viewer tom{CorpId{1}, crm::MemberId{8}, crm::Scope::self, "user:tom"};
    EXPECT_TRUE(fetches.due(sam, "wm_1"));
    EXPECT_FALSE(fetches.due(sam, "wm_1"));
    EXPECT_FALSE(fetches.due(tom, "wm_1")) << "whoever asks";
    clock.advance(20'000);
    EXPECT_TRUE(fetches.due(sam, "wm_1"));
    int good = 0;
    for (int i = 0; i < 50; ++i) {
        good += fetches.due(sam, "wm_x" + std::to_string(i)) ? 1 : 0;
    }
    EXPECT_EQ(good, 18) << "20 a minute, two of them used";
    EXPECT_TRUE(fetches.due(tom, "wm_other"));
    clock.advance(60'000);
    EXPECT_TRUE(fetches.due(sam, "wm_y"));
}

TEST(SideFetches, WhoNamesThousandsLeavesTheOthersTheirs) {
    ManualClock clock;
    SideFetches fetches(clock);
    const crm::Viewer sam{CorpId{1}, crm::MemberId{7}, crm::Scope::self, "user:sam"};
    const crm::Viewer tom{CorpId{1}, crm::MemberId{8}, crm::Scope::self, "user:tom"};
    for (int i = 0; i < 5'000; ++i) {
        fetches.due(sam, "wm_x" + std::to_string(i));
    }
    EXPECT_TRUE(fetches.due(tom, "wm_1"));
    EXPECT_TRUE(fetches.due(tom, "wm_x4999")) << "named in vain by somebody who had none left";
}

}  // namespace
}  // namespace leadbridge::gateway
