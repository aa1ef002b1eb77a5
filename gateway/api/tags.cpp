// /api/v1/tags

#include "crm/contacts/tag.h"

#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"

namespace leadbridge::gateway {

namespace {

Result<Response> tag_response(Snapshot& s, const ApiRequest& request, crm::TagId id) {
    return one_response(crm::TagStore::find(s, request.viewer(), id), "tag", tag_json);
}

Result<crm::NewTag> new_tag(const ApiRequest& request) {
    return read_body(request, [](Body& body) {
        crm::NewTag tag;
        tag.group = body.required("group");
        tag.name = body.required("name");
        tag.order = body.number("order");
        const std::string kind = body.text("kind", "internal");
        if (kind != "internal" && kind != "wecom") {
            body.fault("kind", "must be internal or wecom");
        }
        tag.kind = kind == "wecom" ? crm::TagKind::wecom : crm::TagKind::internal;
        return tag;
    });
}

Result<std::string> new_name(const ApiRequest& request) {
    return read_body(request, [](Body& body) { return body.required("name"); });
}

using Merge = std::pair<crm::TagId, crm::TagId>;  // from, into

Result<Merge> merge_of(const ApiRequest& request) {
    return read_body(request, [](Body& body) {
        return Merge{crm::TagId{body.id("from")}, crm::TagId{body.id("into")}};
    });
}

}  // namespace

Result<Response> list_tags(const ApiServices& services, const ApiRequest& request) {
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return list_response(crm::TagStore::list(s, request.viewer()), tag_json);
    });
}

Result<Response> get_tag(const ApiServices& services, const ApiRequest& request) {
    return read_one<crm::TagId>(services, request, [&](Snapshot& s, crm::TagId id) {
        return tag_response(s, request, id);
    });
}

Result<Response> create_tag(const ApiServices& services, const ApiRequest& request) {
    const auto make = [&](Transaction& tx, const crm::NewTag& tag) -> Result<Response> {
        auto id = crm::TagStore(services.crm()).create(tx, request.viewer(), tag);
        if (!id) {
            return std::move(id).error();
        }
        const auto made = crm::TagStore::find(tx, request.viewer(), *id);
        return made ? Result<Response>(created_response(
                          tag_json(*made), made->version, "/api/v1/tags/" + id->str()
                      ))
                    : Result<Response>(not_found("tag"));
    };
    return create_one(services, request, new_tag, make);
}

Result<Response> patch_tag(const ApiServices& services, const ApiRequest& request) {
    const auto rename = [&](Transaction& tx, Edited<crm::TagId> at, const std::string& name) {
        return after(
            crm::TagStore(services.crm()).rename(tx, request.viewer(), at.id, name, at.version),
            [&] { return tag_response(tx, request, at.id); }
        );
    };
    return edit_one<crm::TagId>(services, request, new_name, rename);
}

Result<Response> delete_tag(const ApiServices& services, const ApiRequest& request) {
    return remove_one<crm::TagId>(services, request, [&](Transaction& tx, Edited<crm::TagId> at) {
        Status same = still_at(crm::TagStore::find(tx, request.viewer(), at.id), at.version, "tag");
        return same ? crm::TagStore(services.crm()).remove(tx, request.viewer(), at.id) : same;
    });
}

Result<Response> merge_tags(const ApiServices& services, const ApiRequest& request) {
    const auto join = [&](Transaction& tx, const Merge& tags) {
        const auto [from, into] = tags;
        return after(crm::TagStore(services.crm()).merge(tx, request.viewer(), from, into), [&] {
            return tag_response(tx, request, tags.second);
        });
    };
    return create_one(services, request, merge_of, join);
}

}  // namespace leadbridge::gateway
