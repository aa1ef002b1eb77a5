// Bodies and ciphers of WeCom callbacks: whatever comes, no crash; what opens is what was sealed.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "connectors/wecom/callback_crypto.h"

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

const leadbridge::wecom::CallbackCrypto& side() {
    static const auto made = leadbridge::wecom::CallbackCrypto::make(
        leadbridge::Secret("bridgeToken2026"),
        leadbridge::Secret("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
        {"ww1", ""}
    );
    return *made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace leadbridge;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto encrypt = wecom::read_envelope(text);
    if (encrypt) {
        require(!encrypt->empty());
        const auto opened = side().open(*encrypt);
        require(opened || opened.error().code == ErrorCode::corrupt);
    }
    // The input as the frame inside a cipher: a sender who knows the key but not the rules.
    std::string frame(text.substr(0, 4'096));
    frame.resize((frame.size() + 15) / 16 * 16);
    if (!frame.empty()) {
        std::string key;
        for (char c = 0; c < 32; ++c) {
            key += c;
        }
        const auto cipher = crypto::aes256_cbc_encrypt(key, key.substr(0, 16), frame);
        const auto opened = side().open(crypto::base64(*cipher));
        require(!opened || opened->size() + 20 <= frame.size());
    }
    const auto again = side().open(side().seal(text, "0123456789abcdef", "ww1"));
    require(again && *again == text);
    return 0;
}
