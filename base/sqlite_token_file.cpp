#include "base/sqlite_token_file.h"

#include <algorithm>
#include <cassert>

namespace leadbridge {

namespace {

constexpr int slot_shift = 40;
constexpr std::int64_t most_number = (std::int64_t{1} << slot_shift) - 1;
constexpr std::int64_t chunk_numbers = 1'000;
constexpr std::int64_t merge_pages = 500;

constexpr const char* schema = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE part(
    slot INTEGER PRIMARY KEY AUTOINCREMENT,
    corp_id INTEGER NOT NULL UNIQUE,
    key TEXT NOT NULL,
    first_n INTEGER NOT NULL,
    last_n INTEGER NOT NULL,
    last_id INTEGER NOT NULL);
CREATE TABLE chunk(
    slot INTEGER NOT NULL,
    first_n INTEGER NOT NULL,
    last_n INTEGER NOT NULL,
    oldest_ms INTEGER NOT NULL,
    newest_ms INTEGER NOT NULL,
    PRIMARY KEY(slot, first_n)) WITHOUT ROWID;
CREATE TABLE gone(doc INTEGER PRIMARY KEY);
CREATE VIRTUAL TABLE doc USING fts5(t, content='', detail=none, columnsize=0, tokenize='ascii');
)sql";

// All or nothing; a connection in trouble cannot even roll back, its file is opened anew.
template <class F>
void in_transaction(SqliteConnection& c, F fn) {
    c.script("BEGIN IMMEDIATE");
    try {
        fn();
        c.script("COMMIT");
    } catch (...) {
        if (c.in_transaction() && !c.troubled()) {
            c.script("ROLLBACK");
        }
        throw;
    }
}

std::int64_t doc_of(std::int64_t slot, std::int64_t number) {
    assert(number > 0 && number <= most_number);
    return slot << slot_shift | number;
}

template <class F>
void each(SqliteConnection& c, std::string_view sql, std::vector<Param> params, F fn) {
    c.each(sql, Params{params}, [&](const Row& row) {
        fn(row);
        return Visit::next;
    });
}

// How far the segments are merged: "" | "merging" | "merged".
void set_order(SqliteConnection& c, std::string_view order) {
    c.execute("UPDATE meta SET value = ? WHERE name = 'order' AND value <> ?", {order, order});
}

TokenPart read_part(const Row& row) {
    return {row.integer(0), row.str(1), row.integer(2), row.integer(3), row.integer(4)};
}

// The owner's part, made where it is missing or belongs to another key.
TokenPart open_part(SqliteConnection& c, const TokenOwner& owner, std::int64_t first) {
    TokenPart part;
    each(
        c,
        "SELECT slot, key, first_n, last_n, last_id FROM part WHERE corp_id = ?",
        {owner.corp},
        [&](const Row& row) { part = read_part(row); }
    );
    if (part.slot != 0 && part.key == owner.key) {
        return part;
    }
    c.execute("DELETE FROM part WHERE corp_id = ?", {owner.corp});
    c.execute(
        "INSERT INTO part(corp_id, key, first_n, last_n, last_id) VALUES(?, ?, ?, ?, 0)",
        {owner.corp, owner.key, first, first - 1}
    );
    part.slot = c.number("SELECT last_insert_rowid()");
    part.key = owner.key;
    part.first = first;
    part.last = first - 1;
    return part;
}

// When documents were said, per thousand numbers: what a time range need not look at.
void add_chunk(SqliteConnection& c, const TokenPart& part, const TokenSlice& slice) {
    const auto grown = c.execute(
        "UPDATE chunk SET last_n = ?, oldest_ms = MIN(oldest_ms, ?), newest_ms = MAX(newest_ms, ?) "
        "WHERE slot = ?"
        " AND first_n = (SELECT MAX(first_n) FROM chunk WHERE slot = ?) AND ? - first_n < ?",
        {slice.last,
         slice.oldest_ms,
         slice.newest_ms,
         part.slot,
         part.slot,
         slice.last,
         chunk_numbers}
    );
    if (grown == 0) {
        c.execute(
            "INSERT INTO chunk(slot, first_n, last_n, oldest_ms, newest_ms) VALUES(?, ?, ?, ?, ?)",
            {part.slot, slice.first, slice.last, slice.oldest_ms, slice.newest_ms}
        );
    }
}

std::string expression(const TokenMatch& match) {
    std::string out;
    const auto also = [&](const std::string& text) { out += (out.empty() ? "" : " AND ") + text; };
    for (const std::string& token : match.all) {
        also(token);
    }
    for (const auto& choices : match.any) {
        std::string either;
        for (const std::string& token : choices) {
            either += (either.empty() ? "" : " OR ") + token;
        }
        also("(" + either + ")");
    }
    return out;
}

struct Numbers {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

// The part of the file that the window may meet.
Numbers numbers_in(SqliteConnection& c, const TokenPart& part, const TokenWindow& window) {
    Numbers numbers{part.first, std::min(part.last, window.below - 1)};
    if (window.from_ms <= 0 && window.to_ms == INT64_MAX) {
        return numbers;
    }
    each(
        c,
        "SELECT COALESCE(MIN(first_n), 0), COALESCE(MAX(last_n), 0) FROM chunk WHERE slot = ? AND "
        "newest_ms >= ? AND oldest_ms <= ?",
        {part.slot, window.from_ms, window.to_ms},
        [&](const Row& row) {
            numbers.first = std::max(numbers.first, row.integer(0));
            numbers.last = std::min(numbers.last, row.integer(1));
        }
    );
    return numbers;
}

}  // namespace

void make_token_file(SqliteConnection& c, const std::string& format) {
    in_transaction(c, [&] {
        c.script(schema);
        c.execute("INSERT INTO meta(name, value) VALUES('format', ?), ('order', '')", {format});
    });
}

Result<TokenParts> read_token_file(SqliteConnection& c, const std::string& format) {
    if (c.number("SELECT COUNT(*) FROM sqlite_master WHERE name = 'meta'") == 0 ||
        c.word("SELECT value FROM meta WHERE name = 'format'") != format) {
        return Error{ErrorCode::corrupt, "an index file of another format"};
    }
    TokenParts parts;
    each(
        c,
        "SELECT slot, key, first_n, last_n, last_id, corp_id FROM part",
        {},
        [&](const Row& row) { parts.insert_or_assign(row.id<CorpId>(5), read_part(row)); }
    );
    return parts;
}

TokenPart add_token_slice(SqliteConnection& c, const TokenOwner& owner, const TokenSlice& slice) {
    TokenPart part;
    in_transaction(c, [&] {
        part = open_part(c, owner, slice.first);
        assert(slice.first == part.last + 1 && slice.last >= slice.first);
        for (const TokenDocument& document : slice.documents) {
            c.execute(
                "INSERT INTO doc(rowid, t) VALUES(?, ?)",
                {doc_of(part.slot, document.number), document.tokens}
            );
        }
        for (const std::int64_t number : slice.skipped) {
            c.execute("INSERT INTO gone(doc) VALUES(?)", {doc_of(part.slot, number)});
        }
        if (!slice.documents.empty()) {
            add_chunk(c, part, slice);
        }
        set_order(c, "");
        part.last = slice.last;
        part.last_id = slice.last_id;
        c.execute(
            "UPDATE part SET last_n = ?, last_id = ? WHERE slot = ?",
            {part.last, part.last_id, part.slot}
        );
    });
    return part;
}

void remove_token_document(
    SqliteConnection& c, const TokenPart& part, std::int64_t number, const std::string& tokens
) {
    const std::int64_t doc = doc_of(part.slot, number);
    in_transaction(c, [&] {
        bool gone = false;
        each(c, "SELECT 1 FROM gone WHERE doc = ?", {doc}, [&](const Row&) { gone = true; });
        if (gone) {
            return;
        }
        c.execute("INSERT INTO doc(doc, rowid, t) VALUES('delete', ?, ?)", {doc, tokens});
        c.execute("INSERT INTO gone(doc) VALUES(?)", {doc});
        set_order(c, "");
    });
}

bool tidy_token_file(SqliteConnection& c) {
    const std::string order = c.word("SELECT value FROM meta WHERE name = 'order'");
    if (order == "merged") {
        return false;
    }
    in_transaction(c, [&] {
        // A negative number takes all segments into the merge; then positive ones carry it on.
        const bool begun = order == "merging";
        const std::int64_t before = c.number("SELECT total_changes()");
        c.execute(
            "INSERT INTO doc(doc, rank) VALUES('merge', ?)", {begun ? merge_pages : -merge_pages}
        );
        // One change is the command's own (sqlite.org/fts5.html, 6.8).
        const bool changed = c.number("SELECT total_changes()") - before >= 2;
        set_order(c, begun && !changed ? "merged" : "merging");
    });
    return true;
}

std::vector<std::int64_t> find_in_token_file(
    SqliteConnection& c, const TokenPart& part, const TokenMatch& match, const TokenWindow& window
) {
    std::vector<std::int64_t> found;
    const Numbers numbers = numbers_in(c, part, window);
    if (numbers.last < numbers.first) {
        return found;
    }
    const std::string query = expression(match);
    if (query.empty()) {
        for (std::int64_t n = numbers.last;
             n >= numbers.first && found.size() < static_cast<std::size_t>(window.limit);
             --n) {
            found.push_back(n);
        }
        return found;
    }
    each(
        c,
        "SELECT rowid FROM doc WHERE doc MATCH ? AND rowid <= ? AND rowid >= ? ORDER BY rowid DESC "
        "LIMIT ?",
        {query, doc_of(part.slot, numbers.last), doc_of(part.slot, numbers.first), window.limit},
        [&](const Row& row) { found.push_back(row.integer(0) & most_number); }
    );
    return found;
}

}  // namespace leadbridge
