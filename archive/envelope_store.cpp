#include "archive/envelope_store.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "base/log.h"

namespace leadbridge::archive {

namespace {

constexpr std::size_t slice_rows = 200;
constexpr std::int64_t hour_ms = 3'600'000;
// Upstream keeps five days: after a pause of nearly that long a jump in seq means messages that
// were never seen.
constexpr std::int64_t lost_after_ms = 5 * 24 * hour_ms - hour_ms;

std::string aad(std::int64_t seq) {
    return "envelope:" + std::to_string(seq);
}

// msgid and random key with their lengths in front, then the message.
std::string pack(const PulledMessage& m) {
    const auto sized = [](const std::string& text) {
        return std::to_string(text.size()) + ":" + text;
    };
    return sized(m.msgid) + sized(m.random_key) + m.message;
}

std::optional<std::string> take_sized(std::string_view& bytes) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), size);
    const auto digits = static_cast<std::size_t>(end - bytes.data());
    if (error != std::errc{} || digits >= bytes.size() || *end != ':' ||
        bytes.size() - digits - 1 < size) {
        return std::nullopt;
    }
    std::string text(bytes.substr(digits + 1, size));
    bytes.remove_prefix(digits + 1 + size);
    return text;
}

bool unpack(std::string_view bytes, PulledMessage& m) {
    auto msgid = take_sized(bytes);
    auto random_key = msgid ? take_sized(bytes) : std::nullopt;
    if (!random_key) {
        return false;
    }
    m.msgid = std::move(*msgid);
    m.random_key = std::move(*random_key);
    m.message = bytes;
    return true;
}

void record_gap(
    Transaction& tx,
    CorpId corp,
    std::int64_t id,
    const PullState& before,
    std::int64_t first_seq,
    UnixMillis now
) {
    const bool lost = now - before.pulled_ms > lost_after_ms;
    tx.execute(
        "INSERT INTO archive_gap(id, corp_id, expected_seq, first_seq, lost, found_ms) VALUES(?, "
        "?, ?, ?, ?, ?)",
        {id, corp, before.seq + 1, first_seq, lost ? 1 : 0, now}
    );
}

}  // namespace

PullState EnvelopeStore::state(CorpId corp) {
    auto found = archive_.read<PullState>([&](Snapshot& s) -> Result<PullState> {
        auto row = s.one(
            "SELECT seq, pulled_ms, caught_up_ms FROM archive_pull WHERE corp_id = ?",
            {corp},
            [](const Row& r) {
                return PullState{r.integer(0), r.integer(1), r.integer(2)};
            }
        );
        return row.value_or(PullState{});
    });
    return found.value_or(PullState{});
}

Result<std::vector<Envelope>> EnvelopeStore::store(
    CorpId corp, const PullState& before, const PulledPage& page
) {
    std::vector<Envelope> stored;
    for (std::size_t at = 0; at < page.messages.size(); at += slice_rows) {
        const auto begin = page.messages.begin() + static_cast<std::ptrdiff_t>(at);
        const auto count = std::min(slice_rows, page.messages.size() - at);
        const std::vector<PulledMessage> slice(begin, begin + static_cast<std::ptrdiff_t>(count));
        auto done = store_slice(corp, before, slice, at == 0);
        if (!done) {
            return std::move(done).error();
        }
        std::ranges::move(*done, std::back_inserter(stored));
    }
    return stored;
}

Result<std::vector<Envelope>> EnvelopeStore::store_slice(
    CorpId corp, const PullState& before, const std::vector<PulledMessage>& slice, bool first
) {
    struct Sealed {
        std::int64_t id;
        std::string bytes;
    };

    std::vector<Sealed> sealed;
    for (const PulledMessage& m : slice) {
        sealed.push_back({ids_.next(), vault_.seal(corp, pack(m), aad(m.seq))});
    }
    const std::int64_t gap_id = ids_.next();
    const UnixMillis now = clock_.now();
    return archive_.write<
        std::vector<Envelope>>([&](Transaction& tx) -> Result<std::vector<Envelope>> {
        std::vector<Envelope> fresh;
        for (std::size_t i = 0; i < slice.size(); ++i) {
            const auto n = tx.execute(
                "INSERT INTO envelope(id, corp_id, seq, key_version, state, received_ms, bytes) "
                "VALUES(?, ?, ?, ?, 0, ?, ?)"
                " ON CONFLICT(corp_id, seq) DO NOTHING",
                {sealed[i].id, corp, slice[i].seq, slice[i].key_version, now, Blob{sealed[i].bytes}}
            );
            if (n > 0) {
                fresh.push_back({sealed[i].id, 0, slice[i]});
            }
        }
        if (first && before.seq > 0 && slice.front().seq > before.seq + 1) {
            record_gap(tx, corp, gap_id, before, slice.front().seq, now);
        }
        tx.execute(
            "INSERT INTO archive_pull(corp_id, seq, pulled_ms) VALUES(?, ?, ?) ON "
            "CONFLICT(corp_id) DO UPDATE SET"
            " seq = CASE WHEN excluded.seq > archive_pull.seq THEN excluded.seq ELSE "
            "archive_pull.seq END,"
            " pulled_ms = excluded.pulled_ms",
            {corp, slice.back().seq, now}
        );
        return fresh;
    });
}

void EnvelopeStore::caught_up(CorpId corp, UnixMillis now) {
    auto done = archive_.write<bool>([&](Transaction& tx) -> Result<bool> {
        tx.execute(
            "INSERT INTO archive_pull(corp_id, pulled_ms, caught_up_ms) VALUES(?, ?, ?) ON "
            "CONFLICT(corp_id) DO UPDATE SET"
            " pulled_ms = excluded.pulled_ms, caught_up_ms = excluded.caught_up_ms",
            {corp, now, now}
        );
        return true;
    });
    if (!done) {
        log::warn(
            "archive",
            "the pull time was not noted",
            {{"corp", corp}, {"why", done.error().message}}
        );
    }
}

Result<std::vector<Envelope>> EnvelopeStore::due(CorpId corp, UnixMillis now, int limit) {
    std::vector<EnvelopeTrouble> broken;
    auto found =
        archive_.read<std::vector<Envelope>>([&](Snapshot& s) -> Result<std::vector<Envelope>> {
            std::vector<Envelope> list;
            s.each(
                "SELECT id, seq, key_version, tries, bytes FROM envelope WHERE corp_id = ? AND "
                "state IN (0, 3) AND next_ms <= ?"
                " ORDER BY seq LIMIT ?",
                {corp, now, limit},
                [&](const Row& row) {
                    Envelope e{row.integer(0), static_cast<int>(row.integer(3)), {}};
                    e.message.seq = row.integer(1);
                    e.message.key_version = static_cast<int>(row.integer(2));
                    auto bytes = vault_.open(corp, row.blob(4), aad(e.message.seq));
                    if (bytes && unpack(*bytes, e.message)) {
                        list.push_back(std::move(e));
                    } else {
                        broken.push_back({e.id, EnvelopeState::poison, e.tries, 0, "unsealable"});
                    }
                    return Visit::next;
                }
            );
            return list;
        });
    if (auto marked = mark(corp, broken); !marked) {
        return std::move(marked).error();
    }
    return found;
}

Status EnvelopeStore::mark(CorpId corp, const std::vector<EnvelopeTrouble>& troubles) {
    for (std::size_t at = 0; at < troubles.size(); at += slice_rows) {
        const auto slice =
            std::span(troubles).subspan(at, std::min(slice_rows, troubles.size() - at));
        auto done = archive_.write<bool>([&](Transaction& tx) -> Result<bool> {
            for (const EnvelopeTrouble& t : slice) {
                tx.execute(
                    "UPDATE envelope SET state = ?, tries = ?, next_ms = ?, reason = ? WHERE "
                    "corp_id = ? AND id = ?",
                    {t.state, t.tries, t.next_ms, t.reason, corp, t.id}
                );
            }
            return true;
        });
        if (!done) {
            return std::move(done).error();
        }
    }
    return {};
}

// In slices: there may be many.
Status EnvelopeStore::retry(CorpId corp, Retry which) {
    const int other = which == Retry::all ? static_cast<int>(EnvelopeState::poison)
                                          : static_cast<int>(EnvelopeState::waiting_key);
    for (;;) {
        auto done = archive_.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
            return tx.execute(
                "UPDATE envelope SET state = 3, next_ms = 0, tries = 0 WHERE corp_id = ? AND id IN "
                "(SELECT id FROM envelope"
                " WHERE corp_id = ? AND state IN (2, ?) ORDER BY seq LIMIT ?)",
                {corp, corp, other, slice_rows}
            );
        });
        if (!done) {
            return std::move(done).error();
        }
        if (*done < static_cast<std::int64_t>(slice_rows)) {
            break;
        }
    }
    if (which == Retry::waiting_for_key) {
        return {};
    }
    auto done = archive_.write<bool>([&](Transaction& tx) -> Result<bool> {
        tx.execute("UPDATE envelope SET next_ms = 0 WHERE corp_id = ? AND state = 3", {corp});
        return true;
    });
    return done ? Status{} : Status{std::move(done).error()};
}

}  // namespace leadbridge::archive
