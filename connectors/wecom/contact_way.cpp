#include "connectors/wecom/contact_way.h"

#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/wire_text.h"
#include "crm/leads/channel_serving.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t clock_slack_ms = 300'000;
constexpr int max_list_pages = 20;
constexpr std::size_t max_remark_characters = 30;

json::object way_json(const crm::Channel& channel, const std::vector<std::string>& users) {
    return {
        {"remark", utf8_prefix(channel.name, max_remark_characters)},
        {"skip_verify", channel.skip_verify},
        {"state", channel.state},
        {"user", json::array(users.begin(), users.end())}};
}

// Refusals of one member that fail the whole list: 41054, 40003, 84074.
bool is_about_a_member(const Error& error) {
    return error.reason == "member_not_active" || error.reason == "unknown_member" ||
           error.reason == "no_customer_contact";
}

}  // namespace

Result<std::optional<Way>> find_way(
    const WecomServices& s, CorpId corp, std::string_view state, UnixMillis since_ms
) {
    std::string cursor;
    for (int page = 0; page < max_list_pages; ++page) {
        json::object body{
            {"start_time", (since_ms - clock_slack_ms) / 1'000},
            {"end_time", (s.clock.now() + clock_slack_ms) / 1'000},
            {"limit", 1'000}};
        if (!cursor.empty()) {
            body["cursor"] = cursor;
        }
        const auto reply = s.api.call(corp, api::way_list, {.body = to_text(body)});
        if (!reply) {
            return reply.error();
        }
        const auto* ways = json_array(reply->object(), "contact_way");
        for (std::size_t i = 0; ways != nullptr && i < ways->size(); ++i) {
            const auto* way = (*ways)[i].if_object();
            const auto id = way == nullptr ? std::string{} : json_string(*way, "config_id");
            if (id.empty()) {
                continue;
            }
            const json::object ask{{"config_id", id}};
            const auto detail = s.api.call(corp, api::way_get, {.body = to_text(ask)});
            if (!detail && detail.error().reason == "unknown_contact_way") {
                continue;
            }
            if (!detail) {
                return detail.error();
            }
            const auto* found = json_object(detail->object(), "contact_way");
            if (found != nullptr && json_string(*found, "state") == state) {
                return std::optional{Way{id, json_string(*found, "qr_code")}};
            }
        }
        cursor = json_string(reply->object(), "next_cursor");
        if (cursor.empty()) {
            return std::optional<Way>{};
        }
    }
    return Error{
        ErrorCode::retry_later, "list_contact_way: too many new contact ways to look through"};
}

Status WayOffer::make(const std::vector<std::string>& users) {
    if (job_.tries > 1) {
        auto found = find_way(s_, job_.corp, channel_.state, channel_.created_ms);
        if (!found) {
            return std::move(found).error();
        }
        if (*found) {
            way_ = std::move(**found);
            return overwrite(users);  // an earlier try may have named others
        }
    }
    auto body = way_json(channel_, users);
    // Type 2 with one member works like type 1, and the type of a way can never be changed.
    body["type"] = 2;
    body["scene"] = 2;
    const auto reply = s_.api.call(job_.corp, api::way_add, {.body = to_text(body)});
    if (!reply) {
        return reply.error();
    }
    way_ = {json_string(reply->object(), "config_id"), json_string(reply->object(), "qr_code")};
    if (way_.config_id.empty()) {
        return Error{ErrorCode::unknown_result, "add_contact_way: the answer has no config_id"};
    }
    return {};
}

Status WayOffer::overwrite(const std::vector<std::string>& users) {
    auto body = way_json(channel_, users);
    body["config_id"] = way_.config_id;
    const auto reply = s_.api.call(job_.corp, api::way_update, {.body = to_text(body)});
    return reply ? Status{} : reply.error();
}

Status WayOffer::tell(const std::vector<std::string>& users) {
    if (way_.config_id.empty()) {
        return make(users);
    }
    Status told = overwrite(users);
    if (!told && told.error().reason == "unknown_contact_way") {
        log::warn(
            "wecom",
            "a contact way is gone and made anew",
            {{"corp", job_.corp}, {"channel", channel_.id}}
        );
        way_ = {};
        return make(users);
    }
    return told;
}

Status WayOffer::offer(const std::vector<std::string>& users) {
    std::vector<std::string> with = accepted_;
    with.insert(with.end(), users.begin(), users.end());
    Status told = tell(with);
    if (told) {
        accepted_ = std::move(with);
        return told;
    }
    if (!is_about_a_member(told.error())) {
        return told;
    }
    if (users.size() <= 1) {
        for (const auto& userid : users) {
            refused_.push_back({userid, told.error().message, s_.clock.now() + crm::refused_for_ms}
            );
        }
        return {};
    }
    const auto middle = users.begin() + static_cast<std::ptrdiff_t>(users.size() / 2);
    if (Status first = offer({users.begin(), middle}); !first) {
        return first;
    }
    return offer({middle, users.end()});
}

}  // namespace leadbridge::wecom
