#include "gateway/inbox_work.h"

#include <exception>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/utf8.h"
#include "crm/outbox.h"
#include "gateway/inbox_rows.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t max_reason = 500;

constexpr std::string_view work_columns =
    "i.id,i.corp_id,i.connector,i.kind,i.key,i.source_id,i.recv_ms,i.tries,i.window_ms,i.is_repeat,"
    "i.object_hash,i.done_ms,"
    "i.state,i.body";

struct Claimed {
    InboxWork work;
    std::int64_t window_ms = 0;
    bool repeat_decided = false;
};

Claimed read_claimed(const Row& row) {
    Claimed out;
    auto& r = out.work.row;
    r.id = row.integer(0);
    r.corp = row.id<CorpId>(1);
    r.connector = row.str(2);
    r.kind = row.str(3);
    r.key = std::string(row.blob(4));
    r.source_id = row.integer(5);
    r.received_ms = row.integer(6);
    out.work.tries = static_cast<int>(row.integer(7));
    out.window_ms = row.integer(8);
    out.repeat_decided = !row.null(9);
    r.repeat = row.flag(9);
    out.work.object_hash = row.integer(10);
    out.work.done_ms = row.integer(11);
    out.work.state = static_cast<InboxState>(row.integer(12));
    r.body = std::string(row.blob(13));
    return out;
}

// Decided once: an equal delivery within the window, older or used before this one.
bool is_repeat(Snapshot& s, const Claimed& claimed) {
    const auto& r = claimed.work.row;
    const auto [first, last] = window_range(r.key);
    return s.exists(
        "SELECT 1 FROM inbox WHERE corp_id=? AND key>=? AND key<=? AND id<>? AND recv_ms>=? AND "
        "recv_ms<=? "
        "AND (id<? OR state<>0) "
        "AND body_hash=(SELECT body_hash FROM inbox WHERE corp_id=? AND id=?)",
        {r.corp,
         Blob{first},
         Blob{last},
         r.id,
         r.received_ms - claimed.window_ms,
         r.received_ms + claimed.window_ms,
         r.id,
         r.corp,
         r.id}
    );
}

}  // namespace

std::vector<InboxWork> due_work(Snapshot& s, UnixMillis now, int limit) {
    auto claimed = s.all(
        "SELECT " + std::string(work_columns) +
            " FROM inbox i WHERE i.state=0 AND i.run_at<=? AND NOT EXISTS (SELECT 1 FROM inbox w "
            "WHERE w.corp_id=i.corp_id AND w.object_hash=i.object_hash AND w.state=0 AND w.tries=1 "
            "AND w.id<i.id AND w.object_hash<>0) ORDER BY i.run_at,i.id LIMIT ?",
        {now, limit},
        read_claimed
    );
    std::vector<InboxWork> out;
    for (auto& c : claimed) {
        if (c.window_ms > 0 && !c.repeat_decided) {
            c.work.row.repeat = is_repeat(s, c);
        }
        out.push_back(std::move(c.work));
    }
    return out;
}

std::optional<InboxWork> find_work(Snapshot& s, CorpId corp, const std::string& key) {
    auto found = s.one(
        "SELECT " + std::string(work_columns) + " FROM inbox i WHERE i.corp_id=? AND i.key=?",
        {corp, Blob{key}},
        read_claimed
    );
    if (!found) {
        return std::nullopt;
    }
    return std::move(found->work);
}

void decode_work(InboxWork& work, const Inbox& inbox, const std::vector<Connector*>& connectors) {
    auto body = inbox.open_body(work.row.corp, work.row.id, work.row.body);
    if (!body) {
        work.failure = body.error().message;
        return;
    }
    work.row.body = std::move(*body);
    for (auto* connector : connectors) {
        if (connector->name() != work.row.connector) {
            continue;
        }
        try {
            auto decoded = connector->decode(work.row);
            if (auto* parked = std::get_if<Parked>(&decoded)) {
                work.parked = std::move(*parked);
            } else {
                work.touches = std::move(std::get<std::vector<crm::Touch>>(decoded));
            }
        } catch (const std::exception& e) {
            work.failure = e.what();
        }
        return;
    }
    work.parked =
        Parked{"no_connector_yet", "no connector of that name runs: " + work.row.connector};
}

Result<Settled> apply_work(
    Transaction& tx, const InboxWork& work, const ApplyTouch& apply, UnixMillis now
) {
    const auto state = work.parked ? InboxState::parked : InboxState::done;
    const std::string_view reason =
        work.parked ? std::string_view(work.parked->reason) : std::string_view();
    const std::string_view detail =
        work.parked ? std::string_view(work.parked->detail) : std::string_view();
    const auto changed = tx.execute(
        "UPDATE inbox SET state=?,tries=tries+1,done_ms=?,is_repeat=?,reason=?,detail=? WHERE "
        "corp_id=? AND id=? AND state=0",
        {state,
         now,
         work.row.repeat,
         reason,
         utf8_prefix(detail, max_reason),
         work.row.corp,
         work.row.id}
    );
    if (changed == 0) {
        return Settled::not_ready;
    }
    if (work.parked) {
        tx.changed({work.row.corp, "inbox", work.row.id, "parked"});
        return Settled::parked;
    }
    for (const auto& touch : work.touches) {
        if (is_wake_up(touch)) {
            continue;
        }
        if (auto status = apply(tx, touch); !status) {
            return std::move(status).error();
        }
    }
    if (work.row.source_id != 0) {
        tx.changed({work.row.corp, "inbox", work.row.id, "done"});
    }
    return Settled::used;
}

void fail_work(
    Transaction& tx,
    const InboxWork& work,
    std::string_view error,
    UnixMillis run_at,
    UnixMillis now
) {
    const bool dead = run_at == 0;
    tx.execute(
        "UPDATE inbox SET state=?,tries=tries+1,run_at=?,done_ms=?,is_repeat=?,reason=? WHERE "
        "corp_id=? AND id=? AND state=0",
        {dead ? InboxState::dead : InboxState::ready,
         run_at,
         dead ? now : 0,
         work.row.repeat,
         utf8_prefix(error, max_reason),
         work.row.corp,
         work.row.id}
    );
    tx.changed({work.row.corp, "inbox", work.row.id, dead ? "dead" : "failed"});
}

void note_used(Transaction& tx, const InboxWork* first, const InboxWork* last) {
    std::set<CorpId> corps;
    for (const InboxWork* work = first; work != last; ++work) {
        if (work->row.source_id == 0 && !work->parked) {
            corps.insert(work->row.corp);
        }
    }
    for (const CorpId corp : corps) {
        tx.changed({corp, "inbox", 0, "done"});
    }
}

namespace {

struct Refetch {
    Transaction& tx;
    JobQueue& jobs;
    CorpId corp;

    void contact(const std::string& external_userid) const {
        crm::put_job(tx, jobs, corp, crm::RefetchContact{external_userid, false});
    }

    void operator()(const crm::FriendAdded& t) const { contact(t.external_userid); }

    void operator()(const crm::FriendLost& t) const { contact(t.external_userid); }

    void operator()(const crm::ContactEdited& t) const { contact(t.external_userid); }

    void operator()(const crm::ConsentGiven& t) const { contact(t.external_userid); }

    void operator()(const crm::TransferFailed& t) const { contact(t.external_userid); }

    void operator()(const crm::GroupChanged& t) const {
        crm::put_job(tx, jobs, corp, crm::RefetchGroup{t.chat_id});
    }

    void operator()(const crm::TagChanged&) const { crm::put_job(tx, jobs, corp, crm::SyncTags{}); }

    void operator()(const crm::MemberChanged&) const {
        crm::put_job(tx, jobs, corp, crm::SyncMembers{});
    }

    void operator()(const crm::DepartmentChanged&) const {
        crm::put_job(tx, jobs, corp, crm::SyncMembers{});
    }

    // Nothing there to fetch.
    template <class Other>
    void operator()(const Other&) const {}
};

}  // namespace

void refetch(Transaction& tx, JobQueue& jobs, const crm::Touch& touch) {
    std::visit(Refetch{tx, jobs, touch.corp}, touch.body);
}

bool is_wake_up(const crm::Touch& touch) noexcept {
    const auto* noted = std::get_if<crm::Noted>(&touch.body);
    return noted != nullptr && noted->kind == "msgaudit_notify";
}

}  // namespace leadbridge::gateway
