// Holds config/leadbridge.example.toml against the parser: every key is in it, and nothing else.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "base/crypto.h"
#include "config/settings.h"

namespace leadbridge::config {
namespace {

std::string example() {
    std::ifstream in(std::string(LEADBRIDGE_TEST_DATA) + "/../../config/leadbridge.example.toml");
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

// Takes in every setting that is commented out ("#" without a space behind it).
std::string whole(const std::string& text) {
    std::istringstream in(text);
    std::string out;
    for (std::string line; std::getline(in, line);) {
        const bool off = line.size() > 1 && line[0] == '#' && line[1] != ' ';
        out += line.substr(off ? 1 : 0) + "\n";
    }
    return out;
}

// "server.listen", ... as the text has them.
std::set<std::string> keys_of(const std::string& text) {
    std::set<std::string> keys;
    std::string table;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with('[')) {
            const std::size_t from = line.find_first_not_of('[');
            table = line.substr(from, line.find(']') - from);
        } else if (const std::size_t equals = line.find(" = ");
                   equals != std::string::npos && line[0] != '#' && line[0] != ' ') {
            keys.insert(table + "." + line.substr(0, equals));
            if (line.find("{ version") != std::string::npos) {
                keys.insert({table + ".private_keys.version", table + ".private_keys.file"});
            }
        }
    }
    return keys;
}

TEST(Example, AsItStandsItIsTheDefaults) {
    const auto settings = parse(example(), "example", ".", {});
    ASSERT_TRUE(settings) << settings.error().message;
    const auto defaults = parse("", "empty", ".", {});
    EXPECT_EQ(settings->server.port, defaults->server.port);
    EXPECT_EQ(settings->server.data_dir, defaults->server.data_dir);
    EXPECT_EQ(settings->server.max_connections, defaults->server.max_connections);
    EXPECT_EQ(settings->server.job_workers, defaults->server.job_workers);
    EXPECT_EQ(settings->database.path, defaults->database.path);
    EXPECT_EQ(settings->security.master_key_file, defaults->security.master_key_file);
    EXPECT_EQ(settings->log.level, defaults->log.level);
    EXPECT_EQ(settings->blobs.path, defaults->blobs.path);
    EXPECT_TRUE(settings->corps.empty());
}

TEST(Example, ListsEveryKeyAndNoOther) {
    const std::set<std::string> listed = keys_of(whole(example()));
    const std::set<std::string> known = known_keys();
    EXPECT_GT(known.size(), 30U);
    for (const std::string& key : known) {
        const std::string plain = key.ends_with("_file") ? key.substr(0, key.size() - 5) : key;
        EXPECT_TRUE(
            listed.contains(key) || listed.contains(plain) || listed.contains(plain + "_file")
        ) << key
          << " is not in the example";
    }
    for (const std::string& key : listed) {
        EXPECT_TRUE(known.contains(key)) << key << " is in the example, but no setting";
    }
}

TEST(Example, WithEverythingTakenInItLoads) {
    std::string folder =
        (std::filesystem::temp_directory_path() / "leadbridge-example-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    const auto file = [&](const std::string& name, const std::string& content) {
        std::ofstream(folder + "/" + name) << content;
    };
    for (const char* name :
         {"app.secret", "callback.token", "contacts.secret", "archive.secret", "proxy.password"}) {
        file(name, "sample");
    }
    file("callback.key", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG");
    file("archive-1.pem", std::string(crypto::RsaKey::generate(1024).private_pem().reveal()));
    const auto settings = parse(whole(example()), "example", folder, {});
    std::filesystem::remove_all(folder);
    ASSERT_TRUE(settings) << settings.error().message;
    ASSERT_EQ(settings->corps.size(), 1U);
    EXPECT_TRUE(settings->corps[0].archive.enabled);
    EXPECT_EQ(settings->corps[0].archive.proxy_password.reveal(), "sample");
}

}  // namespace
}  // namespace leadbridge::config
