#include "connectors/forms/signature.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/crypto.h"
#include "base/json.h"
#include "connectors/forms/ip_range.h"

namespace leadbridge::forms {
namespace {

const json::object& vector_of(std::string_view name) {
    static const json::value all = [] {
        std::ifstream in(LEADBRIDGE_TEST_DATA "/callback_vectors.json");
        const std::string text((std::istreambuf_iterator<char>(in)), {});
        return parse_json(text).value_or(json::object());
    }();
    return all.at("channel_signatures").at(name).as_object();
}

FormAuth auth_of(AuthKind kind, std::vector<std::string> secrets, std::int64_t tolerance_s = 0) {
    FormAuth out;
    out.kind = kind;
    out.tolerance_s = tolerance_s;
    for (auto& secret : secrets) {
        out.secrets.emplace_back(std::move(secret));
    }
    return out;
}

const std::string secret = "s3cr3t-Key_2026";
constexpr UnixMillis now = 1'760'003'000'000;

Request post(std::string body) {
    Request out;
    out.method = Method::post;
    out.body = std::move(body);
    out.remote_address = "203.0.113.7";
    return out;
}

// A right request passes, also while secrets are rotated; any other secret or body does not.
void expect_guarded(const FormAuth& good, const Request& request, UnixMillis at = now) {
    EXPECT_EQ(refuse(good, request, {}, at), std::nullopt);
    FormAuth rotated = good;
    rotated.secrets.insert(rotated.secrets.begin(), Secret("the-next-secret"));
    EXPECT_EQ(refuse(rotated, request, {}, at), std::nullopt);
    FormAuth wrong = good;
    wrong.secrets = {Secret("another-secret")};
    EXPECT_EQ(refuse(wrong, request, {}, at), Refusal::signature);
    FormAuth none = good;
    none.secrets.clear();
    EXPECT_EQ(refuse(none, request, {}, at), Refusal::signature);
    Request bare = request;
    bare.headers = {};
    bare.body += good.kind == AuthKind::wjx || good.kind == AuthKind::fanqier ? "x" : "";
    EXPECT_EQ(refuse(good, bare, {}, at), Refusal::signature);
}

TEST(FormSignature, github_and_headers_of_choice) {
    const auto& v = vector_of("github");
    auto request = post(json_string(v, "raw"));
    request.headers.set("X-Hub-Signature-256", json_string(v, "header"));
    expect_guarded(auth_of(AuthKind::github, {secret}), request);
    request.body += " ";
    EXPECT_EQ(refuse(auth_of(AuthKind::github, {secret}), request, {}, now), Refusal::signature);

    const auto& ocean = vector_of("oceanengine_spi");
    auto spi = post(json_string(ocean, "raw"));
    spi.headers.set("X-Open-Signature", json_string(ocean, "hex"));
    auto auth = auth_of(AuthKind::hmac, {secret});
    auth.header = "X-Open-Signature";
    expect_guarded(auth, spi);
    spi.headers.add("X-Open-Signature", json_string(ocean, "hex"));
    EXPECT_EQ(refuse(auth, spi, {}, now), Refusal::signature);  // twice: which one counts?
}

TEST(FormSignature, stripe_knows_age_and_several_signatures) {
    const auto& v = vector_of("stripe");
    auto request = post(json_string(v, "raw"));
    request.headers.set("Stripe-Signature", json_string(v, "header"));
    const auto auth = auth_of(AuthKind::stripe, {secret}, 300);
    expect_guarded(auth, request);
    EXPECT_EQ(refuse(auth, request, {}, now + 300'000), std::nullopt);
    EXPECT_EQ(refuse(auth, request, {}, now + 301'000), Refusal::too_old);
    EXPECT_EQ(refuse(auth, request, {}, now - 301'000), Refusal::too_old);
    request.headers.set(
        "Stripe-Signature", json_string(v, "header") + ",v1=" + std::string(64, '0')
    );
    EXPECT_EQ(refuse(auth, request, {}, now), std::nullopt);
    request.headers.set(
        "Stripe-Signature",
        "t=1760003001,v1=" +
            json_string(v, "header").substr(json_string(v, "header").find("v1=") + 3)
    );
    EXPECT_EQ(refuse(auth, request, {}, now), Refusal::signature);  // the time is signed
}

TEST(FormSignature, standard_webhooks) {
    // The published example of standardwebhooks.com.
    auto request = post(R"({"test": 2432232314})");
    request.headers.set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek");
    request.headers.set("webhook-timestamp", "1614265330");
    request.headers.set(
        "webhook-signature", "v2,abc v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
    const auto auth =
        auth_of(AuthKind::standard_webhooks, {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, 300);
    expect_guarded(auth, request, 1'614'265'330'000);
    EXPECT_EQ(refuse(auth, request, {}, now), Refusal::too_old);
    request.headers.set("webhook-id", "msg_other");
    EXPECT_EQ(refuse(auth, request, {}, 1'614'265'330'000), Refusal::signature);
}

TEST(FormSignature, jiandaoyun_with_and_without_prefix) {
    const auto& v = vector_of("jdy");
    auto request = post(json_string(v, "raw"));
    request.query = *Query::parse(
        "timestamp=" + json_string(v, "timestamp") + "&nonce=" + json_string(v, "nonce")
    );
    for (const std::string& prefix : {std::string(), std::string("sha1=")}) {
        request.headers.set("X-JDY-Signature", prefix + json_string(v, "signature"));
        expect_guarded(auth_of(AuthKind::jdy, {secret}), request);
    }
    request.query = *Query::parse("timestamp=1&nonce=0f5ade");
    EXPECT_EQ(refuse(auth_of(AuthKind::jdy, {secret}), request, {}, now), Refusal::signature);
}

TEST(FormSignature, signs_that_stand_in_the_body) {
    const auto& w = vector_of("wjx");
    expect_guarded(
        auth_of(AuthKind::wjx, {secret}),
        post(
            "{\"activity\":\"" + json_string(w, "activity") + "\",\"index\":" +
            json_string(w, "index") + ",\"q1\":\"x\",\"sign\":\"" + json_string(w, "sign") + "\"}"
        )
    );
    const auto& f = vector_of("fanqier");
    json::object body;
    body["data"] = json_string(f, "data");
    body["time"] = json_string(f, "time");
    body["sign"] = json_string(f, "sign");
    expect_guarded(auth_of(AuthKind::fanqier, {secret}), post(to_text(body)));
    EXPECT_EQ(refuse(auth_of(AuthKind::wjx, {secret}), post("[]"), {}, now), Refusal::signature);
    EXPECT_EQ(
        refuse(auth_of(AuthKind::wjx, {secret}), post("activity=1"), {}, now), Refusal::signature
    );
}

TEST(FormSignature, feishu_signature_and_sealed_body) {
    const auto& v = vector_of("feishu");
    auto request = post(json_string(v, "raw"));
    request.headers.set("X-Lark-Request-Timestamp", json_string(v, "timestamp"));
    request.headers.set("X-Lark-Request-Nonce", json_string(v, "nonce"));
    request.headers.set("X-Lark-Signature", json_string(v, "signature"));
    expect_guarded(auth_of(AuthKind::feishu, {secret}), request);
    const auto& d = vector_of("feishu_decrypt");
    const std::string sealed = json_string(d, "encrypt");
    EXPECT_EQ(
        feishu_open({Secret("other"), Secret(secret)}, sealed).value_or("refused"),
        json_string(d, "plaintext")
    );
    for (const std::string& bad :
         {std::string(),
          std::string("@@"),
          sealed.substr(0, 24),
          crypto::base64(std::string(32, 'x')),
          crypto::base64(std::string(33, 'x'))}) {
        EXPECT_FALSE(feishu_open({Secret(secret)}, bad));
    }
    EXPECT_FALSE(feishu_open({}, sealed));
}

TEST(FormSignature, secrets_in_path_and_header) {
    EXPECT_EQ(refuse(auth_of(AuthKind::path, {secret}), post("{}"), secret, now), std::nullopt);
    EXPECT_EQ(refuse(auth_of(AuthKind::path, {secret}), post("{}"), "", now), Refusal::signature);
    EXPECT_EQ(refuse(auth_of(AuthKind::path, {""}), post("{}"), "", now), Refusal::signature);
    EXPECT_EQ(
        refuse(auth_of(AuthKind::path, {secret}), post("{}"), secret + "x", now), Refusal::signature
    );
    auto auth = auth_of(AuthKind::header, {secret});
    auth.header = "Authorization";
    auto request = post("{}");
    request.headers.set("authorization", "Bearer " + secret);
    EXPECT_EQ(refuse(auth, request, {}, now), std::nullopt);
    request.headers.set("authorization", secret);
    expect_guarded(auth, request);
}

TEST(FormSignature, addresses) {
    auto auth = auth_of(AuthKind::none, {});
    EXPECT_EQ(refuse(auth, post("{}"), {}, now), std::nullopt);
    auth.allow_ips = {"198.51.100.0/24", "203.0.113.7"};
    EXPECT_EQ(refuse(auth, post("{}"), {}, now), std::nullopt);
    auth.allow_ips = {"198.51.100.0/24"};
    EXPECT_EQ(refuse(auth, post("{}"), {}, now), Refusal::address);
    EXPECT_TRUE(in_ip_ranges("10.1.2.3", {"10.0.0.0/8"}));
    EXPECT_TRUE(in_ip_ranges("::ffff:10.1.2.3", {"10.0.0.0/8"}));
    EXPECT_TRUE(in_ip_ranges("10.1.2.3", {"0.0.0.0/0"}));
    EXPECT_TRUE(in_ip_ranges("2001:db8:1::1", {"2001:db8::/32"}));
    EXPECT_FALSE(in_ip_ranges("2001:db9::1", {"2001:db8::/32"}));
    EXPECT_FALSE(in_ip_ranges("2001:db8::1", {"0.0.0.0/0"}));
    EXPECT_FALSE(in_ip_ranges("11.1.2.3", {"10.0.0.0/8", "10.0.0.0/32"}));
    EXPECT_FALSE(in_ip_ranges("10.1.2.3/8", {"10.0.0.0/8"}));
    EXPECT_FALSE(in_ip_ranges("", {"0.0.0.0/0"}));
    for (const auto* bad :
         {"10.0.0.0/33", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/8x", "host", "::/129", ""}) {
        EXPECT_FALSE(is_ip_range(bad)) << bad;
    }
}

}  // namespace
}  // namespace leadbridge::forms
