#include "crm/staff/corp.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/crypto.h"
#include "crm/corp_tables.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

Corp sample(const std::string& wecom_id = "ww0123456789abcdef") {
    Corp c;
    c.wecom_id = wecom_id;
    c.name = "示例公司";
    c.api_base = "http://127.0.0.1:9000";
    c.agent_id = 1'000'002;
    c.app_secret = Secret("app-secret-value");
    c.callbacks.push_back(
        {"app", Secret("token-value"), Secret(std::string(43, 'A')), {"ww0123456789abcdef", ""}}
    );
    return c;
}

struct CorpTest : ::testing::Test {
    CrmWorld w;
    CorpStore store{*w.vault, w.clock(), w.ids};

    Result<CorpId> put(const Corp& corp) {
        return w.write([&](Transaction& tx) { return store.put(tx, corp); });
    }

    std::optional<Corp> find(CorpId id) {
        return w.read([&](Snapshot& s) { return store.find(s, id); });
    }
};

TEST_F(CorpTest, keeps_every_field_and_seals_the_secrets) {
    Corp corp = sample();
    const auto key = crypto::RsaKey::generate(2048);
    corp.archive.enabled = true;
    corp.archive.secret = Secret("archive-secret-value");
    corp.archive.sdk = "/opt/wework/libWeWorkFinanceSdk_C.so";
    corp.archive.private_keys.push_back({3, key.private_pem()});
    corp.archive.proxy = "socks5://127.0.0.1:1080";
    corp.archive.proxy_password = Secret("user:pass");
    corp.limits.push_cap = PushCapRule::one_per_day;
    corp.default_welcome = R"({"text":"你好"})";
    const CorpId id = *put(corp);

    const Corp got = *find(id);
    EXPECT_EQ(got.wecom_id, corp.wecom_id);
    EXPECT_EQ(got.app_secret.reveal(), "app-secret-value");
    ASSERT_EQ(got.callbacks.size(), 1U);
    EXPECT_EQ(got.callbacks[0].receive_ids, (std::vector<std::string>{"ww0123456789abcdef", ""}));
    EXPECT_EQ(got.callback("app")->token.reveal(), "token-value");
    EXPECT_EQ(got.callback("kf"), nullptr);
    EXPECT_EQ(got.archive.private_keys.at(0).version, 3);
    EXPECT_EQ(got.archive.private_keys.at(0).private_pem.reveal(), key.private_pem().reveal());
    EXPECT_EQ(got.archive.proxy_password.reveal(), "user:pass");
    EXPECT_EQ(got.limits.push_cap, PushCapRule::one_per_day);
    EXPECT_EQ(got.version, 1);
    EXPECT_TRUE(got.loopback());

    const std::string stored = w.read([&](Snapshot& s) {
        return s
            .one(
                "SELECT app_secret_sealed, callbacks_sealed, archive_secrets_sealed FROM corp",
                {},
                [](const Row& row) {
                    return std::string(row.blob(0)) + std::string(row.blob(1)) +
                           std::string(row.blob(2));
                }
            )
            .value_or("");
    });
    for (const char* secret :
         {"app-secret-value", "token-value", "archive-secret-value", "PRIVATE KEY", "user:pass"}) {
        EXPECT_EQ(stored.find(secret), std::string::npos) << secret;
    }
}

TEST_F(CorpTest, a_sealed_secret_moved_to_another_row_does_not_open) {
    const CorpId a = *put(sample("wwaaaaaaaaaaaaaaaa"));
    const CorpId b = *put(sample("wwbbbbbbbbbbbbbbbb"));
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
        tx.execute(
            "UPDATE corp SET app_secret_sealed = (SELECT app_secret_sealed FROM corp WHERE id = ?) "
            "WHERE id = ?",
            {a, b}
        );
        return {};
    }));
    EXPECT_NO_THROW(find(a));
    EXPECT_THROW(find(b), std::runtime_error);
}

TEST_F(CorpTest, putting_again_replaces_by_wecom_id_and_raises_the_version) {
    const CorpId id = *put(sample());
    Corp again = sample();
    again.name = "改名";
    EXPECT_EQ(*put(again), id);
    EXPECT_EQ(find(id)->name, "改名");
    EXPECT_EQ(find(id)->version, 2);
}

TEST_F(CorpTest, names_the_field_that_is_wrong) {
    const auto reason = [&](auto change) {
        Corp corp = sample();
        change(corp);
        const auto out = put(corp);
        return out ? std::string("accepted") : out.error().reason;
    };
    EXPECT_EQ(reason([](Corp& c) { c.wecom_id = ""; }), "corp_id");
    EXPECT_EQ(reason([](Corp& c) { c.wecom_id = "ww/../x"; }), "corp_id");
    EXPECT_EQ(reason([](Corp& c) { c.name = ""; }), "name");
    EXPECT_EQ(reason([](Corp& c) { c.name = "\xff"; }), "name");
    EXPECT_EQ(reason([](Corp& c) { c.api_base = "http://example.com"; }), "api_base");
    EXPECT_EQ(reason([](Corp& c) { c.api_base = "https://qyapi.weixin.qq.com/"; }), "api_base");
    EXPECT_EQ(reason([](Corp& c) { c.api_base = "http://localhost@example.com"; }), "api_base");
    EXPECT_EQ(reason([](Corp& c) { c.time_zone = "Mars/Olympus"; }), "time_zone");
    EXPECT_EQ(
        reason([](Corp& c) { c.callbacks[0].encoding_aes_key = Secret("short"); }),
        "callbacks.0.encoding_aes_key"
    );
    EXPECT_EQ(reason([](Corp& c) { c.callbacks[0].token = Secret(); }), "callbacks.0.token");
    EXPECT_EQ(reason([](Corp& c) { c.callbacks.push_back(c.callbacks[0]); }), "callbacks.0.name");
    EXPECT_EQ(reason([](Corp& c) { c.archive.enabled = true; }), "archive.secret");
    EXPECT_EQ(
        reason([](Corp& c) {
            c.archive.private_keys.push_back({1, Secret("no pem")});
        }),
        "archive.private_keys.0"
    );
    EXPECT_EQ(reason([](Corp& c) { c.archive.proxy = "ftp://x"; }), "archive.proxy");
    EXPECT_EQ(reason([](Corp& c) { c.limits.concurrency = 0; }), "limits.concurrency");
    EXPECT_EQ(reason([](Corp& c) { c.api_base = "https://qyapi.weixin.qq.com"; }), "accepted");
}

TEST_F(CorpTest, is_removed_only_when_empty_or_with_its_data_named) {
    const CorpId id = *put(sample());
    w.corp = id;
    w.take(1'000, CrmWorld::add("ann", "wm1"));
    const auto remove = [&](std::string_view with_data) {
        return w.write([&](Transaction& tx) { return store.remove(tx, id, with_data); });
    };
    EXPECT_EQ(remove("").error().code, ErrorCode::conflict);
    EXPECT_EQ(remove("wwother").error().code, ErrorCode::conflict);
    EXPECT_TRUE(find(id).has_value());
    EXPECT_TRUE(remove("ww0123456789abcdef"));
    EXPECT_FALSE(find(id).has_value());
    EXPECT_EQ(remove("").error().code, ErrorCode::not_found);
}

TEST_F(CorpTest, the_data_of_a_removed_corp_goes_in_slices_and_no_others) {
    const CorpId gone = *put(sample("wwgone"));
    const CorpId stays = *put(sample("wwstays"));
    for (const CorpId corp : {gone, stays}) {
        w.corp = corp;
        const Channel channel = w.channel("码", {"ann"}, {w.tag("展厅")});
        for (int i = 0; i < 7; ++i) {
            const std::string external = "wm" + std::to_string(i);
            w.take(1'000, CrmWorld::add("ann", external, channel.state));
            w.take(
                2'000, MessagesSeen{"c", "ann", external, "", 1, 1, 1'000, 1'500, "m", true, {}}
            );
            w.take(3'000, ConsentGiven{"ann", external});
        }
    }
    const auto rows = [&](CorpId corp) {
        std::int64_t n = 0;
        for (const CorpTable& t : crm_tables()) {
            n += w.number(
                "SELECT COUNT(*) FROM " + std::string(t.table) + " WHERE corp_id = ?", {corp}
            );
        }
        return n;
    };
    const std::int64_t kept = rows(stays);
    const auto purge = [&] {
        return *w.write([&](Transaction& tx) -> Result<std::int64_t> {
            return purge_corp(tx, gone, crm_tables(), 3);
        });
    };
    const auto noted = [&] {
        return w.read([](Snapshot& s) { return removed_corps(s, 10); }).size();
    };
    EXPECT_EQ(noted(), 0U);
    ASSERT_TRUE(w.write([&](Transaction& tx) { return store.remove(tx, gone, "wwgone"); }));
    EXPECT_EQ(noted(), 1U);
    EXPECT_GT(rows(gone), 0);
    int slices = 0;
    while (purge() > 0) {
        ++slices;
    }
    EXPECT_GT(slices, 3);
    EXPECT_EQ(rows(gone), 0);
    EXPECT_EQ(rows(stays), kept);
    EXPECT_EQ(noted(), 1U) << "other rooms may still hold some of it";
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Status {
        forget_removed_corp(tx, gone);
        return {};
    }));
    EXPECT_EQ(noted(), 0U);
}

TEST_F(CorpTest, no_table_of_crm_is_forgotten_by_the_purge) {
    if (test_engine() == Engine::postgres) {
        GTEST_SKIP() << "reads SQLite's catalogue; the schema is the same";
    }
    std::vector<std::string> named = {
        "corp", "removed_corp", "api_token", "job", "job_epoch", "corp_key", "master_key_print"};
    for (const CorpTable& t : crm_tables()) {
        named.emplace_back(t.table);
    }
    const auto tables = w.read([](Snapshot& s) {
        return s.all(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%corp_id%' AND name "
            "<> 'change_log'",
            {},
            [](const Row& row) { return row.str(0); }
        );
    });
    EXPECT_GT(tables.size(), 25U);
    for (const std::string& table : tables) {
        EXPECT_NE(std::find(named.begin(), named.end(), table), named.end()) << table;
    }
}

TEST_F(CorpTest, the_directory_follows_changes_without_being_asked) {
    CorpDirectory directory(w.db(), store);
    EXPECT_TRUE(directory.all().empty());
    const CorpId id = *put(sample());
    for (int i = 0; i < 200 && !directory.find(id); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const auto first = directory.find_wecom("ww0123456789abcdef");
    ASSERT_NE(first, nullptr);
    Corp again = sample();
    again.name = "改名";
    ASSERT_TRUE(put(again));
    for (int i = 0; i < 200 && directory.find(id)->version != 2; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(directory.find(id)->name, "改名");
    EXPECT_EQ(first->name, "示例公司") << "a version in use must not change under its user";
    EXPECT_EQ(directory.find(CorpId{5}), nullptr);
}

}  // namespace
}  // namespace leadbridge::crm
