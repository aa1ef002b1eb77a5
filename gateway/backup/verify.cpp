#include "gateway/backup/verify.h"

#include <algorithm>
#include <set>

#include "base/metrics.h"
#include "base/sqlite_database.h"
#include "base/vault.h"
#include "gateway/backup/files.h"
#include "gateway/backup/note.h"

namespace leadbridge::gateway {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t no_read_limit_ms = 3'600'000;

Error bad(const fs::path& file, const std::string& what) {
    return Error{ErrorCode::corrupt, file.string() + ": " + what, "backup_damaged"};
}

std::unique_ptr<Database> open_copy(const fs::path& file, const Clock& clock, Metrics& metrics) {
    SqliteOptions options;
    options.path = file.string();
    options.name = file.stem().string();
    options.ballast_bytes = 0;
    options.max_readers = 1;
    options.read_limit_ms = no_read_limit_ms;
    return open_sqlite(options, clock, metrics);
}

std::string differing_table(const DatabaseFacts& said, const DatabaseFacts& found) {
    for (const TableRows& table : said.tables) {
        if (std::find(found.tables.begin(), found.tables.end(), table) == found.tables.end()) {
            return table.table;
        }
    }
    return said.tables.size() == found.tables.size() ? "" : "one that is not in the manifest";
}

Status open_one(
    const fs::path& sealed,
    const BackedUpDatabase& db,
    const Secret& master,
    const fs::path& to,
    const OnProgress& on_progress
) {
    auto opened = open_sealed_file(sealed, to, master, db.name, [&](std::int64_t done) {
        return on_progress({"opening " + db.name, done, db.sealed.clear_bytes});
    });
    if (!opened) {
        return std::move(opened).error();
    }
    if (opened->sha256 != db.sealed.sha256 || opened->clear_bytes != db.sealed.clear_bytes) {
        return bad(sealed, "it is not the file that the manifest names");
    }
    if (!on_progress({"checking " + db.name, 0, 0})) {
        return Error{ErrorCode::conflict, "given up", "given_up"};
    }
    const DatabaseFacts found = inspect_sqlite(to.string(), QuickCheck::yes);
    if (!found.damage.empty()) {
        return bad(sealed, "the database in it is damaged: " + found.damage);
    }
    if (const std::string table = differing_table(db.facts, found); !table.empty()) {
        return bad(sealed, "its rows are not those of the manifest (table " + table + ")");
    }
    return {};
}

// Every key that something may be sealed with.
Status keys_open(const fs::path& core_file, const Secret& master, const Clock& clock, Rng& rng) {
    Metrics metrics;
    const auto core = open_copy(core_file, clock, metrics);
    const auto vault = Vault::open(*core, clock, rng, master);
    if (!vault) {
        return vault.error();
    }
    const auto corps =
        core->read<std::vector<CorpId>>([](Snapshot& s) -> Result<std::vector<CorpId>> {
            return s.all(
                "SELECT corp_id FROM corp_key ORDER BY corp_id",
                Params{},
                [](const Row& r) { return r.id<CorpId>(0); }
            );
        });
    for (const CorpId corp : corps.value()) {
        (void)(*vault)->derive(corp, "verify");
    }
    return {};
}

std::int64_t files_without_blob(
    const fs::path& archive_file, const std::vector<BackedUpBlob>& blobs, const Clock& clock
) {
    std::set<std::string> names;
    for (const BackedUpBlob& blob : blobs) {
        names.insert(
            blob.path.substr(0, blob.path.find('/')) + "/" + fs::path(blob.path).filename().string()
        );
    }
    Metrics metrics;
    const auto archive = open_copy(archive_file, clock, metrics);
    return archive
        ->read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            std::int64_t missing = 0;
            s.each(
                "SELECT corp_id, blob_hash FROM media WHERE blob_hash <> ''",
                Params{},
                [&](const Row& row) {
                    missing += names.contains(row.id<CorpId>(0).str() + "/" + row.str(1)) ? 0 : 1;
                    return Visit::next;
                }
            );
            return missing;
        })
        .value();
}

}  // namespace

Status open_databases(
    const fs::path& folder,
    const Manifest& manifest,
    const Secret& master,
    const fs::path& into,
    const Clock& clock,
    Rng& rng,
    const OnProgress& on_progress
) {
    for (const std::string name : {"archive.db", "core.db"}) {
        const auto db = std::find_if(
            manifest.databases.begin(),
            manifest.databases.end(),
            [&](const BackedUpDatabase& one) { return one.name == name; }
        );
        if (db == manifest.databases.end()) {
            return bad(folder / "manifest.json", "it names no " + name);
        }
        const fs::path sealed = folder / (name + ".lbb");
        if (!fs::exists(sealed)) {
            return bad(sealed, "it is missing");
        }
        if (Status opened = open_one(sealed, *db, master, into / name, on_progress); !opened) {
            return opened;
        }
    }
    return keys_open(into / "core.db", master, clock, rng);
}

Result<Verified> verify_backup(
    const VerifyOptions& options,
    const Secret& master,
    const Clock& clock,
    Rng& rng,
    const OnProgress& on_progress
) {
    const std::int64_t began = clock.steady_ms();
    const auto folder = find_backup(options.path);
    if (!folder) {
        return folder.error();
    }
    auto manifest = read_manifest(*folder, master);
    if (!manifest) {
        return std::move(manifest).error();
    }
    const auto blobs = read_blob_list(*folder, *manifest);
    if (!blobs) {
        return blobs.error();
    }
    Scratch scratch(options.data_dir);
    if (Status room = require_space(options.data_dir, manifest->clear_bytes(), "looking into it");
        !room) {
        return room.error();
    }
    if (Status opened =
            open_databases(*folder, *manifest, master, scratch / "", clock, rng, on_progress);
        !opened) {
        return opened.error();
    }
    Verified out;
    out.blobs = static_cast<std::int64_t>(blobs->size());
    for (std::size_t i = 0; i < blobs->size(); ++i) {
        const std::string fault =
            blob_fault(folder->parent_path() / "blobs", (*blobs)[i], options.blobs);
        if (!fault.empty()) {
            return Error{ErrorCode::corrupt, fault, "backup_damaged"};
        }
        if (!on_progress({"blobs", static_cast<std::int64_t>(i) + 1, out.blobs})) {
            return Error{ErrorCode::conflict, "given up", "given_up"};
        }
    }
    out.files_without_blob = files_without_blob(scratch / "archive.db", *blobs, clock);
    for (const BackedUpDatabase& db : manifest->databases) {
        for (const TableRows& table : db.facts.tables) {
            out.rows += table.rows;
        }
    }
    out.folder = folder->string();
    out.manifest = std::move(*manifest);
    out.took_ms = clock.steady_ms() - began;
    note_verified(options.data_dir, out.folder, out.manifest.made_ms, clock.now());
    return out;
}

}  // namespace leadbridge::gateway
