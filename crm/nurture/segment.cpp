#include "crm/nurture/segment.h"

#include "crm/nurture/push_ledger.h"
#include "crm/staff/audit.h"
#include "crm/staff/query.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {

namespace {

constexpr std::size_t max_name_bytes = 100;
constexpr int sample_size = 20;

constexpr std::string_view columns =
    "SELECT id, corp_id, name, body, version, created_ms, updated_ms FROM segment ";

Segment segment_of(const Row& row) {
    return Segment{
        row.id<SegmentId>(0),
        row.id<CorpId>(1),
        row.str(2),
        row.str(3),
        row.integer(4),
        row.integer(5),
        row.integer(6)};
}

Status check_name(Snapshot& s, CorpId corp, SegmentId self, std::string_view name) {
    if (name.empty() || name.size() > max_name_bytes) {
        return Error{ErrorCode::rule_broken, "name: expected 1 to 100 bytes", "name"};
    }
    if (s.exists(
            "SELECT 1 FROM segment WHERE corp_id = ? AND name = ? AND id <> ?", {corp, name, self}
        )) {
        return Error{ErrorCode::conflict, "a segment of this name exists", "segment_name_taken"};
    }
    return {};
}

// The canonical text of a condition that may stand in segment `self`.
Result<std::string> check_condition(
    Snapshot& s, CorpId corp, SegmentId self, std::string_view json
) {
    Result<Condition> parsed = parse_condition(json);
    if (!parsed) {
        return parsed.error();
    }
    if (Result<Condition> whole = expand_condition(s, corp, *parsed, self); !whole) {
        return whole.error();
    }
    return condition_text(*parsed);
}

Error unknown_segment() {
    return Error{ErrorCode::not_found, "no such segment"};
}

Status check_version(const Segment& segment, std::optional<std::int64_t> if_version) {
    if (if_version && *if_version != segment.version) {
        return Error{ErrorCode::stale, "the segment was changed meanwhile: read it again"};
    }
    return {};
}

}  // namespace

Result<Segment> SegmentStore::create(
    Transaction& tx, const Viewer& viewer, const SegmentEdit& edit
) {
    if (!edit.condition) {
        return Error{ErrorCode::rule_broken, "condition: required", "condition"};
    }
    if (Status s = check_name(tx, viewer.corp, {}, edit.name.value_or("")); !s) {
        return s.error();
    }
    Result<std::string> body = check_condition(tx, viewer.corp, {}, *edit.condition);
    if (!body) {
        return body.error();
    }
    const UnixMillis now = clock_.now();
    Segment segment{ids_.next_as<SegmentId>(), viewer.corp, *edit.name, *body, 1, now, now};
    tx.execute(
        "INSERT INTO segment (id, corp_id, name, body, version, created_ms, updated_ms) VALUES (?, "
        "?, ?, ?, 1, ?, ?)",
        {segment.id, segment.corp, segment.name, segment.condition, now, now}
    );
    record_audit(
        tx,
        {clock_, ids_},
        viewer,
        {.action = "segment.create",
         .object = "segment",
         .object_id = segment.id.value,
         .after = segment.condition}
    );
    tx.changed({.corp = viewer.corp, .topic = "segment", .id = segment.id.value, .kind = "created"}
    );
    return segment;
}

Result<Segment> SegmentStore::update(
    Transaction& tx,
    const Viewer& viewer,
    SegmentId id,
    const SegmentEdit& edit,
    std::optional<std::int64_t> if_version
) {
    std::optional<Segment> segment = find(tx, viewer, id);
    if (!segment) {
        return unknown_segment();
    }
    if (Status s = check_version(*segment, if_version); !s) {
        return s.error();
    }
    const std::string before = segment->condition;
    if (edit.name) {
        if (Status s = check_name(tx, viewer.corp, id, *edit.name); !s) {
            return s.error();
        }
        segment->name = *edit.name;
    }
    if (edit.condition) {
        Result<std::string> body = check_condition(tx, viewer.corp, id, *edit.condition);
        if (!body) {
            return body.error();
        }
        segment->condition = *body;
    }
    segment->updated_ms = clock_.now();
    ++segment->version;
    tx.execute(
        "UPDATE segment SET name = ?, body = ?, version = ?, updated_ms = ? WHERE corp_id = ? AND "
        "id = ?",
        {segment->name, segment->condition, segment->version, segment->updated_ms, viewer.corp, id}
    );
    record_audit(
        tx,
        {clock_, ids_},
        viewer,
        {.action = "segment.update",
         .object = "segment",
         .object_id = id.value,
         .before = before,
         .after = segment->condition}
    );
    tx.changed({.corp = viewer.corp, .topic = "segment", .id = id.value, .kind = "updated"});
    return *segment;
}

Status SegmentStore::remove(
    Transaction& tx, const Viewer& viewer, SegmentId id, std::optional<std::int64_t> if_version
) {
    std::optional<Segment> segment = find(tx, viewer, id);
    if (!segment) {
        return unknown_segment();
    }
    if (Status s = check_version(*segment, if_version); !s) {
        return s;
    }
    // Canonical JSON has no spaces: the term can be found as text.
    const std::string term = "%{\"segment\":\"" + id.str() + "\"}%";
    if (tx.exists("SELECT 1 FROM segment WHERE corp_id = ? AND body LIKE ?", {viewer.corp, term})) {
        return Error{ErrorCode::conflict, "another segment names it", "segment_in_use"};
    }
    if (tx.exists(
            "SELECT 1 FROM push WHERE corp_id = ? AND status IN (?, ?, ?) AND (segment_id = ? OR "
            "body LIKE ?)",
            {viewer.corp, PushStatus::draft, PushStatus::scheduled, PushStatus::planning, id, term}
        )) {
        return Error{
            ErrorCode::conflict, "a push that is not yet planned names it", "segment_in_use"};
    }
    tx.execute("DELETE FROM segment WHERE corp_id = ? AND id = ?", {viewer.corp, id});
    record_audit(
        tx,
        {clock_, ids_},
        viewer,
        {.action = "segment.remove",
         .object = "segment",
         .object_id = id.value,
         .before = segment->condition}
    );
    tx.changed({.corp = viewer.corp, .topic = "segment", .id = id.value, .kind = "deleted"});
    return {};
}

std::optional<Segment> SegmentStore::find(Snapshot& s, const Viewer& viewer, SegmentId id) {
    return s.one(
        std::string(columns) + "WHERE corp_id = ? AND id = ?", {viewer.corp, id}, segment_of
    );
}

PageOf<Segment> SegmentStore::list(Snapshot& s, const Viewer& viewer, const Page& page) {
    Query query("SELECT id, corp_id, name, body, version, created_ms, updated_ms FROM segment");
    query.where("corp_id = ?", {viewer.corp});
    return page_of(s, query, "id", page, segment_of, [](const Segment& segment) {
        return segment.id.value;
    });
}

Result<std::int64_t> SegmentStore::count(
    Database& core, const Viewer& viewer, const Condition& expanded
) const {
    const Clause visible = contact_clause(viewer, "c.id", "c.owner");
    if (visible.sql.empty()) {
        return static_cast<std::int64_t>(bitmaps_.count(viewer.corp, expanded));
    }
    SqlText sql;
    sql.add("SELECT COUNT(*) FROM contact c WHERE c.corp_id = ? AND c.merged_into = 0 AND ")
        .bind(viewer.corp.value);
    append_condition(sql, expanded, clock_.now());
    sql.add(" AND ").add(visible.sql);
    for (std::int64_t param : visible.params) {
        sql.bind(param);
    }
    return core.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
        return s.one(
                    sql.sql(), sql.params(), [](const Row& row) { return row.integer(0); }
        ).value_or(0);
    });
}

Result<SegmentPreview> SegmentStore::preview(
    Database& core, const Viewer& viewer, std::string_view condition_json
) const {
    Result<Condition> condition = core.read<Condition>([&](Snapshot& s) -> Result<Condition> {
        return read_condition(s, viewer.corp, condition_json);
    });
    if (!condition) {
        return condition.error();
    }
    Result<std::int64_t> n = count(core, viewer, *condition);
    if (!n) {
        return n.error();
    }
    SegmentPreview out{*n, {}};
    Result<PageOf<Contact>> sample =
        core.read<PageOf<Contact>>([&](Snapshot& s) -> Result<PageOf<Contact>> {
            return contacts_where(s, viewer, *condition, Page{0, sample_size}, clock_.now());
        });
    if (!sample) {
        return sample.error();
    }
    out.sample = std::move(sample->items);
    return out;
}

}  // namespace leadbridge::crm
