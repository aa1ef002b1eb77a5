// /api/v1/views: what people keep of a list

#include "crm/operations/saved_view.h"

#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/idempotency.h"

namespace leadbridge::gateway {

namespace {

json::object view_json(const crm::SavedView& view, const crm::Viewer& viewer) {
    auto body = parse_json(view.body);
    return json::object{
        {"id", view.id.str()},
        {"page", view.page},
        {"name", view.name},
        {"body", body ? std::move(*body) : json::value(json::object{})},
        {"shared", view.shared},
        {"mine", view.actor == viewer.actor},
        {"created", time_json(view.created_ms)},
        {"updated", time_json(view.updated_ms)}};
}

Result<crm::SavedViewEdit> edit_of(const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    crm::SavedViewEdit edit;
    edit.page = body->text_opt("page");
    edit.name = body->text_opt("name");
    edit.shared = body->flag_opt("shared");
    if (body->has("body")) {
        (void)body->object("body");  // says so when it is none
        edit.body = body->raw("body");
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    if (edit.shared.value_or(false) && !request.caller().may(crm::Permission::views_share)) {
        return Error{ErrorCode::forbidden, "your role may not share views", "permission_missing"};
    }
    return edit;
}

}  // namespace

Result<Response> list_views(const ApiServices& services, const ApiRequest& request) {
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return list_response(
            crm::SavedViewStore::list(s, request.viewer(), request.query("page")),
            [&](const crm::SavedView& view) { return view_json(view, request.viewer()); }
        );
    });
}

Result<Response> create_view(const ApiServices& services, const ApiRequest& request) {
    auto edit = edit_of(request);
    if (!edit) {
        return std::move(edit).error();
    }
    return write_once(
        services.core,
        services.clock,
        request,
        [&](Transaction& tx) -> Result<Response> {
            auto view = crm::SavedViewStore(services.crm()).create(tx, request.viewer(), *edit);
            if (!view) {
                return std::move(view).error();
            }
            return created_response(
                view_json(*view, request.viewer()), view->version, "/api/v1/views/" + view->id.str()
            );
        }
    );
}

Result<Response> patch_view(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::SavedViewId>();
    if (!id) {
        return std::move(id).error();
    }
    auto version = request.if_match();
    if (!version) {
        return std::move(version).error();
    }
    auto edit = edit_of(request);
    if (!edit) {
        return std::move(edit).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        auto view =
            crm::SavedViewStore(services.crm()).update(tx, request.viewer(), *id, *edit, *version);
        if (!view) {
            return std::move(view).error();
        }
        return object_response(view_json(*view, request.viewer()), view->version);
    });
}

Result<Response> delete_view(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::SavedViewId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        if (Status gone = crm::SavedViewStore(services.crm()).remove(tx, request.viewer(), *id);
            !gone) {
            return std::move(gone).error();
        }
        return no_content();
    });
}

}  // namespace leadbridge::gateway
