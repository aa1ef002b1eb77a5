#pragma once
// One file of the token index: FTS5 without content, and what it holds of whom. Private to the
// engine; a connection is used by one thread at a time.
//
// The row id of a document is slot << 40 | number: a slot is one owner's part of the file and is
// never used again, so what another key left behind is not met.

#include <map>
#include <string>
#include <vector>

#include "base/sqlite_connection.h"
#include "base/token_index.h"

namespace leadbridge {

struct TokenPart {
    std::int64_t slot = 0;
    std::string key;
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t last_id = 0;
};

using TokenParts = std::map<CorpId, TokenPart>;

// Makes the tables of a new file.
void make_token_file(SqliteConnection& c, const std::string& format);
// Error{corrupt} when the file is not one of this format. Throws DatabaseError.
Result<TokenParts> read_token_file(SqliteConnection& c, const std::string& format);

// In one transaction; the part as it is afterwards. Throws DatabaseError, and nothing was done.
TokenPart add_token_slice(SqliteConnection& c, const TokenOwner& owner, const TokenSlice& slice);
void remove_token_document(
    SqliteConnection& c, const TokenPart& part, std::int64_t number, const std::string& tokens
);
// Merges some segments; true when there was something to merge.
bool tidy_token_file(SqliteConnection& c);

std::vector<std::int64_t> find_in_token_file(
    SqliteConnection& c, const TokenPart& part, const TokenMatch& match, const TokenWindow& window
);

}  // namespace leadbridge
