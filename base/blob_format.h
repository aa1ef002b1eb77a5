#pragma once
// The file format of blobs, private to blob_store.cpp and blob_writer.cpp.
//
// magic, u32 length of the upload's name, the name
// per chunk:  u32 length, seal of 64 KiB of clear bytes (the last chunk may be shorter)
// end:        seal of "decimal size:hex SHA-256", u32 length of it
// Integers are little endian. Every seal is bound to the name and the chunk's number, so that no
// chunk can change its place unnoticed, and the sealed end says where the blob stops. A partial
// file is the same without its end: whatever opens is kept, the first thing that does not is cut
// off.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/blob_store.h"
#include "base/file.h"
#include "base/little_endian.h"

namespace leadbridge::blob_format {

constexpr std::string_view magic = "LBBLOB1\n";
constexpr std::size_t chunk_size = 64 * 1024;
constexpr std::size_t max_frame = chunk_size + 4096;  // what a seal may add
constexpr std::size_t max_name = 100;

// What each seal is bound to.
std::string chunk_place(std::string_view name, std::int64_t index);
std::string end_place(std::string_view name);
std::string header(std::string_view name);
// The frame at `offset`, empty when it is not whole.
std::string read_frame(const File& file, std::int64_t offset);

// Goes on with the partial file, whose lock the caller holds in `file`.
std::unique_ptr<BlobWriter> resume_writer(
    Vault& vault, CorpId corp, std::filesystem::path corp_directory, std::string name, File file
);

}  // namespace leadbridge::blob_format
