#pragma once
// `leadbridge backup DIR`: a copy of the whole installation, made while it works.
//
//   DIR/20260102T030405Z/  archive.db.lbb, core.db.lbb (sealed_file.h), blobs.txt, manifest.json
//   DIR/blobs/             every blob once, as sealed as it stands in the installation
//
// archive.db is copied first, core.db at once after it, then blobs: what core.db knows of the
// archive may be newer, never the other way round; reconcile.h settles that. The master key is not
// in it, and nothing of it can be read without that key.

#include <atomic>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/database.h"
#include "base/rng.h"
#include "base/secret.h"
#include "gateway/backup/manifest.h"

namespace leadbridge::gateway {

struct BackupSources {
    Database& core;
    Database& archive;
    std::string data_dir;
    std::string blobs;  // the folder
    Secret master_key;
    const Clock& clock;
    Rng& rng;
};

struct BackupProgress {
    std::string step;  // "copying core.db", "packing core.db", "blobs"
    std::int64_t done = 0;
    std::int64_t total = 0;
};

// Asked all the time; false gives the backup up.
using OnProgress = std::function<bool(const BackupProgress&)>;

struct BackupMade {
    std::string folder;
    Manifest manifest;
    std::int64_t blobs_copied = 0;
    std::int64_t blob_bytes_copied = 0;
    std::int64_t took_ms = 0;
};

// Takes as long as it takes; the caller sees to it that it is the only one of this installation.
// Durable when it returns. After a failure the former backups are as they were, and nothing in
// clear is left. Throws DatabaseError, std::system_error.
Result<BackupMade> make_backup(
    const BackupSources& sources, const std::string& dir, const OnProgress& on_progress
);

}  // namespace leadbridge::gateway
