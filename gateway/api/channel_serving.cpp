// /api/v1/channels/{id}/serving and /swaps: who of a channel's people receives now, and who
// replaced whom.

#include "crm/leads/channel_serving.h"

#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"

namespace leadbridge::gateway {

namespace {

std::string refusal_of(const crm::Channel& channel, const std::string& userid) {
    for (const crm::RefusedMember& member : channel.refused) {
        if (member.userid == userid) {
            return member.reason;
        }
    }
    return {};
}

json::object serving_json(
    const crm::Channel& channel, const crm::ServingQuestion& question, const crm::Serving& now
) {
    json::array people;
    for (std::size_t i = 0; i < question.people.size(); ++i) {
        const crm::Server& person = question.people[i];
        json::object one{
            {"userid", person.userid},
            {"backup", person.backup},
            {"duty", crm::to_string(now.duty[i])}};
        one["adds_today"] =
            person.adds_today < 0 ? json::value(nullptr) : json::value(person.adds_today);
        one["daily_cap"] = person.daily_cap > 0 ? json::value(person.daily_cap) : nullptr;
        one["reason"] =
            now.duty[i] == crm::Duty::refused ? refusal_of(channel, person.userid) : std::string();
        people.push_back(std::move(one));
    }
    return json::object{
        {"users", json::array(now.users.begin(), now.users.end())},
        {"by", crm::to_string(now.by)},
        {"until", time_json(now.until)},
        {"at_wecom", json::array(channel.served.begin(), channel.served.end())},
        {"people", std::move(people)}};
}

json::object swap_json(const crm::ChannelSwap& swap) {
    return json::object{
        {"id", std::to_string(swap.id)},
        {"at", time_json(swap.at_ms)},
        {"userid", swap.userid},
        {"act", swap.came_in ? "in" : "out"},
        {"why", swap.why}};
}

}  // namespace

Result<Response> get_channel_serving(const ApiServices& services, const ApiRequest& request) {
    return read_one<crm::ChannelId>(
        services,
        request,
        [&](Snapshot& s, crm::ChannelId id) -> Result<Response> {
            const auto channel = crm::ChannelStore::find(s, request.viewer(), id);
            if (!channel) {
                return not_found("channel");
            }
            auto question = crm::serving_question(s, *channel, services.clock.now());
            const crm::Serving now = crm::who_serves(question);
            crm::hide_adds(s, request.viewer(), question);
            return Response::json(200, to_text(serving_json(*channel, question, now)));
        }
    );
}

Result<Response> list_channel_swaps(const ApiServices& services, const ApiRequest& request) {
    const auto id = request.id_as<crm::ChannelId>();
    if (!id) {
        return id.error();
    }
    return read_page(
        services,
        request,
        [&](Snapshot& s, const crm::Page& page) -> Result<Response> {
            if (!crm::ChannelStore::find(s, request.viewer(), *id)) {
                return not_found("channel");
            }
            return page_response(crm::list_swaps(s, request.viewer(), *id, page), swap_json);
        }
    );
}

}  // namespace leadbridge::gateway
