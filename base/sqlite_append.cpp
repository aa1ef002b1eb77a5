// The batched path: a row, its dedupe key, and what a taken key means (docs/storage.md, section 4).

#include "base/log.h"
#include "base/sqlite_writer.h"

namespace leadbridge {

namespace {

std::string_view bytes_of(const OwnedValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) {
        return *text;
    }
    if (const auto* blob = std::get_if<std::vector<char>>(&value)) {
        return {blob->data(), blob->size()};
    }
    return {};
}

struct ToParam {
    Param operator()(std::nullptr_t) const { return nullptr; }

    Param operator()(std::int64_t v) const { return v; }

    Param operator()(double v) const { return v; }

    Param operator()(const std::string& v) const { return v; }

    Param operator()(const std::vector<char>& v) const { return Blob{{v.data(), v.size()}}; }
};

std::vector<Param> params_of(const std::vector<OwnedValue>& values) {
    std::vector<Param> params;
    params.reserve(values.size());
    for (const auto& value : values) {
        params.push_back(std::visit(ToParam{}, value));
    }
    return params;
}

const OwnedValue& at(const AppendRow& row, int column) {
    return row.values.at(static_cast<std::size_t>(column));
}

enum class SameBody { yes, no };

// Nothing under that key any more (deleted in the meantime) counts as another body.
SameBody compare_body(SqliteConnection& connection, const AppendRow& row) {
    const Param key[] = {
        std::visit(ToParam{}, at(row, row.table->corp_column)),
        std::visit(ToParam{}, at(row, row.table->key_column))};
    SameBody same = SameBody::no;
    connection.each(row.table->select_body, key, [&](const Row& found) {
        same = found.blob(0) == bytes_of(at(row, row.table->body_column)) ? SameBody::yes
                                                                          : SameBody::no;
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
    if (connection_->execute(row.table->insert, params_of(row.values)) > 0) {
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
        if (connection_->execute(row.table->insert, params_of(row.values)) > 0) {
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
    const auto* corp = std::get_if<std::int64_t>(&at(row, row.table->corp_column));
    const auto* id = std::get_if<std::int64_t>(&at(row, 0));
    if (corp == nullptr || id == nullptr) {
        throw DatabaseError("a row with a change must have an integer id first and an integer corp"
        );
    }
    SqliteTransaction tx(*connection_, clock_, last_change_);
    tx.changed({CorpId{*corp}, row.change->first, *id, row.change->second});
}

}  // namespace leadbridge
