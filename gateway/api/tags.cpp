// /api/v1/tags

#include "crm/contacts/tag.h"

#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"
#include "gateway/idempotency.h"

namespace leadbridge::gateway {

namespace {

Result<Response> tag_response(Snapshot& s, const ApiRequest& request, crm::TagId id, int status) {
    const auto tag = crm::TagStore::find(s, request.viewer(), id);
    if (!tag) {
        return not_found("tag");
    }
    return status == 201
               ? created_response(tag_json(*tag), tag->version, "/api/v1/tags/" + id.str())
               : object_response(tag_json(*tag), tag->version);
}

}  // namespace

Result<Response> list_tags(const ApiServices& services, const ApiRequest& request) {
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return list_response(crm::TagStore::list(s, request.viewer()), tag_json);
    });
}

Result<Response> get_tag(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::TagId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.read<Response>([&](Snapshot& s) {
        return tag_response(s, request, *id, 200);
    });
}

Result<Response> create_tag(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    crm::NewTag tag;
    tag.group = body->required("group");
    tag.name = body->required("name");
    tag.order = body->number("order");
    const std::string kind = body->text("kind", "internal");
    if (kind != "internal" && kind != "wecom") {
        body->fault("kind", "must be internal or wecom");
    }
    tag.kind = kind == "wecom" ? crm::TagKind::wecom : crm::TagKind::internal;
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return write_once(
        services.core,
        services.clock,
        request,
        [&](Transaction& tx) -> Result<Response> {
            auto id = crm::TagStore(services.crm()).create(tx, request.viewer(), tag);
            if (!id) {
                return std::move(id).error();
            }
            return tag_response(tx, request, *id, 201);
        }
    );
}

Result<Response> patch_tag(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::TagId>();
    if (!id) {
        return std::move(id).error();
    }
    auto version = request.if_match();
    if (!version) {
        return std::move(version).error();
    }
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const std::string name = body->required("name");
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        if (Status status =
                crm::TagStore(services.crm()).rename(tx, request.viewer(), *id, name, *version);
            !status) {
            return std::move(status).error();
        }
        return tag_response(tx, request, *id, 200);
    });
}

Result<Response> delete_tag(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::TagId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        if (Status status = crm::TagStore(services.crm()).remove(tx, request.viewer(), *id);
            !status) {
            return std::move(status).error();
        }
        return no_content();
    });
}

Result<Response> merge_tags(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const crm::TagId from{body->id("from")};
    const crm::TagId into{body->id("into")};
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return write_once(
        services.core,
        services.clock,
        request,
        [&](Transaction& tx) -> Result<Response> {
            if (Status status =
                    crm::TagStore(services.crm()).merge(tx, request.viewer(), from, into);
                !status) {
                return std::move(status).error();
            }
            return tag_response(tx, request, into, 200);
        }
    );
}

}  // namespace leadbridge::gateway
