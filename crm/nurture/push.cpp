#include "crm/nurture/push.h"

#include "base/crypto.h"
#include "base/json.h"
#include "crm/nurture/push_draft.h"
#include "crm/nurture/push_rows.h"
#include "crm/nurture/push_settle.h"
#include "crm/outbox.h"
#include "crm/staff/audit.h"
#include "crm/staff/list_text.h"
#include "crm/staff/query.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {

namespace {

constexpr std::string_view columns =
    "SELECT p.id, p.corp_id, p.name, p.status, p.segment_id, p.body, p.content, p.schedule_ms, "
    "p.version, "
    "p.created_ms, p.updated_ms, p.submitted_ms, p.finished_ms, p.created_by FROM push p";

Push push_of(const Row& row) {
    Push p;
    p.id = row.id<PushId>(0);
    p.corp = row.id<CorpId>(1);
    p.name = row.str(2);
    p.status = static_cast<PushStatus>(row.integer(3));
    p.segment = row.id<SegmentId>(4);
    p.condition = row.str(5);
    Result<MessageContent> content = decode_content(row.text(6));
    if (!content) {
        throw DatabaseError(
            "push " + p.id.str() + ": its content cannot be read: " + content.error().message
        );
    }
    p.content = std::move(*content);
    p.schedule_ms = row.integer(7);
    p.version = row.integer(8);
    p.created_ms = row.integer(9);
    p.updated_ms = row.integer(10);
    p.submitted_ms = row.integer(11);
    p.finished_ms = row.integer(12);
    p.created_by = row.str(13);
    return p;
}

Error unknown_push() {
    return Error{ErrorCode::not_found, "no such push"};
}

// For the audit log.
std::string shown(const Push& push) {
    return object_text(
        {{"name", push.name},
         {"status", to_string(push.status)},
         {"condition", push.condition},
         {"content", encode_content(push.content)}}
    );
}

Error wrong_status(const Push& push, std::string_view wanted) {
    return Error{
        ErrorCode::conflict,
        "the push is " + std::string(to_string(push.status)) + "; " + std::string(wanted),
        "push_state"};
}

void store(Transaction& tx, const Push& p) {
    const std::string content = encode_content(p.content);
    tx.execute(
        "UPDATE push SET name = ?, status = ?, segment_id = ?, body = ?, content = ?, content_hash "
        "= ?, "
        "schedule_ms = ?, version = ?, updated_ms = ?, submitted_ms = ? WHERE corp_id = ? AND id = "
        "?",
        {p.name,
         p.status,
         p.segment,
         p.condition,
         content,
         crypto::hex(crypto::sha256(content)),
         p.schedule_ms,
         p.version,
         p.updated_ms,
         p.submitted_ms,
         p.corp,
         p.id}
    );
}

// otherwise: what to say when it is no draft any more.
Result<Push> find_draft(
    Snapshot& s,
    const Viewer& viewer,
    PushId id,
    std::optional<std::int64_t> if_version,
    std::string_view otherwise
) {
    std::optional<Push> push = PushStore::find(s, viewer, id);
    if (!push) {
        return unknown_push();
    }
    if (if_version && *if_version != push->version) {
        return Error{ErrorCode::stale, "the push was changed meanwhile: read it again"};
    }
    if (push->status != PushStatus::draft) {
        return wrong_status(*push, otherwise);
    }
    return std::move(*push);
}

}  // namespace

Result<Push> PushStore::create(Transaction& tx, const Viewer& viewer, const PushEdit& edit) {
    const UnixMillis now = services_.clock.now();
    Push push;
    push.corp = viewer.corp;
    push.created_by = viewer.actor;
    push.created_ms = push.updated_ms = now;
    push.version = 1;
    if (Status s = edit_draft(tx, push, edit, now); !s) {
        return s.error();
    }
    push.id = services_.ids.next_as<PushId>();
    tx.execute(
        "INSERT INTO push (id, corp_id, name, status, segment_id, body, content, content_hash, "
        "schedule_ms, plan_step, "
        "plan_cursor, version, created_ms, updated_ms, submitted_ms, finished_ms, created_by, "
        "viewer_member, viewer_scope) "
        "VALUES (?, ?, '', 0, 0, '', '', '', 0, 0, 0, 1, ?, ?, 0, 0, ?, ?, ?)",
        {push.id, push.corp, now, now, push.created_by, viewer.member, viewer.scope}
    );
    store(tx, push);
    const std::string after = shown(push);
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {.action = "push.create", .object = "push", .object_id = push.id.value, .after = after}
    );
    tx.changed({.corp = push.corp, .topic = "push", .id = push.id.value, .kind = "created"});
    return push;
}

Result<Push> PushStore::update(
    Transaction& tx,
    const Viewer& viewer,
    PushId id,
    const PushEdit& edit,
    std::optional<std::int64_t> if_version
) {
    Result<Push> push = find_draft(tx, viewer, id, if_version, "only a draft can be edited");
    if (!push) {
        return push;
    }
    const UnixMillis now = services_.clock.now();
    const std::string before = shown(*push);
    if (Status s = edit_draft(tx, *push, edit, now); !s) {
        return s.error();
    }
    push->updated_ms = now;
    ++push->version;
    store(tx, *push);
    const std::string after = shown(*push);
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {.action = "push.update",
         .object = "push",
         .object_id = id.value,
         .before = before,
         .after = after}
    );
    tx.changed({.corp = push->corp, .topic = "push", .id = id.value, .kind = "updated"});
    return *push;
}

Result<Push> PushStore::submit(
    Transaction& tx, const Viewer& viewer, PushId id, std::optional<std::int64_t> if_version
) {
    Result<Push> push = find_draft(tx, viewer, id, if_version, "it is submitted once");
    if (!push) {
        return push;
    }
    Result<std::string> condition = frozen_condition(tx, *push);
    if (!condition) {
        return condition.error();
    }
    const UnixMillis now = services_.clock.now();
    push->condition = std::move(*condition);
    push->status = push->schedule_ms > now ? PushStatus::scheduled : PushStatus::planning;
    push->submitted_ms = push->updated_ms = now;
    ++push->version;
    store(tx, *push);
    tx.execute(
        "UPDATE push SET viewer_member = ?, viewer_scope = ? WHERE corp_id = ? AND id = ?",
        {viewer.member, viewer.scope, push->corp, id}
    );
    json::object payload;
    payload["push_id"] = id.str();
    services_.jobs.enqueue(
        tx,
        {.corp = push->corp,
         .queue = std::string(plan_queue),
         .payload = to_text(payload),
         .order_key = id.str(),
         .unique_key = id.str(),
         .run_at = push->schedule_ms}
    );
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {.action = "push.submit", .object = "push", .object_id = id.value, .after = push->condition}
    );
    tx.changed(
        {.corp = push->corp, .topic = "push", .id = id.value, .kind = to_string(push->status)}
    );
    return *push;
}

Result<Push> PushStore::cancel(Transaction& tx, const Viewer& viewer, PushId id) {
    std::optional<Push> push = find(tx, viewer, id);
    if (!push) {
        return unknown_push();
    }
    if (push->status == PushStatus::cancelled) {
        return *push;
    }
    if (push->status == PushStatus::done) {
        return wrong_status(*push, "what is done cannot be cancelled");
    }
    const UnixMillis now = services_.clock.now();
    const std::string before = object_text({{"status", to_string(push->status)}});
    push->status = PushStatus::cancelled;
    push->updated_ms = push->finished_ms = now;
    ++push->version;
    store(tx, *push);
    tx.execute(
        "UPDATE push SET finished_ms = ? WHERE corp_id = ? AND id = ?", {now, push->corp, id}
    );
    enqueue_settle_cancelled(tx, services_.jobs, push->corp, id);
    put_job(tx, services_.jobs, push->corp, PushCommand{id.value, "cancel"});
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {.action = "push.cancel",
         .object = "push",
         .object_id = id.value,
         .before = before,
         .after = R"({"status":"cancelled"})"}
    );
    tx.changed({.corp = push->corp, .topic = "push", .id = id.value, .kind = "cancelled"});
    return *push;
}

Status PushStore::remind(Transaction& tx, const Viewer& viewer, PushId id) {
    std::optional<Push> push = find(tx, viewer, id);
    if (!push) {
        return unknown_push();
    }
    if (push->status != PushStatus::sending) {
        return wrong_status(*push, "only while it is sending somebody can be reminded");
    }
    if (!tx.exists(
            "SELECT 1 FROM push_batch WHERE corp_id = ? AND push_id = ? AND state = ? AND closed = "
            "0 AND settled < n",
            {push->corp, id, RecipientState::submitted}
        )) {
        return Error{
            ErrorCode::conflict,
            "no member has an unconfirmed task of this push",
            "push_nobody_waits"};
    }
    put_job(tx, services_.jobs, push->corp, PushCommand{id.value, "remind"});
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {.action = "push.remind", .object = "push", .object_id = id.value}
    );
    return {};
}

std::optional<Push> PushStore::find(Snapshot& s, const Viewer& viewer, PushId id) {
    return s.one(
        std::string(columns) + " WHERE p.corp_id = ? AND p.id = ?", {viewer.corp, id}, push_of
    );
}

PageOf<Push> PushStore::list(
    Snapshot& s, const Viewer& viewer, std::optional<PushStatus> status, const Page& page
) {
    Query query(columns);
    query.where("p.corp_id = ?", {viewer.corp});
    if (status) {
        query.where("p.status = ?", {*status});
    }
    return page_of(s, query, "p.id", page, push_of, [](const Push& push) { return push.id.value; });
}

}  // namespace leadbridge::crm
