#pragma once
// Passwords as text of scrypt (base/crypto), the delay after failed tries, and one-time codes
// (RFC 6238, SHA-1, 30 s, 6 digits).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/database.h"
#include "base/result.h"
#include "base/rng.h"

namespace leadbridge::crm {

struct PasswordCost {
    int log_n = 15;  // 32 MiB and about 80 ms of one core
    int r = 8;
    int p = 1;
};

// Error{rule_broken}, reason password: 10 to 200 characters, not the name, not one character over
// and over.
Status check_password(std::string_view password, std::string_view name);
// "scrypt$15$8$1$salt$hash", the last two in base64url.
std::string hash_password(Rng& rng, std::string_view password, const PasswordCost& cost = {});
// Constant time in the password; false for a text that is none.
bool verify_password(std::string_view hash, std::string_view password);
// As long as verify_password() takes, for names that are not known.
void verify_nothing(std::string_view password, const PasswordCost& cost = {});

// How long after so many failed tries in a row the next one waits: nothing for the first four, then
// 30 s, doubled each time, 15 minutes at most.
std::int64_t lock_ms(int failed) noexcept;

// Failed tries by name and address, whether the name exists or not: the answers must not tell. A
// stranger's tries hold up his own address; only very many of a day, from many addresses, hold up
// the name for everybody. Names hold no control characters.
class LoginFailures {
public:
    // 0 = free.
    static UnixMillis locked_until(
        Snapshot& s, std::string_view name, std::string_view ip, UnixMillis now
    );
    // The same over all addresses: whether anybody who gives this name waits.
    static UnixMillis held_until(Snapshot& s, std::string_view name, UnixMillis now);
    static void add(Transaction& tx, std::string_view name, std::string_view ip, UnixMillis now);
    static void clear(Transaction& tx, std::string_view name);  // from every address
    // Forgets what is older than a day; how many.
    static std::int64_t forget(Transaction& tx, UnixMillis now, int limit);
};

namespace totp {

inline constexpr std::int64_t step_s = 30;

std::string base32(std::string_view bytes);  // RFC 4648, upper case, no padding
// The code of one step (seconds / 30), with leading zeros.
std::string code(std::string_view secret, std::int64_t step, int digits = 6);
// The step whose code this is: now's or a neighbour's, later than `last`; nullopt = wrong or used.
std::optional<std::int64_t> match(
    std::string_view secret, std::string_view code, UnixMillis now, std::int64_t last
);
// otpauth://totp/... for the QR code.
std::string uri(std::string_view secret, std::string_view issuer, std::string_view account);

}  // namespace totp

}  // namespace leadbridge::crm
