#pragma once
// Randomness comes from an injected Rng: the system's CSPRNG in production, a seeded one in tests
// and in the sandbox.

#include <cstdint>
#include <mutex>
#include <random>
#include <span>
#include <string>

namespace leadbridge {

class Rng {
public:
    virtual ~Rng() = default;
    // Thread-safe.
    virtual void fill(std::span<unsigned char> out) = 0;

    std::uint64_t u64();
    // Uniform in [0, bound); bound > 0.
    std::uint64_t below(std::uint64_t bound);
    // Uniform in [0, 1).
    double unit();
    std::string bytes(std::size_t n);
    // n characters of lower-case base32 (5 bits each), for tokens and secrets.
    std::string token(std::size_t n);
};

class SystemRng final : public Rng {
public:
    void fill(std::span<unsigned char> out) override;
};

class SeededRng final : public Rng {
public:
    explicit SeededRng(std::uint64_t seed) : engine_(seed) {}

    void fill(std::span<unsigned char> out) override;

private:
    std::mutex mutex_;
    std::mt19937_64 engine_;
};

}  // namespace leadbridge
