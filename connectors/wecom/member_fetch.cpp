#include "connectors/wecom/member_fetch.h"

#include <algorithm>

#include "base/json.h"

namespace leadbridge::wecom {

namespace {

crm::MemberStatus status_of(std::int64_t value) {
    switch (value) {
        case 1:
        case 2:
        case 4:
        case 5:
            return static_cast<crm::MemberStatus>(value);
        default:
            return crm::MemberStatus::unknown;
    }
}

std::vector<std::int64_t> numbers(const json::array* array) {
    std::vector<std::int64_t> out;
    if (array == nullptr) {
        return out;
    }
    for (const auto& item : *array) {
        if (item.is_int64()) {
            out.push_back(item.as_int64());
        } else if (item.is_uint64()) {
            out.push_back(static_cast<std::int64_t>(item.as_uint64()));
        }
    }
    return out;
}

void read_departments(const json::object& reply, std::string_view field, Staff& staff) {
    const auto* list = json_array(reply, field);
    if (list == nullptr) {
        return;
    }
    for (const auto& item : *list) {
        if (!item.is_object()) {
            continue;
        }
        const auto& d = item.as_object();
        crm::Department department{
            json_int(d, "id"), json_string(d, "name"), json_int(d, "parentid")};
        if (department.id != 0) {
            staff.departments.push_back(std::move(department));
        }
    }
}

Status fetch_departments(const WecomServices& s, CorpId corp, Staff& staff) {
    const auto full = s.api.call(corp, api::department_list);
    if (full) {
        read_departments(full->object(), "department", staff);
        return {};
    }
    if (full.error().code != ErrorCode::forbidden) {
        return full.error();
    }
    const auto simple = s.api.call(corp, api::department_simple_list);
    if (!simple) {
        return simple.error();
    }
    staff.named = false;
    read_departments(simple->object(), "department_id", staff);
    return {};
}

void add_member(Staff& staff, crm::MemberFact fact) {
    auto& known = staff.members[crm::userid_key(fact.userid)];
    if (known.userid.empty()) {
        known = std::move(fact);
        return;
    }
    if (fact.departments) {
        auto& all = known.departments ? *known.departments : known.departments.emplace();
        for (const auto id : *fact.departments) {
            if (std::find(all.begin(), all.end(), id) == all.end()) {
                all.push_back(id);
            }
        }
    }
}

// Error{forbidden} when the app may not list members: the caller falls back on ids.
Status fetch_members_by_department(const WecomServices& s, CorpId corp, Staff& staff) {
    for (const auto& department : staff.departments) {
        const auto reply = s.api.call(
            corp,
            api::member_simple_list,
            {.query = {{"department_id", std::to_string(department.id)}}}
        );
        if (!reply) {
            return reply.error();
        }
        const auto* list = json_array(reply->object(), "userlist");
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            const auto* user = (*list)[i].if_object();
            if (user == nullptr || json_string(*user, "userid").empty()) {
                continue;
            }
            crm::MemberFact fact;
            fact.userid = json_string(*user, "userid");
            if (auto name = json_string(*user, "name"); !name.empty()) {
                fact.name = std::move(name);
            }
            fact.departments = numbers(json_array(*user, "department"));
            if (fact.departments->empty()) {
                fact.departments = {department.id};
            }
            add_member(staff, std::move(fact));
        }
    }
    return {};
}

Status fetch_member_ids(const WecomServices& s, CorpId corp, Staff& staff) {
    std::string cursor;
    do {
        json::object body{{"limit", 10'000}};
        if (!cursor.empty()) {
            body["cursor"] = cursor;
        }
        const auto reply = s.api.call(corp, api::member_ids, {.body = to_text(body)});
        if (!reply) {
            return reply.error();
        }
        const auto* list = json_array(reply->object(), "dept_user");
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            const auto* user = (*list)[i].if_object();
            if (user == nullptr || json_string(*user, "userid").empty()) {
                continue;
            }
            crm::MemberFact fact;
            fact.userid = json_string(*user, "userid");
            fact.departments = {json_int(*user, "department")};
            add_member(staff, std::move(fact));
        }
        cursor = json_string(reply->object(), "next_cursor");
    } while (!cursor.empty());
    return {};
}

}  // namespace

Status fetch_staff(const WecomServices& s, CorpId corp, Staff& staff) {
    if (auto got = fetch_departments(s, corp, staff); !got) {
        return got;
    }
    auto listed = fetch_members_by_department(s, corp, staff);
    if (listed || listed.error().code != ErrorCode::forbidden) {
        return listed;
    }
    staff.members.clear();
    return fetch_member_ids(s, corp, staff);
}

Result<std::optional<crm::MemberFact>> look_up_member(
    const WecomServices& s, CorpId corp, const std::string& userid
) {
    const auto reply = s.api.call(corp, api::member_get, {.query = {{"userid", userid}}});
    if (!reply) {
        if (reply.error().reason == "unknown_member") {
            return std::optional<crm::MemberFact>{};
        }
        return reply.error();
    }
    const auto& user = reply->object();
    crm::MemberFact fact;
    fact.userid = userid;
    if (auto name = json_string(user, "name"); !name.empty()) {
        fact.name = std::move(name);
    }
    fact.status = status_of(json_int(user, "status"));
    if (const auto* departments = json_array(user, "department")) {
        fact.departments = numbers(departments);
    }
    return std::optional{std::move(fact)};
}

}  // namespace leadbridge::wecom
