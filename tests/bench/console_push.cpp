// One push to every tenth contact, a task per member, half of it confirmed.

#include <fmt/format.h>

#include "crm/contacts/content.h"
#include "crm/nurture/push_ledger.h"
#include "tests/bench/console_load.h"

namespace leadbridge::bench {

namespace {

constexpr std::int64_t each = 10;

void add_push(Transaction& tx, Load& load, std::int64_t push, UnixMillis at) {
    crm::MessageContent content;
    content.text = "周末活动，欢迎参加";
    tx.execute(
        "INSERT INTO push(id, corp_id, name, status, segment_id, body, content, content_hash, "
        "schedule_ms, plan_step, plan_cursor, version, created_ms, updated_ms, submitted_ms, "
        "finished_ms, created_by, viewer_member, viewer_scope) "
        "VALUES(?,?,?,?,0,'{\"all\":[]}',?,'bench',0,0,0,1,?,?,?,?,'token:bench',0,4)",
        {push,
         load.corp,
         "周末活动",
         crm::PushStatus::done,
         crm::encode_content(content),
         at,
         at,
         at,
         at}
    );
}

void add_batches(
    Transaction& tx,
    Load& load,
    std::int64_t push,
    std::vector<std::int64_t>& batches,
    UnixMillis at
) {
    for (std::int64_t m = 0; m < members; ++m) {
        batches.push_back(load.ids.next());
        tx.execute(
            "INSERT INTO push_batch(id, corp_id, push_id, sender_id, sender, content_hash, n, "
            "settled, state, queued, closed, attempt, request_hash, fence, lease_until, intent_ms, "
            "unknown_ms, submitted_ms, confirmed_ms, looks, msgid, errcode, error, fail_list, "
            "reminds) VALUES(?,?,?,?,?,'bench',0,0,?,0,1,1,'',0,0,?,0,?,?,1,?,0,'','[]','[]')",
            {batches.back(),
             load.corp,
             push,
             load.member_ids[static_cast<std::size_t>(m)],
             Plan::member_userid(m),
             crm::RecipientState::submitted,
             at,
             at,
             m % 2 == 0 ? at : 0,
             fmt::format("msgbench{}", m)}
        );
    }
}

}  // namespace

void load_push(Load& load) {
    const UnixMillis at = load.plan.now();
    const std::int64_t push = load.ids.next();
    write(load.core, [&](Transaction& tx) {
        std::vector<std::int64_t> batches;
        add_push(tx, load, push, at);
        add_batches(tx, load, push, batches, at);
        const auto people = tx.all(
            "SELECT id, ord FROM contact WHERE corp_id = ? AND ord % ? = 0",
            {load.corp, each},
            [](const Row& row) { return std::pair(row.integer(0), row.integer(1)); }
        );
        for (const auto& [contact, ord] : people) {
            const auto m = static_cast<std::size_t>(Plan::member_of(ord));
            const bool confirmed = m % 2 == 0;
            tx.execute(
                "INSERT INTO push_recipient(corp_id, push_id, contact_id, batch_id, sender_id, "
                "external_userid, exclusion, outcome, error, planned_ms, outcome_ms) "
                "VALUES(?,?,?,?,?,?,'',?,'',?,?)",
                {load.corp,
                 push,
                 contact,
                 batches[m],
                 load.member_ids[m],
                 Plan::external_userid(ord),
                 confirmed ? crm::Outcome::delivered : crm::Outcome::none,
                 at,
                 confirmed ? at : 0}
            );
        }
        tx.execute(
            "UPDATE push_batch SET n = (SELECT COUNT(*) FROM push_recipient r WHERE r.corp_id = "
            "push_batch.corp_id AND r.batch_id = push_batch.id AND r.batch_id > 0) WHERE corp_id = "
            "?",
            {load.corp}
        );
        tx.execute(
            "UPDATE push_batch SET settled = CASE WHEN confirmed_ms > 0 THEN n ELSE 0 END WHERE "
            "corp_id = ?",
            {load.corp}
        );
        tx.execute(
            "INSERT INTO push_count(corp_id, push_id, kind, n) VALUES(?,?,'planned',?)",
            {load.corp, push, static_cast<std::int64_t>(people.size())}
        );
        tx.execute(
            "INSERT INTO push_count(corp_id, push_id, kind, n) SELECT corp_id, push_id, "
            "'delivered', SUM(settled) FROM push_batch WHERE corp_id = ? AND push_id = ? GROUP BY "
            "corp_id, push_id",
            {load.corp, push}
        );
    });
}

}  // namespace leadbridge::bench
