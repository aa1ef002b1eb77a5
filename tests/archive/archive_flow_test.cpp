// The whole way: the stand-in library in real workers, threads, three key versions, files, and
// workers killed all along.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "archive/feed.h"
#include "archive/media_fetcher.h"
#include "archive/puller.h"
#include "tests/archive/archive_world.h"
#include "tests/archive/sdk_server.h"

namespace leadbridge::archive {
namespace {

constexpr int message_count = 400;
constexpr int file_every = 20;

// Running workers of this process; their names are cut to 15 characters.
std::vector<pid_t> workers() {
    std::vector<pid_t> out;
    std::stringstream list;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        list << std::ifstream(task.path() / "children").rdbuf() << ' ';
        list.clear();
    }
    for (pid_t pid = 0; list >> pid;) {
        std::string name;
        std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
        if (name == "leadbridge-arch") {
            out.push_back(pid);
        }
    }
    return out;
}

struct FlowWorld : ArchiveWorld {
    wecom::SdkServer server;
    wecom::FinanceSdkFactory sdk{wecom::built("leadbridge-archive-worker"), system_clock, rng};
    SystemClock system_clock;
    std::shared_ptr<crm::Corp> sample = std::make_shared<crm::Corp>();
    CorpList corps = [this] { return std::vector<crm::CorpDirectory::Ptr>{sample}; };
    Guarded<std::vector<crm::MessagesSeen>> told;
    std::map<std::string, std::string> files;

    FlowWorld() {
        sample->id = corp;
        sample->wecom_id = "ww-sample";
        sample->archive.enabled = true;
        sample->archive.secret = Secret("sample-secret");
        sample->archive.sdk = wecom::built("libleadbridge_fake_sdk.so");
        sample->archive.proxy = server.proxy();
        sample->archive.timeout_s = 2;
        sample->archive.poll_s = 1;
        for (const int version : {1, 2, 3}) {
            sample->archive.private_keys.push_back(private_key(version));
        }
        auto world = server.world.lock();
        world->chunk = 50'000;
        for (int i = 0; i < message_count; ++i) {
            const int version = 1 + i * 3 / message_count;
            const std::string id = "flow" + std::to_string(i);
            world->rows.push_back(sandbox::seal_archive_row(
                sample_key(version), version, i + 1, id, json_of(i, id), rng
            ));
        }
        world->files.insert(files.begin(), files.end());
    }

    std::string json_of(int i, const std::string& id) {
        if (i % file_every != 0) {
            return text_json(
                id,
                i % 2 == 0 ? "zhang.san" : sample_contact,
                i % 2 == 0 ? sample_contact : "zhang.san",
                "第几条"
            );
        }
        const std::string bytes = rng.bytes(120'000 + static_cast<std::size_t>(i));
        files["FILE" + std::to_string(i)] = bytes;
        return R"({"msgid":")" + id + R"(","action":"send","from":"zhang.san","tolist":[")" +
               sample_contact +
               R"("],"roomid":"","msgtime":1760000000000,"msgtype":"image","image":{"md5sum":")" +
               crypto::hex(crypto::md5(bytes)) + R"(","filesize":)" + std::to_string(bytes.size()) +
               R"(,"sdkfileid":"FILE)" + std::to_string(i) + R"("}})";
    }
};

TEST(ArchiveFlow, EverythingArrivesOnceThoughWorkersAreKilled) {
    FlowWorld w;
    PullOptions pull;
    pull.page_limit = 50;
    pull.failed_pull = {20, 100, 0};
    MediaOptions media;
    media.failed = {10, 50, 0};
    media.max_tries = 1'000;
    // The clock of rows stands still in ArchiveWorld; waits here are real.
    ArchiveFeed feed(
        {w.archive.db(), w.core.db(), w.clock, w.metrics},
        w.corps,
        [&](Transaction&, const crm::Touch& touch) -> Status {
            w.told.lock()->push_back(std::get<crm::MessagesSeen>(touch.body));
            return {};
        }
    );
    MediaFetcher fetcher(
        {w.archive.db(), *w.vault, *w.blobs, w.system_clock, w.rng, w.metrics},
        media,
        w.sdk,
        w.corps
    );
    ArchivePuller puller(
        {w.archive.db(), *w.vault, w.system_clock, w.ids, w.rng, w.metrics, w.rsa},
        pull,
        w.sdk,
        w.corps,
        [&](CorpId) {
            feed.wake();
            fetcher.wake();
        }
    );
    feed.start();
    fetcher.start();
    puller.start();

    int kills = 0;
    const auto done = [&] {
        return w.count("SELECT COUNT(*) FROM message") == message_count &&
               w.count("SELECT COUNT(*) FROM media WHERE state = 1") ==
                   message_count / file_every &&
               w.count("SELECT COUNT(*) FROM seen") == 0;
    };
    for (int i = 0; i < 1'500 && !done(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        const auto running = workers();
        if (kills < 5 && i % 3 == 2 && !running.empty()) {
            kill(running[static_cast<std::size_t>(i) % running.size()], SIGKILL);
            ++kills;
        }
    }
    puller.stop();
    fetcher.stop();
    feed.stop();

    EXPECT_GE(kills, 1);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM message"), message_count);
    EXPECT_EQ(w.count("SELECT COUNT(DISTINCT msgid) FROM message"), message_count);
    EXPECT_EQ(w.count("SELECT COUNT(*) FROM envelope WHERE state = 1"), message_count);
    EXPECT_EQ(w.count("SELECT messages FROM conversation"), message_count);
    int counted = 0;
    for (const auto& seen : *w.told.lock()) {
        counted += seen.from_contact + seen.from_member;
    }
    EXPECT_EQ(counted, message_count);
    int files = 0;
    for (std::int64_t seq = 0; seq < message_count; seq += 200) {
        MessageQuery query;
        query.after_seq = seq == 0 ? 0 : seq;
        query.before_seq = seq == 0 ? 201 : 0;
        query.limit = 200;
        const auto page =
            w.store.messages_with(crm::Viewer::daemon(w.corp), {sample_contact}, query).value();
        for (const auto& message : page.items) {
            for (const auto& file : message.media) {
                const auto bytes = w.store.media_bytes(crm::Viewer::daemon(w.corp), file.id, 0, 0);
                EXPECT_TRUE(bytes.value_or("") == w.files["FILE" + std::to_string(message.seq - 1)])
                    << message.seq << " " << to_string(file.state) << " " << file.reason << " "
                    << (bytes ? "" : bytes.error().message);
                ++files;
            }
        }
    }
    EXPECT_EQ(files, message_count / file_every);
}

}  // namespace
}  // namespace leadbridge::archive
