#include "connectors/wecom/access_token.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/connectors/fake_wecom.h"

namespace leadbridge::wecom {
namespace {

class AccessToken : public testing::Test {
protected:
    AccessToken() {
        corp.id = CorpId{1};
        corp.wecom_id = "wwcorp";
        corp.api_base = "http://one.test";
        corp.app_secret = Secret("right");
        corp.contacts_secret = Secret("other");
    }

    std::string token(SecretKind kind = SecretKind::app) {
        const auto got = store.get(corp, kind);
        return got ? std::string(got->reveal())
                   : "error " + std::to_string(got.error().upstream_code);
    }

    ManualClock clock;
    SeededRng rng{1};
    Metrics metrics;
    FakeWecom wecom;
    TokenStore store{wecom, clock, rng, metrics};
    crm::Corp corp;
};

TEST_F(AccessToken, is_fetched_once_and_kept) {
    EXPECT_EQ(token(), "token-1");
    EXPECT_EQ(token(), "token-1");
    ASSERT_EQ(wecom.count("gettoken"), 1);
    const auto call = wecom.calls("gettoken").front();
    EXPECT_EQ(call.query.get("corpid"), "wwcorp");
    EXPECT_EQ(call.query.get("corpsecret"), "right");
}

TEST_F(AccessToken, each_secret_has_its_own) {
    EXPECT_EQ(token(SecretKind::app), "token-1");
    EXPECT_EQ(token(SecretKind::contacts), "token-2");
    EXPECT_EQ(wecom.calls("gettoken").back().query.get("corpsecret"), "other");
    corp.contacts_secret = Secret{};
    EXPECT_EQ(store.get(corp, SecretKind::contacts).error().code, ErrorCode::auth);
}

TEST_F(AccessToken, is_renewed_before_it_ends) {
    EXPECT_EQ(token(), "token-1");
    clock.advance(6'800'000);
    EXPECT_EQ(token(), "token-1");
    clock.advance(170'000);  // 230 s before the end
    EXPECT_EQ(token(), "token-2");
}

TEST_F(AccessToken, a_failed_renewal_leaves_the_old_one_in_use) {
    EXPECT_EQ(token(), "token-1");
    clock.advance(6'970'000);
    wecom.next("gettoken", Fault::refused);
    EXPECT_EQ(token(), "token-1");
    EXPECT_EQ(token(), "token-2");
    clock.advance(7'200'000);
    wecom.next("gettoken", Fault::refused);
    const auto failed = store.get(corp, SecretKind::app);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::retry_later);
}

TEST_F(AccessToken, the_welcome_lane_does_not_renew_early) {
    EXPECT_EQ(token(), "token-1");
    clock.advance(6'970'000);
    const TokenTimeouts lane{2'000, 4'000, false};
    EXPECT_EQ(store.get(corp, SecretKind::app, lane)->reveal(), "token-1");
    EXPECT_EQ(wecom.count("gettoken"), 1);
}

TEST_F(AccessToken, only_the_token_that_failed_is_forgotten) {
    const auto first = *store.get(corp, SecretKind::app);
    store.invalidate(corp.id, SecretKind::app, first);
    EXPECT_EQ(token(), "token-2");
    store.invalidate(corp.id, SecretKind::app, first);  // a late answer to a call with the old one
    EXPECT_EQ(token(), "token-2");
    EXPECT_EQ(wecom.count("gettoken"), 2);
}

TEST_F(AccessToken, many_threads_make_one_call) {
    std::atomic<int> inside{0};
    wecom.before_token = [&] {
        ++inside;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    };
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&] { right += token() == "token-1" ? 1 : 0; });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(right, 16);
    EXPECT_EQ(inside, 1);
}

TEST_F(AccessToken, waiters_share_the_error_of_the_fetch) {
    wecom.before_token = [] { std::this_thread::sleep_for(std::chrono::milliseconds(50)); };
    wecom.next("gettoken", 40001);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] { wrong += token() == "error 40001" ? 1 : 0; });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_GE(wrong, 1);
    EXPECT_LE(wecom.count("gettoken"), 8);
}

TEST_F(AccessToken, rests_after_three_wrong_secrets) {
    wecom.next("gettoken", 40001, 3);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(token(), "error 40001");
    }
    const auto resting = store.get(corp, SecretKind::app);
    ASSERT_FALSE(resting);
    EXPECT_EQ(resting.error().code, ErrorCode::auth);
    EXPECT_EQ(resting.error().retry_after_ms, 600'000);
    EXPECT_EQ(wecom.count("gettoken"), 3);
    clock.advance(600'000);
    EXPECT_EQ(token(), "token-1");
}

TEST_F(AccessToken, a_new_secret_ends_the_rest_at_once) {
    wecom.next("gettoken", 40091, 3);
    for (int i = 0; i < 3; ++i) {
        token();
    }
    corp.app_secret = Secret("corrected");
    EXPECT_EQ(token(), "token-1");
}

TEST_F(AccessToken, nonsense_is_a_passing_fault) {
    wecom.next("gettoken", Fault::truncated);
    wecom.next("gettoken", Fault::status_500);
    EXPECT_EQ(store.get(corp, SecretKind::app).error().code, ErrorCode::retry_later);
    EXPECT_EQ(store.get(corp, SecretKind::app).error().code, ErrorCode::retry_later);
    EXPECT_EQ(token(), "token-3");
}

TEST_F(AccessToken, a_secret_never_stands_in_an_error) {
    wecom.next("gettoken", 40001);
    const auto failed = store.get(corp, SecretKind::app);
    EXPECT_EQ(failed.error().message.find("right"), std::string::npos);
}

}  // namespace
}  // namespace leadbridge::wecom
