#include "crm/nurture/opt_out.h"

#include "crm/contacts/timeline.h"
#include "crm/staff/audit.h"

namespace leadbridge::crm {

std::string_view to_string(OptOut kind) noexcept {
    switch (kind) {
        case OptOut::opted_out:
            return "opted_out";
        case OptOut::blocked:
            return "blocked";
        case OptOut::none:
            break;
    }
    return "none";
}

Status set_opt_out(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId contact,
    OptOut kind
) {
    std::optional<Contact> found = find_contact(tx, viewer, contact);
    if (!found) {
        return Error{ErrorCode::not_found, "no such contact"};
    }
    const OptOut before = opt_out_of(tx, viewer.corp, found->id);
    if (kind == OptOut::none) {
        tx.execute(
            "DELETE FROM contact_opt_out WHERE corp_id = ? AND contact_id = ?",
            {viewer.corp, found->id}
        );
    } else {
        tx.execute(
            "INSERT INTO contact_opt_out (corp_id, contact_id, kind, at_ms, actor) VALUES (?, ?, "
            "?, ?, ?) "
            "ON CONFLICT (corp_id, contact_id) DO UPDATE SET kind = excluded.kind, at_ms = "
            "excluded.at_ms, "
            "actor = excluded.actor",
            {viewer.corp, found->id, to_string(kind), services.clock.now(), viewer.actor}
        );
    }
    record_audit(
        tx,
        {services.clock, services.ids},
        viewer,
        {.action = "contact.opt_out",
         .object = "contact",
         .object_id = found->id.value,
         .before = to_string(before),
         .after = to_string(kind)}
    );
    if (before == kind) {
        return {};
    }
    const std::string detail =
        kind == OptOut::blocked ? R"({"reason":"blocked"})" : R"({"reason":"asked"})";
    NewTimelineEvent event;
    event.corp = viewer.corp;
    event.contact = found->id;
    event.at = services.clock.now();
    event.kind = kind == OptOut::none ? "opted_in" : "opted_out";
    event.detail = detail;
    event.actor = viewer.actor;
    add_event(tx, services.ids, event);
    tx.execute(
        "UPDATE contact SET version = version + 1 WHERE corp_id = ? AND id = ?",
        {viewer.corp, found->id}
    );
    tx.changed({.corp = viewer.corp, .topic = "contact", .id = found->id.value, .kind = "updated"});
    return {};
}

OptOut opt_out_of(Snapshot& s, CorpId corp, ContactId contact) {
    std::string kind = s.one(
                            "SELECT kind FROM contact_opt_out WHERE corp_id = ? AND contact_id = ?",
                            {corp, contact},
                            [](const Row& row) { return row.str(0); }
    ).value_or("");
    return kind == "opted_out" ? OptOut::opted_out
           : kind == "blocked" ? OptOut::blocked
                               : OptOut::none;
}

}  // namespace leadbridge::crm
