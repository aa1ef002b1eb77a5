#include "connectors/wecom/jsapi_ticket.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "connectors/wecom/jssdk_signature.h"
#include "tests/connectors/fake_wecom.h"

namespace leadbridge::wecom {
namespace {

class JsapiTicket : public testing::Test {
protected:
    JsapiTicket() {
        corp.id = CorpId{1};
        corp.wecom_id = "wwcorp";
        corp.api_base = "http://one.test";
        corp.agent_id = 1'000'002;
        corp.app_secret = Secret("right");
        const auto ticket = [this](const std::string& kind) {
            return [this, kind](const FakeCall&) {
                return ok(
                    {{"ticket", kind + "-" + std::to_string(++issued)}, {"expires_in", expires_in}}
                );
            };
        };
        wecom.on("get_jsapi_ticket", ticket("config"));
        wecom.on("ticket/get", ticket("agent"));
    }

    std::string ticket(TicketKind kind = TicketKind::config, CorpId of = CorpId{1}) {
        const auto got = store.get(of, kind);
        return got ? std::string(got->reveal())
                   : "error " + std::to_string(got.error().upstream_code);
    }

    ManualClock clock;
    SeededRng rng{1};
    Metrics metrics;
    FakeWecom wecom;
    crm::Corp corp;
    std::atomic<int> issued{0};
    std::atomic<int> expires_in{7'200};
    TokenStore tokens{wecom, clock, rng, metrics};
    ApiClient api{
        [this](CorpId id) {
            return id == corp.id ? std::make_shared<const crm::Corp>(corp) : nullptr;
        },
        wecom,
        tokens,
        clock,
        rng,
        metrics};
    TicketStore store{api, clock};
};

// The example of pages 90506 and 96909.
TEST(JssdkSignature, is_that_of_the_official_example) {
    EXPECT_EQ(
        jssdk_signature(
            "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-"
            "HhTdfl2fzFy1AOcHKP7qg",
            "Wm3WZYTPz0wzccnW",
            1'414'587'457,
            "http://mp.weixin.qq.com?params=value"
        ),
        "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
    );
}

TEST_F(JsapiTicket, each_kind_is_fetched_once_and_kept) {
    EXPECT_EQ(ticket(), "config-1");
    EXPECT_EQ(ticket(TicketKind::agent), "agent-2");
    EXPECT_EQ(ticket(), "config-1");
    EXPECT_EQ(ticket(TicketKind::agent), "agent-2");
    ASSERT_EQ(wecom.count("ticket/get"), 1);
    EXPECT_EQ(wecom.calls("ticket/get").front().query.get("type"), "agent_config");
    EXPECT_EQ(wecom.count("get_jsapi_ticket"), 1);
    EXPECT_EQ(wecom.calls("get_jsapi_ticket").front().query.get("type"), "");
}

TEST_F(JsapiTicket, is_renewed_before_its_end_and_never_used_after) {
    EXPECT_EQ(ticket(), "config-1");
    clock.advance(6'899'000);
    EXPECT_EQ(ticket(), "config-1");
    clock.advance(2'000);  // 299 s before the end
    EXPECT_EQ(ticket(), "config-2");
    clock.advance(7'200'000);
    wecom.next("get_jsapi_ticket", Fault::refused);
    EXPECT_EQ(store.get(corp.id, TicketKind::config).error().code, ErrorCode::retry_later);
}

TEST_F(JsapiTicket, a_failed_renewal_leaves_the_old_one_in_use) {
    EXPECT_EQ(ticket(), "config-1");
    clock.advance(6'950'000);
    wecom.next("get_jsapi_ticket", 45009);
    EXPECT_EQ(ticket(), "config-1");
    EXPECT_EQ(ticket(), "config-1");
    EXPECT_EQ(wecom.count("get_jsapi_ticket"), 2) << "not asked again within the minute";
    clock.advance(61'000);
    EXPECT_EQ(ticket(), "config-2");
}

TEST_F(JsapiTicket, after_a_refusal_wecom_is_left_alone_for_a_minute) {
    wecom.next("ticket/get", 301002);
    EXPECT_EQ(ticket(TicketKind::agent), "error 301002");
    EXPECT_EQ(ticket(TicketKind::agent), "error 301002");
    const auto resting = store.get(corp.id, TicketKind::agent);
    EXPECT_EQ(resting.error().retry_after_ms, 60'000);
    EXPECT_EQ(wecom.count("ticket/get"), 1);
    EXPECT_EQ(ticket(), "config-1") << "the other kind goes on";
    corp.agent_id = 1'000'003;  // corrected: at once
    EXPECT_EQ(ticket(TicketKind::agent), "agent-2");
}

TEST_F(JsapiTicket, another_secret_means_another_ticket) {
    EXPECT_EQ(ticket(), "config-1");
    corp.app_secret = Secret("changed");
    EXPECT_EQ(ticket(), "config-2");
    EXPECT_EQ(store.get(CorpId{2}, TicketKind::config).error().code, ErrorCode::not_found);
}

TEST_F(JsapiTicket, a_refused_token_is_renewed_on_the_way) {
    EXPECT_EQ(ticket(), "config-1");
    wecom.revoke_tokens();
    clock.advance(7'000'000);
    EXPECT_EQ(ticket(), "config-2");
}

TEST_F(JsapiTicket, an_answer_without_a_ticket_is_a_passing_fault) {
    wecom.on("get_jsapi_ticket", [](const FakeCall&) { return ok({}); });
    EXPECT_EQ(store.get(corp.id, TicketKind::config).error().code, ErrorCode::retry_later);
}

TEST_F(JsapiTicket, many_threads_make_one_call) {
    wecom.on("get_jsapi_ticket", [this](const FakeCall&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return ok({{"ticket", "config-" + std::to_string(++issued)}, {"expires_in", 7'200}});
    });
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&] { right += ticket() == "config-1" ? 1 : 0; });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(right, 16);
    EXPECT_EQ(wecom.count("get_jsapi_ticket"), 1);
}

}  // namespace
}  // namespace leadbridge::wecom
