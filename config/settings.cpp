#include "config/settings.h"

#include <unistd.h>

#include <charconv>
#include <fstream>
#include <sstream>

#include "config/corp_settings.h"
#include "config/reader.h"

namespace leadbridge::config {

namespace {

namespace fs = std::filesystem;

std::string under(const fs::path& folder, const std::string& path) {
    return (folder / path).lexically_normal().string();
}

void read_listen(Table& table, Server& server) {
    const std::string listen = table.text("listen", "127.0.0.1:8080");
    const std::size_t colon = listen.rfind(':');
    int port = -1;
    if (colon != std::string::npos && colon > 0) {
        const char* end = listen.data() + listen.size();
        const auto [stop, error] = std::from_chars(listen.data() + colon + 1, end, port);
        port = error == std::errc{} && stop == end ? port : -1;
    }
    if (port < 0 || port > 65535) {
        table.problem(
            "listen", "must be an address and a port, e.g. \"127.0.0.1:8080\" or \"[::1]:8080\""
        );
        return;
    }
    server.address = listen.substr(0, colon);
    if (server.address.starts_with('[') && server.address.ends_with(']')) {
        server.address = server.address.substr(1, server.address.size() - 2);
    }
    server.port = static_cast<std::uint16_t>(port);
}

int count(Table& table, std::string_view key, int fallback, IntRange range) {
    return static_cast<int>(table.integer(key, fallback, range));
}

Server read_server(Table table, const fs::path& folder) {
    Server server;
    read_listen(table, server);
    server.tls_cert = table.path("tls_cert");
    server.tls_key = table.path("tls_key");
    if (server.tls_cert.empty() != server.tls_key.empty()) {
        table.problem("tls_cert", "tls_cert and tls_key go together; give both or neither");
    }
    server.trusted_proxies = table.list("trusted_proxies");
    server.public_url = table.text("public_url");
    if (!server.public_url.empty() && !server.public_url.starts_with("http://") &&
        !server.public_url.starts_with("https://")) {
        table.problem("public_url", "must begin with https:// or http://");
    }
    while (server.public_url.ends_with('/')) {
        server.public_url.pop_back();
    }
    server.data_dir = under(folder, table.text("data_dir", server.data_dir));
    server.web_workers = count(table, "web_workers", server.web_workers, {1, 64});
    server.job_workers = count(table, "job_workers", server.job_workers, {4, 512});
    server.welcome_workers = count(table, "welcome_workers", server.welcome_workers, {1, 64});
    server.max_connections = count(table, "max_connections", server.max_connections, {16, 100'000});
    table.done();
    return server;
}

Database read_database(Table table, const std::string& data_dir) {
    Database database;
    database.url = table.text("url", database.url);
    if (database.url.starts_with("postgresql://") || database.url.starts_with("postgres://")) {
        database.postgres = true;
    } else if (database.url.starts_with("sqlite:") && database.url.size() > 7) {
        database.path = under(data_dir, database.url.substr(7));
    } else {
        table.problem("url", "must be \"sqlite:FILE\" or \"postgresql://USER@HOST/DATABASE\"");
    }
    table.done();
    return database;
}

Log read_log(Table table) {
    Log log;
    const std::string level = table.choice("level", {"debug", "info", "warn", "error"}, "info");
    log.level = level == "debug"  ? log::Level::debug
                : level == "info" ? log::Level::info
                : level == "warn" ? log::Level::warn
                                  : log::Level::error;
    log.format = table.choice("format", {"text", "json"}, "text") == "json" ? log::Format::json
                                                                            : log::Format::text;
    table.done();
    return log;
}

// "dir:PATH" -> the path; empty when there is none.
std::string folder_of(Table& table, const std::string& url, const fs::path& base) {
    if (!url.starts_with("dir:") || url.size() == 4) {
        table.problem("url", "must be \"dir:PATH\"; this version has no other store");
        return {};
    }
    return under(base, url.substr(4));
}

Settings read_all(Document& document) {
    Settings settings;
    Table root = document.root();
    settings.server = read_server(root.table("server"), document.folder());
    const std::string& data_dir = settings.server.data_dir;
    settings.database = read_database(root.table("database"), data_dir);

    Table security = root.table("security");
    settings.security.master_key_file =
        under(data_dir, security.text("master_key_file", settings.security.master_key_file));
    security.done();

    settings.log = read_log(root.table("log"));

    Table blobs = root.table("blobs");
    settings.blobs.url = blobs.text("url", settings.blobs.url);
    settings.blobs.path = folder_of(blobs, settings.blobs.url, data_dir);
    blobs.done();

    Table backup = root.table("backup");
    settings.backup.url = backup.text("url");
    if (!settings.backup.url.empty()) {
        settings.backup.path = folder_of(backup, settings.backup.url, document.folder());
    }
    backup.done();

    settings.corps = read_corps(root);
    root.done();
    return settings;
}

}  // namespace

Environment process_environment() {
    Environment out;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::size_t equals = text.find('=');
        if (text.starts_with("LEADBRIDGE_") && equals != std::string_view::npos) {
            out.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return out;
}

Result<Settings> parse(
    const std::string& text,
    const std::string& file_name,
    const fs::path& folder,
    const Environment& environment
) {
    auto document = Document::parse(text, file_name, folder, environment);
    if (!document) {
        return document.error();
    }
    Settings settings = read_all(**document);
    if (auto ok = (*document)->finish(); !ok) {
        return ok.error();
    }
    return settings;
}

Result<Settings> load(const std::string& file, const Environment& environment) {
    if (file.empty()) {
        return parse("", "settings", ".", environment);
    }
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    if (!in || fs::is_directory(file) ||
        !(text << in.rdbuf() || in.peek() == std::ifstream::traits_type::eof())) {
        return Error{
            ErrorCode::not_found,
            "cannot read the settings file " + file + "; config/leadbridge.example.toml shows one",
            "no_settings"};
    }
    const fs::path folder = fs::path(file).parent_path();
    return parse(text.str(), file, folder.empty() ? fs::path(".") : folder, environment);
}

std::set<std::string> known_keys() {
    // One of each table, so that every reader runs; what is wrong with them does not matter here.
    auto document = Document::parse(
        "[[corp]]\n[[corp.callback]]\n[corp.archive]\nprivate_keys = [{}]\n", "known", ".", {}
    );
    read_all(**document);
    std::set<std::string> keys = (*document)->asked();
    for (const char* table :
         {"server",
          "database",
          "security",
          "log",
          "blobs",
          "backup",
          "corp",
          "corp.app",
          "corp.callback",
          "corp.contacts",
          "corp.archive",
          "corp.limits"}) {
        keys.erase(table);
    }
    return keys;
}

}  // namespace leadbridge::config
