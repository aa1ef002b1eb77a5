#include "archive/search_indexer.h"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "archive/search_document.h"
#include "archive/search_slice.h"
#include "base/guarded.h"
#include "base/log.h"

namespace leadbridge::archive {

namespace {

constexpr std::int64_t look_every_ms = 1'000;
constexpr int erased_at_once = 100;
constexpr std::size_t remembered_tokens = 1 << 16;
constexpr std::size_t most_keys = 8;  // corps whose made tokens are remembered

struct Erasure {
    StoredText row;
    bool there = false;
};

std::vector<Erasure> read_erasures(Snapshot& s, CorpId corp) {
    return s.all(
        "SELECT e.message_id, e.message_n, m.conversation_id, m.body, m.id FROM erasure e LEFT "
        "JOIN message m ON m.corp_id = e.corp_id AND m.id = e.message_id"
        " WHERE e.corp_id = ? AND e.state = 0 ORDER BY e.message_n LIMIT ?",
        {corp, erased_at_once},
        [](const Row& row) {
            Erasure erasure;
            erasure.row.id = row.integer(0);
            erasure.row.n = row.integer(1);
            erasure.row.conversation_id = row.integer(2);
            erasure.row.body = std::string(row.blob(3));
            erasure.there = !row.null(4);
            return erasure;
        }
    );
}

struct Ahead {
    CorpId corp;
    TokenSlice slice;
};

template <class T>
T value_or_throw(Result<T> result) {
    if (!result) {
        throw DatabaseError(result.error().message);
    }
    return std::move(*result);
}

}  // namespace

struct SearchIndexer::State {
    SearchIndexServices services;
    const CorpList corps;
    Counter& indexed_total;
    Counter& skipped_total;
    Gauge& behind;
    Gauge& bytes;

    struct Shared {
        bool stopping = false;
        bool woken = false;
    };

    Guarded<Shared> shared;
    std::condition_variable wake;
    std::thread thread;

    // Of the thread.
    std::map<CorpId, SearchKeys> keys;
    std::set<CorpId> checked;
    std::optional<Ahead> ahead;  // the slice to be written next

    SearchKeys& keys_of(CorpId corp) {
        if (keys.size() >= most_keys && !keys.contains(corp)) {
            keys.clear();
        }
        const auto known = keys.find(corp);
        return known != keys.end()
                   ? known->second
                   : keys.emplace(corp, search_keys(services.vault, corp, remembered_tokens))
                         .first->second;
    }

    // The next slice of the range; nullopt when there is nothing to index in it.
    std::optional<Ahead> prepare(CorpId corp, const MissingRange& range, SearchKeys& k) {
        const StoredTexts texts = value_or_throw(
            services.archive.read<StoredTexts>([&](Snapshot& s) -> Result<StoredTexts> {
                return read_texts(s, corp, range, slice_messages);
            })
        );
        if (std::min(range.last, texts.newest) < range.first) {
            return std::nullopt;
        }
        const int month = month_at(services.clock.now());
        return Ahead{
            corp, make_slice(texts, range, slice_messages, month, [&](const StoredText& row) {
                return tokens_of_row(corp, row, services.vault, k);
            })};
    }

    // While a slice is written, the next one is cut: both cost about the same.
    int index_some(CorpId corp) {
        SearchKeys& k = keys_of(corp);
        const TokenOwner owner = token_owner(corp, k);
        MissingRange range = services.index.missing(owner);
        auto now = std::exchange(ahead, std::nullopt);
        if (!now || now->corp != corp || now->slice.first != range.first ||
            now->slice.last > range.last) {
            now = prepare(corp, range, k);
        }
        if (!now) {
            return 0;
        }
        const TokenSlice& slice = now->slice;
        range.first = slice.last + 1;
        range.month = slice.month;
        const bool full =
            slice.last - slice.first + 1 >= slice_messages && range.first <= range.last;
        std::future<std::optional<Ahead>> next;
        if (full) {
            next = std::async(std::launch::async, [&] { return prepare(corp, range, k); });
        }
        services.index.add(owner, slice);  // next is waited for whatever comes of it
        indexed_total.add(static_cast<double>(slice.documents.size()));
        skipped_total.add(static_cast<double>(slice.skipped.size()));
        ahead = full ? next.get() : std::nullopt;
        return static_cast<int>(slice.last - slice.first + 1);
    }

    // Index first, then the row that says so: a crash in between repeats the first, which is
    // harmless.
    int erase_some(CorpId corp) {
        SearchKeys& k = keys_of(corp);
        const TokenOwner owner = token_owner(corp, k);
        const auto erasures = value_or_throw(services.archive.read<std::vector<Erasure>>(
            [&](Snapshot& s) -> Result<std::vector<Erasure>> { return read_erasures(s, corp); }
        ));
        for (const Erasure& erasure : erasures) {
            if (!erasure.there) {
                continue;
            }
            if (const auto tokens = tokens_of_row(corp, erasure.row, services.vault, k)) {
                services.index.remove(owner, erasure.row.n, *tokens);
            } else {
                // What was indexed is no longer known.
                services.index.forget_part(owner, erasure.row.n);
            }
        }
        if (erasures.empty()) {
            return 0;
        }
        ahead.reset();  // cut before these were asked for
        (void)value_or_throw(services.archive.write<bool>([&](Transaction& tx) -> Result<bool> {
            for (const Erasure& erasure : erasures) {
                tx.execute(
                    "UPDATE erasure SET state = 1 WHERE corp_id = ? AND message_id = ?",
                    {corp, erasure.row.id}
                );
            }
            return true;
        }));
        return static_cast<int>(erasures.size());
    }

    void check(CorpId corp) {
        const TokenOwner owner = token_owner(corp, keys_of(corp));
        for (const TokenRange& range : services.index.ranges(owner)) {
            const bool still =
                value_or_throw(services.archive.read<bool>([&](Snapshot& s) -> Result<bool> {
                    const auto newest =
                        s.number("SELECT message_n FROM archive_pull WHERE corp_id = ?", {corp});
                    const auto id = s.number(
                        "SELECT id FROM message WHERE corp_id = ? AND n = ?", {corp, range.last}
                    );
                    return range.last <= newest &&
                           (id == 0 || range.last_id == 0 || id == range.last_id);
                }));
            if (!still) {
                log::warn(
                    "search",
                    "the archive is older than its index: that part is made anew",
                    {{"corp", corp}, {"n", range.last}}
                );
                services.index.forget_part(owner, range.last);
            }
        }
        checked.insert(corp);
    }

    bool stopping() { return shared.lock()->stopping; }

    // True when there is more to do at once.
    bool work() {
        bool more = services.index.mend();
        std::int64_t left = 0;
        for (const auto& corp : corps()) {
            if (stopping()) {
                return false;
            }
            if (!checked.contains(corp->id)) {
                check(corp->id);
            }
            more = erase_some(corp->id) > 0 || more;
            more = index_some(corp->id) > 0 || more;
            left += value_or_throw(
                services.archive.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
                    return search_behind(s, services.vault, services.index, corp->id);
                })
            );
        }
        behind.set(static_cast<double>(left));
        bytes.set(static_cast<double>(services.index.size_bytes()));
        return more || services.index.tidy();
    }

    void run() {
        for (;;) {
            bool more = false;
            try {
                more = work();
            } catch (const std::exception& e) {
                log::error("search", "messages could not be indexed", {{"why", e.what()}});
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

SearchIndexer::SearchIndexer(SearchIndexServices services, CorpList corps)
    : state_(new State{
          services,
          std::move(corps),
          services.metrics.counter(
              "leadbridge_search_indexed_total", "Messages put into the search index"
          ),
          services.metrics.counter(
              "leadbridge_search_skipped_total", "Messages the search index left out: not readable"
          ),
          services.metrics.gauge(
              "leadbridge_search_behind_messages", "Stored messages the search does not know yet"
          ),
          services.metrics.gauge("leadbridge_search_index_bytes", "Size of the search index"),
          {},
          {},
          {},
          {},
          {},
          {}}) {}

SearchIndexer::~SearchIndexer() {
    stop();
}

void SearchIndexer::start() {
    state_->thread = std::thread([state = state_.get()] { state->run(); });
}

void SearchIndexer::stop() {
    state_->shared.lock()->stopping = true;
    state_->wake.notify_all();
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
}

void SearchIndexer::wake() {
    state_->shared.lock()->woken = true;
    state_->wake.notify_all();
}

int SearchIndexer::index_some(CorpId corp) {
    return state_->index_some(corp);
}

int SearchIndexer::erase_some(CorpId corp) {
    return state_->erase_some(corp);
}

void SearchIndexer::check(CorpId corp) {
    state_->check(corp);
}

std::int64_t search_behind(Snapshot& archive, Vault& vault, TokenIndex& index, CorpId corp) {
    const auto newest =
        archive.number("SELECT message_n FROM archive_pull WHERE corp_id = ?", {corp});
    std::int64_t known = 0;
    for (const TokenRange& range : index.ranges(token_owner(corp, search_keys(vault, corp)))) {
        known += std::max<std::int64_t>(0, std::min(range.last, newest) - range.first + 1);
    }
    return std::max<std::int64_t>(0, newest - known);
}

void request_erasure(Transaction& archive, CorpId corp, MessageId message) {
    archive.execute(
        "INSERT INTO erasure(corp_id, message_id, message_n) SELECT corp_id, id, n FROM message "
        "WHERE corp_id = ? AND id = ? ON CONFLICT(corp_id, message_id) DO NOTHING",
        {corp, message}
    );
}

}  // namespace leadbridge::archive
