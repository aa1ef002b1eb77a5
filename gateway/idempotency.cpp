#include "gateway/idempotency.h"

#include <array>

#include "base/crypto.h"

namespace leadbridge::gateway {

namespace {

constexpr std::int64_t keep_ms = 24LL * 3'600 * 1'000;
constexpr std::size_t max_key = 255;

constexpr std::array migrations{
    Migration{
        1,
        "CREATE TABLE idempotency (corp_id INTEGER NOT NULL, actor TEXT NOT NULL, key TEXT NOT "
        "NULL, request_hash BLOB NOT NULL,"
        " status INTEGER NOT NULL, etag TEXT NOT NULL, location TEXT NOT NULL, body TEXT NOT NULL, "
        "created_ms INTEGER NOT NULL,"
        " PRIMARY KEY (corp_id, actor, key));"
        "CREATE INDEX idempotency_age ON idempotency (created_ms)"},
};

struct Remembered {
    std::string hash;
    Response response;
};

std::optional<Remembered> find(
    Transaction& tx, const ApiRequest& request, std::string_view key, UnixMillis oldest
) {
    return tx.one(
        "SELECT request_hash, status, etag, location, body FROM idempotency WHERE corp_id=? AND "
        "actor=? AND key=? AND created_ms>=?",
        {request.corp(), request.viewer().actor, key, oldest},
        [](const Row& row) {
            Remembered r{
                std::string(row.blob(0)),
                Response::json(static_cast<int>(row.integer(1)), row.str(4))};
            if (!row.text(2).empty()) {
                r.response.headers.set("ETag", row.str(2));
            }
            if (!row.text(3).empty()) {
                r.response.headers.set("Location", row.str(3));
            }
            r.response.headers.set("Idempotent-Replayed", "true");
            return r;
        }
    );
}

}  // namespace

std::span<const Migration> idempotency_migrations() {
    return migrations;
}

Result<Response> write_once(
    Database& db,
    const Clock& clock,
    const ApiRequest& request,
    const std::function<Result<Response>(Transaction&)>& fn
) {
    const std::string key(request.http().headers.get("Idempotency-Key"));
    if (key.empty()) {
        return db.write<Response>(fn);
    }
    if (key.size() > max_key) {
        return Error{
            ErrorCode::invalid, "Idempotency-Key is longer than 255 bytes", "bad_idempotency_key"};
    }
    const UnixMillis now = clock.now();
    const std::string hash = crypto::sha256(
        std::string(to_string(request.http().method)) + ' ' + request.http().path + '\n' +
        request.http().body
    );
    return db.write<Response>([&](Transaction& tx) -> Result<Response> {
        if (auto before = find(tx, request, key, now - keep_ms)) {
            if (before->hash != hash) {
                return Error{
                    ErrorCode::rule_broken,
                    "this Idempotency-Key was used with another request; use a new key",
                    "idempotency_key_reused"};
            }
            return std::move(before->response);
        }
        auto response = fn(tx);
        if (!response) {
            return response;
        }
        tx.execute(
            "INSERT INTO idempotency (corp_id, actor, key, request_hash, status, etag, location, "
            "body, created_ms)"
            " VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (corp_id, actor, key) DO UPDATE SET "
            "request_hash=excluded.request_hash,"
            " status=excluded.status, etag=excluded.etag, location=excluded.location, "
            "body=excluded.body,"
            " created_ms=excluded.created_ms",
            {request.corp(),
             request.viewer().actor,
             key,
             Blob{hash},
             response->status,
             response->headers.get("ETag"),
             response->headers.get("Location"),
             response->body,
             now}
        );
        return response;
    });
}

std::int64_t forget_old_keys(Transaction& tx, UnixMillis now) {
    return tx.execute(
        "DELETE FROM idempotency WHERE (corp_id, actor, key) IN"
        " (SELECT corp_id, actor, key FROM idempotency WHERE created_ms < ? ORDER BY created_ms "
        "LIMIT 1000)",
        {now - keep_ms}
    );
}

}  // namespace leadbridge::gateway
