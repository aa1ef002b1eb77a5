#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <limits>
#include <stdexcept>

#include "base/crypto.h"

namespace leadbridge::crypto {

namespace {

struct Delete {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }

    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }

    void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
};

using Key = std::unique_ptr<EVP_PKEY, Delete>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Delete>;
using Bio = std::unique_ptr<BIO, Delete>;

const unsigned char* in(std::string_view bytes) noexcept {
    return reinterpret_cast<const unsigned char*>(bytes.empty() ? "" : bytes.data());
}

// OpenSSL would otherwise ask for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) {
    return -1;
}

Bio reader(std::string_view pem) {
    constexpr std::size_t max_pem = 64 * 1024;
    return Bio{BIO_new_mem_buf(pem.data(), static_cast<int>(std::min(pem.size(), max_pem)))};
}

std::string text_of(const Bio& bio) {
    const char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

Status check(const Key& key, const char* what) {
    ERR_clear_error();
    if (!key) {
        return Error{
            ErrorCode::invalid,
            std::string("not a PEM ") + what + " (an encrypted one must be decrypted first)"};
    }
    if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key.get()) < 1024) {
        return Error{ErrorCode::unsupported, "the key must be RSA of at least 1024 bits"};
    }
    return {};
}

using Start = int (*)(EVP_PKEY_CTX*);
using Step =
    int (*)(EVP_PKEY_CTX*, unsigned char*, std::size_t*, const unsigned char*, std::size_t);

Result<std::string> run(
    EVP_PKEY* key, Start start, Step step, std::string_view data, ErrorCode failure
) {
    const Context context{EVP_PKEY_CTX_new(key, nullptr)};
    std::string out(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
    std::size_t size = out.size();
    if (!context || start(context.get()) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1 ||
        step(
            context.get(),
            reinterpret_cast<unsigned char*>(out.data()),
            &size,
            in(data),
            data.size()
        ) != 1) {
        ERR_clear_error();
        return Error{failure, "RSA: the data does not fit this key"};
    }
    out.resize(size);
    return out;
}

}  // namespace

struct RsaKey::State {
    Key key;
};

RsaKey::RsaKey(std::unique_ptr<State> state) : state_(std::move(state)) {}

RsaKey::~RsaKey() = default;
RsaKey::RsaKey(RsaKey&&) noexcept = default;
RsaKey& RsaKey::operator=(RsaKey&&) noexcept = default;

Result<RsaKey> RsaKey::from_private_pem(std::string_view pem) {
    Key key{PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_passphrase, nullptr)};
    if (auto ok = check(key, "private key"); !ok) {
        return ok.error();
    }
    return RsaKey{std::make_unique<State>(State{std::move(key)})};
}

Result<RsaKey> RsaKey::from_public_pem(std::string_view pem) {
    Key key{PEM_read_bio_PUBKEY(reader(pem).get(), nullptr, no_passphrase, nullptr)};
    if (auto ok = check(key, "public key"); !ok) {
        return ok.error();
    }
    return RsaKey{std::make_unique<State>(State{std::move(key)})};
}

RsaKey RsaKey::generate(int bits) {
    Key key{EVP_RSA_gen(static_cast<unsigned int>(bits))};
    if (!key) {
        throw std::runtime_error("OpenSSL could not make an RSA key");
    }
    return RsaKey{std::make_unique<State>(State{std::move(key)})};
}

Result<std::string> RsaKey::decrypt_pkcs1(std::string_view cipher) const {
    return run(
        state_->key.get(), EVP_PKEY_decrypt_init, EVP_PKEY_decrypt, cipher, ErrorCode::corrupt
    );
}

Result<std::string> RsaKey::encrypt_pkcs1(std::string_view plain) const {
    return run(
        state_->key.get(), EVP_PKEY_encrypt_init, EVP_PKEY_encrypt, plain, ErrorCode::invalid
    );
}

Secret RsaKey::private_pem() const {
    const Bio bio{BIO_new(BIO_s_secmem())};
    if (PEM_write_bio_PKCS8PrivateKey(
            bio.get(), state_->key.get(), nullptr, nullptr, 0, nullptr, nullptr
        ) != 1) {
        ERR_clear_error();
        throw std::runtime_error("this RSA key has no private half");
    }
    return Secret{text_of(bio)};
}

std::string RsaKey::public_pem() const {
    const Bio bio{BIO_new(BIO_s_mem())};
    if (PEM_write_bio_PUBKEY(bio.get(), state_->key.get()) != 1) {
        throw std::runtime_error("OpenSSL could not write a public key");
    }
    return text_of(bio);
}

}  // namespace leadbridge::crypto
