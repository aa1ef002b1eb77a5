// The real worker executable with the stand-in library, against a tiny server: what the daemon sees
// of it.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/archive/sdk_server.h"

namespace leadbridge::wecom {
namespace {

const crypto::RsaKey& key() {
    static const crypto::RsaKey one = crypto::RsaKey::generate(1'024);
    return one;
}

void add_row(SdkWorld& w, std::int64_t seq, const std::string& json) {
    w.server.world.lock()->rows.push_back(
        sandbox::seal_archive_row(key(), 3, seq, "m" + std::to_string(seq), json, w.rng)
    );
}

bool exists(pid_t pid) {
    return kill(pid, 0) == 0;
}

// The state letter of a process, 'X' when it is gone.
char state_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const auto at = text.rfind(") ");
    return at == std::string::npos ? 'X' : text[at + 2];
}

TEST(FinanceSdk, PullsAndDecryptsWhatTheOtherSideSealed) {
    SdkWorld w;
    add_row(w, 7, R"({"msgid":"m7","text":"您好"})");
    add_row(w, 9, std::string("{\"long\":\"") + std::string(200'000, 'x') + "\"}");
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, w.options());
    const auto page = sdk.pull(0, 100);
    ASSERT_TRUE(page.has_value()) << page.error().message;
    ASSERT_EQ(page->messages.size(), 2U);
    EXPECT_EQ(page->messages[0].seq, 7);
    EXPECT_EQ(page->messages[0].key_version, 3);
    const auto random_key =
        key().decrypt_pkcs1(crypto::unbase64(page->messages[0].random_key).value()).value();
    EXPECT_EQ(
        sdk.decrypt(random_key, page->messages[0].message).value(),
        R"({"msgid":"m7","text":"您好"})"
    );
    const auto second =
        key().decrypt_pkcs1(crypto::unbase64(page->messages[1].random_key).value()).value();
    EXPECT_EQ(sdk.decrypt(second, page->messages[1].message).value().size(), 200'011U);
    EXPECT_TRUE(sdk.pull(9, 100).value().messages.empty());
}

TEST(FinanceSdk, AWrongKeyIsAnErrorOfItsOwn) {
    SdkWorld w;
    add_row(w, 1, "{}");
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, w.options());
    const auto page = sdk.pull(0, 1).value();
    for (const char* wrong : {"another key", "", "x"}) {
        const auto opened = sdk.decrypt(wrong, page.messages[0].message);
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
        EXPECT_EQ(opened.error().reason, "wrong_key");
    }
    const auto broken = sdk.decrypt("k", "%%%%");
    EXPECT_EQ(broken.error().code, ErrorCode::corrupt);
    // A zero inside cannot reach a C string: refused, and the worker lives on.
    EXPECT_EQ(sdk.decrypt(std::string("a\0b", 3), "AAAA").error().code, ErrorCode::invalid);
    EXPECT_TRUE(sdk.pull(0, 1).has_value());
}

TEST(FinanceSdk, CodesOfLibraryAndReplyAreMapped) {
    SdkWorld w;
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, w.options());
    const auto with_code = [&](const std::string& code) {
        auto world = w.server.world.lock();
        world->chat_header = "X-Sdk-Error";
        world->chat_value = code;
        world.raw().unlock();
        auto result = sdk.pull(0, 1);
        return std::move(result).error();
    };
    EXPECT_EQ(with_code("10001").code, ErrorCode::retry_later);
    EXPECT_EQ(with_code("10009").code, ErrorCode::auth);
    EXPECT_EQ(with_code("10009").reason, "untrusted_ip");
    EXPECT_EQ(with_code("10010").code, ErrorCode::not_found);
    EXPECT_EQ(with_code("10000").code, ErrorCode::auth);
    EXPECT_EQ(with_code("12345").code, ErrorCode::retry_later);
    EXPECT_EQ(with_code("12345").upstream_code, 12345);
    w.server.world.lock()->chat_header.clear();
    const auto with_errcode = [&](int code) {
        w.server.world.lock()->errcode = code;
        return sdk.pull(0, 1).error();
    };
    EXPECT_EQ(with_errcode(301052).code, ErrorCode::forbidden);
    EXPECT_EQ(with_errcode(301042).code, ErrorCode::auth);
    EXPECT_EQ(with_errcode(301058).code, ErrorCode::too_large);
    EXPECT_EQ(with_errcode(45009).code, ErrorCode::limited);
}

TEST(FinanceSdk, MediaComesInChunksWithTheIndexPassedOn) {
    SdkWorld w;
    std::string bytes = w.rng.bytes(1'200'000);
    w.server.world.lock()->files["FILE+1/2="] = bytes;
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, w.options());
    std::string got;
    std::string index;
    for (int i = 0; i < 3; ++i) {
        const auto chunk = sdk.media("FILE+1/2=", index);
        ASSERT_TRUE(chunk.has_value()) << chunk.error().message;
        got += chunk->bytes;
        index = chunk->next_index;
        EXPECT_EQ(chunk->finished, i == 2);
    }
    EXPECT_EQ(got, bytes);
    EXPECT_EQ(sdk.media("unknown", "").error().code, ErrorCode::not_found);
}

TEST(FinanceSdk, ThePasswordReachesTheProxyAndNotTheCommandLine) {
    SdkWorld w;
    auto options = w.options();
    options.proxy_password = Secret("user:pass");
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, options);
    ASSERT_TRUE(sdk.pull(0, 1).has_value());
    EXPECT_EQ(w.server.world.lock()->last_authorization, "Basic dXNlcjpwYXNz");
    std::ifstream file("/proc/" + std::to_string(sdk.pid()) + "/cmdline");
    const std::string line((std::istreambuf_iterator<char>(file)), {});
    EXPECT_EQ(line.find("sample-secret"), std::string::npos);
    EXPECT_EQ(line.find("user:pass"), std::string::npos);
}

TEST(FinanceSdk, ACrashIsSurvivedByTheNextCall) {
    SdkWorld w;
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, w.options());
    {
        auto world = w.server.world.lock();
        world->chat_header = "X-Sdk-Crash";
        world->chat_value = "1";
    }
    const auto crashed = sdk.pull(0, 1);
    ASSERT_FALSE(crashed.has_value());
    EXPECT_EQ(crashed.error().code, ErrorCode::retry_later);
    EXPECT_EQ(crashed.error().reason, "sdk_crashed");
    EXPECT_GT(crashed.error().retry_after_ms, 0);
    EXPECT_EQ(sdk.pid(), -1);
    EXPECT_EQ(sdk.pull(0, 1).error().reason, "restarting");
    w.server.world.lock()->chat_header.clear();
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    EXPECT_TRUE(sdk.pull(0, 1).has_value());
}

TEST(FinanceSdk, AHangingLibraryIsKilledAtTheDeadline) {
    SdkWorld w;
    auto options = w.options();
    options.timeout_s = 1;
    options.margin_ms = 200;
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, options);
    ASSERT_TRUE(sdk.pull(0, 1).has_value());
    const pid_t pid = sdk.pid();
    {
        auto world = w.server.world.lock();
        world->chat_header = "X-Sdk-Hang";
        world->chat_value = "60";
    }
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(sdk.pull(0, 1).error().reason, "sdk_hanging");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    EXPECT_FALSE(exists(pid));  // killed and reaped
}

TEST(FinanceSdk, CancelEndsACallAtOnceAndAllLaterOnes) {
    SdkWorld w;
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, w.options());
    {
        auto world = w.server.world.lock();
        world->chat_header = "X-Sdk-Hang";
        world->chat_value = "60";
    }
    std::thread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        sdk.cancel();
    });
    EXPECT_EQ(sdk.pull(0, 1).error().reason, "cancelled");
    other.join();
    EXPECT_FALSE(sdk.pull(0, 1).has_value());
}

TEST(FinanceSdk, AMissingLibraryIsNamed) {
    SdkWorld w;
    auto options = w.options();
    options.worker.sdk = "/nowhere/libWeWorkFinanceSdk_C.so";
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, options);
    const auto result = sdk.pull(0, 1);
    EXPECT_EQ(result.error().code, ErrorCode::permanent);
    EXPECT_EQ(result.error().reason, "sdk_missing");
    EXPECT_NE(result.error().message.find("/nowhere/"), std::string::npos);
}

TEST(FinanceSdk, AForeignLibraryIsToldByItsMissingFunctions) {
    SdkWorld w;
    auto options = w.options();
    options.worker.sdk = "libdl.so.2";  // a library, but not this one
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, options);
    const auto result = sdk.pull(0, 1);
    EXPECT_EQ(result.error().reason, "sdk_symbols");
    EXPECT_NE(result.error().message.find("GetChatData"), std::string::npos);
    EXPECT_NE(result.error().message.find("IsMediaDataFinish"), std::string::npos);
}

TEST(FinanceSdk, AMissingWorkerIsNamed) {
    SdkWorld w;
    auto options = w.options();
    options.worker.executable = "/nowhere/leadbridge-archive-worker";
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, options);
    EXPECT_EQ(sdk.pull(0, 1).error().reason, "worker_missing");
}

TEST(FinanceSdk, EmptyCredentialsFailAtInit) {
    SdkWorld w;
    auto options = w.options();
    options.secret = Secret("");
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, options);
    EXPECT_EQ(sdk.pull(0, 1).error().reason, "init_failed");
    EXPECT_EQ(w.server.world.lock()->calls, 0);
}

TEST(FinanceSdk, RestGivesBackTheProcessAndTheNextCallTakesOne) {
    SdkWorld w;
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, w.options());
    ASSERT_TRUE(sdk.pull(0, 1).has_value());
    const pid_t pid = sdk.pid();
    sdk.rest();
    EXPECT_EQ(sdk.pid(), -1);
    EXPECT_FALSE(exists(pid));
    EXPECT_TRUE(sdk.pull(0, 1).has_value());
}

TEST(FinanceSdk, AGrownWorkerIsReplaced) {
    SdkWorld w;
    auto options = w.options();
    options.worker.memory_cap_bytes =
        1;  // RLIMIT_DATA of one byte still lets what is mapped live; every call is "too big"
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, options);
    (void)sdk.pull(0, 1);
    EXPECT_EQ(sdk.pid(), -1);
}

TEST(FinanceSdk, TheWorkerDiesWithWhoeverMadeIt) {
    SdkWorld w;
    auto spawner = std::make_unique<SpawnThread>();
    auto worker = WorkerProcess::start(*spawner, w.options().worker, -1);
    ASSERT_TRUE(worker.has_value());
    const pid_t pid = (*worker)->pid();
    const auto hello = (*worker)->ask(1, {"ww-sample", "sample-secret"}, 2'000);
    ASSERT_TRUE(hello.has_value()) << hello.error().message;
    EXPECT_NE(state_of(pid), 'Z');
    spawner.reset(
    );  // the thread ends, as all threads of a killed daemon do; nobody closes the worker's stdin
    for (int i = 0; i < 200 && state_of(pid) != 'Z'; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(state_of(pid), 'Z');  // dead, not yet reaped
}

TEST(FinanceSdk, TheWorkerHoldsNoDescriptorOfTheDaemon) {
    SdkWorld w;
    const int leaked = dup(0);  // not close-on-exec, as a careless library would leave it
    FinanceSdkProcess sdk(w.spawner, w.clock, w.rng, w.options());
    ASSERT_TRUE(sdk.pull(0, 1).has_value());
    int count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(sdk.pid()) + "/fd")) {
        ++count;
    }
    EXPECT_LE(count, 5);  // 0, 1, 2, the kept stdout, /dev/null
    close(leaked);
}

}  // namespace
}  // namespace leadbridge::wecom
