#include <gtest/gtest.h>

#include <condition_variable>

#include "archive/media_download.h"
#include "archive/media_fetcher.h"
#include "tests/archive/archive_world.h"

namespace leadbridge::archive {
namespace {

struct MediaWorld : ArchiveWorld {
    MediaServices services{archive.db(), *vault, *blobs, clock, rng, metrics};
    MediaOptions media_options;
    std::string bytes;

    // A message with one file of several chunks, pulled and waiting.
    explicit MediaWorld(int chunks = 4, std::size_t chunk_size = 70'000) {
        std::vector<std::string> list;
        for (int i = 0; i < chunks; ++i) {
            list.push_back(rng.bytes(chunk_size));
            bytes += list.back();
        }
        source.up.files["F1"] = list;
        announce("F1", crypto::hex(crypto::md5(bytes)), static_cast<std::int64_t>(bytes.size()));
    }

    void announce(const std::string& fileid, const std::string& md5, std::int64_t size) {
        source.say(
            R"({"msgid":"file-)" + fileid + R"(","action":"send","from":"zhang.san","tolist":[")" +
            sample_contact +
            R"("],"roomid":"","msgtime":1760000000000,"msgtype":"file","file":{"filename":"样例.bin","fileext":"bin","md5sum":")" +
            md5 + R"(","filesize":)" + std::to_string(size) + R"(,"sdkfileid":")" + fileid +
            R"("}})"
        );
        pull_all();
    }

    MediaView view() { return with(sample_contact).at(0).media.at(0); }

    void fetch(const std::function<bool()>& keep_going = [] { return true; }) {
        fetch_media(services, media_options, source, corp, view().id.value, keep_going);
    }

    std::string stored() {
        return store.media_bytes(crm::Viewer::daemon(corp), view().id, 0, 0).value_or("");
    }
};

TEST(Media, IsFetchedInChunksCheckedAndReadable) {
    MediaWorld w;
    EXPECT_EQ(w.view().state, MediaState::waiting);
    EXPECT_EQ(
        w.store.media_bytes(crm::Viewer::daemon(w.corp), w.view().id, 0, 0).error().code,
        ErrorCode::conflict
    );
    w.fetch();
    EXPECT_EQ(w.view().state, MediaState::stored);
    EXPECT_EQ(w.view().filename, "样例.bin");
    EXPECT_EQ(w.stored(), w.bytes);
    EXPECT_EQ(
        w.store.media_bytes(crm::Viewer::daemon(w.corp), w.view().id, 70'000, 10).value(),
        w.bytes.substr(70'000, 10)
    );
    EXPECT_EQ(
        w.count("SELECT COUNT(*) FROM change_log l JOIN conversation c ON c.id = l.id WHERE "
                "l.topic = 'conversation' AND l.kind = 'media'"),
        1
    );
}

TEST(Media, AnErrorIsFollowedByTheSameChunkNotByTheStart) {
    MediaWorld w;
    const Error fine{ErrorCode::internal, ""};
    const Error broken{ErrorCode::retry_later, "network", "network", 10001};
    w.source.up.media_errors = {fine, fine, broken};
    w.fetch();
    EXPECT_EQ(w.view().state, MediaState::waiting);
    EXPECT_EQ(w.view().received, 140'000);
    EXPECT_EQ(w.view().reason, "network");
    w.source.up.media_calls.clear();
    w.fetch();
    EXPECT_EQ(w.source.up.media_calls, (std::vector<std::string>{"2", "3"}));
    EXPECT_EQ(w.stored(), w.bytes);
}

TEST(Media, GoesOnAfterTheProcessWasStopped) {
    MediaWorld w;
    int chunks = 0;
    w.fetch([&] { return ++chunks < 2; });
    EXPECT_EQ(w.view().state, MediaState::waiting);
    EXPECT_EQ(w.count("SELECT tries FROM media"), 0);  // being stopped is no failure
    w.source.up.media_calls.clear();
    w.fetch();
    EXPECT_EQ(w.source.up.media_calls.front(), "2");
    EXPECT_EQ(w.stored(), w.bytes);
}

TEST(Media, BytesWhoseIndexWasNotNotedComeAgainWithoutHarm) {
    MediaWorld w;
    int chunks = 0;
    w.fetch([&] { return ++chunks < 2; });
    w.archive.db()
        .write<bool>([](Transaction& tx) -> Result<bool> {
            tx.execute("UPDATE media SET next_index = '1', received = 70000"
            );  // killed before the second note
            return true;
        })
        .value();
    w.fetch();
    EXPECT_EQ(w.stored(), w.bytes);
}

TEST(Media, BeginsAnewWhenThePartialFileIsGone) {
    MediaWorld w;
    int chunks = 0;
    w.fetch([&] { return ++chunks < 2; });
    w.blobs->writer(w.corp, "media-" + w.view().id.str()).value()->discard();
    w.source.up.media_calls.clear();
    w.fetch();
    EXPECT_EQ(w.source.up.media_calls.front(), "");
    EXPECT_EQ(w.stored(), w.bytes);
}

TEST(Media, WrongBytesAreFetchedAnewThenRefused) {
    MediaWorld w;
    w.announce("F2", std::string(32, 'a'), 7);
    w.source.up.files["F2"] = {"seven77"};
    for (int i = 1; i <= w.media_options.max_mismatches; ++i) {
        EXPECT_EQ(w.view().state, MediaState::waiting);
        w.fetch();
    }
    EXPECT_EQ(w.view().state, MediaState::refused);
    EXPECT_EQ(w.view().reason, "md5");
}

TEST(Media, WrongSizeIsSeenBeforeTheEnd) {
    MediaWorld w;
    w.announce("F2", "", 100);
    w.source.up.files["F2"] = {std::string(90, 'x'), std::string(90, 'x'), std::string(90, 'x')};
    w.source.up.media_calls.clear();
    w.fetch();
    EXPECT_EQ(w.view().reason, "size");
    EXPECT_EQ(w.source.up.media_calls.size(), 2U);
}

TEST(Media, WhatUpstreamNoLongerHasIsLost) {
    MediaWorld w;
    w.announce("GONE", "", 5);
    w.fetch();
    EXPECT_EQ(w.view().state, MediaState::lost);
    EXPECT_EQ(w.view().reason, "expired");
    EXPECT_EQ(w.store.backlog(w.corp).media_lost, 1);
    EXPECT_EQ(w.store.backlog(w.corp).media_waiting, 1);  // the other one
}

TEST(Media, ARefusedSecretDoesNotCountAsATry) {
    MediaWorld w;
    w.source.up.media_errors = {{ErrorCode::auth, "untrusted", "untrusted_ip", 10009}};
    w.fetch();
    EXPECT_EQ(w.view().state, MediaState::waiting);
    EXPECT_EQ(w.count("SELECT tries FROM media"), 0);
    EXPECT_GT(w.count("SELECT next_ms FROM media"), w.clock.now());
}

TEST(Media, ASourceThatDoesNotGetOnIsLeft) {
    struct Stuck final : ArchiveSource {
        Result<PulledPage> pull(std::int64_t, int) override { return PulledPage{}; }

        Result<std::string> decrypt(std::string_view, std::string_view) override {
            return std::string{};
        }

        Result<MediaChunk> media(std::string_view, std::string_view) override {
            return MediaChunk{"x", "same", false};
        }

        void rest() override {}

        void cancel() override {}
    } stuck;

    MediaWorld w;
    MediaRef ref;
    ref.fileid = "F";
    const auto result = download(
        stuck, *w.blobs, w.corp, "stuck", ref, {}, [](const DownloadPoint&) { return true; }
    );
    EXPECT_EQ(result.error().reason, "no_progress");
}

// The threads: every file arrives, one corp's calls at most per_corp at a time.
TEST(Media, TheFetcherWorksThroughWhatWaits) {
    struct Factory final : ArchiveSourceFactory {
        std::unique_ptr<ArchiveSource> open(const crm::Corp&, SourceRole role) override {
            EXPECT_EQ(role, SourceRole::media);

            struct Forward final : ArchiveSource {
                explicit Forward(std::mutex& m, FakeSource& f) : mutex(m), fake(f) {}

                Result<PulledPage> pull(std::int64_t, int) override { return PulledPage{}; }

                Result<std::string> decrypt(std::string_view, std::string_view) override {
                    return std::string{};
                }

                Result<MediaChunk> media(std::string_view fileid, std::string_view index) override {
                    const std::lock_guard lock(mutex);
                    return fake.media(fileid, index);
                }

                void rest() override {}

                void cancel() override {}

                std::mutex& mutex;
                FakeSource& fake;
            };

            return std::make_unique<Forward>(mutex, *fake);
        }

        std::mutex mutex;
        FakeSource* fake = nullptr;
    };

    MediaWorld w;
    for (int i = 0; i < 10; ++i) {
        const std::string id = "N" + std::to_string(i);
        w.source.up.files[id] = {"a" + id, "b" + id};
        w.announce(id, "", 6);
    }
    Factory factory;
    factory.fake = &w.source;
    auto corp = std::make_shared<crm::Corp>();
    corp->id = w.corp;
    corp->archive.enabled = true;
    MediaFetcher fetcher(w.services, w.media_options, factory, [&] {
        return std::vector<crm::CorpDirectory::Ptr>{corp};
    });
    fetcher.start();
    fetcher.wake();
    for (int i = 0; i < 500 && w.store.backlog(w.corp).media_waiting > 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    fetcher.stop();
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM media WHERE state = 1"), 11);
}

}  // namespace
}  // namespace leadbridge::archive
