#include "archive/search_slice.h"

#include <algorithm>
#include <chrono>

#include "archive/media_detail.h"
#include "archive/message.h"
#include "archive/search_document.h"

namespace leadbridge::archive {

namespace {

constexpr int months = 12;

// Of a hole between two months, never theirs; of an open end, never before what is there.
int month_of(const StoredText& row, const MissingRange& range) {
    const int most = std::max(range.month, range.most_month);
    return std::clamp(month_at(id_time_ms(row.id)), range.month, most);
}

}  // namespace

int month_at(UnixMillis ms) {
    const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(ms)};
    const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(time)};
    return static_cast<int>(day.year()) * months +
           static_cast<int>(static_cast<unsigned>(day.month())) - 1;
}

StoredTexts read_texts(Snapshot& s, CorpId corp, const MissingRange& range, int limit) {
    StoredTexts texts;
    texts.newest = s.number("SELECT message_n FROM archive_pull WHERE corp_id = ?", {corp});
    texts.rows = s.all(
        "SELECT m.id, m.n, m.at_ms, m.conversation_id, m.body, CASE WHEN e.message_id IS NULL THEN "
        "0 ELSE 1 END"
        " FROM message m LEFT JOIN erasure e ON e.corp_id = m.corp_id AND e.message_id = m.id"
        " WHERE m.corp_id = ? AND m.n >= ? AND m.n <= ? ORDER BY m.n LIMIT ?",
        {corp, range.first, range.last, limit},
        [](const Row& row) {
            return StoredText{
                row.integer(0),
                row.integer(1),
                row.integer(2),
                row.integer(3),
                row.flag(5),
                std::string(row.blob(4))};
        }
    );
    return texts;
}

TokenSlice make_slice(
    const StoredTexts& texts,
    const MissingRange& range,
    int limit,
    int month_now,
    const std::function<Result<std::string>(const StoredText&)>& tokens
) {
    TokenSlice slice;
    slice.first = range.first;
    slice.month = texts.rows.empty()
                      ? std::clamp(month_now, range.month, std::max(range.month, range.most_month))
                      : month_of(texts.rows.front(), range);
    slice.oldest_ms = INT64_MAX;
    bool whole = texts.rows.size() < static_cast<std::size_t>(limit);
    MissingRange rest = range;
    rest.month = slice.month;
    for (const StoredText& row : texts.rows) {
        if (month_of(row, rest) != slice.month) {
            whole = false;
            break;
        }
        slice.last = row.n;
        slice.last_id = row.id;
        auto made = row.erased ? Error{ErrorCode::not_found, "to be erased"} : tokens(row);
        if (!made) {
            slice.skipped.push_back(row.n);
            continue;
        }
        slice.oldest_ms = std::min(slice.oldest_ms, row.at_ms);
        slice.newest_ms = std::max(slice.newest_ms, row.at_ms);
        slice.documents.push_back({row.n, std::move(*made)});
    }
    // Numbers at the end whose rows were deleted.
    const std::int64_t end = std::min(range.last, texts.newest);
    if (whole && end > slice.last) {
        slice.last = end;
        slice.last_id = 0;
    }
    return slice;
}

Result<std::string> tokens_of_row(
    CorpId corp, const StoredText& row, const Vault& vault, SearchKeys& keys
) {
    const auto raw = vault.open(corp, row.body, body_place(row.id));
    if (!raw) {
        return raw.error();
    }
    const auto message = parse_message(*raw);
    if (!message) {
        return message.error();
    }
    return document_tokens(*message, row.conversation_id, keys);
}

}  // namespace leadbridge::archive
