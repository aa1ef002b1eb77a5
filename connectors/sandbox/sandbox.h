#pragma once
// A WeCom that runs locally: the API, the callbacks, the people and the archive, on a port of its
// own. The daemon reaches it through the same settings as the real WeCom and cannot tell the
// difference. Everything in it is sample data. README.md lists its control API.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "connectors/sandbox/callback_sender.h"
#include "connectors/sandbox/people.h"
#include "connectors/sandbox/world.h"

namespace leadbridge::sandbox {

struct SandboxOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8081;  // 0 = any free port
    std::uint64_t seed = 1;
    std::string journal_file;  // "" = none
};

// What the control API needs to make a company; empty secrets and keys are made from the seed.
struct CompanySpec {
    std::string corpid;
    std::string name;
    std::vector<Member> members;
    std::int64_t agent_id = 1'000'002;
    std::string callback_base;  // "http://127.0.0.1:8080/callback/wecom/" + corpid, without a slash
                                // at the end; "" = no callbacks
    std::string token;
    std::string encoding_aes_key;
    int archive_key_versions = 1;
};

class Sandbox {
public:
    Sandbox(SandboxOptions options, const Clock& clock, Metrics& metrics);
    ~Sandbox();

    void start();
    void stop();
    std::uint16_t port() const;

    // The company as it stands afterwards, with its secrets and key pairs.
    Company add_company(const CompanySpec& spec);
    void remove_companies();

    // Acts of people; events are sent at once. What the control API does, for in-process use.
    ScanResult scan(const std::string& corpid, const Scan& scan);
    // Runs fn on the world, locked, and sends the events it returns.
    void act(const std::function<Events(World&, UnixMillis now, Rng&)>& fn);
    void set_delivery(const DeliveryRules& rules);
    std::int64_t callbacks_open() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::sandbox
