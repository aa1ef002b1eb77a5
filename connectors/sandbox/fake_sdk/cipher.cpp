#include "connectors/sandbox/fake_sdk/cipher.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <memory>

namespace fake_sdk {

namespace {

constexpr int wrong_key = 10006;
constexpr int unreadable = 10008;
constexpr std::size_t iv_bytes = 16;
constexpr std::size_t check_bytes = 8;

const unsigned char* raw(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* raw(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

std::string sha256(const std::string& data) {
    std::string out(SHA256_DIGEST_LENGTH, '\0');
    SHA256(raw(data), data.size(), raw(out));
    return out;
}

bool unbase64(const std::string& text, std::string& out) {
    if (text.empty() || text.size() % 4 != 0) {
        return false;
    }
    out.resize(text.size() / 4 * 3);
    if (EVP_DecodeBlock(raw(out), raw(text), static_cast<int>(text.size())) < 0) {
        return false;
    }
    for (std::size_t i = text.size(); i > 0 && text[i - 1] == '='; --i) {
        out.pop_back();
    }
    return true;
}

// PKCS#7 is checked and removed by OpenSSL.
bool decrypt(const std::string& key, const std::string& sealed, std::string& plain) {
    const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(
        EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free
    );
    plain.resize(sealed.size());
    int first = 0;
    int last = 0;
    if (!context ||
        EVP_DecryptInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, raw(key), raw(sealed)) != 1 ||
        EVP_DecryptUpdate(
            context.get(),
            raw(plain),
            &first,
            raw(sealed) + iv_bytes,
            static_cast<int>(sealed.size() - iv_bytes)
        ) != 1 ||
        EVP_DecryptFinal_ex(context.get(), raw(plain) + first, &last) != 1) {
        return false;
    }
    plain.resize(static_cast<std::size_t>(first) + static_cast<std::size_t>(last));
    return true;
}

}  // namespace

Opened open_message(const std::string& random_key, const std::string& message) {
    std::string sealed;
    if (!unbase64(message, sealed) || sealed.size() < 2 * iv_bytes ||
        sealed.size() % iv_bytes != 0) {
        return {unreadable, ""};
    }
    std::string plain;
    if (!decrypt(sha256(random_key), sealed, plain) || plain.size() < check_bytes) {
        return {wrong_key, ""};
    }
    std::string text = plain.substr(check_bytes);
    if (sha256(text).compare(0, check_bytes, plain, 0, check_bytes) != 0) {
        return {wrong_key, ""};
    }
    return {0, std::move(text)};
}

std::string base64(const std::string& bytes) {
    std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int n = EVP_EncodeBlock(raw(out), raw(bytes), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(n));
    return out;
}

}  // namespace fake_sdk
