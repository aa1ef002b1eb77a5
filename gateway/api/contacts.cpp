// /api/v1/contacts and the corp's timeline

#include "crm/contacts/contact.h"

#include <algorithm>

#include "base/crypto.h"
#include "crm/contacts/chat_summary.h"
#include "crm/nurture/opt_out.h"
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
    out["opted_out"] = crm::opt_out_of(s, viewer.corp, contact->id) != crm::OptOut::none;
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

struct CardEdit {
    crm::ContactPatch patch;
    std::optional<bool> opted_out;
};

Result<CardEdit> card_edit(const ApiRequest& request) {
    return read_body(request, [](Body& body) {
        CardEdit edit;
        edit.patch.name = body.text_opt("name");
        edit.patch.position = body.text_opt("position");
        edit.patch.company = body.text_opt("company");
        if (body.has("gender")) {
            edit.patch.gender = static_cast<int>(body.number("gender"));
        }
        edit.opted_out = body.flag_opt("opted_out");
        return edit;
    });
}

Result<std::vector<crm::TagId>> tags_in(const ApiRequest& request) {
    return read_body(request, [](Body& body) {
        std::vector<crm::TagId> tags;
        for (const std::int64_t tag : body.ids("tags")) {
            tags.emplace_back(tag);
        }
        return tags;
    });
}

Result<std::string> note_in(const ApiRequest& request) {
    return read_body(request, [](Body& body) { return body.required("text"); });
}

// A contact that we block stays blocked, whatever it asks for.
Status set_opted_out(
    Transaction& tx,
    const ApiServices& services,
    const crm::Viewer& viewer,
    crm::ContactId id,
    std::optional<bool> wanted
) {
    const auto contact = crm::find_contact(tx, viewer, id);
    if (!wanted || !contact) {
        return {};
    }
    const crm::OptOut now = crm::opt_out_of(tx, viewer.corp, contact->id);
    const crm::OptOut next = *wanted ? crm::OptOut::opted_out : crm::OptOut::none;
    if (now == crm::OptOut::blocked || now == next) {
        return {};
    }
    return crm::set_opt_out(tx, services.crm(), viewer, contact->id, next);
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
        return card(s, request.viewer(), id);
    });
}

Result<Response> patch_contact(const ApiServices& services, const ApiRequest& request) {
    const auto change = [&](Transaction& tx, Edited<crm::ContactId> at, const CardEdit& edit
                        ) -> Result<Response> {
        if (Status status = crm::patch_contact(
                tx, services.crm(), request.viewer(), at.id, edit.patch, at.version
            );
            !status) {
            return std::move(status).error();
        }
        return after(set_opted_out(tx, services, request.viewer(), at.id, edit.opted_out), [&] {
            return card(tx, request.viewer(), at.id);
        });
    };
    return edit_one<crm::ContactId>(services, request, card_edit, change);
}

Result<Response> put_contact_tags(const ApiServices& services, const ApiRequest& request) {
    const auto put = [&](Transaction& tx,
                         Edited<crm::ContactId> at,
                         const std::vector<crm::TagId>& tags) -> Result<Response> {
        const auto contact = crm::find_contact(tx, request.viewer(), at.id);
        if (Status same = still_at(contact, at.version, "contact"); !same) {
            return std::move(same).error();
        }
        return after(crm::put_tags(tx, services.crm(), request.viewer(), at.id, tags), [&] {
            return card(tx, request.viewer(), at.id);
        });
    };
    return edit_one<crm::ContactId>(services, request, tags_in, put);
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
    const auto add = [&](Transaction& tx, const std::string& text) -> Result<Response> {
        auto note = crm::add_note(tx, services.crm(), request.viewer(), *id, text);
        if (!note) {
            return std::move(note).error();
        }
        return created_response(
            json::object{{"id", std::to_string(*note)}, {"text", text}},
            0,
            "/api/v1/contacts/" + id->str() + "/timeline"
        );
    };
    return create_one(services, request, note_in, add);
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
