// Mass send. Shapes: wecom pages 92135 (create), 93338 (records). A task is sent only when its
// member confirms; tasks made by API carry no creator in the list.

#include <algorithm>
#include <array>
#include <set>

#include "base/json.h"
#include "base/time_zone.h"
#include "connectors/sandbox/api.h"
#include "connectors/sandbox/api_parts.h"

namespace leadbridge::sandbox {

namespace {

constexpr std::int64_t dispatch_ms = 1'000;  // 41063 for so long after creation
constexpr std::int64_t day_ms = 24LL * 3'600 * 1'000;
constexpr std::size_t max_recipients = 10'000;

std::string content_of(const json::object& body) {
    json::object content;
    if (const json::value* text = body.if_contains("text")) {
        content["text"] = *text;
    }
    if (const json::value* attachments = body.if_contains("attachments")) {
        content["attachments"] = *attachments;
    }
    return to_text(content);
}

// Without a sender the message goes to the last interacting member; here: the newest follow.
std::string newest_follower(const Company& corp, const std::string& external) {
    std::string best;
    UnixMillis newest = -1;
    for (const auto& [pair, follow] : corp.follows) {
        if (pair.second == external && follow.created_ms > newest) {
            newest = follow.created_ms;
            best = pair.first;
        }
    }
    return best;
}

json::object add_msg_template(Call& call) {
    const auto recipients = strings_of(json_array(call.body, "external_userid"));
    std::string sender = json_string(call.body, "sender");
    if (json_string(call.body, "chat_type", "single") != "single") {
        return refuse(40058, "the sandbox sends to single chats only");
    }
    if (recipients.empty() && sender.empty()) {
        return refuse(40058, "external_userid and sender are both empty");
    }
    if (recipients.size() > max_recipients) {
        return refuse(40058, "external_userid exceeds 10000");
    }
    if (!sender.empty() && !call.corp.members.contains(sender)) {
        return refuse(40003, "invalid userid");
    }
    if (auto error = check_content(call)) {
        return std::move(*error);
    }
    MassTask task;
    json::array failed;
    std::set<std::string> seen;
    for (const std::string& external : recipients) {
        const Follow* follow = sender.empty() ? nullptr : call.corp.follow(sender, external);
        const bool usable =
            sender.empty() ? !newest_follower(call.corp, external).empty() : follow != nullptr;
        if (!usable) {
            failed.emplace_back(external);
        } else if (seen.insert(external).second) {
            task.recipients.push_back(external);
            task.status[external] = 0;
        }
    }
    if (recipients.empty()) {
        for (const auto& [pair, follow] : call.corp.follows) {
            if (pair.first == sender) {
                task.recipients.push_back(pair.second);
                task.status[pair.second] = 0;
            }
        }
    }
    if (task.recipients.empty()) {
        return refuse(41048, "no sendable customer");
    }
    task.sender = sender.empty() ? newest_follower(call.corp, task.recipients.front()) : sender;
    task.msgid = call.world.fresh("sandboxmsg");
    task.content = content_of(call.body);
    task.created_ms = call.now;
    json::object out = ok();
    out["fail_list"] = std::move(failed);
    out["msgid"] = task.msgid;
    call.corp.tasks[task.msgid] = std::move(task);
    return out;
}

json::object get_groupmsg_list(Call& call) {
    const std::int64_t start = json_int(call.body, "start_time");
    const std::int64_t end = json_int(call.body, "end_time");
    if (start <= 0 || end < start || end - start > 31 * 86'400) {
        return refuse(40058, "start_time and end_time must span at most a month");
    }
    // A creator filter finds nothing: tasks made by API have none.
    std::vector<const MassTask*> found;
    if (json_string(call.body, "creator").empty() && json_int(call.body, "filter_type", 2) != 1) {
        for (const auto& [msgid, task] : call.corp.tasks) {
            const std::int64_t created = task.created_ms / 1'000;
            if (created >= start && created <= end) {
                found.push_back(&task);
            }
        }
    }
    const auto limit =
        static_cast<std::size_t>(std::clamp<std::int64_t>(json_int(call.body, "limit", 50), 1, 100)
        );
    const std::size_t from = page_start(json_string(call.body, "cursor"));
    json::array list;
    for (std::size_t i = from; i < found.size() && i < from + limit; ++i) {
        json::object item{
            {"msgid", found[i]->msgid},
            {"create_time", std::to_string(found[i]->created_ms / 1'000)},
            {"create_type", 0}};
        auto content = parse_json(found[i]->content);
        for (const auto& part : content->get_object()) {
            item[part.key()] = part.value();
        }
        list.push_back(std::move(item));
    }
    json::object out = ok();
    out["group_msg_list"] = std::move(list);
    out["next_cursor"] = from + limit < found.size() ? page_cursor(from + limit) : std::string();
    return out;
}

MassTask* find_task(Call& call, json::object& error) {
    const std::string msgid = json_string(call.body, "msgid");
    if (msgid.empty()) {
        error = refuse(41046, "missing msgid");
        return nullptr;
    }
    const auto it = call.corp.tasks.find(msgid);
    if (it == call.corp.tasks.end()) {
        error = refuse(41047, "invalid msgid");
        return nullptr;
    }
    if (call.now - it->second.created_ms < dispatch_ms) {
        error = refuse(41063, "mass message is being dispatched");
        return nullptr;
    }
    return &it->second;
}

json::object get_groupmsg_task(Call& call) {
    json::object error;
    const MassTask* task = find_task(call, error);
    if (task == nullptr) {
        return error;
    }
    json::object row{{"userid", task->sender}, {"status", task->confirmed ? 2 : 0}};
    if (task->confirmed) {
        row["send_time"] = task->confirmed_ms / 1'000;
    }
    json::object out = ok();
    out["task_list"] = json::array{std::move(row)};
    out["next_cursor"] = "";
    return out;
}

json::object get_groupmsg_send_result(Call& call) {
    json::object error;
    const MassTask* task = find_task(call, error);
    if (task == nullptr) {
        return error;
    }
    if (json_string(call.body, "userid") != task->sender) {
        return refuse(40003, "invalid userid");
    }
    const auto limit = static_cast<std::size_t>(
        std::clamp<std::int64_t>(json_int(call.body, "limit", 500), 1, 1'000)
    );
    const std::size_t from = page_start(json_string(call.body, "cursor"));
    json::array list;
    for (std::size_t i = from; i < task->recipients.size() && i < from + limit; ++i) {
        const std::string& external = task->recipients[i];
        json::object row{
            {"external_userid", external},
            {"userid", task->sender},
            {"status", task->status.at(external)}};
        if (task->confirmed) {
            row["send_time"] = task->confirmed_ms / 1'000;
        }
        list.push_back(std::move(row));
    }
    json::object out = ok();
    out["send_list"] = std::move(list);
    out["next_cursor"] =
        from + limit < task->recipients.size() ? page_cursor(from + limit) : std::string();
    return out;
}

json::object remind(Call& call) {
    json::object error;
    MassTask* task = find_task(call, error);
    if (task == nullptr) {
        return error;
    }
    std::erase_if(task->reminders, [&](UnixMillis at) { return at < call.now - day_ms; });
    if (task->reminders.size() >= 3) {
        return refuse(41094, "remind too frequently");
    }
    task->reminders.push_back(call.now);
    return ok();
}

json::object cancel(Call& call) {
    json::object error;
    MassTask* task = find_task(call, error);
    if (task == nullptr) {
        return error;
    }
    if (task->cancelled) {
        return refuse(41093, "mass message was cancelled");
    }
    task->cancelled = true;
    return ok();
}

constexpr std::array table{
    Endpoint{"externalcontact/add_msg_template", Method::post, "app contacts", add_msg_template},
    Endpoint{
        "externalcontact/get_groupmsg_list_v2", Method::post, "app contacts", get_groupmsg_list},
    Endpoint{"externalcontact/get_groupmsg_task", Method::post, "app contacts", get_groupmsg_task},
    Endpoint{
        "externalcontact/get_groupmsg_send_result",
        Method::post,
        "app contacts",
        get_groupmsg_send_result},
    Endpoint{"externalcontact/remind_groupmsg_send", Method::post, "app contacts", remind},
    Endpoint{"externalcontact/cancel_groupmsg_send", Method::post, "app contacts", cancel},
};

}  // namespace

std::span<const Endpoint> mass_endpoints() noexcept {
    return table;
}

}  // namespace leadbridge::sandbox
