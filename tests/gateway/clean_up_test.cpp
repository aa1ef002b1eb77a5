#include "gateway/clean_up.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "archive/schema.h"
#include "base/change_log.h"
#include "base/job_queue.h"
#include "base/rng.h"
#include "base/vault.h"
#include "connectors/wecom/services.h"
#include "crm/contacts/contact.h"
#include "crm/intake.h"
#include "crm/leads/channel.h"
#include "crm/nurture/nurture.h"
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
              {"intake", crm::intake_migrations()},
              {"archive_feed", archive::feed_migrations()},
              {"wecom", wecom::migrations()},
              {"inbox", Inbox::migrations()},
              {"idempotency", idempotency_migrations()},
          }) {}

    std::int64_t number(std::string_view sql) {
        return *store.db().read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return s.number(sql);
        });
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
    IdSource ids{store.clock, 0};
    SeededRng rng{7};
    JobQueue jobs{store.db(), store.clock, ids, rng};
    CorpId corp{11};
};

TEST_F(CleanUpTest, forgets_keys_and_changes_that_are_old_enough) {
    take("old");
    store.clock.advance(31 * day);
    take("young");
    clean_up(store.db(), store.clock.now());
    EXPECT_EQ(number("SELECT COUNT(*) FROM applied_touch"), 1);
    EXPECT_GT(number("SELECT MIN(ms) FROM change_log"), store.clock.now() - 7 * day);
    EXPECT_EQ(number("SELECT COUNT(*) FROM contact"), 2) << "nothing else goes";
}

TEST_F(CleanUpTest, clears_every_table_of_a_removed_corp) {
    auto vault =
        std::move(Vault::open(store.db(), store.clock, rng, Secret(std::string(32, 'k')))).value();
    crm::CorpStore corps(*vault, store.clock, ids);
    crm::Corp row;
    row.wecom_id = "ww1";
    row.name = "示例";
    corp = *store.db().write<CorpId>([&](Transaction& tx) { return corps.put(tx, row); });
    take("a");
    take("b");
    ASSERT_TRUE(store.db().write<void>([&](Transaction& tx) {
        return corps.remove(tx, corp, "ww1");
    }));
    clean_up(store.db(), store.clock.now());
    EXPECT_EQ(number("SELECT COUNT(*) FROM removed_corp"), 0);
    const auto tables = *store.db().read<std::vector<std::string>>(
        [](Snapshot& s) -> Result<std::vector<std::string>> {
            return s.all(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%corp_id%'",
                {},
                [](const Row& r) { return r.str(0); }
            );
        }
    );
    // The change log tells that the corp went; it is trimmed by age. Tokens stay as revoked.
    const std::vector<std::string> kept = {"change_log", "api_token", "job_epoch"};
    for (const std::string& table : tables) {
        if (std::find(kept.begin(), kept.end(), table) == kept.end()) {
            EXPECT_EQ(number("SELECT COUNT(*) FROM " + table + " WHERE corp_id = " + corp.str()), 0)
                << table;
        }
    }
}

}  // namespace
}  // namespace leadbridge::gateway
