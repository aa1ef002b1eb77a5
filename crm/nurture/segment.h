#pragma once
// Segments (人群): named conditions over the contacts of a corp. Who may see which contacts narrows
// every count and sample by the Viewer; the segments themselves are seen by everyone of the corp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/result.h"
#include "crm/contacts/contact.h"
#include "crm/nurture/condition.h"
#include "crm/nurture/condition_sql.h"
#include "crm/nurture/tag_bitmaps.h"
#include "crm/staff/page.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

using SegmentId = Id<struct SegmentTag>;

struct Segment {
    SegmentId id;
    CorpId corp;
    std::string name;
    std::string condition;  // canonical JSON
    std::int64_t version = 0;
    UnixMillis created_ms = 0;
    UnixMillis updated_ms = 0;
};

struct SegmentEdit {                       // create needs both; PATCH: absent = unchanged
    std::optional<std::string> name;       // 1..100 bytes
    std::optional<std::string> condition;  // JSON
};

struct SegmentPreview {
    std::int64_t count = 0;
    std::vector<Contact> sample;  // the newest, at most 20
};

// Puts the conditions of the named segments in the place of their terms, and living tags in the
// place of merged ones. Error{rule_broken} for a segment that does not exist, that contains itself,
// or when the whole grows beyond 400 terms. `inside`: the segment being saved, which must not be
// named.
Result<Condition> expand_condition(
    Snapshot& s, CorpId corp, const Condition& condition, SegmentId inside = {}
);

// Parses, validates and expands in one step.
Result<Condition> read_condition(Snapshot& s, CorpId corp, std::string_view json);

// Contacts for which an expanded condition holds, newest first, narrowed by the viewer. A rare tag
// that must hold leads the query.
PageOf<Contact> contacts_where(
    Snapshot& s, const Viewer& viewer, const Condition& expanded, const Page& page, UnixMillis now
);

class SegmentStore {
public:
    SegmentStore(TagBitmaps& bitmaps, const Clock& clock, IdSource& ids)
        : bitmaps_(bitmaps), clock_(clock), ids_(ids) {}

    // Error{conflict} "segment_name_taken"; condition errors as parse_condition gives them.
    // Audited.
    Result<Segment> create(Transaction& tx, const Viewer& viewer, const SegmentEdit& edit);
    Result<Segment> update(
        Transaction& tx,
        const Viewer& viewer,
        SegmentId id,
        const SegmentEdit& edit,
        std::optional<std::int64_t> if_version
    );
    // Error{conflict} while another segment or an unfinished push names it.
    Status remove(
        Transaction& tx, const Viewer& viewer, SegmentId id, std::optional<std::int64_t> if_version
    );

    static std::optional<Segment> find(Snapshot& s, const Viewer& viewer, SegmentId id);
    static PageOf<Segment> list(Snapshot& s, const Viewer& viewer, const Page& page);

    // Count by bitmaps (scope all) or SQL, sample by SQL. Opens its own reads on the database of
    // the bitmaps.
    Result<SegmentPreview> preview(
        Database& core, const Viewer& viewer, std::string_view condition_json
    ) const;
    Result<std::int64_t> count(Database& core, const Viewer& viewer, const Condition& expanded)
        const;

private:
    TagBitmaps& bitmaps_;
    const Clock& clock_;
    IdSource& ids_;
};

}  // namespace leadbridge::crm
