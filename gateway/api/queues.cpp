// /api/v1/inbox and /api/v1/jobs: what waits, what failed, and what a person does about it

#include "crm/staff/source.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/inbox.h"

namespace leadbridge::gateway {

namespace {

json::object entry_json(const InboxEntry& entry) {
    return json::object{
        {"id", std::to_string(entry.id)},
        {"connector", entry.connector},
        {"kind", entry.kind},
        {"state", to_string(entry.state)},
        {"tries", entry.tries},
        {"source",
         entry.source_id == 0 ? json::value(nullptr)
                              : json::value(std::to_string(entry.source_id))},
        {"received", time_json(entry.received_ms)},
        {"due", time_json(entry.run_at)},
        {"done", time_json(entry.done_ms)},
        {"repeat", entry.repeat},
        {"reason", entry.reason},
        {"detail", entry.detail}};
}

std::string_view state_name(JobState state) {
    switch (state) {
        case JobState::ready:
            return "ready";
        case JobState::leased:
            return "leased";
        case JobState::dead:
            return "dead";
    }
    return "";
}

json::object job_json(const JobRow& job) {
    return json::object{
        {"id", job.id.str()},
        {"queue", job.queue},
        {"state", state_name(job.state)},
        {"tries", job.tries},
        {"due", time_json(job.run_at)},
        {"created", time_json(job.created_ms)},
        {"error", job.error}};
}

using InboxAct = std::function<Status(Transaction&, std::int64_t)>;

// What is acted on, for the audit log.
struct Queue {
    std::string_view object;
    std::string_view action;
    std::string_view state_sql;
};

constexpr std::string_view inbox_state = "SELECT state FROM inbox WHERE corp_id = ? AND id = ?";
constexpr std::string_view job_state = "SELECT state FROM job WHERE corp_id = ? AND id = ?";

std::string state_text(Snapshot& s, CorpId corp, std::int64_t id, const Queue& queue) {
    const auto state = s.one(queue.state_sql, {corp, id}, [&](const Row& row) {
        return queue.object == "inbox"
                   ? std::string(to_string(static_cast<InboxState>(row.integer(0))))
                   : std::string(state_name(static_cast<JobState>(row.integer(0))));
    });
    return state ? to_text(json::object{{"state", *state}}) : std::string();
}

Result<Response> act(
    const ApiServices& services, const ApiRequest& request, const Queue& queue, const InboxAct& fn
) {
    auto id = request.id();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        const std::string before = state_text(tx, request.corp(), *id, queue);
        if (Status status = fn(tx, *id); !status) {
            return std::move(status).error();
        }
        const std::string after = state_text(tx, request.corp(), *id, queue);
        crm::record_audit(
            tx, services.audit(), request.viewer(), {queue.action, queue.object, *id, before, after}
        );
        return no_content();
    });
}

}  // namespace

Result<Response> list_inbox(const ApiServices& services, const ApiRequest& request) {
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    InboxFilter filter;
    filter.kind = request.query("kind");
    const auto source = query_id<crm::SourceId>(request, "source");
    if (!source) {
        return source.error();
    }
    filter.source_id = source->value_or(crm::SourceId{}).value;
    if (auto text = request.query_opt("state")) {
        filter.state = parse_inbox_state(*text);
        if (!filter.state) {
            return Error{
                ErrorCode::invalid,
                "state must be ready, done, dead, parked or dropped",
                "bad_state"};
        }
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        auto list = Inbox::list(s, request.viewer(), filter, *page);
        if (!list) {
            return std::move(list).error();
        }
        return page_response(*list, entry_json);
    });
}

Result<Response> show_inbox(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        auto shown = services.inbox.show(s, request.viewer(), *id);
        if (!shown) {
            return std::move(shown).error();
        }
        json::object out = entry_json(shown->entry);
        out["body"] = shown->body;
        return object_response(out, 0);
    });
}

Result<Response> replay_inbox(const ApiServices& services, const ApiRequest& request) {
    return act(
        services,
        request,
        {"inbox", "inbox.replay", inbox_state},
        [&](Transaction& tx, std::int64_t id) {
            return services.inbox.replay(tx, request.viewer(), id);
        }
    );
}

Result<Response> park_inbox(const ApiServices& services, const ApiRequest& request) {
    auto reason = read_body(request, [](Body& body) { return body.text("reason", "by_hand"); });
    if (!reason) {
        return std::move(reason).error();
    }
    return act(
        services,
        request,
        {"inbox", "inbox.park", inbox_state},
        [&](Transaction& tx, std::int64_t id) {
            return services.inbox.park(tx, request.viewer(), id, *reason);
        }
    );
}

Result<Response> drop_inbox(const ApiServices& services, const ApiRequest& request) {
    return act(
        services,
        request,
        {"inbox", "inbox.drop", inbox_state},
        [&](Transaction& tx, std::int64_t id) {
            return services.inbox.drop(tx, request.viewer(), id);
        }
    );
}

Result<Response> list_jobs(const ApiServices& services, const ApiRequest& request) {
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    std::optional<JobState> state;
    if (auto text = request.query_opt("state")) {
        for (const JobState candidate : {JobState::ready, JobState::leased, JobState::dead}) {
            if (state_name(candidate) == *text) {
                state = candidate;
            }
        }
        if (!state) {
            return Error{ErrorCode::invalid, "state must be ready, leased or dead", "bad_state"};
        }
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        const std::vector<JobRow> rows = JobQueue::list(
            s, request.corp(), state, request.query("queue"), JobId{page->before}, page->limit
        );
        const bool more = static_cast<int>(rows.size()) == page->limit;
        return page_response(crm::PageOf<JobRow>{rows, more ? rows.back().id.value : 0}, job_json);
    });
}

Result<Response> retry_job(const ApiServices& services, const ApiRequest& request) {
    return act(
        services,
        request,
        {"job", "job.retry", job_state},
        [&](Transaction& tx, std::int64_t id) {
            return JobQueue::retry(tx, request.corp(), JobId{id}, services.clock.now());
        }
    );
}

Result<Response> drop_job(const ApiServices& services, const ApiRequest& request) {
    return act(
        services,
        request,
        {"job", "job.drop", job_state},
        [&](Transaction& tx, std::int64_t id) {
            return JobQueue::drop(tx, request.corp(), JobId{id});
        }
    );
}

}  // namespace leadbridge::gateway
