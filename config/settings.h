#pragma once
// The settings of the machine, from one TOML file, environment variables and defaults; read once by
// main. Corps named in the file are wishes for rows: app applies them as upserts, everybody else
// asks crm/staff/corp.
//
// Relative paths in the file are relative to the file's folder (without a file: to the working
// directory); those of the database, the blobs and the master key are relative to data_dir. All
// paths below are resolved.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"

namespace leadbridge::config {

struct Server {
    std::string address = "127.0.0.1";  // of server.listen = "address:port"
    std::uint16_t port = 8080;
    std::string tls_cert;  // PEM files; both or neither
    std::string tls_key;
    std::vector<std::string> trusted_proxies;  // addresses whose X-Forwarded-For is believed
    std::string public_url;  // as seen from outside, without a slash at the end; may be empty
    std::string data_dir = "./data";
    int web_workers = 2;
    int job_workers = 32;
    int welcome_workers = 4;
    int max_connections = 2'000;
};

struct Database {
    std::string url = "sqlite:core.db";  // may hold a password
    bool postgres = false;               // url is PostgreSQL's, as libpq reads it
    std::string schema_prefix;           // before the names of its schemas there: "sandbox_"
    std::string path;                    // of the SQLite file; archive.db stands beside it
};

struct Security {
    std::string master_key_file =
        "master.key";  // made on first start; LEADBRIDGE_MASTER_KEY goes before it
};

struct Log {
    log::Level level = log::Level::info;
    log::Format format = log::Format::text;
};

struct Blobs {
    std::string url = "dir:blobs";
    std::string path;  // the folder
};

struct Backup {
    std::string url;   // "dir:PATH"; empty = off
    std::string path;  // the folder; empty = off
};

struct CorpCallback {
    std::string name = "app";
    Secret token;
    Secret encoding_aes_key;
    std::vector<std::string> receive_ids;  // default: the corp's id; "" is legal
};

struct ArchiveKey {
    int version = 0;
    Secret private_pem;
};

struct CorpArchive {
    bool enabled = false;
    Secret secret;
    std::string sdk;
    std::vector<ArchiveKey> private_keys;
    std::string proxy;
    Secret proxy_password;
    int timeout_s = 5;
    int poll_s = 30;
};

struct CorpLimits {
    int calls_per_minute = 3'000;
    int concurrency = 5;
    std::string push_cap = "days_in_month";  // or "7_per_week", "1_per_day"
};

struct Corp {
    std::string corp_id;
    std::string name;
    std::string api_base = "https://qyapi.weixin.qq.com";
    std::string time_zone = "Asia/Shanghai";
    std::int64_t agent_id = 0;  // of [corp.app]; 0 = no app
    Secret app_secret;
    Secret contacts_secret;  // of [corp.contacts]; may be empty
    std::vector<CorpCallback> callbacks;
    CorpArchive archive;
    CorpLimits limits;
};

struct Settings {
    Server server;
    Database database;
    Security security;
    Log log;
    Blobs blobs;
    Backup backup;
    std::vector<Corp> corps;
};

using Environment = std::map<std::string, std::string>;

// LEADBRIDGE_* of this process.
Environment process_environment();

// file empty: defaults and environment alone. LEADBRIDGE_<SECTION>__<KEY> overrides the keys of the
// machine; lists are separated by commas. Error{not_found} when the file is missing, else
// Error{invalid} whose message names every fault as "file:line: key: cause and fix", joined by ";
// ".
Result<Settings> load(const std::string& file, const Environment& environment);
// The same from text; `folder` is where the file would stand.
Result<Settings> parse(
    const std::string& text,
    const std::string& file_name,
    const std::filesystem::path& folder,
    const Environment& environment
);

// Every key there is, e.g. "server.listen", "corp.callback.token".
std::set<std::string> known_keys();

}  // namespace leadbridge::config
