#pragma once
// What the files of the vault share. Private to them.

#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/guarded.h"
#include "base/vault.h"

namespace leadbridge {

inline constexpr std::size_t vault_key_size = 32;
inline constexpr std::size_t vault_nonce_size = 12;
inline constexpr std::size_t vault_tag_size = 16;
inline constexpr std::size_t vault_max_months = 10'000;

using VaultMonth = std::uint16_t;  // year * 12 + month - 1

struct Vault::State {
    State(Database& database, const Clock& a_clock, Rng& random, Secret key)
        : core(database), clock(a_clock), rng(random) {
        masters->lock()->current = std::move(key);
    }

    struct Masters {
        Secret current;
        std::optional<Secret> next;  // while a rewrap is under way: a reader may meet either
    };

    struct Cache {
        std::unordered_map<CorpId, Secret> corps;
        std::map<std::pair<CorpId, VaultMonth>, Secret> months;
    };

    Database& core;
    const Clock& clock;
    Rng& rng;
    // Both are shared with transactions in flight: a new key enters after their commit.
    std::shared_ptr<Guarded<Masters>> masters = std::make_shared<Guarded<Masters>>();
    std::shared_ptr<Guarded<Cache>> cache = std::make_shared<Guarded<Cache>>();

    std::optional<Secret> cached(CorpId corp) const;
    Result<Secret> unwrap(CorpId corp, std::string_view wrapped) const;
    std::string wrap(const Secret& master, CorpId corp, const Secret& key) const;
    Result<std::optional<Secret>> stored(Snapshot& s, CorpId corp) const;
    Result<Secret> stored_or_new(Transaction& tx, CorpId corp);
    // Makes the key on first use.
    Secret corp_key(CorpId corp);
    Result<Secret> existing_key(CorpId corp) const;
    Secret month_key(CorpId corp, VaultMonth month, const Secret& corp_key) const;
    std::optional<Secret> cached_month(CorpId corp, VaultMonth month) const;
};

}  // namespace leadbridge
