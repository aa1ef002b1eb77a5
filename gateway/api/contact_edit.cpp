// What people change of a contact: its card, tags and notes, and what they have revealed of it.

#include <tuple>

#include "crm/contacts/contact.h"
#include "crm/nurture/opt_out.h"
#include "gateway/api/contact_card.h"
#include "gateway/api/handlers.h"
#include "gateway/api/masking.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"

namespace leadbridge::gateway {

namespace {

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

// What came back as it was shown, masked, is unchanged; what was typed around masked digits would
// lose them.
Status keep_masked(
    std::optional<std::string>& given, const std::string& stored, std::string_view field
) {
    const std::string shown = mask_text(stored);
    if (!given || shown == stored) {
        return {};
    }
    if (*given == shown) {
        given.reset();
        return {};
    }
    if (given->find("***") != std::string::npos) {
        return Error{
            ErrorCode::invalid,
            std::string(field) +
                " holds a phone or e-mail address that your role sees masked: leave it as it is or "
                "replace "
                "it whole",
            "masked_text"};
    }
    return {};
}

Status keep_masked(
    Snapshot& s, const ApiRequest& request, crm::ContactId id, crm::ContactPatch& patch
) {
    const auto contact = crm::find_contact(s, request.viewer(), id);
    if (!contact || request.caller().may(crm::Permission::contacts_phones)) {
        return {};
    }
    for (const auto& [given, stored, field] :
         {std::tuple(&patch.name, &contact->name, "name"),
          std::tuple(&patch.position, &contact->position, "position"),
          std::tuple(&patch.company, &contact->company, "company")}) {
        if (Status kept = keep_masked(*given, *stored, field); !kept) {
            return kept;
        }
    }
    return {};
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

Result<Response> patch_contact(const ApiServices& services, const ApiRequest& request) {
    const auto change = [&](Transaction& tx, Edited<crm::ContactId> at, const CardEdit& edit
                        ) -> Result<Response> {
        crm::ContactPatch patch = edit.patch;
        if (Status kept = keep_masked(tx, request, at.id, patch); !kept) {
            return std::move(kept).error();
        }
        if (Status status =
                crm::patch_contact(tx, services.crm(), request.viewer(), at.id, patch, at.version);
            !status) {
            return std::move(status).error();
        }
        return after(set_opted_out(tx, services, request.viewer(), at.id, edit.opted_out), [&] {
            return contact_card(tx, request.viewer(), at.id);
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
            return contact_card(tx, request.viewer(), at.id);
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

}  // namespace leadbridge::gateway
