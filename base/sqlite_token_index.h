#pragma once
// The token index on SQLite: one file fts-YYYYMM.db for each month of arrival, beside the
// databases. A file has one writing connection, of the thread that adds; readers are opened on
// demand, a few at a time. A file that is damaged, of another format or gone is made anew from the
// data.

#include <memory>
#include <string>

#include "base/sqlite_database.h"
#include "base/token_index.h"

namespace leadbridge {

struct SqliteTokenOptions {
    std::string folder;
    std::string format = "1";  // how tokens are made: files of another format are made anew
    std::size_t idle_readers = 4;
    std::int64_t read_limit_ms = 5'000;
    SqliteDurability durability = SqliteDurability::full;
};

// The caller holds DataDirLock.
std::unique_ptr<TokenIndex> open_sqlite_token_index(const SqliteTokenOptions& options);

}  // namespace leadbridge
