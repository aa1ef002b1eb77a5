#include "base/utf8.h"
#include "crm/contacts/contact.h"
#include "crm/contacts/contact_text.h"
#include "crm/contacts/timeline.h"
#include "crm/outbox.h"
#include "crm/staff/audit.h"
#include "crm/staff/list_text.h"

namespace leadbridge::crm {
namespace {

Error no_contact() {
    return Error{ErrorCode::not_found, "there is no such contact"};
}

Status check_text(
    std::string_view field, const std::optional<std::string>& value, std::size_t longest
) {
    if (value && (!is_utf8(*value) || characters(*value) > longest)) {
        const std::string name(field);
        return Error{
            ErrorCode::rule_broken,
            name + ": must be at most " + std::to_string(longest) + " characters",
            name};
    }
    return {};
}

std::string shown(const Contact& c) {
    return object_text({{"name", c.name}, {"position", c.position}, {"company", c.company}});
}

}  // namespace

ContactId create_contact(
    Transaction& tx, const CrmServices& services, CorpId corp, std::string_view name, UnixMillis at
) {
    const auto ord = tx.one(
        "INSERT INTO contact_ord(corp_id, next_ord) VALUES(?, 1) ON CONFLICT(corp_id) DO UPDATE "
        "SET "
        "next_ord = contact_ord.next_ord + 1 RETURNING next_ord",
        {corp},
        [](const Row& row) { return row.integer(0) - 1; }
    );
    const auto id = services.ids.next_as<ContactId>();
    tx.execute(
        "INSERT INTO contact(id, corp_id, ord, name, avatar, type, gender, position, company, "
        "owner, stage, last_ms, "
        "created_ms, fetched_ms, edited, version, merged_into) "
        "VALUES(?,?,?,?,'',0,0,'','',0,'',?,?,0,0,1,0)",
        {id, corp, *ord, name, at, services.clock.now()}
    );
    index_contact(tx, corp, id);
    tx.changed({corp, "contact", id.value, "created"});
    return id;
}

bool add_identity(
    Transaction& tx, CorpId corp, ContactId contact, const Identity& normalised, UnixMillis at
) {
    tx.execute(
        "INSERT INTO identity(corp_id, kind, value, contact_id, added_ms) VALUES(?,?,?,?,?) "
        "ON CONFLICT(corp_id, kind, value) DO NOTHING",
        {corp, normalised.kind, normalised.value, contact, at}
    );
    return find_contact_id(tx, corp, normalised.kind, normalised.value) == contact;
}

void touch_contact(Transaction& tx, CorpId corp, ContactId contact, UnixMillis at) {
    tx.execute(
        "UPDATE contact SET last_ms = ? WHERE corp_id = ? AND id = ? AND last_ms < ?",
        {at, corp, contact, at}
    );
}

Status patch_contact(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId id,
    const ContactPatch& patch,
    std::optional<std::int64_t> if_version
) {
    const auto old = find_contact(tx, viewer, id);
    if (!old) {
        return no_contact();
    }
    if (if_version && *if_version != old->version) {
        return Error{ErrorCode::stale, "the contact was changed since it was read; read it again"};
    }
    for (const auto& [field, value] :
         {std::pair{"name", &patch.name},
          {"position", &patch.position},
          {"company", &patch.company}}) {
        if (Status ok = check_text(field, *value, 100); !ok) {
            return ok;
        }
    }
    if (patch.gender && (*patch.gender < 0 || *patch.gender > 2)) {
        return Error{ErrorCode::rule_broken, "gender: must be 0 (unknown), 1 or 2", "gender"};
    }
    Contact fresh = *old;
    fresh.name = patch.name.value_or(old->name);
    fresh.position = patch.position.value_or(old->position);
    fresh.company = patch.company.value_or(old->company);
    fresh.gender = patch.gender.value_or(old->gender);
    // Each bit keeps a later fetch from undoing the edit.
    const std::int64_t bits = (patch.name ? 1 : 0) + (patch.position ? 2 : 0) +
                              (patch.company ? 4 : 0) + (patch.gender ? 8 : 0);
    tx.execute(
        "UPDATE contact SET name = ?, position = ?, company = ?, gender = ?, edited = edited | ?, "
        "version = version + 1 WHERE corp_id = ? AND id = ?",
        {fresh.name, fresh.position, fresh.company, fresh.gender, bits, viewer.corp, old->id}
    );
    index_contact(tx, viewer.corp, old->id);
    record_audit(
        tx,
        {services.clock, services.ids},
        viewer,
        {"contact.update", "contact", old->id.value, shown(*old), shown(fresh)}
    );
    tx.changed({viewer.corp, "contact", old->id.value, "updated"});
    return {};
}

Result<std::int64_t> add_note(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId id,
    std::string_view text
) {
    const auto contact = find_contact(tx, viewer, id);
    if (!contact) {
        return no_contact();
    }
    if (text.empty() || text.size() > 10'000 || !is_utf8(text)) {
        return Error{ErrorCode::rule_broken, "text: must be 1..10000 bytes of UTF-8", "text"};
    }
    const std::int64_t note = services.ids.next();
    const UnixMillis now = services.clock.now();
    tx.execute(
        "INSERT INTO note(id, corp_id, contact_id, at_ms, actor, body) VALUES(?,?,?,?,?,?)",
        {note, viewer.corp, contact->id, now, viewer.actor, text}
    );
    NewTimelineEvent event{viewer.corp, contact->id, {}, viewer.member, now, "note"};
    const std::string detail = object_text({{"note_id", std::to_string(note)}, {"text", text}});
    event.detail = detail;
    event.actor = viewer.actor;
    add_event(tx, services.ids, event);
    const std::string noted = object_text({{"note_id", std::to_string(note)}});
    record_audit(
        tx,
        {services.clock, services.ids},
        viewer,
        {"contact.note", "contact", contact->id.value, {}, noted}
    );
    return note;
}

Status set_remark(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId id,
    MemberId member,
    std::string_view remark,
    std::string_view description
) {
    if (characters(remark) > 20 || characters(description) > 150 || !is_utf8(remark) ||
        !is_utf8(description)) {
        return Error{
            ErrorCode::rule_broken,
            "remark: at most 20 characters, description: at most 150",
            "remark"};
    }
    for (const Follow& follow : follows_of(tx, viewer, id)) {
        if (follow.member != member || !follow.live) {
            continue;
        }
        tx.execute(
            "UPDATE follow SET remark = ?, description = ? WHERE corp_id = ? AND id = ?",
            {remark, description, viewer.corp, follow.id}
        );
        index_contact(tx, viewer.corp, follow.contact);
        put_job(
            tx,
            services.jobs,
            viewer.corp,
            Remark{
                follow.userid,
                follow.external_userid,
                std::string(remark),
                std::string(description)},
            0
        );
        tx.changed({viewer.corp, "contact", follow.contact.value, "updated"});
        return {};
    }
    return Error{ErrorCode::not_found, "that member is not a friend of the contact"};
}

}  // namespace leadbridge::crm
