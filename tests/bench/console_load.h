#pragma once
// The parts of console_load, in the order they run.

#include <cstdint>
#include <string>
#include <vector>

#include "base/database.h"
#include "base/id.h"
#include "base/vault.h"
#include "tests/bench/console_plan.h"

namespace leadbridge::bench {

struct Load {
    const Plan& plan;
    Database& core;
    Database& archive;
    Vault& vault;
    StoryClock& clock;
    IdSource& ids;          // of core
    IdSource& archive_ids;  // its story ends before that of core begins again
    CorpId corp = {};
    std::vector<std::int64_t> member_ids = {};
    std::vector<std::int64_t> tag_ids = {};  // WeCom's first, then our own
    std::vector<std::int64_t> channel_ids = {};
    std::vector<Chat> chats = {};  // by contact
};

inline std::string tag_wecom_id(std::int64_t tag) {
    return "etbench" + std::to_string(1'000 + tag);
}

template <class F>
void write(Database& db, F fn) {
    const Result<bool> done = db.write<bool>([&](Transaction& tx) -> Result<bool> {
        fn(tx);
        return true;
    });
    if (!done) {
        throw DatabaseError(done.error().message);
    }
}

// The indexes of these tables are dropped and made again by restore(), sorted rather than row by
// row; those to keep and primary keys stay.
class IndexesAside {
public:
    IndexesAside(
        Database& db, const std::vector<std::string>& tables, const std::vector<std::string>& keep
    );
    void restore();

private:
    Database& db_;
    std::vector<std::string> statements_;
};

// Of the log of changes only the newest is kept, as the daemon does with the time.
void trim_log(Database& db);

void load_company(Load& load);  // corp, members, tags, channels, sources, segments
void load_messages(Load& load);
void load_people(Load& load);
void load_push(Load& load);  // one, to every tenth

}  // namespace leadbridge::bench
