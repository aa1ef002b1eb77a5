// Checkpoints, and what happens after the disk said no.

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sqlite_writer.h"

namespace leadbridge {

void SqliteWriter::check_foreign_writer() {
    // Changes only when another connection has committed. By then the harm may be done: this is an
    // alarm, not a guard.
    const auto version = connection_->number("PRAGMA data_version");
    if (version != data_version_) {
        data_version_ = version;
        foreign_total_.add();
        log::error(
            "base",
            "foreign_writer: another program wrote to the live database; stop it, it can cost "
            "acknowledged data",
            {{"db", options_.name}, {"path", options_.path}}
        );
    }
}

void SqliteWriter::maybe_checkpoint() {
    if (!healthy_) {
        return;
    }
    const auto unfolded = connection_->unfolded_frames() * page_size_;
    const bool grown = connection_->log_frames() * page_size_ >= options_.wal_limit_bytes;
    const bool due = unfolded >= options_.checkpoint_bytes && queue_.empty();
    if (unfolded <= 0 || (!due && !grown)) {
        return;
    }
    try {
        check_foreign_writer();
        const auto result = connection_->checkpoint(CheckpointMode::passive);
        if (grown && result.folded_frames == result.log_frames) {
            // Readers kept the log from starting over for long; wait for them once.
            connection_->checkpoint(CheckpointMode::restart);
        }
        checkpoints_total_.add();
    } catch (const DatabaseError& e) {
        refuse(e.what());
        log::error("base", "a checkpoint failed", {{"db", options_.name}, {"error", e.what()}});
    }
}

bool SqliteWriter::recover() {
    try {
        if (connection_) {
            // Closing must not fold in or sync what may be half written; recovery reads the log
            // anew.
            connection_->leave_log_on_close();
            connection_.reset();
        }
        readers_.renew();
        if (disk_full_) {
            unlink((options_.path + ".ballast").c_str());
        }
        open();
        // Frames whose sync failed may look stored and not be: folding them in and starting the log
        // over writes every page again, so that nothing acknowledged later stands behind them.
        if (connection_->checkpoint(CheckpointMode::truncate).busy) {
            throw DatabaseError("readers hold the log");
        }
        // The smallest commit there is.
        connection_->script(
            "PRAGMA user_version=" + std::to_string(commits_.load() % 1'000'000'000) + ";"
        );
        if (disk_full_ && !(has_room() && make_ballast())) {
            throw DatabaseError(
                "the disk is still full: free space where " + options_.path + " stands"
            );
        }
    } catch (const DatabaseError& e) {
        disk_full_ = disk_full_ || (connection_ && connection_->ran_out_of_space());
        *trouble_.lock() = e.what();
        log::error(
            "base", "the store is still broken", {{"db", options_.name}, {"error", e.what()}}
        );
        return false;
    }
    disk_full_ = false;
    healthy_ = true;
    healthy_gauge_.set(1);
    log::warn("base", "the store was reopened and takes writes again", {{"db", options_.name}});
    return true;
}

// Once full, the disk must have the ballast's size free beside the ballast: else the store would be
// full again at once.
bool SqliteWriter::has_room() const noexcept {
    struct statvfs info {};

    if (options_.ballast_bytes <= 0 || ::statvfs(options_.path.c_str(), &info) != 0) {
        return true;
    }
    return info.f_bavail * info.f_frsize >= static_cast<std::uint64_t>(options_.ballast_bytes) * 2;
}

bool SqliteWriter::make_ballast() noexcept {
    if (options_.ballast_bytes <= 0) {
        return true;
    }
    const std::string path = options_.path + ".ballast";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    const bool made = posix_fallocate(fd, 0, options_.ballast_bytes) == 0;
    ::close(fd);
    if (!made) {
        unlink(path.c_str());
    }
    return made;
}

}  // namespace leadbridge
