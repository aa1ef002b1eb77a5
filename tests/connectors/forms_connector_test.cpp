#include "connectors/forms/form_connector.h"

#include "base/crypto.h"
#include "base/json.h"
#include "tests/connectors/inbound_fixture.h"

namespace leadbridge::forms {
namespace {

class FormConnectorTest : public InboundFixture {
protected:
    FormConnectorTest() : connector(*sources, store.clock, store.metrics) {}

    double counted(const std::string& result) {
        return store.metrics.counter("leadbridge_hooks_total", "", {{"result", result}}).value();
    }

    static Request post(
        const std::string& path, std::string body, const std::string& raw_query = ""
    ) {
        auto request = with_query(Method::post, path, raw_query);
        request.body = std::move(body);
        return request;
    }

    static std::string hook(crm::SourceId id) { return "/hook/" + id.str(); }

    crm::FormSubmitted submitted(const Received& received) {
        auto decoded = connector.decode(row_of(received, connector));
        const auto* touches = std::get_if<std::vector<crm::Touch>>(&decoded);
        if (touches == nullptr || touches->size() != 1) {
            ADD_FAILURE() << "no touch";
            return {};
        }
        last = touches->front();
        return std::get<crm::FormSubmitted>(last.body);
    }

    std::string parked(const Received& received) {
        auto decoded = connector.decode(row_of(received, connector));
        const auto* reason = std::get_if<Parked>(&decoded);
        return reason == nullptr ? "touches" : reason->reason;
    }

    FormConnector connector;
    crm::Touch last;
};

TEST_F(FormConnectorTest, a_post_becomes_a_submitted_form) {
    const auto id = add_source("generic", R"({"kind":"path","secrets":["longpathsecret"]})");
    const auto result =
        connector.receive(post(hook(id) + "/longpathsecret", R"({"name":"王小明","phone":"138"})"));
    ASSERT_TRUE(accepted(result));
    const auto& r = std::get<Received>(result);
    EXPECT_EQ(r.corp, corp);
    EXPECT_EQ(r.kind, "form.generic");
    EXPECT_EQ(r.source_id, id.value);
    EXPECT_EQ(r.body, R"({"name":"王小明","phone":"138"})");
    EXPECT_FALSE(r.hold_on_overload);
    const auto form = submitted(r);
    EXPECT_EQ(form.source_id, id.value);
    EXPECT_EQ(form.form_name, "官网表单");
    EXPECT_EQ(form.owner_userid, "zhangsan");
    EXPECT_EQ(form.name, "王小明");
    EXPECT_FALSE(form.repeat);
    EXPECT_EQ(last.at, 1'760'000'200'000);  // of receipt: the body names no time
    EXPECT_EQ(last.key, crypto::hex(r.key) + ":0");
}

TEST_F(FormConnectorTest, one_refusal_for_strangers) {
    const auto id = add_source("generic", R"({"kind":"path","secrets":["longpathsecret"]})");
    for (const auto& path :
         {hook(id),
          hook(id) + "/",
          hook(id) + "/wrong",
          std::string("/hook/12345"),
          std::string("/hook/x"),
          std::string("/hook/"),
          std::string("/hook/-1/longpathsecret"),
          hook(id) + "/%zz"}) {
        const auto result = connector.receive(post(path, R"({"phone":"138"})"));
        ASSERT_FALSE(accepted(result)) << path;
        EXPECT_EQ(status(result), 403) << path;
        EXPECT_TRUE(std::get<Response>(result).body.empty());
    }
}

TEST_F(FormConnectorTest, the_key_follows_id_time_or_window) {
    const auto id = add_source("generic", R"({"kind":"none"})");
    const auto received = [&](const std::string& body) {
        return std::get<Received>(connector.receive(post(hook(id), body)));
    };
    // Its own id: the text may differ, the delivery is the same.
    EXPECT_EQ(
        received(R"({"id":"d1","phone":"1"})").key, received(R"({"phone":"1","id":"d1"})").key
    );
    EXPECT_NE(
        received(R"({"id":"d1","phone":"1"})").key, received(R"({"id":"d2","phone":"1"})").key
    );
    EXPECT_EQ(received(R"({"id":"d1","phone":"1"})").repeat_window_ms, 0);
    // A time: it stands in front.
    const auto timed = received(R"({"phone":"1","submitted_at":"2025-10-09T08:53:20Z"})");
    EXPECT_EQ(crypto::hex(timed.key.substr(0, 8)), "00000199c82cc000");
    EXPECT_EQ(timed.repeat_window_ms, 0);
    // Neither: two people may post the same bytes, so the window decides.
    const auto bare = received(R"({"phone":"1"})");
    EXPECT_EQ(bare.key.substr(0, 8), std::string(8, '\0'));
    EXPECT_EQ(bare.repeat_window_ms, 60'000);
    // Another source is another sender.
    const auto other = add_source("generic", R"({"kind":"none"})");
    EXPECT_NE(
        std::get<Received>(connector.receive(post(hook(other), R"({"phone":"1"})"))).key, bare.key
    );
}

TEST_F(FormConnectorTest, bad_bodies_and_methods) {
    const auto id = add_source("generic", R"({"kind":"none"})");
    EXPECT_EQ(status(connector.receive(post(hook(id), "not a form"))), 400);
    EXPECT_EQ(status(connector.receive(post(hook(id), std::string(10 << 20, ' ')))), 413);
    EXPECT_EQ(status(connector.receive(with_query(Method::get, hook(id), ""))), 405);
    EXPECT_EQ(status(connector.receive(with_query(Method::del, hook(id), ""))), 405);
    EXPECT_EQ(counted("bad_request"), 3);
    EXPECT_EQ(counted("too_large"), 1);
}

TEST_F(FormConnectorTest, unmapped_forms_are_parked_and_readable_after_the_map_was_set) {
    const auto id = add_source("generic", R"({"kind":"none"})");
    const auto r = std::get<Received>(connector.receive(post(hook(id), R"({"tel":"138"})")));
    EXPECT_EQ(r.reply.status, 200);
    EXPECT_EQ(parked(r), "no_mapped_fields");
    auto row = store.db().read<std::optional<crm::Source>>(
        [&](Snapshot& s) -> Result<std::optional<crm::Source>> {
            return source_store.find(s, crm::Viewer::daemon(corp), id);
        }
    );
    (*row)->map = R"({"phone":"/tel"})";
    const auto updated = store.db().write<bool>([&](Transaction& tx) -> Result<bool> {
        auto status = source_store.update(tx, crm::Viewer::daemon(corp), **row, std::nullopt);
        if (!status) {
            return status.error();
        }
        return true;
    });
    ASSERT_TRUE(updated);
    sources->refresh();
    EXPECT_EQ(submitted(r).identities.at(0).value, "138");
}

TEST_F(FormConnectorTest, a_disabled_or_deleted_source) {
    const auto id = add_source("generic", R"({"kind":"none"})");
    const auto r = std::get<Received>(connector.receive(post(hook(id), R"({"phone":"138"})")));
    const auto removed = store.db().write<bool>([&](Transaction& tx) -> Result<bool> {
        return source_store.remove(tx, crm::Viewer::daemon(corp), id).has_value();
    });
    ASSERT_TRUE(removed);
    sources->refresh();
    EXPECT_EQ(status(connector.receive(post(hook(id), R"({"phone":"138"})"))), 403);
    EXPECT_EQ(parked(r), "no_source");
}

TEST_F(FormConnectorTest, settings_nobody_can_use_refuse_everybody) {
    const auto id =
        add_source("generic", R"({"kind":"header","secrets":["abcd"]})");  // no header named
    EXPECT_EQ(status(connector.receive(post(hook(id), R"({"phone":"138"})"))), 403);
    EXPECT_EQ(counted("misconfigured"), 1);
}

TEST_F(FormConnectorTest, acknowledgements_are_the_providers) {
    const auto fanqier = add_source("baidu", R"({"kind":"none"})");
    const auto baidu = std::get<Received>(
        connector.receive(post(hook(fanqier), R"({"clueId":"1","cluePhoneNumber":"138"})"))
    );
    EXPECT_EQ(baidu.reply.body, R"({"code":0,"message":"success"})");
    const auto ads = add_source("tencent_ads", R"({"kind":"none"})");
    EXPECT_EQ(
        std::get<Received>(connector.receive(post(hook(ads), "leads_id=1&leads_telephone=138")))
            .reply.body,
        "OK"
    );
}

TEST_F(FormConnectorTest, ocean_engine_gets_its_number_back) {
    const auto id = add_source("oceanengine", R"({"secrets":["abcdefgh"]})");
    const auto echoed =
        connector.receive(with_query(Method::get, hook(id), "event=verify_webhook&challenge=4711"));
    EXPECT_EQ(
        std::get<Response>(echoed).body,
        R"({"BaseResp":{"StatusCode":200,"StatusMessage":"ok"},"challenge":4711})"
    );
    const auto posted =
        connector.receive(post(hook(id), R"({"event":"verify_webhook","challenge":4712})"));
    EXPECT_NE(std::get<Response>(posted).body.find("4712"), std::string::npos);
    EXPECT_EQ(
        status(connector.receive(
            with_query(Method::get, hook(id), "event=verify_webhook&challenge=<script>")
        )),
        405
    );
    EXPECT_EQ(
        status(connector.receive(post(hook(id), R"({"message_id":"1","phone":"138"})"))), 403
    );
}

TEST_F(FormConnectorTest, feishu_challenge_signature_and_token) {
    const auto id = add_source(
        "feishu", R"({"secrets":["s3cr3t-Key_2026"],"token":"tk"})", R"({"phone":"/event/phone"})"
    );
    // The address check of the vectors: sealed, not signed.
    const std::string sealed =
        "ZmVkY2JhOTg3NjU0MzIxMDi9kinjbTuffJSZA3/"
        "A4wc0Bma4l6d2NKMCADBUbA1X+N2scTX7G0Z+VqJqcIzAsntMoLfp4/8xKyGoMyA7CvY=";
    const auto echoed = connector.receive(post(hook(id), "{\"encrypt\":\"" + sealed + "\"}"));
    EXPECT_EQ(std::get<Response>(echoed).body, R"({"challenge":"ch-1"})");
    EXPECT_EQ(
        status(connector.receive(
            post(hook(id), R"({"challenge":"x","token":"tk","type":"url_verification"})")
        )),
        403
    );

    const auto seal = [&](const std::string& clear) {
        const std::string iv = rng.bytes(16);
        std::string padded = clear;
        const auto pad = 16 - clear.size() % 16;
        padded.append(pad, static_cast<char>(pad));
        return "{\"encrypt\":\"" +
               crypto::base64(
                   iv + *crypto::aes256_cbc_encrypt(crypto::sha256("s3cr3t-Key_2026"), iv, padded)
               ) +
               "\"}";
    };
    const auto event = [&](const std::string& token) {
        return seal(
            R"({"schema":"2.0","header":{"event_id":"e1","event_type":"form","create_time":"1760000000000","token":")" +
            token + R"("},"event":{"phone":"138"}})"
        );
    };
    auto request = post(hook(id), event("tk"));
    EXPECT_EQ(status(connector.receive(request)), 403);  // an event without a signature
    const auto sign = [&](Request& r) {
        r.headers.set("X-Lark-Request-Timestamp", "1760000000");
        r.headers.set("X-Lark-Request-Nonce", "n");
        r.headers.set(
            "X-Lark-Signature", crypto::hex(crypto::sha256("1760000000ns3cr3t-Key_2026" + r.body))
        );
    };
    sign(request);
    const auto result = connector.receive(request);
    ASSERT_TRUE(accepted(result));
    const auto& r = std::get<Received>(result);
    EXPECT_EQ(submitted(r).identities.at(0).value, "138");
    EXPECT_EQ(last.at, 1'760'000'000'000);
    auto wrong_token = post(hook(id), event("other"));
    sign(wrong_token);
    EXPECT_EQ(status(connector.receive(wrong_token)), 403);
}

TEST_F(FormConnectorTest, jiandaoyun_takes_its_delivery_id_from_the_header) {
    const auto id = add_source(
        "jiandaoyun", R"({"secrets":["s3cr3t-Key_2026"]})", R"({"phone":"/data/phone"})"
    );
    const std::string body =
        R"({"op":"data_create","data":{"_id":"65a0","name":"王小明","phone":"13800000001"}})";
    auto request = post(hook(id), body, "timestamp=1760003000&nonce=0f5ade");
    request.headers.set("X-JDY-Signature", "d82b17953072134d2779c3b32510139c59374539");
    request.headers.set("X-JDY-DeliverId", "deliver-1");
    const auto first = std::get<Received>(connector.receive(request));
    EXPECT_EQ(first.repeat_window_ms, 0);
    EXPECT_EQ(first.key.substr(8), crypto::sha256("form/" + id.str() + "|deliver-1").substr(0, 16));
    EXPECT_EQ(submitted(first).identities.at(0).value, "13800000001");
}

TEST_F(FormConnectorTest, events_that_are_no_submission_end_silently) {
    const auto id = add_source("tencent_survey", R"({"kind":"none"})");
    const auto r = std::get<Received>(
        connector.receive(post(hook(id), R"({"id":"1","action":"answer.delete"})"))
    );
    auto decoded = connector.decode(row_of(r, connector));
    EXPECT_TRUE(std::get<std::vector<crm::Touch>>(decoded).empty());
}

TEST_F(FormConnectorTest, a_time_from_the_future_is_not_believed) {
    const auto id = add_source("generic", R"({"kind":"none"})");
    const auto r = std::get<Received>(
        connector.receive(post(hook(id), R"({"phone":"1","submitted_at":"2030-01-01T00:00:00Z"})"))
    );
    submitted(r);
    EXPECT_EQ(last.at, 1'760'000'200'000);
}

}  // namespace
}  // namespace leadbridge::forms
