// `inbox` and `jobs`: what waits for a person

#include <memory>

#include "gateway/commands/door.h"
#include "gateway/commands/output.h"
#include "gateway/commands/resource_commands.h"

namespace leadbridge::gateway {

namespace {

struct QueueArguments {
    std::string corp;
    std::string id;
    std::string state;
    std::string kind;  // of jobs: the queue
    std::string source;
    std::string cursor;
    bool as_json = false;
};

using Arguments = std::shared_ptr<QueueArguments>;  // shared by the options that fill it and the
                                                    // command that reads it

// One resource of the API and where its commands are put.
struct Group {
    CLI::App* parent;
    std::string path;  // "/api/v1/inbox"
    Arguments arguments;
    LoadSettings load;
};

std::string query_of(std::initializer_list<std::pair<std::string_view, std::string>> parts) {
    std::string out;
    for (const auto& [key, value] : parts) {
        if (!value.empty()) {
            out += (out.empty() ? "" : "&") + std::string(key) + "=" + percent_encode(value);
        }
    }
    return out;
}

CLI::App* item(const Group& group, const std::string& name, const std::string& text) {
    CLI::App* command = group.parent->add_subcommand(name, text);
    command->add_option("--corp", group.arguments->corp, "the corp, where there are several");
    return command;
}

int act_on_one(const Group& group, const std::string& name) {
    const QueueArguments& a = *group.arguments;
    Door door(group.load());
    return print_done(
        door.call(
            Method::post, group.path + "/" + a.id + "/" + name, query_of({{"corp", a.corp}}), "{}"
        ),
        name + " " + a.id
    );
}

void add_act(const Group& group, const std::string& name, const std::string& text, Chosen& chosen) {
    CLI::App* command = item(group, name, text);
    command->add_option("id", group.arguments->id)->required();
    command->callback([=, &chosen] { chosen = [=] { return act_on_one(group, name); }; });
}

// All that the filter names, at most 1,000 at a time.
int act_on_many(const Group& group, const std::string& name, const std::string& done) {
    const QueueArguments& a = *group.arguments;
    json::object body{{"state", a.state}};
    if (!a.kind.empty()) {
        body["kind"] = a.kind;
    }
    if (!a.source.empty()) {
        body["source"] = a.source;
    }
    Door door(group.load());
    const auto answer = door.call(
        Method::post, group.path + "/" + name, query_of({{"corp", a.corp}}), to_text(body)
    );
    if (!answer) {
        return failed(answer.error());
    }
    const auto told = parse_json(answer->body);
    const std::int64_t matched = json_int(told->as_object(), "matched");
    const std::int64_t changed = json_int(told->as_object(), done);
    std::string text = done + " " + std::to_string(changed) + " of " + std::to_string(matched);
    if (changed < matched) {
        text += "; once more for the rest";
    }
    return print_done(answer, text);
}

// One row by its id, or many by their state.
void add_act_on_many(
    const Group& group,
    const std::string& name,
    const std::string& done,
    const std::string& text,
    const std::string& states,
    Chosen& chosen
) {
    CLI::App* command = item(group, name, text);
    QueueArguments& a = *group.arguments;
    CLI::Option* id = command->add_option("id", a.id, "one row");
    CLI::Option* state = command->add_option("--state", a.state, "many rows: " + states);
    command->add_option("--kind", a.kind, "only of this kind")->needs(state);
    command->add_option("--source", a.source, "only posts of this source, by its id")->needs(state);
    state->excludes(id);
    command->callback([=, &chosen] {
        const QueueArguments& given = *group.arguments;
        if (given.id.empty() && given.state.empty()) {
            throw CLI::RequiredError("id or --state");
        }
        chosen = [=] {
            return group.arguments->id.empty() ? act_on_many(group, name, done)
                                               : act_on_one(group, name);
        };
    });
}

void add_list(
    const Group& group,
    const std::vector<std::string_view>& columns,
    const std::string& states,
    const std::pair<std::string, std::string>& kind,
    Chosen& chosen
) {
    CLI::App* command = item(group, "list", "newest rows");
    QueueArguments& a = *group.arguments;
    command->add_option("--state", a.state, states);
    command->add_option("--" + kind.first, a.kind, kind.second);
    command->add_option("--cursor", a.cursor, "as the list before said: its next page");
    command->add_flag("--json", a.as_json);
    command->callback([=, &chosen] {
        chosen = [=] {
            const QueueArguments& given = *group.arguments;
            Door door(group.load());
            return print_list(
                door.call(
                    Method::get,
                    group.path,
                    query_of(
                        {{"corp", given.corp},
                         {"state", given.state},
                         {kind.first, given.kind},
                         {"cursor", given.cursor}}
                    )
                ),
                columns,
                given.as_json
            );
        };
    });
}

void add_show(const Group& group, Chosen& chosen) {
    CLI::App* show = item(group, "show", "one row with its text, credentials blacked out");
    show->add_option("id", group.arguments->id)->required();
    show->add_flag("--json", group.arguments->as_json);
    show->callback([=, &chosen] {
        chosen = [=] {
            const QueueArguments& a = *group.arguments;
            Door door(group.load());
            return print_list(
                door.call(Method::get, group.path + "/" + a.id, query_of({{"corp", a.corp}})),
                {},
                a.as_json
            );
        };
    });
}

}  // namespace

void add_queue_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen) {
    const auto arguments = std::make_shared<QueueArguments>();
    const Group inbox{
        app.add_subcommand("inbox", "what came in: list, show, replay, park, drop")
            ->require_subcommand(1),
        "/api/v1/inbox",
        arguments,
        load};
    add_list(
        inbox,
        {"id", "kind", "state", "tries", "received", "reason"},
        "ready, done, dead, parked or dropped",
        {"kind", "as listed"},
        chosen
    );
    add_show(inbox, chosen);
    add_act_on_many(
        inbox,
        "replay",
        "replayed",
        "decodes and applies it again, or all in one state",
        "dead, parked or dropped",
        chosen
    );
    add_act(inbox, "park", "takes it out of the way", chosen);
    add_act_on_many(
        inbox,
        "drop",
        "dropped",
        "gives up a parked or dead row, or all in one state",
        "dead or parked",
        chosen
    );
    const Group jobs{
        app.add_subcommand("jobs", "what goes out: list, retry, drop")->require_subcommand(1),
        "/api/v1/jobs",
        arguments,
        load};
    add_list(
        jobs,
        {"id", "queue", "state", "tries", "due", "error"},
        "ready, leased or dead",
        {"queue", "e.g. wecom.mark_tag"},
        chosen
    );
    add_act(jobs, "retry", "puts it at the head of its queue", chosen);
    add_act(jobs, "drop", "deletes a dead job", chosen);
}

}  // namespace leadbridge::gateway
