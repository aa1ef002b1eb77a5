#include "gateway/backup/backup.h"

#include <algorithm>
#include <stdexcept>

#include "base/crypto.h"
#include "base/file.h"
#include "base/vault.h"
#include "gateway/backup/blob_copy.h"
#include "gateway/backup/files.h"
#include "gateway/backup/note.h"
#include "gateway/version.h"

namespace leadbridge::gateway {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t salt_size = 32;
constexpr std::string_view partial_suffix = ".partial";

Error given_up() {
    return Error{ErrorCode::conflict, "the backup was given up", "given_up"};
}

// A folder that is removed unless it was kept.
class PartialFolder {
public:
    explicit PartialFolder(fs::path path) : path_(std::move(path)) { make_directory(path_); }

    PartialFolder(const PartialFolder&) = delete;
    PartialFolder& operator=(const PartialFolder&) = delete;

    ~PartialFolder() {
        std::error_code ignored;
        if (!kept_) {
            fs::remove_all(path_, ignored);
        }
    }

    const fs::path& path() const { return path_; }

    // Complete: from here on it is a backup.
    void keep_as(const fs::path& name) {
        sync_directory(path_);
        fs::rename(path_, name);
        kept_ = true;
        sync_directory(name.parent_path());
    }

private:
    const fs::path path_;
    bool kept_ = false;
};

std::int64_t size_now(Database& db) {
    const DatabaseStats stats = db.stats();
    return stats.size_bytes + stats.wal_bytes;
}

class Run {
public:
    Run(const BackupSources& sources, fs::path dir, const OnProgress& on_progress)
        : s_(sources), dir_(std::move(dir)), on_progress_(on_progress) {}

    Result<BackupMade> run() {
        const std::int64_t began = s_.clock.steady_ms();
        if (Status ready = prepare(); !ready) {
            return ready.error();
        }
        const std::string stamp = free_stamp(dir_, s_.clock.now());
        PartialFolder folder(dir_ / ("." + stamp + std::string(partial_suffix)));
        made_.manifest.begun_ms = s_.clock.now();
        if (Status databases = take_databases(folder.path()); !databases) {
            return databases.error();
        }
        if (Status blobs = take_blobs(folder.path()); !blobs) {
            return blobs.error();
        }
        made_.manifest.made_ms = s_.clock.now();
        write_file(
            folder.path() / "manifest.json",
            encode_manifest(made_.manifest, s_.master_key, s_.rng.bytes(salt_size))
        );
        folder.keep_as(dir_ / stamp);
        made_.folder = (dir_ / stamp).string();
        made_.took_ms = s_.clock.steady_ms() - began;
        note_backup(s_.data_dir, made_.folder, made_.manifest.made_ms);
        return std::move(made_);
    }

private:
    Status prepare() {
        // A key file that was exchanged behind a running daemon must not seal what nobody can open.
        if (auto fits = Vault::open(s_.core, s_.clock, s_.rng, s_.master_key); !fits) {
            return fits.error();
        }
        remove_left_over();
        made_.manifest.program = std::string(version);
        made_.manifest.generation = program_generation;
        made_.manifest.key_print = master_key_print(s_.master_key);
        const std::int64_t databases = size_now(s_.core) + size_now(s_.archive);
        if (Status room = require_space(s_.data_dir, databases, "a copy of the databases"); !room) {
            return room;
        }
        return require_space(
            dir_, databases + bytes_to_copy(s_.blobs, dir_ / "blobs"), "the backup"
        );
    }

    // Of runs that were killed; the directory's lock is held, so nobody works on them.
    void remove_left_over() const {
        std::vector<fs::path> gone;
        for (const auto& entry : fs::directory_iterator(dir_)) {
            const std::string name = entry.path().filename().string();
            if (name.starts_with(".") && name.ends_with(partial_suffix)) {
                gone.push_back(entry.path());
            }
        }
        for (const fs::path& path : gone) {
            fs::remove_all(path);
        }
    }

    bool go_on(const std::string& step, std::int64_t done, std::int64_t total) const {
        return on_progress_(BackupProgress{step, done, total});
    }

    // Both copies first, so that they show almost the same moment; packing takes longer.
    Status take_databases(const fs::path& folder) {
        const Scratch scratch(s_.data_dir);
        const std::pair<std::string, Database*> databases[] = {
            {"archive.db", &s_.archive}, {"core.db", &s_.core}};
        for (const auto& [name, db] : databases) {
            if (Status copied = copy_database(*db, name, scratch / name); !copied) {
                return copied;
            }
        }
        for (const auto& [name, db] : databases) {
            if (Status packed = pack_database(name, scratch / name, folder); !packed) {
                return packed;
            }
        }
        return {};
    }

    Status copy_database(Database& db, const std::string& name, const fs::path& to) {
        OnlineBackup* engine = online_backup(db);
        if (engine == nullptr) {
            return Error{
                ErrorCode::unsupported,
                "backups of this kind are for SQLite; PostgreSQL has its own tools"};
        }
        bool wanted = true;
        bool room = true;
        try {
            engine->copy_to(to.string(), [&](const CopyProgress& progress) {
                room = has_reserve(s_.data_dir);
                wanted = go_on("copying " + name, progress.pages_done, progress.pages_total);
                return wanted && room;
            });
        } catch (const DatabaseError&) {
            if (!room) {
                return Error{
                    ErrorCode::permanent,
                    "the disk of " + s_.data_dir + " is almost full: make room there",
                    "no_space"};
            }
            if (!wanted) {
                return given_up();
            }
            throw;
        }
        return {};
    }

    Status pack_database(const std::string& name, const fs::path& copy, const fs::path& folder) {
        BackedUpDatabase entry{name, {}, inspect_sqlite(copy.string(), QuickCheck::no)};
        const auto total = static_cast<std::int64_t>(fs::file_size(copy));
        auto sealed = seal_file(
            copy,
            folder / (name + ".lbb"),
            s_.master_key,
            name,
            s_.rng,
            [&](std::int64_t done) { return go_on("packing " + name, done, total); }
        );
        if (!sealed) {
            return sealed.error();
        }
        entry.sealed = std::move(*sealed);
        made_.manifest.databases.push_back(std::move(entry));
        fs::remove(copy);
        return {};
    }

    Status take_blobs(const fs::path& folder) {
        make_directory(dir_ / "blobs");
        auto copied = copy_blobs(s_.blobs, dir_ / "blobs", former_list(), [&](std::int64_t done) {
            return go_on("blobs", done, done);
        });
        if (!copied) {
            return copied.error();
        }
        const std::string list = encode_blob_list(copied->all);
        write_file(folder / "blobs.txt", list);
        made_.blobs_copied = copied->copied;
        made_.blob_bytes_copied = copied->copied_bytes;
        Manifest& m = made_.manifest;
        m.blobs_sha256 = crypto::hex(crypto::sha256(list));
        m.blobs = static_cast<std::int64_t>(copied->all.size());
        for (const BackedUpBlob& blob : copied->all) {
            m.blob_bytes += blob.size;
        }
        return {};
    }

    std::vector<BackedUpBlob> former_list() const {
        const auto names = backups_in(dir_);
        if (names.empty()) {
            return {};
        }
        const auto manifest = read_manifest(dir_ / names.back(), s_.master_key);
        auto list = manifest ? read_blob_list(dir_ / names.back(), *manifest)
                             : Result<std::vector<BackedUpBlob>>(manifest.error());
        return list ? std::move(*list) : std::vector<BackedUpBlob>{};
    }

    const BackupSources& s_;
    const fs::path dir_;
    const OnProgress& on_progress_;
    BackupMade made_;
};

}  // namespace

Result<BackupMade> make_backup(
    const BackupSources& sources, const std::string& dir, const OnProgress& on_progress
) {
    const fs::path path = fs::absolute(dir).lexically_normal();
    make_directory(path);
    const auto lock = lock_backup_dir(path);
    if (!lock) {
        return lock.error();
    }
    return Run(sources, path, on_progress).run();
}

}  // namespace leadbridge::gateway
