#pragma once
// Two databases, a vault, a corp with keys, and a source whose upstream is a vector. Sample data
// throughout.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "archive/corp_puller.h"
#include "archive/message_store.h"
#include "archive/schema.h"
#include "base/blob_store.h"
#include "base/guarded.h"
#include "base/rng.h"
#include "base/vault.h"
#include "tests/base/temp_database.h"

namespace leadbridge::archive {

inline constexpr const char* sample_contact = "wmSAMPLE00000000000000000000anna";
inline constexpr const char* other_contact = "woSAMPLE00000000000000000000bert";

// Small keys: what is tested is who opens what, not RSA.
inline const crypto::RsaKey& sample_key(int version) {
    static std::map<int, crypto::RsaKey> keys;
    auto found = keys.find(version);
    if (found == keys.end()) {
        found = keys.emplace(version, crypto::RsaKey::generate(1'024)).first;
    }
    return found->second;
}

inline crm::ArchiveKey private_key(int version) {
    return {version, sample_key(version).private_pem()};
}

// What upstream holds. A message is "sealed" by its random key in front.
class FakeSource final : public ArchiveSource {
public:
    struct Upstream {
        std::vector<PulledMessage> messages;
        std::vector<Error> pull_errors;                         // used up one a call
        std::map<std::string, Error> decrypt_errors;            // by clear JSON; stays
        std::map<std::string, std::vector<std::string>> files;  // fileid -> chunks
        std::vector<Error> media_errors;                        // used up one a call
        std::vector<std::string> media_calls;                   // indexes asked for
        int pulls = 0;
        int last_limit = 0;
        std::int64_t oldest_seq = 0;  // older ones are no longer served
        std::function<void()> before_pull;
    };

    // Returns the seq.
    std::int64_t say(const std::string& json, int key_version = 1, std::int64_t seq = 0) {
        PulledMessage m;
        m.seq = seq > 0 ? seq : (up.messages.empty() ? 1 : up.messages.back().seq + 1);
        m.msgid = "envelope-" + std::to_string(m.seq);
        m.key_version = key_version;
        const std::string random_key = "key" + std::to_string(m.seq) + "x";
        m.random_key = crypto::base64(sample_key(key_version).encrypt_pkcs1(random_key).value());
        m.message = random_key + "|" + json;
        up.messages.push_back(m);
        return m.seq;
    }

    Result<PulledPage> pull(std::int64_t seq, int limit) override {
        ++up.pulls;
        up.last_limit = limit;
        if (up.before_pull) {
            up.before_pull();
        }
        if (!up.pull_errors.empty()) {
            Error error = up.pull_errors.front();
            up.pull_errors.erase(up.pull_errors.begin());
            return error;
        }
        PulledPage page;
        for (const PulledMessage& m : up.messages) {
            if (m.seq > seq && m.seq >= up.oldest_seq &&
                static_cast<int>(page.messages.size()) < limit) {
                page.messages.push_back(m);
            }
        }
        return page;
    }

    Result<std::string> decrypt(std::string_view random_key, std::string_view message) override {
        const std::string start = std::string(random_key) + "|";
        if (!message.starts_with(start)) {
            return Error{ErrorCode::corrupt, "does not open", "wrong_key", 10006};
        }
        std::string json(message.substr(start.size()));
        if (const auto found = up.decrypt_errors.find(json); found != up.decrypt_errors.end()) {
            return found->second;
        }
        return json;
    }

    Result<MediaChunk> media(std::string_view fileid, std::string_view index) override {
        up.media_calls.emplace_back(index);
        if (!up.media_errors.empty()) {
            Error error = up.media_errors.front();
            up.media_errors.erase(up.media_errors.begin());
            if (error.code != ErrorCode::internal) {  // internal = "this call succeeds"
                return error;
            }
        }
        const auto found = up.files.find(std::string(fileid));
        if (found == up.files.end()) {
            return Error{ErrorCode::not_found, "gone", "expired", 10010};
        }
        const std::size_t at = index.empty() ? 0 : std::stoul(std::string(index));
        const bool last = at + 1 >= found->second.size();
        return MediaChunk{found->second.at(at), last ? "" : std::to_string(at + 1), last};
    }

    void rest() override {}

    void cancel() override {}

    Upstream up;
};

inline std::string text_json(
    const std::string& msgid,
    const std::string& from,
    const std::string& to,
    const std::string& text,
    std::int64_t at = 1'760'000'000'000,
    const std::string& roomid = ""
) {
    return R"({"msgid":")" + msgid + R"(","action":"send","from":")" + from + R"(","tolist":[")" +
           to + R"("],"roomid":")" + roomid + R"(","msgtime":)" + std::to_string(at) +
           R"(,"msgtype":"text","text":{"content":")" + text + R"("}})";
}

inline std::string revoke_json(
    const std::string& msgid,
    const std::string& from,
    const std::string& to,
    const std::string& original
) {
    return R"({"msgid":")" + msgid + R"(","action":"recall","from":")" + from + R"(","tolist":[")" +
           to +
           R"("],"roomid":"","msgtime":1760000005000,"msgtype":"revoke","revoke":{"pre_msgid":")" +
           original + R"("}})";
}

struct ArchiveWorld {
    ManualClock clock;
    TempDatabase core{
        {{"vault", Vault::migrations()}, {"archive_feed", feed_migrations()}},
        SqliteWriterMode::on_caller_for_tests,
        &clock};
    TempDatabase archive{
        {{"archive", migrations()}}, SqliteWriterMode::on_caller_for_tests, &clock};
    SeededRng rng{7};
    IdSource ids{clock, 0};
    Metrics metrics;
    std::unique_ptr<Vault> vault =
        Vault::open(core.db(), clock, rng, Secret(std::string(32, 'k'))).value();
    std::unique_ptr<BlobStore> blobs = open_directory_blobs(core.dir.file("blobs"), *vault);
    RsaPool rsa{2};
    FakeSource source;
    CorpId corp{41};
    PullOptions options;
    std::unique_ptr<CorpPuller> puller;
    MessageStore store{
        archive.db(), *vault, *blobs, [this](const crm::Viewer&) { return visible; }};
    std::optional<std::vector<std::string>> visible;

    explicit ArchiveWorld(std::vector<int> key_versions = {1}) { restart(std::move(key_versions)); }

    // A new process: only the databases know what was.
    void restart(std::vector<int> key_versions) {
        puller = std::make_unique<CorpPuller>(
            PullServices{archive.db(), *vault, clock, ids, rng, metrics, rsa},
            options,
            corp,
            "ww-sample"
        );
        set_keys(std::move(key_versions));
    }

    void set_keys(std::vector<int> versions) {
        std::vector<crm::ArchiveKey> keys;
        for (const int version : versions) {
            keys.push_back(private_key(version));
        }
        if (auto set = puller->set_keys(keys); !set) {
            throw std::runtime_error(set.error().message);
        }
    }

    // Steps until upstream has no more.
    void pull_all() {
        while (puller->step(source).more) {
        }
    }

    std::int64_t count(const std::string& sql) {
        return archive.db()
            .read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> { return s.number(sql); })
            .value();
    }

    std::vector<MessageView> with(
        const std::string& external_userid, Groups groups = Groups::without
    ) {
        return store
            .messages_with(crm::Viewer::daemon(corp), {external_userid}, {.limit = 200}, groups)
            .value()
            .items;
    }
};

}  // namespace leadbridge::archive
