// Corp keys and month keys: where they come from and when they may be kept.

#include "base/crypto.h"
#include "base/vault_state.h"

namespace leadbridge {

namespace {

Secret wrapping_key(const Secret& master) {
    return Secret(
        crypto::hkdf_sha256(master.reveal(), "", "leadbridge wrap corp keys", vault_key_size)
    );
}

std::string wrap_aad(CorpId corp) {
    return "corp_key:" + corp.str();
}

Result<std::string> open_wrapped(const Secret& master, CorpId corp, std::string_view wrapped) {
    return crypto::aes256_gcm_open(
        wrapping_key(master).reveal(),
        wrapped.substr(0, vault_nonce_size),
        wrapped.substr(vault_nonce_size),
        wrap_aad(corp)
    );
}

}  // namespace

std::string Vault::State::wrap(const Secret& master, CorpId corp, const Secret& key) const {
    const std::string nonce = rng.bytes(vault_nonce_size);
    auto sealed =
        crypto::aes256_gcm_seal(wrapping_key(master).reveal(), nonce, key.reveal(), wrap_aad(corp));
    if (!sealed) {
        throw std::runtime_error("wrapping a key failed: " + sealed.error().message);
    }
    return nonce + *sealed;
}

Result<Secret> Vault::State::unwrap(CorpId corp, std::string_view wrapped) const {
    if (wrapped.size() != vault_nonce_size + vault_key_size + vault_tag_size) {
        return Error{ErrorCode::corrupt, "the key of corp " + corp.str() + " has a wrong length"};
    }
    const Masters held = *masters->lock();
    auto key = open_wrapped(held.current, corp, wrapped);
    if (!key && held.next) {
        key = open_wrapped(*held.next, corp, wrapped);
    }
    if (!key) {
        return Error{
            ErrorCode::corrupt,
            "the key of corp " + corp.str() +
                " does not open: the database is damaged; restore it from a backup"};
    }
    return Secret(std::move(*key));
}

std::optional<Secret> Vault::State::cached(CorpId corp) const {
    auto held = cache->lock();
    auto found = held->corps.find(corp);
    return found == held->corps.end() ? std::nullopt : std::make_optional(found->second);
}

std::optional<Secret> Vault::State::cached_month(CorpId corp, VaultMonth month) const {
    auto held = cache->lock();
    auto found = held->months.find({corp, month});
    return found == held->months.end() ? std::nullopt : std::make_optional(found->second);
}

Result<std::optional<Secret>> Vault::State::stored(Snapshot& s, CorpId corp) const {
    const auto wrapped =
        s.one("SELECT wrapped FROM corp_key WHERE corp_id = ?", {corp}, [](const Row& row) {
            return std::string(row.blob(0));
        });
    if (!wrapped) {
        return std::optional<Secret>{};
    }
    auto key = unwrap(corp, *wrapped);
    if (!key) {
        return key.error();
    }
    return std::optional<Secret>(std::move(*key));
}

Result<Secret> Vault::State::stored_or_new(Transaction& tx, CorpId corp) {
    auto found = stored(tx, corp);
    if (!found) {
        return found.error();
    }
    const bool is_new = !found->has_value();
    Secret key = is_new ? Secret(rng.bytes(vault_key_size)) : std::move(**found);
    if (is_new) {
        const std::string wrapped = wrap(masters->lock()->current, corp, key);
        tx.execute(
            "INSERT INTO corp_key(corp_id, wrapped, created_ms) VALUES(?,?,?)",
            {corp, Blob{wrapped}, clock.now()}
        );
    }
    // Not before the commit: a key whose row was rolled back must not seal anything.
    tx.after_commit([held = cache, corp, key] { held->lock()->corps.insert_or_assign(corp, key); });
    return key;
}

Secret Vault::State::corp_key(CorpId corp) {
    if (auto key = cached(corp)) {
        return std::move(*key);
    }
    Transaction* joined = core.current();
    auto key = joined != nullptr
                   ? stored_or_new(*joined, corp)
                   : core.write<Secret>([&](Transaction& tx) { return stored_or_new(tx, corp); });
    if (!key) {
        throw DatabaseError(key.error().message);
    }
    return std::move(*key);
}

Result<Secret> Vault::State::existing_key(CorpId corp) const {
    if (auto key = cached(corp)) {
        return std::move(*key);
    }
    Transaction* joined = core.current();
    auto key = joined != nullptr
                   ? stored(*joined, corp)
                   : core.read<std::optional<Secret>>([&](Snapshot& s) { return stored(s, corp); });
    if (!key) {
        return key.error();
    }
    if (!*key) {
        return Error{
            ErrorCode::corrupt,
            "nothing was ever sealed for corp " + corp.str() + " in this database"};
    }
    if (joined == nullptr) {
        cache->lock()->corps.insert_or_assign(corp, **key);
    }
    return std::move(**key);
}

Secret Vault::State::month_key(CorpId corp, VaultMonth month, const Secret& key) const {
    const std::string info = "leadbridge data " + std::to_string(month);
    Secret derived(crypto::hkdf_sha256(key.reveal(), "", info, vault_key_size));
    if (cached(corp)) {  // only what is committed
        auto held = cache->lock();
        if (held->months.size() >= vault_max_months) {
            held->months.clear();
        }
        held->months.insert_or_assign({corp, month}, derived);
    }
    return derived;
}

}  // namespace leadbridge
