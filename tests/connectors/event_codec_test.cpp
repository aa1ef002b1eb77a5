#include "connectors/wecom/event_codec.h"

#include <gtest/gtest.h>

#include <set>

#include "base/crypto.h"
#include "connectors/wecom/event_table.h"

namespace leadbridge::wecom {
namespace {

const std::string inbox_key(24, '\x01');

std::string app_event(const std::string& event, const std::string& rest) {
    return "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName>"
           "<FromUserName><![CDATA[sys]]></FromUserName><CreateTime>1760000100</CreateTime>"
           "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[" +
           event + "]]></Event>" + rest + "</xml>";
}

std::string change(const std::string& type, const std::string& rest = "") {
    return "<ChangeType><![CDATA[" + type + "]]></ChangeType>" + rest;
}

const std::string pair =
    "<UserID><![CDATA[ZhangSan]]></UserID><ExternalUserID><![CDATA[wmAAAA]]></ExternalUserID>";

Decoded decode(const std::string& text) {
    auto clear = read_clear_text(text);
    if (!clear) {
        return Parked{"unreadable", clear.error().message};
    }
    return decode_event(*clear, EventPlace{CorpId{7}, inbox_key, 42, 1'760'000'105'000});
}

template <class T>
T one(const std::string& text) {
    auto decoded = decode(text);
    auto* touches = std::get_if<std::vector<crm::Touch>>(&decoded);
    if (touches == nullptr || touches->size() != 1 ||
        !std::holds_alternative<T>(touches->front().body)) {
        ADD_FAILURE() << "no such touch in: " << text;
        return T{};
    }
    const auto& touch = touches->front();
    EXPECT_EQ(touch.corp, CorpId{7});
    EXPECT_EQ(touch.inbox_id, 42);
    EXPECT_EQ(touch.key, crypto::hex(inbox_key) + ":0");
    return std::get<T>(touch.body);
}

std::string parked(const std::string& text) {
    auto decoded = decode(text);
    auto* reason = std::get_if<Parked>(&decoded);
    return reason == nullptr ? "a touch" : reason->reason;
}

std::string kind(const std::string& text) {
    auto clear = read_clear_text(text);
    return clear ? event_kind(*clear) : "unreadable";
}

TEST(EventCodec, friend_added_whole_half_and_without_optional_fields) {
    const auto full = app_event(
        "change_external_contact",
        change(
            "add_external_contact",
            pair + "<State><![CDATA[b1k9x2]]></State>"
                   "<WelcomeCode><![CDATA[WCODE]]></WelcomeCode>"
        )
    );
    const auto added = one<crm::FriendAdded>(full);
    EXPECT_EQ(added.userid, "ZhangSan");
    EXPECT_EQ(added.external_userid, "wmAAAA");
    EXPECT_EQ(added.state, "b1k9x2");
    EXPECT_FALSE(added.half);
    EXPECT_TRUE(added.has_welcome_code);
    EXPECT_EQ(kind(full), "change_external_contact.add_external_contact");

    const auto half = one<crm::FriendAdded>(app_event(
        "change_external_contact", change("add_half_external_contact", pair + "<State></State>")
    ));
    EXPECT_TRUE(half.half);
    EXPECT_TRUE(half.state.empty());
    EXPECT_FALSE(half.has_welcome_code);

    const auto component = one<crm::FriendAdded>(app_event(
        "change_external_contact", change("add_external_contact", pair + "<LinkId>cawcde1</LinkId>")
    ));
    EXPECT_EQ(component.link_id, "cawcde1");
}

TEST(EventCodec, the_two_ways_to_lose_a_friend_and_the_transfer) {
    const auto by = [](const std::string& type, const std::string& rest) {
        return one<crm::FriendLost>(app_event("change_external_contact", change(type, pair + rest)))
            .by;
    };
    EXPECT_EQ(by("del_external_contact", ""), crm::LostBy::member_deleted);
    EXPECT_EQ(
        by("del_external_contact", "<Source><![CDATA[DELETE_BY_TRANSFER]]></Source>"),
        crm::LostBy::transferred
    );
    EXPECT_EQ(by("del_follow_user", ""), crm::LostBy::contact_deleted);
}

TEST(EventCodec, other_events_of_a_contact) {
    EXPECT_EQ(
        one<crm::ContactEdited>(
            app_event("change_external_contact", change("edit_external_contact", pair))
        )
            .userid,
        "ZhangSan"
    );
    EXPECT_EQ(
        one<crm::ConsentGiven>(
            app_event("change_external_contact", change("msg_audit_approved", pair))
        )
            .external_userid,
        "wmAAAA"
    );
    EXPECT_EQ(
        one<crm::TransferFailed>(
            app_event(
                "change_external_contact",
                change(
                    "transfer_fail", "<FailReason><![CDATA[customer_refused]]></FailReason>" + pair
                )
            )
        )
            .reason,
        "customer_refused"
    );
}

TEST(EventCodec, group_events) {
    const auto update = one<crm::GroupChanged>(app_event(
        "change_external_chat",
        "<ChatId><![CDATA[wrCHAT]]></ChatId>" +
            change(
                "update",
                "<UpdateDetail><![CDATA[add_member]]></UpdateDetail><JoinScene>3</JoinScene>"
                "<QuitScene>0</QuitScene><MemChangeCnt>2</MemChangeCnt><MemChangeList>"
                "<Item><![CDATA[wm1]]></Item><Item>wm2</Item></MemChangeList>"
                "<LastMemVer>a</LastMemVer><CurMemVer>b</CurMemVer>"
            )
    ));
    EXPECT_EQ(update.chat_id, "wrCHAT");
    EXPECT_EQ(update.detail, "add_member");
    EXPECT_EQ(update.members, (std::vector<std::string>{"wm1", "wm2"}));
    const auto bare = [](const std::string& type) {
        return one<crm::GroupChanged>(
                   app_event("change_external_chat", "<ChatId>wrCHAT</ChatId>" + change(type))
        )
            .detail;
    };
    EXPECT_EQ(bare("create"), "create");
    EXPECT_EQ(bare("dismiss"), "dismiss");
    EXPECT_EQ(bare("update"), "");  // old clients name no detail: refetch only
    EXPECT_EQ(parked(app_event("change_external_chat", change("create"))), "malformed");
}

TEST(EventCodec, tag_events) {
    const auto tag = one<crm::TagChanged>(app_event(
        "change_external_tag",
        "<Id><![CDATA[etAAA]]></Id><TagType><![CDATA[tag]]></TagType>" + change("create") +
            "<StrategyId>1</StrategyId>"
    ));
    EXPECT_EQ(tag.change, crm::TagChange::created);
    EXPECT_EQ(tag.wecom_id, "etAAA");
    EXPECT_FALSE(tag.group);
    EXPECT_TRUE(one<crm::TagChanged>(app_event(
                                         "change_external_tag",
                                         "<Id>et</Id><TagType>tag_group</TagType>" +
                                             change("delete")
                                     ))
                    .group);
    EXPECT_EQ(
        one<crm::TagChanged>(app_event("change_external_tag", "<Id>et</Id>" + change("update")))
            .change,
        crm::TagChange::updated
    );
    const auto shuffled = one<crm::TagChanged>(app_event("change_external_tag", change("shuffle")));
    EXPECT_TRUE(shuffled.group);
    EXPECT_TRUE(shuffled.wecom_id.empty());
    EXPECT_EQ(parked(app_event("change_external_tag", change("delete"))), "malformed");
}

TEST(EventCodec, every_acquisition_event_is_noted_without_credentials) {
    for (const auto* type :
         {"balance_low",
          "balance_exhausted",
          "balance_increased",
          "quota_expire_soon",
          "link_unavailable",
          "delete_link",
          "open_profile",
          "friend_request",
          "customer_start_chat",
          "message_from_customer",
          "del_follow_user",
          "service_balance_low",
          "service_balance_exhausted",
          "service_balance_consumed",
          "change_price"}) {
        const auto text = app_event(
            "customer_acquisition",
            change(
                type,
                pair + "<LinkId>caw1</LinkId><State>s</State><ChatKey>SECRETCHAT</ChatKey>"
                       "<OnceKey>SECRETONCE</OnceKey><ExpireTime>1760009999</ExpireTime>"
            )
        );
        const auto touch = one<crm::Noted>(text);
        EXPECT_EQ(touch.kind, std::string("customer_acquisition.") + type);
        EXPECT_EQ(touch.kind, kind(text));
        EXPECT_EQ(touch.external_userid, "wmAAAA");
        EXPECT_NE(touch.detail.find("\"link_id\":\"caw1\""), std::string::npos);
        EXPECT_EQ(touch.detail.find("SECRET"), std::string::npos);
    }
    // The same change type in another family is another event.
    one<crm::FriendLost>(app_event("change_external_contact", change("del_follow_user", pair)));
}

TEST(EventCodec, archive_notices) {
    EXPECT_EQ(
        one<crm::Noted>(app_event("msgaudit_notify", "<AgentID>2000004</AgentID>")).kind,
        "msgaudit_notify"
    );
    const std::string suite = "<xml><SuiteId>wwSuite</SuiteId><AuthCorpId>ww1</AuthCorpId>";
    const auto hit = one<crm::Noted>(
        suite +
        "<InfoType>hit_keyword</InfoType><Token>SECRET</Token>"
        "<TimeStamp>1760000100</TimeStamp></xml>"
    );
    EXPECT_EQ(hit.kind, "hit_keyword");
    EXPECT_EQ(hit.detail.find("SECRET"), std::string::npos);
    EXPECT_EQ(
        one<crm::Noted>(
            suite + "<InfoType>chat_archive_audit_approved_single</InfoType>"
                    "<ExternalUserID>wmB</ExternalUserID></xml>"
        )
            .external_userid,
        "wmB"
    );
}

TEST(EventCodec, address_book) {
    const auto created = one<crm::MemberChanged>(app_event(
        "change_contact",
        change(
            "create_user",
            "<UserID>ls</UserID><Name><![CDATA[李四]]></Name>"
            "<Department>1,2,3</Department><Status>4</Status>"
        )
    ));
    EXPECT_EQ(created.name, "李四");
    EXPECT_EQ(created.departments, "1,2,3");
    EXPECT_EQ(created.status, 4);
    const auto renamed = one<crm::MemberChanged>(app_event(
        "change_contact", change("update_user", "<UserID>ls</UserID><NewUserID>ls2</NewUserID>")
    ));
    EXPECT_EQ(renamed.new_userid, "ls2");
    EXPECT_EQ(renamed.status, 0);  // missing is unknown, never cleared
    EXPECT_TRUE(one<crm::MemberChanged>(
                    app_event("change_contact", change("delete_user", "<UserID>ls</UserID>"))
    )
                    .deleted);
    const auto party = one<crm::DepartmentChanged>(app_event(
        "change_contact",
        change("create_party", "<Id>2</Id><Name>华东</Name><ParentId><![CDATA[1]]></ParentId>")
    ));
    EXPECT_EQ(party.id, 2);
    EXPECT_EQ(party.parent, 1);
    EXPECT_TRUE(one<crm::DepartmentChanged>(
                    app_event("change_contact", change("delete_party", "<Id>2</Id>"))
    )
                    .deleted);
    EXPECT_EQ(
        parked(app_event("change_contact", change("update_party", "<Id>x</Id>"))), "malformed"
    );
    const auto tag = one<crm::Noted>(app_event(
        "change_contact", change("update_tag", "<TagId>1</TagId><AddUserItems>a,b</AddUserItems>")
    ));
    EXPECT_EQ(tag.detail, R"({"tag_id":"1","add_user_items":"a,b"})");
}

TEST(EventCodec, the_suite_envelope_means_the_same) {
    const std::string text =
        "<xml><SuiteId><![CDATA[wwSuite]]></SuiteId><AuthCorpId><![CDATA[ww9]]></AuthCorpId>"
        "<InfoType><![CDATA[change_external_contact]]></InfoType><TimeStamp>1760000100</"
        "TimeStamp>" +
        change("add_external_contact", pair) + "</xml>";
    EXPECT_EQ(one<crm::FriendAdded>(text).userid, "ZhangSan");
    const auto clear = read_clear_text(text);
    ASSERT_TRUE(clear);
    EXPECT_EQ(clear->form, ClearForm::suite);
    EXPECT_EQ(clear->auth_corp, "ww9");
    EXPECT_EQ(clear->at, 1'760'000'100'000);
}

TEST(EventCodec, names_compare_without_case_and_order_does_not_matter) {
    const std::string text =
        "\xEF\xBB\xBF\n<xml>\n  " + pair +
        "\n  <ChangeType>ADD_External_Contact</ChangeType>\n"
        "<Event>Change_External_Contact</Event><CreateTime> </CreateTime></xml>";
    EXPECT_EQ(one<crm::FriendAdded>(text).userid, "ZhangSan");
    EXPECT_EQ(kind(text), "change_external_contact.add_external_contact");
}

TEST(EventCodec, json_clear_text_with_the_same_names) {
    const auto group = one<crm::GroupChanged>(
        R"({"ToUserName":"ww","CreateTime":1760000100,"MsgType":"event","Event":"change_external_chat",
            "ChangeType":"update","ChatId":"wr1","UpdateDetail":"del_member","MemChangeList":["a","b"]})"
    );
    EXPECT_EQ(group.members, (std::vector<std::string>{"a", "b"}));
    const auto nested = one<crm::GroupChanged>(
        R"({"CreateTime":"1760000100","Event":"change_external_chat","ChangeType":"update",
            "ChatId":"wr1","MemChangeList":{"Item":["c"]}})"
    );
    EXPECT_EQ(nested.members, (std::vector<std::string>{"c"}));
}

TEST(EventCodec, what_nobody_understands_yet_is_parked_by_kind) {
    const auto kf = app_event("kf_msg_or_event", "<Token>ENC</Token><OpenKfId>wk1</OpenKfId>");
    EXPECT_EQ(parked(kf), "no_connector_yet");
    EXPECT_EQ(kind(kf), "kf_msg_or_event");
    EXPECT_EQ(parked(app_event("doc_change", change("form_complete"))), "no_connector_yet");
    EXPECT_EQ(kind(app_event("LOCATION", "")), "location");
    const std::string message =
        "<xml><FromUserName>ls</FromUserName><CreateTime>1760000100</CreateTime><MsgType>text"
        "</MsgType><Content>hello</Content><MsgId>1</MsgId></xml>";
    EXPECT_EQ(parked(message), "no_connector_yet");
    EXPECT_EQ(kind(message), "message");
    EXPECT_EQ(
        kind(R"({"msgid":"m1","aibotid":"A","msgtype":"text","text":{"content":"hi"}})"), "aibot"
    );
}

TEST(EventCodec, unknown_and_malformed) {
    EXPECT_EQ(parked(app_event("brand_new_event", "")), "unknown_event");
    EXPECT_EQ(kind(app_event("brand_new_event_with_any_name", "")), "unknown_event");
    EXPECT_EQ(
        parked(app_event("change_external_contact", change("brand_new", pair))), "unknown_event"
    );
    EXPECT_EQ(
        parked(app_event("change_external_contact", change("add_external_contact"))), "malformed"
    );
    for (const auto* text :
         {"",
          "   ",
          "hello",
          "<xml>",
          "<xml></xml>",
          "{}",
          "[]",
          "{\"Event\":",
          "<xml><Event/></xml>",
          "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/hostname\">]><xml><Event>&b;</Event></xml>",
          "<xml><MsgType>event</MsgType></xml>",
          "\xff\xfe<xml/>"}) {
        EXPECT_FALSE(read_clear_text(text)) << text;
    }
    EXPECT_FALSE(read_clear_text(std::string(40'000, '{')));
}

TEST(EventCodec, absurd_times_do_not_count) {
    const auto at = [](const std::string& time) {
        auto clear = read_clear_text(
            "<xml><CreateTime>" + time + "</CreateTime><Event>msgaudit_notify</Event></xml>"
        );
        return clear ? clear->at : -1;
    };
    EXPECT_EQ(at("1760000100"), 1'760'000'100'000);
    EXPECT_EQ(at("1760000100123"), 1'760'000'100'123);
    EXPECT_EQ(at("0"), 0);
    EXPECT_EQ(at("-5"), 0);
    EXPECT_EQ(at("99999999999999999999999"), 0);
    EXPECT_EQ(at("9223372036854775807"), 0);
    EXPECT_EQ(at("soon"), 0);
    // A missing time is replaced by the time of receipt.
    auto decoded = decode("<xml><Event>msgaudit_notify</Event></xml>");
    EXPECT_EQ(std::get<std::vector<crm::Touch>>(decoded).at(0).at, 1'760'000'105'000);
}

TEST(EventCodec, kinds_are_unique_and_known_events_are_not_foreign) {
    std::set<std::string> kinds;
    for (const auto& entry : event_table()) {
        EXPECT_TRUE(
            kinds.insert(std::string(entry.event) + "." + std::string(entry.change_type)).second
        );
    }
    for (const auto name : foreign_events()) {
        EXPECT_TRUE(kinds.insert(std::string(name)).second) << name;
        EXPECT_EQ(lower_ascii(name), name);
        for (const auto& entry : event_table()) {
            EXPECT_NE(entry.event, name);
        }
    }
}

TEST(EventCodec, objects_keep_what_belongs_together) {
    const auto object = [](const std::string& text) {
        auto clear = read_clear_text(text);
        return clear ? event_object(*clear) : "unreadable";
    };
    EXPECT_EQ(
        object(app_event("change_external_contact", change("del_follow_user", pair))),
        "contact:wmAAAA"
    );
    EXPECT_EQ(object(app_event("change_external_chat", "<ChatId>wr1</ChatId>")), "group:wr1");
    EXPECT_EQ(
        object(app_event("change_contact", change("create_user", "<UserID>LS</UserID>"))),
        "member:ls"
    );
    EXPECT_EQ(object(app_event("msgaudit_notify", "")), "");
}

TEST(WelcomeEvent, comes_from_adds_and_consent_that_carry_a_code) {
    const std::string code = "<WelcomeCode><![CDATA[WCODE]]></WelcomeCode>";
    const auto added = welcome_event(
        app_event("change_external_contact", change("add_half_external_contact", pair + code))
    );
    ASSERT_TRUE(added);
    EXPECT_EQ(added->welcome_code.reveal(), "WCODE");
    EXPECT_EQ(added->at, 1'760'000'100'000);
    EXPECT_FALSE(added->consent);
    const auto consent = welcome_event(
        app_event("change_external_contact", change("msg_audit_approved", pair + code))
    );
    ASSERT_TRUE(consent);
    EXPECT_TRUE(consent->consent);
    EXPECT_FALSE(
        welcome_event(app_event("change_external_contact", change("add_external_contact", pair)))
    );
    EXPECT_FALSE(welcome_event(
        app_event("change_external_contact", change("edit_external_contact", pair + code))
    ));
    EXPECT_FALSE(welcome_event("not xml"));
}

TEST(ClearText, hides_credentials_from_people) {
    const auto xml = without_credentials(
        "<xml><WelcomeCode><![CDATA[W1]]></WelcomeCode><UserID>ls</UserID><Token>T1</Token>"
        "<ChatKey>C1"
    );
    for (const auto* secret : {"W1", "T1", "C1"}) {
        EXPECT_EQ(xml.find(secret), std::string::npos);
    }
    EXPECT_NE(xml.find("<UserID>ls</UserID>"), std::string::npos);
    const auto as_json = without_credentials(
        R"({"WelcomeCode" : "W\"1", "Token":"T1","n":{"ChatKey":17},"UserID":"ls"})"
    );
    for (const auto* secret : {"W\\", "T1", "17"}) {
        EXPECT_EQ(as_json.find(secret), std::string::npos);
    }
    EXPECT_NE(as_json.find("\"UserID\":\"ls\""), std::string::npos);
    without_credentials("{\"Token\"");
    without_credentials("{\"Token\":\"\\");
}

}  // namespace
}  // namespace leadbridge::wecom
