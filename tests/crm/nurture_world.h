#pragma once
// A corp with contacts, friendships, tags, leads and events written straight into the tables, for
// the tests of crm/nurture.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/id.h"
#include "base/job_queue.h"
#include "base/rng.h"
#include "crm/contacts/contact.h"
#include "crm/contacts/contact_text.h"
#include "crm/leads/channel.h"
#include "crm/nurture/nurture.h"
#include "crm/nurture/tag_bitmaps.h"
#include "crm/staff/member.h"
#include "crm/staff/staff.h"
#include "tests/base/temp_database.h"

namespace leadbridge::crm {

struct NurtureWorld {
    NurtureWorld()
        : store(
              {{"jobs", JobQueue::migrations()},
               {"staff", staff_migrations()},
               {"contacts", contacts_migrations()},
               {"leads", leads_migrations()},
               {"nurture", nurture_migrations()}}
          ),
          ids(store.clock, 0),
          rng(7),
          jobs(store.db(), store.clock, ids, rng),
          bitmaps(store.db(), store.clock) {
        add_corp(corp, "Asia/Shanghai", 0);
    }

    Database& db() { return store.db(); }

    ManualClock& clock() { return store.clock; }

    CrmServices services() { return CrmServices{store.clock, ids, jobs}; }

    Viewer daemon() const { return Viewer::daemon(corp); }

    template <class F>
    void write(F fn) {
        Result<bool> done = db().write<bool>([&](Transaction& tx) -> Result<bool> {
            fn(tx);
            return true;
        });
        ASSERT_TRUE(done.has_value());
    }

    template <class T, class F>
    T read(F fn) {
        Result<T> out = db().read<T>([&](Snapshot& s) -> Result<T> { return fn(s); });
        return *out;
    }

    std::int64_t number(std::string_view sql, ParamList params = {}) {
        return read<std::int64_t>([&](Snapshot& s) { return s.number(sql, params); });
    }

    void add_corp(CorpId id, std::string_view zone, int push_cap) {
        write([&](Transaction& tx) {
            tx.execute(
                "INSERT INTO corp(id, wecom_id, name, api_base, time_zone, agent_id, "
                "app_secret_sealed, "
                "contacts_secret_sealed, callbacks_sealed, archive_enabled, archive_sdk, "
                "archive_proxy, "
                "archive_timeout_s, archive_poll_s, archive_secrets_sealed, calls_per_minute, "
                "concurrency, push_cap, "
                "default_welcome, version, created_ms) VALUES (?, ?, 'Sample', '', ?, 0, ?, ?, ?, "
                "0, '', '', 5, 30, ?, "
                "3000, 5, ?, '', 1, 0)",
                {id, "ww" + id.str(), zone, Blob{""}, Blob{""}, Blob{""}, Blob{""}, push_cap}
            );
        });
    }

    MemberId add_member(
        Transaction& tx, std::string_view userid, MemberStatus status = MemberStatus::active
    ) {
        const auto id = ids.next_as<MemberId>();
        tx.execute(
            "INSERT INTO member(id, corp_id, user_key, userid, name, status, customer_contact, "
            "updated_ms) "
            "VALUES (?, ?, ?, ?, ?, ?, 1, 0)",
            {id, corp, userid_key(userid), userid, userid, status}
        );
        return id;
    }

    struct NewContact {
        MemberId owner = {};
        std::string stage = {};
        std::string name = "Sample";
        int gender = 0;
        UnixMillis last_ms = 0;
        CorpId corp = {};
    };

    ContactId add_contact(Transaction& tx, const NewContact& c) {
        const CorpId in = c.corp ? c.corp : corp;
        const auto id = ids.next_as<ContactId>();
        const std::int64_t ord =
            tx.number("SELECT COALESCE(MAX(ord) + 1, 0) FROM contact WHERE corp_id = ?", {in});
        tx.execute(
            "INSERT INTO contact(id, corp_id, ord, name, avatar, type, gender, position, company, "
            "owner, stage, last_ms, "
            "created_ms, fetched_ms, edited, version, merged_into) VALUES (?, ?, ?, ?, '', 1, ?, "
            "'', '', "
            "?, ?, ?, ?, 0, 0, 1, 0)",
            {id, in, ord, c.name, c.gender, c.owner, c.stage, c.last_ms, store.clock.now()}
        );
        index_contact(tx, in, id);
        tx.changed({in, "contact", id.value, "created"});
        return id;
    }

    void add_follow(
        Transaction& tx,
        ContactId contact,
        MemberId member,
        std::string_view external,
        UnixMillis added,
        UnixMillis ended = 0,
        ChannelId channel = {}
    ) {
        tx.execute(
            "INSERT INTO follow(id, corp_id, contact_id, member_id, external_userid, live, half, "
            "added_ms, full_ms, "
            "ended_ms, ended_by, remark, description, remark_company, remark_mobiles, add_way, "
            "state, channel_id, "
            "event_ms, fetched_ms) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, 0, '', '', '', '', 0, '', "
            "?, ?, 0)",
            {ids.next(),
             corp,
             contact,
             member,
             external,
             added > ended,
             added,
             added,
             ended,
             channel,
             added}
        );
        tx.changed({corp, "contact", contact.value, "updated"});
    }

    TagId add_tag(Transaction& tx, std::string_view name) {
        const auto id = ids.next_as<TagId>();
        tx.execute(
            "INSERT INTO tag(id, corp_id, group_id, name, kind, wecom_id, sort, uses, sync, error, "
            "version, merged_into, "
            "deleted_ms) VALUES (?, ?, 1, ?, 1, '', 0, 0, 0, '', 1, 0, 0)",
            {id, corp, name}
        );
        return id;
    }

    void tag(Transaction& tx, ContactId contact, TagId tag) {
        const std::int64_t added = tx.execute(
            "INSERT INTO contact_tag(corp_id, contact_id, tag_id, own, from_follow) VALUES (?, ?, "
            "?, 1, 0) "
            "ON CONFLICT(corp_id, contact_id, tag_id) DO NOTHING",
            {corp, contact, tag}
        );
        tx.execute(
            "UPDATE tag SET uses = uses + ? WHERE corp_id = ? AND id = ?", {added, corp, tag}
        );
        tx.changed({corp, "contact", contact.value, "tagged"});
    }

    void untag(Transaction& tx, ContactId contact, TagId tag) {
        const std::int64_t n = tx.execute(
            "DELETE FROM contact_tag WHERE corp_id = ? AND contact_id = ? AND tag_id = ?",
            {corp, contact, tag}
        );
        tx.execute("UPDATE tag SET uses = uses - ? WHERE corp_id = ? AND id = ?", {n, corp, tag});
        tx.changed({corp, "contact", contact.value, "tagged"});
    }

    void add_lead(
        Transaction& tx, ContactId contact, int status, UnixMillis opened, ChannelId channel = {}
    ) {
        const std::int64_t id = ids.next();
        tx.execute(
            "INSERT INTO lead(id, corp_id, contact_id, status, stage, owner, owner_auto, "
            "first_kind, first_channel, "
            "first_source, first_raw, last_kind, last_channel, last_source, last_raw, opened_ms, "
            "asked_ms, last_ms, "
            "closed_ms, reason, linked, version) VALUES (?, ?, ?, ?, '', 0, 1, 'channel', ?, 0, "
            "'', 'channel', 0, 0, '', "
            "?, ?, ?, ?, '', 0, 1)",
            {id, corp, contact, status, channel, opened, opened, opened, status > 2 ? opened : 0}
        );
        tx.changed({corp, "lead", id, "created"});
    }

    void add_timeline(Transaction& tx, ContactId contact, std::string_view kind, UnixMillis at) {
        tx.execute(
            "INSERT INTO timeline(id, corp_id, contact_id, lead_id, member_id, at_ms, kind, "
            "detail, actor, ref) "
            "VALUES (?, ?, ?, 0, 0, ?, ?, '', '', '')",
            {ids.next(), corp, contact, at, kind}
        );
    }

    TempDatabase store;
    IdSource ids;
    SeededRng rng;
    JobQueue jobs;
    TagBitmaps bitmaps;
    CorpId corp{11};
};

}  // namespace leadbridge::crm
