#include "connectors/wecom/lost_files.h"

#include <string>
#include <vector>

namespace leadbridge::wecom {

namespace {

constexpr int rows_at_once = 500;
constexpr std::string_view what_to_do =
    "the file was not in the backup that was restored: add it again";

struct OurFile {
    std::int64_t id = 0;
    CorpId corp;
    std::string hash;
};

std::vector<OurFile> files_after(Snapshot& s, std::int64_t last) {
    return s.all(
        "SELECT id, corp_id, blob_hash FROM media WHERE id > ? ORDER BY id LIMIT ?",
        {last, rows_at_once},
        [](const Row& row) {
            return OurFile{row.integer(0), row.id<CorpId>(1), row.str(2)};
        }
    );
}

}  // namespace

std::int64_t mark_lost_files(Database& core, BlobStore& blobs) {
    std::int64_t marked = 0;
    for (std::int64_t last = 0;;) {
        auto files = core.read<std::vector<OurFile>>(
                             [&](Snapshot& s) -> Result<std::vector<OurFile>> {
                                 return files_after(s, last);
                             }
        ).value();
        if (files.empty()) {
            return marked;
        }
        last = files.back().id;
        std::erase_if(files, [&](const OurFile& file) {
            return blobs.exists(file.corp, file.hash);
        });
        auto done = core.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
            std::int64_t changed = 0;
            for (const OurFile& file : files) {
                changed += tx.execute(
                    "UPDATE media SET error = ? WHERE corp_id = ? AND id = ? AND error <> ?",
                    {what_to_do, file.corp, file.id, what_to_do}
                );
            }
            return changed;
        });
        if (!done) {
            throw DatabaseError(done.error().message);
        }
        marked += *done;
    }
}

}  // namespace leadbridge::wecom
