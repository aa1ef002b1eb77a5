#include "crm/operations/operation.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/utf8.h"
#include "crm/staff/audit.h"
#include "crm/staff/member.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {

namespace {

constexpr std::array<std::string_view, 4> kinds{"tag_add", "tag_remove", "assign", "return"};
constexpr std::array<std::string_view, 6> states{
    "queued", "running", "done", "cancelled", "undoing", "undone"};
constexpr std::size_t most_tags = 20;

constexpr std::string_view columns =
    "SELECT o.id, o.corp_id, o.action, o.state, o.actor, o.total, o.done, o.changed, o.failed, "
    "o.undone, o.undo_failed, o.created_ms, o.started_ms, o.finished_ms FROM operation o";

Operation read(const Row& row) {
    Operation o;
    o.id = row.id<OperationId>(0);
    o.corp = row.id<CorpId>(1);
    o.action = row.str(2);
    o.state = static_cast<OperationState>(row.integer(3));
    o.actor = row.str(4);
    o.total = row.integer(5);
    o.done = row.integer(6);
    o.changed = row.integer(7);
    o.failed = row.integer(8);
    o.undone = row.integer(9);
    o.undo_failed = row.integer(10);
    o.created_ms = row.integer(11);
    o.started_ms = row.integer(12);
    o.finished_ms = row.integer(13);
    return o;
}

void narrow(Query& query, const Viewer& viewer) {
    query.where("o.corp_id = ?", {viewer.corp});
    if (viewer.scope != Scope::all) {
        query.where("o.actor = ?", {std::string_view(viewer.actor)});
    }
}

Status check(Snapshot& s, const Viewer& viewer, const BulkAction& action) {
    switch (action.kind) {
        case OperationKind::tag_add:
        case OperationKind::tag_remove:
            if (action.tags.empty() || action.tags.size() > most_tags) {
                return Error{
                    ErrorCode::rule_broken, "action.tags: must name 1 to 20 tags", "bad_field"};
            }
            for (const TagId tag : action.tags) {
                if (!s.exists(
                        "SELECT 1 FROM tag WHERE corp_id = ? AND id = ? AND deleted_ms = 0",
                        {viewer.corp, tag}
                    )) {
                    return Error{
                        ErrorCode::rule_broken,
                        "action.tags: there is no tag " + tag.str(),
                        "bad_field"};
                }
            }
            return {};
        case OperationKind::assign: {
            const auto member = MemberStore::find(s, viewer.corp, action.owner);
            if (!member || member->status == MemberStatus::left) {
                return Error{
                    ErrorCode::rule_broken, "action.owner: is no member of the corp", "bad_field"};
            }
            return {};
        }
        case OperationKind::give_back:
            if (action.reason.empty() || action.reason.size() > 600 || !is_utf8(action.reason)) {
                return Error{
                    ErrorCode::rule_broken,
                    "action.reason: must be 1 to 200 characters",
                    "bad_field"};
            }
            return {};
    }
    return {};
}

Error wrong_state(const Operation& operation, std::string_view needed) {
    return Error{
        ErrorCode::conflict,
        "the operation is " + std::string(to_string(operation.state)) + "; this needs " +
            std::string(needed),
        "operation_state"};
}

void put_run(Transaction& tx, JobQueue& jobs, CorpId corp, OperationId id) {
    // Operations of a corp run one after another: two at once would undo each other's effects.
    jobs.enqueue(
        tx,
        {.corp = corp,
         .queue = std::string(RunOperation::queue),
         .payload = to_text(json::object{{"operation", id.str()}}),
         .order_key = "operation"}
    );
}

}  // namespace

std::string_view to_string(OperationKind kind) noexcept {
    return kinds[static_cast<std::size_t>(kind) - 1];
}

std::optional<OperationKind> parse_operation_kind(std::string_view text) noexcept {
    const auto at = std::find(kinds.begin(), kinds.end(), text);
    return at == kinds.end() ? std::nullopt
                             : std::optional(static_cast<OperationKind>(at - kinds.begin() + 1));
}

std::string_view to_string(OperationState state) noexcept {
    return states[static_cast<std::size_t>(state)];
}

std::string action_text(const BulkAction& action) {
    json::object out{{"kind", to_string(action.kind)}};
    if (!action.tags.empty()) {
        json::array tags;
        for (const TagId tag : action.tags) {
            tags.push_back(json::value(tag.str()));
        }
        out["tags"] = std::move(tags);
    }
    if (action.owner) {
        out["owner"] = action.owner.str();
    }
    if (!action.reason.empty()) {
        out["reason"] = action.reason;
    }
    return to_text(out);
}

Result<BulkAction> parse_action(std::string_view text) {
    auto value = parse_json(text);
    const auto kind = value && value->is_object()
                          ? parse_operation_kind(json_string(value->get_object(), "kind"))
                          : std::nullopt;
    if (!kind) {
        return Error{ErrorCode::internal, "the action of an operation cannot be read"};
    }
    const json::object& from = value->get_object();
    BulkAction out{*kind, {}, {}, json_string(from, "reason")};
    out.owner = MemberId{parse_id(json_string(from, "owner")).value_or(0)};
    if (const json::array* tags = json_array(from, "tags")) {
        for (const json::value& tag : *tags) {
            out.tags.emplace_back(parse_id(tag.as_string()).value_or(0));
        }
    }
    return out;
}

Result<Operation> OperationStore::start(
    Transaction& tx, const Viewer& viewer, const BulkAction& action, const BulkTarget& target
) {
    if (Status ok = check(tx, viewer, action); !ok) {
        return std::move(ok).error();
    }
    const auto id = services_.ids.next_as<OperationId>();
    const std::string text = action_text(action);
    const std::string contacts = target.contacts.to_bytes();
    tx.execute(
        "INSERT INTO operation(id, corp_id, action, question, contacts, state, actor, "
        "viewer_member, viewer_scope, next_ord, total, done, changed, failed, undone, undo_failed, "
        "created_ms, started_ms, finished_ms) VALUES(?,?,?,?,?,0,?,?,?,0,?,0,0,0,0,0,?,0,0)",
        {id,
         viewer.corp,
         text,
         target.question,
         Blob{contacts},
         viewer.actor,
         viewer.member,
         viewer.scope,
         target.contacts.count(),
         services_.clock.now()}
    );
    put_run(tx, services_.jobs, viewer.corp, id);
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {.action = "operation.start",
         .object = "operation",
         .object_id = id.value,
         .before = target.question,
         .after = text}
    );
    tx.changed({viewer.corp, "operations", id.value, "created"});
    return *find(tx, viewer, id);
}

Status OperationStore::change(
    Transaction& tx, const Viewer& viewer, const Operation& operation, OperationState to
) {
    tx.execute(
        "UPDATE operation SET state = ?, finished_ms = ? WHERE corp_id = ? AND id = ?",
        {to, to == OperationState::cancelled ? services_.clock.now() : 0, viewer.corp, operation.id}
    );
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {.action = to == OperationState::cancelled ? "operation.cancel" : "operation.undo",
         .object = "operation",
         .object_id = operation.id.value,
         .after = operation.action}
    );
    tx.changed({viewer.corp, "operations", operation.id.value, "updated"});
    return {};
}

Result<Operation> OperationStore::cancel(Transaction& tx, const Viewer& viewer, OperationId id) {
    const auto operation = find(tx, viewer, id);
    if (!operation) {
        return Error{ErrorCode::not_found, "no such operation", "operation_unknown"};
    }
    if (operation->state != OperationState::queued && operation->state != OperationState::running) {
        return wrong_state(*operation, "queued or running");
    }
    (void)change(tx, viewer, *operation, OperationState::cancelled);
    return *find(tx, viewer, id);
}

Result<Operation> OperationStore::undo(Transaction& tx, const Viewer& viewer, OperationId id) {
    const auto operation = find(tx, viewer, id);
    if (!operation) {
        return Error{ErrorCode::not_found, "no such operation", "operation_unknown"};
    }
    if (!operation->undoable()) {
        return wrong_state(*operation, "a finished one that changed something: cancel it first");
    }
    (void)change(tx, viewer, *operation, OperationState::undoing);
    put_run(tx, services_.jobs, viewer.corp, id);
    return *find(tx, viewer, id);
}

namespace {

void add_failures(Snapshot& s, Operation& operation) {
    if (operation.failed == 0 && operation.undo_failed == 0) {
        return;
    }
    s.each(
        "SELECT reason, COUNT(*) AS n FROM operation_item WHERE corp_id = ? AND operation_id = ? "
        "AND result IN (2, 4) GROUP BY reason ORDER BY n DESC, reason",
        {operation.corp, operation.id},
        [&](const Row& row) {
            operation.failures.emplace_back(row.str(0), row.integer(1));
            return Visit::next;
        }
    );
}

}  // namespace

std::optional<Operation> OperationStore::find(Snapshot& s, const Viewer& viewer, OperationId id) {
    Query query(columns);
    narrow(query, viewer);
    auto out = query.where("o.id = ?", {id}).one(s, read);
    if (out) {
        add_failures(s, *out);
    }
    return out;
}

PageOf<Operation> OperationStore::list(Snapshot& s, const Viewer& viewer, const Page& page) {
    Query query(columns);
    narrow(query, viewer);
    auto out = page_of(s, query, "o.id", page, read, [](const Operation& o) { return o.id.value; });
    for (Operation& operation : out.items) {
        add_failures(s, operation);
    }
    return out;
}

FailurePage OperationStore::failures(
    Snapshot& s,
    const Viewer& viewer,
    OperationId id,
    std::string_view reason,
    ContactId after,
    int limit
) {
    FailurePage out;
    if (!find(s, viewer, id)) {
        return out;
    }
    const int n = std::clamp(limit, 1, 200);
    Query query(
        "SELECT i.contact_id, COALESCE(c.name, ''), i.reason, i.detail FROM operation_item "
        "i LEFT JOIN contact c ON c.corp_id = i.corp_id AND c.id = i.contact_id"
    );
    query
        .where(
            "i.corp_id = ? AND i.operation_id = ? AND i.contact_id > ?", {viewer.corp, id, after}
        )
        .where("i.result IN (2, 4)");
    if (!reason.empty()) {
        query.where("i.reason = ?", {reason});
    }
    query.then(" ORDER BY i.contact_id LIMIT ?", {n + 1});
    out.items = query.all(s, [](const Row& row) {
        return OperationFailure{row.id<ContactId>(0), row.str(1), row.str(2), row.str(3)};
    });
    if (out.items.size() > static_cast<std::size_t>(n)) {
        out.items.pop_back();
        out.next = out.items.back().contact;
    }
    return out;
}

}  // namespace leadbridge::crm
