#pragma once
// `leadbridge serve`, `sandbox`, `migrate`, `doctor`: the commands that are not a call of the API.

#include <cstdint>
#include <string>

#include "config/settings.h"

namespace leadbridge::gateway {

enum class WithSandbox : bool { no, yes };

struct ServeOptions {
    config::Settings settings;
    WithSandbox sandbox = WithSandbox::no;
    std::string clock_file;          // tests only; refused unless every corp is on loopback
    std::uint16_t sandbox_port = 0;  // 0 = the server's port + 1
    double speed = 1;                // of the shared clock, with the sandbox only
    std::string ui_dir;              // the console from this folder, for its development
};

// Runs until SIGINT or SIGTERM. Exit code.
int serve(ServeOptions options);

struct SandboxServeOptions {
    std::uint16_t port = 8081;
    std::uint64_t seed = 1;
    std::string journal;
    std::string clock_file;
};

int serve_sandbox(const SandboxServeOptions& options);

enum class Output : std::uint8_t { text, json };
// 0 when nothing is broken, else 1.
int doctor(const config::Settings& settings, Output output);

}  // namespace leadbridge::gateway
