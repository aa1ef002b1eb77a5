#include "gateway/commands/backup_commands.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time_zone.h"
#include "base/vault.h"
#include "gateway/backup/desk.h"
#include "gateway/backup/restore.h"
#include "gateway/backup/verify.h"
#include "gateway/commands/output.h"
#include "gateway/commands/progress_line.h"
#include "gateway/control_socket.h"
#include "gateway/stores.h"

namespace leadbridge::gateway {

namespace {

constexpr auto ask_every = std::chrono::milliseconds(200);

struct BackupArguments {
    std::string dir;
    std::string key_file;
    bool full = false;
    bool as_json = false;
};

double megabytes(std::int64_t bytes) {
    return static_cast<double>(bytes) / (1 << 20);
}

std::string dir_of(const BackupArguments& a, const config::Settings& settings) {
    const std::string& dir = a.dir.empty() ? settings.backup.path : a.dir;
    if (dir.empty()) {
        throw std::runtime_error("name a directory, or set backup.url = \"dir:PATH\"");
    }
    return std::filesystem::absolute(dir).lexically_normal().string();
}

// What root leaves there, the daemon's user could not read or replace.
void require_owner(const std::string& data_dir) {
    struct stat info {};

    if (::stat(data_dir.c_str(), &info) == 0 && info.st_uid != ::geteuid()) {
        throw std::runtime_error(
            data_dir + " belongs to another user: give the command as that one (sudo -u \\#" +
            std::to_string(info.st_uid) + " leadbridge ..)"
        );
    }
}

// The answer about the backup that the daemon made; nullopt when none runs. Error when it refused.
Result<std::optional<std::string>> by_daemon(
    const config::Settings& settings, const std::string& dir
) {
    const std::string socket = control_socket_path(settings.server.data_dir);
    Request request;
    request.method = Method::post;
    request.path = "/local/backup";
    request.body = to_text(json::object{{"dir", dir}});
    auto answer = ask_daemon(socket, request);
    if (!answer) {
        return answer.error().code == ErrorCode::retry_later
                   ? Result<std::optional<std::string>>(std::nullopt)
                   : std::move(answer).error();
    }
    if (answer->status != 202) {
        const auto why = parse_json(answer->body);
        return Error{
            ErrorCode::conflict,
            why && why->is_object() ? json_string(why->get_object(), "detail")
                                    : "the daemon refused it"};
    }
    request.method = Method::get;
    request.body.clear();
    ProgressLine line;
    for (;;) {
        std::this_thread::sleep_for(ask_every);
        answer = ask_daemon(socket, request);
        const auto said = answer ? parse_json(answer->body) : Result<json::value>(answer.error());
        if (!said || !said->is_object()) {
            return Error{
                ErrorCode::unknown_result,
                "the daemon went away before the backup was complete; what is incomplete goes with "
                "the next backup"};
        }
        const json::object& object = said->get_object();
        if (json_string(object, "state") != "running") {
            return std::optional(answer->body);
        }
        line.show(json_string(object, "step"), json_int(object, "done"), json_int(object, "total"));
    }
}

// Holds the data directory for the time of the backup.
std::string by_ourselves(const config::Settings& settings, const std::string& dir) {
    require_owner(settings.server.data_dir);
    const DataDirLock lock = lock_data_dir(settings.server.data_dir);
    if (!std::filesystem::exists(settings.database.path)) {
        throw std::runtime_error(
            settings.database.path + " does not exist: there is nothing to back up"
        );
    }
    auto key = load_master_key(settings.security.master_key_file, MissingKey::refuse);
    if (!key) {
        throw std::runtime_error(key.error().message);
    }
    const SystemClock clock;
    SystemRng rng;
    Metrics metrics;
    const auto core = open_core_as_is(settings, clock, metrics);
    const auto archive_db = open_archive_as_is(settings, clock, metrics);
    const BackupSources sources{
        *core,
        *archive_db,
        settings.server.data_dir,
        settings.blobs.path,
        std::move(*key),
        clock,
        rng};
    ProgressLine line;
    const auto made = make_backup(sources, dir, [&](const BackupProgress& progress) {
        line.show(progress.step, progress.done, progress.total);
        return true;
    });
    if (!made) {
        throw std::runtime_error(made.error().message);
    }
    return backup_text(*made);
}

int print_made(const std::string& text, bool as_json) {
    const auto value = parse_json(text);
    const json::object& made = value->as_object();
    if (json_string(made, "state") != "done") {
        return failed(Error{ErrorCode::internal, json_string(made, "error", "no backup was made")});
    }
    if (as_json) {
        std::printf("%s\n", text.c_str());
        return 0;
    }
    std::printf(
        "%s\n"
        "databases  %.1f MB in %lld rows, %.1f MB packed and sealed\n"
        "blobs      %lld, %.1f MB; %lld of them new\n"
        "took       %.1f s\n"
        "Not in it: the master key (print %s). Keep copies of it apart, or nobody reads this.\n",
        json_string(made, "folder").c_str(),
        megabytes(json_int(made, "bytes")),
        static_cast<long long>(json_int(made, "rows")),
        megabytes(json_int(made, "packed_bytes")),
        static_cast<long long>(json_int(made, "blobs")),
        megabytes(json_int(made, "blob_bytes")),
        static_cast<long long>(json_int(made, "blobs_copied")),
        static_cast<double>(json_int(made, "took_ms")) / 1'000,
        json_string(made, "key_print").c_str()
    );
    return 0;
}

int backup(const BackupArguments& a, const config::Settings& settings) {
    if (settings.database.postgres) {
        return failed(backed_up_elsewhere());
    }
    const std::string dir = dir_of(a, settings);
    auto made = by_daemon(settings, dir);
    if (!made) {
        return failed(made.error());
    }
    return print_made(*made ? **made : by_ourselves(settings, dir), a.as_json);
}

int verify(const BackupArguments& a, const config::Settings& settings) {
    require_owner(settings.server.data_dir);
    const auto key = a.key_file.empty()
                         ? load_master_key(settings.security.master_key_file, MissingKey::refuse)
                         : load_key_file(a.key_file, MissingKey::refuse);
    if (!key) {
        return failed(key.error());
    }
    const SystemClock clock;
    SystemRng rng;
    ProgressLine line;
    const auto done = verify_backup(
        {dir_of(a, settings), settings.server.data_dir, a.full ? LookAt::whole : LookAt::size},
        *key,
        clock,
        rng,
        [&](const BackupProgress& progress) {
            line.show(progress.step, progress.done, progress.total);
            return true;
        }
    );
    if (!done) {
        return failed(done.error());
    }
    const Manifest& m = done->manifest;
    std::printf(
        "%s is whole\n"
        "made       %s by LeadBridge %s\n"
        "opened     archive.db and core.db: seals, hashes, quick check, %lld rows as counted, "
        "every "
        "key\n"
        "blobs      %lld there, %s\n",
        done->folder.c_str(),
        rfc3339(m.begun_ms).c_str(),
        m.program.c_str(),
        static_cast<long long>(done->rows),
        static_cast<long long>(done->blobs),
        a.full ? "each hashed" : "each with its size (--full hashes them)"
    );
    if (done->files_without_blob > 0) {
        std::printf(
            "note       %lld files of messages are not among them: a restore fetches them again\n",
            static_cast<long long>(done->files_without_blob)
        );
    }
    return 0;
}

void print_restored(const Restored& r) {
    if (r.was_begun) {
        std::printf("the restore of %s that was begun is complete\n", r.folder.c_str());
    } else {
        std::printf(
            "restored %s as of %s\nblobs      %lld\n",
            r.folder.c_str(),
            rfc3339(r.manifest.begun_ms).c_str(),
            static_cast<long long>(r.blobs)
        );
        if (r.bad_blobs > 0) {
            std::printf(
                "missing    %lld blobs are missing or damaged in the backup\n",
                static_cast<long long>(r.bad_blobs)
            );
        }
        std::printf(
            "reconciled %lld cursors set back, %lld files to fetch again, %lld of ours without "
            "bytes, %lld batches and %lld pushes to look up at WeCom\n",
            static_cast<long long>(r.reconciled.archive.cursors_set_back),
            static_cast<long long>(r.reconciled.archive.media_to_fetch),
            static_cast<long long>(r.reconciled.lost_files),
            static_cast<long long>(r.reconciled.unknown_batches),
            static_cast<long long>(r.reconciled.doubted_pushes)
        );
    }
    if (!r.aside.empty()) {
        std::printf("what stood here is in %s: remove it when all is well\n", r.aside.c_str());
    }
    std::puts("start the daemon: leadbridge serve");
}

int restore(const BackupArguments& a, const config::Settings& settings) {
    if (settings.database.postgres) {
        return failed(backed_up_elsewhere());
    }
    require_owner(settings.server.data_dir);
    const SystemClock clock;
    SystemRng rng;
    std::optional<Result<Restored>> done;
    {
        ProgressLine line;
        done.emplace(restore_backup(
            settings,
            {dir_of(a, settings), a.key_file, {}},
            clock,
            rng,
            [&](const BackupProgress& progress) {
                line.show(progress.step, progress.done, progress.total);
                return true;
            }
        ));
    }
    if (!*done) {
        return failed(done->error());
    }
    print_restored(**done);
    return 0;
}

}  // namespace

void add_backup_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen) {
    auto a = std::make_shared<BackupArguments>();  // shared by the options and the chosen command
    const char* where = "the directory; without it backup.url of the settings";
    const char* which = "a backup, or the directory above it: then its newest";
    const char* key = "the master key it was made with, where that is not the present one";
    CLI::App* make =
        app.add_subcommand("backup", "the whole installation but its master key, while it works");
    make->add_option("dir", a->dir, where);
    make->add_flag("--json", a->as_json);
    make->callback([=, &chosen] {
        if (!chosen) {  // a command below this one goes before it
            chosen = [=] { return backup(*a, load()); };
        }
    });
    CLI::App* check = make->add_subcommand("verify", "opens a backup aside and looks at all of it");
    check->add_option("dir", a->dir, which);
    check->add_flag("--full", a->full, "hashes every blob, too");
    check->add_option("--key-file", a->key_file, key);
    check->callback([=, &chosen] { chosen = [=] { return verify(*a, load()); }; });
    CLI::App* back = app.add_subcommand(
        "restore", "puts a backup in the place of this installation; no daemon may run"
    );
    back->add_option("dir", a->dir, which);
    back->add_option("--key-file", a->key_file, key);
    back->callback([=, &chosen] { chosen = [=] { return restore(*a, load()); }; });
}

}  // namespace leadbridge::gateway
