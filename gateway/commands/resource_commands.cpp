#include "gateway/commands/resource_commands.h"

#include <memory>

#include "gateway/commands/door.h"
#include "gateway/commands/output.h"

namespace leadbridge::gateway {

namespace {

struct ItemArguments {
    std::string corp;
    std::string id;
    std::string name;
    std::string kind = "generic";
    std::string auth;
    std::string map;
    std::string owner;
    std::vector<std::string> tags;
    std::vector<std::string> scopes;
    bool disable = false;
    bool enable = false;
    bool as_json = false;
};

using Arguments = std::shared_ptr<ItemArguments>;  // shared by the options that fill it and the
                                                   // command that reads it

std::string join(std::initializer_list<std::pair<std::string_view, std::string>> parts) {
    std::string out;
    for (const auto& [key, value] : parts) {
        if (!value.empty()) {
            out += (out.empty() ? "" : "&") + std::string(key) + "=" + percent_encode(value);
        }
    }
    return out;
}

void put_json(json::object& body, std::string_view key, const std::string& text) {
    if (text.empty()) {
        return;
    }
    auto value = parse_json(text);
    if (!value) {
        throw std::runtime_error("--" + std::string(key) + " is no JSON: " + value.error().message);
    }
    body[key] = std::move(*value);
}

std::string source_body(const ItemArguments& a, bool creating) {
    json::object body;
    if (!a.name.empty()) {
        body["name"] = a.name;
    }
    if (creating) {
        body["kind"] = a.kind;
    }
    put_json(body, "auth", a.auth);
    put_json(body, "map", a.map);
    if (!a.tags.empty()) {
        body["tags"] = json::array(a.tags.begin(), a.tags.end());
    }
    if (!a.owner.empty()) {
        body["owner"] = a.owner;
    }
    if (a.disable || a.enable) {
        body["enabled"] = a.enable;
    }
    return to_text(body);
}

CLI::App* item(
    CLI::App& parent, const std::string& name, const std::string& text, ItemArguments& a
) {
    CLI::App* command = parent.add_subcommand(name, text);
    command->add_option("--corp", a.corp, "the corp, where there are several");
    return command;
}

void add_source_fields(CLI::App& command, ItemArguments& a) {
    command.add_option(
        "--auth", a.auth, R"(how the sender proves itself, e.g. {"kind":"path","secrets":["..."]})"
    );
    command.add_option("--map", a.map, R"(where the fields stand, e.g. {"phone":"/form/phone"})");
    command.add_option("--tag", a.tags, "id of a tag for its leads; may be repeated");
    command.add_option("--owner", a.owner, "userid of the member who gets its leads");
}

}  // namespace

void add_source_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen) {
    CLI::App* source = app.add_subcommand("source", "inbound webhooks: add, set, list, remove")
                           ->require_subcommand(1);
    auto a = std::make_shared<ItemArguments>();
    CLI::App* add = item(*source, "add", "adds a source and prints its hook", *a);
    add->add_option("--name", a->name)->required();
    add->add_option("--kind", a->kind, "generic, jinshuju, wjx, tencent_survey, ...");
    add_source_fields(*add, *a);
    add->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            auto made = door.call(
                Method::post, "/api/v1/sources", join({{"corp", a->corp}}), source_body(*a, true)
            );
            if (!made && a->auth.empty()) {
                return failed(Error{
                    made.error().code,
                    made.error().message +
                        R"(; say how the sender proves itself, e.g. --auth '{"kind":"path","secrets":)"
                        R"(["16 characters or more"]}' (kinds: docs/connectors.md))"});
            }
            return print_list(made, {}, false);
        };
    });
    CLI::App* set = item(*source, "set", "changes what is named, keeps the rest", *a);
    set->add_option("id", a->id)->required();
    set->add_option("--name", a->name);
    set->add_flag("--disable", a->disable, "refuses posts from now on");
    set->add_flag("--enable", a->enable, "takes posts again")->excludes("--disable");
    add_source_fields(*set, *a);
    set->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            return print_done(
                door.patch(
                    "/api/v1/sources/" + a->id, join({{"corp", a->corp}}), source_body(*a, false)
                ),
                "changed " + a->id
            );
        };
    });
    CLI::App* list = item(*source, "list", "all sources", *a);
    list->add_flag("--json", a->as_json);
    list->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            return print_list(
                door.call(Method::get, "/api/v1/sources", join({{"corp", a->corp}})),
                {"id", "name", "kind", "enabled", "hook"},
                a->as_json
            );
        };
    });
    CLI::App* remove = item(*source, "remove", "removes a source; its leads stay", *a);
    remove->add_option("id", a->id)->required();
    remove->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            return print_done(
                door.remove("/api/v1/sources/" + a->id, join({{"corp", a->corp}})),
                "removed " + a->id
            );
        };
    });
}

void add_token_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen) {
    CLI::App* token =
        app.add_subcommand("token", "API tokens: create, list, revoke")->require_subcommand(1);
    auto a = std::make_shared<ItemArguments>();
    CLI::App* create = token->add_subcommand("create", "makes a token and prints it, once");
    create->add_option("--name", a->name)->required();
    create->add_option("--scope", a->scopes, "read, write, admin")->required()->delimiter(',');
    create->add_option(
        "--corp", a->corp, "the corp it is for, by its WeCom id or ours; without it: all"
    );
    create->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            json::object body{
                {"name", a->name}, {"scopes", json::array(a->scopes.begin(), a->scopes.end())}};
            if (!a->corp.empty()) {
                body["corp"] = a->corp;
            }
            auto answer = door.call(Method::post, "/api/v1/tokens", "", to_text(body));
            if (!answer) {
                return failed(answer.error());
            }
            std::printf(
                "%s\n", json_string(parse_json(answer->body)->as_object(), "token").c_str()
            );
            return 0;
        };
    });
    CLI::App* list = token->add_subcommand("list", "all tokens");
    list->add_flag("--json", a->as_json);
    list->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            return print_list(
                door.call(Method::get, "/api/v1/tokens"),
                {"id", "name", "scopes", "created", "last_used", "revoked"},
                a->as_json
            );
        };
    });
    CLI::App* revoke = token->add_subcommand("revoke", "ends a token at once");
    revoke->add_option("name_or_id", a->id)->required();
    revoke->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            return print_done(
                door.call(Method::del, "/api/v1/tokens/" + percent_encode(a->id)),
                "revoked " + a->id
            );
        };
    });
}

}  // namespace leadbridge::gateway
