#include "connectors/wecom/member_sync.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/log.h"
#include "connectors/wecom/member_fetch.h"
#include "crm/outbox.h"
#include "crm/staff/member.h"

namespace leadbridge::wecom {

namespace {

constexpr std::size_t rows_per_write = 100;
constexpr int max_lookups = 200;  // user/get of one run: the rest waits for the next
constexpr std::int64_t lease_ms = 900'000;

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
        if (const auto found = look_up_member(s, corp, fact.userid); found && *found) {
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
        const auto found = look_up_member(s, corp, old.userid);
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
    if (auto got = fetch_staff(s, job.corp, staff); !got) {
        return job_outcome(got.error(), s.clock);
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
