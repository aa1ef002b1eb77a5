// A channel's caps, rota and backups through the API, and who serves by it.

#include "crm/leads/channel_serving.h"
#include "tests/gateway/people_fixture.h"

namespace leadbridge::gateway {
namespace {

class ChannelLimitsApi : public PeopleTest {
protected:
    ChannelLimitsApi() : corp{*parse_id(add_corp("wwSAMPLE0001"))} {}

    std::string make(const std::string& limits) {
        const Got made = post(
            "channels", R"({"name":"c","members":["sample1","sample2"],"limits":)" + limits + "}"
        );
        EXPECT_EQ(made.status, 201) << made.body;
        return "channels/" + made.text("id");
    }

    Got patch(const std::string& path, const std::string& body) {
        return call(Method::patch, path, admin, body, {{"If-Match", get(path).etag()}});
    }

    static std::string limits_of(const Got& got) { return to_text(got.object()["limits"]); }

    CorpId corp;
};

TEST_F(ChannelLimitsApi, AreMadeShownAndEditedLikeTheOtherFields) {
    const std::string limits =
        R"({"members":[{"userid":"sample1","daily_cap":2,"rota":[{"weekday":1,"from":540,"to":1080}]}],)"
        R"("backups":["sample3"]})";
    const std::string path = make(limits);
    EXPECT_EQ(limits_of(get(path)), limits);
    const std::string read = get(path).etag();
    EXPECT_EQ(call(Method::patch, path, admin, R"({"limits":null})").status, 428);
    EXPECT_EQ(patch(path, R"({"name":"d"})").status, 200);
    EXPECT_EQ(limits_of(get(path)), limits) << "absent = unchanged";
    EXPECT_EQ(
        call(Method::patch, path, admin, R"({"limits":null})", {{"If-Match", read}}).status, 412
    );
    EXPECT_EQ(patch(path, R"({"members":["sample2"]})").status, 200);
    EXPECT_EQ(limits_of(get(path)), R"({"members":[],"backups":["sample3"]})");
    EXPECT_EQ(patch(path, R"({"limits":null})").status, 200);
    EXPECT_EQ(limits_of(get(path)), R"({"members":[],"backups":[]})");
}

TEST_F(ChannelLimitsApi, NameTheFaultyField) {
    const std::string path = make("null");
    const Got stranger = patch(path, R"({"limits":{"members":[{"userid":"x","daily_cap":2}]}})");
    EXPECT_EQ(stranger.status, 422) << stranger.body;
    EXPECT_NE(stranger.body.find("limits"), std::string::npos);
    EXPECT_EQ(
        patch(path, R"({"limits":{"members":[{"userid":"sample1","daily_cap":0}]}})").status, 422
    );
    EXPECT_EQ(patch(path, R"({"limits":{"caps":[]}})").status, 422);
    EXPECT_EQ(patch(path, R"({"limits":{"backups":["sample1"]}})").status, 422);
}

TEST_F(ChannelLimitsApi, WhoServesAndTheSwapsAreShownToWhoMaySeeThem) {
    const std::string path = make(R"({"backups":["sample3"]})");
    const crm::ChannelId id{*parse_id(path.substr(9))};
    const ApiServices& s = app->services();
    for (const std::vector<std::string>& users :
         {std::vector<std::string>{"sample1", "sample2"}, {"sample2"}}) {
        ASSERT_TRUE(s.core.write<int>([&](Transaction& tx) -> Result<int> {
            const auto channel = crm::ChannelStore::find(tx, crm::Viewer::daemon(corp), id);
            crm::served(tx, s.crm(), *channel, users, {{"sample1", "41054", 9'000'000'000'000}});
            return 0;
        }));
    }
    const Got serving = get(path + "/serving");
    ASSERT_EQ(serving.status, 200) << serving.body;
    EXPECT_EQ(to_text(serving.object()["users"]), R"(["sample2"])");
    const json::object now = serving.object();
    const json::object& first = json_array(now, "people")->at(0).as_object();
    EXPECT_EQ(json_string(first, "duty"), "refused");
    EXPECT_EQ(json_string(first, "reason"), "41054");
    const Got swaps = get(path + "/swaps?limit=1");
    ASSERT_EQ(swaps.items(), 1U) << swaps.body;
    EXPECT_NE(swaps.body.find(R"("act":"out","why":"refused")"), std::string::npos) << swaps.body;
    EXPECT_EQ(get("channels/12345/swaps").status, 404);
    EXPECT_EQ(get("channels/12345/serving").status, 404);
    // A sales person sees who serves, and only the figures of members in reach.
    const auto who = person("sales", crm::Role::sales, corp);
    const Got seen = browse(sign_in(who.user), Method::get, path + "/serving");
    ASSERT_EQ(seen.status, 200) << seen.body;
    const json::object shown = seen.object();
    ASSERT_EQ(json_array(shown, "people")->size(), 3U);
    for (const json::value& one : *json_array(shown, "people")) {
        EXPECT_TRUE(one.as_object().at("adds_today").is_null());
    }
}

}  // namespace
}  // namespace leadbridge::gateway
