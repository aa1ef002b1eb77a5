#pragma once
// A file for a foreign place: packed by zstd, then sealed in pieces of 1 MiB by AES-256-GCM, so
// that it tells nothing and no change of it goes unnoticed.
//
//   "LBSEAL1\n" | salt 32 B | per piece: u32 little endian length, seal
//
// The key is HKDF(master key, salt, "leadbridge backup"): a fresh one per file, so the piece's
// number serves as nonce. Each seal is bound to the salt, to `role` (what the file is), to the
// piece's number and to whether it is the last: a file that is cut, reordered, longer, flipped in a
// bit or put in another's place does not open.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/rng.h"
#include "base/secret.h"

namespace leadbridge {

// Of all keys that a master key makes for backups.
std::string backup_key(const Secret& master, std::string_view salt);

// What people compare to tell master keys apart: hex; says nothing about the key.
std::string master_key_print(const Secret& master);

struct SealedInfo {
    std::int64_t clear_bytes = 0;
    std::int64_t file_bytes = 0;
    std::string sha256;  // hex, of the clear bytes
};

// Asked after each piece of clear bytes; false gives up with Error{conflict}.
using KeepGoing = std::function<bool(std::int64_t clear_bytes)>;

// Makes `sealed` (mode 0600; must not exist) from the clear file; durable when it returns, its
// folder apart. Throws std::system_error.
Result<SealedInfo> seal_file(
    const std::filesystem::path& clear,
    const std::filesystem::path& sealed,
    const Secret& master,
    std::string_view role,
    Rng& rng,
    const KeepGoing& keep_going = {}
);
// Makes `clear` (mode 0600; must not exist), durable when it returns. Error{corrupt} naming the
// file; what was written by then is the caller's to remove. Throws std::system_error.
Result<SealedInfo> open_sealed_file(
    const std::filesystem::path& sealed,
    const std::filesystem::path& clear,
    const Secret& master,
    std::string_view role,
    const KeepGoing& keep_going = {}
);

}  // namespace leadbridge
