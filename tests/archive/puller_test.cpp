// The threads: corps come, change and go; a wake-up is heard; a hanging source does not hold up
// stopping.

#include "archive/puller.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/archive/archive_world.h"

namespace leadbridge::archive {
namespace {

// Upstream of one corp, shared by every source opened for it.
struct Upstream {
    std::mutex mutex;
    std::condition_variable changed;
    FakeSource fake;
    std::atomic<int> pulls{0};
    std::atomic<bool> hang{false};
};

class SharedSource final : public ArchiveSource {
public:
    explicit SharedSource(Upstream& up) : up_(up) {}

    Result<PulledPage> pull(std::int64_t seq, int limit) override {
        std::unique_lock lock(up_.mutex);
        ++up_.pulls;
        up_.changed.wait(lock, [&] { return !up_.hang || cancelled_; });
        if (cancelled_) {
            return Error{ErrorCode::retry_later, "cancelled", "cancelled"};
        }
        return up_.fake.pull(seq, limit);
    }

    Result<std::string> decrypt(std::string_view key, std::string_view message) override {
        const std::lock_guard lock(up_.mutex);
        return up_.fake.decrypt(key, message);
    }

    Result<MediaChunk> media(std::string_view fileid, std::string_view index) override {
        return up_.fake.media(fileid, index);
    }

    void rest() override {}

    void cancel() override {
        const std::lock_guard lock(up_.mutex);
        cancelled_ = true;
        up_.changed.notify_all();
    }

private:
    Upstream& up_;
    bool cancelled_ = false;
};

struct PullerWorld : ArchiveWorld, ArchiveSourceFactory {
    std::map<CorpId, Upstream> upstream;
    std::vector<std::string> opened_secrets;
    Guarded<std::vector<crm::CorpDirectory::Ptr>> corps;
    std::atomic<int> stored{0};
    ArchivePuller threads{
        {archive.db(), *vault, clock, ids, rng, metrics, rsa},
        {},
        *this,
        [this] { return *corps.lock(); },
        [this](CorpId) { ++stored; }};

    std::unique_ptr<ArchiveSource> open(const crm::Corp& c, SourceRole) override {
        opened_secrets.emplace_back(c.archive.secret.reveal());
        return std::make_unique<SharedSource>(upstream[c.id]);
    }

    void say(CorpId id, const std::string& json, int key_version = 1) {
        Upstream& up = upstream[id];
        const std::lock_guard lock(up.mutex);
        up.fake.say(json, key_version);
    }

    void put_corp(
        CorpId id, std::int64_t version, std::vector<int> keys, const std::string& secret = "s"
    ) {
        auto c = std::make_shared<crm::Corp>();
        c->id = id;
        c->wecom_id = "ww" + id.str();
        c->version = version;
        c->archive.enabled = true;
        c->archive.secret = Secret(secret);
        c->archive.poll_s = 3'600;
        for (const int key : keys) {
            c->archive.private_keys.push_back(private_key(key));
        }
        auto list = corps.lock();
        std::erase_if(*list, [&](const auto& other) { return other->id == id; });
        list->push_back(c);
    }

    bool eventually(const std::function<bool()>& true_at_last) {
        for (int i = 0; i < 500; ++i) {
            if (true_at_last()) {
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }

    std::int64_t messages(CorpId id) {
        return archive.db()
            .read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
                return s.number("SELECT COUNT(*) FROM message WHERE corp_id = ?", {id});
            })
            .value();
    }
};

TEST(ArchivePuller, ACorpIsPulledAtOnceAndWhenWoken) {
    PullerWorld w;
    w.say(CorpId{1}, text_json("m1", "zhang.san", sample_contact, "一"));
    w.put_corp(CorpId{1}, 1, {1});
    w.threads.start();
    EXPECT_TRUE(w.eventually([&] { return w.messages(CorpId{1}) == 1; }));
    w.say(CorpId{1}, text_json("m2", "zhang.san", sample_contact, "二"));
    w.threads.wake(CorpId{1});
    w.threads.wake(CorpId{77});  // unknown: ignored
    EXPECT_TRUE(w.eventually([&] { return w.messages(CorpId{1}) == 2; }));
    EXPECT_TRUE(w.eventually([&] { return w.stored >= 2; }));
    ASSERT_TRUE(w.threads.status(CorpId{1}).has_value());
    EXPECT_FALSE(w.threads.status(CorpId{77}).has_value());
}

TEST(ArchivePuller, CorpsComeChangeAndGoWhileItRuns) {
    PullerWorld w;
    w.threads.start();
    w.say(CorpId{1}, text_json("m1", "zhang.san", sample_contact, "一"), 2);
    w.put_corp(CorpId{1}, 1, {1});
    EXPECT_TRUE(w.eventually([&] { return w.store.backlog(CorpId{1}).waiting_keys.size() == 1; }));
    w.put_corp(CorpId{1}, 2, {1, 2});  // the missing key: no restart, no wake-up
    EXPECT_TRUE(w.eventually([&] { return w.messages(CorpId{1}) == 1; }));
    w.put_corp(CorpId{1}, 3, {1, 2}, "another secret");
    EXPECT_TRUE(w.eventually([&] { return w.upstream[CorpId{1}].pulls >= 3; }));
    w.corps.lock()->clear();
    EXPECT_TRUE(w.eventually([&] { return !w.threads.status(CorpId{1}).has_value(); }));
    w.threads.stop();
    EXPECT_EQ(w.opened_secrets, (std::vector<std::string>{"s", "another secret"}));
}

TEST(ArchivePuller, OneCorpThatHangsHoldsUpNeitherAnotherNorStopping) {
    PullerWorld w;
    w.upstream[CorpId{1}].hang = true;
    w.say(CorpId{2}, text_json("m1", "zhang.san", sample_contact, "一"));
    w.put_corp(CorpId{1}, 1, {1});
    w.put_corp(CorpId{2}, 1, {1});
    w.threads.start();
    EXPECT_TRUE(w.eventually([&] {
        return w.messages(CorpId{2}) == 1 && w.upstream[CorpId{1}].pulls > 0;
    }));
    const auto begin = std::chrono::steady_clock::now();
    w.threads.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

TEST(ArchivePuller, BehindIsMeasured) {
    PullerWorld w;
    w.put_corp(CorpId{1}, 1, {1});
    w.threads.start();
    ASSERT_TRUE(w.eventually([&] { return w.threads.status(CorpId{1}).has_value(); }));
    w.clock.advance(90'000);
    EXPECT_TRUE(w.eventually([&] {
        return w.metrics.render().find("leadbridge_archive_behind_seconds{corp=\"ww1\"} 90") !=
               std::string::npos;
    }));
}

}  // namespace
}  // namespace leadbridge::archive
