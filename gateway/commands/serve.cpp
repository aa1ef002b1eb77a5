#include "gateway/commands/serve.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "base/http_client.h"
#include "base/json.h"
#include "base/log.h"
#include "connectors/sandbox/sandbox.h"
#include "gateway/api.h"
#include "gateway/app.h"
#include "gateway/commands/door.h"
#include "gateway/doctor.h"
#include "gateway/sandbox_company.h"
#include "gateway/stores.h"

namespace leadbridge::gateway {

namespace {

sigset_t stop_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

// Before any thread: every thread inherits the mask, so that only wait_for_stop() sees the signals.
void block_stop_signals() {
    const sigset_t set = stop_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);  // a peer that leaves is an error of its write, not of the program
}

void wait_for_stop() {
    const sigset_t set = stop_signals();
    int which = 0;
    sigwait(&set, &which);
    log::info("app", "stopping", {{"signal", which}});
}

std::string beside_program(std::string_view file) {
    return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / file).string();
}

// A clock that is not the world's must never drive a real corp.
void refuse_far_corps(App& app) {
    for (const auto& corp : app.services().corp_directory.all()) {
        if (!corp->loopback()) {
            throw std::runtime_error(
                "--clock is for tests: corp " + corp->wecom_id + " is not on loopback"
            );
        }
    }
}

// Each start is a new sample company: the local WeCom keeps its world in memory only.
void use_sample_folder(config::Settings& settings) {
    const std::filesystem::path folder =
        std::filesystem::path(settings.server.data_dir) / "sandbox";
    settings.database.schema_prefix = "sandbox_";
    drop_databases(settings);
    std::filesystem::remove_all(folder);
    settings.server.data_dir = folder.string();
    settings.database.path = (folder / "core.db").string();
    settings.blobs.path = (folder / "blobs").string();
    settings.security.master_key_file = (folder / "master.key").string();
    settings.corps.clear();
}

std::string make_token(App& app) {
    Request request;
    request.method = Method::post;
    request.path = "/api/v1/tokens";
    request.body = R"({"name":"sandbox","scopes":["read","write","admin"]})";
    request.request_id = "start";
    const Response response = app.api().handle_local(request);
    auto value = parse_json(response.body);
    return value && value->is_object() ? json_string(value->get_object(), "token") : std::string();
}

void greet(App& app, std::uint16_t sandbox_port) {
    const std::string token = make_token(app);
    std::printf(
        "\nLeadBridge 引桥 is running with a sample company (sample data only).\n"
        "  page     http://127.0.0.1:%u/\n"
        "  API      curl -H 'Authorization: Bearer %s' http://127.0.0.1:%u/api/v1/leads\n"
        "  WeCom    the local one: http://127.0.0.1:%u/sandbox/state\n"
        "  stop     Ctrl-C\n\n",
        app.port(),
        token.c_str(),
        app.port(),
        sandbox_port
    );
    std::fflush(stdout);
}

// Where a browser on this machine finds the console.
std::string console_address(const config::Server& server, std::uint16_t port) {
    if (!server.public_url.empty()) {
        return server.public_url;
    }
    const bool everywhere = server.address == "0.0.0.0" || server.address == "::";
    const bool v6 = server.address.find(':') != std::string::npos;
    const std::string host = everywhere ? "127.0.0.1" : server.address;
    return std::string(server.tls_cert.empty() ? "http://" : "https://") +
           (v6 && !everywhere ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// While there is no admin, whoever reads this output makes the first one.
void tell_first_start(App& app, const config::Server& server) {
    if (const auto code = app.services().login.make_first_code()) {
        std::printf(
            "first start: make the first admin at %s/console/first?code=%s\n",
            console_address(server, app.port()).c_str(),
            std::string(code->reveal()).c_str()
        );
        std::fflush(stdout);
    }
}

std::unique_ptr<Clock> clock_of(const ServeOptions& options) {
    if (!options.clock_file.empty()) {
        return load_clock_file(options.clock_file);
    }
    if (options.sandbox == WithSandbox::yes && options.speed > 1) {
        const UnixMillis now = SystemClock().now();
        return std::make_unique<FastClock>(now, now, options.speed);
    }
    return nullptr;
}

}  // namespace

int serve(ServeOptions options) {
    block_stop_signals();
    if (options.sandbox == WithSandbox::yes) {
        use_sample_folder(options.settings);
    }
    App app(AppOptions{options.settings, clock_of(options), options.ui_dir});
    if (!options.clock_file.empty()) {
        refuse_far_corps(app);
    }
    app.start();
    tell_first_start(app, options.settings.server);
    std::unique_ptr<SandboxCompany> company;
    if (options.sandbox == WithSandbox::yes) {
        SandboxCompanyOptions sample;
        sample.port = options.sandbox_port != 0 ? options.sandbox_port
                                                : static_cast<std::uint16_t>(app.port() + 1);
        const std::string sdk = beside_program("libleadbridge_fake_sdk.so");
        sample.fake_sdk = std::filesystem::exists(sdk) ? sdk : "";
        sample.tell = [](const std::string& line) {
            std::puts(line.c_str());
            std::fflush(stdout);
        };
        company = std::make_unique<SandboxCompany>(app, std::move(sample));
        greet(app, company->port());
        if (Status made = company->set_up(); !made) {
            throw std::runtime_error(made.error().message);
        }
    }
    wait_for_stop();
    company.reset();
    app.stop();
    return 0;
}

int serve_sandbox(const SandboxServeOptions& options) {
    block_stop_signals();
    log::configure(log::Level::info, log::Format::text);
    const std::unique_ptr<Clock> clock = options.clock_file.empty()
                                             ? std::make_unique<SystemClock>()
                                             : load_clock_file(options.clock_file);
    Metrics metrics;
    sandbox::Sandbox local(
        {"127.0.0.1", options.port, options.seed, options.journal}, *clock, metrics
    );
    local.start();
    std::printf(
        "the local WeCom listens on http://127.0.0.1:%u (connectors/sandbox/README.md)\n",
        local.port()
    );
    std::fflush(stdout);
    wait_for_stop();
    local.stop();
    return 0;
}

int doctor(const config::Settings& settings, Output output) {
    std::vector<Finding> findings = check_machine(settings);
    Door door(settings);
    auto corps = door.call(Method::get, "/api/v1/corps");
    json::array items;
    bool broken = false;
    const auto add = [&](json::object item) {
        broken = broken || json_string(item, "verdict") == "broken";
        items.push_back(std::move(item));
    };
    for (const Finding& finding : findings) {
        add(finding_json(finding));
    }
    if (!corps) {
        add(json::object{
            {"verdict", "broken"},
            {"check", "store"},
            {"what", corps.error().message},
            {"place", "server.data_dir"},
            {"fix", "mend what it names"}});
    } else {
        auto list = parse_json(corps->body, JsonLimits{16 << 20, 32});
        for (const json::value& corp : list->at("items").as_array()) {
            auto checked = door.call(
                Method::post, "/api/v1/corps/" + json_string(corp.as_object(), "id") + "/check"
            );
            auto found = checked ? parse_json(checked->body) : Error{ErrorCode::internal, ""};
            if (found) {
                for (json::value& item : found->at("items").as_array()) {
                    item.as_object()["corp"] = json_string(corp.as_object(), "corp_id");
                    add(std::move(item.as_object()));
                }
            }
        }
    }
    if (output == Output::json) {
        std::printf("%s\n", to_text(json::object{{"items", items}}).c_str());
        return broken ? 1 : 0;
    }
    for (const json::value& value : items) {
        const json::object& item = value.as_object();
        std::printf(
            "%-8s %-22s %s%s\n",
            json_string(item, "verdict").c_str(),
            json_string(item, "check").c_str(),
            json_string(item, "corp").empty() ? "" : (json_string(item, "corp") + ": ").c_str(),
            json_string(item, "what").c_str()
        );
        if (const std::string fix = json_string(item, "fix"); !fix.empty()) {
            std::printf(
                "         where: %s\n         fix:   %s\n",
                json_string(item, "place").c_str(),
                fix.c_str()
            );
        }
    }
    return broken ? 1 : 0;
}

}  // namespace leadbridge::gateway
