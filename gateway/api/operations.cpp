// /api/v1/bulk and /api/v1/operations

#include "crm/operations/operation.h"

#include "gateway/api/handlers.h"
#include "gateway/api/queries.h"
#include "gateway/api/support.h"
#include "gateway/idempotency.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t most_ids = 1'000;
constexpr std::size_t most_exceptions = 10'000;

json::object operation_json(const crm::Operation& o) {
    json::array failures;
    for (const auto& [reason, count] : o.failures) {
        failures.push_back(json::object{{"reason", reason}, {"count", count}});
    }
    auto action = parse_json(o.action);
    return json::object{
        {"id", o.id.str()},
        {"action", action ? std::move(*action) : json::value(nullptr)},
        {"state", to_string(o.state)},
        {"actor", o.actor},
        {"total", o.total},
        {"done", o.done},
        {"changed", o.changed},
        {"unchanged", o.done - o.changed - o.failed},
        {"failed", o.failed},
        {"undone", o.undone},
        {"undo_failed", o.undo_failed},
        {"undoable", o.undoable()},
        {"failures", std::move(failures)},
        {"created", time_json(o.created_ms)},
        {"started", time_json(o.started_ms)},
        {"finished", time_json(o.finished_ms)}};
}

struct BulkBody {
    crm::ContactFind find;
    std::vector<std::int64_t> except;
    std::vector<std::int64_t> ids;
    std::string hash;
    std::int64_t expected = 0;
    crm::BulkAction action;
    std::string question;
};

void read_action(Body& body, BulkBody& out) {
    auto action = body.object("action");
    if (!action) {
        body.fault("action", "is required");
        return;
    }
    const auto kind = crm::parse_operation_kind(action->required("kind"));
    if (!kind) {
        action->fault("kind", "must be tag_add, tag_remove, assign or return");
    } else {
        out.action.kind = *kind;
    }
    if (action->has("tags")) {
        for (const std::int64_t tag : action->ids("tags")) {
            out.action.tags.emplace_back(tag);
        }
    }
    out.action.owner = crm::MemberId{action->id("owner")};
    out.action.reason = action->text("reason");
    body.absorb(*action);
}

Result<BulkBody> read_bulk(const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return at_condition(std::move(body).error());
    }
    BulkBody out;
    out.question = body->raw("query", "{}");
    out.hash = body->text("query_hash");
    out.expected = body->number("expected_count");
    read_action(*body, out);
    if (auto query = body->object("query")) {
        out.find = contact_find_of(*query);
        out.except = query->ids("except");
        out.ids = query->ids("ids");
        if (!out.ids.empty() && (query->has("condition") || query->has("q"))) {
            query->fault("ids", "stand alone: no condition and no q with them");
        }
        if (out.ids.size() > most_ids || out.except.size() > most_exceptions) {
            query->fault(out.ids.size() > most_ids ? "ids" : "except", "are too many: use a query");
        }
        body->absorb(*query);
    } else {
        body->fault("query", "is required");
    }
    if (out.ids.empty() && out.hash.empty()) {
        body->fault("query_hash", "is required: the query answered it");
    }
    if (out.expected < 1) {
        body->fault("expected_count", "must be the count that was confirmed");
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return out;
}

// The ordinals of contacts named one by one.
crm::OrdSet named(
    const ApiServices& services, CorpId corp, const std::vector<std::int64_t>& contacts
) {
    crm::OrdSet out;
    auto done = services.core.read<int>([&](Snapshot& s) -> Result<int> {
        for (const std::int64_t contact : contacts) {
            const auto ord = s.one(
                "SELECT ord FROM contact WHERE corp_id = ? AND id = ? AND merged_into = 0",
                {corp, contact},
                [](const Row& row) { return static_cast<std::uint32_t>(row.integer(0)); }
            );
            if (ord) {
                out.add(*ord);
            }
        }
        return 0;
    });
    return done ? std::move(out) : crm::OrdSet();
}

// Whom the body means now. Error{conflict} when that is not what the person confirmed.
Result<crm::OrdSet> target_of(
    const ApiServices& services, const ApiRequest& request, const BulkBody& bulk
) {
    const crm::ContactQueries queries(services.core, services.bitmaps, services.clock);
    crm::OrdSet set;
    if (!bulk.ids.empty()) {
        set = named(services, request.corp(), bulk.ids);
        set &= queries.visible(request.viewer());
    } else {
        auto hash = queries.hash(request.viewer(), bulk.find);
        if (!hash) {
            return at_condition(std::move(hash).error());
        }
        if (*hash != bulk.hash) {
            return Error{
                ErrorCode::conflict,
                "the query is not the one that was confirmed (a segment in it has changed): look "
                "at it again",
                "query_changed"};
        }
        auto found = queries.select(request.viewer(), bulk.find);
        if (!found) {
            return at_condition(std::move(found).error());
        }
        set = std::move(*found);
        set -= named(services, request.corp(), bulk.except);
    }
    if (static_cast<std::int64_t>(set.count()) != bulk.expected) {
        return Error{
            ErrorCode::conflict,
            "there are " + std::to_string(set.count()) + " contacts now, not the " +
                std::to_string(bulk.expected) + " that were confirmed: look at them again",
            "query_changed"};
    }
    return set;
}

Response accepted(const crm::Operation& operation) {
    Response response = Response::json(202, to_text(operation_json(operation)));
    response.headers.set("Location", "/api/v1/operations/" + operation.id.str());
    return response;
}

using Act = Result<crm::Operation> (crm::OperationStore::*)(
    Transaction&, const crm::Viewer&, crm::OperationId
);

bool moves_leads(crm::OperationKind kind) {
    return kind == crm::OperationKind::assign || kind == crm::OperationKind::give_back;
}

Error may_not_assign() {
    return Error{ErrorCode::forbidden, "your role may not assign leads", "permission_missing"};
}

Result<Response> act(const ApiServices& services, const ApiRequest& request, Act fn, int status) {
    auto id = request.id_as<crm::OperationId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        const auto before = crm::OperationStore::find(tx, request.viewer(), *id);
        const auto action =
            before ? crm::parse_action(before->action) : Result<crm::BulkAction>(crm::BulkAction{});
        if (action && moves_leads(action->kind) &&
            !request.caller().may(crm::Permission::leads_assign)) {
            return may_not_assign();
        }
        crm::OperationStore store(services.crm());
        auto operation = (store.*fn)(tx, request.viewer(), *id);
        return operation
                   ? Result<Response>(Response::json(status, to_text(operation_json(*operation))))
                   : Result<Response>(std::move(operation).error());
    });
}

}  // namespace

Result<Response> start_bulk(const ApiServices& services, const ApiRequest& request) {
    auto bulk = read_bulk(request);
    if (!bulk) {
        return std::move(bulk).error();
    }
    if (moves_leads(bulk->action.kind) && !request.caller().may(crm::Permission::leads_assign)) {
        return may_not_assign();
    }
    auto target = target_of(services, request, *bulk);
    return write_once(
        services.core,
        services.clock,
        request,
        [&](Transaction& tx) -> Result<Response> {
            if (!target) {  // said here, so that a repeat still gets its first answer
                return target.error();
            }
            auto operation =
                crm::OperationStore(services.crm())
                    .start(
                        tx, request.viewer(), bulk->action, crm::BulkTarget{*target, bulk->question}
                    );
            return operation ? Result<Response>(accepted(*operation))
                             : Result<Response>(std::move(operation).error());
        }
    );
}

Result<Response> list_operations(const ApiServices& services, const ApiRequest& request) {
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return page_response(crm::OperationStore::list(s, request.viewer(), *page), operation_json);
    });
}

Result<Response> get_operation(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::OperationId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        const auto operation = crm::OperationStore::find(s, request.viewer(), *id);
        return operation
                   ? Result<Response>(Response::json(200, to_text(operation_json(*operation))))
                   : Result<Response>(not_found("operation"));
    });
}

Result<Response> list_operation_failures(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::OperationId>();
    auto page = page_of(request);
    if (!id || !page) {
        return id ? std::move(page).error() : std::move(id).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        if (!crm::OperationStore::find(s, request.viewer(), *id)) {
            return not_found("operation");
        }
        const crm::FailurePage failures = crm::OperationStore::failures(
            s,
            request.viewer(),
            *id,
            request.query("reason"),
            crm::ContactId{page->before},
            page->limit
        );
        return page_response(
            crm::PageOf<crm::OperationFailure>{failures.items, failures.next.value},
            [](const crm::OperationFailure& failure) {
                return json::object{
                    {"contact", failure.contact.str()},
                    {"contact_name", failure.contact_name},
                    {"reason", failure.reason},
                    {"detail", failure.detail}};
            }
        );
    });
}

Result<Response> cancel_operation(const ApiServices& services, const ApiRequest& request) {
    return act(services, request, &crm::OperationStore::cancel, 200);
}

Result<Response> undo_operation(const ApiServices& services, const ApiRequest& request) {
    return act(services, request, &crm::OperationStore::undo, 202);
}

}  // namespace leadbridge::gateway
