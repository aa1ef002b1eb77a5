#pragma once
// Signature and encryption of WeCom's callbacks (document/path/96238, 91144; bots 101033): SHA-1
// over the sorted token, timestamp, nonce and cipher text; AES-256-CBC with a key of 43 base64
// characters, iv = first 16 bytes of the key, padding of 1..32 bytes; plain = 16 random bytes,
// length (32 bit, big endian), message, receive id. Values are immutable; all functions are
// thread-safe. Always verify before open.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "base/secret.h"

namespace leadbridge::wecom {

class CallbackCrypto {
public:
    // Error{invalid} naming the field when token or key cannot be used. receive_ids: every id that
    // may stand at the end of a message, compared exactly; "" is legal (intelligent bot).
    static Result<CallbackCrypto> make(
        Secret token, const Secret& encoding_aes_key, std::vector<std::string> receive_ids
    );

    // Lower-case hex of 40 characters. The arguments are the decoded query values and the cipher
    // text as received.
    std::string sign(std::string_view timestamp, std::string_view nonce, std::string_view encrypt)
        const;
    // Constant time; hex in either case.
    bool verify(
        std::string_view signature,
        std::string_view timestamp,
        std::string_view nonce,
        std::string_view encrypt
    ) const;
    // The message. One Error{corrupt} with one text for every failure; error.reason is for the
    // operator's log only: "receive_id" (decrypted well, but not for us) or "cipher" (the key does
    // not fit or the bytes are damaged).
    Result<std::string> open(std::string_view encrypt) const;
    // The reverse, for replies and for whoever plays WeCom. random16: 16 bytes of a CSPRNG.
    std::string seal(
        std::string_view message, std::string_view random16, std::string_view receive_id
    ) const;

private:
    CallbackCrypto() = default;

    Secret token_;
    Secret key_;  // 32 bytes
    std::vector<std::string> receive_ids_;
};

// The cipher text of <xml><Encrypt>..</Encrypt></xml> or {"encrypt":".."}. Only Encrypt is read:
// the rest of the envelope is not authenticated. Error{unsupported} when the body is neither,
// Error{invalid} when it does not parse, has no Encrypt or more than one, Error{too_large} above 1
// MiB.
Result<std::string> read_envelope(std::string_view body);

enum class EnvelopeForm { xml, json };

// A passive reply: the message sealed and signed with our time (unix seconds) and nonce.
std::string seal_reply(
    const CallbackCrypto& crypto,
    EnvelopeForm form,
    std::string_view message,
    std::string_view receive_id,
    std::int64_t unix_seconds,
    Rng& rng
);

// The official account's signature of a plain request: sha1 of the sorted token, timestamp and
// nonce, no cipher text.
std::string plain_signature(
    std::string_view token, std::string_view timestamp, std::string_view nonce
);

}  // namespace leadbridge::wecom
