#include "gateway/clean_up.h"
#include "gateway/api/setup.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "archive/schema.h"
#include "base/blob_store.h"
#include "base/change_log.h"
#include "base/crypto.h"
#include "base/job_queue.h"
#include "base/rng.h"
#include "base/vault.h"
#include "connectors/wecom/services.h"
#include "connectors/wecom/welcome.h"
#include "crm/contacts/contact.h"
#include "crm/intake.h"
#include "crm/leads/channel.h"
#include "crm/nurture/nurture.h"
#include "crm/operations/operation.h"
#include "crm/staff/corp.h"
#include "crm/staff/staff.h"
#include "gateway/idempotency.h"
#include "gateway/inbox.h"
#include "tests/base/temp_database.h"

namespace leadbridge::gateway {
namespace {

constexpr std::int64_t day = 86'400'000;

struct CleanUpTest : ::testing::Test {
    CleanUpTest()
        : store({
              {"vault", Vault::migrations()},
              {"jobs", JobQueue::migrations()},
              {"staff", crm::staff_migrations()},
              {"contacts", crm::contacts_migrations()},
              {"leads", crm::leads_migrations()},
              {"nurture", crm::nurture_migrations()},
              {"operations", crm::operations_migrations()},
              {"intake", crm::intake_migrations()},
              {"archive_feed", archive::feed_migrations()},
              {"wecom", wecom::migrations()},
              {"inbox", Inbox::migrations()},
              {"setup", setup_migrations()},
              {"idempotency", idempotency_migrations()},
          }) {}

    std::int64_t number(std::string_view sql) { return number(sql, store); }

    static std::int64_t number(std::string_view sql, TempDatabase& where) {
        return *where.db().read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return s.number(sql);
        });
    }

    static std::vector<std::string> tables(TempDatabase& where) {
        return *where.db().read<std::vector<std::string>>(
            [](Snapshot& s) -> Result<std::vector<std::string>> {
                return s.all(
                    test_engine() == Engine::sqlite
                        ? "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE "
                          "'%corp_id%'"
                        // The change log is a view there.
                        : "SELECT CAST(c.table_name AS TEXT) FROM information_schema.columns c "
                          "WHERE c.table_schema = current_schema() AND c.column_name = 'corp_id' "
                          "AND c.table_name <> 'change_row'",
                    {},
                    [](const Row& r) { return r.str(0); }
                );
            }
        );
    }

    void clean_up() { gateway::clean_up({store.db(), archive.db(), *blobs}, store.clock.now()); }

    void add_corp() {
        crm::Corp row;
        row.wecom_id = "ww1";
        row.name = "示例";
        corp = *store.db().write<CorpId>([&](Transaction& tx) { return corps.put(tx, row); });
    }

    // A row in every table of the archive, and n messages.
    void say(Transaction& tx, CorpId of, int n) {
        for (const std::string_view insert : {
                 "archive_pull(corp_id) VALUES(?)",
                 "archive_gap(corp_id,id,expected_seq,first_seq,lost,found_ms) VALUES(?,?,1,2,0,0)",
                 "consent(corp_id,external_userid,peer,agreed,at_ms) VALUES(?,?,'p',1,0)",
                 "conversation(corp_id,id,key,kind,userid,external_userid,roomid,first_ms,last_ms,"
                 "messages,last_from_contact) VALUES(?,?,'k',1,'','','',0,0,0,0)",
                 "conversation_participant(corp_id,conversation_id,participant,side) "
                 "VALUES(?,?,'p',1)",
                 "envelope(corp_id,id,seq,key_version,state,received_ms,bytes) "
                 "VALUES(?,?,1,1,1,0,'')",
                 "erasure(corp_id,message_id,message_n) VALUES(?,?,1)",
                 "media(corp_id,id,message_id,conversation_id,item,kind,md5,size,detail,state,at_"
                 "ms)"
                 " VALUES(?,?,1,1,1,'','',0,'',0,0)",
                 "recall(corp_id,msgid,by_msgid,at_ms) VALUES(?,?,'',0)",
                 "seen(corp_id,n,conversation_id,userid,external_userid,roomid,from_contact,"
                 "from_member,first_ms,last_ms,last_msgid,last_from_contact,signals) "
                 "VALUES(?,?,1,'','','',1,1,0,0,'',0,'')",
             }) {
            const std::string sql =
                "INSERT INTO " + std::string(insert) + " ON CONFLICT DO NOTHING";
            if (insert.starts_with("archive_pull")) {
                tx.execute(sql, {of});
            } else {
                tx.execute(sql, {of, ids.next()});
            }
        }
        for (int i = 0; i < n; ++i) {
            const auto id = ids.next();
            tx.execute(
                "INSERT INTO message(corp_id,id,seq,msgid,at_ms,conversation_id,type,action,sender,"
                "side,summary,body) VALUES(?,?,?,?,0,1,'','','',1,'','')",
                {of, id, id, std::to_string(id)}
            );
        }
    }

    void take(const std::string& key) {
        const crm::IntakeServices services{store.clock, ids, jobs};
        crm::Touch touch;
        touch.corp = corp;
        touch.at = store.clock.now();
        touch.key = key;
        crm::FriendAdded add;
        add.userid = "ann";
        add.external_userid = "wm-" + key;
        touch.body = add;
        ASSERT_TRUE(store.db().write<crm::IntakeOutcome>([&](Transaction& tx) {
            return crm::intake(tx, services, touch);
        }));
    }

    TempDatabase store;
    TempDatabase archive{{{"archive", archive::migrations()}}};
    TempDir dir;
    SeededRng rng{7};
    std::unique_ptr<Vault> vault{
        std::move(Vault::open(store.db(), store.clock, rng, Secret(std::string(32, 'k')))).value()};
    std::unique_ptr<BlobStore> blobs = open_directory_blobs(dir.file("blobs"), *vault);
    IdSource ids{store.clock, 0};
    JobQueue jobs{store.db(), store.clock, ids, rng};
    crm::CorpStore corps{*vault, store.clock, ids};
    CorpId corp{11};
};

TEST_F(CleanUpTest, forgets_keys_and_changes_that_are_old_enough) {
    take("old");
    store.clock.advance(31 * day);
    take("young");
    clean_up();
    EXPECT_EQ(number("SELECT COUNT(*) FROM applied_touch"), 1);
    EXPECT_GT(number("SELECT MIN(ms) FROM change_log"), store.clock.now() - 7 * day);
    EXPECT_EQ(number("SELECT COUNT(*) FROM contact"), 2) << "nothing else goes";
}

TEST_F(CleanUpTest, idempotency_keys_go_after_a_day_in_slices) {
    ASSERT_TRUE(store.db().write<void>([&](Transaction& tx) -> Status {
        for (int i = 0; i < 2'500; ++i) {
            tx.execute(
                "INSERT INTO idempotency(corp_id, actor, key, request_hash, status, etag, "
                "location, "
                "body, created_ms) VALUES(?,'a',?,'',201,'','','',?)",
                {corp, "k" + std::to_string(i), store.clock.now() + (i < 2'400 ? 0 : 2'000)}
            );
        }
        return {};
    }));
    store.clock.advance(day - 1'000);
    clean_up();
    EXPECT_EQ(number("SELECT COUNT(*) FROM idempotency"), 2'500);
    store.clock.advance(2'000);
    clean_up();
    EXPECT_EQ(number("SELECT COUNT(*) FROM idempotency"), 100);
}

TEST_F(CleanUpTest, welcomes_and_sync_runs_are_bounded_and_the_newest_run_stays) {
    add_corp();
    const auto welcome = [&](wecom::WelcomeState state) {
        return store.db().write<void>([&](Transaction& tx) -> Status {
            tx.execute(
                "INSERT INTO welcome(corp_id,inbox_id,channel_id,userid,external_userid,state_text,"
                "state,event_ms,deadline_ms,age_ms,tries,in_doubt,error,updated_ms) "
                "VALUES(?,?,0,'ann','wm','',?,0,0,0,0,0,'',0)",
                {corp, ids.next(), state}
            );
            return {};
        });
    };
    const auto run = [&](int kind, std::int64_t finished) {
        return store.db().write<void>([&](Transaction& tx) -> Status {
            tx.execute(
                "INSERT INTO contact_sync_run(id,corp_id,kind,stage,members_total,position,width,"
                "cursor,restarts,contacts,unlicensed,started_ms,finished_ms,error) "
                "VALUES(?,?,?,0,0,0,0,'',0,0,0,0,?,'')",
                {ids.next(), corp, kind, finished}
            );
            return {};
        });
    };
    ASSERT_TRUE(welcome(wecom::WelcomeState::sent));
    ASSERT_TRUE(welcome(wecom::WelcomeState::intent));
    ASSERT_TRUE(run(0, 1));
    ASSERT_TRUE(run(1, 1));  // the only one of its kind
    ASSERT_TRUE(run(0, 0));  // not finished
    store.clock.advance(91 * day);
    ASSERT_TRUE(run(0, 1));
    ASSERT_TRUE(welcome(wecom::WelcomeState::failed));
    clean_up();
    EXPECT_EQ(number("SELECT COUNT(*) FROM contact_sync_run"), 3);
    EXPECT_EQ(number("SELECT COUNT(*) FROM welcome"), 3);
    store.clock.advance(90 * day);
    clean_up();
    EXPECT_EQ(number("SELECT COUNT(*) FROM welcome"), 2) << "what is under way stays";
    EXPECT_EQ(number("SELECT COUNT(*) FROM contact_sync_run"), 3);
}

TEST_F(CleanUpTest, clears_everything_of_a_removed_corp) {
    add_corp();
    take("a");
    take("b");
    const CorpId other{12};
    for (const CorpId of : {corp, other}) {
        ASSERT_TRUE(archive.db().write<void>([&](Transaction& tx) -> Status {
            say(tx, of, 250);
            return {};
        }));
        for (const std::string name : {"one", "two"}) {
            auto upload = std::move(blobs->writer(of, name)).value();
            ASSERT_TRUE(upload->append(name));
            ASSERT_TRUE(upload->finish());
        }
        ASSERT_TRUE(std::move(blobs->writer(of, "half")).value()->append("cut off"));
    }
    ASSERT_TRUE(store.db().write<void>([&](Transaction& tx) {
        return corps.remove(tx, corp, "ww1");
    }));
    clean_up();
    EXPECT_EQ(number("SELECT COUNT(*) FROM removed_corp"), 1);
    EXPECT_FALSE(std::filesystem::exists(dir.file("blobs/" + corp.str())));
    // What was still under way for it writes once more.
    ASSERT_TRUE(archive.db().write<void>([&](Transaction& tx) -> Status {
        say(tx, corp, 1);
        return {};
    }));
    store.clock.advance(removed_corp_lingers_ms);
    clean_up();
    EXPECT_EQ(number("SELECT COUNT(*) FROM removed_corp"), 0);
    // The change log tells that the corp went; it is trimmed by age. Tokens stay as revoked.
    const std::vector<std::string> kept = {"change_log", "api_token", "job_epoch"};
    for (const std::string& table : tables(store)) {
        if (std::find(kept.begin(), kept.end(), table) == kept.end()) {
            EXPECT_EQ(number("SELECT COUNT(*) FROM " + table + " WHERE corp_id = " + corp.str()), 0)
                << table;
        }
    }
    for (const std::string& table : tables(archive)) {
        if (table == "change_log") {
            continue;
        }
        const auto rows = "SELECT COUNT(*) FROM " + table + " WHERE corp_id = ";
        EXPECT_EQ(number(rows + corp.str(), archive), 0) << table;
        EXPECT_GT(number(rows + other.str(), archive), 0) << table;
    }
    EXPECT_TRUE(blobs->exists(other, crypto::hex(crypto::sha256("one"))));
}

}  // namespace
}  // namespace leadbridge::gateway
