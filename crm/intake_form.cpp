#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/utf8.h"
#include "crm/contacts/contact_text.h"
#include "crm/contacts/tag.h"
#include "crm/intake_parts.h"

namespace leadbridge::crm {
namespace {

// Strongest first. The first three are given by WeChat; the others anybody may type.
constexpr std::array kinds = {
    IdentityKind::external_userid,
    IdentityKind::unionid,
    IdentityKind::openid,
    IdentityKind::phone,
    IdentityKind::email};

bool strong(IdentityKind kind) noexcept {
    return kind != IdentityKind::phone && kind != IdentityKind::email;
}

std::vector<Identity> usable(const FormSubmitted& body) {
    std::vector<Identity> out;
    for (const IdentityKind kind : kinds) {
        for (const Identity& raw : body.identities) {
            if (raw.kind != kind) {
                continue;
            }
            if (Result<Identity> id = normalise(raw)) {
                out.push_back(std::move(*id));
            }
        }
    }
    return out;
}

// What is the same person may be made one contact, unless both are friends of ours under different
// external ids.
bool may_join(Intake& in, ContactId a, ContactId b) {
    constexpr std::string_view external =
        "SELECT 1 FROM identity WHERE corp_id = ? AND contact_id = ? AND kind = ?";
    return !in.tx.exists(external, {in.corp(), a, IdentityKind::external_userid}) ||
           !in.tx.exists(external, {in.corp(), b, IdentityKind::external_userid});
}

ContactId contact_of_form(Intake& in, const FormSubmitted& body) {
    const std::vector<Identity> ids = usable(body);
    ContactId contact;
    for (const Identity& id : ids) {
        const ContactId holder = find_contact_id(in.tx, in.corp(), id.kind, id.value);
        if (!contact) {
            contact = holder;
        } else if (holder && holder != contact && strong(id.kind) && may_join(in, contact, holder)) {
            contact = join_contacts(in, contact, holder);
        }
    }
    if (!contact) {
        contact = create_contact(in.tx, in.crm, in.corp(), "", in.at());
    }
    for (const Identity& id : ids) {
        // A contact keeps its own external_userid: a form cannot add a second one.
        if (id.kind != IdentityKind::external_userid || !is_another_friend(in, contact, id.value)) {
            add_identity(in.tx, in.corp(), contact, id, in.at());
        }
    }
    return contact;
}

// A form fills what is empty and overwrites nothing.
void fill_person(Intake& in, ContactId contact, const FormSubmitted& body) {
    const std::string_view name = utf8_prefix(body.name, 200);
    const std::string_view company = utf8_prefix(body.company, 200);
    const std::int64_t changed = in.tx.execute(
        "UPDATE contact SET edited = edited | (CASE WHEN name = '' AND ? <> '' THEN 1 ELSE 0 END) "
        "| "
        "(CASE WHEN company = '' AND ? <> '' THEN 4 ELSE 0 END), name = CASE WHEN name = '' THEN ? "
        "ELSE name END, "
        "company = CASE WHEN company = '' THEN ? ELSE company END WHERE corp_id = ? AND id = ? AND "
        "(name = '' OR company = '')",
        {name, company, name, company, in.corp(), contact}
    );
    if (changed > 0) {
        index_contact(in.tx, in.corp(), contact);
        in.tx.changed({in.corp(), "contact", contact.value, "updated"});
    }
}

std::string form_detail(const FormSubmitted& body) {
    json::array answers;
    for (const FormAnswer& answer : body.answers) {
        answers.push_back(json::object{{"question", answer.question}, {"answer", answer.answer}});
    }
    json::object out{
        {"source_id", std::to_string(body.source_id)},
        {"form", body.form_name},
        {"name", body.name},
        {"company", body.company}};
    out.emplace("answers", std::move(answers));
    if (body.repeat) {
        out.emplace("repeat", "true");
    }
    return to_text(out);
}

std::vector<TagId> tags_of_form(const FormSubmitted& body, const Origin& origin) {
    std::vector<TagId> tags = origin.tags;
    for (const std::string& text : body.tag_ids) {
        const auto id = parse_id_as<TagId>(text);
        if (id && std::find(tags.begin(), tags.end(), *id) == tags.end()) {
            tags.push_back(*id);
        }
    }
    return tags;
}

}  // namespace

Status take(Intake& in, const FormSubmitted& body) {
    const ContactId contact = contact_of_form(in, body);
    in.out.contact = contact;
    fill_person(in, contact, body);
    Origin origin = origin_of(in, body.state, "");
    in.out.channel = origin.channel;
    origin.source.kind = "form";
    origin.source.source_id = body.source_id;
    const MemberId owner = member_of(in, body.owner_userid);
    const AskingTouch asking{in.at(), origin.source, owner, in.services.lead_idle_ms, true};
    const LeadTouched lead = touch_lead(in.tx, in.crm, in.corp(), contact, asking);
    in.out.lead = lead.lead;
    in.out.lead_opened = lead.opened;
    tell(in, {contact, owner, "form_submitted", form_detail(body)});
    add_tags(in.tx, in.crm, in.corp(), contact, nullptr, tags_of_form(body, origin), in.at());
    touch_contact(in.tx, in.corp(), contact, in.at());
    return {};
}

}  // namespace leadbridge::crm
