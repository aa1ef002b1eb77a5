#include "archive/reconcile.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "archive/schema.h"

namespace leadbridge::archive {

namespace {

constexpr int rows_at_once = 500;

template <class T>
T must(Result<T> result) {
    if (!result) {
        throw DatabaseError(result.error().message);
    }
    return std::move(*result);
}

struct Cursor {
    CorpId corp;
    std::int64_t n = 0;
};

// A cursor beyond the end would pass over the rows that come next under its numbers.
std::int64_t set_back_cursors(Database& archive, Database& core, const Clock& clock) {
    const auto cursors =
        must(core.read<std::vector<Cursor>>([](Snapshot& s) -> Result<std::vector<Cursor>> {
            return s.all(
                "SELECT corp_id, n FROM archive_feed_cursor ORDER BY corp_id",
                Params{},
                [](const Row& row) {
                    return Cursor{row.id<CorpId>(0), row.integer(1)};
                }
            );
        }));
    std::int64_t moved = 0;
    for (const Cursor& cursor : cursors) {
        const auto end = must(archive.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return s.number("SELECT told_n FROM archive_pull WHERE corp_id = ?", {cursor.corp});
        }));
        if (cursor.n > end) {
            moved += must(core.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
                return tx.execute(
                    "UPDATE archive_feed_cursor SET n = ?, ms = ? WHERE corp_id = ? AND n > ?",
                    {end, clock.now(), cursor.corp, end}
                );
            }));
        }
    }
    return moved;
}

struct StoredFile {
    std::int64_t id = 0;
    CorpId corp;
    std::string hash;
};

std::vector<StoredFile> stored_files(Database& archive, std::int64_t after) {
    return must(
        archive.read<std::vector<StoredFile>>([&](Snapshot& s) -> Result<std::vector<StoredFile>> {
            return s.all(
                "SELECT id, corp_id, blob_hash FROM media WHERE id > ? AND state = ? ORDER BY id "
                "LIMIT ?",
                {after, MediaState::stored, rows_at_once},
                [](const Row& row) {
                    return StoredFile{row.integer(0), row.id<CorpId>(1), row.str(2)};
                }
            );
        })
    );
}

// Upstream keeps files for five days: what is younger comes back, the rest becomes lost.
std::int64_t fetch_missing(Database& archive, BlobStore& blobs) {
    std::int64_t missing = 0;
    std::int64_t last = 0;
    for (auto files = stored_files(archive, last); !files.empty();
         files = stored_files(archive, last)) {
        last = files.back().id;
        std::erase_if(files, [&](const StoredFile& file) {
            return blobs.exists(file.corp, file.hash);
        });
        if (files.empty()) {
            continue;
        }
        missing += must(archive.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
            std::int64_t changed = 0;
            for (const StoredFile& file : files) {
                changed += tx.execute(
                    "UPDATE media SET state = ?, tries = 0, next_ms = 0, next_index = '', received "
                    "= 0, blob_hash = '', blob_size = 0, reason = 'not in the backup' WHERE "
                    "corp_id = ? AND id = ? AND state = ?",
                    {MediaState::waiting, file.corp, file.id, MediaState::stored}
                );
            }
            return changed;
        }));
    }
    return missing;
}

}  // namespace

Reconciled reconcile(Database& archive, Database& core, BlobStore& blobs, const Clock& clock) {
    Reconciled out;
    out.cursors_set_back = set_back_cursors(archive, core, clock);
    out.media_to_fetch = fetch_missing(archive, blobs);
    return out;
}

}  // namespace leadbridge::archive
