#include "crm/operations/operation_runner.h"

#include "base/json.h"
#include "base/log.h"
#include "crm/contacts/tag_moves.h"
#include "crm/leads/lead_undo.h"

namespace leadbridge::crm {

namespace {

constexpr std::int64_t lease_ms = 60'000;
// About a second: others get their turn, and a stop of the daemon waits no longer.
constexpr int slices_per_turn = 50;
constexpr int changed = 1;
constexpr int failed = 2;
constexpr int put_back = 3;
constexpr int left_alone = 4;

struct Applied {
    std::string kept;  // "" = it was as wanted
};

Result<Applied> apply_to_lead(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId contact,
    const BulkAction& action
) {
    const auto before = lead_of_contact(tx, viewer.corp, contact);
    if (!before) {
        return Error{ErrorCode::conflict, "the contact has no lead", "no_lead"};
    }
    if (!is_open(before->status)) {
        return Error{ErrorCode::conflict, "the contact's lead is closed", "lead_closed"};
    }
    const bool give_back = action.kind == OperationKind::give_back;
    const bool as_wanted =
        give_back ? before->status == LeadStatus::unassigned
                  : before->owner == action.owner && before->status != LeadStatus::unassigned;
    if (as_wanted) {
        return Applied{};
    }
    LeadDesk desk(services);
    Status status = give_back ? desk.give_back(tx, viewer, before->lead, action.reason, {})
                              : desk.assign(tx, viewer, before->lead, action.owner, {});
    if (!status) {
        return std::move(status).error();
    }
    const auto after = lead_of_contact(tx, viewer.corp, contact);
    return Applied{lead_before_text(*before, after->version)};
}

Result<Applied> apply(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId contact,
    const BulkAction& action
) {
    if (action.kind == OperationKind::assign || action.kind == OperationKind::give_back) {
        if (!find_contact(tx, viewer, contact)) {
            return Error{ErrorCode::not_found, "the contact is out of sight", "not_found"};
        }
        return apply_to_lead(tx, services, viewer, contact, action);
    }
    const bool add = action.kind == OperationKind::tag_add;
    const std::vector<TagId> none;
    auto moves = change_tags(
        tx, services, viewer, contact, add ? action.tags : none, add ? none : action.tags
    );
    if (!moves) {
        return std::move(moves).error();
    }
    return Applied{moves->empty() ? std::string() : tag_moves_text(*moves)};
}

Status take_back(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId contact,
    const BulkAction& action,
    const std::string& kept
) {
    if (action.kind == OperationKind::assign || action.kind == OperationKind::give_back) {
        auto lead = parse_lead_before(kept);
        return lead ? restore_lead(tx, services, viewer, lead->before, lead->changed_to)
                    : Status(std::move(lead).error());
    }
    auto moves = parse_tag_moves(kept);
    return moves ? undo_tags(tx, services, viewer, contact, *moves)
                 : Status(std::move(moves).error());
}

std::string_view reason_of(const Error& error) {
    if (!error.reason.empty()) {
        return error.reason;
    }
    return error.code == ErrorCode::not_found ? "not_found" : "refused";
}

}  // namespace

// An operation as a slice finds it.
struct OperationRunner::Head {
    OperationId id;
    OperationState state = OperationState::queued;
    Viewer viewer;
    BulkAction action;
    std::int64_t next_ord = 0;
};

std::vector<JobHandler> OperationRunner::handlers() {
    return {JobHandler{
        .queue = std::string(RunOperation::queue),
        .run = [this](const Job& job) -> JobOutcome {
            auto payload = parse_json(job.payload);
            const auto id = payload && payload->is_object()
                                ? parse_id(json_string(payload->get_object(), "operation"))
                                : std::nullopt;
            if (!id) {
                return JobDead{"the payload names no operation"};
            }
            switch (run(job.corp, OperationId{*id}, &job, slices_per_turn)) {
                case Step::finished:
                    return JobDone{};
                case Step::more:
                    return JobHold{clock_.now(), "it goes on"};
                case Step::interrupted:
                    break;
            }
            return JobRetry{"the lease was lost, or the store refused a slice"};
        },
        .lease_ms = lease_ms}};
}

OperationRunner::Step OperationRunner::run(
    CorpId corp, OperationId id, const Job* job, int slices
) {
    const auto head_of = [&](Snapshot& s) {
        return s.one(
            "SELECT state, actor, viewer_member, viewer_scope, action, next_ord FROM operation "
            "WHERE corp_id = ? AND id = ?",
            {corp, id},
            [&](const Row& row) {
                Head head;
                head.id = id;
                head.state = static_cast<OperationState>(row.integer(0));
                head.viewer = Viewer{
                    corp, row.id<MemberId>(2), static_cast<Scope>(row.integer(3)), row.str(1)};
                if (auto action = parse_action(row.text(4))) {
                    head.action = std::move(*action);
                }
                head.next_ord = row.integer(5);
                return head;
            }
        );
    };
    auto contacts = core_.read<OrdSet>([&](Snapshot& s) -> Result<OrdSet> {
        auto set = s.one(
            "SELECT contacts FROM operation WHERE corp_id = ? AND id = ?",
            {corp, id},
            [](const Row& row) { return OrdSet::from_bytes(row.blob(0)); }
        );
        return set && *set ? Result<OrdSet>(std::move(**set)) : Result<OrdSet>(OrdSet());
    });
    for (int n = 0; slices == 0 || n < slices; ++n) {
        if (job != nullptr && !jobs_.extend(*job, lease_ms)) {
            return Step::interrupted;
        }
        auto slice = core_.write<Slice>([&](Transaction& tx) -> Result<Slice> {
            auto head = head_of(tx);
            if (!head) {
                return Slice::finished;
            }
            switch (head->state) {
                case OperationState::queued:
                case OperationState::running:
                    return do_slice(tx, *head, *contacts);
                case OperationState::undoing:
                    return undo_slice(tx, *head);
                case OperationState::done:
                case OperationState::cancelled:
                case OperationState::undone:
                    break;
            }
            return Slice::finished;
        });
        if (!slice) {
            log::warn("operation", "a slice was put off", {{"error", slice.error().message}});
            return Step::interrupted;
        }
        if (*slice == Slice::finished) {
            return Step::finished;
        }
    }
    return Step::more;
}

OperationRunner::Slice OperationRunner::do_slice(
    Transaction& tx, Head& head, const OrdSet& contacts
) {
    const CrmServices services{clock_, ids_, jobs_};
    const std::vector<std::uint32_t> ords = contacts.from(
        static_cast<std::uint32_t>(head.next_ord), static_cast<std::size_t>(per_slice_)
    );
    std::int64_t n_changed = 0;
    std::int64_t n_failed = 0;
    for (const std::uint32_t ord : ords) {
        const ContactId contact{tx.number(
            "SELECT id FROM contact WHERE corp_id = ? AND ord = ?", {head.viewer.corp, ord}
        )};
        auto applied = apply(tx, services, head.viewer, contact, head.action);
        if (applied && applied->kept.empty()) {
            continue;
        }
        (applied ? n_changed : n_failed) += 1;
        const std::string reason(applied ? "" : reason_of(applied.error()));
        tx.execute(
            "INSERT INTO operation_item(corp_id, operation_id, contact_id, result, reason, detail, "
            "kept) VALUES(?,?,?,?,?,?,?) ON CONFLICT(corp_id, operation_id, contact_id) DO NOTHING",
            {head.viewer.corp,
             head.id,
             contact,
             applied ? changed : failed,
             reason,
             applied ? std::string() : applied.error().message,
             applied ? applied->kept : std::string()}
        );
    }
    const UnixMillis now = clock_.now();
    tx.execute(
        "UPDATE operation SET state = ?, started_ms = CASE started_ms WHEN 0 THEN ? ELSE "
        "started_ms END, next_ord = ?, done = done + ?, changed = changed + ?, failed = failed + ? "
        "WHERE corp_id = ? AND id = ?",
        {OperationState::running,
         now,
         ords.empty() ? head.next_ord : static_cast<std::int64_t>(ords.back()) + 1,
         ords.size(),
         n_changed,
         n_failed,
         head.viewer.corp,
         head.id}
    );
    if (ords.size() < static_cast<std::size_t>(per_slice_)) {
        finish(tx, head, OperationState::done);
        return Slice::finished;
    }
    tx.changed({head.viewer.corp, "operations", head.id.value, "progress"});
    return Slice::more;
}

OperationRunner::Slice OperationRunner::undo_slice(Transaction& tx, Head& head) {
    const CrmServices services{clock_, ids_, jobs_};
    const auto items = tx.all(
        "SELECT contact_id, kept FROM operation_item WHERE corp_id = ? AND operation_id = ? AND "
        "result = ? AND reason = '' ORDER BY contact_id LIMIT ?",
        {head.viewer.corp, head.id, changed, per_slice_},
        [](const Row& row) { return std::pair(row.id<ContactId>(0), row.str(1)); }
    );
    std::int64_t n_back = 0;
    for (const auto& [contact, kept] : items) {
        const Status back = take_back(tx, services, head.viewer, contact, head.action, kept);
        n_back += back ? 1 : 0;
        const std::string reason(back ? "" : reason_of(back.error()));
        tx.execute(
            "UPDATE operation_item SET result = ?, reason = ?, detail = ? WHERE corp_id = ? AND "
            "operation_id = ? AND contact_id = ?",
            {back ? put_back : left_alone,
             reason,
             back ? std::string() : back.error().message,
             head.viewer.corp,
             head.id,
             contact}
        );
    }
    tx.execute(
        "UPDATE operation SET undone = undone + ?, undo_failed = undo_failed + ? WHERE corp_id = ? "
        "AND id = ?",
        {n_back, static_cast<std::int64_t>(items.size()) - n_back, head.viewer.corp, head.id}
    );
    if (items.size() < static_cast<std::size_t>(per_slice_)) {
        finish(tx, head, OperationState::undone);
        return Slice::finished;
    }
    tx.changed({head.viewer.corp, "operations", head.id.value, "progress"});
    return Slice::more;
}

void OperationRunner::finish(Transaction& tx, const Head& head, OperationState state) {
    tx.execute(
        "UPDATE operation SET state = ?, finished_ms = ? WHERE corp_id = ? AND id = ?",
        {state, clock_.now(), head.viewer.corp, head.id}
    );
    tx.changed({head.viewer.corp, "operations", head.id.value, std::string_view(to_string(state))});
}

}  // namespace leadbridge::crm
