// /api/v1/contacts and the corp's timeline

#include "crm/contacts/contact.h"

#include "base/crypto.h"
#include "crm/contacts/chat_summary.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"
#include "gateway/idempotency.h"

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

json::object chat_json(const crm::ChatSummary& chat) {
    return json::object{
        {"member", chat.member.str()},
        {"conversation", chat.conversation},
        {"from_contact", chat.from_contact},
        {"from_member", chat.from_member},
        {"first", time_json(chat.first_ms)},
        {"last", time_json(chat.last_ms)},
        {"last_from_contact", chat.last_from_contact}};
}

// The whole card of one contact.
Result<Response> card(Snapshot& s, const crm::Viewer& viewer, crm::ContactId id) {
    const auto contact = crm::find_contact(s, viewer, id);
    if (!contact) {
        return not_found("contact");
    }
    json::object out = contact_json(*contact);
    json::array identities;
    for (const crm::ContactIdentity& identity : crm::identities_of(s, viewer, contact->id)) {
        identities.push_back(json::object{
            {"kind", to_string(identity.kind)},
            {"value", identity.value},
            {"added", time_json(identity.added_ms)}});
    }
    json::array follows;
    for (const crm::Follow& follow : crm::follows_of(s, viewer, contact->id)) {
        follows.push_back(follow_json(follow));
    }
    json::array tags;
    for (const crm::Tag& tag : crm::tags_of(s, viewer, contact->id)) {
        tags.push_back(tag_json(tag));
    }
    json::array chats;
    for (const crm::ChatSummary& chat : crm::chats_of(s, viewer, contact->id)) {
        chats.push_back(chat_json(chat));
    }
    out["identities"] = std::move(identities);
    out["follows"] = std::move(follows);
    out["tags"] = std::move(tags);
    out["chats"] = std::move(chats);
    return object_response(out, contact->version);
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
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    auto filter = filter_of(request);
    if (!filter) {
        return std::move(filter).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return page_response(crm::list_contacts(s, request.viewer(), *filter, *page), contact_json);
    });
}

Result<Response> get_contact(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::ContactId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.read<Response>([&](Snapshot& s) { return card(s, request.viewer(), *id); }
    );
}

Result<Response> patch_contact(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::ContactId>();
    if (!id) {
        return std::move(id).error();
    }
    auto version = request.if_match();
    if (!version) {
        return std::move(version).error();
    }
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    crm::ContactPatch patch;
    patch.name = body->text_opt("name");
    patch.position = body->text_opt("position");
    patch.company = body->text_opt("company");
    if (body->has("gender")) {
        patch.gender = static_cast<int>(body->number("gender"));
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        if (Status status =
                crm::patch_contact(tx, services.crm(), request.viewer(), *id, patch, *version);
            !status) {
            return std::move(status).error();
        }
        return card(tx, request.viewer(), *id);
    });
}

Result<Response> put_contact_tags(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::ContactId>();
    if (!id) {
        return std::move(id).error();
    }
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    std::vector<crm::TagId> tags;
    for (const std::int64_t tag : body->ids("tags")) {
        tags.emplace_back(tag);
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        if (Status status = crm::put_tags(tx, services.crm(), request.viewer(), *id, tags);
            !status) {
            return std::move(status).error();
        }
        return card(tx, request.viewer(), *id);
    });
}

// A masked phone or e-mail address of a contact one may see, with a reason that stays.
Result<Response> reveal_contact(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::ContactId>();
    if (!id) {
        return std::move(id).error();
    }
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const std::string field = body->required("field");
    const std::string reason = body->required("reason");
    if (field != "phone" && field != "email") {
        body->fault("field", "must be phone or email");
    }
    if (reason.size() > 500) {
        body->fault("reason", "must not be longer than 500 bytes");
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        const auto contact = crm::find_contact(tx, request.viewer(), *id);
        if (!contact) {
            return not_found("contact");
        }
        json::array values;
        for (const crm::ContactIdentity& identity :
             crm::identities_of(tx, request.viewer(), contact->id)) {
            if (to_string(identity.kind) == field) {
                values.emplace_back(identity.value);
            }
        }
        const std::string after = to_text(json::object{{"field", field}, {"reason", reason}});
        crm::record_audit(
            tx,
            services.audit(),
            request.viewer(),
            {"contact.reveal", "contact", contact->id.value, {}, after}
        );
        return Response::json(
            200, to_text(json::object{{"field", field}, {"values", std::move(values)}})
        );
    });
}

Result<Response> add_contact_note(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::ContactId>();
    if (!id) {
        return std::move(id).error();
    }
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const std::string text = body->required("text");
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return write_once(
        services.core,
        services.clock,
        request,
        [&](Transaction& tx) -> Result<Response> {
            auto note = crm::add_note(tx, services.crm(), request.viewer(), *id, text);
            if (!note) {
                return std::move(note).error();
            }
            return created_response(
                json::object{{"id", std::to_string(*note)}, {"text", text}},
                0,
                "/api/v1/contacts/" + id->str() + "/timeline"
            );
        }
    );
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
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        if (!crm::find_contact(s, request.viewer(), *id)) {
            return not_found("contact");
        }
        const crm::TimelinePage page = crm::timeline_of(s, request.viewer(), *id, *cursor, *limit);
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
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    auto after = query_id<Id<struct EventTag>>(request, "after");
    if (!after) {
        return std::move(after).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        if (*after) {  // for tailing: newer than it, oldest first
            return list_response(
                crm::corp_events_after(s, request.viewer(), (*after)->value, page->limit),
                event_json
            );
        }
        return page_response(crm::corp_events(s, request.viewer(), *page), event_json);
    });
}

}  // namespace leadbridge::gateway
