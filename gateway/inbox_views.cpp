// The inbox as people see and steer it.
#include <algorithm>
#include <cassert>

#include "base/utf8.h"
#include "connectors/wecom/clear_text.h"
#include "gateway/inbox.h"

namespace leadbridge::gateway {

namespace {

constexpr std::string_view columns =
    "id,corp_id,connector,kind,state,tries,source_id,recv_ms,run_at,done_ms,is_repeat,reason,"
    "detail";

InboxEntry read_entry(const Row& row) {
    InboxEntry out;
    out.id = row.integer(0);
    out.corp = row.id<CorpId>(1);
    out.connector = row.str(2);
    out.kind = row.str(3);
    out.state = static_cast<InboxState>(row.integer(4));
    out.tries = static_cast<int>(row.integer(5));
    out.source_id = row.integer(6);
    out.received_ms = row.integer(7);
    out.run_at = row.integer(8);
    out.done_ms = row.integer(9);
    out.repeat = row.flag(10);
    out.reason = row.str(11);
    out.detail = row.str(12);
    return out;
}

// What came in has no owner among the members: it is for those who see the whole corp.
Status may_see(const crm::Viewer& viewer) {
    if (viewer.scope != crm::Scope::all) {
        return Error{ErrorCode::forbidden, "the inbox is for those who see the whole corp"};
    }
    return {};
}

// Why an UPDATE touched nothing.
Status nothing_changed(
    Snapshot& s, const crm::Viewer& viewer, std::int64_t id, std::string_view rule
) {
    if (!s.exists("SELECT 1 FROM inbox WHERE corp_id=? AND id=?", {viewer.corp, id})) {
        return Error{ErrorCode::not_found, "there is no such row in the inbox"};
    }
    return Error{ErrorCode::conflict, std::string(rule), "inbox_state"};
}

// `update` ends in the rule that a single row must keep; one word on the change log for all.
Result<std::int64_t> change_many(
    Transaction& tx,
    const crm::Viewer& viewer,
    std::span<const std::int64_t> ids,
    std::optional<InboxState> still,
    std::string update,
    std::string_view change
) {
    if (auto status = may_see(viewer); !status) {
        return std::move(status).error();
    }
    assert(ids.size() <= static_cast<std::size_t>(Inbox::max_many));
    if (ids.empty()) {
        return 0;
    }
    std::vector<Param> params = {viewer.corp};
    if (still) {
        update += " AND state=?";
        params.emplace_back(*still);
    }
    update += " AND id IN (";
    for (const std::int64_t id : ids) {
        update += "?,";
        params.emplace_back(id);
    }
    update.back() = ')';
    const std::int64_t changed = tx.execute(update, Params(params));
    if (changed > 0) {
        tx.changed({viewer.corp, "inbox", 0, change});
    }
    return changed;
}

}  // namespace

Result<crm::PageOf<InboxEntry>> Inbox::list(
    Snapshot& s, const crm::Viewer& viewer, const InboxFilter& filter, const crm::Page& page
) {
    if (auto status = may_see(viewer); !status) {
        return std::move(status).error();
    }
    const int limit = std::clamp(page.limit, 1, 200);
    std::string sql = "SELECT " + std::string(columns) + " FROM inbox WHERE corp_id=?";
    std::vector<Param> params = {viewer.corp};
    if (page.before > 0) {
        sql += " AND id<?";
        params.emplace_back(page.before);
    }
    if (filter.state) {
        sql += " AND state=?";
        params.emplace_back(*filter.state);
        if (*filter.state >= InboxState::dead) {
            sql += " AND state>=3";  // lets the planner use the partial index
        }
    }
    if (!filter.kind.empty()) {
        sql += " AND kind=?";
        params.emplace_back(filter.kind);
    }
    if (filter.source_id != 0) {
        sql += " AND source_id=? AND source_id<>0";  // the partial index
        params.emplace_back(filter.source_id);
    }
    sql += " ORDER BY id DESC LIMIT ?";
    params.emplace_back(limit + 1);
    crm::PageOf<InboxEntry> out;
    out.items = s.all(sql, Params(params), read_entry);
    if (out.items.size() > static_cast<std::size_t>(limit)) {
        out.items.pop_back();
        out.next = out.items.back().id;
    }
    return out;
}

Result<InboxShown> Inbox::show(Snapshot& s, const crm::Viewer& viewer, std::int64_t id) const {
    if (auto status = may_see(viewer); !status) {
        return std::move(status).error();
    }
    std::string sealed;
    auto entry = s.one(
        "SELECT " + std::string(columns) + ",body FROM inbox WHERE corp_id=? AND id=?",
        {viewer.corp, id},
        [&](const Row& row) {
            sealed = std::string(row.blob(13));
            return read_entry(row);
        }
    );
    if (!entry) {
        return Error{ErrorCode::not_found, "there is no such row in the inbox"};
    }
    auto body = open_body(viewer.corp, id, sealed);
    if (!body) {
        return std::move(body).error();
    }
    return InboxShown{std::move(*entry), wecom::without_credentials(*body)};
}

Status Inbox::replay(Transaction& tx, const crm::Viewer& viewer, std::int64_t id) const {
    if (auto status = may_see(viewer); !status) {
        return status;
    }
    // run_at 0: before everything that waits.
    const auto changed = tx.execute(
        "UPDATE inbox SET state=0,tries=0,run_at=0,reason='',detail='' WHERE corp_id=? AND id=? "
        "AND state<>0",
        {viewer.corp, id}
    );
    if (changed == 0) {
        return nothing_changed(tx, viewer, id, "the row is waiting already");
    }
    tx.changed({viewer.corp, "inbox", id, "replayed"});
    return {};
}

Status Inbox::park(
    Transaction& tx, const crm::Viewer& viewer, std::int64_t id, std::string_view reason
) const {
    if (auto status = may_see(viewer); !status) {
        return status;
    }
    const auto changed = tx.execute(
        "UPDATE inbox SET state=4,reason=?,detail='' WHERE corp_id=? AND id=? AND state IN (0,3)",
        {utf8_prefix(reason, 200), viewer.corp, id}
    );
    if (changed == 0) {
        return nothing_changed(tx, viewer, id, "only waiting and dead rows can be parked");
    }
    tx.changed({viewer.corp, "inbox", id, "parked"});
    return {};
}

Status Inbox::drop(Transaction& tx, const crm::Viewer& viewer, std::int64_t id) const {
    if (auto status = may_see(viewer); !status) {
        return status;
    }
    const auto changed = tx.execute(
        "UPDATE inbox SET state=5 WHERE corp_id=? AND id=? AND state IN (3,4)", {viewer.corp, id}
    );
    if (changed == 0) {
        return nothing_changed(tx, viewer, id, "only parked and dead rows can be dropped");
    }
    tx.changed({viewer.corp, "inbox", id, "dropped"});
    return {};
}

Result<Inbox::Unused> Inbox::unused(
    Snapshot& s,
    const crm::Viewer& viewer,
    const InboxFilter& filter,
    int limit,
    std::int64_t count_to
) {
    if (auto status = may_see(viewer); !status) {
        return std::move(status).error();
    }
    if (!filter.state || *filter.state < InboxState::dead) {
        return Error{ErrorCode::invalid, "state must be dead, parked or dropped", "bad_state"};
    }
    // The partial index of what is kept, and of a source's rows.
    std::string rows = " FROM inbox WHERE corp_id=? AND state=? AND state>=3";
    std::vector<Param> params = {viewer.corp, *filter.state};
    if (!filter.kind.empty()) {
        rows += " AND kind=?";
        params.emplace_back(filter.kind);
    }
    if (filter.source_id != 0) {
        rows += " AND source_id=? AND source_id<>0";
        params.emplace_back(filter.source_id);
    }
    Unused out;
    params.emplace_back(count_to);
    const auto number = [](const Row& row) { return row.integer(0); };
    const std::string counted = "SELECT COUNT(*) FROM (SELECT 1" + rows + " LIMIT ?) AS counted";
    out.matched = s.one(counted, Params(params), number).value_or(0);
    params.back() = Param(limit);
    out.ids = s.all("SELECT id" + rows + " ORDER BY id LIMIT ?", Params(params), number);
    return out;
}

Result<std::int64_t> Inbox::replay_many(
    Transaction& tx,
    const crm::Viewer& viewer,
    std::span<const std::int64_t> ids,
    std::optional<InboxState> still
) const {
    return change_many(
        tx,
        viewer,
        ids,
        still,
        "UPDATE inbox SET state=0,tries=0,run_at=0,reason='',detail='' WHERE corp_id=? AND "
        "state<>0",
        "replayed"
    );
}

Result<std::int64_t> Inbox::drop_many(
    Transaction& tx,
    const crm::Viewer& viewer,
    std::span<const std::int64_t> ids,
    std::optional<InboxState> still
) const {
    return change_many(
        tx,
        viewer,
        ids,
        still,
        "UPDATE inbox SET state=5 WHERE corp_id=? AND state IN (3,4)",
        "dropped"
    );
}

std::int64_t Inbox::oldest_ms(Snapshot& s, UnixMillis now) {
    // A replayed row stands first with run_at 0; it waits since a moment.
    return s
        .one(
            "SELECT run_at FROM inbox WHERE state=0 AND run_at>0 AND run_at<=? ORDER BY run_at,id "
            "LIMIT 1",
            {now},
            [&](const Row& row) { return now - row.integer(0); }
        )
        .value_or(0);
}

}  // namespace leadbridge::gateway
