#include "gateway/backup/manifest.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/crypto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/time_zone.h"

namespace leadbridge::gateway {

namespace {

namespace fs = std::filesystem;

constexpr int format = 1;
constexpr std::size_t max_manifest = 1 << 20;

std::string hmac_of(const json::object& object, const Secret& master, std::string_view salt) {
    return crypto::hex(crypto::hmac_sha256(backup_key(master, salt), to_text(object)));
}

json::object database_json(const BackedUpDatabase& db) {
    json::object rows;
    for (const TableRows& table : db.facts.tables) {
        rows[table.table] = table.rows;
    }
    return {
        {"name", db.name},
        {"bytes", db.sealed.clear_bytes},
        {"file_bytes", db.sealed.file_bytes},
        {"sha256", db.sealed.sha256},
        {"oldest_program", db.facts.oldest_program},
        {"last_change", db.facts.last_change},
        {"last_change_ms", db.facts.last_change_ms},
        {"rows", std::move(rows)}};
}

BackedUpDatabase database_of(const json::object& object) {
    BackedUpDatabase db;
    db.name = json_string(object, "name");
    db.sealed.clear_bytes = json_int(object, "bytes");
    db.sealed.file_bytes = json_int(object, "file_bytes");
    db.sealed.sha256 = json_string(object, "sha256");
    db.facts.oldest_program = json_int(object, "oldest_program");
    db.facts.last_change = json_int(object, "last_change");
    db.facts.last_change_ms = json_int(object, "last_change_ms");
    if (const json::object* rows = json_object(object, "rows")) {
        for (const auto& item : *rows) {
            db.facts.tables.push_back({std::string(item.key()), json_int(*rows, item.key())});
        }
    }
    return db;
}

Manifest manifest_of(const json::object& object) {
    Manifest m;
    m.begun_ms = json_int(object, "begun_ms");
    m.made_ms = json_int(object, "made_ms");
    m.program = json_string(object, "program");
    m.generation = static_cast<int>(json_int(object, "generation"));
    m.key_print = json_string(object, "key_print");
    m.blobs = json_int(object, "blobs");
    m.blob_bytes = json_int(object, "blob_bytes");
    m.blobs_sha256 = json_string(object, "blobs_sha256");
    const json::array* databases = json_array(object, "databases");
    for (std::size_t i = 0; databases != nullptr && i < databases->size(); ++i) {
        if ((*databases)[i].is_object()) {
            m.databases.push_back(database_of((*databases)[i].get_object()));
        }
    }
    return m;
}

Error damaged(const fs::path& file, const char* what) {
    return Error{ErrorCode::corrupt, file.string() + ": " + what, "backup_damaged"};
}

Result<std::string> read_whole(const fs::path& path, std::size_t most) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path);
    if (file.fd() < 0) {
        return Error{
            errno == ENOENT ? ErrorCode::not_found : ErrorCode::permanent,
            path.string() + ": " + std::strerror(errno)};
    }
    std::string bytes = file.read(0, most + 1);
    if (bytes.size() > most) {
        return damaged(path, "it is larger than it can be");
    }
    return bytes;
}

Error wrong_key(const fs::path& folder, const std::string& wanted, const Secret& master) {
    return Error{
        ErrorCode::auth,
        folder.string() + " was made with the master key whose print is " + wanted +
            "; the one here has print " + master_key_print(master) +
            ": put that key in place (security.master_key_file, LEADBRIDGE_MASTER_KEY), or name "
            "its file with --key-file",
        "master_key_wrong"};
}

std::int64_t number_of(std::string_view text) {
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : -1;
}

// Never a path that leads out of the folder.
bool good_path(std::string_view path) {
    return !path.empty() && path.find("..") == std::string_view::npos && path.front() != '/';
}

}  // namespace

std::int64_t Manifest::oldest_program() const {
    std::int64_t oldest = 0;
    for (const BackedUpDatabase& db : databases) {
        oldest = std::max(oldest, db.facts.oldest_program);
    }
    return oldest;
}

std::int64_t Manifest::clear_bytes() const {
    std::int64_t bytes = 0;
    for (const BackedUpDatabase& db : databases) {
        bytes += db.sealed.clear_bytes;
    }
    return bytes;
}

std::string encode_manifest(const Manifest& m, const Secret& master, std::string_view salt) {
    json::array databases;
    for (const BackedUpDatabase& db : m.databases) {
        databases.push_back(database_json(db));
    }
    json::object object{
        {"format", format},
        {"begun", rfc3339(m.begun_ms)},
        {"made", rfc3339(m.made_ms)},
        {"begun_ms", m.begun_ms},
        {"made_ms", m.made_ms},
        {"program", m.program},
        {"generation", m.generation},
        {"key_print", m.key_print},
        {"databases", std::move(databases)},
        {"blobs", m.blobs},
        {"blob_bytes", m.blob_bytes},
        {"blobs_sha256", m.blobs_sha256},
        {"salt", crypto::hex(salt)}};
    const std::string hmac = hmac_of(object, master, salt);
    object["hmac"] = hmac;
    return to_text(object) + "\n";
}

Result<Manifest> read_manifest(const fs::path& folder, const Secret& master) {
    const fs::path file = folder / "manifest.json";
    auto text = read_whole(file, max_manifest);
    if (!text) {
        return std::move(text).error();
    }
    auto value = parse_json(*text, JsonLimits{max_manifest, 8});
    if (!value || !value->is_object()) {
        return damaged(file, "it cannot be read");
    }
    json::object& object = value->get_object();
    if (const auto made_by = json_int(object, "format"); made_by > format) {
        return Error{
            ErrorCode::unsupported,
            file.string() + " is of a newer release: restore it with that one",
            "backup_newer"};
    }
    Manifest m = manifest_of(object);
    if (m.key_print != master_key_print(master)) {
        return wrong_key(folder, m.key_print, master);
    }
    const std::string hmac = json_string(object, "hmac");
    const auto salt = crypto::unhex(json_string(object, "salt"));
    object.erase("hmac");
    if (!salt || !crypto::equal_constant_time(hmac, hmac_of(object, master, *salt))) {
        return damaged(file, "it is damaged or was changed");
    }
    if (m.oldest_program() > program_generation) {
        return Error{
            ErrorCode::unsupported,
            folder.string() + " needs a LeadBridge of schema generation " +
                std::to_string(m.oldest_program()) + " or newer, and this one is of " +
                std::to_string(program_generation) + ": install release " + m.program,
            "backup_newer"};
    }
    return m;
}

std::string wanted_key_print(const fs::path& folder) {
    const auto text = read_whole(folder / "manifest.json", max_manifest);
    const auto value = text ? parse_json(*text) : Result<json::value>(text.error());
    return value && value->is_object() ? json_string(value->get_object(), "key_print", "unknown")
                                       : "unknown";
}

std::string encode_blob_list(const std::vector<BackedUpBlob>& blobs) {
    std::string out;
    for (const BackedUpBlob& blob : blobs) {
        out += blob.path + " " + std::to_string(blob.size) + " " + blob.sha256 + "\n";
    }
    return out;
}

Result<std::vector<BackedUpBlob>> read_blob_list(const fs::path& folder, const Manifest& manifest) {
    constexpr std::size_t longest_line = 256;
    const fs::path file = folder / "blobs.txt";
    auto text = read_whole(
        file, static_cast<std::size_t>(std::max<std::int64_t>(manifest.blobs, 0)) * longest_line
    );
    if (!text) {
        return std::move(text).error();
    }
    if (crypto::hex(crypto::sha256(*text)) != manifest.blobs_sha256) {
        return damaged(file, "it is damaged or was changed");
    }
    std::vector<BackedUpBlob> out;
    std::string_view rest(*text);
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const std::size_t size_at = line.find(' ');
        const std::size_t hash_at = line.rfind(' ');
        if (size_at == std::string_view::npos || hash_at <= size_at) {
            return damaged(file, "a line cannot be read");
        }
        BackedUpBlob blob;
        blob.path = std::string(line.substr(0, size_at));
        blob.size = number_of(line.substr(size_at + 1, hash_at - size_at - 1));
        blob.sha256 = std::string(line.substr(hash_at + 1));
        if (!good_path(blob.path) || blob.size < 0) {
            return damaged(file, "a line cannot be read");
        }
        out.push_back(std::move(blob));
    }
    return out;
}

}  // namespace leadbridge::gateway
