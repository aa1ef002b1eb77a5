#include "gateway/backup/desk.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "base/guarded.h"
#include "base/json.h"
#include "base/log.h"
#include "base/vault.h"
#include "gateway/backup/files.h"
#include "gateway/backup/note.h"
#include "gateway/problem.h"

namespace leadbridge::gateway {

namespace {

constexpr std::string_view path = "/local/backup";
constexpr int background = 10;

// Packing takes a core for seconds: everybody else goes first. Linux gives each thread its own.
void go_behind_everybody() {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), background);
}

json::object made_json(const BackupMade& made) {
    const Manifest& m = made.manifest;
    std::int64_t packed = 0;
    std::int64_t rows = 0;
    for (const BackedUpDatabase& db : m.databases) {
        packed += db.sealed.file_bytes;
        for (const TableRows& table : db.facts.tables) {
            rows += table.rows;
        }
    }
    return {
        {"state", "done"},
        {"folder", made.folder},
        {"bytes", m.clear_bytes()},
        {"packed_bytes", packed},
        {"rows", rows},
        {"blobs", m.blobs},
        {"blob_bytes", m.blob_bytes},
        {"blobs_copied", made.blobs_copied},
        {"blob_bytes_copied", made.blob_bytes_copied},
        {"key_print", m.key_print},
        {"took_ms", made.took_ms}};
}

}  // namespace

Error backed_up_elsewhere() {
    return Error{
        ErrorCode::conflict,
        "the data is in PostgreSQL, whose own tools back it up and restore it: pgBackRest or "
        "pg_basebackup with archived WAL, and beside it blobs, master key and settings "
        "(docs/operations.md, Backups of PostgreSQL)",
        "backed_up_elsewhere"};
}

std::string backup_text(const BackupMade& made) {
    return to_text(made_json(made));
}

struct BackupDesk::State {
    explicit State(BackupDeskSources the_sources)
        : sources(std::move(the_sources)),
          good(sources.metrics.counter(
              "leadbridge_backups_total", "Backups by how they ended", {{"result", "good"}}
          )),
          bad(sources.metrics.counter(
              "leadbridge_backups_total", "Backups by how they ended", {{"result", "failed"}}
          )) {}

    struct Act {
        bool running = false;
        BackupProgress progress;
        std::string ended;  // the answer about the last one
    };

    const BackupDeskSources sources;
    Counter& good;
    Counter& bad;
    Guarded<Act> act;
    std::atomic<bool> stopping{false};
    std::thread thread;  // of the control socket's thread

    void end(std::string answer, bool was_good) {
        (was_good ? good : bad).add();
        auto now = act.lock();
        now->running = false;
        now->ended = std::move(answer);
    }

    void fail(const std::string& why) {
        log::error("backup", "the backup failed", {{"why", why}});
        end(to_text(json::object{{"state", "failed"}, {"error", why}}), false);
    }

    Result<BackupMade> make(const std::string& dir) {
        auto key = load_master_key(sources.master_key_file, MissingKey::refuse);
        if (!key) {
            return std::move(key).error();
        }
        const BackupSources from{
            sources.core,
            sources.archive,
            sources.data_dir,
            sources.blobs,
            std::move(*key),
            sources.clock,
            sources.rng};
        return make_backup(from, dir, [this](const BackupProgress& progress) {
            act.lock()->progress = progress;
            return !stopping;
        });
    }

    void run(const std::string& dir) {
        go_behind_everybody();
        try {
            const auto made = make(dir);
            if (!made) {
                fail(made.error().message);
                return;
            }
            log::info(
                "backup", "a backup was made", {{"folder", made->folder}, {"ms", made->took_ms}}
            );
            end(backup_text(*made), true);
        } catch (const std::exception& error) {
            fail(error.what());
        }
    }

    Response begin(const Request& request) {
        if (sources.where == BackedUp::elsewhere) {
            return problem(backed_up_elsewhere(), request.request_id);
        }
        const auto body = parse_json(request.body);
        const std::string dir =
            body && body->is_object() ? json_string(body->get_object(), "dir") : "";
        if (dir.empty() || dir.front() != '/') {
            return problem(
                Error{ErrorCode::invalid, "dir must be an absolute path"}, request.request_id
            );
        }
        {
            auto now = act.lock();
            if (now->running) {
                return problem(
                    Error{ErrorCode::conflict, "a backup is under way already", "busy"},
                    request.request_id
                );
            }
            now->running = true;
            now->progress = {"beginning", 0, 0};
        }
        if (thread.joinable()) {
            thread.join();  // it has ended
        }
        thread = std::thread([this, dir] { run(dir); });
        return Response::json(202, R"({"state":"running"})");
    }

    std::string tell() {
        auto now = act.lock();
        if (now->running) {
            return to_text(json::object{
                {"state", "running"},
                {"step", now->progress.step},
                {"done", now->progress.done},
                {"total", now->progress.total}});
        }
        return now->ended.empty() ? R"({"state":"none"})" : now->ended;
    }
};

BackupDesk::BackupDesk(BackupDeskSources sources)
    : state_(std::make_unique<State>(std::move(sources))) {
    const BackupDeskSources& s = state_->sources;
    Scratch::remove_left_over(s.data_dir);
    Gauge& made = s.metrics.gauge(
        "leadbridge_backup_timestamp_seconds", "When the newest backup was made; 0 = never"
    );
    Gauge& verified = s.metrics.gauge(
        "leadbridge_backup_verified_timestamp_seconds",
        "When the newest backup that was verified was made; 0 = none"
    );
    s.metrics.on_scrape([&made, &verified, dir = s.data_dir] {
        const BackupNote note = read_backup_note(dir);
        made.set(static_cast<double>(note.made_ms) / 1'000);
        verified.set(static_cast<double>(note.verified_made_ms) / 1'000);
    });
}

BackupDesk::~BackupDesk() {
    state_->stopping = true;
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
}

bool BackupDesk::serves(const Request& request) {
    return request.path == path;
}

Response BackupDesk::handle(const Request& request) {
    return request.method == Method::post ? state_->begin(request)
                                          : Response::json(200, state_->tell());
}

}  // namespace leadbridge::gateway
