#pragma once
// Sealing at rest: AES-256-GCM. A master key wraps one key per corp; data keys are derived per corp
// and month; each sealed value names its key. Rotating the master key re-wraps corp keys and
// rewrites no data. A lost master key is lost data.

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/database.h"
#include "base/result.h"
#include "base/rng.h"
#include "base/secret.h"

namespace leadbridge {

// 32 bytes. A file that others may read is refused. From LEADBRIDGE_MASTER_KEY (base64) or the file
// (made with mode 0600 when it does not exist and `create` is set).
enum class MissingKey { create, refuse };
Result<Secret> load_master_key(const std::string& file, MissingKey missing);
// The file alone, whatever the environment says; one that is made is durable when this returns.
Result<Secret> load_key_file(const std::string& file, MissingKey missing);

// Thread-safe. Every call may be made inside or outside of a write of `core`: inside, a corp's
// first key is made with the caller's transaction and comes or goes with it. Throws DatabaseError
// when the store is broken.
//
// Sealed: 0x01 | month as year * 12 + month - 1, 2 B | nonce 12 B | ciphertext | tag 16 B.
class Vault {
public:
    // Checks the master key's fingerprint against the database's, and records it on a new one.
    // Error{auth} on a wrong key.
    static Result<std::unique_ptr<Vault>> open(
        Database& core, const Clock& clock, Rng& rng, Secret master_key
    );
    ~Vault();

    static std::span<const Migration> migrations();

    // aad binds the value to its place, e.g. "envelope:<seq>": a sealed value moved elsewhere does
    // not open. Makes the corp's key on first use. CorpId{0} seals what belongs to the machine.
    std::string seal(CorpId corp, std::string_view plain, std::string_view aad);
    Result<std::string> open(CorpId corp, std::string_view sealed, std::string_view aad) const;
    // A key of its own for a purpose, derived from the corp's key ("search", "identity").
    std::string derive(CorpId corp, std::string_view purpose) const;
    // Key for log::set_id_key.
    Secret log_key() const;
    // Wraps every corp key with another master key, in one transaction; sealed data stays as it is.
    // From then on only the new key opens this database.
    Status rewrap(Secret new_master_key);

private:
    struct State;
    explicit Vault(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge
