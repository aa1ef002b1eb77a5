#include "gateway/backup/restore.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/sqlite_database.h"
#include "base/vault.h"
#include "gateway/backup/files.h"
#include "gateway/backup/note.h"
#include "gateway/backup/verify.h"

namespace leadbridge::gateway {

namespace {

namespace fs = std::filesystem;

struct Keys {
    Secret backup;   // the one it was made with
    Secret present;  // the one of this installation
};

Error without_key(Error error, const fs::path& folder) {
    error.message +=
        "; " + folder.string() + " wants the master key whose print is " + wanted_key_print(folder);
    return error;
}

Result<Keys> load_keys(
    const config::Settings& settings, const std::string& key_file, const fs::path& folder
) {
    auto present = load_master_key(settings.security.master_key_file, MissingKey::refuse);
    if (!present) {
        return without_key(std::move(present).error(), folder);
    }
    if (key_file.empty()) {
        return Keys{*present, *present};
    }
    auto old = load_key_file(key_file, MissingKey::refuse);
    if (!old) {
        return without_key(std::move(old).error(), folder);
    }
    return Keys{std::move(*old), std::move(*present)};
}

// A folder beside what will be replaced, so that a rename suffices; gone unless it was used up.
class Stage {
public:
    explicit Stage(const fs::path& target)
        : path_(fs::absolute(target).parent_path() / staged_folder) {}

    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    ~Stage() {
        std::error_code ignored;
        if (made_) {
            fs::remove_all(path_, ignored);
        }
    }

    void make() {
        made_ = true;
        fs::remove_all(path_);
        make_directory(path_);
    }

    void hand_over() { made_ = false; }

    const fs::path& path() const { return path_; }

private:
    const fs::path path_;
    bool made_ = false;
};

// Everything below it, whoever wrote it.
void sync_file_system(const fs::path& folder) {
    const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), folder);
    if (directory.fd() < 0 || ::syncfs(directory.fd()) != 0) {
        fail_on_file("sync", folder);
    }
}

class Run {
public:
    Run(const config::Settings& settings,
        const RestoreOptions& options,
        const Clock& clock,
        Rng& rng,
        const OnProgress& on_progress)
        : settings_(settings),
          options_(options),
          clock_(clock),
          rng_(rng),
          on_progress_(on_progress),
          core_stage_(settings.database.path),
          blob_stage_(settings.blobs.path) {}

    Result<Restored> run() {
        auto folder = find_backup(options_.path);
        if (!folder) {
            return std::move(folder).error();
        }
        folder_ = std::move(*folder);
        auto keys = load_keys(settings_, options_.key_file, folder_);
        auto manifest = keys ? read_manifest(folder_, keys->backup) : keys.error();
        if (!manifest) {
            return std::move(manifest).error();
        }
        out_.folder = folder_.string();
        out_.manifest = std::move(*manifest);
        auto lock = DataDirLock::take(settings_.server.data_dir);
        if (!lock) {
            return std::move(lock).error();
        }
        if (const auto begun = finish_switch(settings_.server.data_dir, options_.reached);
            begun && begun->backup == out_.folder) {
            out_.was_begun = true;
            out_.aside = begun->aside;
            return std::move(out_);
        }
        if (Status ready = make_ready(*keys); !ready) {
            return ready.error();
        }
        switch_over();
        return std::move(out_);
    }

private:
    void reached(const std::string& step) const {
        if (options_.reached) {
            options_.reached(step);
        }
    }

    fs::path staged_blobs() const { return blob_stage_.path() / "blobs"; }

    Status make_ready(const Keys& keys) {
        core_stage_.make();
        blob_stage_.make();
        if (Status room = require_space(
                core_stage_.path(),
                out_.manifest.clear_bytes() + out_.manifest.blob_bytes,
                "the restore"
            );
            !room) {
            return room;
        }
        if (Status opened = open_databases(
                folder_, out_.manifest, keys.backup, core_stage_.path(), clock_, rng_, on_progress_
            );
            !opened) {
            return opened;
        }
        reached("databases");
        if (Status copied = copy_listed_blobs(); !copied) {
            return copied;
        }
        reached("blobs");
        config::Settings staged = settings_;
        staged.database.path = (core_stage_.path() / "core.db").string();
        staged.blobs.path = staged_blobs().string();
        auto report = reconcile_restored(
            staged, keys.backup, keys.present, out_.manifest.begun_ms, clock_, rng_
        );
        if (!report) {
            return std::move(report).error();
        }
        out_.reconciled = *report;
        for (const char* name : {"core.db-wal", "archive.db-wal"}) {
            if (const fs::path log = core_stage_.path() / name;
                fs::exists(log) && fs::file_size(log) > 0) {
                throw DatabaseError(log.string() + " was not folded in");
            }
        }
        sync_file_system(core_stage_.path());
        sync_file_system(blob_stage_.path());
        reached("ready");
        return {};
    }

    Status copy_listed_blobs() {
        const auto blobs = read_blob_list(folder_, out_.manifest);
        if (!blobs) {
            return blobs.error();
        }
        make_directory(staged_blobs());
        const fs::path from = folder_.parent_path() / "blobs";
        for (const BackedUpBlob& blob : *blobs) {
            const fs::path to = staged_blobs() / blob.path;
            fs::create_directories(to.parent_path());
            const auto copied = copy_file(from / blob.path, to, Durable::no);
            if (!copied || copied->sha256 != blob.sha256) {
                ++out_.bad_blobs;
                fs::remove(to);
            }
            if (!on_progress_({"blobs", ++out_.blobs, static_cast<std::int64_t>(blobs->size())})) {
                return Error{ErrorCode::conflict, "given up", "given_up"};
            }
        }
        out_.blobs -= out_.bad_blobs;
        return {};
    }

    void switch_over() {
        const fs::path core = fs::absolute(settings_.database.path);
        const std::string stamp = "before-restore-" + free_aside(core.parent_path());
        SwitchOver plan{out_.folder, (core.parent_path() / stamp).string(), {}};
        const auto add = [&](const fs::path& target, const std::string& staged) {
            out_.aside = fs::exists(fs::symlink_status(target)) ? plan.aside : out_.aside;
            plan.moves.push_back(
                {staged,
                 target.string(),
                 (target.parent_path() / stamp / target.filename()).string()}
            );
        };
        for (const fs::path& target : {core, core.parent_path() / "archive.db"}) {
            // The log goes first: it must not meet another database.
            for (const char* suffix : {"-wal", "-shm", ".ballast"}) {
                add(target.string() + suffix, "");
            }
        }
        for (const auto& entry : fs::directory_iterator(core.parent_path())) {
            // Search indexes know what was archived since; they are made anew.
            if (entry.path().filename().string().starts_with("fts-")) {
                add(entry.path(), "");
            }
        }
        add(core, (core_stage_.path() / "core.db").string());
        add(core.parent_path() / "archive.db", (core_stage_.path() / "archive.db").string());
        add(fs::absolute(settings_.blobs.path), staged_blobs().string());
        core_stage_.hand_over();
        blob_stage_.hand_over();
        begin_switch(settings_.server.data_dir, plan);
        reached("listed");
        finish_switch(settings_.server.data_dir, options_.reached);
        note_verified(settings_.server.data_dir, out_.folder, out_.manifest.made_ms, clock_.now());
    }

    std::string free_aside(const fs::path& parent) const {
        std::string stamp = free_stamp(parent, clock_.now());
        const std::string first = stamp;
        for (int n = 2; fs::exists(parent / ("before-restore-" + stamp)); ++n) {
            stamp = first + "-" + std::to_string(n);
        }
        return stamp;
    }

    const config::Settings& settings_;
    const RestoreOptions& options_;
    const Clock& clock_;
    Rng& rng_;
    const OnProgress& on_progress_;
    Stage core_stage_;
    Stage blob_stage_;
    fs::path folder_;
    Restored out_;
};

}  // namespace

Result<Restored> restore_backup(
    const config::Settings& settings,
    const RestoreOptions& options,
    const Clock& clock,
    Rng& rng,
    const OnProgress& on_progress
) {
    return Run(settings, options, clock, rng, on_progress).run();
}

}  // namespace leadbridge::gateway
