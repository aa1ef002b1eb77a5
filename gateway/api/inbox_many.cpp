// POST inbox/replay and inbox/drop: what a person does with many rows of the inbox at once, by
// their ids or by what they have in common

#include <algorithm>
#include <span>

#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/inbox.h"

namespace leadbridge::gateway {

namespace {

constexpr int max_rows = 1'000;            // of one request
constexpr std::int64_t count_to = 10'000;  // more are not counted

struct Meant {
    InboxFilter filter;
    std::vector<std::int64_t> ids;
    int limit = max_rows;
    bool dry_run = false;
};

// `last`: the highest state whose rows can be acted on.
Result<Meant> meant_by(const ApiRequest& request, InboxState last) {
    return read_body(request, [&](Body& body) {
        Meant out;
        out.ids = body.ids("ids");
        const std::string state = body.text("state");
        out.filter.state = parse_inbox_state(state);
        out.filter.kind = body.text("kind");
        out.filter.source_id = body.id("source");
        const std::int64_t limit = body.number("limit", max_rows);
        out.limit = static_cast<int>(std::clamp<std::int64_t>(limit, 1, max_rows));
        out.dry_run = body.flag("dry_run");
        if (limit != out.limit) {
            body.fault("limit", "must be 1 to 1000");
        }
        if (out.ids.size() > static_cast<std::size_t>(max_rows)) {
            body.fault("ids", "names more than 1000 rows");
        }
        if (out.ids.empty() == state.empty()) {
            body.fault("state", "is required, or ids instead of it");
        } else if (!state.empty() && (!out.filter.state || *out.filter.state < InboxState::dead || *out.filter.state > last)) {
            body.fault("state", "must be one whose rows were not used");
        }
        if (!out.ids.empty() && (!out.filter.kind.empty() || out.filter.source_id != 0)) {
            body.fault("ids", "stands alone");
        }
        return out;
    });
}

// What the audit log says of a slice.
std::string told(const Meant& meant, std::span<const std::int64_t> ids, std::int64_t count) {
    json::object out{{"count", count}};
    if (meant.filter.state) {
        out["state"] = to_string(*meant.filter.state);
    } else {
        json::array list;
        for (const std::int64_t id : ids) {
            list.push_back(json::value(std::to_string(id)));
        }
        out["ids"] = std::move(list);
    }
    if (!meant.filter.kind.empty()) {
        out["kind"] = meant.filter.kind;
    }
    if (meant.filter.source_id != 0) {
        out["source"] = std::to_string(meant.filter.source_id);
    }
    return to_text(out);
}

using ManyAct = Result<
    std::
        int64_t> (Inbox::*)(Transaction&, const crm::Viewer&, std::span<const std::int64_t>, std::optional<InboxState>)
    const;

struct Act {
    ManyAct fn;
    std::string_view action;
    std::string_view counted;  // the answer's field
    InboxState last;           // the highest state it is for
};

// In slices, each with its entry in the audit log: what a crash leaves done is told.
Result<std::int64_t> in_slices(
    const ApiServices& services, const ApiRequest& request, const Meant& meant, const Act& act
) {
    std::int64_t done = 0;
    std::span<const std::int64_t> rest(meant.ids);
    while (!rest.empty()) {
        const auto slice = rest.first(std::min<std::size_t>(rest.size(), Inbox::max_many));
        rest = rest.subspan(slice.size());
        auto changed =
            services.core.write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
                auto n = (services.inbox.*act.fn)(tx, request.viewer(), slice, meant.filter.state);
                if (n && *n > 0) {
                    crm::record_audit(
                        tx,
                        services.audit(),
                        request.viewer(),
                        {act.action, "inbox", 0, "", told(meant, slice, *n)}
                    );
                }
                return n;
            });
        if (!changed) {
            return std::move(changed).error();
        }
        done += *changed;
    }
    return done;
}

Result<Response> act_on_many(
    const ApiServices& services, const ApiRequest& request, const Act& act
) {
    auto meant = meant_by(request, act.last);
    if (!meant) {
        return std::move(meant).error();
    }
    auto matched = static_cast<std::int64_t>(meant->ids.size());
    if (meant->filter.state) {
        auto rows = services.core.read<Inbox::Unused>([&](Snapshot& s) {
            return Inbox::unused(s, request.viewer(), meant->filter, meant->limit, count_to);
        });
        if (!rows) {
            return std::move(rows).error();
        }
        matched = rows->matched;
        meant->ids = std::move(rows->ids);
    }
    Result<std::int64_t> done = std::int64_t{0};
    if (!meant->dry_run) {
        done = in_slices(services, request, *meant, act);
        if (!done) {
            return std::move(done).error();
        }
    }
    return Response::json(200, to_text(json::object{{"matched", matched}, {act.counted, *done}}));
}

}  // namespace

Result<Response> replay_many_inbox(const ApiServices& services, const ApiRequest& request) {
    return act_on_many(
        services,
        request,
        {&Inbox::replay_many, "inbox.replay_many", "replayed", InboxState::dropped}
    );
}

Result<Response> drop_many_inbox(const ApiServices& services, const ApiRequest& request) {
    return act_on_many(
        services, request, {&Inbox::drop_many, "inbox.drop_many", "dropped", InboxState::parked}
    );
}

}  // namespace leadbridge::gateway
