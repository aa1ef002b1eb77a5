// `leadbridge user`: add, passwd, list, disable, enable, unlock, sessions end

#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "gateway/commands/door.h"
#include "gateway/commands/output.h"
#include "gateway/commands/resource_commands.h"

namespace leadbridge::gateway {

namespace {

struct UserArguments {
    std::string name;
    std::string role;
    std::string member;
    std::string corp;
    std::string scope;
    bool drop_totp = false;
    bool as_json = false;
};

// Switches the terminal's echo off for its life.
class Quiet {
public:
    Quiet() : on_(::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
        if (on_) {
            termios quiet = before_;
            quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
        }
    }

    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;

    ~Quiet() {
        if (on_) {
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
            std::fputc('\n', stderr);
        }
    }

private:
    termios before_{};
    const bool on_;
};

std::string line_of(const char* prompt) {
    std::fputs(prompt, stderr);
    std::fflush(stderr);
    const Quiet quiet;
    std::string line;
    std::getline(std::cin, line);
    return line;
}

// The first line of stdin; asked twice where a person types it.
Secret read_password() {
    if (::isatty(STDIN_FILENO) != 1) {
        std::string line;
        std::getline(std::cin, line);
        if (line.empty()) {
            throw std::runtime_error("no password: write it to stdin, or call this on a terminal");
        }
        return Secret(std::move(line));
    }
    Secret password(line_of("password: "));
    const Secret again(line_of("again: "));
    if (!password.equals(again.reveal())) {
        throw std::runtime_error("the two passwords differ");
    }
    return password;
}

// Our id of a corp given by that or by its WeCom id.
Result<std::string> corp_id(Door& door, const std::string& corp) {
    auto answer = door.call(Method::get, "/api/v1/corps");
    if (!answer) {
        return std::move(answer).error();
    }
    auto list = parse_json(answer->body, JsonLimits{16 << 20, 32});
    const json::array* items = list ? json_array(list->as_object(), "items") : nullptr;
    for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
        const json::object& item = (*items)[i].as_object();
        const std::string id = json_string(item, "id");
        if (corp == id || corp == json_string(item, "corp_id") ||
            (corp.empty() && items->size() == 1)) {
            return id;
        }
    }
    return Error{
        ErrorCode::invalid,
        corp.empty() ? "name the corp with --corp; `leadbridge corp list` shows them"
                     : "no corp " + corp + "; `leadbridge corp list` shows them"};
}

Result<std::string> user_path(Door& door, const std::string& name) {
    auto answer = door.call(Method::get, "/api/v1/users", "name=" + percent_encode(name));
    if (!answer) {
        return std::move(answer).error();
    }
    auto list = parse_json(answer->body);
    const json::array* items = list ? json_array(list->as_object(), "items") : nullptr;
    if (items == nullptr || items->empty()) {
        return Error{
            ErrorCode::not_found, "no user " + name + "; `leadbridge user list` shows them"};
    }
    return "/api/v1/users/" + json_string(items->at(0).as_object(), "id");
}

int add_user(const UserArguments& a, Door door) {
    json::object body{{"name", a.name}, {"role", a.role}};
    if (!a.member.empty() || !a.corp.empty()) {
        auto corp = corp_id(door, a.corp);
        if (!corp) {
            return failed(corp.error());
        }
        body["corp"] = *corp;
    }
    if (!a.member.empty()) {
        body["userid"] = a.member;
    }
    if (!a.scope.empty()) {
        body["scope"] = a.scope;
    }
    const Secret password = read_password();
    body["password"] = password.reveal();
    return print_done(
        door.call(Method::post, "/api/v1/users", "", to_text(body)), "added " + a.name
    );
}

int change_user(const UserArguments& a, Door door, const json::object& body, const char* done) {
    auto path = user_path(door, a.name);
    if (!path) {
        return failed(path.error());
    }
    return print_done(door.patch(*path, "", to_text(body)), done + (" " + a.name));
}

}  // namespace

void add_user_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen) {
    CLI::App* user =
        app.add_subcommand("user", "people of the console: add, passwd, list, disable, unlock")
            ->require_subcommand(1);
    auto a = std::make_shared<UserArguments>();  // shared by the options and the chosen command
    CLI::App* add = user->add_subcommand("add", "adds a user; the password comes from stdin");
    add->add_option("name", a->name)->required();
    add->add_option(
           "--role", a->role, "admin, manager, sales, marketing, service, compliance or readonly"
    )
        ->required();
    add->add_option("--member", a->member, "userid of the member in WeCom this is");
    add->add_option("--corp", a->corp, "the corp; without it: the whole machine");
    add->add_option("--scope", a->scope, "instead of the role's: self, department, subtree, all");
    add->callback([=, &chosen] { chosen = [=] { return add_user(*a, Door(load())); }; });
    CLI::App* passwd = user->add_subcommand("passwd", "sets a password and ends all sessions");
    passwd->add_option("name", a->name)->required();
    passwd->add_flag("--drop-totp", a->drop_totp, "takes the one-time codes away too");
    passwd->callback([=, &chosen] {
        chosen = [=] {
            json::object body{{"password", read_password().reveal()}};
            if (a->drop_totp) {
                body["totp"] = false;
            }
            return change_user(*a, Door(load()), body, "changed");
        };
    });
    CLI::App* list = user->add_subcommand("list", "all users");
    list->add_flag("--json", a->as_json);
    list->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            return print_list(
                door.call(Method::get, "/api/v1/users", "limit=200"),
                {"id",
                 "name",
                 "role",
                 "scope",
                 "corp",
                 "userid",
                 "disabled",
                 "locked",
                 "last_seen"},
                a->as_json
            );
        };
    });
    CLI::App* unlock = user->add_subcommand("unlock", "forgets failed tries to sign in");
    unlock->add_option("name", a->name)->required();
    unlock->callback([=, &chosen] {
        chosen = [=] {
            Door door(load());
            auto path = user_path(door, a->name);
            return path ? print_done(
                              door.call(Method::post, *path + "/unlock", "", "{}"),
                              "unlocked " + a->name
                          )
                        : failed(path.error());
        };
    });
    for (const bool disabled : {true, false}) {
        CLI::App* command = user->add_subcommand(
            disabled ? "disable" : "enable",
            disabled ? "ends all sessions and lets nobody in" : "lets the user in again"
        );
        command->add_option("name", a->name)->required();
        command->callback([=, &chosen] {
            chosen = [=] {
                return change_user(
                    *a,
                    Door(load()),
                    json::object{{"disabled", disabled}},
                    disabled ? "disabled" : "enabled"
                );
            };
        });
    }
}

}  // namespace leadbridge::gateway
