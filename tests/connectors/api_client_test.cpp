#include "connectors/wecom/api_client.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/json.h"
#include "tests/connectors/fake_wecom.h"

namespace leadbridge::wecom {
namespace {

class ApiCall : public testing::Test {
protected:
    ApiCall() {
        auto row = std::make_shared<crm::Corp>();
        row->id = CorpId{1};
        row->wecom_id = "wwcorp";
        row->api_base = "http://one.test";
        row->app_secret = Secret("right");
        corp = row;
    }

    ApiClientOptions options() {
        return {.sleep = [this](std::int64_t ms) {
            slept.push_back(ms);
            clock.advance(ms);
        }};
    }

    Result<ApiReply> get() { return client.call(CorpId{1}, api::contact_get, {}); }

    Result<ApiReply> send() { return client.call(CorpId{1}, api::mass_add, {.body = "{}"}); }

    ErrorCode code(const Result<ApiReply>& reply) {
        return reply ? ErrorCode::internal : reply.error().code;
    }

    ManualClock clock;
    SeededRng rng{1};
    Metrics metrics;
    FakeWecom wecom;
    std::shared_ptr<const crm::Corp> corp;  // shared with the client's calls
    std::vector<std::int64_t> slept;
    TokenStore tokens{wecom, clock, rng, metrics};
    ApiClient client{
        [this](CorpId id) { return id == CorpId{1} ? corp : nullptr; },
        wecom,
        tokens,
        clock,
        rng,
        metrics,
        options()};
};

const std::string get_name = "externalcontact/get";
const std::string send_name = "externalcontact/add_msg_template";

TEST_F(ApiCall, carries_token_query_and_body) {
    wecom.on(get_name, [](const FakeCall& call) {
        EXPECT_EQ(call.query.get("access_token"), "token-1");
        EXPECT_EQ(call.query.get("external_userid"), "wm 你");
        return ok({{"name", "x"}});
    });
    const auto reply =
        client.call(CorpId{1}, api::contact_get, {.query = {{"external_userid", "wm 你"}}});
    ASSERT_TRUE(reply);
    EXPECT_EQ(json_string(reply->object(), "name"), "x");
}

TEST_F(ApiCall, an_answer_without_errcode_is_good) {
    wecom.on(get_name, [](const FakeCall&) { return std::string(R"({"a":1})"); });
    EXPECT_TRUE(get());
}

TEST_F(ApiCall, an_unknown_corp_is_not_called) {
    EXPECT_EQ(code(client.call(CorpId{2}, api::contact_get)), ErrorCode::not_found);
    EXPECT_EQ(wecom.count("gettoken"), 0);
}

TEST_F(ApiCall, busy_is_repeated_three_times_with_growing_pauses) {
    wecom.next(get_name, -1, 3);
    EXPECT_TRUE(get());
    ASSERT_EQ(slept.size(), 3U);
    EXPECT_NEAR(static_cast<double>(slept[0]), 500, 151);
    EXPECT_NEAR(static_cast<double>(slept[1]), 1'000, 301);
    EXPECT_NEAR(static_cast<double>(slept[2]), 2'000, 601);
    wecom.next(get_name, -1, 4);
    EXPECT_EQ(code(get()), ErrorCode::retry_later);
}

TEST_F(ApiCall, a_lost_answer_of_a_repeatable_call_is_repeated) {
    wecom.next(get_name, Fault::lost_answer);
    wecom.next(get_name, Fault::status_500);
    wecom.next(get_name, Fault::truncated);
    EXPECT_TRUE(get());
    EXPECT_EQ(wecom.count(get_name), 4);
}

TEST_F(ApiCall, a_call_that_must_not_be_doubled_is_never_repeated_after_it_was_sent) {
    for (const auto fault :
         {Fault::lost_answer, Fault::lost_request, Fault::status_500, Fault::truncated}) {
        wecom.clear_log();
        wecom.next(send_name, fault);
        EXPECT_EQ(code(send()), ErrorCode::unknown_result);
        EXPECT_EQ(wecom.count(send_name), 1);
    }
    wecom.clear_log();
    wecom.next(send_name, -1);
    EXPECT_EQ(code(send()), ErrorCode::unknown_result);
    EXPECT_EQ(wecom.count(send_name), 1);
}

TEST_F(ApiCall, a_call_that_never_left_is_repeated_whatever_it_is) {
    wecom.next(send_name, Fault::refused, 2);
    EXPECT_TRUE(send());
    EXPECT_EQ(wecom.count(send_name), 3);
}

TEST_F(ApiCall, a_refused_token_is_renewed_once) {
    EXPECT_TRUE(get());
    wecom.revoke_tokens();
    EXPECT_TRUE(get());
    EXPECT_EQ(wecom.count("gettoken"), 2);
    wecom.next(get_name, 42001, 2);
    EXPECT_EQ(code(get()), ErrorCode::auth);
    EXPECT_EQ(wecom.count("gettoken"), 3);
}

TEST_F(ApiCall, other_codes_are_not_repeated) {
    const std::pair<int, ErrorCode> cases[] = {
        {84061, ErrorCode::not_found},
        {40058, ErrorCode::permanent},
        {48002, ErrorCode::forbidden},
        {50100, ErrorCode::stale},
        {987654, ErrorCode::permanent},
    };
    for (const auto& [errcode, expected] : cases) {
        wecom.clear_log();
        wecom.next(get_name, errcode);
        const auto reply = get();
        EXPECT_EQ(code(reply), expected) << errcode;
        EXPECT_EQ(reply.error().upstream_code, errcode);
        EXPECT_EQ(wecom.count(get_name), 1);
    }
}

TEST_F(ApiCall, a_frequency_limit_parks_the_api_and_no_other) {
    wecom.next(get_name, 45009);
    const auto first = get();
    EXPECT_EQ(code(first), ErrorCode::limited);
    EXPECT_EQ(first.error().retry_after_ms, 60'000);
    EXPECT_EQ(code(get()), ErrorCode::limited);
    EXPECT_EQ(wecom.count(get_name), 1);
    EXPECT_TRUE(send());
    clock.advance(60'000);
    wecom.next(get_name, 45009);  // the window was longer than a minute
    EXPECT_EQ(get().error().retry_after_ms, 600'000);
    clock.advance(600'000);
    EXPECT_TRUE(get());
}

TEST_F(ApiCall, a_concurrency_limit_is_tried_four_times_more) {
    wecom.next(get_name, 45033, 4);
    EXPECT_TRUE(get());
    EXPECT_EQ(slept.size(), 4U);
    wecom.next(get_name, 45033, 5);
    EXPECT_EQ(code(get()), ErrorCode::limited);
}

TEST_F(ApiCall, an_untrusted_address_pauses_the_corp) {
    EXPECT_TRUE(get());
    wecom.next(get_name, 60020);
    const auto refused = get();
    EXPECT_EQ(code(refused), ErrorCode::auth);
    EXPECT_NE(refused.error().message.find("192.0.2.7"), std::string::npos);
    wecom.clear_log();
    const auto paused = send();
    EXPECT_EQ(paused.error().reason, "paused");
    EXPECT_EQ(wecom.count(send_name), 0);
    const auto outcome = job_outcome(paused.error(), clock);
    ASSERT_TRUE(std::holds_alternative<JobHold>(outcome));
    EXPECT_EQ(std::get<JobHold>(outcome).until, clock.now() + 60'000);
    clock.advance(60'000);
    EXPECT_TRUE(send());
    EXPECT_EQ(client.paused_ms(CorpId{1}), 0);
}

TEST_F(ApiCall, a_wrong_secret_pauses_the_corp) {
    wecom.next("gettoken", 40001);
    const auto refused = get();
    EXPECT_EQ(code(refused), ErrorCode::auth);
    EXPECT_TRUE(std::holds_alternative<JobHold>(job_outcome(refused.error(), clock)));
    EXPECT_GT(client.paused_ms(CorpId{1}), 0);
    EXPECT_EQ(wecom.count("gettoken"), 1);
}

TEST_F(ApiCall, an_hour_without_wecom_costs_few_calls_and_holds_the_jobs) {
    wecom.next(get_name, Fault::refused, 10'000);
    int counted = 0;
    const auto until = clock.now() + 3'600'000;
    while (clock.now() < until) {
        const auto reply = get();
        ASSERT_FALSE(reply);
        const auto outcome = job_outcome(reply.error(), clock);
        if (std::holds_alternative<JobHold>(outcome)) {
            clock.advance(std::max<std::int64_t>(1, std::get<JobHold>(outcome).until - clock.now())
            );
        } else {
            ++counted;
            clock.advance(5'000);
        }
    }
    EXPECT_LE(counted, 2);  // tries of the job: far from its dead letter
    EXPECT_LT(wecom.count(get_name), 100);
}

TEST_F(ApiCall, the_first_answer_after_an_outage_closes_the_breaker) {
    wecom.next(get_name, Fault::refused, 5);
    EXPECT_FALSE(get());
    EXPECT_FALSE(get());
    EXPECT_GT(client.paused_ms(CorpId{1}), 0);
    clock.advance(60'000);
    EXPECT_TRUE(get());
    EXPECT_EQ(client.paused_ms(CorpId{1}), 0);
}

TEST_F(ApiCall, goes_slower_than_the_limit_in_any_minute) {
    auto row = std::make_shared<crm::Corp>(*corp);
    row->limits.calls_per_minute = 60;
    corp = row;
    const auto began = clock.now();
    for (int i = 0; i < 90; ++i) {
        ASSERT_TRUE(get());
    }
    EXPECT_GE(clock.now() - began, 60'000);
}

TEST_F(ApiCall, a_request_can_be_called_off_at_the_last_moment) {
    const auto reply = client.call(CorpId{1}, api::mass_add, {.may_send = [] { return false; }});
    EXPECT_EQ(code(reply), ErrorCode::conflict);
    EXPECT_EQ(reply.error().reason, "not_sent");
    EXPECT_EQ(wecom.count(send_name), 0);
}

TEST_F(ApiCall, once_knows_no_queue_but_renews_a_token) {
    wecom.next(get_name, 45009);
    EXPECT_FALSE(get());
    EXPECT_TRUE(client.call_once(*corp, api::contact_get, {}, {1'000, 1'000}));
    wecom.revoke_tokens();
    EXPECT_TRUE(client.call_once(*corp, api::contact_get, {}, {1'000, 1'000}));
    wecom.next(get_name, -1);
    EXPECT_FALSE(client.call_once(*corp, api::contact_get, {}, {1'000, 1'000}));
}

TEST_F(ApiCall, tells_how_much_of_each_api_is_used) {
    auto row = std::make_shared<crm::Corp>(*corp);
    row->limits.calls_per_minute = 600;
    corp = row;
    EXPECT_TRUE(client.quotas(CorpId{1}).empty());
    EXPECT_TRUE(get());
    clock.advance(30'000);
    EXPECT_TRUE(client.call_once(*corp, api::contact_get, {}, {1'000, 1'000}));
    EXPECT_TRUE(send());
    wecom.next(send_name, 45009);
    EXPECT_FALSE(send());
    const auto limited_at = clock.now();
    const auto used = [&] {
        const auto all = client.quotas(CorpId{1});
        EXPECT_EQ(all.size(), 2U);
        return std::pair(all.at(1), all.at(0));  // get, add_msg_template
    };
    auto [read, sent] = used();
    EXPECT_EQ(read.use.api, get_name);
    EXPECT_EQ(read.use.last_minute, 2);
    EXPECT_EQ(read.use.limited_hour, 0);
    EXPECT_EQ(read.use.limited_ms, 0);
    EXPECT_EQ(read.per_minute, 600);
    EXPECT_EQ(read.allowed, 600);
    EXPECT_EQ(read.rests_ms, 0);
    EXPECT_EQ(sent.use.last_minute, 2);
    EXPECT_EQ(sent.use.limited_hour, 1);
    EXPECT_EQ(sent.use.limited_ms, limited_at);
    EXPECT_EQ(sent.allowed, 300);
    EXPECT_EQ(sent.rests_ms, 60'000);
    EXPECT_TRUE(client.quotas(CorpId{2}).empty());
    clock.advance(30'000);  // the first call is a minute old
    EXPECT_EQ(used().first.use.last_minute, 1);
    clock.advance(3'600'000);
    EXPECT_EQ(used().second.use.last_minute, 0);
    EXPECT_EQ(used().second.use.limited_hour, 0);
    EXPECT_EQ(used().second.use.limited_ms, limited_at);
    EXPECT_EQ(used().second.rests_ms, 0);
}

TEST_F(ApiCall, threads_keep_to_the_concurrency) {
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    wecom.on(get_name, [&](const FakeCall&) {
        const int now = ++inside;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        --inside;
        return ok();
    });
    auto row = std::make_shared<crm::Corp>(*corp);
    row->limits.concurrency = 3;
    corp = row;
    SystemClock system;
    TokenStore real_tokens(wecom, system, rng, metrics);
    ApiClient real([this](CorpId) { return corp; }, wecom, real_tokens, system, rng, metrics);
    std::vector<std::thread> threads;
    for (int i = 0; i < 10; ++i) {
        threads.emplace_back([&] { EXPECT_TRUE(real.call(CorpId{1}, api::contact_get)); });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_LE(most, 3);
    EXPECT_GE(most, 2);
}

TEST(WecomError, every_code_of_the_table_is_found_and_the_rest_is_permanent) {
    EXPECT_EQ(meaning_of(-1).retry, RetryClass::busy);
    EXPECT_EQ(meaning_of(6000).retry, RetryClass::busy);
    EXPECT_EQ(meaning_of(45033).retry, RetryClass::concurrency);
    EXPECT_EQ(meaning_of(60020).retry, RetryClass::credentials);
    EXPECT_EQ(meaning_of(48004).reason, "api_not_authorised");
    EXPECT_EQ(meaning_of(41079).reason, "still_dispatching");
    EXPECT_EQ(meaning_of(90505).reason, "group_refused");
    EXPECT_EQ(meaning_of(90512).code, ErrorCode::permanent);
    EXPECT_EQ(meaning_of(0x7fffffff).code, ErrorCode::permanent);
    EXPECT_EQ(meaning_of(-2).reason, "");
    for (const int code :
         {40001, 40003, 40007, 40013, 40014, 40056, 40068, 40071, 40091, 40096, 40126, 41001, 41044,
          41045, 41048, 41050, 41051, 41053, 41054, 41063, 41093, 41094, 41096, 42001, 45009, 46004,
          50002, 50003, 50100, 60011, 60021, 60111, 81013, 81017, 84061, 84074, 84084, 301002}) {
        EXPECT_FALSE(meaning_of(code).reason.empty()) << code;
    }
}

}  // namespace
}  // namespace leadbridge::wecom
