#include "tests/connectors/fake_wecom.h"

#include <gtest/gtest.h>

namespace leadbridge::wecom {

std::string ok(json::object fields) {
    fields["errcode"] = 0;
    fields["errmsg"] = "ok";
    return to_text(fields);
}

std::string errcode(int code) {
    return to_text(json::object{
        {"errcode", code}, {"errmsg", "hint: [1], from ip: 192.0.2.7, more info at example"}});
}

void FakeWecom::on(const std::string& api, Handler handler) {
    const std::lock_guard lock(mutex_);
    handlers_[api] = std::move(handler);
}

void FakeWecom::next(const std::string& api, int code, int times) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i) {
        steps_[api].push_back({code, false, Fault::refused});
    }
}

void FakeWecom::next(const std::string& api, Fault fault, int times) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i) {
        steps_[api].push_back({0, true, fault});
    }
}

void FakeWecom::hang(const std::string& host) {
    const std::lock_guard lock(mutex_);
    hanging_.insert(host);
}

void FakeWecom::release() {
    const std::lock_guard lock(mutex_);
    hanging_.clear();
    released_.notify_all();
}

void FakeWecom::revoke_tokens() {
    const std::lock_guard lock(mutex_);
    tokens_.clear();
}

std::vector<FakeCall> FakeWecom::calls(const std::string& api) const {
    const std::lock_guard lock(mutex_);
    std::vector<FakeCall> out;
    for (const auto& call : log_) {
        if (call.api == api) {
            out.push_back(call);
        }
    }
    return out;
}

void FakeWecom::clear_log() {
    const std::lock_guard lock(mutex_);
    log_.clear();
}

Result<HttpReply> FakeWecom::call(const HttpCall& http) {
    FakeCall call;
    const auto path = http.url.find("/cgi-bin/");
    const auto mark = http.url.find('?');
    EXPECT_NE(path, std::string::npos);
    call.host = http.url.substr(0, path);
    call.api = http.url.substr(path + 9, mark == std::string::npos ? mark : mark - path - 9);
    call.query = *Query::parse(mark == std::string::npos ? "" : http.url.substr(mark + 1));
    call.parts = http.parts;
    call.raw_body = http.body;
    if (auto body = parse_json(http.body, {10 << 20, 32}); body && body->is_object()) {
        call.body = body->as_object();
    }
    Handler handler;
    Step step;
    {
        std::unique_lock lock(mutex_);
        log_.push_back(call);
        if (hanging_.contains(call.host)) {
            released_.wait(lock, [&] { return !hanging_.contains(call.host); });
            return Error{ErrorCode::unknown_result, "timeout"};
        }
        if (auto& steps = steps_[call.api]; !steps.empty()) {
            step = steps.front();
            steps.pop_front();
        }
        if (const auto found = handlers_.find(call.api); found != handlers_.end()) {
            handler = found->second;
        }
    }
    if (call.api == "gettoken" && before_token) {
        before_token();
    }
    if (step.is_fault && step.fault == Fault::refused) {
        return Error{ErrorCode::retry_later, "connection refused"};
    }
    if (step.is_fault && step.fault == Fault::lost_request) {
        return Error{ErrorCode::unknown_result, "timeout"};
    }
    HttpReply reply{200, {}, ""};
    if (step.errcode != 0) {
        reply.body = errcode(step.errcode);
        return reply;
    }
    if (call.api == "gettoken") {
        const std::lock_guard lock(mutex_);
        const auto token = "token-" + std::to_string(++issued_);
        tokens_.insert(token);
        reply.body = ok({{"access_token", token}, {"expires_in", expires_in}});
    } else {
        bool known = false;
        {
            const std::lock_guard lock(mutex_);
            known = tokens_.contains(std::string(call.query.get("access_token")));
        }
        if (!known) {
            reply.body = errcode(40014);
            return reply;
        }
        reply.body = handler ? handler(call) : ok();
    }
    if (!step.is_fault) {
        return reply;
    }
    if (step.fault == Fault::lost_answer) {
        return Error{ErrorCode::unknown_result, "timeout"};
    }
    if (step.fault == Fault::status_500) {
        return HttpReply{500, {}, "oops"};
    }
    reply.body.resize(reply.body.size() / 2);
    return reply;
}

}  // namespace leadbridge::wecom
