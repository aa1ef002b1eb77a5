// The batched path: a row, its dedupe key, and what a taken key means (docs/storage.md, section 4).

#include "base/append_row.h"
#include "base/log.h"
#include "base/sqlite_writer.h"

namespace leadbridge {

namespace {

enum class SameBody { yes, no };

// Nothing under that key any more (deleted in the meantime) counts as another body.
SameBody compare_body(SqliteConnection& connection, const AppendRow& row) {
    SameBody same = SameBody::no;
    connection.each(row.table->select_body, key_of(row), [&](const Row& found) {
        same = found.blob(0) == body_of(row) ? SameBody::yes : SameBody::no;
        return Visit::stop;
    });
    return same;
}

}  // namespace

AppendOutcome SqliteWriter::store(WaitingAppend& append) {
    try {
        return store_row(append);
    } catch (const StoreTrouble&) {
        throw;
    } catch (const DatabaseError& e) {
        if (!connection_->in_transaction()) {
            connection_->mark_troubled(e.what());
            throw;
        }
        // A failed statement undoes itself alone: the rest of the group goes on.
        log::error(
            "base", "a row was refused", {{"table", append.row.table->name}, {"error", e.what()}}
        );
        return AppendOutcome::failed;
    }
}

AppendOutcome SqliteWriter::store_row(WaitingAppend& append) {
    const AppendRow& row = append.row;
    if (connection_->execute(row.table->insert, params_of(row)) > 0) {
        stored(append);
        return AppendOutcome::stored;
    }
    if (row.table->select_body.empty() || compare_body(*connection_, row) == SameBody::yes) {
        return AppendOutcome::duplicate;
    }
    return settle_conflict(append);
}

AppendOutcome SqliteWriter::settle_conflict(WaitingAppend& append) {
    AppendRow& row = append.row;
    const auto key_column = static_cast<std::size_t>(row.table->key_column);
    for (int attempt = 0; row.other_key && attempt < 2; ++attempt) {
        row.values.at(key_column) = row.other_key(attempt);
        if (connection_->execute(row.table->insert, params_of(row)) > 0) {
            stored(append);
            return AppendOutcome::stored_anew;
        }
        // The key made from the text is the same for a repeat: then the row is here already.
        if (compare_body(*connection_, row) == SameBody::yes) {
            return AppendOutcome::duplicate;
        }
    }
    log::error(
        "base",
        "a row met a taken key with another body and had no other key",
        {{"table", row.table->name}}
    );
    return AppendOutcome::failed;
}

void SqliteWriter::stored(const WaitingAppend& append) {
    const AppendRow& row = append.row;
    if (!row.change) {
        return;
    }
    const ChangedRow changed = changed_row(row);
    SqliteTransaction tx(*connection_, clock_, last_change_);
    tx.changed({changed.corp, row.change->first, changed.id, row.change->second});
}

}  // namespace leadbridge
