#include "connectors/wecom/callback_receiver.h"

#include "base/crypto.h"
#include "tests/connectors/inbound_fixture.h"

namespace leadbridge::wecom {
namespace {

constexpr const char* app_path = "/callback/wecom/ww0123456789abcdef";

const std::string friend_added =
    "<xml><ToUserName>ww0123456789abcdef</ToUserName><FromUserName>sys</FromUserName>"
    "<CreateTime>1760000000</CreateTime><MsgType>event</MsgType><Event>change_external_contact</"
    "Event>"
    "<ChangeType>add_external_contact</ChangeType><UserID>zhangsan</UserID><ExternalUserID>wmAAA</"
    "ExternalUserID>"
    "<State>s1</State><WelcomeCode>WCODE</WelcomeCode></xml>";

class CallbackReceiverTest : public InboundFixture {
protected:
    CallbackReceiverTest() : receiver(*corps, store.clock, store.metrics) {}

    double counted(const std::string& result) {
        return store.metrics.counter(
                                "leadbridge_callbacks_total", "", {{"result", result}}
        ).value();
    }

    Request check(
        const std::string& path, const std::string& receive_id, const std::string& message
    ) {
        const auto side = wecom_side();
        const std::string sealed = side.seal(message, rng.bytes(16), receive_id);
        const std::string time = std::to_string(now_s());
        return with_query(
            Method::get,
            path,
            "msg_signature=" + side.sign(time, "n", sealed) + "&timestamp=" + time +
                "&nonce=n&echostr=" + percent_encode(sealed)
        );
    }

    CallbackReceiver receiver;
};

TEST_F(CallbackReceiverTest, echoes_the_decrypted_bytes_and_nothing_else) {
    for (int press = 0; press < 3; ++press) {  // the console repeats the check; it is no event
        const auto result =
            receiver.receive(check(app_path, "ww0123456789abcdef", "8742195630187724511"));
        ASSERT_FALSE(accepted(result));
        const auto& answer = std::get<Response>(result);
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body, "8742195630187724511");
        EXPECT_EQ(answer.headers.get("content-type"), "text/plain");
    }
    EXPECT_EQ(counted("echo"), 3);
}

TEST_F(CallbackReceiverTest, accepts_plus_raw_and_escaped_in_echostr) {
    const auto side = wecom_side();
    std::string sealed;
    do {
        sealed = side.seal("12345", rng.bytes(16), "ww0123456789abcdef");
    } while (sealed.find('+') == std::string::npos);
    const std::string time = std::to_string(now_s());
    const std::string head = "msg_signature=" + side.sign(time, "n", sealed) +
                             "&timestamp=" + time + "&nonce=n&echostr=";
    EXPECT_EQ(
        status(receiver.receive(with_query(Method::get, app_path, head + percent_encode(sealed)))),
        200
    );
    EXPECT_EQ(status(receiver.receive(with_query(Method::get, app_path, head + sealed))), 200);
}

TEST_F(CallbackReceiverTest, an_event_becomes_a_row_for_the_inbox) {
    const auto result = receiver.receive(signed_event(friend_added));
    ASSERT_TRUE(accepted(result));
    const auto& r = std::get<Received>(result);
    EXPECT_EQ(r.corp, corp);
    EXPECT_EQ(r.kind, "change_external_contact.add_external_contact");
    EXPECT_EQ(r.object, "contact:wmAAA");
    EXPECT_EQ(r.body, friend_added);
    EXPECT_EQ(r.reply.status, 200);
    EXPECT_TRUE(r.reply.body.empty());
    EXPECT_EQ(r.welcome_code, "WCODE");
    EXPECT_TRUE(r.hold_on_overload);
    EXPECT_FALSE(r.stale);
    ASSERT_EQ(r.key.size(), 24U);
    EXPECT_EQ(crypto::hex(r.key.substr(0, 8)), "00000199c82cc000");  // CreateTime in ms, big endian
    EXPECT_EQ(r.key.substr(8), crypto::sha256("wecom|" + friend_added).substr(0, 16));

    auto decoded = receiver.decode(row_of(r, receiver));
    const auto& touches = std::get<std::vector<crm::Touch>>(decoded);
    ASSERT_EQ(touches.size(), 1U);
    EXPECT_EQ(std::get<crm::FriendAdded>(touches[0].body).state, "s1");
}

TEST_F(CallbackReceiverTest, a_retry_has_another_cipher_text_and_the_same_key) {
    const auto first = receiver.receive(signed_event(friend_added));
    store.clock.advance(5'000);
    const auto again = receiver.receive(signed_event(friend_added));
    const auto other = receiver.receive(signed_event(friend_added + " "));
    EXPECT_EQ(std::get<Received>(first).key, std::get<Received>(again).key);
    EXPECT_NE(std::get<Received>(first).key, std::get<Received>(other).key);
}

TEST_F(CallbackReceiverTest, takes_the_json_envelope_and_the_empty_receive_id) {
    const std::string clear = R"({"msgid":"m1","aibotid":"A","msgtype":"text"})";
    const std::string path = std::string(app_path) + "/bot";
    const auto result =
        receiver.receive(signed_event(clear, path, "", std::to_string(now_s()), true));
    ASSERT_TRUE(accepted(result));
    EXPECT_EQ(std::get<Received>(result).kind, "aibot");
    // The same message is refused where the corp's own id is expected.
    EXPECT_EQ(
        status(receiver.receive(signed_event(clear, app_path, "", std::to_string(now_s())))), 403
    );
    EXPECT_EQ(counted("sealed_wrong"), 1);
}

TEST_F(CallbackReceiverTest, one_refusal_for_whoever_cannot_prove_himself) {
    auto wrong_signature = signed_event(friend_added);
    wrong_signature.query = *Query::parse(
        "msg_signature=" + std::string(40, 'a') + "&timestamp=" + std::to_string(now_s()) +
        "&nonce=nonce1"
    );
    auto changed_body = signed_event(friend_added);
    changed_body.body.insert(changed_body.body.find("]]></Encrypt>"), "AAAA");
    const auto time = std::to_string(now_s());
    const std::vector<ReceiveResult> refusals = {
        receiver.receive(wrong_signature),
        receiver.receive(changed_body),
        receiver.receive(signed_event(friend_added, app_path, "wwOther", time)),
        receiver.receive(
            signed_event(friend_added, "/callback/wecom/wwUnknown", "ww0123456789abcdef", time)
        ),
        receiver.receive(signed_event(
            friend_added, std::string(app_path) + "/nothing", "ww0123456789abcdef", time
        )),
        receiver.receive(signed_event(
            friend_added, std::string(app_path) + "/app/more", "ww0123456789abcdef", time
        )),
        receiver.receive(signed_event(friend_added, "/callback/wecom/", "ww0123456789abcdef", time)
        ),
    };
    for (const auto& refusal : refusals) {
        ASSERT_FALSE(accepted(refusal));
        EXPECT_EQ(status(refusal), 403);
        EXPECT_TRUE(std::get<Response>(refusal).body.empty());
    }
    EXPECT_EQ(counted("bad_signature"), 2);
    EXPECT_EQ(counted("sealed_wrong"), 1);
    EXPECT_EQ(counted("unknown"), 4);
}

TEST_F(CallbackReceiverTest, duplicate_and_missing_query_keys_are_bad_requests) {
    const auto good = signed_event(friend_added);
    for (const std::string& query :
         {good.raw_query + "&nonce=x",
          good.raw_query + "&timestamp=1",
          good.raw_query + "&msg_signature=x",
          std::string("timestamp=1&nonce=2"),
          std::string()}) {
        auto request = good;
        request.query = *Query::parse(query);
        EXPECT_EQ(status(receiver.receive(request)), 400);
    }
    auto get = check(app_path, "ww0123456789abcdef", "1");
    get.query = *Query::parse(get.raw_query + "&echostr=x");
    EXPECT_EQ(status(receiver.receive(get)), 400);
}

TEST_F(CallbackReceiverTest, bodies_that_are_no_envelope) {
    const auto with_body = [&](std::string body) {
        auto request = signed_event(friend_added);
        request.body = std::move(body);
        return status(receiver.receive(request));
    };
    EXPECT_EQ(with_body("hello"), 415);
    EXPECT_EQ(with_body(""), 400);
    EXPECT_EQ(with_body("<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>"), 400);
    EXPECT_EQ(with_body("<!DOCTYPE x><xml><Encrypt>a</Encrypt></xml>"), 400);
    EXPECT_EQ(with_body("<xml><Encrypt>\xff\xfe</Encrypt></xml>"), 400);
    EXPECT_EQ(with_body(std::string((1 << 20) + 1, 'x')), 413);
    auto put = signed_event(friend_added);
    put.method = Method::put;
    EXPECT_EQ(status(receiver.receive(put)), 405);
}

TEST_F(CallbackReceiverTest, a_stale_event_is_taken_up_to_an_hour) {
    const auto at = [&](std::int64_t seconds) {
        return receiver.receive(signed_event(
            friend_added, app_path, "ww0123456789abcdef", std::to_string(now_s() + seconds)
        ));
    };
    EXPECT_FALSE(std::get<Received>(at(-300)).stale);
    EXPECT_FALSE(std::get<Received>(at(300)).stale);
    EXPECT_TRUE(std::get<Received>(at(-301)).stale);
    EXPECT_TRUE(std::get<Received>(at(-3'600)).stale);
    EXPECT_TRUE(std::get<Received>(at(3'600)).stale);
    EXPECT_EQ(counted("stale"), 3);
    EXPECT_EQ(status(at(-3'601)), 403);
    EXPECT_EQ(status(at(3'601)), 403);
    for (const auto* absurd :
         {"99999999999999999999999999",
          "-9223372036854775808",
          "9223372036854775807",
          "now",
          "1e9"}) {
        EXPECT_EQ(
            status(
                receiver.receive(signed_event(friend_added, app_path, "ww0123456789abcdef", absurd))
            ),
            403
        );
    }
    EXPECT_EQ(counted("expired"), 7);
}

TEST_F(CallbackReceiverTest, clear_text_nobody_can_read_is_taken_and_parked) {
    const auto result = receiver.receive(signed_event("<xml><broken"));
    ASSERT_TRUE(accepted(result));
    const auto& r = std::get<Received>(result);
    EXPECT_EQ(r.kind, "malformed");
    EXPECT_EQ(r.reply.status, 200);
    auto decoded = receiver.decode(row_of(r, receiver));
    EXPECT_EQ(std::get<Parked>(decoded).reason, "malformed");
}

TEST_F(CallbackReceiverTest, suites_get_success_and_foreign_corps_are_parked) {
    const auto suite = [&](const std::string& auth_corp) {
        return signed_event(
            "<xml><SuiteId>wwS</SuiteId><AuthCorpId>" + auth_corp +
            "</AuthCorpId><InfoType>change_external_contact</InfoType><TimeStamp>1760000000</"
            "TimeStamp>"
            "<ChangeType>edit_external_contact</ChangeType><UserID>a</UserID>"
            "<ExternalUserID>wm</ExternalUserID></xml>"
        );
    };
    const auto own = receiver.receive(suite("ww0123456789abcdef"));
    ASSERT_TRUE(accepted(own));
    EXPECT_EQ(std::get<Received>(own).reply.body, "success");
    auto touches = receiver.decode(row_of(std::get<Received>(own), receiver));
    EXPECT_TRUE(std::holds_alternative<std::vector<crm::Touch>>(touches));
    auto foreign =
        receiver.decode(row_of(std::get<Received>(receiver.receive(suite("wwElse"))), receiver));
    EXPECT_EQ(std::get<Parked>(foreign).reason, "other_corp");
}

TEST_F(CallbackReceiverTest, a_changed_corp_takes_effect_at_once) {
    EXPECT_TRUE(accepted(receiver.receive(signed_event(friend_added))));
    auto other = callback("app", {});
    other.token = Secret("anotherToken");
    add_corp("ww0123456789abcdef", {other});
    corps->refresh();
    EXPECT_EQ(status(receiver.receive(signed_event(friend_added))), 403);
}

}  // namespace
}  // namespace leadbridge::wecom
