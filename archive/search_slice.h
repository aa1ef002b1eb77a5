#pragma once
// Stored messages on their way into the index. Internal to archive/search_indexer.

#include <functional>
#include <string>
#include <vector>

#include "archive/search_keys.h"
#include "base/database.h"
#include "base/token_index.h"
#include "base/vault.h"

namespace leadbridge::archive {

struct StoredText {
    std::int64_t id = 0;
    std::int64_t n = 0;
    UnixMillis at_ms = 0;
    std::int64_t conversation_id = 0;
    bool erased = false;
    std::string body;  // sealed
};

struct StoredTexts {
    std::vector<StoredText> rows;  // by n
    std::int64_t newest = 0;       // the corp's last number
};

StoredTexts read_texts(Snapshot& s, CorpId corp, const MissingRange& range, int limit);

// The rows of one month as a slice; rows.newest or range.last ends it where no row does.
// month_now: for numbers that have no row at all.
TokenSlice make_slice(
    const StoredTexts& texts,
    const MissingRange& range,
    int limit,
    int month_now,
    const std::function<Result<std::string>(const StoredText&)>& tokens
);

int month_at(UnixMillis ms);  // year * 12 + month - 1, UTC

// Error when the body does not open or is no message.
Result<std::string> tokens_of_row(
    CorpId corp, const StoredText& row, const Vault& vault, SearchKeys& keys
);

}  // namespace leadbridge::archive
