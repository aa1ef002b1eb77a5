#include "crm/staff/password.h"

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "base/http_types.h"
#include "base/utf8.h"
#include "crm/staff/list_text.h"
#include "crm/staff/member.h"

namespace leadbridge::crm {
namespace {

constexpr std::size_t salt_bytes = 16;
constexpr std::size_t hash_bytes = 32;
constexpr std::size_t min_characters = 10;
constexpr std::size_t max_characters = 200;
constexpr int free_tries = 4;
constexpr std::int64_t first_lock_ms = 30'000;
constexpr std::int64_t longest_lock_ms = 15 * 60'000;
constexpr std::int64_t forget_ms = 24LL * 3'600 * 1'000;

std::string derive(
    std::string_view password, std::string_view salt, const PasswordCost& cost, std::size_t length
) {
    return crypto::scrypt(
        password,
        salt,
        std::uint64_t{1} << static_cast<unsigned>(cost.log_n),
        static_cast<std::uint64_t>(cost.r),
        static_cast<std::uint64_t>(cost.p),
        length
    );
}

std::array<std::string_view, 6> parts_of(std::string_view text) {
    std::array<std::string_view, 6> out;
    for (std::string_view& part : out) {
        const std::size_t dollar = std::min(text.find('$'), text.size());
        part = text.substr(0, dollar);
        text.remove_prefix(std::min(dollar + 1, text.size()));
    }
    return out;
}

}  // namespace

Status check_password(std::string_view password, std::string_view name) {
    const std::size_t length = characters(password);
    if (!is_utf8(password) || length < min_characters || length > max_characters) {
        return Error{
            ErrorCode::rule_broken, "password: must have 10 to 200 characters", "password"};
    }
    const bool one_only = std::all_of(password.begin(), password.end(), [&](char c) {
        return c == password.front();
    });
    if (one_only || userid_key(password) == userid_key(name)) {
        return Error{
            ErrorCode::rule_broken,
            "password: must not be the name or one character over and over",
            "password"};
    }
    return {};
}

std::string hash_password(Rng& rng, std::string_view password, const PasswordCost& cost) {
    const std::string salt = rng.bytes(salt_bytes);
    return "scrypt$" + std::to_string(cost.log_n) + "$" + std::to_string(cost.r) + "$" +
           std::to_string(cost.p) + "$" + crypto::base64url(salt) + "$" +
           crypto::base64url(derive(password, salt, cost, hash_bytes));
}

bool verify_password(std::string_view hash, std::string_view password) {
    const auto parts = parts_of(hash);
    const auto log_n = parse_id(parts[1]);
    const auto r = parse_id(parts[2]);
    const auto p = parse_id(parts[3]);
    const auto salt = crypto::unbase64url(parts[4]);
    const auto want = crypto::unbase64url(parts[5]);
    if (parts[0] != "scrypt" || !log_n || *log_n > 20 || !r || *r > 32 || !p || *p > 16 || !salt ||
        !want || want->empty()) {
        return false;
    }
    const PasswordCost cost{static_cast<int>(*log_n), static_cast<int>(*r), static_cast<int>(*p)};
    return crypto::equal_constant_time(derive(password, *salt, cost, want->size()), *want);
}

void verify_nothing(std::string_view password, const PasswordCost& cost) {
    (void)derive(password, std::string(salt_bytes, 's'), cost, hash_bytes);
}

std::int64_t lock_ms(int failed) noexcept {
    if (failed <= free_tries) {
        return 0;
    }
    const int doublings = std::min(failed - free_tries - 1, 10);
    return std::min(first_lock_ms << doublings, longest_lock_ms);
}

namespace {

// What one address can fail in a day stays far below it.
constexpr int free_of_all = 500;

std::string from_address(std::string_view name, std::string_view ip) {
    return userid_key(name) + "\n" + std::string(ip);
}

void add_failure(Transaction& tx, const std::string& key, int free, UnixMillis now) {
    // A day without a try begins anew.
    const std::int64_t before = tx.number(
        "SELECT failed FROM login_failure WHERE name_key = ? AND last_ms > ?",
        {key, now - forget_ms}
    );
    const int failed = static_cast<int>(before) + 1;
    const std::int64_t wait = lock_ms(failed - free);
    tx.execute(
        "INSERT INTO login_failure(name_key, failed, last_ms, locked_until_ms) VALUES(?,?,?,?) ON "
        "CONFLICT(name_key) DO UPDATE SET failed = excluded.failed, last_ms = excluded.last_ms, "
        "locked_until_ms = excluded.locked_until_ms",
        {key, failed, now, wait == 0 ? 0 : now + wait}
    );
}

}  // namespace

UnixMillis LoginFailures::locked_until(
    Snapshot& s, std::string_view name, std::string_view ip, UnixMillis now
) {
    const UnixMillis until = s.number(
        "SELECT coalesce(max(locked_until_ms), 0) FROM login_failure WHERE name_key IN (?, ?)",
        {userid_key(name), from_address(name, ip)}
    );
    return until > now ? until : 0;
}

UnixMillis LoginFailures::held_until(Snapshot& s, std::string_view name, UnixMillis now) {
    const std::string key = userid_key(name);
    const UnixMillis until = s.number(
        "SELECT coalesce(max(locked_until_ms), 0) FROM login_failure WHERE name_key = ? OR "
        "(name_key >= ? AND name_key < ?)",
        {key, key + "\n", key + "\v"}
    );
    return until > now ? until : 0;
}

void LoginFailures::add(
    Transaction& tx, std::string_view name, std::string_view ip, UnixMillis now
) {
    add_failure(tx, from_address(name, ip), 0, now);
    add_failure(tx, userid_key(name), free_of_all, now);
}

void LoginFailures::clear(Transaction& tx, std::string_view name) {
    const std::string key = userid_key(name);
    tx.execute(
        "DELETE FROM login_failure WHERE name_key = ? OR (name_key >= ? AND name_key < ?)",
        {key, key + "\n", key + "\v"}
    );
}

std::int64_t LoginFailures::forget(Transaction& tx, UnixMillis now, int limit) {
    return tx.execute(
        "DELETE FROM login_failure WHERE name_key IN (SELECT name_key FROM login_failure WHERE "
        "last_ms <= ? ORDER BY last_ms LIMIT ?)",
        {now - forget_ms, limit}
    );
}

namespace totp {

std::string base32(std::string_view bytes) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    std::string out;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : bytes) {
        bits = (bits << 8U) | static_cast<unsigned char>(c);
        held += 8;
        while (held >= 5) {
            held -= 5;
            out.push_back(letters[(bits >> static_cast<unsigned>(held)) & 31U]);
        }
        bits &= (1U << static_cast<unsigned>(held)) - 1U;
    }
    if (held > 0) {
        out.push_back(letters[(bits << static_cast<unsigned>(5 - held)) & 31U]);
    }
    return out;
}

std::string code(std::string_view secret, std::int64_t step, int digits) {
    std::string counter(8, '\0');
    for (int i = 7; i >= 0; --i) {
        counter[static_cast<std::size_t>(i)] = static_cast<char>(step & 0xff);
        step >>= 8;
    }
    const std::string mac = crypto::hmac_sha1(secret, counter);
    const auto byte = [&](std::size_t at) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(mac[at]));
    };
    const std::size_t at = byte(19) & 15U;
    std::uint32_t value =
        ((byte(at) & 0x7fU) << 24U) | (byte(at + 1) << 16U) | (byte(at + 2) << 8U) | byte(at + 3);
    std::string out(static_cast<std::size_t>(digits), '0');
    for (std::size_t i = out.size(); i > 0; --i) {
        out[i - 1] = static_cast<char>('0' + value % 10);
        value /= 10;
    }
    return out;
}

std::optional<std::int64_t> match(
    std::string_view secret, std::string_view given, UnixMillis now, std::int64_t last
) {
    const std::int64_t step = now / 1'000 / step_s;
    std::optional<std::int64_t> found;
    for (std::int64_t candidate = step - 1; candidate <= step + 1; ++candidate) {
        if (crypto::equal_constant_time(code(secret, candidate), given) && candidate > last) {
            found = candidate;
        }
    }
    return found;
}

std::string uri(std::string_view secret, std::string_view issuer, std::string_view account) {
    return "otpauth://totp/" + percent_encode(issuer) + ":" + percent_encode(account) +
           "?secret=" + base32(secret) + "&issuer=" + percent_encode(issuer) +
           "&algorithm=SHA1&digits=6&period=30";
}

}  // namespace totp

}  // namespace leadbridge::crm
