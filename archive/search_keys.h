#pragma once
// Tokens as the index stores them: lower-case base32 of HMAC-SHA256(corp's search key, token),
// 8 bytes, of a single character 4. Beside sealed bodies, plain ones would tell the chats.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace leadbridge::archive {

// Used by one thread at a time.
class SearchKeys {
public:
    // remembered: how many tokens it keeps for the next time, about 64 B each. Words come back:
    // worth it for many texts, not for a question.
    explicit SearchKeys(Secret key, std::size_t remembered = 0);

    // A name of the key that tells nothing about it.
    const std::string& name() const noexcept { return name_; }

    std::string token(std::string_view plain);
    void append(std::string& out, std::string_view plain);

private:
    struct Known {
        std::string plain;
        std::string token;
    };

    Secret key_;
    std::string name_;
    std::vector<Known> known_;  // by hash; a newer one takes the place
};

}  // namespace leadbridge::archive
