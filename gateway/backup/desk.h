#pragma once
// Backups of a running daemon: a command asks through the control socket, the daemon makes it on a
// thread of its own and tells how far it is.
//
//   POST /local/backup {"dir": "/backup"}   202, or 409 while one is under way or with PostgreSQL
//   GET  /local/backup                      {"state": "none|running|done|failed", "step", "done",
//                                            "total", "error", and what was made}
//
// Local only: whoever names a directory here writes to it as the daemon's user.

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/database.h"
#include "base/http_types.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "gateway/backup/backup.h"

namespace leadbridge::gateway {

// What the answer says of a backup that was made.
std::string backup_text(const BackupMade& made);

// With PostgreSQL its own tools make them.
enum class BackedUp : std::uint8_t { here, elsewhere };
// What commands say then.
Error backed_up_elsewhere();

struct BackupDeskSources {
    Database& core;
    Database& archive;
    std::string data_dir;
    std::string blobs;
    std::string master_key_file;
    const Clock& clock;
    Rng& rng;
    Metrics& metrics;
    BackedUp where = BackedUp::here;
};

class BackupDesk {
public:
    explicit BackupDesk(BackupDeskSources sources);
    ~BackupDesk();  // gives up what is under way

    static bool serves(const Request& request);
    // Thread-safe; answers at once.
    Response handle(const Request& request);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::gateway
