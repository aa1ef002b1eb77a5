// Digests, key derivation and text encodings. Ciphers: crypto_cipher.cpp; RSA: crypto_rsa.cpp.
#include "base/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>
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

std::string digest(std::string_view kind, std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned int size = 0;
    if (EVP_Digest(data_of(data), data.size(), out.data(), &size, algorithm(kind), nullptr) != 1) {
        throw std::runtime_error("digest failed");
    }
    return {reinterpret_cast<const char*>(out.data()), size};
}

std::string hmac(std::string_view kind, std::string_view key, std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned int size = 0;
    if (HMAC(
            algorithm(kind),
            data_of(key),
            static_cast<int>(key.size()),
            data_of(data),
            data.size(),
            out.data(),
            &size
        ) == nullptr) {
        throw std::runtime_error("HMAC failed");
    }
    return {reinterpret_cast<const char*>(out.data()), size};
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
    struct Delete {
        void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
    };

    std::unique_ptr<EVP_MD_CTX, Delete> context{EVP_MD_CTX_new()};
};

Digest::Digest(std::string_view kind) : state_(std::make_unique<State>()) {
    if (EVP_DigestInit_ex2(state_->context.get(), algorithm(kind), nullptr) != 1) {
        throw std::runtime_error("digest failed");
    }
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(std::string_view data) {
    if (EVP_DigestUpdate(state_->context.get(), data_of(data), data.size()) != 1) {
        throw std::runtime_error("digest failed");
    }
}

std::string Digest::current() const {
    State copy;
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned int size = 0;
    if (EVP_MD_CTX_copy_ex(copy.context.get(), state_->context.get()) != 1 ||
        EVP_DigestFinal_ex(copy.context.get(), out.data(), &size) != 1) {
        throw std::runtime_error("digest failed");
    }
    return {reinterpret_cast<const char*>(out.data()), size};
}

std::string Digest::finish() {
    std::string out = current();
    state_.reset();
    return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(data_of(a), data_of(b), a.size()) == 0;
}

}  // namespace leadbridge::crypto
