#include <array>

#include "crm/operations/operation.h"

namespace leadbridge::crm {

namespace {

// operation_item: one row per contact that was changed (1), failed (2), was put back (3) or could
// not be (4). `kept` is what was changed of it, for the undo.
constexpr std::string_view first = R"sql(
CREATE TABLE operation (
    id INTEGER PRIMARY KEY,
    corp_id INTEGER NOT NULL,
    action TEXT NOT NULL,
    question TEXT NOT NULL,
    contacts BLOB NOT NULL,
    state INTEGER NOT NULL,
    actor TEXT NOT NULL,
    viewer_member INTEGER NOT NULL,
    viewer_scope INTEGER NOT NULL,
    next_ord INTEGER NOT NULL,
    total INTEGER NOT NULL,
    done INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    undone INTEGER NOT NULL,
    undo_failed INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    finished_ms INTEGER NOT NULL
);
CREATE INDEX operation_page ON operation (corp_id, id);
CREATE INDEX operation_actor ON operation (corp_id, actor, id);
CREATE TABLE operation_item (
    corp_id INTEGER NOT NULL,
    operation_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    result INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    kept TEXT NOT NULL,
    PRIMARY KEY (corp_id, operation_id, contact_id)
);
CREATE INDEX operation_item_result ON operation_item (corp_id, operation_id, result, reason, contact_id);
CREATE TABLE saved_view (
    id INTEGER PRIMARY KEY,
    corp_id INTEGER NOT NULL,
    page TEXT NOT NULL,
    name TEXT NOT NULL,
    body TEXT NOT NULL,
    shared INTEGER NOT NULL,
    actor TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
);
CREATE UNIQUE INDEX saved_view_name ON saved_view (corp_id, actor, page, name);
CREATE INDEX saved_view_shared ON saved_view (corp_id, shared, page);
)sql";

constexpr std::array<Migration, 1> all{Migration{.number = 1, .sql = first}};

}  // namespace

std::span<const Migration> operations_migrations() {
    return all;
}

}  // namespace leadbridge::crm
