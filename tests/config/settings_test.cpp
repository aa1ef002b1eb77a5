#include "config/settings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/crypto.h"

namespace leadbridge::config {
namespace {

constexpr const char* aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

class SettingsTest : public testing::Test {
protected:
    SettingsTest() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "leadbridge-config-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
    }

    ~SettingsTest() override { std::filesystem::remove_all(folder_); }

    void file(const std::string& name, const std::string& content) const {
        std::ofstream(folder_ / name, std::ios::binary) << content;
    }

    Result<Settings> read(const std::string& text, const Environment& environment = {}) const {
        return parse(text, "test.toml", folder_, environment);
    }

    std::string fault(const std::string& text, const Environment& environment = {}) const {
        const auto settings = read(text, environment);
        return settings ? "accepted" : settings.error().message;
    }

    std::string here(const std::string& name) const { return (folder_ / name).string(); }

    std::filesystem::path folder_;
};

TEST_F(SettingsTest, AnEmptyFileGivesTheDefaults) {
    const auto settings = read("");
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->server.address, "127.0.0.1");
    EXPECT_EQ(settings->server.port, 8080);
    EXPECT_EQ(settings->server.data_dir, here("data"));
    EXPECT_EQ(settings->database.path, here("data/core.db"));
    EXPECT_EQ(settings->security.master_key_file, here("data/master.key"));
    EXPECT_EQ(settings->blobs.path, here("data/blobs"));
    EXPECT_EQ(settings->backup.path, "");
    EXPECT_EQ(settings->log.level, log::Level::info);
    EXPECT_TRUE(settings->corps.empty());
}

TEST_F(SettingsTest, ReadsTheMachine) {
    const auto settings = read(R"(
        [server]
        listen = "[::1]:9"
        data_dir = "/var/lib/leadbridge"
        trusted_proxies = ["10.0.0.1", "10.0.0.2"]
        public_url = "https://bridge.example.com/"
        tls_cert = "a.pem"
        tls_key = "/etc/a.key"
        job_workers = 64
        [database]
        url = "sqlite:other.db"
        [log]
        level = "debug"
        format = "json"
        [blobs]
        url = "dir:/srv/blobs"
        [backup]
        url = "dir:backup"
    )");
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->server.address, "::1");
    EXPECT_EQ(settings->server.port, 9);
    EXPECT_EQ(settings->server.trusted_proxies, (std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
    EXPECT_EQ(settings->server.public_url, "https://bridge.example.com");
    EXPECT_EQ(settings->server.tls_cert, here("a.pem"));
    EXPECT_EQ(settings->server.tls_key, "/etc/a.key");
    EXPECT_EQ(settings->server.job_workers, 64);
    EXPECT_EQ(settings->database.path, "/var/lib/leadbridge/other.db");
    EXPECT_EQ(settings->log.level, log::Level::debug);
    EXPECT_EQ(settings->log.format, log::Format::json);
    EXPECT_EQ(settings->blobs.path, "/srv/blobs");
    EXPECT_EQ(settings->backup.path, here("backup"));
}

TEST_F(SettingsTest, UnknownKeysNameTheirPlaceAndTheNearest) {
    EXPECT_EQ(
        fault("[server]\n\nlistne = \"x\"\n"),
        "test.toml:3: server.listne: unknown key; the nearest known one is server.listen"
    );
    EXPECT_EQ(
        fault("[databse]\nurl = \"sqlite:a.db\"\n"),
        "test.toml:1: databse: unknown key; the nearest known one is database"
    );
    const std::string corp = fault("[[corp]]\ncorp_id = \"ww1\"\n[corp.archiv]\nenabled = true\n");
    EXPECT_EQ(corp, "test.toml:3: corp.archiv: unknown key; the nearest known one is corp.archive");
}

TEST_F(SettingsTest, WrongTypesAndRangesNameFileAndLine) {
    EXPECT_EQ(
        fault("[server]\nweb_workers = \"2\"\n"),
        "test.toml:2: server.web_workers: must be an integer, not a string"
    );
    EXPECT_EQ(
        fault("[server]\ntrusted_proxies = [1]\n"),
        "test.toml:2: server.trusted_proxies: must be a list of strings, not an integer"
    );
    EXPECT_EQ(fault("server = 3\n"), "test.toml:1: server: must be a table, not an integer");
    EXPECT_EQ(
        fault("[server]\nweb_workers = 0\n"), "test.toml:2: server.web_workers: must be 1 to 64"
    );
    EXPECT_NE(
        fault("[log]\nlevel = \"loud\"\n").find("\"debug\", \"info\", \"warn\", \"error\""),
        std::string::npos
    );
    EXPECT_NE(fault("[server]\nlisten = 5\n").find("must be a string"), std::string::npos);
    EXPECT_NE(
        fault("[[corp]]\ncorp_id = \"a\"\n[corp.archive]\nenabled = 1\n").find("true or false"),
        std::string::npos
    );
    EXPECT_NE(fault("corp = \"x\"\n").find("[[...]]"), std::string::npos);
    EXPECT_EQ(fault("[server\n").substr(0, 21), "test.toml:1: not TOML");
}

TEST_F(SettingsTest, RefusesValuesThatCannotWork) {
    for (const char* listen :
         {"", "8080", ":8080", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1"}) {
        EXPECT_NE(fault(std::string("[server]\nlisten = \"") + listen + "\"\n"), "accepted")
            << listen;
    }
    EXPECT_NE(
        fault("[database]\nurl = \"mysql://u@h/db\"\n").find("postgresql://"), std::string::npos
    );
    EXPECT_EQ(fault("[database]\nurl = \"postgresql://u@h/db\"\n"), "accepted");
    EXPECT_NE(fault("[database]\nurl = \"sqlite:\"\n"), "accepted");
    EXPECT_NE(
        fault("[blobs]\nurl = \"s3://bucket/x\"\n").find("no other store"), std::string::npos
    );
    EXPECT_NE(fault("[server]\ntls_cert = \"a.pem\"\n").find("both or neither"), std::string::npos);
    EXPECT_NE(fault("[server]\npublic_url = \"bridge.example.com\"\n"), "accepted");
}

TEST_F(SettingsTest, AllFaultsAreNamedAtOnce) {
    const std::string all =
        fault("[server]\nlistne = \"x\"\nweb_workers = 0\n[log]\nlevel = \"x\"\n");
    EXPECT_NE(all.find("listne"), std::string::npos);
    EXPECT_NE(all.find("web_workers"), std::string::npos);
    EXPECT_NE(all.find("log.level"), std::string::npos);
    EXPECT_EQ(all.find('\n'), std::string::npos);
}

TEST_F(SettingsTest, TheEnvironmentGoesBeforeTheFile) {
    const auto settings = read(
        "[server]\nlisten = \"127.0.0.1:1\"\n",
        {{"LEADBRIDGE_SERVER__LISTEN", "0.0.0.0:2"},
         {"LEADBRIDGE_SERVER__WEB_WORKERS", "5"},
         {"LEADBRIDGE_SERVER__TRUSTED_PROXIES", "10.0.0.1,10.0.0.2"},
         {"LEADBRIDGE_LOG__FORMAT", "json"},
         {"LEADBRIDGE_MASTER_KEY", "not ours to read"}}
    );
    ASSERT_TRUE(settings) << settings.error().message;
    EXPECT_EQ(settings->server.address, "0.0.0.0");
    EXPECT_EQ(settings->server.port, 2);
    EXPECT_EQ(settings->server.web_workers, 5);
    EXPECT_EQ(settings->server.trusted_proxies.size(), 2U);
    EXPECT_EQ(settings->log.format, log::Format::json);
    EXPECT_EQ(
        fault("", {{"LEADBRIDGE_SERVER__LISTNE", "x"}}),
        "environment: LEADBRIDGE_SERVER__LISTNE: no such setting; the nearest is "
        "LEADBRIDGE_SERVER__LISTEN"
    );
    EXPECT_NE(fault("", {{"LEADBRIDGE_SERVER__WEB_WORKERS", "many"}}), "accepted");
    EXPECT_NE(fault("", {{"LEADBRIDGE_SERVER__WEB_WORKERS", "1000"}}), "accepted");
    EXPECT_NE(fault("", {{"LEADBRIDGE_CORP__NAME", "x"}}), "accepted") << "corps are rows";
}

TEST_F(SettingsTest, ReadsACorpWithSecretsFromFiles) {
    file("app.secret", "app secret\n");
    file("archive.pem", std::string(crypto::RsaKey::generate(1024).private_pem().reveal()));
    const auto settings = read(
        std::string(R"(
        [[corp]]
        corp_id = "ww1"
        name = "示例"
        [corp.app]
        agent_id = 1000002
        secret_file = "app.secret"
        [[corp.callback]]
        token = "t1"
        encoding_aes_key = ")") +
        aes_key + R"("
        [[corp.callback]]
        name = "kf"
        token = "t2"
        encoding_aes_key = ")" +
        aes_key + R"("
        receive_ids = ["", "ww1"]
        [corp.contacts]
        secret = "contacts secret"
        [corp.archive]
        enabled = true
        secret = "archive secret"
        sdk = "sdk.so"
        private_keys = [{ version = 3, file = "archive.pem" }]
        poll_s = 60
        [corp.limits]
        push_cap = "1_per_day"
        [[corp]]
        corp_id = "ww2"
    )"
    );
    ASSERT_TRUE(settings) << settings.error().message;
    ASSERT_EQ(settings->corps.size(), 2U);
    const Corp& corp = settings->corps[0];
    EXPECT_EQ(corp.agent_id, 1000002);
    EXPECT_EQ(corp.app_secret.reveal(), "app secret");
    EXPECT_EQ(corp.contacts_secret.reveal(), "contacts secret");
    ASSERT_EQ(corp.callbacks.size(), 2U);
    EXPECT_EQ(corp.callbacks[0].name, "app");
    EXPECT_EQ(corp.callbacks[0].receive_ids, std::vector<std::string>{"ww1"});
    EXPECT_EQ(corp.callbacks[1].receive_ids, (std::vector<std::string>{"", "ww1"}));
    EXPECT_TRUE(corp.archive.enabled);
    EXPECT_EQ(corp.archive.sdk, here("sdk.so"));
    ASSERT_EQ(corp.archive.private_keys.size(), 1U);
    EXPECT_EQ(corp.archive.private_keys[0].version, 3);
    EXPECT_EQ(corp.archive.poll_s, 60);
    EXPECT_EQ(corp.limits.push_cap, "1_per_day");
    EXPECT_EQ(settings->corps[1].name, "ww2");
    EXPECT_EQ(settings->corps[1].time_zone, "Asia/Shanghai");
}

TEST_F(SettingsTest, RefusesCorpsThatCannotWork) {
    const std::string corp = "[[corp]]\ncorp_id = \"ww1\"\n";
    const auto has = [&](const std::string& text, const char* part) {
        const std::string message = fault(text);
        EXPECT_NE(message.find(part), std::string::npos) << text << " -> " << message;
    };
    has("[[corp]]\nname = \"x\"\n", "test.toml:1: corp.corp_id: is missing");
    has(corp + corp, "stands twice");
    has(corp + "time_zone = \"Mars/Base\"\n", "corp.time_zone");
    has(corp + "api_base = \"qyapi\"\n", "corp.api_base");
    has(corp + "[corp.app]\nsecret = \"s\"\n", "corp.app.agent_id: is missing");
    has(corp + "[corp.app]\nagent_id = 1\n", "corp.app.secret: is missing; give it or secret_file");
    has(corp + "[corp.app]\nagent_id = 1\nsecret_file = \"absent\"\n", "absent; does it exist");
    file("empty", "\n");
    has(corp + "[corp.app]\nagent_id = 1\nsecret_file = \"empty\"\n", "is empty");
    has(corp + "[corp.app]\nagent_id = 1\nsecret = \"a\"\nsecret_file = \"empty\"\n", "not both");
    file("large", std::string(70'000, 'x'));
    has(corp + "[corp.app]\nagent_id = 1\nsecret_file = \"large\"\n", "larger than 64 KB");
    has(corp + "[[corp.callback]]\ntoken = \"t\"\nencoding_aes_key = \"short\"\n", "43 letters");
    has(corp + "[[corp.callback]]\nname = \"a/b\"\ntoken = \"t\"\nencoding_aes_key = \"x\"\n",
        "corp.callback.name");
    const std::string callback =
        std::string("[[corp.callback]]\ntoken = \"t\"\nencoding_aes_key = \"") + aes_key + "\"\n";
    has(corp + callback + callback, "two callbacks are named \"app\"");
    has(corp + "[corp.archive]\nenabled = true\n", "corp.archive.sdk: is missing");
    file("no.pem", "no key");
    has(corp + "[corp.archive]\nprivate_keys = [{ version = 1, file = \"no.pem\" }]\n", "PEM");
    has(corp + "[corp.archive]\nprivate_keys = [{ file = \"no.pem\" }]\n", "version: is missing");
    has(corp + "[corp.limits]\npush_cap = \"often\"\n", "days_in_month");
}

TEST_F(SettingsTest, ErrorsNeverShowASecret) {
    const std::string message = fault(
        "[[corp]]\ncorp_id = \"ww1\"\n[[corp.callback]]\ntoken = "
        "\"hidden-token\"\nencoding_aes_key = \"hidden-key\"\n"
    );
    EXPECT_EQ(message.find("hidden"), std::string::npos);
}

TEST_F(SettingsTest, LoadsAFileAndNamesAMissingOne) {
    file("machine.toml", "[server]\nlisten = \"127.0.0.1:7\"\n");
    const auto settings = load(here("machine.toml"), {});
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->server.data_dir, here("data"));
    file("empty.toml", "");
    EXPECT_TRUE(load(here("empty.toml"), {}));
    for (const std::string& missing : {here("absent.toml"), folder_.string()}) {
        const auto absent = load(missing, {});
        ASSERT_FALSE(absent);
        EXPECT_EQ(absent.error().code, ErrorCode::not_found);
        EXPECT_NE(absent.error().message.find(missing), std::string::npos);
    }
    EXPECT_EQ(load("", {}).value().server.port, 8080);
}

}  // namespace
}  // namespace leadbridge::config
