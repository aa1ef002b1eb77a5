#pragma once
// The timeline (互动轨迹): what happened to a contact, or to the corp (contact 0). Conditions read
// it, so kinds are stable words:
//   friend_added friend_lost friend_deleted friend_transferred friend_gone contact_edited
//   consent_given transfer_failed form_submitted messages_seen group_joined noted note lead_opened
//   lead_joined lead_assigned lead_claimed lead_returned lead_following lead_stage lead_converted
//   lead_invalid lead_restored tagged untagged merged push opted_out opted_in
// A chat is one messages_seen entry per conversation and UTC day, with its counts; the text stays
// in the archive.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {

struct TimelineEvent {
    std::int64_t id = 0;
    CorpId corp;
    ContactId contact;  // 0 = the corp's own
    LeadId lead;        // 0 = none
    MemberId member;    // the member it is about, 0 = none
    UnixMillis at = 0;  // when it happened
    std::string kind;
    std::string detail;  // small JSON object, "" = none
    std::string actor;   // "" = from outside
};

struct NewTimelineEvent {
    CorpId corp;
    ContactId contact;
    LeadId lead;
    MemberId member;
    UnixMillis at = 0;
    std::string_view kind;
    std::string_view detail = {};
    std::string_view actor = {};
    // Not empty: one entry per (corp, contact, ref); a second one replaces time, detail and lead of
    // the first.
    std::string_view ref = {};
};

std::int64_t add_event(Transaction& tx, IdSource& ids, const NewTimelineEvent& event);

// Of one contact, newest first. Cursor is the pair (at, id): events may arrive late.
struct TimelineCursor {
    UnixMillis at = 0;
    std::int64_t id = 0;
};

struct TimelinePage {
    std::vector<TimelineEvent> items;
    std::optional<TimelineCursor> next;
};

// The kinds of what people look for: friend, lead, chat, tag, note, form, push. Empty for another
// word.
std::span<const std::string_view> kinds_about(std::string_view what) noexcept;

// kinds: of these only, none = all; their texts live as long as the call.
TimelinePage timeline_of(
    Snapshot& s,
    const Viewer& viewer,
    ContactId contact,
    std::optional<TimelineCursor> before,
    int limit,
    std::span<const std::string_view> kinds = {}
);
// Of the whole corp, newest first by id (order of arrival); only what the viewer may see. after >
// 0: those newer than it, oldest first, for tailing.
PageOf<TimelineEvent> corp_events(Snapshot& s, const Viewer& viewer, const Page& page);
std::vector<TimelineEvent> corp_events_after(
    Snapshot& s, const Viewer& viewer, std::int64_t after, int limit
);

}  // namespace leadbridge::crm
