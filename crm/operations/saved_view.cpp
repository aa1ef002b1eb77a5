#include "crm/operations/saved_view.h"

#include "crm/staff/audit.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {

namespace {

constexpr std::size_t longest_page = 40;
constexpr std::size_t longest_name = 60;
constexpr std::size_t longest_body = 16 << 10;
constexpr int most_listed = 500;

constexpr std::string_view columns =
    "SELECT v.id, v.page, v.name, v.body, v.shared, v.actor, v.version, v.created_ms, v.updated_ms "
    "FROM saved_view v";

SavedView read(const Row& row) {
    SavedView v;
    v.id = row.id<SavedViewId>(0);
    v.page = row.str(1);
    v.name = row.str(2);
    v.body = row.str(3);
    v.shared = row.flag(4);
    v.actor = row.str(5);
    v.version = row.integer(6);
    v.created_ms = row.integer(7);
    v.updated_ms = row.integer(8);
    return v;
}

Error field(std::string_view name, std::string_view what) {
    return Error{ErrorCode::rule_broken, std::string(name) + ": " + std::string(what), "bad_field"};
}

void narrow(Query& query, const Viewer& viewer) {
    query.where("v.corp_id = ?", {viewer.corp})
        .where("(v.shared = 1 OR v.actor = ?)", {std::string_view(viewer.actor)});
}

void tell(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    std::string_view action,
    SavedViewId id,
    std::string_view before,
    std::string_view after
) {
    record_audit(
        tx,
        {services.clock, services.ids},
        viewer,
        {.action = action,
         .object = "view",
         .object_id = id.value,
         .before = before,
         .after = after}
    );
}

}  // namespace

Status SavedViewStore::check(Snapshot& s, const Viewer& viewer, const SavedView& view) const {
    if (view.page.empty() || view.page.size() > longest_page) {
        return field("page", "must be 1 to 40 bytes");
    }
    if (view.name.empty() || view.name.size() > longest_name) {
        return field("name", "must be 1 to 60 bytes");
    }
    if (view.body.empty() || view.body.size() > longest_body) {
        return field("body", "must be an object of at most 16 kB");
    }
    if (s.exists(
            "SELECT 1 FROM saved_view WHERE corp_id = ? AND actor = ? AND page = ? AND name = ? "
            "AND id <> ?",
            {viewer.corp, view.actor, view.page, view.name, view.id}
        )) {
        return Error{
            ErrorCode::conflict, "you keep a view of this name already", "view_name_taken"};
    }
    return {};
}

Result<SavedView> SavedViewStore::create(
    Transaction& tx, const Viewer& viewer, const SavedViewEdit& edit
) {
    const UnixMillis now = services_.clock.now();
    SavedView view;
    view.id = services_.ids.next_as<SavedViewId>();
    view.page = edit.page.value_or("");
    view.name = edit.name.value_or("");
    view.body = edit.body.value_or("");
    view.shared = edit.shared.value_or(false);
    view.actor = viewer.actor;
    view.version = 1;
    view.created_ms = view.updated_ms = now;
    if (Status ok = check(tx, viewer, view); !ok) {
        return std::move(ok).error();
    }
    tx.execute(
        "INSERT INTO saved_view(id, corp_id, page, name, body, shared, actor, version, created_ms, "
        "updated_ms) VALUES(?,?,?,?,?,?,?,1,?,?)",
        {view.id, viewer.corp, view.page, view.name, view.body, view.shared, view.actor, now, now}
    );
    tell(tx, services_, viewer, "view.create", view.id, {}, view.body);
    return view;
}

Result<SavedView> SavedViewStore::update(
    Transaction& tx,
    const Viewer& viewer,
    SavedViewId id,
    const SavedViewEdit& edit,
    std::int64_t if_version
) {
    auto view = find(tx, viewer, id);
    if (!view) {
        return Error{ErrorCode::not_found, "no such view", "view_unknown"};
    }
    if (view->actor != viewer.actor) {
        return Error{ErrorCode::forbidden, "only who made a view may change it", "view_of_another"};
    }
    if (view->version != if_version) {
        return Error{ErrorCode::stale, "the view was changed since it was read", "stale"};
    }
    if (edit.page && *edit.page != view->page) {
        return field("page", "cannot change");
    }
    const std::string before = view->body;
    view->name = edit.name.value_or(view->name);
    view->body = edit.body.value_or(view->body);
    view->shared = edit.shared.value_or(view->shared);
    if (Status ok = check(tx, viewer, *view); !ok) {
        return std::move(ok).error();
    }
    view->version += 1;
    view->updated_ms = services_.clock.now();
    tx.execute(
        "UPDATE saved_view SET name = ?, body = ?, shared = ?, version = ?, updated_ms = ? WHERE "
        "corp_id = ? AND id = ?",
        {view->name, view->body, view->shared, view->version, view->updated_ms, viewer.corp, id}
    );
    tell(tx, services_, viewer, "view.update", id, before, view->body);
    return *view;
}

Status SavedViewStore::remove(Transaction& tx, const Viewer& viewer, SavedViewId id) {
    const auto view = find(tx, viewer, id);
    if (!view) {
        return Error{ErrorCode::not_found, "no such view", "view_unknown"};
    }
    if (view->actor != viewer.actor) {
        return Error{ErrorCode::forbidden, "only who made a view may remove it", "view_of_another"};
    }
    tx.execute("DELETE FROM saved_view WHERE corp_id = ? AND id = ?", {viewer.corp, id});
    tell(tx, services_, viewer, "view.remove", id, view->body, {});
    return {};
}

std::optional<SavedView> SavedViewStore::find(Snapshot& s, const Viewer& viewer, SavedViewId id) {
    Query query(columns);
    narrow(query, viewer);
    return query.where("v.id = ?", {id}).one(s, read);
}

std::vector<SavedView> SavedViewStore::list(
    Snapshot& s, const Viewer& viewer, std::string_view page
) {
    Query query(columns);
    narrow(query, viewer);
    if (!page.empty()) {
        query.where("v.page = ?", {page});
    }
    return query.then(" ORDER BY v.name, v.id LIMIT ?", {most_listed}).all(s, read);
}

}  // namespace leadbridge::crm
