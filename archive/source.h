#pragma once
// The port through which chats arrive: one implementation drives the vendor's SDK in its own
// process (connectors/wecom/archive_source.h), tests bring their own. Facts:
// developer.work.weixin.qq.com/document/path/91774, 91552.
//
// Errors, by code and by reason where a caller must tell them apart:
//   retry_later   network, busy, worker crashed ("sdk_crashed") or hanging ("sdk_hanging");
//   retry_after_ms advises limited       too many calls auth          wrong corpid or secret,
//   address not trusted ("untrusted_ip"): nothing goes until a person acts forbidden     the
//   archive service has expired or was not bought ("service_expired") too_large     the page is too
//   big: ask for fewer not_found     older than five days or deleted: lost corrupt       the
//   message does not decrypt with this key permanent     the library cannot be used ("sdk_missing",
//   "sdk_symbols"), a bad file id invalid       a reply that cannot be read

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crm/staff/corp.h"

namespace leadbridge::archive {

struct PulledMessage {
    std::int64_t seq = 0;
    std::string msgid;
    int key_version = 0;
    std::string random_key;  // base64 of RSA-PKCS#1 with the public key of key_version
    std::string message;     // opaque to us; opens with the decrypted random key
};

struct PulledPage {
    std::vector<PulledMessage> messages;  // by seq, rising
};

struct MediaChunk {
    std::string bytes;
    std::string next_index;  // for the next call; opaque
    bool finished = false;
};

// Calls block, and are serialised within one source. Thread-safe.
class ArchiveSource {
public:
    virtual ~ArchiveSource() = default;

    // Messages after `seq`, at most `limit` (<= 1000).
    virtual Result<PulledPage> pull(std::int64_t seq, int limit) = 0;
    // Clear JSON (UTF-8) of one message.
    virtual Result<std::string> decrypt(std::string_view random_key, std::string_view message) = 0;
    // index: "" first, then MediaChunk::next_index. An error is retried with the same index.
    virtual Result<MediaChunk> media(std::string_view fileid, std::string_view index) = 0;
    // Gives back what is held while idle; the next call takes it again.
    virtual void rest() = 0;
    // Calls in progress and all later ones fail soon. For stopping.
    virtual void cancel() = 0;
};

enum class SourceRole : std::uint8_t { messages, media };

class ArchiveSourceFactory {
public:
    virtual ~ArchiveSourceFactory() = default;
    // A source of its own for this corp's settings; they are copied. Does no I/O.
    virtual std::unique_ptr<ArchiveSource> open(const crm::Corp& corp, SourceRole role) = 0;
};

}  // namespace leadbridge::archive
