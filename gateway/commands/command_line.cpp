#include "gateway/commands/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "base/http_client.h"
#include "base/log.h"
#include "config/settings.h"
#include "gateway/commands/backup_commands.h"
#include "gateway/commands/key_commands.h"
#include "gateway/commands/resource_commands.h"
#include "gateway/commands/serve.h"
#include "gateway/stores.h"
#include "gateway/version.h"

namespace leadbridge::gateway {

namespace {

constexpr int done_badly = 1;
constexpr int wrong_use = 2;

struct ServeArguments {
    bool sandbox = false;
    std::string clock_file;
    std::uint16_t sandbox_port = 0;
    double speed = 1;
    int port = 0;
    std::string ui_dir;
};

void add_serve(CLI::App& app, ServeArguments& a, const LoadSettings& load, Chosen& chosen) {
    CLI::App* command = app.add_subcommand("serve", "runs the daemon");
    command->add_flag(
        "--sandbox", a.sandbox, "with a local WeCom, a sample company and live traffic"
    );
    command->add_option("--port", a.port, "instead of the one of server.listen");
    command->add_option(
        "--clock", a.clock_file, "tests only: a shared clock; every corp must be on loopback"
    );
    command->add_option("--sandbox-port", a.sandbox_port, "default: the server's port + 1");
    command->add_option(
        "--speed", a.speed, "with --sandbox: how many times as fast the sample company lives"
    );
    command->add_option(
        "--ui-dir", a.ui_dir, "for development: the console from this folder (build/console)"
    );
    command->callback([&a, &load, &chosen] {
        chosen = [&a, &load] {
            config::Settings settings = load();
            if (a.port > 0) {
                settings.server.port = static_cast<std::uint16_t>(a.port);
            }
            log::configure(settings.log.level, settings.log.format);
            return serve(ServeOptions{
                std::move(settings),
                a.sandbox ? WithSandbox::yes : WithSandbox::no,
                a.clock_file,
                a.sandbox_port,
                a.speed,
                a.ui_dir});
        };
    });
}

void add_machine_commands(
    CLI::App& app,
    SandboxServeOptions& sandbox,
    bool& as_json,
    const LoadSettings& load,
    Chosen& chosen
) {
    CLI::App* local = app.add_subcommand("sandbox", "runs the local WeCom alone");
    local->add_option("--port", sandbox.port);
    local->add_option("--seed", sandbox.seed, "equal seeds give equal people");
    local->add_option("--journal", sandbox.journal, "file for a line per call and callback");
    local->add_option("--clock", sandbox.clock_file, "tests only: a shared clock");
    local->callback([&] { chosen = [&] { return serve_sandbox(sandbox); }; });
    CLI::App* migrate = app.add_subcommand(
        "migrate", "brings the databases to this program's schema; no daemon may run"
    );
    migrate->callback([&] {
        chosen = [&] {
            migrate_only(load());
            std::puts("the databases are up to date");
            return 0;
        };
    });
    CLI::App* check = app.add_subcommand("doctor", "what is broken, where to look, how to mend it");
    check->add_flag("--json", as_json);
    check->callback([&] {
        chosen = [&] { return doctor(load(), as_json ? Output::json : Output::text); };
    });
}

}  // namespace

int run_command_line(int argc, char** argv) {
    init_http_client();
    CLI::App app("LeadBridge 引桥: a WeCom SCRM messaging bridge", "leadbridge");
    app.require_subcommand(1);
    app.set_version_flag("--version", "leadbridge " + std::string(version));
    std::string config_file;
    app.add_option(
        "--config",
        config_file,
        "the machine's settings (TOML); without it defaults and LEADBRIDGE_*"
    );
    app.fallthrough();
    const LoadSettings load = [&config_file] {
        auto settings = config::load(config_file, config::process_environment());
        if (!settings) {
            throw std::runtime_error(settings.error().message);
        }
        return std::move(*settings);
    };
    Chosen chosen;
    ServeArguments serve_arguments;
    SandboxServeOptions sandbox;
    bool as_json = false;
    add_serve(app, serve_arguments, load, chosen);
    add_machine_commands(app, sandbox, as_json, load, chosen);
    add_corp_commands(app, load, chosen);
    add_source_commands(app, load, chosen);
    add_token_commands(app, load, chosen);
    add_user_commands(app, load, chosen);
    add_queue_commands(app, load, chosen);
    add_key_commands(app, load, chosen);
    add_backup_commands(app, load, chosen);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : wrong_use;
    }
    try {
        return chosen();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "leadbridge: %s\n", error.what());
        return done_badly;
    }
}

}  // namespace leadbridge::gateway
