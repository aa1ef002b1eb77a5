#include "crm/intake.h"

#include "crm/contacts/merge.h"
#include "crm/contacts/timeline.h"
#include "crm/intake_parts.h"
#include "crm/leads/channel.h"
#include "crm/nurture/opt_out.h"
#include "crm/staff/member.h"

namespace leadbridge::crm {
namespace {

constexpr Migration intake_schema[] = {
    {1, R"sql(
CREATE TABLE applied_touch(
  corp_id INTEGER NOT NULL,
  key BLOB NOT NULL,
  contact_id INTEGER NOT NULL,
  lead_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  applied_ms INTEGER NOT NULL,
  PRIMARY KEY(corp_id, key));
CREATE INDEX applied_touch_age ON applied_touch(applied_ms);
)sql"},
};

std::optional<IntakeOutcome> applied_before(Transaction& tx, const Touch& touch) {
    return tx.one(
        "SELECT contact_id, lead_id, channel_id FROM applied_touch WHERE corp_id = ? AND key = ?",
        {touch.corp, Blob{touch.key}},
        [](const Row& row) {
            IntakeOutcome out;
            out.contact = row.id<ContactId>(0);
            out.lead = row.id<LeadId>(1);
            out.channel = row.id<ChannelId>(2);
            out.repeated = true;
            return out;
        }
    );
}

}  // namespace

std::span<const Migration> intake_migrations() {
    return intake_schema;
}

Result<IntakeOutcome> intake(Transaction& tx, const IntakeServices& services, const Touch& touch) {
    if (!touch.corp || touch.key.empty()) {
        return Error{ErrorCode::invalid, "a touch needs a corp and a key"};
    }
    if (auto before = applied_before(tx, touch)) {
        return *before;
    }
    Intake in{tx, services, {services.clock, services.ids, services.jobs}, touch, {}};
    if (Status ok = std::visit([&](const auto& body) { return take(in, body); }, touch.body); !ok) {
        return ok.error();
    }
    tx.execute(
        "INSERT INTO applied_touch(corp_id, key, contact_id, lead_id, channel_id, applied_ms) "
        "VALUES(?,?,?,?,?,?)",
        {touch.corp,
         Blob{touch.key},
         in.out.contact,
         in.out.lead,
         in.out.channel,
         services.clock.now()}
    );
    return in.out;
}

std::int64_t forget_applied(Transaction& tx, UnixMillis before, int limit) {
    return tx.execute(
        "DELETE FROM applied_touch WHERE applied_ms < ? AND applied_ms <= (SELECT MAX(applied_ms) "
        "FROM (SELECT applied_ms "
        "FROM applied_touch ORDER BY applied_ms LIMIT ?) oldest)",
        {before, limit}
    );
}

Result<ContactId> contact_of(Intake& in, std::string_view external_userid) {
    const Result<Identity> id =
        normalise({IdentityKind::external_userid, std::string(external_userid)});
    if (!id) {
        return id.error();
    }
    if (const ContactId known = find_contact_id(in.tx, in.corp(), id->kind, id->value)) {
        return known;
    }
    const ContactId fresh = create_contact(in.tx, in.crm, in.corp(), "", in.at());
    add_identity(in.tx, in.corp(), fresh, *id, in.at());
    // Groups may have shown the person before.
    in.tx.execute(
        "UPDATE group_chat_member SET contact_id = ? WHERE corp_id = ? AND contact_id = 0 AND "
        "userid = ? AND external = 1",
        {fresh, in.corp(), id->value}
    );
    return fresh;
}

MemberId member_of(Intake& in, std::string_view userid) {
    return MemberStore(in.services.clock, in.services.ids).ensure(in.tx, in.corp(), userid);
}

ContactId join_contacts(Intake& in, ContactId a, ContactId b) {
    if (a == b) {
        return a;
    }
    const ContactId into = std::min(a, b);
    const ContactId from = std::max(a, b);
    const OptOut refused = opt_out_of(in.tx, in.corp(), from);
    if (refused != OptOut::none && opt_out_of(in.tx, in.corp(), into) == OptOut::none) {
        // Whoever asked for no pushes gets none under the other name either.
        (void)set_opt_out(in.tx, in.crm, Viewer::daemon(in.corp()), into, refused);
    }
    merge_contact_rows(in.tx, in.crm, in.corp(), from, into, in.at());
    merge_leads(in.tx, in.crm, in.corp(), from, into, in.at());
    return into;
}

bool is_another_friend(Intake& in, ContactId contact, std::string_view external_userid) {
    return in.tx.exists(
        "SELECT 1 FROM identity WHERE corp_id = ? AND contact_id = ? AND kind = ? AND value <> ?",
        {in.corp(), contact, IdentityKind::external_userid, external_userid}
    );
}

void tell(Intake& in, const TimelineEntry& entry) {
    NewTimelineEvent event{
        in.corp(),
        entry.contact,
        in.out.lead,
        entry.member,
        in.at(),
        entry.kind,
        entry.detail,
        {},
        entry.ref};
    add_event(in.tx, in.services.ids, event);
}

Origin origin_of(Intake& in, std::string_view state, std::string_view link_id) {
    Origin out;
    out.source.raw = state;
    if (const auto channel = ChannelStore::find_by_state(in.tx, in.corp(), state)) {
        out.channel = channel->id;
        out.tags = channel->tags;
        out.source.kind = "channel";
        out.source.channel = channel->id;
    } else if (!link_id.empty()) {
        out.source.kind = "link";
        out.source.raw = state.empty() ? link_id : state;
    } else {
        out.source.kind = "unattributed";
    }
    return out;
}

}  // namespace leadbridge::crm
