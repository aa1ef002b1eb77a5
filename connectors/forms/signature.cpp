#include "connectors/forms/signature.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/crypto.h"
#include "base/json.h"
#include "connectors/forms/ip_range.h"

namespace leadbridge::forms {

namespace {

using Expected = std::function<std::string(std::string_view secret)>;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

// Looks at every secret, so that the time does not tell which one fits.
bool any_fits(
    const std::vector<Secret>& secrets, std::string_view given, const Expected& expected
) {
    bool fits = false;
    for (const auto& secret : secrets) {
        const bool same = crypto::equal_constant_time(expected(secret.reveal()), given);
        fits = fits || same;
    }
    return fits && !given.empty();
}

std::string once(const Headers& headers, std::string_view name) {
    return headers.count(name) == 1 ? std::string(headers.get(name)) : std::string();
}

std::string once(const Query& query, std::string_view name) {
    return query.count(name) == 1 ? std::string(query.get(name)) : std::string();
}

std::string without_prefix(std::string text, std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

// Seconds or milliseconds; an unreadable time is too old as soon as there is a limit.
bool fresh(const FormAuth& auth, std::string_view timestamp, UnixMillis now) {
    if (auth.tolerance_s == 0) {
        return true;
    }
    constexpr std::int64_t seconds_end = 100'000'000'000;
    std::int64_t time = 0;
    const char* end = timestamp.data() + timestamp.size();
    const auto [stop, error] = std::from_chars(timestamp.data(), end, time);
    if (error != std::errc{} || stop != end || time <= 0 || time > seconds_end * 1'000) {
        return false;
    }
    const std::int64_t at = time < seconds_end ? time * 1'000 : time;
    return std::max(at - now, now - at) <= auth.tolerance_s * 1'000;
}

using Outcome = std::optional<Refusal>;

Outcome outcome(bool fits, const FormAuth& auth, std::string_view timestamp, UnixMillis now) {
    if (!fits) {
        return Refusal::signature;
    }
    return fresh(auth, timestamp, now) ? Outcome{} : Refusal::too_old;
}

Outcome check_hmac(const FormAuth& auth, const Request& request, std::string_view header) {
    const std::string given = lower(without_prefix(once(request.headers, header), "sha256="));
    const bool fits = any_fits(auth.secrets, given, [&](std::string_view secret) {
        return crypto::hex(crypto::hmac_sha256(secret, request.body));
    });
    return fits ? Outcome{} : Refusal::signature;
}

Outcome check_stripe(const FormAuth& auth, const Request& request, UnixMillis now) {
    const std::string header = once(request.headers, "Stripe-Signature");
    std::string_view rest = header;
    std::string timestamp;
    std::vector<std::string> signatures;
    while (!rest.empty()) {
        const auto part = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), part.size() + 1));
        if (part.starts_with("t=")) {
            timestamp = std::string(part.substr(2));
        } else if (part.starts_with("v1=") && signatures.size() < 10) {
            signatures.push_back(lower(part.substr(3)));
        }
    }
    bool fits = false;
    for (const auto& given : signatures) {
        const bool same = any_fits(auth.secrets, given, [&](std::string_view secret) {
            return crypto::hex(crypto::hmac_sha256(secret, timestamp + "." + request.body));
        });
        fits = fits || same;
    }
    return outcome(fits, auth, timestamp, now);
}

Outcome check_standard(const FormAuth& auth, const Request& request, UnixMillis now) {
    const std::string id = once(request.headers, "webhook-id");
    const std::string timestamp = once(request.headers, "webhook-timestamp");
    const std::string header = once(request.headers, "webhook-signature");
    const std::string text = id + "." + timestamp + "." + request.body;
    const Expected expected = [&](std::string_view secret) {
        const std::string coded = without_prefix(std::string(secret), "whsec_");
        return crypto::base64(
            crypto::hmac_sha256(crypto::unbase64(coded).value_or(std::string(secret)), text)
        );
    };
    bool fits = false;
    std::string_view rest = header;
    for (int i = 0; i < 10 && !rest.empty(); ++i) {
        const auto part = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(rest.size(), part.size() + 1));
        const bool same =
            part.starts_with("v1,") && any_fits(auth.secrets, part.substr(3), expected);
        fits = fits || same;
    }
    return outcome(fits && !id.empty(), auth, timestamp, now);
}

Outcome check_jdy(const FormAuth& auth, const Request& request, UnixMillis now) {
    const std::string nonce = once(request.query, "nonce");
    const std::string timestamp = once(request.query, "timestamp");
    // The provider's own example shows the value with this prefix.
    const std::string given =
        lower(without_prefix(once(request.headers, "X-JDY-Signature"), "sha1="));
    const bool fits = any_fits(auth.secrets, given, [&](std::string_view secret) {
        return crypto::hex(
            crypto::sha1(nonce + ":" + request.body + ":" + std::string(secret) + ":" + timestamp)
        );
    });
    return outcome(fits, auth, timestamp, now);
}

Outcome check_feishu(const FormAuth& auth, const Request& request, UnixMillis now) {
    const std::string timestamp = once(request.headers, "X-Lark-Request-Timestamp");
    const std::string nonce = once(request.headers, "X-Lark-Request-Nonce");
    const std::string given = lower(once(request.headers, "X-Lark-Signature"));
    const bool fits = any_fits(auth.secrets, given, [&](std::string_view secret) {
        return crypto::hex(crypto::sha256(timestamp + nonce + std::string(secret) + request.body));
    });
    return outcome(fits, auth, timestamp, now);
}

// sign = sha1(first second secret) over two members of the body.
Outcome check_body(
    const FormAuth& auth, const Request& request, std::string_view first, std::string_view second
) {
    const auto parsed = parse_json(request.body);
    if (!parsed || !parsed->is_object()) {
        return Refusal::signature;
    }
    const auto& object = parsed->as_object();
    const std::string text = json_string(object, first) + json_string(object, second);
    const bool fits =
        any_fits(auth.secrets, lower(json_string(object, "sign")), [&](std::string_view secret) {
            return crypto::hex(crypto::sha1(text + std::string(secret)));
        });
    return fits ? Outcome{} : Refusal::signature;
}

Outcome check_plain(const FormAuth& auth, std::string_view given) {
    const bool fits =
        any_fits(auth.secrets, given, [](std::string_view secret) { return std::string(secret); });
    return fits ? Outcome{} : Refusal::signature;
}

Result<std::string> feishu_open_with(const Secret& secret, const std::string& bytes) {
    auto plain = crypto::aes256_cbc_decrypt(
        crypto::sha256(secret.reveal()), bytes.substr(0, 16), bytes.substr(16)
    );
    if (!plain || plain->empty()) {
        return Error{ErrorCode::corrupt, "the body does not open"};
    }
    const auto pad = static_cast<std::size_t>(static_cast<unsigned char>(plain->back()));
    const bool right =
        pad >= 1 && pad <= 16 && pad <= plain->size() &&
        std::all_of(plain->end() - static_cast<std::ptrdiff_t>(pad), plain->end(), [&](char c) {
            return c == plain->back();
        });
    if (!right) {
        return Error{ErrorCode::corrupt, "the body does not open"};
    }
    plain->resize(plain->size() - pad);
    return plain;
}

}  // namespace

bool address_allowed(const FormAuth& auth, std::string_view remote_address) {
    return auth.allow_ips.empty() || in_ip_ranges(remote_address, auth.allow_ips);
}

std::optional<Refusal> refuse(
    const FormAuth& auth, const Request& request, std::string_view path_secret, UnixMillis now
) {
    if (!address_allowed(auth, request.remote_address)) {
        return Refusal::address;
    }
    switch (auth.kind) {
        case AuthKind::none:
            return std::nullopt;
        case AuthKind::path:
            return check_plain(auth, path_secret);
        case AuthKind::header:
            return check_plain(auth, without_prefix(once(request.headers, auth.header), "Bearer "));
        case AuthKind::hmac:
            return check_hmac(auth, request, auth.header);
        case AuthKind::github:
            return check_hmac(auth, request, "X-Hub-Signature-256");
        case AuthKind::stripe:
            return check_stripe(auth, request, now);
        case AuthKind::standard_webhooks:
            return check_standard(auth, request, now);
        case AuthKind::jdy:
            return check_jdy(auth, request, now);
        case AuthKind::wjx:
            return check_body(auth, request, "activity", "index");
        case AuthKind::fanqier:
            return check_body(auth, request, "data", "time");
        case AuthKind::feishu:
            return check_feishu(auth, request, now);
    }
    return Refusal::signature;
}

Result<std::string> feishu_open(const std::vector<Secret>& secrets, std::string_view encrypt) {
    const auto bytes = crypto::unbase64(encrypt);
    if (bytes && bytes->size() >= 32 && bytes->size() % 16 == 0) {
        for (const auto& secret : secrets) {
            if (auto plain = feishu_open_with(secret, *bytes)) {
                return plain;
            }
        }
    }
    return Error{ErrorCode::corrupt, "the body does not open"};
}

}  // namespace leadbridge::forms
