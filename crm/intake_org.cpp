#include "base/json.h"
#include "crm/contacts/group_chat.h"
#include "crm/contacts/tag.h"
#include "crm/intake_parts.h"
#include "crm/outbox.h"
#include "crm/staff/list_text.h"
#include "crm/staff/member.h"

namespace leadbridge::crm {
namespace {

// "1,2,3"; what is no number is left out.
std::vector<std::int64_t> numbers(std::string_view text) {
    std::vector<std::int64_t> out;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        if (const auto n = parse_id(text.substr(0, comma))) {
            out.push_back(*n);
        }
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    }
    return out;
}

MemberStatus status_of(int status) {
    switch (status) {
        case 1:
            return MemberStatus::active;
        case 2:
            return MemberStatus::disabled;
        case 4:
            return MemberStatus::not_activated;
        case 5:
            return MemberStatus::left;
        default:
            return MemberStatus::unknown;
    }
}

}  // namespace

Status take(Intake& in, const TagChanged& body) {
    if (body.change == TagChange::deleted) {
        TagStore(in.crm).removed_in_wecom(in.tx, in.corp(), body.wecom_id, body.group);
        return {};
    }
    put_job(in.tx, in.services.jobs, in.corp(), SyncTags{}, 0);
    return {};
}

Status take(Intake& in, const GroupChanged& body) {
    if (body.chat_id.empty()) {
        return Error{ErrorCode::invalid, "a group event without a chat id"};
    }
    if (body.detail == "dismiss") {
        dismiss_group_chat(in.tx, in.crm, in.corp(), body.chat_id, in.at());
        return {};
    }
    ensure_group_chat(in.tx, in.crm, in.corp(), body.chat_id);
    put_job(in.tx, in.services.jobs, in.corp(), RefetchGroup{body.chat_id}, 0);
    if (body.detail == "add_member") {
        const std::string detail = object_text({{"chat_id", body.chat_id}});
        for (const std::string& id : body.members) {
            if (const ContactId contact =
                    find_contact_id(in.tx, in.corp(), IdentityKind::external_userid, id)) {
                tell(in, {contact, {}, "group_joined", detail});
                touch_contact(in.tx, in.corp(), contact, in.at());
            }
        }
    }
    return {};
}

Status take(Intake& in, const MemberChanged& body) {
    MemberStore members(in.services.clock, in.services.ids);
    if (userid_key(body.userid).empty()) {
        return Error{ErrorCode::invalid, "a member event without a userid"};
    }
    if (body.deleted) {
        members.ensure(in.tx, in.corp(), body.userid);
        members.set_left(in.tx, in.corp(), body.userid);
        return {};
    }
    std::string userid = body.userid;
    if (!body.new_userid.empty()) {
        members.rename(in.tx, in.corp(), body.userid, body.new_userid);
        userid = body.new_userid;
    }
    MemberFact fact;
    fact.userid = userid;
    if (!body.name.empty()) {
        fact.name = body.name;
    }
    if (!body.departments.empty()) {
        fact.departments = numbers(body.departments);
    }
    if (body.status != 0) {
        fact.status = status_of(body.status);
    }
    members.put(in.tx, in.corp(), fact);
    return {};
}

Status take(Intake& in, const DepartmentChanged& body) {
    MemberStore members(in.services.clock, in.services.ids);
    if (body.deleted) {
        members.remove_department(in.tx, in.corp(), body.id);
    } else {
        members.put_department(in.tx, in.corp(), {body.id, body.name, body.parent});
    }
    return {};
}

Status take(Intake& in, const Noted& body) {
    ContactId contact;
    if (!body.external_userid.empty()) {
        contact =
            find_contact_id(in.tx, in.corp(), IdentityKind::external_userid, body.external_userid);
    }
    in.out.contact = contact;
    json::object out{{"what", body.kind}};
    const auto fields = parse_json(body.detail);
    out.emplace("fields", fields && fields->is_object() ? *fields : json::value(json::object{}));
    if (!contact && !body.external_userid.empty()) {
        out.emplace("external_userid", body.external_userid);
    }
    tell(in, {contact, member_of(in, body.userid), "noted", to_text(out)});
    return {};
}

}  // namespace leadbridge::crm
