#pragma once
// A corp that is told things: touches go in by intake(), people act, and the tests look at what
// came of it.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/job_queue.h"
#include "base/rng.h"
#include "base/vault.h"
#include "crm/contacts/contact.h"
#include "crm/contacts/tag.h"
#include "crm/contacts/timeline.h"
#include "crm/intake.h"
#include "crm/leads/channel.h"
#include "crm/leads/lead.h"
#include "crm/nurture/nurture.h"
#include "crm/operations/operation.h"
#include "crm/outbox.h"
#include "crm/staff/corp.h"
#include "crm/staff/member.h"
#include "crm/staff/staff.h"
#include "tests/base/temp_database.h"

namespace leadbridge::crm {

inline constexpr UnixMillis second = 1'000;
inline constexpr UnixMillis day = 86'400'000;

struct CrmWorld {
    CrmWorld()
        : store({
              {"vault", Vault::migrations()},
              {"jobs", JobQueue::migrations()},
              {"staff", staff_migrations()},
              {"contacts", contacts_migrations()},
              {"leads", leads_migrations()},
              {"nurture", nurture_migrations()},
              {"operations", operations_migrations()},
              {"intake", intake_migrations()},
          }),
          ids(store.clock, 0),
          rng(7),
          jobs(store.db(), store.clock, ids, rng) {
        auto opened = Vault::open(store.db(), store.clock, rng, Secret(std::string(32, 'k')));
        vault = std::move(opened).value();
    }

    Database& db() { return store.db(); }

    ManualClock& clock() { return store.clock; }

    CrmServices services() { return {store.clock, ids, jobs}; }

    Viewer daemon() const { return Viewer::daemon(corp); }

    // fn(Transaction&) -> Result<T> or Status
    template <class F>
    auto write(F fn) {
        using R = std::invoke_result_t<F, Transaction&>;
        return db().template write<typename R::value_type>(fn);
    }

    template <class F>
    auto read(F fn) {
        using T = std::invoke_result_t<F, Snapshot&>;
        Result<T> out = db().template read<T>([&](Snapshot& s) -> Result<T> { return fn(s); });
        return std::move(*out);
    }

    std::int64_t number(std::string_view sql, ParamList params = {}) {
        return read([&](Snapshot& s) { return s.number(sql, params); });
    }

    Touch touch(UnixMillis at, TouchBody body, std::string key = {}) {
        Touch out;
        out.corp = corp;
        out.at = at;
        out.key = key.empty() ? "k" + std::to_string(++keys) : std::move(key);
        out.body = std::move(body);
        return out;
    }

    Result<IntakeOutcome> try_take(const Touch& touch) {
        const IntakeServices intake_services{store.clock, ids, jobs};
        return write([&](Transaction& tx) { return intake(tx, intake_services, touch); });
    }

    IntakeOutcome take(const Touch& touch) {
        const auto out = try_take(touch);
        EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().message);
        return out ? *out : IntakeOutcome{};
    }

    IntakeOutcome take(UnixMillis at, TouchBody body) { return take(touch(at, std::move(body))); }

    // A friend-add as the callback brings it.
    static FriendAdded add(std::string userid, std::string external, std::string state = {}) {
        FriendAdded out;
        out.userid = std::move(userid);
        out.external_userid = std::move(external);
        out.state = std::move(state);
        return out;
    }

    MemberId member(std::string_view userid) {
        return *write([&](Transaction& tx) -> Result<MemberId> {
            return MemberStore(store.clock, ids).ensure(tx, corp, userid);
        });
    }

    TagId tag(
        const std::string& name, TagKind kind = TagKind::internal, const std::string& wecom_id = {}
    ) {
        const auto id = write([&](Transaction& tx) {
            return TagStore(services()).create(tx, daemon(), {"来源", name, kind, 0});
        });
        EXPECT_TRUE(id.has_value());
        if (!wecom_id.empty()) {
            EXPECT_TRUE(write([&](Transaction& tx) -> Status {
                TagStore(services()).pushed(tx, corp, *id, wecom_id, "g-" + wecom_id);
                return {};
            }));
        }
        return *id;
    }

    Channel channel(
        const std::string& name, std::vector<std::string> members, std::vector<TagId> tags = {}
    ) {
        ChannelEdit edit;
        edit.name = name;
        edit.members = std::move(members);
        edit.tags = std::move(tags);
        const auto out = write([&](Transaction& tx) {
            return ChannelStore(services()).create(tx, daemon(), edit);
        });
        EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().message);
        return *out;
    }

    ContactId contact_id(IdentityKind kind, std::string_view value) {
        return read([&](Snapshot& s) { return find_contact_id(s, corp, kind, value); });
    }

    ContactId friend_id(std::string_view external) {
        return contact_id(IdentityKind::external_userid, external);
    }

    Contact contact(ContactId id) {
        return *read([&](Snapshot& s) { return find_contact(s, daemon(), id); });
    }

    std::vector<Lead> leads() {
        return read([&](Snapshot& s) { return list_leads(s, daemon(), {}, {0, 200}).items; });
    }

    std::vector<Follow> follows(ContactId id) {
        return read([&](Snapshot& s) { return follows_of(s, daemon(), id); });
    }

    std::vector<std::string> tag_names(ContactId id) {
        std::vector<std::string> out;
        for (const Tag& t : read([&](Snapshot& s) { return tags_of(s, daemon(), id); })) {
            out.push_back(t.name);
        }
        std::sort(out.begin(), out.end());
        return out;
    }

    std::vector<std::string> kinds(ContactId id) {  // of the timeline, oldest first
        std::vector<std::string> out;
        for (const TimelineEvent& e :
             read([&](Snapshot& s) { return timeline_of(s, daemon(), id, {}, 200).items; })) {
            out.insert(out.begin(), e.kind);
        }
        return out;
    }

    std::string userid(MemberId id) {
        return read([&](Snapshot& s) { return MemberStore::userid_of(s, corp, id); });
    }

    template <class T>
    std::vector<T> waiting() {  // payloads of one queue, oldest first
        std::vector<T> out;
        for (const JobRow& job : read([&](Snapshot& s) {
                 return JobQueue::list(s, corp, std::nullopt, T::queue, {}, 1'000);
             })) {
            out.push_back(*decode<T>(job.payload));
        }
        return out;
    }

    TempDatabase store;
    IdSource ids;
    SeededRng rng;
    JobQueue jobs;
    std::unique_ptr<Vault> vault;
    CorpId corp{11};
    int keys = 0;
};

}  // namespace leadbridge::crm
