#include "base/json.h"
#include "crm/contacts/chat_summary.h"
#include "crm/contacts/group_chat.h"
#include "crm/contacts/timeline.h"
#include "crm/intake_parts.h"
#include "crm/outbox.h"

namespace leadbridge::crm {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

// One entry per conversation and UTC day: the pages of a day are added up.
std::string day_detail(
    Intake& in, ContactId contact, std::string_view ref, const MessagesSeen& body
) {
    std::int64_t from_contact = body.from_contact;
    std::int64_t from_member = body.from_member;
    json::array signals;
    const auto add_signal = [&](std::string_view signal) {
        for (const json::value& known : signals) {
            if (known.as_string() == signal) {
                return;
            }
        }
        signals.emplace_back(signal);
    };
    const auto stored = in.tx.one(
        "SELECT detail FROM timeline WHERE corp_id = ? AND contact_id = ? AND ref = ? AND ref <> "
        "''",
        {in.corp(), contact, ref},
        [](const Row& row) { return row.str(0); }
    );
    if (stored) {
        if (const auto old = parse_json(*stored); old && old->is_object()) {
            from_contact += json_int(old->as_object(), "from_contact");
            from_member += json_int(old->as_object(), "from_member");
            if (const json::array* known = json_array(old->as_object(), "signals")) {
                for (const json::value& signal : *known) {
                    add_signal(signal.as_string());
                }
            }
        }
    }
    for (const std::string& signal : body.signals) {
        add_signal(signal);
    }
    json::object out{
        {"conversation", body.conversation},
        {"from_contact", from_contact},
        {"from_member", from_member}};
    out.emplace("signals", std::move(signals));
    return to_text(out);
}

}  // namespace

Status take(Intake& in, const MessagesSeen& body) {
    if (body.external_userid.empty()) {
        if (!body.roomid.empty()) {
            ensure_group_chat(in.tx, in.crm, in.corp(), body.roomid);
        }
        return {};
    }
    if (body.from_contact < 0 || body.from_member < 0 || body.last_ms < body.first_ms) {
        return Error{
            ErrorCode::invalid, "a chat summary with negative counts or times the wrong way round"};
    }
    const bool known = static_cast<bool>(
        find_contact_id(in.tx, in.corp(), IdentityKind::external_userid, body.external_userid)
    );
    const Result<ContactId> contact = contact_of(in, body.external_userid);
    if (!contact) {
        return contact.error();
    }
    in.out.contact = *contact;
    if (!known) {  // spoke before we heard of the friendship
        put_job(in.tx, in.services.jobs, in.corp(), RefetchContact{body.external_userid, false}, 0);
    }
    const MemberId member = member_of(in, body.userid);
    add_to_summary(in.tx, in.corp(), *contact, member, body);
    chat_on_lead(
        in.tx,
        in.crm,
        in.corp(),
        *contact,
        {body.last_ms, body.from_member > 0, in.services.lead_idle_ms}
    );
    const std::string ref = "chat:" + member.str() + ":" + std::to_string(body.last_ms / day_ms);
    const std::string detail = day_detail(in, *contact, ref, body);
    NewTimelineEvent event{
        in.corp(), *contact, {}, member, body.last_ms, "messages_seen", detail, {}, ref};
    add_event(in.tx, in.services.ids, event);
    touch_contact(in.tx, in.corp(), *contact, body.last_ms);
    return {};
}

}  // namespace leadbridge::crm
