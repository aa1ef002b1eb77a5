#pragma once
// Pushes (群发): one message to a segment. draft -> scheduled -> planning -> sending -> done;
// cancelled from any of them but done. Content and condition are frozen at submit; who gets it is
// decided when it is planned (push_planner.h) and then kept in the ledger (push_ledger.h).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/result.h"
#include "crm/contacts/contact.h"
#include "crm/contacts/content.h"
#include "crm/nurture/push_ledger.h"
#include "crm/nurture/segment.h"
#include "crm/staff/page.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

struct Push {
    PushId id;
    CorpId corp;
    std::string name;
    PushStatus status = PushStatus::draft;
    SegmentId segment;  // 0 = its own condition
    std::string
        condition;  // JSON; of a segment: "" in a draft, what the segment said once submitted
    MessageContent content;
    UnixMillis schedule_ms = 0;  // 0 = at submit
    std::int64_t version = 0;    // ETag
    UnixMillis created_ms = 0;
    UnixMillis updated_ms = 0;
    UnixMillis submitted_ms = 0;
    UnixMillis finished_ms = 0;
    std::string created_by;  // actor
};

struct PushEdit {  // create: name, content and one of segment and condition; PATCH of a draft:
                   // absent = unchanged
    std::optional<std::string> name;
    std::optional<SegmentId> segment;      // clears the condition
    std::optional<std::string> condition;  // clears the segment
    std::optional<MessageContent> content;
    std::optional<UnixMillis> schedule_ms;  // 0 = at submit
};

// The figures of PushCounts; excluded: whatever the reason.
enum class RecipientCount : std::uint8_t {
    planned,
    pending,
    unknown,
    waiting,
    delivered,
    not_friend,
    capped,
    rejected,
    cancelled,
    excluded
};
std::string_view to_string(RecipientCount count) noexcept;

struct RecipientFilter {
    std::optional<RecipientState> state = {};
    std::optional<Outcome> outcome = {};
    std::string reason = {};                     // exclusion, "" = any
    std::optional<RecipientCount> counted = {};  // those that this figure counts
};

struct PushRecipient {
    ContactId contact;
    std::string contact_name;
    RecipientState state = RecipientState::planned;
    Outcome outcome = Outcome::none;
    std::string reason;  // exclusion; "" = not excluded
    MemberId sender;     // 0 when excluded
    std::string sender_userid;
    BatchId batch;
    std::string msgid;
    std::string error;  // errcode of a rejected one, "fail_list", "not_in_task" or ""
    UnixMillis outcome_ms = 0;
};

struct RecipientPage {  // by contact id, ascending
    std::vector<PushRecipient> items;
    ContactId next;  // `after` of the next page; 0 = there is none
};

class PushStore {
public:
    explicit PushStore(const CrmServices& services) : services_(services) {}

    // Errors: rule_broken with the field as reason, conflict ("push_state") for what the status
    // does not allow, stale, not_found. Audited.
    Result<Push> create(Transaction& tx, const Viewer& viewer, const PushEdit& edit);
    Result<Push> update(
        Transaction& tx,
        const Viewer& viewer,
        PushId id,
        const PushEdit& edit,
        std::optional<std::int64_t> if_version
    );
    // Freezes content and condition and enqueues the planning, at once or at its time. The audience
    // is narrowed to what the viewer sees. Submitting twice is a conflict.
    Result<Push> submit(
        Transaction& tx, const Viewer& viewer, PushId id, std::optional<std::int64_t> if_version
    );
    // Nothing more is handed over; tasks that members have not confirmed are cancelled upstream.
    // Again: no effect.
    Result<Push> cancel(Transaction& tx, const Viewer& viewer, PushId id);
    // Reminds the members who have not confirmed (WeCom: at most 3 times in 24 h). Conflict when
    // nobody waits.
    Status remind(Transaction& tx, const Viewer& viewer, PushId id);

    static std::optional<Push> find(Snapshot& s, const Viewer& viewer, PushId id);
    static PageOf<Push> list(
        Snapshot& s, const Viewer& viewer, std::optional<PushStatus> status, const Page& page
    );
    // limit 1..200.
    static RecipientPage recipients(
        Snapshot& s,
        const Viewer& viewer,
        PushId id,
        const RecipientFilter& filter,
        ContactId after,
        int limit
    );

private:
    CrmServices services_;
};

}  // namespace leadbridge::crm
