#include "archive/decryptor.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>

namespace leadbridge::archive {

namespace {

bool printable(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Error wrong_key() {
    return {
        ErrorCode::corrupt,
        "the private key does not fit: wrong key for this version",
        "wrong_key"};
}

Result<std::string> open_key(const SealedKey& sealed) {
    if (sealed.key == nullptr) {
        return Error{ErrorCode::not_found, "no private key of this version", "no_key"};
    }
    auto cipher = crypto::unbase64(sealed.random_key);
    if (!cipher) {
        return Error{ErrorCode::corrupt, "encrypt_random_key is not base64", "bad_random_key"};
    }
    auto clear = sealed.key->decrypt_pkcs1(*cipher);
    if (!clear || !printable(*clear)) {
        return wrong_key();
    }
    return clear;
}

// One call's work, shared by the caller and the helpers: a helper may start after the caller has
// left.
struct Batch {
    std::span<const SealedKey> sealed;
    std::size_t count = 0;
    std::vector<Result<std::string>> out;
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::condition_variable all_done;
    std::size_t done = 0;

    void work() {
        std::size_t finished = 0;
        // `sealed` is the caller's memory: touched only with an index below its size, for which the
        // caller waits.
        for (std::size_t i = next++; i < count; i = next++) {
            out[i] = open_key(sealed[i]);
            ++finished;
        }
        const std::lock_guard lock(mutex);
        done += finished;
        if (done == count) {
            all_done.notify_all();
        }
    }
};

}  // namespace

KeyRing::KeyRing(const std::vector<crm::ArchiveKey>& keys) {
    std::string all;
    for (const crm::ArchiveKey& key : keys) {
        all += std::to_string(key.version) + ":" + crypto::sha256(key.private_pem.reveal());
        auto parsed = crypto::RsaKey::from_private_pem(key.private_pem.reveal());
        if (parsed) {
            keys_.insert_or_assign(key.version, std::move(parsed).value());
        } else {
            unreadable_.push_back(key.version);
        }
    }
    fingerprint_ = crypto::sha256(all);
}

const crypto::RsaKey* KeyRing::find(int version) const noexcept {
    const auto found = keys_.find(version);
    return found == keys_.end() ? nullptr : &found->second;
}

RsaPool::RsaPool(int threads)
    : threads_(std::max(1, threads)), pool_({.name = "rsa", .threads = std::max(1, threads - 1)}) {}

std::vector<Result<std::string>> RsaPool::decrypt(std::span<const SealedKey> sealed) {
    auto batch = std::make_shared<Batch>();
    batch->sealed = sealed;
    batch->count = sealed.size();
    batch->out.assign(sealed.size(), Result<std::string>(wrong_key()));
    if (sealed.empty()) {
        return {};
    }
    const auto helpers =
        std::min<std::size_t>(static_cast<std::size_t>(threads_ - 1), sealed.size() - 1);
    for (std::size_t i = 0; i < helpers; ++i) {
        pool_.submit([batch] { batch->work(); });
    }
    batch->work();
    std::unique_lock lock(batch->mutex);
    batch->all_done.wait(lock, [&] { return batch->done == batch->count; });
    return std::move(batch->out);
}

}  // namespace leadbridge::archive
