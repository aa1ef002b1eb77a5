#include "connectors/wecom/member_sync.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "base/log.h"
#include "crm/outbox.h"
#include "crm/staff/member.h"

namespace leadbridge::wecom {

namespace {

constexpr std::size_t rows_per_write = 100;
constexpr int max_lookups = 200;  // user/get of one run: the rest waits for the next
constexpr std::int64_t lease_ms = 900'000;

struct Staff {
    std::vector<crm::Department> departments;
    bool named = true;                               // departments carry names
    std::map<std::string, crm::MemberFact> members;  // by userid_key
};

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

// Name and status of one member; nullopt = WeCom does not know him any more.
Result<std::optional<crm::MemberFact>> look_up(
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

struct Known {
    std::string userid;
    bool named = false;
    bool left = false;
};

Result<std::map<std::string, Known>> known_members(const WecomServices& s, CorpId corp) {
    return s.core.read<std::map<std::string, Known>>(
        [&](Snapshot& snapshot) -> Result<std::map<std::string, Known>> {
            std::map<std::string, Known> out;
            crm::Page page{0, 200};
            do {
                auto part = crm::MemberStore::list(snapshot, crm::Viewer::daemon(corp), page);
                for (auto& m : part.items) {
                    out[crm::userid_key(m.userid)] = {
                        m.userid, !m.name.empty(), m.status == crm::MemberStatus::left};
                }
                page.before = part.next;
            } while (page.before != 0);
            return out;
        }
    );
}

// user/get where the lists leave something open; what fails is left for the next run.
std::vector<std::string> complete(const WecomServices& s, CorpId corp, Staff& staff) {
    std::vector<std::string> left;
    const auto known = known_members(s, corp);
    if (!known) {
        return left;
    }
    int lookups = 0;
    for (auto& [key, fact] : staff.members) {
        const auto old = known->find(key);
        if (fact.name || (old != known->end() && old->second.named)) {
            continue;
        }
        if (++lookups > max_lookups) {
            break;
        }
        if (const auto found = look_up(s, corp, fact.userid); found && *found) {
            fact.name = (*found)->name;
            fact.status = (*found)->status;
        }
    }
    for (const auto& [key, old] : *known) {
        if (old.left || staff.members.contains(key)) {
            continue;
        }
        if (++lookups > max_lookups) {
            break;
        }
        const auto found = look_up(s, corp, old.userid);
        if (found && !*found) {
            left.push_back(old.userid);
        } else if (found) {
            staff.members[key] = **found;
        }
    }
    return left;
}

Status store(
    const WecomServices& s, CorpId corp, const Staff& staff, const std::vector<std::string>& left
) {
    std::vector<const crm::MemberFact*> facts;
    for (const auto& [key, fact] : staff.members) {
        facts.push_back(&fact);
    }
    for (std::size_t from = 0; from < facts.size(); from += rows_per_write) {
        const auto to = std::min(facts.size(), from + rows_per_write);
        auto written = s.core.write<int>([&](Transaction& tx) -> Result<int> {
            crm::MemberStore members(s.clock, s.ids);
            for (std::size_t i = from; i < to; ++i) {
                members.put(tx, corp, *facts[i]);
            }
            return 0;
        });
        if (!written) {
            return std::move(written).error();
        }
    }
    auto written = s.core.write<int>([&](Transaction& tx) -> Result<int> {
        crm::MemberStore members(s.clock, s.ids);
        for (const auto& userid : left) {
            members.set_left(tx, corp, userid);
        }
        std::set<std::int64_t> there;
        for (const auto& department : staff.departments) {
            there.insert(department.id);
        }
        std::map<std::int64_t, crm::Department> old;
        for (auto& d : crm::MemberStore::departments(tx, crm::Viewer::daemon(corp))) {
            old.emplace(d.id, d);
        }
        for (auto department : staff.departments) {
            const auto found = old.find(department.id);
            if (!staff.named && found != old.end()) {
                department.name = found->second.name;
            }
            if (found == old.end() || found->second.name != department.name ||
                found->second.parent != department.parent) {
                members.put_department(tx, corp, department);
            }
        }
        for (const auto& [id, department] : old) {
            if (!there.contains(id)) {
                members.remove_department(tx, corp, id);
            }
        }
        return 0;
    });
    return written ? Status{} : Status{std::move(written).error()};
}

JobOutcome run(const WecomServices& s, const Job& job) {
    Staff staff;
    if (auto got = fetch_departments(s, job.corp, staff); !got) {
        return job_outcome(got.error(), s.clock);
    }
    if (auto got = fetch_members_by_department(s, job.corp, staff); !got) {
        if (got.error().code != ErrorCode::forbidden) {
            return job_outcome(got.error(), s.clock);
        }
        staff.members.clear();
        if (auto ids = fetch_member_ids(s, job.corp, staff); !ids) {
            return job_outcome(ids.error(), s.clock);
        }
    }
    const auto left = complete(s, job.corp, staff);
    if (auto stored = store(s, job.corp, staff, left); !stored) {
        return JobRetry{stored.error().message};
    }
    log::info(
        "wecom",
        "members synced",
        {{"corp", job.corp},
         {"members", staff.members.size()},
         {"departments", staff.departments.size()},
         {"left", left.size()}}
    );
    return JobDone{};
}

}  // namespace

JobHandler sync_members_handler(const WecomServices& services) {
    return {
        std::string(crm::SyncMembers::queue),
        [&services](const Job& job) { return run(services, job); },
        {},
        lease_ms};
}

}  // namespace leadbridge::wecom
