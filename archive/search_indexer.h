#pragma once
// Keeps the search index behind the messages, on a thread of its own. Where it stands is told by
// the index itself, so that messages and cursor cannot part; nothing waits for it.

#include <functional>
#include <memory>

#include "archive/message_store.h"
#include "archive/puller.h"
#include "base/metrics.h"
#include "base/token_index.h"

namespace leadbridge::archive {

struct SearchIndexServices {
    Database& archive;
    Vault& vault;
    const Clock& clock;
    Metrics& metrics;
    TokenIndex& index;
};

class SearchIndexer {
public:
    static constexpr int slice_messages = 1'000;

    SearchIndexer(SearchIndexServices services, CorpList corps);
    ~SearchIndexer();  // stop()

    void start();
    void stop();
    void wake();  // any thread

    // What the thread does; for tests. Each the number of messages it got past. Throws
    // DatabaseError.
    int index_some(CorpId corp);
    int erase_some(CorpId corp);
    // Forgets what was indexed of an archive that is no longer there: it was restored to an older
    // state.
    void check(CorpId corp);

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Messages of the corp that the index does not know yet.
std::int64_t search_behind(Snapshot& archive, Vault& vault, TokenIndex& index, CorpId corp);

// The text of this message is to go: the index forgets it first. Its row in erasure says when
// (state 1); only then may the text be wiped. In archive.db.
void request_erasure(Transaction& archive, CorpId corp, MessageId message);

}  // namespace leadbridge::archive
