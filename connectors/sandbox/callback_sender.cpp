#include "connectors/sandbox/callback_sender.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/callback_crypto.h"

namespace leadbridge::sandbox {

struct CallbackSender::Delivery {  // shared by the pool and the timer while it is under way
    Event event;
    CallbackTarget target;
    int attempt = 0;
    bool repeat = false;
};

namespace {

Result<HttpCall> make_call(
    const Event& event,
    const CallbackTarget& target,
    UnixMillis now,
    Rng& rng,
    std::int64_t timeout_ms
) {
    auto crypto = wecom::CallbackCrypto::make(
        Secret(target.token), Secret(target.encoding_aes_key), {event.corpid}
    );
    if (!crypto) {
        return std::move(crypto).error();
    }
    const std::string cipher = crypto->seal(event.clear, rng.bytes(16), event.corpid);
    const std::string timestamp = std::to_string(now / 1'000);
    const std::string nonce = rng.token(10);
    HttpCall call;
    call.method = Method::post;
    call.url = fmt::format(
        "{}?msg_signature={}&timestamp={}&nonce={}",
        target.url,
        crypto->sign(timestamp, nonce, cipher),
        timestamp,
        nonce
    );
    call.body = fmt::format(
        "<xml><ToUserName><![CDATA[{}]]></ToUserName><AgentID><![CDATA[]]></"
        "AgentID><Encrypt><![CDATA[{}]]></Encrypt></xml>",
        event.corpid,
        cipher
    );
    call.headers.add("Content-Type", "text/xml");
    call.timeout_ms = timeout_ms;
    return call;
}

}  // namespace

CallbackSender::CallbackSender(const Clock& clock, Rng& rng, HttpClient& http, Journal& journal)
    : clock_(clock),
      rng_(rng),
      http_(http),
      journal_(journal),
      pool_(WorkerPoolOptions{
          .name = "sandbox-callbacks", .threads = 16, .max_queue = 1'000'000, .key_share = 1.0}) {}

CallbackSender::~CallbackSender() {
    pool_.stop();
}

void CallbackSender::set_rules(const DeliveryRules& rules) {
    *rules_.lock() = rules;
}

void CallbackSender::send(Event event, CallbackTarget target) {
    if (target.url.empty()) {
        return;
    }
    open_ += 1;
    auto delivery = std::make_shared<Delivery>();
    delivery->event = std::move(event);
    delivery->target = std::move(target);
    const std::int64_t shuffle = rules_.lock()->shuffle_ms;
    if (shuffle > 0) {
        later_.after(
            static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(shuffle))),
            [this, delivery] { attempt(delivery); }
        );
    } else {
        attempt(delivery);
    }
}

void CallbackSender::attempt(std::shared_ptr<Delivery> delivery) {
    pool_.submit([this, delivery = std::move(delivery)] {
        const DeliveryRules rules = *rules_.lock();
        delivery->attempt += 1;
        auto call =
            make_call(delivery->event, delivery->target, clock_.now(), rng_, rules.timeout_ms);
        if (!call) {
            log::error(
                "sandbox", "a callback target cannot be used", {{"error", call.error().message}}
            );
            settle(delivery, false);
            return;
        }
        const auto reply = http_.call(*call);
        const bool accepted = reply && reply->status == 200;
        if (accepted || delivery->attempt >= rules.attempts) {
            settle(delivery, accepted);
        } else {
            later_.after(rules.retry_ms, [this, delivery] { attempt(delivery); });
        }
    });
}

void CallbackSender::settle(const std::shared_ptr<Delivery>& delivery, bool accepted) {
    if (journal_.on()) {
        journal_.write(to_text(json::object{
            {"what", "callback"},
            {"ms", clock_.now()},
            {"corpid", delivery->event.corpid},
            {"event", delivery->event.what},
            {"subject", delivery->event.subject},
            {"attempts", delivery->attempt},
            {"repeat", delivery->repeat},
            {"accepted", accepted}}));
    }
    (accepted ? delivered_ : given_up_) += 1;
    const double duplicate = rules_.lock()->duplicate;
    if (accepted && !delivery->repeat && duplicate > 0 && rng_.unit() < duplicate) {
        delivery->repeat = true;
        delivery->attempt = 0;
        attempt(delivery);
        return;
    }
    open_ -= 1;
}

}  // namespace leadbridge::sandbox
