#pragma once
// Folders and files of backups, durable where it matters.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"

namespace leadbridge::gateway {

// A folder in data_dir for clear copies (0700), gone with the object. What a killed process left is
// removed by the next one. Throws std::system_error.
class Scratch {
public:
    explicit Scratch(const std::filesystem::path& data_dir);
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch();

    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

    // Of processes that are gone.
    static void remove_left_over(const std::filesystem::path& data_dir) noexcept;

private:
    std::filesystem::path path_;
    std::optional<File> lock_;
};

// One writer of a backup directory at a time, whichever installation it is of.
Result<File> lock_backup_dir(const std::filesystem::path& dir);

// "20260102T030405Z"; with -2, -3 ... where that is taken in `dir`.
std::string free_stamp(const std::filesystem::path& dir, UnixMillis now);
// Complete backups in `dir`, oldest first.
std::vector<std::string> backups_in(const std::filesystem::path& dir);
// `path` when it is a backup, else the newest one in it. Error{not_found}.
Result<std::filesystem::path> find_backup(const std::filesystem::path& path);

struct Copied {
    std::int64_t size = 0;
    std::string sha256;  // hex
};

enum class Durable : bool { no, yes };

// Copies to a name of its own first, then renames. nullopt when `from` is gone. Throws
// std::system_error.
std::optional<Copied> copy_file(
    const std::filesystem::path& from, const std::filesystem::path& to, Durable durable
);
// Error{not_found}, as expected where the file is another's.
Result<Copied> hash_file(const std::filesystem::path& path);
// Written to a name of its own, synced, renamed, the folder synced.
void write_file(const std::filesystem::path& path, std::string_view bytes);
// Error{permanent} when the disk of `folder` has less than `needed` and a reserve.
Status require_space(
    const std::filesystem::path& folder, std::int64_t needed, std::string_view for_what
);
// True while the disk of `folder` keeps a reserve for whoever else writes there.
bool has_reserve(const std::filesystem::path& folder);

}  // namespace leadbridge::gateway
