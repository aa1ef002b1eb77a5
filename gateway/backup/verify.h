#pragma once
// `leadbridge backup verify DIR`, and what a restore shares with it: opening a backup aside.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "base/secret.h"
#include "gateway/backup/backup.h"
#include "gateway/backup/blob_copy.h"
#include "gateway/backup/manifest.h"

namespace leadbridge::gateway {

// Makes `into`/core.db and `into`/archive.db of the backup's files: HMAC and hashes fit, a quick
// check finds nothing, the rows of every table are as many as the manifest says, and the key opens
// every corp's key. Durable when it returns. Error{corrupt} names the file.
Status open_databases(
    const std::filesystem::path& folder,
    const Manifest& manifest,
    const Secret& master,
    const std::filesystem::path& into,
    const Clock& clock,
    Rng& rng,
    const OnProgress& on_progress
);

struct VerifyOptions {
    std::string path;      // a backup, or the folder above: then its newest
    std::string data_dir;  // for the temporary copy, and the note of what was verified
    LookAt blobs = LookAt::size;
};

struct Verified {
    std::string folder;
    Manifest manifest;
    std::int64_t rows = 0;
    std::int64_t blobs = 0;
    // Files of messages whose blob is not in the list: a corp was removed while the backup was
    // made. A restore fetches them again.
    std::int64_t files_without_blob = 0;
    std::int64_t took_ms = 0;
};

// Beside a daemon or without one. Error{corrupt} with the first fault that was found. Throws
// DatabaseError, std::system_error.
Result<Verified> verify_backup(
    const VerifyOptions& options,
    const Secret& master,
    const Clock& clock,
    Rng& rng,
    const OnProgress& on_progress
);

}  // namespace leadbridge::gateway
