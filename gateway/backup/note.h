#pragma once
// What an installation knows of its backups: data_dir/backup.json, for doctor and metrics. It is a
// note, not a truth: the truth is what `backup verify` finds.

#include <string>

#include "base/clock.h"

namespace leadbridge::gateway {

struct BackupNote {
    std::string folder;  // of the newest backup; "" = none
    UnixMillis made_ms = 0;
    std::string verified_folder;
    UnixMillis verified_ms = 0;       // when it was verified; 0 = never
    UnixMillis verified_made_ms = 0;  // when that backup was made
};

// Empty when there is none or it cannot be read.
BackupNote read_backup_note(const std::string& data_dir);
// Throw std::system_error.
void note_backup(const std::string& data_dir, const std::string& folder, UnixMillis made_ms);
void note_verified(
    const std::string& data_dir,
    const std::string& folder,
    UnixMillis made_ms,
    UnixMillis verified_ms
);

}  // namespace leadbridge::gateway
