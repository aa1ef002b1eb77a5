#include "crm/staff/corp.h"

#include <algorithm>
#include <stdexcept>

#include "base/json.h"
#include "base/time_zone.h"
#include "crm/staff/corp_check.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view corp_columns =
    "SELECT id, wecom_id, name, api_base, time_zone, agent_id, app_secret_sealed, "
    "contacts_secret_sealed, "
    "callbacks_sealed, archive_enabled, archive_sdk, archive_proxy, archive_timeout_s, "
    "archive_poll_s, "
    "archive_secrets_sealed, calls_per_minute, concurrency, push_cap, default_welcome, version, "
    "created_ms FROM corp";

std::string place(CorpId id, std::string_view column) {
    return "corp:" + id.str() + ":" + std::string(column);
}

// A row that does not open is a broken environment: the database and the key do not belong
// together.
std::string open_or_throw(
    Vault& vault, CorpId id, std::string_view sealed, std::string_view column
) {
    Result<std::string> plain = vault.open(id, sealed, place(id, column));
    if (!plain) {
        throw std::runtime_error(
            "corp " + id.str() + ": " + std::string(column) + " does not open (" +
            plain.error().message + "); was the master key of another installation given?"
        );
    }
    return std::move(*plain);
}

std::string callbacks_text(const std::vector<CorpCallback>& callbacks) {
    json::array out;
    for (const CorpCallback& c : callbacks) {
        json::array ids;
        for (const std::string& id : c.receive_ids) {
            ids.emplace_back(id);
        }
        out.push_back(json::object{
            {"name", c.name},
            {"token", c.token.reveal()},
            {"encoding_aes_key", c.encoding_aes_key.reveal()},
            {"receive_ids", std::move(ids)},
        });
    }
    return to_text(out);
}

std::vector<CorpCallback> read_callbacks(std::string_view text) {
    std::vector<CorpCallback> out;
    const Result<json::value> value = parse_json(text);
    if (!value || !value->is_array()) {
        return out;
    }
    for (const json::value& item : value->as_array()) {
        const json::object& object = item.as_object();
        CorpCallback callback;
        callback.name = json_string(object, "name");
        callback.token = Secret(json_string(object, "token"));
        callback.encoding_aes_key = Secret(json_string(object, "encoding_aes_key"));
        for (const json::value& id : *json_array(object, "receive_ids")) {
            callback.receive_ids.emplace_back(id.as_string());
        }
        out.push_back(std::move(callback));
    }
    return out;
}

std::string archive_text(const Corp::Archive& archive) {
    json::array keys;
    for (const ArchiveKey& key : archive.private_keys) {
        keys.push_back(json::object{{"version", key.version}, {"pem", key.private_pem.reveal()}});
    }
    return to_text(json::object{
        {"secret", archive.secret.reveal()},
        {"proxy_password", archive.proxy_password.reveal()},
        {"keys", std::move(keys)},
    });
}

void read_archive(std::string_view text, Corp::Archive& archive) {
    const Result<json::value> value = parse_json(text);
    if (!value || !value->is_object()) {
        return;
    }
    const json::object& object = value->as_object();
    archive.secret = Secret(json_string(object, "secret"));
    archive.proxy_password = Secret(json_string(object, "proxy_password"));
    for (const json::value& item : *json_array(object, "keys")) {
        const json::object& key = item.as_object();
        archive.private_keys.push_back(
            {static_cast<int>(json_int(key, "version")), Secret(json_string(key, "pem"))}
        );
    }
}

Corp read_corp(Vault& vault, const Row& row) {
    Corp c;
    c.id = row.id<CorpId>(0);
    c.wecom_id = row.str(1);
    c.name = row.str(2);
    c.api_base = row.str(3);
    c.time_zone = row.str(4);
    c.agent_id = row.integer(5);
    c.app_secret = Secret(open_or_throw(vault, c.id, row.blob(6), "app_secret"));
    c.contacts_secret = Secret(open_or_throw(vault, c.id, row.blob(7), "contacts_secret"));
    c.callbacks = read_callbacks(open_or_throw(vault, c.id, row.blob(8), "callbacks"));
    c.archive.enabled = row.flag(9);
    c.archive.sdk = row.str(10);
    c.archive.proxy = row.str(11);
    c.archive.timeout_s = static_cast<int>(row.integer(12));
    c.archive.poll_s = static_cast<int>(row.integer(13));
    read_archive(open_or_throw(vault, c.id, row.blob(14), "archive_secrets"), c.archive);
    c.limits.calls_per_minute = row.real(15);
    c.limits.concurrency = static_cast<int>(row.integer(16));
    c.limits.push_cap = static_cast<PushCapRule>(row.integer(17));
    c.default_welcome = row.str(18);
    c.version = row.integer(19);
    c.created_ms = row.integer(20);
    return c;
}

}  // namespace

const CorpCallback* Corp::callback(std::string_view callback_name) const noexcept {
    const auto it = std::find_if(callbacks.begin(), callbacks.end(), [&](const CorpCallback& c) {
        return c.name == callback_name;
    });
    return it == callbacks.end() ? nullptr : &*it;
}

bool Corp::loopback() const {
    return is_loopback_url(api_base);
}

Result<CorpId> CorpStore::put(Transaction& tx, const Corp& corp) {
    if (Status ok = check_corp(corp); !ok) {
        return ok.error();
    }
    CorpId id{tx.number("SELECT id FROM corp WHERE wecom_id = ?", {corp.wecom_id})};
    const bool is_new = !id;
    if (is_new) {
        id = ids_.next_as<CorpId>();
    }
    const std::string app = vault_.seal(id, corp.app_secret.reveal(), place(id, "app_secret"));
    const std::string contacts =
        vault_.seal(id, corp.contacts_secret.reveal(), place(id, "contacts_secret"));
    const std::string callbacks =
        vault_.seal(id, callbacks_text(corp.callbacks), place(id, "callbacks"));
    const std::string archive =
        vault_.seal(id, archive_text(corp.archive), place(id, "archive_secrets"));
    tx.execute(
        "INSERT INTO corp(id, wecom_id, name, api_base, time_zone, agent_id, app_secret_sealed, "
        "contacts_secret_sealed, callbacks_sealed, archive_enabled, archive_sdk, archive_proxy, "
        "archive_timeout_s, "
        "archive_poll_s, archive_secrets_sealed, calls_per_minute, concurrency, push_cap, "
        "default_welcome, version, "
        "created_ms) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,1,?) ON CONFLICT(id) DO UPDATE "
        "SET "
        "name = excluded.name, api_base = excluded.api_base, time_zone = excluded.time_zone, "
        "agent_id = excluded.agent_id, app_secret_sealed = excluded.app_secret_sealed, "
        "contacts_secret_sealed = excluded.contacts_secret_sealed, callbacks_sealed = "
        "excluded.callbacks_sealed, "
        "archive_enabled = excluded.archive_enabled, archive_sdk = excluded.archive_sdk, "
        "archive_proxy = excluded.archive_proxy, archive_timeout_s = excluded.archive_timeout_s, "
        "archive_poll_s = excluded.archive_poll_s, archive_secrets_sealed = "
        "excluded.archive_secrets_sealed, "
        "calls_per_minute = excluded.calls_per_minute, concurrency = excluded.concurrency, "
        "push_cap = excluded.push_cap, default_welcome = excluded.default_welcome, version = "
        "corp.version + 1",
        {id,
         corp.wecom_id,
         corp.name,
         corp.api_base,
         corp.time_zone,
         corp.agent_id,
         Blob{app},
         Blob{contacts},
         Blob{callbacks},
         corp.archive.enabled,
         corp.archive.sdk,
         corp.archive.proxy,
         corp.archive.timeout_s,
         corp.archive.poll_s,
         Blob{archive},
         corp.limits.calls_per_minute,
         corp.limits.concurrency,
         corp.limits.push_cap,
         corp.default_welcome,
         clock_.now()}
    );
    tx.changed({id, "corp", id.value, is_new ? "created" : "updated"});
    return id;
}

std::optional<Corp> CorpStore::find(Snapshot& s, CorpId id) const {
    return s.one(std::string(corp_columns) + " WHERE id = ?", {id}, [&](const Row& row) {
        return read_corp(vault_, row);
    });
}

std::vector<Corp> CorpStore::list(Snapshot& s) const {
    return s.all(std::string(corp_columns) + " ORDER BY id", {}, [&](const Row& row) {
        return read_corp(vault_, row);
    });
}

Status CorpStore::remove(Transaction& tx, CorpId id, std::string_view with_data) {
    const auto wecom_id = tx.one(
        "SELECT wecom_id FROM corp WHERE id = ?", {id}, [](const Row& row) { return row.str(0); }
    );
    if (!wecom_id) {
        return Error{ErrorCode::not_found, "there is no such corp"};
    }
    if (with_data != *wecom_id &&
        tx.exists("SELECT 1 FROM contact WHERE corp_id = ? LIMIT 1", {id})) {
        return Error{
            ErrorCode::conflict,
            "the corp still has contacts; name its corpid as with_data to remove it with them",
            "corp_has_data"};
    }
    tx.execute("DELETE FROM source WHERE corp_id = ?", {id});
    tx.execute(
        "UPDATE api_token SET revoked_ms = ? WHERE corp_id = ? AND revoked_ms = 0",
        {clock_.now(), id}
    );
    tx.execute("DELETE FROM corp WHERE id = ?", {id});
    tx.execute("INSERT INTO removed_corp(corp_id, removed_ms) VALUES(?,?)", {id, clock_.now()});
    tx.changed({id, "corp", id.value, "deleted"});
    tx.changed({id, "source", 0, "deleted"});
    return {};
}

}  // namespace leadbridge::crm
