#include "crm/staff/source.h"

#include <stdexcept>

#include "base/json.h"
#include "base/utf8.h"
#include "crm/staff/audit.h"
#include "crm/staff/list_text.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view source_columns =
    "SELECT s.id, s.corp_id, s.name, s.kind, s.auth_sealed, s.map, s.tag_ids, s.owner_userid, "
    "s.enabled, s.ack, "
    "s.version, s.created_ms FROM source s";

std::string auth_place(SourceId id) {
    return "source:" + id.str() + ":auth";
}

Source read_source(Vault& vault, const Row& row) {
    Source out;
    out.id = row.id<SourceId>(0);
    out.corp = row.id<CorpId>(1);
    out.name = row.str(2);
    out.kind = row.str(3);
    Result<std::string> auth = vault.open(out.corp, row.blob(4), auth_place(out.id));
    if (!auth) {
        throw std::runtime_error(
            "source " + out.id.str() + ": its auth does not open: " + auth.error().message
        );
    }
    out.auth = Secret(std::move(*auth));
    out.map = row.str(5);
    out.tag_ids = text_ids(row.text(6));
    out.owner_userid = row.str(7);
    out.enabled = row.flag(8);
    out.ack = row.str(9);
    out.version = row.integer(10);
    out.created_ms = row.integer(11);
    return out;
}

Error bad(std::string_view field, std::string_view why) {
    return Error{
        ErrorCode::invalid, std::string(field) + ": " + std::string(why), std::string(field)};
}

Status check_object(std::string_view field, std::string_view text) {
    const Result<json::value> value = parse_json(text);
    return value && value->is_object() ? Status{} : Status{bad(field, "must be a JSON object")};
}

Status check_source(Transaction& tx, CorpId corp, const Source& source) {
    if (source.name.empty() || source.name.size() > 200 || !is_utf8(source.name)) {
        return bad("name", "must be 1..200 bytes of UTF-8");
    }
    if (source.kind.empty() || source.kind.size() > 40) {
        return bad("kind", "must be 1..40 characters");
    }
    if (!source.auth.empty()) {
        if (Status ok = check_object("auth", source.auth.reveal()); !ok) {
            return ok;
        }
    }
    if (Status ok = check_object("map", source.map); !ok) {
        return ok;
    }
    if (source.ack.size() > 4'096) {
        return bad("ack", "must be at most 4096 bytes");
    }
    if (source.tag_ids.size() > 100) {
        return bad("tags", "must be at most 100");
    }
    for (const std::int64_t tag : source.tag_ids) {
        if (!tx.exists(
                "SELECT 1 FROM tag WHERE corp_id = ? AND id = ? AND deleted_ms = 0", {corp, tag}
            )) {
            return bad("tags", "names a tag that does not exist: " + std::to_string(tag));
        }
    }
    return {};
}

// For the audit log: everything but the secret part.
std::string shown(const Source& source) {
    return object_text(
        {{"name", source.name},
         {"kind", source.kind},
         {"map", source.map},
         {"owner", source.owner_userid},
         {"enabled", source.enabled ? "true" : "false"}}
    );
}

}  // namespace

Result<SourceId> SourceStore::create(Transaction& tx, const Viewer& viewer, const Source& source) {
    if (Status ok = check_source(tx, viewer.corp, source); !ok) {
        return ok.error();
    }
    const auto id = ids_.next_as<SourceId>();
    const std::string_view auth =
        source.auth.empty() ? std::string_view("{}") : source.auth.reveal();
    const std::string sealed = vault_.seal(viewer.corp, auth, auth_place(id));
    const std::string tags = ids_text(source.tag_ids);
    tx.execute(
        "INSERT INTO source(id, corp_id, name, kind, auth_sealed, map, tag_ids, owner_userid, "
        "enabled, ack, version, "
        "created_ms) VALUES(?,?,?,?,?,?,?,?,?,?,1,?)",
        {id,
         viewer.corp,
         source.name,
         source.kind,
         Blob{sealed},
         source.map,
         tags,
         source.owner_userid,
         source.enabled,
         source.ack,
         clock_.now()}
    );
    record_audit(
        tx, {clock_, ids_}, viewer, {"source.create", "source", id.value, {}, shown(source)}
    );
    tx.changed({viewer.corp, "source", id.value, "created"});
    return id;
}

Status SourceStore::update(
    Transaction& tx,
    const Viewer& viewer,
    const Source& source,
    std::optional<std::int64_t> if_version
) {
    const auto old = find(tx, viewer, source.id);
    if (!old) {
        return Error{ErrorCode::not_found, "there is no such source"};
    }
    if (if_version && *if_version != old->version) {
        return Error{ErrorCode::stale, "the source was changed since it was read; read it again"};
    }
    if (Status ok = check_source(tx, viewer.corp, source); !ok) {
        return ok;
    }
    const Secret& auth = source.auth.empty() ? old->auth : source.auth;
    const std::string sealed = vault_.seal(viewer.corp, auth.reveal(), auth_place(source.id));
    const std::string tags = ids_text(source.tag_ids);
    tx.execute(
        "UPDATE source SET name = ?, kind = ?, auth_sealed = ?, map = ?, tag_ids = ?, owner_userid "
        "= ?, enabled = ?, "
        "ack = ?, version = version + 1 WHERE corp_id = ? AND id = ?",
        {source.name,
         source.kind,
         Blob{sealed},
         source.map,
         tags,
         source.owner_userid,
         source.enabled,
         source.ack,
         viewer.corp,
         source.id}
    );
    record_audit(
        tx,
        {clock_, ids_},
        viewer,
        {"source.update", "source", source.id.value, shown(*old), shown(source)}
    );
    tx.changed({viewer.corp, "source", source.id.value, "updated"});
    return {};
}

Status SourceStore::remove(Transaction& tx, const Viewer& viewer, SourceId id) {
    const auto old = find(tx, viewer, id);
    if (!old) {
        return Error{ErrorCode::not_found, "there is no such source"};
    }
    tx.execute("DELETE FROM source WHERE corp_id = ? AND id = ?", {viewer.corp, id});
    record_audit(
        tx, {clock_, ids_}, viewer, {"source.remove", "source", id.value, shown(*old), {}}
    );
    tx.changed({viewer.corp, "source", id.value, "deleted"});
    return {};
}

std::optional<Source> SourceStore::find(Snapshot& s, const Viewer& viewer, SourceId id) const {
    return Query(source_columns)
        .where("s.corp_id = ? AND s.id = ?", {viewer.corp, id})
        .one(s, [&](const Row& row) { return read_source(vault_, row); });
}

PageOf<Source> SourceStore::list(Snapshot& s, const Viewer& viewer, const Page& page) const {
    Query query(source_columns);
    query.where("s.corp_id = ?", {viewer.corp});
    return page_of(
        s,
        query,
        "s.id",
        page,
        [&](const Row& row) { return read_source(vault_, row); },
        [](const Source& source) { return source.id.value; }
    );
}

std::vector<Source> SourceStore::all(Snapshot& s) const {
    return s.all(std::string(source_columns) + " ORDER BY s.id", {}, [&](const Row& row) {
        return read_source(vault_, row);
    });
}

}  // namespace leadbridge::crm
