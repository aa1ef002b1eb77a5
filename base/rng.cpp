#include "base/rng.h"

#include <sys/random.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace leadbridge {

std::uint64_t Rng::u64() {
    std::array<unsigned char, 8> raw{};
    fill(raw);
    std::uint64_t value = 0;
    std::memcpy(&value, raw.data(), raw.size());
    return value;
}

std::uint64_t Rng::below(std::uint64_t bound) {
    assert(bound > 0);
    // The lowest 2^64 mod bound values would come up once too often: draw again.
    const std::uint64_t reject_below = (0 - bound) % bound;
    std::uint64_t value = 0;
    do {
        value = u64();
    } while (value < reject_below);
    return value % bound;
}

double Rng::unit() {
    return static_cast<double>(u64() >> 11) * 0x1.0p-53;
}

std::string Rng::bytes(std::size_t n) {
    std::string out(n, '\0');
    fill({reinterpret_cast<unsigned char*>(out.data()), n});
    return out;
}

std::string Rng::token(std::size_t n) {
    constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    std::string out = bytes(n);
    for (char& c : out) {
        c = alphabet[static_cast<unsigned char>(c) & 31U];
    }
    return out;
}

void SystemRng::fill(std::span<unsigned char> out) {
    while (!out.empty()) {
        const ssize_t n = ::getrandom(out.data(), out.size(), 0);
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw std::system_error(errno, std::generic_category(), "getrandom");
        }
        out = out.subspan(static_cast<std::size_t>(n));
    }
}

void SeededRng::fill(std::span<unsigned char> out) {
    const std::lock_guard lock(mutex_);
    while (!out.empty()) {
        const std::uint64_t value = engine_();
        const std::size_t n = std::min(out.size(), sizeof value);
        std::memcpy(out.data(), &value, n);
        out = out.subspan(n);
    }
}

}  // namespace leadbridge
