#include "crm/staff/token.h"

#include "base/crypto.h"
#include "base/utf8.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view token_columns =
    "SELECT id, name, scopes, corp_id, created_ms, used_ms, revoked_ms, hash FROM api_token";

struct TokenRow {
    ApiToken token;
    std::string hash;
};

TokenRow read_token(const Row& row) {
    ApiToken t;
    t.id = row.id<TokenId>(0);
    t.name = row.str(1);
    t.scopes = static_cast<int>(row.integer(2));
    t.corp = row.id<CorpId>(3);
    t.created_ms = row.integer(4);
    t.used_ms = row.integer(5);
    t.revoked_ms = row.integer(6);
    return {std::move(t), std::string(row.blob(7))};
}

Result<int> scope_bits(const std::vector<std::string>& scopes) {
    int bits = 0;
    for (const std::string& scope : scopes) {
        if (scope == "read") {
            bits |= 1;
        } else if (scope == "write") {
            bits |= 2 | 1;
        } else if (scope == "admin") {
            bits |= 4 | 2 | 1;
        } else {
            return Error{
                ErrorCode::invalid,
                "unknown scope \"" + scope + "\": use read, write or admin",
                "scopes"};
        }
    }
    if (bits == 0) {
        return Error{ErrorCode::invalid, "a token needs a scope: read, write or admin", "scopes"};
    }
    return bits;
}

}  // namespace

bool ApiToken::allows(TokenScope scope) const noexcept {
    return revoked_ms == 0 && (scopes & static_cast<int>(scope)) != 0;
}

Result<NewToken> TokenStore::create(
    Transaction& tx, std::string_view name, const std::vector<std::string>& scopes, CorpId corp
) {
    if (name.empty() || name.size() > 100 || !is_utf8(name)) {
        return Error{ErrorCode::invalid, "name: must be 1..100 bytes of UTF-8", "name"};
    }
    const Result<int> bits = scope_bits(scopes);
    if (!bits) {
        return bits.error();
    }
    if (tx.exists("SELECT 1 FROM api_token WHERE name = ? AND revoked_ms = 0", {name})) {
        return Error{
            ErrorCode::conflict,
            "a token of that name exists; revoke it or choose another name",
            "token_name_taken"};
    }
    const auto id = ids_.next_as<TokenId>();
    const std::string text = "lbt_" + rng_.token(40);
    const std::string hash = crypto::sha256(text);
    tx.execute(
        "INSERT INTO api_token(id, corp_id, name, scopes, hash, created_ms, used_ms, revoked_ms) "
        "VALUES(?,?,?,?,?,?,0,0)",
        {id, corp, name, *bits, Blob{hash}, clock_.now()}
    );
    tx.changed({corp, "token", id.value, "created"});
    return NewToken{id, Secret(text)};
}

Status TokenStore::revoke(Transaction& tx, std::string_view name_or_id) {
    const std::int64_t id = parse_id(name_or_id).value_or(0);
    // An id goes before a name that looks like one; else the newest of that name: a revoked token
    // leaves its name free.
    const auto found = tx.one(
        "SELECT id, corp_id FROM api_token WHERE name = ? OR id = ? "
        "ORDER BY CASE WHEN id = ? THEN 0 ELSE 1 END, id DESC LIMIT 1",
        {name_or_id, id, id},
        [](const Row& row) { return std::pair(row.integer(0), row.id<CorpId>(1)); }
    );
    if (!found) {
        return Error{ErrorCode::not_found, "there is no token of that name or id"};
    }
    tx.execute(
        "UPDATE api_token SET revoked_ms = ? WHERE id = ? AND revoked_ms = 0",
        {clock_.now(), found->first}
    );
    tx.changed({found->second, "token", found->first, "deleted"});
    return {};
}

std::optional<ApiToken> TokenStore::find(Snapshot& s, std::string_view token) {
    if (!token.starts_with("lbt_") || token.size() != 44) {
        return std::nullopt;
    }
    const std::string hash = crypto::sha256(token);
    auto row = s.one(
        std::string(token_columns) + " WHERE hash = ? AND revoked_ms = 0", {Blob{hash}}, read_token
    );
    if (!row || !crypto::equal_constant_time(row->hash, hash)) {
        return std::nullopt;
    }
    return std::move(row->token);
}

std::vector<ApiToken> TokenStore::list(Snapshot& s) {
    return s.all(std::string(token_columns) + " ORDER BY id", {}, [](const Row& row) {
        return read_token(row).token;
    });
}

void TokenStore::used(Transaction& tx, TokenId id, UnixMillis now) {
    tx.execute("UPDATE api_token SET used_ms = ? WHERE id = ?", {now, id});
}

}  // namespace leadbridge::crm
