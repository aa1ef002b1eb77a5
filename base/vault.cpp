#include "base/vault.h"

#include <chrono>

#include "base/crypto.h"
#include "base/vault_state.h"

namespace leadbridge {

namespace {

constexpr Migration vault_migrations[] = {
    {1,
     "CREATE TABLE corp_key("
     "  corp_id INTEGER NOT NULL, wrapped BLOB NOT NULL, created_ms INTEGER NOT NULL, PRIMARY "
     "KEY(corp_id));"
     "CREATE TABLE master_key_print("
     "  corp_id INTEGER NOT NULL, print BLOB NOT NULL, created_ms INTEGER NOT NULL, PRIMARY "
     "KEY(corp_id));"},
};

constexpr char format_version = 1;
constexpr std::size_t header_size = 3;

using Month = VaultMonth;

Month month_of(UnixMillis now) {
    using namespace std::chrono;
    const year_month_day date{floor<days>(sys_time<milliseconds>(milliseconds(now)))};
    return static_cast<Month>(
        static_cast<int>(date.year()) * 12 + static_cast<int>(static_cast<unsigned>(date.month())) -
        1
    );
}

std::string print_of(const Secret& master) {
    return crypto::hkdf_sha256(master.reveal(), "", "leadbridge master key fingerprint", 16);
}

std::string must(Result<std::string> sealed) {
    if (!sealed) {
        throw std::runtime_error("sealing failed: " + sealed.error().message);
    }
    return std::move(*sealed);
}

// The place of a value, in a form that no other corp, month or aad can give.
std::string bound_aad(CorpId corp, std::string_view header, std::string_view aad) {
    std::string bound(header);
    bound += corp.str();
    bound += '|';
    bound += aad;
    return bound;
}

Error wrong_master() {
    return Error{
        ErrorCode::auth,
        "this is not the master key of this database: put back the key file it was made with (or "
        "set LEADBRIDGE_MASTER_KEY)",
        "master_key_wrong"};
}

}  // namespace

Vault::Vault(std::unique_ptr<State> state) : state_(std::move(state)) {}

Vault::~Vault() = default;

std::span<const Migration> Vault::migrations() {
    return vault_migrations;
}

Result<std::unique_ptr<Vault>> Vault::open(
    Database& core, const Clock& clock, Rng& rng, Secret master_key
) {
    if (master_key.reveal().size() != vault_key_size) {
        return Error{ErrorCode::invalid, "a master key has 32 bytes", "master_key_invalid"};
    }
    const std::string print = print_of(master_key);
    auto checked = core.write<bool>([&](Transaction& tx) -> Result<bool> {
        const auto recorded = tx.one(
            "SELECT print FROM master_key_print WHERE corp_id = 0",
            Params{},
            [](const Row& row) { return std::string(row.blob(0)); }
        );
        if (!recorded) {
            tx.execute(
                "INSERT INTO master_key_print(corp_id, print, created_ms) VALUES(0,?,?)",
                {Blob{print}, clock.now()}
            );
            return true;
        }
        return crypto::equal_constant_time(*recorded, print) ? Result<bool>(true)
                                                             : Result<bool>(wrong_master());
    });
    if (!checked) {
        return checked.error();
    }
    auto state = std::make_unique<State>(core, clock, rng, std::move(master_key));
    // The machine's own key, so that log_key() and derive() work from the first moment.
    state->corp_key(CorpId{0});
    return std::unique_ptr<Vault>(new Vault(std::move(state)));
}

std::string Vault::seal(CorpId corp, std::string_view plain, std::string_view aad) {
    const Month month = month_of(state_->clock.now());
    auto key = state_->cached_month(corp, month);
    if (!key) {
        key = state_->month_key(corp, month, state_->corp_key(corp));
    }
    const char header[header_size] = {
        format_version, static_cast<char>(month >> 8), static_cast<char>(month & 0xff)};
    std::string sealed(header, header_size);
    const std::string bound = bound_aad(corp, sealed, aad);
    const std::string nonce = state_->rng.bytes(vault_nonce_size);
    sealed += nonce;
    sealed += must(crypto::aes256_gcm_seal(key->reveal(), nonce, plain, bound));
    return sealed;
}

Result<std::string> Vault::open(CorpId corp, std::string_view sealed, std::string_view aad) const {
    if (sealed.size() < header_size + vault_nonce_size + vault_tag_size ||
        sealed[0] != format_version) {
        return Error{ErrorCode::corrupt, "a sealed value is cut or of an unknown format"};
    }
    const auto month = static_cast<Month>(
        static_cast<unsigned char>(sealed[1]) << 8 | static_cast<unsigned char>(sealed[2])
    );
    auto key = state_->cached_month(corp, month);
    if (!key) {
        auto corp_key = state_->existing_key(corp);
        if (!corp_key) {
            return corp_key.error();
        }
        key = state_->month_key(corp, month, *corp_key);
    }
    const std::string bound = bound_aad(corp, sealed.substr(0, header_size), aad);
    auto plain = crypto::aes256_gcm_open(
        key->reveal(),
        sealed.substr(header_size, vault_nonce_size),
        sealed.substr(header_size + vault_nonce_size),
        bound
    );
    if (!plain) {
        return Error{
            ErrorCode::corrupt,
            "a sealed value does not open: it is damaged or stands in a wrong place"};
    }
    return plain;
}

std::string Vault::derive(CorpId corp, std::string_view purpose) const {
    const std::string info = "leadbridge derive " + std::string(purpose);
    return crypto::hkdf_sha256(state_->corp_key(corp).reveal(), "", info, vault_key_size);
}

Secret Vault::log_key() const {
    return Secret(derive(CorpId{0}, "log"));
}

Status Vault::rewrap(Secret new_master_key) {
    if (new_master_key.reveal().size() != vault_key_size) {
        return Error{ErrorCode::invalid, "a master key has 32 bytes", "master_key_invalid"};
    }
    auto& masters = state_->masters;
    masters->lock()->next = new_master_key;
    auto done = state_->core.write<bool>([&](Transaction& tx) -> Result<bool> {
        const auto rows = tx.all(
            "SELECT corp_id, wrapped FROM corp_key ORDER BY corp_id",
            Params{},
            [](const Row& row) { return std::pair(row.id<CorpId>(0), std::string(row.blob(1))); }
        );
        for (const auto& [corp, wrapped] : rows) {
            auto key = state_->unwrap(corp, wrapped);
            if (!key) {
                return key.error();
            }
            const std::string again = state_->wrap(new_master_key, corp, *key);
            tx.execute("UPDATE corp_key SET wrapped = ? WHERE corp_id = ?", {Blob{again}, corp});
        }
        const std::string print = print_of(new_master_key);
        tx.execute(
            "UPDATE master_key_print SET print = ?, created_ms = ? WHERE corp_id = 0",
            {Blob{print}, state_->clock.now()}
        );
        // On the writer, before any later transaction: none may wrap a new key with the old master.
        tx.after_commit([masters, new_master_key] {
            *masters->lock() = {new_master_key, std::nullopt};
        });
        return true;
    });
    return done ? Status{} : Status{done.error()};
}

}  // namespace leadbridge
