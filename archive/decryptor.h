#pragma once
// Private keys by version, and RSA on its own pool: 257 us an operation is what bounds the archive
// (docs/storage.md).

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/result.h"
#include "base/worker_pool.h"
#include "crm/staff/corp.h"

namespace leadbridge::archive {

// One corp's keys, each parsed once. Immutable.
class KeyRing {
public:
    explicit KeyRing(const std::vector<crm::ArchiveKey>& keys);

    const crypto::RsaKey* find(int version) const noexcept;  // nullptr when there is none

    const std::vector<int>& unreadable() const noexcept {
        return unreadable_;
    }  // versions whose PEM does not parse

    // Changes when, and only when, a key is added, removed or replaced.
    const std::string& fingerprint() const noexcept { return fingerprint_; }

private:
    std::map<int, crypto::RsaKey> keys_;
    std::vector<int> unreadable_;
    std::string fingerprint_;
};

struct SealedKey {
    const crypto::RsaKey* key = nullptr;  // nullptr gives Error{not_found}
    std::string_view random_key;          // base64
};

// Thread-safe; shared by all corps. The caller's thread works too, so a full or stopped pool slows
// but never stops it.
class RsaPool {
public:
    explicit RsaPool(int threads);

    // In the order of the argument. Error{corrupt, "wrong_key"} where the key does not fit or what
    // comes out is not printable (from OpenSSL 3.2 on a wrong key gives random bytes instead of an
    // error).
    std::vector<Result<std::string>> decrypt(std::span<const SealedKey> sealed);

private:
    const int threads_;
    WorkerPool pool_;
};

}  // namespace leadbridge::archive
