// AES-256 in CBC and GCM.
#include <openssl/evp.h>

#include <limits>
#include <stdexcept>

#include "base/crypto.h"

namespace leadbridge::crypto {

namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t block_size = 16;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t max_size = std::numeric_limits<int>::max() - 64;

struct Delete {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }

    void operator()(EVP_CIPHER* cipher) const noexcept { EVP_CIPHER_free(cipher); }
};

using Context = std::unique_ptr<EVP_CIPHER_CTX, Delete>;
using Cipher = std::unique_ptr<EVP_CIPHER, Delete>;
enum class Direction : int { decrypt = 0, encrypt = 1 };

const unsigned char* in(std::string_view bytes) noexcept {
    return reinterpret_cast<const unsigned char*>(bytes.empty() ? "" : bytes.data());
}

unsigned char* out(std::string& bytes) noexcept {
    return reinterpret_cast<unsigned char*>(bytes.data());
}

Error bad(const char* what) {
    return Error{ErrorCode::invalid, std::string("AES: ") + what};
}

void require(int ok) {
    if (ok != 1) {
        throw std::runtime_error("OpenSSL: a cipher call failed");
    }
}

Context start(const char* name, Direction direction, std::string_view key, std::string_view iv) {
    static const Cipher cbc{EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)};
    static const Cipher gcm{EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)};
    const EVP_CIPHER* cipher = std::string_view(name) == "cbc" ? cbc.get() : gcm.get();
    Context context{EVP_CIPHER_CTX_new()};
    require(EVP_CipherInit_ex2(
        context.get(), cipher, in(key), in(iv), static_cast<int>(direction), nullptr
    ));
    return context;
}

Result<std::string> cbc(
    Direction direction, std::string_view key, std::string_view iv, std::string_view data
) {
    if (key.size() != key_size || iv.size() != block_size) {
        return bad("the key must have 32 bytes, the iv 16");
    }
    if (data.size() % block_size != 0) {
        return bad("the length is no multiple of 16");
    }
    if (data.size() > max_size) {
        return Error{ErrorCode::too_large, "AES: more than 2 GB at once"};
    }
    const Context context = start("cbc", direction, key, iv);
    require(EVP_CIPHER_CTX_set_padding(context.get(), 0));
    std::string result(data.size() + block_size, '\0');
    int size = 0;
    require(
        EVP_CipherUpdate(context.get(), out(result), &size, in(data), static_cast<int>(data.size()))
    );
    int rest = 0;
    require(EVP_CipherFinal_ex(context.get(), out(result) + size, &rest));
    result.resize(data.size());
    return result;
}

void feed_aad(const Context& context, std::string_view aad) {
    int ignored = 0;
    if (!aad.empty()) {
        require(EVP_CipherUpdate(
            context.get(), nullptr, &ignored, in(aad), static_cast<int>(aad.size())
        ));
    }
}

Status check_gcm(std::string_view key, std::string_view nonce, std::size_t size, std::size_t aad) {
    if (key.size() != key_size || nonce.size() != nonce_size) {
        return bad("the key must have 32 bytes, the nonce 12");
    }
    if (size > max_size || aad > max_size) {
        return Error{ErrorCode::too_large, "AES: more than 2 GB at once"};
    }
    return {};
}

}  // namespace

Result<std::string> aes256_cbc_encrypt(
    std::string_view key, std::string_view iv, std::string_view data
) {
    return cbc(Direction::encrypt, key, iv, data);
}

Result<std::string> aes256_cbc_decrypt(
    std::string_view key, std::string_view iv, std::string_view data
) {
    return cbc(Direction::decrypt, key, iv, data);
}

Result<std::string> aes256_gcm_seal(
    std::string_view key, std::string_view nonce, std::string_view plain, std::string_view aad
) {
    if (auto ok = check_gcm(key, nonce, plain.size(), aad.size()); !ok) {
        return ok.error();
    }
    const Context context = start("gcm", Direction::encrypt, key, nonce);
    feed_aad(context, aad);
    std::string result(plain.size() + tag_size, '\0');
    int size = 0;
    require(EVP_CipherUpdate(
        context.get(), out(result), &size, in(plain), static_cast<int>(plain.size())
    ));
    int rest = 0;
    require(EVP_CipherFinal_ex(context.get(), out(result) + size, &rest));
    require(EVP_CIPHER_CTX_ctrl(
        context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_size), out(result) + plain.size()
    ));
    return result;
}

Result<std::string> aes256_gcm_open(
    std::string_view key, std::string_view nonce, std::string_view sealed, std::string_view aad
) {
    if (auto ok = check_gcm(key, nonce, sealed.size(), aad.size()); !ok) {
        return ok.error();
    }
    if (sealed.size() < tag_size) {
        return Error{ErrorCode::corrupt, "AES-GCM: shorter than its tag"};
    }
    const std::string_view cipher = sealed.substr(0, sealed.size() - tag_size);
    std::string tag{sealed.substr(cipher.size())};
    const Context context = start("gcm", Direction::decrypt, key, nonce);
    feed_aad(context, aad);
    std::string result(sealed.size(), '\0');
    int size = 0;
    require(EVP_CipherUpdate(
        context.get(), out(result), &size, in(cipher), static_cast<int>(cipher.size())
    ));
    require(EVP_CIPHER_CTX_ctrl(
        context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_size), out(tag)
    ));
    int rest = 0;
    if (EVP_CipherFinal_ex(context.get(), out(result) + size, &rest) != 1) {
        return Error{ErrorCode::corrupt, "AES-GCM: the seal does not fit"};
    }
    result.resize(cipher.size());
    return result;
}

}  // namespace leadbridge::crypto
