#include <set>

#include "crm/nurture/push_ledger.h"
#include "crm/nurture/push_rows.h"
#include "crm/staff/member.h"

namespace leadbridge::crm {

namespace {

BatchView view_of(const BatchRow& b) {
    BatchView view;
    view.push = b.push;
    view.batch = b.id;
    view.corp = b.corp;
    view.sender = b.sender;
    view.attempt = b.attempt;
    view.request_hash = b.request_hash;
    view.state = b.state;
    view.msgid = b.msgid;
    view.intent_ms = b.intent_ms;
    view.submitted_ms = b.submitted_ms;
    view.confirmed_ms = b.confirmed_ms;
    view.errcode = b.errcode;
    view.push_cancelled = b.push_status == PushStatus::cancelled;
    view.recipients = static_cast<int>(b.n);
    view.settled = static_cast<int>(b.settled);
    view.remind = b.remind_state;
    return view;
}

BatchView view_row(const Row& row) {
    return view_of(batch_row(row));
}

// Where those of a batch that have no outcome yet are counted.
std::int64_t& open_count(PushCounts& counts, RecipientState state) {
    switch (state) {
        case RecipientState::submitted:
            return counts.waiting;
        case RecipientState::unknown:
        case RecipientState::for_review:
            return counts.unknown;
        case RecipientState::rejected:
            return counts.rejected;
        case RecipientState::cancelled:
            return counts.cancelled;
        default:
            return counts.pending;
    }
}

}  // namespace

std::optional<BatchView> PushLedger::batch(Snapshot& s, CorpId corp, BatchId id) {
    std::optional<BatchRow> row = load_batch(s, corp, id);
    if (!row) {
        return std::nullopt;
    }
    BatchView view = view_of(*row);
    std::string content = s.one(
                               "SELECT content FROM push WHERE corp_id = ? AND id = ?",
                               {corp, row->push},
                               [](const Row& r) { return r.str(0); }
    ).value_or("");
    Result<MessageContent> decoded = decode_content(content);
    if (!decoded) {
        throw DatabaseError(
            "push " + row->push.str() + ": its content cannot be read: " + decoded.error().message
        );
    }
    view.content = std::move(*decoded);
    view.external_userids = s.all(
        "SELECT external_userid FROM push_recipient WHERE corp_id = ? AND batch_id = ? ORDER BY "
        "external_userid",
        {corp, id},
        [](const Row& r) { return r.str(0); }
    );
    return view;
}

std::vector<BatchView> PushLedger::batches_of(
    Snapshot& s, CorpId corp, PushId push, BatchId after, int limit
) {
    return s.all(
        std::string(batch_columns) +
            "WHERE b.corp_id = ? AND b.push_id = ? AND b.id > ? ORDER BY b.id LIMIT ?",
        {corp, push, after, limit},
        view_row
    );
}

std::vector<BatchView> PushLedger::batches_in(
    Snapshot& s, CorpId corp, RecipientState state, int limit
) {
    return s.all(
        std::string(batch_columns) + "WHERE b.corp_id = ? AND b.state = ? ORDER BY b.id LIMIT ?",
        {corp, state, limit},
        view_row
    );
}

std::int64_t PushLedger::unknown_recipients(Snapshot& s) {
    return s.number(
        "SELECT COALESCE(SUM(n - settled), 0) FROM push_batch WHERE state IN (?, ?)",
        {RecipientState::unknown, RecipientState::for_review}
    );
}

PushCounts PushLedger::counts(Snapshot& s, CorpId corp, PushId push) {
    PushCounts counts;
    std::map<std::string, std::int64_t, std::less<>> kept;
    s.each(
        "SELECT kind, n FROM push_count WHERE corp_id = ? AND push_id = ?",
        {corp, push},
        [&](const Row& row) {
            kept[row.str(0)] = row.integer(1);
            return Visit::next;
        }
    );
    constexpr std::string_view excluded = "excluded.";
    for (const auto& [kind, n] : kept) {
        if (kind.starts_with(excluded)) {
            counts.excluded[kind.substr(excluded.size())] = n;
        }
    }
    counts.planned = kept["planned"];
    counts.delivered = kept["delivered"];
    counts.not_friend = kept["not_friend"];
    counts.capped = kept["capped"];
    counts.rejected = kept["rejected"];
    counts.cancelled = kept["cancelled"];
    counts.doubled_tasks = kept["doubled_tasks"];
    s.each(
        "SELECT state, SUM(n - settled) FROM push_batch WHERE corp_id = ? AND push_id = ? GROUP BY "
        "state",
        {corp, push},
        [&](const Row& row) {
            open_count(counts, static_cast<RecipientState>(row.integer(0))) += row.integer(1);
            return Visit::next;
        }
    );
    return counts;
}

std::vector<std::string> PushLedger::found_for(
    Snapshot& s, CorpId corp, const BatchView& batch, const std::vector<FoundTask>& tasks
) {
    std::set<std::string> found;
    for (const FoundTask& task : tasks) {
        if (task.content_equal && userid_key(task.sender) == userid_key(batch.sender) &&
            !owns_msgid(s, corp, task.msgid)) {
            found.insert(task.msgid);
        }
    }
    return {found.begin(), found.end()};
}

std::vector<std::string> PushLedger::owned_msgids(Snapshot& s, CorpId corp, UnixMillis since_ms) {
    return s.all(
        "SELECT msgid FROM push_msgid WHERE corp_id = ? AND intent_ms >= ? ORDER BY msgid",
        {corp, since_ms},
        [](const Row& row) { return row.str(0); }
    );
}

bool PushLedger::owns_msgid(Snapshot& s, CorpId corp, std::string_view msgid) {
    return s.exists("SELECT 1 FROM push_msgid WHERE corp_id = ? AND msgid = ?", {corp, msgid});
}

}  // namespace leadbridge::crm
