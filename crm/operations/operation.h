#pragma once
// Operations: bulk work a person started on contacts. queued -> running -> done; cancelled from
// either; done or cancelled -> undoing -> undone. One operation is one undo.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/database.h"
#include "base/job_queue.h"
#include "base/result.h"
#include "crm/contacts/contact.h"
#include "crm/nurture/ord_set.h"
#include "crm/staff/page.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

using OperationId = Id<struct OperationTag>;

std::span<const Migration> operations_migrations();

enum class OperationKind : std::uint8_t { tag_add = 1, tag_remove = 2, assign = 3, give_back = 4 };
std::string_view to_string(OperationKind kind) noexcept;  // the last is "return"
std::optional<OperationKind> parse_operation_kind(std::string_view text) noexcept;

enum class OperationState : std::uint8_t {
    queued = 0,
    running = 1,
    done = 2,
    cancelled = 3,
    undoing = 4,
    undone = 5
};
std::string_view to_string(OperationState state) noexcept;

struct BulkAction {
    OperationKind kind = OperationKind::tag_add;
    std::vector<TagId> tags = {};  // tag_add, tag_remove: 1..20
    MemberId owner = {};           // assign
    std::string reason = {};       // return: 1..200 characters
};

std::string action_text(const BulkAction& action);  // JSON, as the API shows it
Result<BulkAction> parse_action(std::string_view text);

struct Operation {
    OperationId id;
    CorpId corp;
    std::string action;  // JSON
    OperationState state = OperationState::queued;
    std::string actor;
    std::int64_t total = 0;
    std::int64_t done = 0;  // looked at so far
    std::int64_t changed = 0;
    std::int64_t failed = 0;  // the rest of done was as wanted before
    std::int64_t undone = 0;
    std::int64_t undo_failed = 0;
    UnixMillis created_ms = 0;
    UnixMillis started_ms = 0;
    UnixMillis finished_ms = 0;
    std::vector<std::pair<std::string, std::int64_t>> failures;  // by reason, most frequent first

    bool undoable() const noexcept {
        return (state == OperationState::done || state == OperationState::cancelled) && changed > 0;
    }
};

struct OperationFailure {
    ContactId contact;
    std::string contact_name;
    std::string reason;
    std::string detail;
};

struct FailurePage {  // by contact id, ascending
    std::vector<OperationFailure> items;
    ContactId next;  // 0 = there is none
};

// The contacts an operation acts on, fixed.
struct BulkTarget {
    OrdSet contacts;
    std::string question;  // JSON, for people
};

class OperationStore {
public:
    explicit OperationStore(const CrmServices& services) : services_(services) {}

    // Error{rule_broken} naming the field for an action that cannot be. Audited.
    Result<Operation> start(
        Transaction& tx, const Viewer& viewer, const BulkAction& action, const BulkTarget& target
    );
    // What is done stays. Error{conflict} "operation_state" unless queued or running.
    Result<Operation> cancel(Transaction& tx, const Viewer& viewer, OperationId id);
    // Error{conflict} "operation_state" unless undoable.
    Result<Operation> undo(Transaction& tx, const Viewer& viewer, OperationId id);

    // A viewer whose scope is not all sees its own operations only.
    static std::optional<Operation> find(Snapshot& s, const Viewer& viewer, OperationId id);
    static PageOf<Operation> list(Snapshot& s, const Viewer& viewer, const Page& page);
    static FailurePage failures(
        Snapshot& s,
        const Viewer& viewer,
        OperationId id,
        std::string_view reason,
        ContactId after,
        int limit
    );

private:
    Status change(
        Transaction& tx, const Viewer& viewer, const Operation& operation, OperationState to
    );
    CrmServices services_;
};

// The job of an operation: do and undo.
struct RunOperation {
    static constexpr std::string_view queue = "crm.operation";
};

}  // namespace leadbridge::crm
