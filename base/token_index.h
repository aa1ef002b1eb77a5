#pragma once
// Documents found by their tokens: an index beside the data. It knows no text, only tokens that
// somebody else made, and can be made anew from the data at any time. One port, two engines (SQLite
// here).
//
// A document is named by its number: 1, 2, 3 ... within its corp, in the order in which they were
// committed. What is indexed of a corp is a set of ranges of numbers; missing() says where to go
// on.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace leadbridge {

// Whose documents, and a name of the key their tokens were made with: what was indexed with another
// key counts as missing.
struct TokenOwner {
    CorpId corp;
    std::string key;
};

struct TokenDocument {
    std::int64_t number = 0;
    std::string tokens;  // of [a-z0-9], separated by one space, each once
};

// Numbers [first, last] of one owner, indexed in one transaction. Those without a document count as
// indexed.
struct TokenSlice {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t last_id = 0;  // of the data's row at `last`: tells later whether it is still that
    int month = 0;  // year * 12 + month - 1 of arrival, UTC; never below that of a lower number
    UnixMillis oldest_ms = 0;  // of the documents, as window.from_ms, to_ms ask for it
    UnixMillis newest_ms = 0;
    std::vector<TokenDocument> documents;  // by number
    std::vector<std::int64_t> skipped;     // numbers that may be given to remove() all the same
};

struct TokenRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t last_id = 0;
    int month = 0;
};

struct MissingRange {
    std::int64_t first = 1;
    std::int64_t last = INT64_MAX;
    int month = 0;               // of the range before: a slice's may not be lower,
    int most_month = INT32_MAX;  // nor higher than this
};

// All of `all`, and of each list in `any` at least one. Both empty = every document.
struct TokenMatch {
    std::vector<std::string> all;
    std::vector<std::vector<std::string>> any;
};

struct TokenWindow {
    std::int64_t below = INT64_MAX;  // numbers smaller than this
    UnixMillis from_ms = 0;  // a hint: documents outside may be left out, those inside never
    UnixMillis to_ms = INT64_MAX;
    int limit = 100;
};

// find() and ranges() from any thread; all else from one thread. Everything throws DatabaseError.
class TokenIndex {
public:
    virtual ~TokenIndex() = default;

    // Numbers, highest first, at most window.limit. What is damaged is left out and noted for
    // mend().
    virtual std::vector<std::int64_t> find(
        const TokenOwner& owner, const TokenMatch& match, const TokenWindow& window
    ) = 0;
    // By number.
    virtual std::vector<TokenRange> ranges(const TokenOwner& owner) = 0;

    // The lowest numbers that are not indexed; always one, for what is yet to come.
    virtual MissingRange missing(const TokenOwner& owner) = 0;
    // The slice begins where missing() does.
    virtual void add(const TokenOwner& owner, const TokenSlice& slice) = 0;
    // `tokens` as they were indexed: others would leave the document findable. Once for each
    // number, however often it is called. Nothing when the number is not indexed.
    virtual void remove(
        const TokenOwner& owner, std::int64_t number, const std::string& tokens
    ) = 0;
    // Forgets the part of the index that holds this number, of whatever owner, so that it is made
    // anew.
    virtual void forget_part(const TokenOwner& owner, std::int64_t number) = 0;
    // Forgets what was found damaged or is no longer there. True when there was any.
    virtual bool mend() = 0;
    // Some work on the index's own order, for when nothing else is to do. True when more is left.
    virtual bool tidy() = 0;
    virtual std::int64_t size_bytes() = 0;
};

}  // namespace leadbridge
