#pragma once
// Cryptography over OpenSSL 3. Bytes are std::string. All functions are thread-safe; nothing here
// logs.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace leadbridge::crypto {

std::string md5(std::string_view data);  // checksums named by WeCom's archive only
std::string sha1(std::string_view data);
std::string sha256(std::string_view data);
std::string hmac_sha1(std::string_view key, std::string_view data);
std::string hmac_sha256(std::string_view key, std::string_view data);
// HKDF-SHA256 (RFC 5869) to `length` bytes.
std::string hkdf_sha256(
    std::string_view key, std::string_view salt, std::string_view info, std::size_t length
);
// scrypt; n must be a power of two. Throws std::runtime_error when memory is refused.
std::string scrypt(
    std::string_view password,
    std::string_view salt,
    std::uint64_t n,
    std::uint64_t r,
    std::uint64_t p,
    std::size_t length
);

// Streaming digest for files. kind: "md5" | "sha1" | "sha256".
class Digest {
public:
    explicit Digest(std::string_view kind);
    ~Digest();
    Digest(Digest&&) noexcept;
    Digest& operator=(Digest&&) noexcept;
    void update(std::string_view data);
    std::string current() const;  // raw bytes of what was given so far; the object goes on
    std::string finish();         // raw bytes; the object is done

private:
    struct State;
    std::unique_ptr<State> state_;
};

bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

std::string hex(std::string_view bytes);           // lower case
Result<std::string> unhex(std::string_view text);  // either case
std::string base64(std::string_view bytes);        // standard alphabet, padded
// lenient_tail accepts non-zero unused low bits in the last character (WeCom's EncodingAESKey may
// carry them).
enum class Base64Tail { strict, lenient };
Result<std::string> unbase64(std::string_view text, Base64Tail tail = Base64Tail::strict);
std::string base64url(std::string_view bytes);  // no padding
Result<std::string> unbase64url(std::string_view text);

// AES-256-CBC without padding: data must be a multiple of 16; key 32 bytes, iv 16 bytes.
Result<std::string> aes256_cbc_encrypt(
    std::string_view key, std::string_view iv, std::string_view data
);
Result<std::string> aes256_cbc_decrypt(
    std::string_view key, std::string_view iv, std::string_view data
);

// AES-256-GCM; result/input of seal/open is ciphertext || 16-byte tag. key 32 bytes, nonce 12
// bytes.
Result<std::string> aes256_gcm_seal(
    std::string_view key, std::string_view nonce, std::string_view plain, std::string_view aad
);
Result<std::string> aes256_gcm_open(
    std::string_view key, std::string_view nonce, std::string_view sealed, std::string_view aad
);

// An RSA key pair or public key in PEM. Immutable after construction; operations are thread-safe.
class RsaKey {
public:
    static Result<RsaKey> from_private_pem(std::string_view pem);
    static Result<RsaKey> from_public_pem(std::string_view pem);
    static RsaKey generate(int bits);
    ~RsaKey();
    RsaKey(RsaKey&&) noexcept;
    RsaKey& operator=(RsaKey&&) noexcept;

    Result<std::string> decrypt_pkcs1(std::string_view cipher) const;
    Result<std::string> encrypt_pkcs1(std::string_view plain) const;
    Secret private_pem() const;
    std::string public_pem() const;

private:
    struct State;
    explicit RsaKey(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::crypto
