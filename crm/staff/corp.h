#pragma once
// Corps are rows: identity, endpoints and sealed secrets of one company on WeCom. Edited by API,
// command or [[corp]] of the settings file; a change is effective without a restart (CorpDirectory
// follows the change log).

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/vault.h"

namespace leadbridge::crm {

struct CorpCallback {
    std::string name = "app";  // "app" | "contacts" | "archive" | "kf" | ...
    Secret token;
    Secret encoding_aes_key;  // 43 characters
    std::vector<std::string>
        receive_ids;  // empty list = {wecom_id}; an entry "" is legal (intelligent bot)
};

struct ArchiveKey {
    int version = 0;  // publickey_ver
    Secret private_pem;
};

enum class PushCapRule : std::uint8_t { days_in_month, seven_per_week, one_per_day };

struct Corp {
    CorpId id;
    std::string wecom_id;  // corpid "ww..."
    std::string name;
    std::string api_base = "https://qyapi.weixin.qq.com";
    std::string time_zone = "Asia/Shanghai";
    std::int64_t agent_id = 0;
    Secret app_secret;
    Secret contacts_secret;  // contacts-sync assistant; may be empty
    std::vector<CorpCallback> callbacks;

    struct Archive {
        bool enabled = false;
        Secret secret;
        std::string sdk;  // path of libWeWorkFinanceSdk_C.so
        std::vector<ArchiveKey> private_keys;
        std::string proxy;      // "http://ip:port" | "socks5://ip:port" | ""
        Secret proxy_password;  // "user:pass"
        int timeout_s = 5;
        int poll_s = 30;
    } archive;

    struct Limits {
        double calls_per_minute = 3'000;  // per API
        int concurrency = 5;              // per API
        PushCapRule push_cap = PushCapRule::days_in_month;
    } limits;

    std::string default_welcome;  // JSON of crm::Welcome, "" = none; used where no channel matches
    std::int64_t version = 0;     // ETag
    UnixMillis created_ms = 0;

    const CorpCallback* callback(std::string_view callback_name) const noexcept;
    bool loopback() const;  // api_base points to this machine (sandbox)
};

class CorpStore {
public:
    static std::span<const Migration> migrations();

    CorpStore(Vault& vault, const Clock& clock, IdSource& ids)
        : vault_(vault), clock_(clock), ids_(ids) {}

    // Inserts or replaces by wecom_id (id and version of the argument are ignored); validates every
    // field and answers with the field's name.
    Result<CorpId> put(Transaction& tx, const Corp& corp);
    std::optional<Corp> find(Snapshot& s, CorpId id) const;
    std::vector<Corp> list(Snapshot& s) const;
    // Error{conflict} while it still has contacts, unless with_data names its wecom_id. Its data
    // goes afterwards, in slices (crm/staff/corp_purge.h).
    Status remove(Transaction& tx, CorpId id, std::string_view with_data);

private:
    Vault& vault_;
    const Clock& clock_;
    IdSource& ids_;
};

// The corps in memory, for hot paths. Thread-safe; a returned pointer is an immutable version
// shared by whoever uses it.
class CorpDirectory {
public:
    CorpDirectory(Database& core, CorpStore& store);
    ~CorpDirectory();
    using Ptr = std::shared_ptr<const Corp>;
    Ptr find(CorpId id) const;  // nullptr when unknown
    Ptr find_wecom(std::string_view wecom_id) const;
    std::vector<Ptr> all() const;
    // Reads all corps again; called at start and on changes of topic "corp".
    void refresh();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::crm
