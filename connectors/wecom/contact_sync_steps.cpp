#include "connectors/wecom/contact_sync_steps.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/contact_parse.h"
#include "crm/staff/member.h"

namespace leadbridge::wecom {

using sync_rows::Run;

namespace {

constexpr int rows_per_write = 20;  // contacts a transaction: intake of one is some ten statements
constexpr int page_size = 100;
constexpr int max_restarts = 5;

class Steps {
public:
    explicit Steps(const WecomServices& services) : s_(services) {}

    Status step(Run& run);

private:
    Status list_members(Run& run);
    Status read_page(Run& run);
    Status apply_page(Run& run, const ContactPage& page, UnixMillis asked);
    Status apply_slice(
        Run& run, const ContactPage& page, std::size_t from, std::size_t to, UnixMillis asked
    );
    Status page_failed(Run& run, const Error& error);
    Status sweep(Run& run);
    static void next_members(Run& run, std::size_t done);

    const WecomServices& s_;
};

Status Steps::step(Run& run) {
    switch (run.view.stage) {
        case SyncStage::members:
            return list_members(run);
        case SyncStage::contacts:
            return read_page(run);
        case SyncStage::sweep:
            return sweep(run);
        default:
            run.view.finished_ms = s_.clock.now();
            return save_run(s_, run);
    }
}

Status Steps::list_members(Run& run) {
    const auto reply = s_.api.call(run.view.corp, api::follow_user_list);
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
                members.put(tx, run.view.corp, fact);
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
            members.put(tx, run.view.corp, fact);
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

Status Steps::read_page(Run& run) {
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
        return save_run(s_, run);
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
    const auto reply = s_.api.call(run.view.corp, api::contact_batch, {.body = to_text(body)});
    if (!reply) {
        return page_failed(run, reply.error());
    }
    return apply_page(run, parse_contact_page(reply->object()), asked);
}

// The cursor has died, or one member of the list spoils the call: go on with what can be read.
Status Steps::page_failed(Run& run, const Error& error) {
    if (error.reason == "bad_cursor" && !run.cursor.empty() && run.restarts < max_restarts) {
        ++run.restarts;
        run.cursor.clear();
        return save_run(s_, run);
    }
    const bool of_member = error.code == ErrorCode::not_found || error.reason == "out_of_range" ||
                           error.reason == "no_customer_contact";
    if (!of_member) {
        return error;
    }
    run.cursor.clear();
    if (run.width > 1) {
        run.width = 1;
        return save_run(s_, run);
    }
    log::warn(
        "wecom",
        "a member is left out of the sync",
        {{"corp", run.view.corp}, {"cause", error.message}}
    );
    next_members(run, 1);
    return save_run(s_, run);
}

void Steps::next_members(Run& run, std::size_t done) {
    run.view.members_done += static_cast<int>(done);
    run.cursor.clear();
    // After singles, whole lists again from the next round hundred.
    if (run.view.members_done % sync_rows::full_width == 0) {
        run.width = sync_rows::full_width;
    }
}

Status Steps::apply_page(Run& run, const ContactPage& page, UnixMillis asked) {
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

Status Steps::apply_slice(
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
Status Steps::sweep(Run& run) {
    auto written = s_.core.write<Run>([&](Transaction& tx) -> Result<Run> {
        Run next = run;
        const auto member = sync_rows::sweepable_member(tx, run, run.view.members_done);
        std::vector<std::string> silent;
        if (!member.empty()) {
            const auto id = crm::MemberStore::find_userid(tx, run.view.corp, member);
            silent = crm::silent_follows(
                tx, run.view.corp, id, run.view.started_ms, run.cursor, rows_per_write
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

Status save_run(const WecomServices& services, const Run& run) {
    auto written = services.core.write<int>([&](Transaction& tx) -> Result<int> {
        sync_rows::save(tx, run);
        return 0;
    });
    return written ? Status{} : Status{std::move(written).error()};
}

Status sync_step(const WecomServices& services, Run& run) {
    return Steps(services).step(run);
}

}  // namespace leadbridge::wecom
