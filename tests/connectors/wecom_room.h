#pragma once
// The room of WeCom with everything it needs, on a temporary database, a clock that stands still
// and a FakeWecom. Sleeping moves the clock.

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/blob_store.h"
#include "base/job_queue.h"
#include "connectors/wecom/media.h"
#include "connectors/wecom/wecom_jobs.h"
#include "crm/outbox.h"
#include "crm/staff/corp.h"
#include "tests/base/temp_database.h"
#include "tests/connectors/fake_wecom.h"

namespace leadbridge::wecom {

inline crm::Attachment attachment(crm::AttachmentKind kind, std::int64_t media_id = 0) {
    crm::Attachment out;
    out.kind = kind;
    out.media_id = media_id;
    return out;
}

class WecomRoom {
public:
    explicit WecomRoom(SqliteWriterMode writer = SqliteWriterMode::on_caller_for_tests);

    // A corp with host "https://<name>.test".
    CorpId add_corp(const std::string& name);

    crm::Corp& edit(CorpId id) { return *corps[id]; }

    // Runs what is due once, as the JobRunner would; the number of jobs run.
    int run_due();
    // Until nothing is due.
    void drain();
    // drain(), then the clock goes on to the next due job, until `ms` have passed.
    void run_for(std::int64_t ms);

    template <class T>
    void put(const T& payload, CorpId of = CorpId{}) {
        write([&](Transaction& tx) { crm::put_job(tx, jobs, of ? of : corp, payload); });
    }

    template <class F>
    void write(F&& effect) {
        const auto written = db.db().write<int>([&](Transaction& tx) -> Result<int> {
            effect(tx);
            return 0;
        });
        if (!written) {
            throw std::runtime_error(written.error().message);
        }
    }

    template <class T, class F>
    T read(F&& look) {
        return *db.db().read<T>([&](Snapshot& s) -> Result<T> { return look(s); });
    }

    std::vector<JobRow> jobs_in(std::string_view queue, std::optional<JobState> state = {});
    // Makes the friendship and its contact.
    void befriend(
        const std::string& userid, const std::string& external_userid, const std::string& state = ""
    );

    TempDatabase db;
    ManualClock& clock;
    IdSource ids;
    SeededRng rng{1};
    JobQueue jobs;
    std::unique_ptr<Vault> vault;
    std::unique_ptr<BlobStore> blobs;
    crm::CorpStore corp_store;
    std::map<CorpId, std::shared_ptr<crm::Corp>> corps;  // shared with the calls that use them
    FakeWecom wecom;
    TokenStore tokens;
    ApiClient api;
    MediaStore media;
    WecomServices services;
    crm::PushLedger ledger;
    MassSendServices mass;
    std::vector<JobHandler> handlers;
    CorpId corp;  // the first one
};

}  // namespace leadbridge::wecom
