// The master key changes, what was sealed stays readable, and a crash between the steps loses
// nothing.

#include "gateway/key_rotation.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/vault.h"
#include "gateway/stores.h"
#include "tests/gateway/api_fixture.h"

namespace leadbridge::gateway {
namespace {

std::string text_of(const std::string& file) {
    std::ostringstream out;
    out << std::ifstream(file).rdbuf();
    return std::move(out).str();
}

class KeyRotation : public ApiTest {
protected:
    KeyRotation() {
        add_corp("wwSAMPLE0001");
        app.reset();  // a daemon would hold the lock
    }

    config::Settings settings() const {
        return config::parse(
                   "[server]\ndata_dir = \"" + dir.path() + "/data\"\n", "test.toml", dir.path(), {}
        )
            .value();
    }

    void expect_secrets_open() {
        app = std::make_unique<App>(AppOptions{settings(), nullptr});
        const auto corp = app->services().corp_directory.find_wecom("wwSAMPLE0001");
        ASSERT_NE(corp, nullptr);
        EXPECT_EQ(corp->app_secret.reveal(), secret_text);
    }

    std::string key_file() const { return settings().security.master_key_file; }

    std::string new_file() const { return dir.path() + "/new.key"; }
};

TEST_F(KeyRotation, TheNewKeyOpensAndTheOldOneIsKeptAside) {
    const std::string before = text_of(key_file());
    const auto done = rotate_master_key(settings(), new_file());
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(text_of(done->old_key), before);
    EXPECT_NE(text_of(key_file()), before);
    EXPECT_EQ(text_of(key_file()), text_of(new_file()));

    struct stat info {};

    ASSERT_EQ(::stat(key_file().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    expect_secrets_open();
}

// The process died after the database had changed and before the file had.
TEST_F(KeyRotation, WhatACrashBeganTheSameCommandEnds) {
    {
        const config::Settings s = settings();
        const SystemClock clock;
        SystemRng rng;
        Metrics metrics;
        const auto core = open_core(s, clock, metrics);
        const auto vault = open_vault(*core, clock, rng, s);
        ASSERT_TRUE(vault->rewrap(load_key_file(new_file(), MissingKey::create).value()));
    }
    EXPECT_THROW(App(AppOptions{settings(), nullptr}), std::runtime_error);
    const auto done = rotate_master_key(settings(), new_file());
    ASSERT_TRUE(done) << done.error().message;
    expect_secrets_open();
}

TEST_F(KeyRotation, AThirdKeyIsRefused) {
    ASSERT_TRUE(rotate_master_key(settings(), new_file()));
    EXPECT_EQ(rotate_master_key(settings(), new_file()).error().reason, "master_key_same");
    // Neither the file in place nor the one named belongs to the database.
    std::filesystem::remove(key_file());
    ASSERT_TRUE(load_key_file(key_file(), MissingKey::create));
    EXPECT_EQ(
        rotate_master_key(settings(), dir.path() + "/other.key").error().reason, "master_key_wrong"
    );
}

TEST_F(KeyRotation, ADaemonKeepsItsKey) {
    app = std::make_unique<App>(AppOptions{settings(), nullptr});
    EXPECT_THROW((void)rotate_master_key(settings(), new_file()), std::runtime_error);
    EXPECT_FALSE(std::filesystem::exists(new_file()));
}

}  // namespace
}  // namespace leadbridge::gateway
