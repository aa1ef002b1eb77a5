#pragma once
// The table that the database tests write to, and an engine with its own thread.

#include <atomic>
#include <condition_variable>
#include <future>
#include <string>
#include <vector>

#include "base/change_log.h"
#include "base/crypto.h"
#include "tests/base/temp_database.h"

namespace leadbridge {

inline constexpr Migration note_migrations[] = {
    {1,
     "CREATE TABLE note(id INTEGER PRIMARY KEY, corp_id INTEGER NOT NULL, key BLOB NOT NULL, body "
     "BLOB NOT NULL);"
     "CREATE UNIQUE INDEX note_key ON note(corp_id, key);"},
};
inline const std::vector<RoomMigrations> note_room = {{"notes", note_migrations}};

inline constexpr AppendTable note_table{
    "note",
    "INSERT INTO note(id, corp_id, key, body) VALUES(?,?,?,?) ON CONFLICT(corp_id, key) DO NOTHING",
    "SELECT body FROM note WHERE corp_id = ? AND key = ?",
    1,
    2,
    3};

inline std::vector<char> chars(const std::string& text) {
    return {text.begin(), text.end()};
}

inline AppendRow note_row(std::int64_t id, const std::string& key, const std::string& body) {
    AppendRow row;
    row.table = &note_table;
    row.values = {id, std::int64_t{1}, chars(key), chars(body)};
    return row;
}

inline Result<bool> add_note(Transaction& tx, std::string_view key) {
    tx.execute("INSERT INTO note(corp_id, key, body) VALUES(1,?,'')", {Blob{key}});
    return true;
}

inline std::int64_t notes(Database& db) {
    return *db.read<std::int64_t>([](Snapshot& s) -> Result<std::int64_t> {
        return s.number("SELECT COUNT(*) FROM note");
    });
}

// Appends and waits for the outcome; nullopt when there was no place.
inline std::optional<AppendOutcome> append_now(Database& db, AppendRow row) {
    auto outcome = std::make_shared<std::promise<AppendOutcome>>();
    auto future = outcome->get_future();
    if (!db.append(std::move(row), [outcome](AppendOutcome o) { outcome->set_value(o); })) {
        return std::nullopt;
    }
    return future.get();
}

// Keeps the writer inside a write until it is opened: what comes meanwhile waits and then goes as
// one group.
class WriterGate {
public:
    explicit WriterGate(Database& db)
        : blocked_(std::async(std::launch::async, [this, &db] {
              auto done = db.write<bool>([this](Transaction&) -> Result<bool> {
                  inside_.set_value();
                  open_.get_future().wait();
                  return true;
              });
              return done.has_value();
          })) {
        inside_.get_future().wait();
    }

    ~WriterGate() { open(); }

    void open() {
        if (!opened_.exchange(true)) {
            open_.set_value();
            blocked_.wait();
        }
    }

private:
    std::promise<void> inside_;
    std::promise<void> open_;
    std::atomic<bool> opened_ = false;
    std::future<bool> blocked_;
};

}  // namespace leadbridge
