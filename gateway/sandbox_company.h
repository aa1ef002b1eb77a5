#pragma once
// The sample company of `serve --sandbox`: a corp on the local WeCom, set up through the same API
// that people use, with live traffic and a story on the terminal. Plainly marked as sample data.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "gateway/app.h"

namespace leadbridge::gateway {

struct SandboxCompanyOptions {
    std::uint16_t port = 8081;
    std::uint64_t seed = 1;
    std::string fake_sdk;  // path of libleadbridge_fake_sdk.so; "" = no archive
    std::function<void(const std::string& line)> tell;  // the story, one line at a time
};

class SandboxCompany {
public:
    // app outlives this and is started. Throws std::runtime_error when the port is taken.
    SandboxCompany(App& app, SandboxCompanyOptions options);
    ~SandboxCompany();

    // Makes the corp, tags, channels, segment and a first push; starts traffic and story.
    // Idempotent over restarts with one data directory.
    Status set_up();
    std::uint16_t port() const;
    void stop();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::gateway
