#include "gateway/doctor.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/postgres_database.h"
#include "base/time_zone.h"
#include "gateway/backup/note.h"
#include "gateway/control_socket.h"

namespace leadbridge::gateway {

namespace {

constexpr std::uint64_t low_disk = 1ULL << 30;

Finding check_data_dir(const std::string& dir) {
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    if (::access(dir.c_str(), W_OK) != 0) {
        return broken(
            "machine.data_dir",
            dir + " cannot be written",
            "server.data_dir",
            "give it to the user that runs LeadBridge"
        );
    }

    struct statfs fs {};

    constexpr std::array<long, 4> network{
        0x6969, 0x517B, 0xFF534D42, 0x65735546};  // nfs, smb, cifs, fuse
    if (::statfs(dir.c_str(), &fs) == 0) {
        for (const long magic : network) {
            if (fs.f_type == magic) {
                return broken(
                    "machine.data_dir",
                    dir + " is on a network file system: SQLite can lose data there",
                    "server.data_dir",
                    "use a local disk, or PostgreSQL"
                );
            }
        }
    }

    struct statvfs space {};

    if (::statvfs(dir.c_str(), &space) == 0 && space.f_bavail * space.f_frsize < low_disk) {
        return warning(
            "machine.data_dir",
            "less than 1 GB is free under " + dir,
            "the disk",
            "make room before it is full"
        );
    }
    return ok("machine.data_dir", dir + " is local and writable");
}

// A file that holds a secret: readable by its owner only.
Finding check_secret_file(const std::string& check, const std::string& file, std::string setting) {
    struct stat info {};

    if (::stat(file.c_str(), &info) != 0) {
        return broken(check, file + " cannot be found", std::move(setting), "put the file there");
    }
    if ((info.st_mode & 077U) != 0) {
        return broken(
            check, file + " can be read by others", std::move(setting), "chmod 600 " + file
        );
    }
    return ok(check, file + " is readable by its owner only");
}

Finding check_master_key(const std::string& file) {
    if (std::getenv("LEADBRIDGE_MASTER_KEY") != nullptr) {
        return ok("machine.master_key", "taken from LEADBRIDGE_MASTER_KEY");
    }

    struct stat info {};

    if (::stat(file.c_str(), &info) != 0) {
        return warning(
            "machine.master_key",
            file + " does not exist yet",
            "security.master_key_file",
            "the first `leadbridge serve` makes it; then keep a copy apart: a lost key is lost data"
        );
    }
    Finding mode = check_secret_file("machine.master_key", file, "security.master_key_file");
    return mode.verdict == Verdict::ok
               ? ok("machine.master_key",
                    file + " is there; keep a copy apart: a lost key is lost data")
               : mode;
}

// What a lost disk would cost. The note is of this installation's own backups.
Finding check_backup(const std::string& data_dir) {
    constexpr std::int64_t day_ms = 86'400'000;
    const std::string check = "machine.backup";
    const std::string place = "data_dir/backup.json";
    const std::string daily =
        "run `leadbridge backup DIR` daily and `leadbridge backup verify DIR` after it, on another "
        "disk (docs/operations.md)";
    const BackupNote note = read_backup_note(data_dir);
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch()
    )
                         .count();
    if (note.made_ms == 0) {
        return warning(check, "there is no backup", place, daily);
    }
    const std::string newest = "the newest backup is of " + rfc3339(note.made_ms);
    if (now - note.made_ms > 2 * day_ms) {
        return warning(check, newest + ": older than two days", place, daily);
    }
    if (note.verified_ms == 0) {
        return warning(check, newest + "; it was never verified", place, daily);
    }
    if (now - note.verified_made_ms > 8 * day_ms) {
        return warning(
            check, "the newest backup that was verified is older than a week", place, daily
        );
    }
    return ok(
        check,
        newest + ", one of " + rfc3339(note.verified_made_ms) +
            " is verified; the master key is in none of them: keep copies of it apart"
    );
}

Finding check_clock() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    constexpr auto first_release = std::chrono::seconds(1'767'225'600);  // 2026-01-01
    if (now < first_release) {
        return broken(
            "machine.clock",
            "the clock stands before 2026",
            "the system clock",
            "switch on time synchronisation: signatures and welcome deadlines depend on it"
        );
    }
    return ok(
        "machine.clock",
        "the clock is plausible: " +
            rfc3339(std::chrono::duration_cast<std::chrono::milliseconds>(now).count())
    );
}

// 0, or the errno with which this address and port refuse a listener.
int try_to_listen(const config::Server& server) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    addrinfo* raw = nullptr;
    if (::getaddrinfo(server.address.c_str(), std::to_string(server.port).c_str(), &hints, &raw) !=
        0) {
        return EADDRNOTAVAIL;
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(raw, &::freeaddrinfo);
    const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    const int on = 1;  // as the server does: a connection that lingers is no listener
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const bool free = ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd, 1) == 0;
    const int why = free ? 0 : errno;
    ::close(fd);
    return why;
}

bool daemon_answers(const std::string& data_dir) {
    Request request;
    request.method = Method::get;
    request.path = "/api/v1/me";
    return ask_daemon(control_socket_path(data_dir), request).has_value();
}

Finding check_port(const config::Server& server) {
    const std::string check = "machine.port";
    const std::string listen = fmt::format("{}:{}", server.address, server.port);
    const int why = try_to_listen(server);
    if (why == 0) {
        return ok(check, listen + " is free");
    }
    if (why == EADDRINUSE && daemon_answers(server.data_dir)) {
        return ok(check, listen + " is held by our daemon");
    }
    if (why == EADDRINUSE) {
        return broken(
            check,
            "another program listens on " + listen,
            "server.listen",
            fmt::format(
                "stop it (ss -ltnp 'sport = :{}' names it) or set another port", server.port
            )
        );
    }
    if (why == EACCES) {
        return broken(
            check,
            "this user may not listen on " + listen,
            "server.listen",
            "use a port from 1024, or give the service AmbientCapabilities=CAP_NET_BIND_SERVICE"
        );
    }
    return broken(
        check,
        "cannot listen on " + listen + ": " + std::strerror(why),
        "server.listen",
        "name an address of this machine, 0.0.0.0 or [::] for all"
    );
}

Finding check_postgres(const config::Settings& settings) {
    const std::string check = "machine.database";
    PostgresOptions options;
    options.url = settings.database.url;
    PostgresFacts facts;
    try {
        facts = probe_postgres(options);
    } catch (const DatabaseError& e) {
        return broken(
            check, e.what(), "database.url", "mend what the server says, then run this again"
        );
    }
    const std::string found = "PostgreSQL " + facts.version + ", " + facts.encoding +
                              ", collation " + facts.collation + ", synchronous_commit " +
                              facts.synchronous_commit;
    if (!facts.fsync || !facts.full_page_writes) {
        return broken(
            check,
            found + ", but " + (facts.fsync ? "full_page_writes" : "fsync") +
                " is off: a power failure can lose acknowledged data or destroy the database",
            "postgresql.conf",
            "switch fsync and full_page_writes on"
        );
    }
    return ok(check, found + ", fsync on");
}

// Its own tools make them, where nobody of us sees them.
Finding backups_of_postgres() {
    return ok(
        "machine.backup",
        "PostgreSQL's own tools back it up (docs/operations.md); blobs and master key are backed "
        "up beside it"
    );
}

}  // namespace

std::vector<Finding> check_machine(const config::Settings& settings) {
    std::vector<Finding> out{
        check_data_dir(settings.server.data_dir),
        check_master_key(settings.security.master_key_file),
        settings.database.postgres ? backups_of_postgres() : check_backup(settings.server.data_dir),
        check_clock(),
        check_port(settings.server)};
    if (settings.database.postgres) {
        out.push_back(check_postgres(settings));
    }
    if (!settings.server.tls_key.empty()) {
        out.push_back(
            check_secret_file("machine.tls_key", settings.server.tls_key, "server.tls_key")
        );
    }
    return out;
}

}  // namespace leadbridge::gateway
