// Digests, key derivation and text encodings. Ciphers: crypto_cipher.cpp; RSA: crypto_rsa.cpp.
#include "base/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <stdexcept>

namespace leadbridge::crypto {

namespace {

const unsigned char* data_of(std::string_view bytes) noexcept {
    // Never null: OpenSSL gives a null pointer meanings of its own.
    return reinterpret_cast<const unsigned char*>(bytes.empty() ? "" : bytes.data());
}

struct MdDelete {
    void operator()(EVP_MD* md) const noexcept { EVP_MD_free(md); }
};

using Md = std::unique_ptr<EVP_MD, MdDelete>;

// Fetched once: looking an algorithm up costs more than hashing a short text.
const EVP_MD* algorithm(std::string_view kind) {
    static const Md md5{EVP_MD_fetch(nullptr, "MD5", nullptr)};
    static const Md sha1{EVP_MD_fetch(nullptr, "SHA1", nullptr)};
    static const Md sha256{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
    const EVP_MD* md = kind == "md5"      ? md5.get()
                       : kind == "sha1"   ? sha1.get()
                       : kind == "sha256" ? sha256.get()
                                          : nullptr;
    if (md == nullptr) {
        throw std::runtime_error("OpenSSL offers no digest " + std::string(kind));
    }
    return md;
}

struct ContextDelete {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

using Context = std::unique_ptr<EVP_MD_CTX, ContextDelete>;
using Hash = std::array<unsigned char, EVP_MAX_MD_SIZE>;

void require(int ok) {
    if (ok != 1) {
        throw std::runtime_error("digest failed");
    }
}

// The digest of the parts in a row. One context per thread: making one costs as much as hashing a
// callback.
std::string_view hash(const EVP_MD* md, std::initializer_list<std::string_view> parts, Hash& out) {
    static thread_local const Context context{EVP_MD_CTX_new()};
    unsigned int size = 0;
    require(EVP_DigestInit_ex2(context.get(), md, nullptr));
    for (const std::string_view part : parts) {
        require(EVP_DigestUpdate(context.get(), data_of(part), part.size()));
    }
    require(EVP_DigestFinal_ex(context.get(), out.data(), &size));
    return {reinterpret_cast<const char*>(out.data()), size};
}

std::string digest(std::string_view kind, std::string_view data) {
    Hash out{};
    return std::string(hash(algorithm(kind), {data}, out));
}

// RFC 2104 over the digests above, whose block is 64 bytes; OpenSSL's own HMAC looks the algorithm
// up anew on each call, which costs more than the work.
std::string hmac(std::string_view kind, std::string_view key, std::string_view data) {
    constexpr std::size_t block = 64;
    const EVP_MD* md = algorithm(kind);
    Hash short_key{};
    if (key.size() > block) {
        key = hash(md, {key}, short_key);
    }
    std::array<char, block> inner{};
    std::copy(key.begin(), key.end(), inner.begin());
    std::array<char, block> outer = inner;
    for (std::size_t i = 0; i < block; ++i) {
        inner[i] = static_cast<char>(inner[i] ^ 0x36);
        outer[i] = static_cast<char>(outer[i] ^ 0x5c);
    }
    Hash first{};
    Hash second{};
    const auto inside = hash(md, {{inner.data(), block}, data}, first);
    std::string out(hash(md, {{outer.data(), block}, inside}, second));
    OPENSSL_cleanse(inner.data(), block);
    OPENSSL_cleanse(outer.data(), block);
    return out;
}

struct KdfDelete {
    void operator()(EVP_KDF* kdf) const noexcept { EVP_KDF_free(kdf); }

    void operator()(EVP_KDF_CTX* context) const noexcept { EVP_KDF_CTX_free(context); }
};

OSSL_PARAM octets(const char* name, std::string_view bytes) {
    return OSSL_PARAM_construct_octet_string(
        name, const_cast<unsigned char*>(data_of(bytes)), bytes.size()
    );
}

}  // namespace

std::string md5(std::string_view data) {
    return digest("md5", data);
}

std::string sha1(std::string_view data) {
    return digest("sha1", data);
}

std::string sha256(std::string_view data) {
    return digest("sha256", data);
}

std::string hmac_sha1(std::string_view key, std::string_view data) {
    return hmac("sha1", key, data);
}

std::string hmac_sha256(std::string_view key, std::string_view data) {
    return hmac("sha256", key, data);
}

std::string hkdf_sha256(
    std::string_view key, std::string_view salt, std::string_view info, std::size_t length
) {
    const std::unique_ptr<EVP_KDF, KdfDelete> kdf{EVP_KDF_fetch(nullptr, "HKDF", nullptr)};
    const std::unique_ptr<EVP_KDF_CTX, KdfDelete> context{EVP_KDF_CTX_new(kdf.get())};
    std::string name = "SHA256";
    const std::array params{
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name.data(), 0),
        octets(OSSL_KDF_PARAM_KEY, key),
        octets(OSSL_KDF_PARAM_SALT, salt),
        octets(OSSL_KDF_PARAM_INFO, info),
        OSSL_PARAM_construct_end(),
    };
    std::string out(length, '\0');
    if (EVP_KDF_derive(
            context.get(), reinterpret_cast<unsigned char*>(out.data()), length, params.data()
        ) != 1) {
        throw std::runtime_error("HKDF failed");
    }
    return out;
}

std::string scrypt(
    std::string_view password,
    std::string_view salt,
    std::uint64_t n,
    std::uint64_t r,
    std::uint64_t p,
    std::size_t length
) {
    constexpr std::uint64_t memory_limit = 1ULL << 30;
    std::string out(length, '\0');
    if (EVP_PBE_scrypt(
            reinterpret_cast<const char*>(data_of(password)),
            password.size(),
            data_of(salt),
            salt.size(),
            n,
            r,
            p,
            memory_limit,
            reinterpret_cast<unsigned char*>(out.data()),
            length
        ) != 1) {
        throw std::runtime_error("scrypt refused its parameters or found too little memory");
    }
    return out;
}

struct Digest::State {
    Context context{EVP_MD_CTX_new()};
};

Digest::Digest(std::string_view kind) : state_(std::make_unique<State>()) {
    require(EVP_DigestInit_ex2(state_->context.get(), algorithm(kind), nullptr));
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(std::string_view data) {
    require(EVP_DigestUpdate(state_->context.get(), data_of(data), data.size()));
}

std::string Digest::current() const {
    State copy;
    Hash out{};
    unsigned int size = 0;
    require(EVP_MD_CTX_copy_ex(copy.context.get(), state_->context.get()));
    require(EVP_DigestFinal_ex(copy.context.get(), out.data(), &size));
    return {reinterpret_cast<const char*>(out.data()), size};
}

std::string Digest::finish() {
    Hash out{};
    unsigned int size = 0;
    require(EVP_DigestFinal_ex(state_->context.get(), out.data(), &size));
    state_.reset();
    return {reinterpret_cast<const char*>(out.data()), size};
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(data_of(a), data_of(b), a.size()) == 0;
}

}  // namespace leadbridge::crypto
