#include "crm/nurture/push_packing.h"

#include <map>

#include "crm/nurture/push_rows.h"

namespace leadbridge::crm {

namespace {

struct Open {  // the batch that a sender's next recipients go to
    BatchId id;
    std::int64_t n = 0;
    std::int64_t added = 0;
};

// Opens batches and counts what goes into them, for one slice.
class Packer {
public:
    Packer(
        Transaction& tx,
        IdSource& ids,
        CorpId corp,
        PushId push,
        std::string_view content_hash,
        int per_batch
    )
        : tx_(tx),
          ids_(ids),
          corp_(corp),
          push_(push),
          content_hash_(content_hash),
          per_batch_(per_batch) {}

    BatchId place(MemberId sender, const std::string& userid) {
        auto [at, fresh] = open_.try_emplace(sender.value);
        Open& open = at->second;
        if (fresh) {
            open = last_of(sender);
        }
        if (!open.id || open.n >= per_batch_) {
            store(open);
            open = create(sender, userid);
        }
        ++open.n;
        ++open.added;
        return open.id;
    }

    void finish() {
        for (auto& [sender, open] : open_) {
            store(open);
        }
    }

private:
    Open last_of(MemberId sender) {
        return tx_
            .one(
                "SELECT id, n FROM push_batch WHERE corp_id = ? AND push_id = ? AND sender_id = ? "
                "AND n < ? "
                "ORDER BY id DESC LIMIT 1",
                {corp_, push_, sender, per_batch_},
                [](const Row& row) {
                    return Open{row.id<BatchId>(0), row.integer(1), 0};
                }
            )
            .value_or(Open{});
    }

    Open create(MemberId sender, const std::string& userid) {
        Open open{ids_.next_as<BatchId>(), 0, 0};
        tx_.execute(
            "INSERT INTO push_batch (id, corp_id, push_id, sender_id, sender, content_hash, n, "
            "settled, state, queued, "
            "closed, attempt, request_hash, fence, lease_until, intent_ms, unknown_ms, "
            "submitted_ms, confirmed_ms, "
            "looks, msgid, errcode, error, fail_list, reminds) "
            "VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, '', 0, '', '', "
            "'')",
            {open.id, corp_, push_, sender, userid, content_hash_}
        );
        return open;
    }

    void store(Open& open) {
        if (open.added > 0) {
            tx_.execute(
                "UPDATE push_batch SET n = n + ? WHERE corp_id = ? AND id = ?",
                {open.added, corp_, open.id}
            );
            open.added = 0;
        }
    }

    Transaction& tx_;
    IdSource& ids_;
    const CorpId corp_;
    const PushId push_;
    const std::string content_hash_;
    const std::int64_t per_batch_;
    std::map<std::int64_t, Open> open_;
};

}  // namespace

void insert_recipients(
    Transaction& tx, IdSource& ids, const Packing& packing, const std::vector<Decision>& decisions
) {
    const AudienceQuestion& q = packing.question;
    const CorpId corp = q.viewer.corp;
    Packer packer(tx, ids, corp, q.push, q.content_hash, packing.recipients_per_batch);
    std::map<std::string, std::int64_t> tally;
    for (const Decision& d : decisions) {
        const bool sent = d.exclusion.empty();
        const BatchId batch = sent ? packer.place(d.sender, d.sender_userid) : BatchId{};
        tx.execute(
            "INSERT INTO push_recipient (corp_id, push_id, contact_id, batch_id, sender_id, "
            "external_userid, exclusion, "
            "outcome, error, planned_ms, outcome_ms) VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', ?, 0)",
            {corp, q.push, d.contact, batch, d.sender, d.external_userid, d.exclusion, packing.now}
        );
        ++tally[sent ? "planned" : "excluded." + std::string(d.exclusion)];
    }
    packer.finish();
    for (const auto& [kind, n] : tally) {
        add_count(tx, corp, q.push, kind, n);
    }
}

}  // namespace leadbridge::crm
