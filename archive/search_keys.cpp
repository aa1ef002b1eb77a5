#include "archive/search_keys.h"

#include <functional>

#include "base/crypto.h"

namespace leadbridge::archive {

namespace {

constexpr std::size_t longest_known = 15;  // what a string holds without the heap
constexpr std::size_t bytes_of_token = 8;
constexpr std::size_t bytes_of_single = 4;

std::string base32(std::string_view bytes) {
    constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    std::string out;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        held += 8;
        while (held >= 5) {
            held -= 5;
            out += alphabet[bits >> held & 31];
        }
    }
    if (held > 0) {
        out += alphabet[bits << (5 - held) & 31];
    }
    return out;
}

}  // namespace

SearchKeys::SearchKeys(Secret key, std::size_t remembered)
    : key_(std::move(key)),
      name_(crypto::hex(crypto::hmac_sha256(key_.reveal(), "name")).substr(0, 16)),
      known_(remembered) {}

std::string SearchKeys::token(std::string_view plain) {
    std::string out;
    append(out, plain);
    return out;
}

void SearchKeys::append(std::string& out, std::string_view plain) {
    const auto make = [&] {
        const std::size_t bytes = plain.starts_with("1") ? bytes_of_single : bytes_of_token;
        return base32(std::string_view(crypto::hmac_sha256(key_.reveal(), plain)).substr(0, bytes));
    };
    if (plain.size() > longest_known || known_.empty()) {
        out += make();
        return;
    }
    Known& known = known_[std::hash<std::string_view>{}(plain) % known_.size()];
    if (known.plain != plain) {
        known.token = make();
        known.plain = plain;
    }
    out += known.token;
}

}  // namespace leadbridge::archive
