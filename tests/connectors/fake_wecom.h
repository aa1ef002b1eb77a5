#pragma once
// A WeCom for tests: answers by handlers and scripted faults, and keeps a log of calls. Tokens are
// checked: a call with one that was never issued, or was revoked, gets 40014.

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"
#include "base/json.h"

namespace leadbridge::wecom {

struct FakeCall {
    std::string host;  // api_base of the corp
    std::string api;   // "externalcontact/get"
    Query query;
    json::object body;
    std::string raw_body;
    std::vector<FormPart> parts;

    std::string text(std::string_view key) const { return json_string(body, key); }
};

enum class Fault {
    refused,       // never sent
    lost_request,  // sent as far as we know, never carried out
    lost_answer,   // carried out, no answer
    status_500,    // carried out, 500
    truncated,     // carried out, half an answer
};

class FakeWecom final : public HttpClient {
public:
    using Handler = std::function<std::string(const FakeCall&)>;

    Result<HttpReply> call(const HttpCall& call) override;

    void on(const std::string& api, Handler handler);
    // Scripted, before the handler, first in first out.
    void next(const std::string& api, int errcode, int times = 1);
    void next(const std::string& api, Fault fault, int times = 1);
    // Calls to this host wait until release(), then end as unknown_result.
    void hang(const std::string& host);
    void release();
    void revoke_tokens();

    std::vector<FakeCall> calls(const std::string& api) const;

    int count(const std::string& api) const { return static_cast<int>(calls(api).size()); }

    void clear_log();

    int expires_in = 7'200;
    std::function<void()> before_token;  // runs in every gettoken

private:
    struct Step {
        int errcode = 0;
        bool is_fault = false;
        Fault fault = Fault::refused;
    };

    mutable std::mutex mutex_;
    std::condition_variable released_;
    std::map<std::string, Handler> handlers_;
    std::map<std::string, std::deque<Step>> steps_;
    std::set<std::string> hanging_;
    std::set<std::string> tokens_;
    std::vector<FakeCall> log_;
    int issued_ = 0;
};

std::string ok(json::object fields = {});
std::string errcode(int code);

}  // namespace leadbridge::wecom
