#include "gateway/corp_settings.h"

namespace leadbridge::gateway {

namespace {

crm::PushCapRule cap_rule(const std::string& name) {
    if (name == "7_per_week") {
        return crm::PushCapRule::seven_per_week;
    }
    return name == "1_per_day" ? crm::PushCapRule::one_per_day : crm::PushCapRule::days_in_month;
}

// What the file names replaces what the row has; what only the row has stays: an archive key that
// was added by API or command must not be lost with the next start.
void put_callback(crm::Corp& corp, crm::CorpCallback callback) {
    for (crm::CorpCallback& known : corp.callbacks) {
        if (known.name == callback.name) {
            known = std::move(callback);
            return;
        }
    }
    corp.callbacks.push_back(std::move(callback));
}

void put_key(crm::Corp& corp, crm::ArchiveKey key) {
    for (crm::ArchiveKey& known : corp.archive.private_keys) {
        if (known.version == key.version) {
            known = std::move(key);
            return;
        }
    }
    corp.archive.private_keys.push_back(std::move(key));
}

crm::Corp to_row(const config::Corp& from, const std::optional<crm::Corp>& before) {
    crm::Corp corp = before.value_or(crm::Corp{});
    corp.wecom_id = from.corp_id;
    corp.name = from.name;
    corp.api_base = from.api_base;
    corp.time_zone = from.time_zone;
    corp.agent_id = from.agent_id;
    corp.app_secret = from.app_secret;
    corp.contacts_secret = from.contacts_secret;
    for (const config::CorpCallback& callback : from.callbacks) {
        put_callback(
            corp, {callback.name, callback.token, callback.encoding_aes_key, callback.receive_ids}
        );
    }
    corp.archive.enabled = from.archive.enabled;
    corp.archive.secret = from.archive.secret;
    corp.archive.sdk = from.archive.sdk;
    for (const config::ArchiveKey& key : from.archive.private_keys) {
        put_key(corp, {key.version, key.private_pem});
    }
    corp.archive.proxy = from.archive.proxy;
    corp.archive.proxy_password = from.archive.proxy_password;
    corp.archive.timeout_s = from.archive.timeout_s;
    corp.archive.poll_s = from.archive.poll_s;
    corp.limits.calls_per_minute = from.limits.calls_per_minute;
    corp.limits.concurrency = from.limits.concurrency;
    corp.limits.push_cap = cap_rule(from.limits.push_cap);
    return corp;
}

}  // namespace

Status apply_corps(Database& core, crm::CorpStore& store, const std::vector<config::Corp>& corps) {
    for (const config::Corp& corp : corps) {
        auto put = core.write<CorpId>([&](Transaction& tx) -> Result<CorpId> {
            std::optional<crm::Corp> before;
            for (crm::Corp& known : store.list(tx)) {
                if (known.wecom_id == corp.corp_id) {
                    before = std::move(known);
                }
            }
            return store.put(tx, to_row(corp, before));
        });
        if (!put) {
            Error error = std::move(put).error();
            error.message = "[[corp]] " + corp.corp_id + ": " + error.message;
            return error;
        }
    }
    return {};
}

}  // namespace leadbridge::gateway
