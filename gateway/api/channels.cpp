// /api/v1/channels

#include "crm/leads/channel.h"

#include <algorithm>
#include <charconv>

#include "base/time_zone.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"

namespace leadbridge::gateway {

namespace {

Result<Response> channel_response(Snapshot& s, const ApiRequest& request, crm::ChannelId id) {
    return one_response(crm::ChannelStore::find(s, request.viewer(), id), "channel", channel_json);
}

Result<crm::ChannelEdit> edit_of(const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    crm::ChannelEdit edit;
    edit.name = body->text_opt("name");
    if (const std::string kind = body->text("kind", "contact_way"); kind != "contact_way") {
        body->fault("kind", "must be contact_way");
    }
    if (body->has("members")) {
        edit.members = body->texts("members");
    }
    if (body->has("limits")) {
        auto limits = crm::decode_limits(body->raw("limits", "null"));
        if (!limits) {
            return std::move(limits).error();
        }
        edit.limits = std::move(*limits);
    }
    if (body->has("tags")) {
        edit.tags.emplace();
        for (const std::int64_t id : body->ids("tags")) {
            edit.tags->emplace_back(id);
        }
    }
    edit.skip_verify = body->flag_opt("skip_verify");
    if (body->has("welcome")) {
        auto welcome = crm::decode_content(body->raw("welcome", "null"));
        if (!welcome) {
            return std::move(welcome).error();
        }
        edit.welcome = std::move(*welcome);
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return edit;
}

constexpr int most_days = 366;
constexpr int most_days_listed = 31;                      // each channel of a page is looked up
constexpr std::int64_t day_and_a_bit = 26LL * 3'600'000;  // past midnight of the next day, DST too

std::string zone_of(const ApiServices& services, CorpId id) {
    const auto corp = services.corp_directory.find(id);
    return corp == nullptr ? "Asia/Shanghai" : corp->time_zone;
}

// ?days=: 0 when absent.
Result<int> days_of(const ApiRequest& request, int most) {
    const auto text = request.query_opt("days");
    int days = 0;
    if (!text) {
        return days;
    }
    const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), days);
    if (ec != std::errc{} || end != text->data() + text->size() || days < 1 || days > most) {
        return Error{
            ErrorCode::invalid,
            "days must be a number from 1 to " + std::to_string(most),
            "bad_days"};
    }
    return days;
}

// The starts of so many local days, and of tomorrow.
std::vector<UnixMillis> day_edges(UnixMillis now, std::string_view zone, int days) {
    std::vector<UnixMillis> out{local_day_start(now, zone)};
    for (int i = 1; i < days; ++i) {
        out.push_back(local_day_start(out.back() - 1, zone));
    }
    std::reverse(out.begin(), out.end());
    out.push_back(local_day_start(out.back() + day_and_a_bit, zone));
    return out;
}

json::array days_json(
    Snapshot& s,
    const crm::Viewer& viewer,
    crm::ChannelId id,
    const std::vector<UnixMillis>& edges,
    std::string_view zone
) {
    json::array out;
    const auto days = crm::ChannelStore::days(s, viewer, id, edges);
    for (std::size_t i = 0; i < days.size(); ++i) {
        out.push_back(json::object{
            {"day", format_local(edges[i], zone).substr(0, 10)},
            {"adds", days[i].adds},
            {"lost", days[i].lost},
            {"spoke", days[i].spoke}});
    }
    return out;
}

}  // namespace

Result<Response> list_channels(const ApiServices& services, const ApiRequest& request) {
    auto days = days_of(request, most_days_listed);
    if (!days) {
        return std::move(days).error();
    }
    const auto edges = day_edges(services.clock.now(), zone_of(services, request.corp()), *days);
    return read_page(services, request, [&](Snapshot& s, const crm::Page& page) {
        const auto listed = [&](const crm::Channel& channel) {
            json::object out = channel_json(channel);
            if (*days > 0) {
                json::array adds;
                for (const std::int64_t day :
                     crm::ChannelStore::adds_by_day(s, request.viewer(), channel.id, edges)) {
                    adds.emplace_back(day);
                }
                out["adds_by_day"] = std::move(adds);
            }
            return out;
        };
        return page_response(crm::ChannelStore::list(s, request.viewer(), page), listed);
    });
}

Result<Response> get_channel(const ApiServices& services, const ApiRequest& request) {
    return read_one<crm::ChannelId>(services, request, [&](Snapshot& s, crm::ChannelId id) {
        return channel_response(s, request, id);
    });
}

Result<Response> create_channel(const ApiServices& services, const ApiRequest& request) {
    const auto make = [&](Transaction& tx, const crm::ChannelEdit& edit) -> Result<Response> {
        auto channel = crm::ChannelStore(services.crm()).create(tx, request.viewer(), edit);
        if (!channel) {
            return std::move(channel).error();
        }
        return created_response(
            channel_json(*channel), channel->version, "/api/v1/channels/" + channel->id.str()
        );
    };
    return create_one(services, request, edit_of, make);
}

Result<Response> patch_channel(const ApiServices& services, const ApiRequest& request) {
    const auto change = [&](Transaction& tx, Edited<crm::ChannelId> at, const crm::ChannelEdit& edit
                        ) {
        return after(
            crm::ChannelStore(services.crm()).update(tx, request.viewer(), at.id, edit, at.version),
            [&] { return channel_response(tx, request, at.id); }
        );
    };
    return edit_one<crm::ChannelId>(services, request, edit_of, change);
}

Result<Response> delete_channel(const ApiServices& services, const ApiRequest& request) {
    return remove_one<crm::ChannelId>(
        services,
        request,
        [&](Transaction& tx, Edited<crm::ChannelId> at) {
            Status same = still_at(
                crm::ChannelStore::find(tx, request.viewer(), at.id), at.version, "channel"
            );
            return same ? crm::ChannelStore(services.crm()).remove(tx, request.viewer(), at.id)
                        : same;
        }
    );
}

Result<Response> get_channel_stats(const ApiServices& services, const ApiRequest& request) {
    auto days = days_of(request, most_days);
    if (!days) {
        return std::move(days).error();
    }
    const std::string zone = zone_of(services, request.corp());
    const auto stats_of = [&](Snapshot& s, crm::ChannelId id) -> Result<Response> {
        if (!crm::ChannelStore::find(s, request.viewer(), id)) {
            return not_found("channel");
        }
        const crm::ChannelStats stats = crm::ChannelStore::stats(s, request.viewer(), id);
        return Response::json(
            200,
            to_text(json::object{
                {"adds", stats.adds},
                {"leads", stats.leads},
                {"lost", stats.lost},
                {"spoke", stats.spoke},
                {"days",
                 *days == 0 ? json::array{}
                            : days_json(
                                  s,
                                  request.viewer(),
                                  id,
                                  day_edges(services.clock.now(), zone, *days),
                                  zone
                              )}})
        );
    };
    return read_one<crm::ChannelId>(services, request, stats_of);
}

}  // namespace leadbridge::gateway
