#pragma once
// API tokens. "lbt_" + 40 characters; only its SHA-256 is stored.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/secret.h"

namespace leadbridge::crm {

using TokenId = Id<struct TokenTag>;

enum class TokenScope : std::uint8_t {
    read = 1,
    write = 2,
    admin = 4
};  // bits; write includes read, admin includes both

struct ApiToken {
    TokenId id;
    std::string name;
    int scopes = 0;  // bits of TokenScope
    CorpId corp;     // 0 = all corps
    UnixMillis created_ms = 0;
    UnixMillis used_ms = 0;     // to the minute; 0 = never
    UnixMillis revoked_ms = 0;  // 0 = valid

    bool allows(TokenScope scope) const noexcept;
};

struct NewToken {
    TokenId id;
    Secret token;  // shown once
};

class TokenStore {
public:
    TokenStore(const Clock& clock, IdSource& ids, Rng& rng) : clock_(clock), ids_(ids), rng_(rng) {}

    // scopes: "read", "write", "admin". Error{conflict} when a valid token has that name.
    Result<NewToken> create(
        Transaction& tx, std::string_view name, const std::vector<std::string>& scopes, CorpId corp
    );
    // Error{not_found}; revoking twice is fine.
    Status revoke(Transaction& tx, std::string_view name_or_id);
    // The valid token of this text, compared by hash; nullopt when unknown or revoked.
    static std::optional<ApiToken> find(Snapshot& s, std::string_view token);
    static std::vector<ApiToken> list(Snapshot& s);
    // Call at most once a minute per token.
    static void used(Transaction& tx, TokenId id, UnixMillis now);

private:
    const Clock& clock_;
    IdSource& ids_;
    Rng& rng_;
};

}  // namespace leadbridge::crm
