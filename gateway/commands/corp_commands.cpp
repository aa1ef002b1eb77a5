#include <algorithm>
#include <memory>
#include <optional>

#include "gateway/commands/door.h"
#include "gateway/commands/output.h"
#include "gateway/commands/resource_commands.h"
#include "gateway/doctor.h"

namespace leadbridge::gateway {

namespace {

struct CorpArguments {
    std::string corp_id;
    std::optional<std::string> name;
    std::optional<std::string> api_base;
    std::optional<std::string> time_zone;
    std::optional<std::int64_t> agent_id;
    std::optional<std::string> app_secret_file;
    std::optional<std::string> contacts_secret_file;
    std::string callback = "app";
    std::optional<std::string> token_file;
    std::optional<std::string> aes_key_file;
    std::optional<std::string> archive_secret_file;
    std::optional<std::string> sdk;
    std::optional<std::string> proxy;
    std::vector<std::string> archive_keys;  // VERSION=FILE
    std::optional<std::string> default_welcome;
    std::optional<double> calls_per_minute;
    std::optional<std::int64_t> concurrency;
    std::optional<std::string> push_cap;
    std::vector<std::string> remove_callbacks;
    std::string with_data;
    bool as_json = false;
};

using Arguments = std::shared_ptr<CorpArguments>;  // shared by the options that fill it and the
                                                   // command that reads it

void add_fields(CLI::App& command, CorpArguments& a) {
    command.add_option("corp_id", a.corp_id, "the corp's id on WeCom (ww...)")->required();
    command.add_option("--name", a.name, "what people call it");
    command.add_option("--api-base", a.api_base, "default https://qyapi.weixin.qq.com");
    command.add_option("--time-zone", a.time_zone, "default Asia/Shanghai");
    command.add_option("--agent-id", a.agent_id, "AgentId of the app");
    command.add_option("--app-secret-file", a.app_secret_file, "file with the app's Secret");
    command.add_option(
        "--contacts-secret-file", a.contacts_secret_file, "file with the contacts-sync secret"
    );
    command.add_option(
        "--callback",
        a.callback,
        "name of the callback that --token-file and --aes-key-file belong to"
    );
    command.add_option("--token-file", a.token_file, "file with the callback's Token");
    command.add_option("--aes-key-file", a.aes_key_file, "file with the callback's EncodingAESKey");
    command.add_option(
        "--archive-secret-file",
        a.archive_secret_file,
        "file with the archive's Secret; switches it on"
    );
    command.add_option("--archive-sdk", a.sdk, "path of libWeWorkFinanceSdk_C.so");
    command.add_option("--archive-proxy", a.proxy, "http://ip:port or socks5://ip:port");
    command.add_option(
        "--archive-key", a.archive_keys, "VERSION=FILE of a private key; may be repeated"
    );
}

void add_rules(CLI::App& command, CorpArguments& a) {
    command.add_option(
        "--default-welcome", a.default_welcome, "text where no channel matches; '' for none"
    );
    command.add_option("--calls-per-minute", a.calls_per_minute, "at most, per API; default 3000");
    command.add_option("--concurrency", a.concurrency, "calls at one time, per API; default 5");
    command.add_option(
        "--push-cap", a.push_cap, "days_in_month (default), 7_per_week or 1_per_day"
    );
}

void put_file(json::object& object, std::string_view key, const std::optional<std::string>& file) {
    if (file) {
        object[key] = read_secret_file(*file);
    }
}

json::object archive_json(const CorpArguments& a) {
    json::object archive;
    put_file(archive, "secret", a.archive_secret_file);
    if (a.archive_secret_file) {
        archive["enabled"] = true;
    }
    if (a.sdk) {
        archive["sdk"] = *a.sdk;
    }
    if (a.proxy) {
        archive["proxy"] = *a.proxy;
    }
    json::array keys;
    for (const std::string& text : a.archive_keys) {
        const std::size_t equals = text.find('=');
        const auto version = parse_id(text.substr(0, equals));
        if (equals == std::string::npos || !version) {
            throw std::runtime_error("--archive-key takes VERSION=FILE, not " + text);
        }
        keys.push_back(json::object{
            {"version", *version}, {"private_pem", read_secret_file(text.substr(equals + 1))}});
    }
    if (!keys.empty()) {
        archive["private_keys"] = std::move(keys);
    }
    return archive;
}

json::object limits_json(const CorpArguments& a) {
    json::object limits;
    if (a.calls_per_minute) {
        limits["calls_per_minute"] = *a.calls_per_minute;
    }
    if (a.concurrency) {
        limits["concurrency"] = *a.concurrency;
    }
    if (a.push_cap) {
        limits["push_cap"] = *a.push_cap;
    }
    return limits;
}

json::array callbacks_json(const CorpArguments& a) {
    json::array callbacks;
    if (a.token_file || a.aes_key_file) {
        json::object callback{{"name", a.callback}};
        put_file(callback, "token", a.token_file);
        put_file(callback, "encoding_aes_key", a.aes_key_file);
        callbacks.push_back(std::move(callback));
    }
    for (const std::string& name : a.remove_callbacks) {
        callbacks.push_back(json::object{{"name", name}, {"remove", true}});
    }
    return callbacks;
}

std::string body_of(const CorpArguments& a, bool with_id) {
    json::object body;
    if (with_id) {
        body["corp_id"] = a.corp_id;
    }
    for (const auto& [key, value] :
         {std::pair{"name", a.name},
          std::pair{"api_base", a.api_base},
          std::pair{"time_zone", a.time_zone}}) {
        if (value) {
            body[key] = *value;
        }
    }
    if (a.agent_id) {
        body["agent_id"] = *a.agent_id;
    }
    put_file(body, "app_secret", a.app_secret_file);
    put_file(body, "contacts_secret", a.contacts_secret_file);
    if (json::array callbacks = callbacks_json(a); !callbacks.empty()) {
        body["callbacks"] = std::move(callbacks);
    }
    if (json::object limits = limits_json(a); !limits.empty()) {
        body["limits"] = std::move(limits);
    }
    if (a.default_welcome) {
        body["default_welcome"] = json::object{{"text", *a.default_welcome}};
    }
    if (json::object archive = archive_json(a); !archive.empty()) {
        body["archive"] = std::move(archive);
    }
    return to_text(body);
}

// "/api/v1/corps/ID" of a WeCom corp id.
Result<std::string> corp_path(Door& door, const std::string& corp_id) {
    auto answer = door.call(Method::get, "/api/v1/corps");
    if (!answer) {
        return std::move(answer).error();
    }
    auto value = parse_json(answer->body);
    for (const json::value& item : value->at("items").as_array()) {
        if (json_string(item.as_object(), "corp_id") == corp_id) {
            return "/api/v1/corps/" + json_string(item.as_object(), "id");
        }
    }
    return Error{
        ErrorCode::not_found, "no corp " + corp_id + "; `leadbridge corp list` shows them"};
}

}  // namespace

void add_corp_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen) {
    CLI::App* corp = app.add_subcommand("corp", "companies on WeCom: add, set, list, remove, check")
                         ->require_subcommand(1);
    auto a = std::make_shared<CorpArguments>();
    CLI::App* add = corp->add_subcommand("add", "adds a corp");
    add_fields(*add, *a);
    add_rules(*add, *a);
    add->callback([=, &chosen] {
        chosen = [=] {
            const config::Settings settings = load();
            Door door(settings);
            return print_done(
                door.call(Method::post, "/api/v1/corps", "", body_of(*a, true)),
                "added " + a->corp_id + "; URL to paste in WeCom's console: " +
                    callback_address(settings.server.public_url, a->corp_id, a->callback)
            );
        };
    });
    CLI::App* set = corp->add_subcommand("set", "changes what is named, keeps the rest");
    add_fields(*set, *a);
    add_rules(*set, *a);
    set->add_option("--remove-callback", a->remove_callbacks, "its name; may be repeated");
    set->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            auto path = corp_path(door, a->corp_id);
            return path ? print_done(
                              door.patch(*path, "", body_of(*a, false)), "changed " + a->corp_id
                          )
                        : failed(path.error());
        };
    });
    CLI::App* list = corp->add_subcommand("list", "all corps");
    list->add_flag("--json", a->as_json);
    list->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            return print_list(
                door.call(Method::get, "/api/v1/corps"),
                {"corp_id", "name", "agent_id", "id"},
                a->as_json
            );
        };
    });
    CLI::App* remove =
        corp->add_subcommand("remove", "removes a corp; with data only when it is named again");
    remove->add_option("corp_id", a->corp_id)->required();
    remove->add_option("--with-data", a->with_data, "the corp id again: also removes its contacts");
    remove->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            auto path = corp_path(door, a->corp_id);
            return path ? print_done(
                              door.call(
                                  Method::del,
                                  *path,
                                  a->with_data.empty() ? ""
                                                       : "with_data=" + percent_encode(a->with_data)
                              ),
                              "removed " + a->corp_id
                          )
                        : failed(path.error());
        };
    });
    CLI::App* check = corp->add_subcommand("check", "asks WeCom whether the corp works");
    check->add_option("corp_id", a->corp_id)->required();
    check->add_flag("--json", a->as_json);
    check->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            auto path = corp_path(door, a->corp_id);
            if (!path) {
                return failed(path.error());
            }
            const auto answer = door.call(Method::post, *path + "/check");
            const int shown =
                print_list(answer, {"verdict", "check", "what", "place", "fix"}, a->as_json);
            const bool broken =
                answer && answer->body.find(R"("verdict":"broken")") != std::string::npos;
            return broken ? 1 : shown;
        };
    });
}

}  // namespace leadbridge::gateway
