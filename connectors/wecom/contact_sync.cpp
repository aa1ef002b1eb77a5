#include "connectors/wecom/contact_sync.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/contact_parse.h"
#include "connectors/wecom/contact_sync_rows.h"
#include "crm/outbox.h"
#include "crm/staff/member.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t budget_ms = 20'000;
constexpr std::int64_t lease_ms = 180'000;
constexpr int rows_per_write = 20;  // contacts a transaction: intake of one is some ten statements
constexpr int page_size = 100;
constexpr int max_restarts = 5;

using sync_rows::Run;

// One run of the job over one sync run. Every step is one remote call at most and ends with a
// commit that moves the run.
class Worker {
public:
    Worker(const WecomServices& services, const Job& job) : s_(services), job_(job) {}

    JobOutcome work();

private:
    Result<Run> load();
    Status step(Run& run);
    Status list_members(Run& run);
    Status read_page(Run& run);
    Status apply_page(Run& run, const ContactPage& page, UnixMillis asked);
    Status apply_slice(
        Run& run, const ContactPage& page, std::size_t from, std::size_t to, UnixMillis asked
    );
    Status page_failed(Run& run, const Error& error);
    Status sweep(Run& run);
    Status save(const Run& run);
    void next_members(Run& run, std::size_t done) const;

    const WecomServices& s_;
    const Job& job_;
};

Result<Run> Worker::load() {
    const auto payload = crm::decode<crm::SyncContacts>(job_.payload);
    if (!payload) {
        return payload.error();
    }
    return s_.core.write<Run>([&](Transaction& tx) -> Result<Run> {
        if (payload->run_id != 0) {
            if (auto run = sync_rows::find(tx, job_.corp, payload->run_id)) {
                return *run;
            }
        }
        if (auto run = sync_rows::unfinished(tx, job_.corp)) {
            return *run;
        }
        // A job of its own accord: its id names the run, so that a second try finds it.
        if (auto run = sync_rows::find(tx, job_.corp, job_.id.value)) {
            return *run;
        }
        return sync_rows::create(tx, job_.corp, job_.id.value, SyncKind::full, s_.clock.now());
    });
}

Status Worker::save(const Run& run) {
    auto written = s_.core.write<int>([&](Transaction& tx) -> Result<int> {
        sync_rows::save(tx, run);
        return 0;
    });
    return written ? Status{} : Status{std::move(written).error()};
}

JobOutcome Worker::work() {
    auto loaded = load();
    if (!loaded) {
        return loaded.error().code == ErrorCode::invalid
                   ? JobOutcome{JobDead{loaded.error().message}}
                   : JobOutcome{JobRetry{loaded.error().message}};
    }
    Run run = std::move(*loaded);
    const auto began = s_.clock.steady_ms();
    while (run.view.finished_ms == 0) {
        if (s_.clock.steady_ms() - began >= budget_ms) {
            return JobHold{s_.clock.now(), "goes on"};
        }
        if (Status status = step(run); !status) {
            const auto outcome = job_outcome(status.error(), s_.clock);
            run.view.error = status.error().message;
            if (std::holds_alternative<JobDead>(outcome)) {
                run.view.stage = SyncStage::failed;
                run.view.finished_ms = s_.clock.now();
            }
            (void)save(run);
            return outcome;
        }
    }
    log::info(
        "wecom",
        "contacts synced",
        {{"corp", job_.corp}, {"members", run.view.members_total}, {"contacts", run.view.contacts}}
    );
    return JobDone{};
}

Status Worker::step(Run& run) {
    switch (run.view.stage) {
        case SyncStage::members:
            return list_members(run);
        case SyncStage::contacts:
            return read_page(run);
        case SyncStage::sweep:
            return sweep(run);
        default:
            run.view.finished_ms = s_.clock.now();
            return save(run);
    }
}

Status Worker::list_members(Run& run) {
    const auto reply = s_.api.call(job_.corp, api::follow_user_list);
    if (!reply) {
        return reply.error();
    }
    std::vector<std::string> userids;
    if (const auto* list = json_array(reply->object(), "follow_user")) {
        for (const auto& item : *list) {
            if (item.is_string()) {
                userids.emplace_back(item.as_string().c_str(), item.as_string().size());
            }
        }
    }
    // The order of a repeated listing must not matter: places are given anew, and nothing was read
    // yet.
    std::sort(userids.begin(), userids.end());
    int place = 0;
    for (std::size_t from = 0; from < userids.size(); from += page_size) {
        const auto to = std::min(userids.size(), from + page_size);
        auto placed = s_.core.write<int>([&](Transaction& tx) -> Result<int> {
            crm::MemberStore members(s_.clock, s_.ids);
            int next = place;
            for (std::size_t i = from; i < to; ++i) {
                crm::MemberFact fact;
                fact.userid = userids[i];
                fact.customer_contact = true;
                members.put(tx, job_.corp, fact);
                next += sync_rows::place_member(tx, run, userids[i], next) ? 1 : 0;
            }
            return next;
        });
        if (!placed) {
            return std::move(placed).error();
        }
        place = *placed;
    }
    auto written = s_.core.write<int>([&](Transaction& tx) -> Result<int> {
        crm::MemberStore members(s_.clock, s_.ids);
        for (const auto& userid : sync_rows::drop_unlisted(tx, run)) {
            crm::MemberFact fact;
            fact.userid = userid;
            fact.customer_contact = false;
            members.put(tx, job_.corp, fact);
        }
        Run moved = run;
        moved.view.members_total = place;
        moved.view.stage = SyncStage::contacts;
        moved.view.error.clear();
        sync_rows::save(tx, moved);
        return 0;
    });
    if (!written) {
        return std::move(written).error();
    }
    run.view.members_total = place;
    run.view.stage = SyncStage::contacts;
    return {};
}

Status Worker::read_page(Run& run) {
    auto userids = s_.core.read<std::vector<std::string>>(
        [&](Snapshot& snapshot) -> Result<std::vector<std::string>> {
            return sync_rows::members_at(snapshot, run, run.view.members_done, run.width);
        }
    );
    if (!userids) {
        return std::move(userids).error();
    }
    if (userids->empty()) {
        run.view.stage = run.view.kind == SyncKind::full ? SyncStage::sweep : SyncStage::done;
        run.view.members_done = run.view.kind == SyncKind::full ? 0 : run.view.members_total;
        run.cursor.clear();
        return save(run);
    }
    json::object body{{"limit", page_size}};
    json::array list;
    for (const auto& userid : *userids) {
        list.emplace_back(userid);
    }
    body["userid_list"] = std::move(list);
    if (!run.cursor.empty()) {
        body["cursor"] = run.cursor;
    }
    const auto asked = s_.clock.now();
    const auto reply = s_.api.call(job_.corp, api::contact_batch, {.body = to_text(body)});
    if (!reply) {
        return page_failed(run, reply.error());
    }
    return apply_page(run, parse_contact_page(reply->object()), asked);
}

// The cursor has died, or one member of the list spoils the call: go on with what can be read.
Status Worker::page_failed(Run& run, const Error& error) {
    if (error.reason == "bad_cursor" && !run.cursor.empty() && run.restarts < max_restarts) {
        ++run.restarts;
        run.cursor.clear();
        return save(run);
    }
    const bool of_member = error.code == ErrorCode::not_found || error.reason == "out_of_range" ||
                           error.reason == "no_customer_contact";
    if (!of_member) {
        return error;
    }
    run.cursor.clear();
    if (run.width > 1) {
        run.width = 1;
        return save(run);
    }
    log::warn(
        "wecom", "a member is left out of the sync", {{"corp", job_.corp}, {"cause", error.message}}
    );
    next_members(run, 1);
    return save(run);
}

void Worker::next_members(Run& run, std::size_t done) const {
    run.view.members_done += static_cast<int>(done);
    run.cursor.clear();
    // After singles, whole lists again from the next round hundred.
    if (run.view.members_done % sync_rows::full_width == 0) {
        run.width = sync_rows::full_width;
    }
}

Status Worker::apply_page(Run& run, const ContactPage& page, UnixMillis asked) {
    std::size_t from = 0;
    // The last slice moves the cursor; the earlier ones are applied once by their touch keys.
    while (page.contacts.size() - from > rows_per_write) {
        if (auto ok = apply_slice(run, page, from, from + rows_per_write, asked); !ok) {
            return ok;
        }
        from += rows_per_write;
    }
    Run moved = run;
    moved.view.contacts += static_cast<std::int64_t>(page.contacts.size());
    moved.view.error.clear();
    moved.cursor = page.next_cursor;
    if (page.next_cursor.empty()) {
        const auto left = run.view.members_total - run.view.members_done;
        next_members(moved, static_cast<std::size_t>(std::min(run.width, left)));
    }
    auto written = s_.core.write<Run>([&](Transaction& tx) -> Result<Run> {
        for (std::size_t i = from; i < page.contacts.size(); ++i) {
            if (auto ok = sync_rows::apply(tx, s_, run, page.contacts[i], asked); !ok) {
                return std::move(ok).error();
            }
        }
        Run next = moved;
        next.view.unlicensed += sync_rows::mark_unlicensed(tx, run, page.unlicensed);
        if (next.cursor.empty()) {
            sync_rows::mark_covered(tx, run, run.width, s_.clock.now());
        }
        sync_rows::save(tx, next);
        return next;
    });
    if (!written) {
        return std::move(written).error();
    }
    run = std::move(*written);
    return {};
}

Status Worker::apply_slice(
    Run& run, const ContactPage& page, std::size_t from, std::size_t to, UnixMillis asked
) {
    auto written = s_.core.write<int>([&](Transaction& tx) -> Result<int> {
        for (std::size_t i = from; i < to; ++i) {
            if (auto ok = sync_rows::apply(tx, s_, run, page.contacts[i], asked); !ok) {
                return std::move(ok).error();
            }
        }
        return 0;
    });
    return written ? Status{} : Status{std::move(written).error()};
}

// Friendships that a whole reading of the member did not name have ended while nobody told us.
Status Worker::sweep(Run& run) {
    auto written = s_.core.write<Run>([&](Transaction& tx) -> Result<Run> {
        Run next = run;
        const auto member = sync_rows::sweepable_member(tx, run, run.view.members_done);
        std::vector<std::string> silent;
        if (!member.empty()) {
            const auto id = crm::MemberStore::find_userid(tx, job_.corp, member);
            silent = crm::silent_follows(
                tx, job_.corp, id, run.view.started_ms, run.cursor, rows_per_write
            );
        }
        for (const auto& external_userid : silent) {
            if (auto ok = sync_rows::apply_gone(tx, s_, run, member, external_userid); !ok) {
                return std::move(ok).error();
            }
            next.cursor = external_userid;
        }
        if (silent.empty()) {
            ++next.view.members_done;
            next.cursor.clear();
        }
        if (next.view.members_done >= next.view.members_total) {
            next.view.members_done = next.view.members_total;
            next.view.stage = SyncStage::done;
            next.view.finished_ms = s_.clock.now();
        }
        sync_rows::save(tx, next);
        return next;
    });
    if (!written) {
        return std::move(written).error();
    }
    run = std::move(*written);
    return {};
}

}  // namespace

JobHandler sync_contacts_handler(const WecomServices& services) {
    return {
        std::string(crm::SyncContacts::queue),
        [&services](const Job& job) { return Worker(services, job).work(); },
        {},
        lease_ms};
}

}  // namespace leadbridge::wecom
