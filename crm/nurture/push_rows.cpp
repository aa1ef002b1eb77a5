#include "crm/nurture/push_rows.h"

#include <array>

#include "base/json.h"

namespace leadbridge::crm {

namespace {

constexpr std::array<std::string_view, 6> push_names{
    "draft", "scheduled", "planning", "sending", "done", "cancelled"};
constexpr std::array<std::string_view, 9> state_names{
    "planned",
    "intent",
    "submitted",
    "rejected",
    "unknown",
    "not_submitted",
    "for_review",
    "excluded",
    "cancelled"};
constexpr std::array<std::string_view, 7> outcome_names{
    "none", "waiting", "delivered", "not_friend", "capped", "rejected", "cancelled"};

constexpr std::array<std::string_view, 5> remind_names{
    "none", "begun", "sent", "refused", "unknown"};

}  // namespace

std::string_view to_string(PushStatus status) noexcept {
    return push_names[static_cast<std::size_t>(status)];
}

std::string_view to_string(RecipientState state) noexcept {
    return state_names[static_cast<std::size_t>(state)];
}

std::string_view to_string(Outcome outcome) noexcept {
    return outcome_names[static_cast<std::size_t>(outcome)];
}

std::string_view to_string(RemindState state) noexcept {
    return remind_names[static_cast<std::size_t>(state)];
}

bool BatchRow::final() const noexcept {
    if (state == RecipientState::rejected || state == RecipientState::cancelled) {
        return settled >= n;
    }
    return state == RecipientState::submitted &&
           (settled >= n || closed == BatchClosed::waiting_ended);
}

const std::string_view batch_columns =
    "SELECT b.corp_id, b.id, b.push_id, b.sender_id, b.sender, b.content_hash, b.n, b.settled, "
    "b.state, b.closed, "
    "b.attempt, b.request_hash, b.fence, b.lease_until, b.intent_ms, b.unknown_ms, b.submitted_ms, "
    "b.confirmed_ms, "
    "b.looks, b.msgid, b.errcode, b.reminds, b.remind_job, b.remind_state, p.status, p.plan_step, "
    "p.doubt_ms FROM push_batch b JOIN push p ON p.corp_id = b.corp_id AND p.id = b.push_id ";

BatchRow batch_row(const Row& row) {
    BatchRow b;
    b.corp = row.id<CorpId>(0);
    b.id = row.id<BatchId>(1);
    b.push = row.id<PushId>(2);
    b.sender_id = row.id<MemberId>(3);
    b.sender = row.str(4);
    b.content_hash = row.str(5);
    b.n = row.integer(6);
    b.settled = row.integer(7);
    b.state = static_cast<RecipientState>(row.integer(8));
    b.closed = static_cast<BatchClosed>(row.integer(9));
    b.attempt = static_cast<int>(row.integer(10));
    b.request_hash = row.str(11);
    b.fence = row.integer(12);
    b.lease_until = row.integer(13);
    b.intent_ms = row.integer(14);
    b.unknown_ms = row.integer(15);
    b.submitted_ms = row.integer(16);
    b.confirmed_ms = row.integer(17);
    b.looks = static_cast<int>(row.integer(18));
    b.msgid = row.str(19);
    b.errcode = static_cast<int>(row.integer(20));
    b.reminds = row.str(21);
    b.remind_job = row.id<JobId>(22);
    b.remind_state = static_cast<RemindState>(row.integer(23));
    b.push_status = static_cast<PushStatus>(row.integer(24));
    b.plan_step = static_cast<PlanStep>(row.integer(25));
    b.doubt_ms = row.integer(26);
    return b;
}

std::optional<BatchRow> load_batch(Snapshot& s, CorpId corp, BatchId id) {
    return s.one(
        std::string(batch_columns) + "WHERE b.corp_id = ? AND b.id = ?", {corp, id}, batch_row
    );
}

void add_count(Transaction& tx, CorpId corp, PushId push, std::string_view kind, std::int64_t n) {
    if (n != 0) {
        tx.execute(
            "INSERT INTO push_count (corp_id, push_id, kind, n) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (corp_id, push_id, kind) DO UPDATE SET n = push_count.n + excluded.n",
            {corp, push, kind, n}
        );
    }
}

void finish_push(Transaction& tx, CorpId corp, PushId push, UnixMillis now) {
    std::int64_t changed = tx.execute(
        "UPDATE push SET status = ?, finished_ms = ?, updated_ms = ?, version = version + 1 "
        "WHERE corp_id = ? AND id = ? AND status = ? AND NOT EXISTS (SELECT 1 FROM push_batch b "
        "WHERE b.corp_id = ? AND b.push_id = ? AND NOT (b.settled >= b.n AND b.state IN (2, 3, 8)) "
        "AND NOT (b.state = 2 AND b.closed = 1))",
        {PushStatus::done, now, now, corp, push, PushStatus::sending, corp, push}
    );
    if (changed > 0) {
        tx.changed({.corp = corp, .topic = "push", .id = push.value, .kind = "done"});
    }
}

std::optional<std::int64_t> id_in(const Job& job, std::string_view key) {
    Result<json::value> payload = parse_json(job.payload);
    const json::object* object = payload ? payload->if_object() : nullptr;
    return object == nullptr ? std::nullopt : parse_id(json_string(*object, key));
}

std::string encode_list(const std::vector<std::string>& list) {
    json::array out;
    for (const std::string& item : list) {
        out.emplace_back(item);
    }
    return to_text(out);
}

std::vector<std::string> decode_list(std::string_view text) {
    std::vector<std::string> out;
    if (text.empty()) {
        return out;
    }
    Result<json::value> value = parse_json(text, {.max_bytes = 4U << 20});
    const json::array* list = value ? value->if_array() : nullptr;
    if (list != nullptr) {
        for (const json::value& item : *list) {
            if (const json::string* s = item.if_string()) {
                out.emplace_back(*s);
            }
        }
    }
    return out;
}

}  // namespace leadbridge::crm
