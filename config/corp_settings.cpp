#include "config/corp_settings.h"

#include <algorithm>

#include "base/crypto.h"
#include "base/time_zone.h"

namespace leadbridge::config {

namespace {

bool is_word(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
}

bool is_web_address(std::string_view text) noexcept {
    return text.starts_with("https://") || text.starts_with("http://");
}

CorpCallback read_callback(Table table, const std::string& corp_id) {
    CorpCallback callback;
    callback.name = table.text("name", callback.name);
    if (!is_word(callback.name)) {
        table.problem("name", "must be letters, digits, _ and -; it stands in the callback's URL");
    }
    callback.token = table.required_secret("token");
    callback.encoding_aes_key = table.required_secret("encoding_aes_key");
    const std::string padded = std::string(callback.encoding_aes_key.reveal()) + "=";
    if (!callback.encoding_aes_key.empty() &&
        (padded.size() != 44 || !crypto::unbase64(padded, crypto::Base64Tail::lenient))) {
        table.problem(
            "encoding_aes_key", "must be the 43 letters and digits shown in the admin console"
        );
    }
    callback.receive_ids = table.list("receive_ids");
    if (callback.receive_ids.empty()) {
        callback.receive_ids.push_back(corp_id);
    }
    table.done();
    return callback;
}

std::vector<CorpCallback> read_callbacks(Table& corp, const std::string& corp_id) {
    std::vector<CorpCallback> callbacks;
    for (const Table& table : corp.tables("callback")) {
        CorpCallback callback = read_callback(table, corp_id);
        const bool twice = std::any_of(callbacks.begin(), callbacks.end(), [&](const auto& other) {
            return other.name == callback.name;
        });
        if (twice) {
            corp.problem("callback", "two callbacks are named \"" + callback.name + "\"");
        }
        callbacks.push_back(std::move(callback));
    }
    return callbacks;
}

ArchiveKey read_archive_key(Table table) {
    ArchiveKey key;
    key.version = static_cast<int>(table.integer("version", 0, {0, 1'000'000}));
    if (key.version == 0) {
        table.problem("version", "is missing; it is the publickey_ver of the admin console");
    }
    key.private_pem = table.file_content("file");
    if (!key.private_pem.empty()) {
        if (auto parsed = crypto::RsaKey::from_private_pem(key.private_pem.reveal()); !parsed) {
            table.problem("file", parsed.error().message);
        }
    }
    table.done();
    return key;
}

CorpArchive read_archive(Table table) {
    CorpArchive archive;
    archive.enabled = table.flag("enabled", false);
    archive.secret = archive.enabled ? table.required_secret("secret") : table.secret("secret");
    archive.sdk = table.path("sdk");
    for (const Table& key : table.tables("private_keys")) {
        archive.private_keys.push_back(read_archive_key(key));
    }
    archive.proxy = table.text("proxy");
    archive.proxy_password = table.secret("proxy_password");
    archive.timeout_s = static_cast<int>(table.integer("timeout_s", 5, {1, 120}));
    archive.poll_s = static_cast<int>(table.integer("poll_s", 30, {1, 3600}));
    if (archive.enabled && archive.sdk.empty()) {
        table.problem("sdk", "is missing; it is the path of libWeWorkFinanceSdk_C.so");
    }
    if (archive.enabled && archive.private_keys.empty()) {
        table.problem("private_keys", "is missing; without one no message can be decrypted");
    }
    table.done();
    return archive;
}

CorpLimits read_limits(Table table) {
    CorpLimits limits;
    limits.calls_per_minute =
        static_cast<int>(table.integer("calls_per_minute", limits.calls_per_minute, {1, 100'000}));
    limits.concurrency =
        static_cast<int>(table.integer("concurrency", limits.concurrency, {1, 100}));
    limits.push_cap =
        table.choice("push_cap", {"days_in_month", "7_per_week", "1_per_day"}, limits.push_cap);
    table.done();
    return limits;
}

Corp read_corp(Table table) {
    Corp corp;
    corp.corp_id = table.required("corp_id");
    if (!corp.corp_id.empty() && !is_word(corp.corp_id)) {
        table.problem(
            "corp_id", "must be the 企业ID of the admin console, e.g. ww0123456789abcdef"
        );
    }
    corp.name = table.text("name", corp.corp_id);
    corp.api_base = table.text("api_base", corp.api_base);
    if (!is_web_address(corp.api_base)) {
        table.problem("api_base", "must begin with https:// (http:// for a sandbox)");
    }
    corp.time_zone = table.text("time_zone", corp.time_zone);
    if (!time_zone_exists(corp.time_zone)) {
        table.problem("time_zone", "no such zone; give a name like Asia/Shanghai");
    }
    Table app = table.table("app");
    corp.agent_id = app.integer("agent_id", 0, {0, INT64_MAX});
    corp.app_secret = app.present() ? app.required_secret("secret") : app.secret("secret");
    if (app.present() && corp.agent_id == 0) {
        app.problem("agent_id", "is missing");
    }
    app.done();
    corp.callbacks = read_callbacks(table, corp.corp_id);
    Table contacts = table.table("contacts");
    corp.contacts_secret = contacts.secret("secret");
    contacts.done();
    corp.archive = read_archive(table.table("archive"));
    corp.limits = read_limits(table.table("limits"));
    table.done();
    return corp;
}

}  // namespace

std::vector<Corp> read_corps(Table& root) {
    std::vector<Corp> corps;
    for (const Table& table : root.tables("corp")) {
        Corp corp = read_corp(table);
        const bool twice = std::any_of(corps.begin(), corps.end(), [&](const auto& other) {
            return other.corp_id == corp.corp_id;
        });
        if (twice) {
            root.problem("corp", "corp_id \"" + corp.corp_id + "\" stands twice");
        }
        corps.push_back(std::move(corp));
    }
    return corps;
}

}  // namespace leadbridge::config
