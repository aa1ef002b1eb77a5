#pragma once
// What a backup says of itself: manifest.json and blobs.txt. The manifest carries an HMAC by a key
// that the master key makes, and the hash of everything else; so nothing in the folder can be
// exchanged.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/online_backup.h"
#include "base/result.h"
#include "base/sealed_file.h"
#include "base/secret.h"

namespace leadbridge::gateway {

struct BackedUpDatabase {
    std::string name;  // "archive.db" | "core.db"; its file is NAME.lbb
    SealedInfo sealed;
    DatabaseFacts facts;  // damage apart
};

struct BackedUpBlob {
    std::string path;  // CORP/ab/HASH, below blobs/
    std::int64_t size = 0;
    std::string sha256;  // hex, of the file as it stands, sealed
};

struct Manifest {
    UnixMillis begun_ms = 0;  // what was acknowledged before is in the backup
    UnixMillis made_ms = 0;
    std::string program;  // version of the program that made it
    int generation = 0;
    std::string key_print;  // master_key_print()
    std::vector<BackedUpDatabase> databases;
    std::int64_t blobs = 0;
    std::int64_t blob_bytes = 0;
    std::string blobs_sha256;  // hex, of blobs.txt

    // Schema generation that a program must have to run on it.
    std::int64_t oldest_program() const;
    std::int64_t clear_bytes() const;
};

std::string encode_manifest(const Manifest& manifest, const Secret& master, std::string_view salt);
// Error{auth, "master_key_wrong"} names the print that is wanted; Error{unsupported} for a newer
// format or schema; Error{corrupt} names the file.
Result<Manifest> read_manifest(const std::filesystem::path& folder, const Secret& master);

// What the manifest says of its key, unproven; "unknown" when it cannot be read.
std::string wanted_key_print(const std::filesystem::path& folder);

std::string encode_blob_list(const std::vector<BackedUpBlob>& blobs);
// blobs.txt of a backup whose manifest was read. Error{corrupt}.
Result<std::vector<BackedUpBlob>> read_blob_list(
    const std::filesystem::path& folder, const Manifest& manifest
);

}  // namespace leadbridge::gateway
