// /api/v1/contacts and the corp's timeline

#include "crm/contacts/contact.h"

#include <algorithm>

#include "base/crypto.h"
#include "gateway/api/contact_card.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"

namespace leadbridge::gateway {

namespace {

Result<crm::ContactFilter> filter_of(const ApiRequest& request) {
    crm::ContactFilter filter;
    auto tag = query_id<crm::TagId>(request, "tag");
    auto owner = query_id<crm::MemberId>(request, "owner");
    auto channel = query_id<crm::ChannelId>(request, "channel");
    if (!tag) {
        return std::move(tag).error();
    }
    if (!owner) {
        return std::move(owner).error();
    }
    if (!channel) {
        return std::move(channel).error();
    }
    filter.tag = *tag;
    filter.owner = *owner;
    filter.channel = *channel;
    filter.stage = request.query("stage");
    filter.q = request.query("q");
    return filter;
}

// The timeline's cursor is the pair (at, id): events may arrive late.
std::string encode_timeline_cursor(const crm::TimelineCursor& cursor) {
    return crypto::base64url("t1." + std::to_string(cursor.at) + "." + std::to_string(cursor.id));
}

Result<std::optional<crm::TimelineCursor>> timeline_cursor(const ApiRequest& request) {
    const auto text = request.query_opt("cursor");
    if (!text) {
        return std::optional<crm::TimelineCursor>{};
    }
    const Error bad{ErrorCode::invalid, "cursor is not one that this list gave out", "bad_cursor"};
    const auto bytes = crypto::unbase64url(*text);
    if (!bytes || !bytes->starts_with("t1.")) {
        return bad;
    }
    const std::string_view rest = std::string_view(*bytes).substr(3);
    const std::size_t dot = rest.find('.');
    if (dot == std::string_view::npos) {
        return bad;
    }
    const auto at = parse_id(rest.substr(0, dot));
    const auto id = parse_id(rest.substr(dot + 1));
    if (!at || !id) {
        return bad;
    }
    return std::optional<crm::TimelineCursor>{crm::TimelineCursor{*at, *id}};
}

}  // namespace

Result<Response> list_contacts(const ApiServices& services, const ApiRequest& request) {
    auto filter = filter_of(request);
    if (!filter) {
        return std::move(filter).error();
    }
    return read_page(services, request, [&](Snapshot& s, const crm::Page& page) {
        return page_response(crm::list_contacts(s, request.viewer(), *filter, page), contact_json);
    });
}

Result<Response> get_contact(const ApiServices& services, const ApiRequest& request) {
    return read_one<crm::ContactId>(services, request, [&](Snapshot& s, crm::ContactId id) {
        return contact_card(s, request.viewer(), id);
    });
}

// "lead,tag": the kinds of both; "" = all.
Result<std::vector<std::string_view>> kinds_asked(const ApiRequest& request) {
    std::vector<std::string_view> out;
    std::string_view left = request.query("about");
    while (!left.empty()) {
        const std::string_view what = left.substr(0, left.find(','));
        const auto kinds = crm::kinds_about(what);
        if (kinds.empty()) {
            return Error{
                ErrorCode::invalid,
                "about: use friend, lead, chat, tag, note, form, push",
                "bad_about"};
        }
        out.insert(out.end(), kinds.begin(), kinds.end());
        left.remove_prefix(std::min(left.size(), what.size() + 1));
    }
    return out;
}

Result<Response> get_contact_timeline(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::ContactId>();
    if (!id) {
        return std::move(id).error();
    }
    auto limit = request.limit();
    if (!limit) {
        return std::move(limit).error();
    }
    auto cursor = timeline_cursor(request);
    if (!cursor) {
        return std::move(cursor).error();
    }
    auto kinds = kinds_asked(request);
    if (!kinds) {
        return std::move(kinds).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        if (!crm::find_contact(s, request.viewer(), *id)) {
            return not_found("contact");
        }
        const crm::TimelinePage page =
            crm::timeline_of(s, request.viewer(), *id, *cursor, *limit, *kinds);
        json::array items;
        for (const crm::TimelineEvent& event : page.items) {
            items.push_back(event_json(event));
        }
        json::object out{{"items", std::move(items)}};
        out["next_cursor"] =
            page.next ? json::value(encode_timeline_cursor(*page.next)) : json::value(nullptr);
        return Response::json(200, to_text(out));
    });
}

Result<Response> list_events(const ApiServices& services, const ApiRequest& request) {
    auto after_id = query_id<Id<struct EventTag>>(request, "after");
    if (!after_id) {
        return std::move(after_id).error();
    }
    return read_page(services, request, [&](Snapshot& s, const crm::Page& page) {
        if (*after_id) {  // for tailing: newer than it, oldest first
            return list_response(
                crm::corp_events_after(s, request.viewer(), (*after_id)->value, page.limit),
                event_json
            );
        }
        return page_response(crm::corp_events(s, request.viewer(), page), event_json);
    });
}

}  // namespace leadbridge::gateway
