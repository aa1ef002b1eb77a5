#include "archive/feed.h"

#include <condition_variable>
#include <thread>

#include "base/guarded.h"
#include "base/log.h"

namespace leadbridge::archive {

namespace {

constexpr int batch_rows = 50;
constexpr std::int64_t look_every_ms = 1'000;

struct SeenRow {
    std::int64_t n = 0;
    crm::Touch touch;
};

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> out;
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        out.emplace_back(list.substr(0, comma));
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return out;
}

SeenRow read_row(CorpId corp, const Row& row) {
    crm::MessagesSeen seen;
    seen.conversation = std::to_string(row.integer(1));
    seen.userid = row.str(2);
    seen.external_userid = row.str(3);
    seen.roomid = row.str(4);
    seen.from_contact = static_cast<int>(row.integer(5));
    seen.from_member = static_cast<int>(row.integer(6));
    seen.first_ms = row.integer(7);
    seen.last_ms = row.integer(8);
    seen.last_msgid = row.str(9);
    seen.last_from_contact = row.flag(10);
    seen.signals = split(row.text(11));
    SeenRow out;
    out.n = row.integer(0);
    out.touch.corp = corp;
    out.touch.at = seen.last_ms;
    // Made of what was said, not of n: after a restore of archive.db the same page gives the same
    // key.
    out.touch.key = "seen:" + seen.conversation + ":" + seen.last_msgid + ":" +
                    std::to_string(seen.from_contact + seen.from_member);
    out.touch.body = std::move(seen);
    return out;
}

}  // namespace

struct ArchiveFeed::State {
    FeedServices services;
    const CorpList corps;
    const TellCrm tell;
    Counter& told_total;
    Counter& parked_total;

    struct Shared {
        bool stopping = false;
        bool woken = false;
    };

    Guarded<Shared> shared;
    std::condition_variable wake;
    std::thread thread;

    std::int64_t cursor(CorpId corp) {
        auto n = services.core.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return s.number("SELECT n FROM archive_feed_cursor WHERE corp_id = ?", {corp});
        });
        return n.value_or(0);
    }

    std::vector<SeenRow> rows_after(CorpId corp, std::int64_t n) {
        auto rows = services.archive.read<std::vector<SeenRow>>(
            [&](Snapshot& s) -> Result<std::vector<SeenRow>> {
                // archive.db was restored to an older state: its numbers begin again below the
                // cursor.
                const auto newest =
                    s.number("SELECT told_n FROM archive_pull WHERE corp_id = ?", {corp});
                const std::int64_t after = newest < n ? 0 : n;
                return s.all(
                    "SELECT n, conversation_id, userid, external_userid, roomid, from_contact, "
                    "from_member, first_ms, last_ms, last_msgid,"
                    " last_from_contact, signals FROM seen WHERE corp_id = ? AND n > ? AND reason "
                    "= '' ORDER BY n LIMIT ?",
                    {corp, after, batch_rows},
                    [&](const Row& row) { return read_row(corp, row); }
                );
            }
        );
        return rows.value_or({});
    }

    // As deliver(). What crm throws is of this row alone, unless the store itself is in trouble.
    Status try_deliver(CorpId corp, const SeenRow& row) {
        try {
            return deliver(corp, row.n, &row.touch);
        } catch (const ConstraintViolation& error) {
            return Error{ErrorCode::internal, error.what(), "constraint"};
        } catch (const std::exception& error) {
            if (!services.core.stats().healthy) {
                throw;
            }
            return Error{ErrorCode::internal, error.what(), "failed"};
        }
    }

    // One row, one transaction: a touch may write many rows in crm. touch = nullptr only moves the
    // cursor.
    Status deliver(CorpId corp, std::int64_t n, const crm::Touch* touch) {
        auto done = services.core.write<bool>([&](Transaction& tx) -> Result<bool> {
            if (touch != nullptr) {
                if (auto told = tell(tx, *touch); !told) {
                    return std::move(told).error();
                }
            }
            tx.execute(
                "INSERT INTO archive_feed_cursor(corp_id, n, ms) VALUES(?, ?, ?) ON "
                "CONFLICT(corp_id) DO UPDATE SET"
                " n = excluded.n, ms = excluded.ms",
                {corp, n, services.clock.now()}
            );
            return true;
        });
        return done ? Status{} : Status{std::move(done).error()};
    }

    // False when the store did not take the reason: the row must stay in front of the cursor.
    bool park(CorpId corp, std::int64_t n, const Error& why) {
        log::error(
            "archive",
            "crm refused what was said: the row is kept",
            {{"corp", corp}, {"n", n}, {"why", why.message}}
        );
        parked_total.add();
        auto kept = services.archive.write<bool>([&](Transaction& tx) -> Result<bool> {
            const std::string reason =
                why.reason.empty() ? std::string(to_string(why.code)) : why.reason;
            tx.execute("UPDATE seen SET reason = ? WHERE corp_id = ? AND n = ?", {reason, corp, n});
            return true;
        });
        if (!kept) {
            log::warn("archive", "the reason was not stored", {{"corp", corp}, {"n", n}});
        }
        return kept.has_value();
    }

    // What crm knows is no longer needed here.
    void forget(CorpId corp, std::int64_t up_to) {
        auto gone = services.archive.write<bool>([&](Transaction& tx) -> Result<bool> {
            tx.execute(
                "DELETE FROM seen WHERE corp_id = ? AND n <= ? AND reason = ''", {corp, up_to}
            );
            return true;
        });
        if (!gone) {
            log::debug("archive", "told rows stay a while longer", {{"corp", corp}});
        }
    }

    int tell_some(CorpId corp) {
        const auto rows = rows_after(corp, cursor(corp));
        int done = 0;
        for (const SeenRow& row : rows) {
            auto told = try_deliver(corp, row);
            if (!told && (told.error().code == ErrorCode::overloaded ||
                          told.error().code == ErrorCode::retry_later)) {
                break;
            }
            if (!told) {
                if (!park(corp, row.n, told.error()) || !deliver(corp, row.n, nullptr)) {
                    break;
                }
            } else {
                told_total.add();
            }
            ++done;
        }
        if (done > 0) {
            forget(corp, rows[static_cast<std::size_t>(done - 1)].n);
        }
        return done;
    }

    bool stopping() { return shared.lock()->stopping; }

    void run() {
        for (;;) {
            bool more = false;
            try {
                for (const auto& corp : corps()) {
                    if (stopping()) {
                        return;
                    }
                    more = tell_some(corp->id) == batch_rows || more;
                }
            } catch (const std::exception& e) {
                log::error("archive", "crm could not be told what was said", {{"why", e.what()}});
                more = false;
            }
            auto lock = shared.lock();
            if (!more) {
                wake.wait_for(lock.raw(), std::chrono::milliseconds(look_every_ms), [&] {
                    return lock->stopping || lock->woken;
                });
            }
            lock->woken = false;
            if (lock->stopping) {
                return;
            }
        }
    }
};

ArchiveFeed::ArchiveFeed(FeedServices services, CorpList corps, TellCrm tell)
    : state_(new State{
          services,
          std::move(corps),
          std::move(tell),
          services.metrics.counter(
              "leadbridge_archive_told_total", "Conversation slices that crm was told of"
          ),
          services.metrics.counter(
              "leadbridge_archive_told_parked_total", "Conversation slices that crm refused"
          ),
          {},
          {},
          {}}) {}

ArchiveFeed::~ArchiveFeed() {
    stop();
}

void ArchiveFeed::start() {
    state_->thread = std::thread([state = state_.get()] { state->run(); });
}

void ArchiveFeed::stop() {
    state_->shared.lock()->stopping = true;
    state_->wake.notify_all();
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
}

void ArchiveFeed::wake() {
    state_->shared.lock()->woken = true;
    state_->wake.notify_all();
}

int ArchiveFeed::tell_some(CorpId corp) {
    return state_->tell_some(corp);
}

int replay_untold(Transaction& archive, CorpId corp, int limit) {
    const auto parked = archive.all(
        "SELECT n FROM seen WHERE corp_id = ? AND reason <> '' ORDER BY n LIMIT ?",
        {corp, limit},
        [](const Row& row) { return row.integer(0); }
    );
    // Behind all others: the feed has passed their old numbers.
    auto last = archive.number("SELECT told_n FROM archive_pull WHERE corp_id = ?", {corp});
    for (const std::int64_t n : parked) {
        archive.execute(
            "UPDATE seen SET n = ?, reason = '' WHERE corp_id = ? AND n = ?", {++last, corp, n}
        );
    }
    archive.execute("UPDATE archive_pull SET told_n = ? WHERE corp_id = ?", {last, corp});
    return static_cast<int>(parked.size());
}

}  // namespace leadbridge::archive
