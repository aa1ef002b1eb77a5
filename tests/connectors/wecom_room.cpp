#include "tests/connectors/wecom_room.h"

#include "crm/contacts/contact.h"
#include "crm/intake.h"
#include "crm/leads/channel.h"
#include "crm/nurture/nurture.h"
#include "crm/outbox.h"
#include "crm/staff/staff.h"

namespace leadbridge::wecom {

namespace {

std::vector<RoomMigrations> rooms() {
    return {
        {"vault", Vault::migrations()},
        {"jobs", JobQueue::migrations()},
        {"staff", crm::staff_migrations()},
        {"contacts", crm::contacts_migrations()},
        {"leads", crm::leads_migrations()},
        {"nurture", crm::nurture_migrations()},
        {"intake", crm::intake_migrations()},
        {"wecom", migrations()}};
}

}  // namespace

WecomRoom::WecomRoom(SqliteWriterMode writer)
    : db(rooms(), writer),
      clock(db.clock),
      ids(clock, 0),
      jobs(db.db(), clock, ids, rng),
      vault(std::move(*Vault::open(db.db(), clock, rng, Secret(std::string(32, 'k'))))),
      blobs(open_directory_blobs(db.dir.file("blobs"), *vault)),
      corp_store(*vault, clock, ids),
      tokens(wecom, clock, rng, db.metrics),
      api(
          [this](CorpId id) -> CorpPtr {
              const auto found = corps.find(id);
              return found == corps.end() ? nullptr : found->second;
          },
          wecom,
          tokens,
          clock,
          rng,
          db.metrics,
          {.sleep = [this](std::int64_t ms) { clock.advance(ms); }}
      ),
      media(db.db(), jobs, *blobs, api, clock, ids),
      services{db.db(), jobs, clock, ids, rng, db.metrics, api, media},
      ledger(jobs, clock, ids),
      mass{services, ledger},
      handlers(wecom_handlers(services, mass)) {
    corp = add_corp("first");
}

CorpId WecomRoom::add_corp(const std::string& name) {
    auto row = std::make_shared<crm::Corp>();
    row->wecom_id = "ww" + name + std::string(16 - std::min<std::size_t>(name.size(), 16), '0');
    row->name = name;
    row->api_base = "https://" + name + ".test";
    row->agent_id = 1'000'002;
    row->app_secret = Secret("secret-of-" + name);
    write([&](Transaction& tx) {
        auto id = corp_store.put(tx, *row);
        if (!id) {
            throw std::runtime_error(id.error().message);
        }
        row->id = *id;
    });
    corps[row->id] = row;
    return row->id;
}

int WecomRoom::run_due() {
    int ran = 0;
    for (const auto& handler : handlers) {
        for (const auto& job : jobs.claim(handler.queue, 10, handler.lease_ms)) {
            ++ran;
            JobOutcome outcome = JobRetry{"exception"};
            try {
                outcome = handler.run(job);
            } catch (const std::exception& e) {
                outcome = JobRetry{e.what()};
            }
            if (std::holds_alternative<JobDone>(outcome)) {
                jobs.done(job);
            } else if (const auto* retry = std::get_if<JobRetry>(&outcome)) {
                jobs.fail(job, handler.schedule, retry->error);
            } else if (const auto* at = std::get_if<JobRetryAt>(&outcome)) {
                jobs.retry_at(job, at->when, at->error);
            } else if (const auto* hold = std::get_if<JobHold>(&outcome)) {
                jobs.release(job, hold->until, hold->why);
            } else if (const auto* dead = std::get_if<JobDead>(&outcome)) {
                jobs.dead(job, dead->error);
            }
        }
    }
    return ran;
}

void WecomRoom::drain() {
    for (int i = 0; i < 1'000 && run_due() > 0; ++i) {
    }
}

void WecomRoom::run_for(std::int64_t ms) {
    const auto until = clock.now() + ms;
    drain();
    while (clock.now() < until) {
        const auto due = read<std::int64_t>([](Snapshot& s) {
            return s.number("SELECT COALESCE(MIN(run_at), 0) FROM job WHERE state = 0");
        });
        const auto next = due == 0 ? until : std::clamp<std::int64_t>(due, clock.now() + 1, until);
        clock.advance(next - clock.now());
        drain();
    }
}

std::vector<JobRow> WecomRoom::jobs_in(std::string_view queue, std::optional<JobState> state) {
    return read<std::vector<JobRow>>([&](Snapshot& s) {
        return JobQueue::list(s, corp, state, queue, JobId{}, 200);
    });
}

void WecomRoom::befriend(
    const std::string& userid, const std::string& external_userid, const std::string& state
) {
    crm::Touch touch;
    touch.corp = corp;
    touch.at = clock.now();
    touch.key = "add:" + userid + ':' + external_userid;
    crm::FriendAdded added;
    added.userid = userid;
    added.external_userid = external_userid;
    added.state = state;
    touch.body = added;
    write([&](Transaction& tx) {
        auto applied = crm::intake(tx, services.intake(), touch);
        if (!applied) {
            throw std::runtime_error(applied.error().message);
        }
    });
}

}  // namespace leadbridge::wecom
