// /api/v1/sources: inbound webhooks. Their auth goes in and never comes out.

#include "crm/staff/source.h"

#include "connectors/forms/form_mapper.h"
#include "connectors/forms/source_config.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"
#include "gateway/idempotency.h"

namespace leadbridge::gateway {

namespace {

Status read_source(Body& body, crm::Source& source) {
    source.name = body.text("name", source.name);
    source.kind = body.text("kind", source.kind);
    if (body.has("auth")) {
        source.auth = Secret(body.raw("auth", "{}"));
    }
    source.map = body.raw("map", source.map.empty() ? "{}" : source.map);
    if (body.has("tags")) {
        source.tag_ids = body.ids("tags");
    }
    source.owner_userid = body.text("owner", source.owner_userid);
    source.enabled = body.flag("enabled", source.enabled);
    source.ack = body.text("ack", source.ack);
    return body.finish();
}

Result<forms::SourceConfig> config_of(const crm::Source& source) {
    return forms::read_source_config(source.kind, source.auth.reveal(), source.map, source.ack);
}

Result<Response> source_response(
    const ApiServices& services,
    Snapshot& s,
    const ApiRequest& request,
    crm::SourceId id,
    int status
) {
    const auto source = services.sources.find(s, request.viewer(), id);
    if (!source) {
        return not_found("source");
    }
    return status == 201 ? created_response(
                               source_json(*source), source->version, "/api/v1/sources/" + id.str()
                           )
                         : object_response(source_json(*source), source->version);
}

}  // namespace

Result<Response> list_sources(const ApiServices& services, const ApiRequest& request) {
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return page_response(services.sources.list(s, request.viewer(), *page), source_json);
    });
}

Result<Response> get_source(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::SourceId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.read<Response>([&](Snapshot& s) {
        return source_response(services, s, request, *id, 200);
    });
}

Result<Response> create_source(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    crm::Source source;
    source.kind = "generic";
    source.auth = Secret("{}");
    if (Status status = read_source(*body, source); !status) {
        return std::move(status).error();
    }
    if (auto config = config_of(source); !config) {
        return std::move(config).error();
    }
    auto response = write_once(
        services.core,
        services.clock,
        request,
        [&](Transaction& tx) -> Result<Response> {
            auto id = services.sources.create(tx, request.viewer(), source);
            if (!id) {
                return std::move(id).error();
            }
            return source_response(services, tx, request, *id, 201);
        }
    );
    services.source_directory.refresh();
    return response;
}

Result<Response> patch_source(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::SourceId>();
    if (!id) {
        return std::move(id).error();
    }
    auto version = request.if_match();
    if (!version) {
        return std::move(version).error();
    }
    auto response = services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        auto source = services.sources.find(tx, request.viewer(), *id);
        if (!source) {
            return not_found("source");
        }
        auto body = Body::of(request);
        if (!body) {
            return std::move(body).error();
        }
        if (Status status = read_source(*body, *source); !status) {
            return std::move(status).error();
        }
        if (auto config = config_of(*source); !config) {
            return std::move(config).error();
        }
        if (Status status = services.sources.update(tx, request.viewer(), *source, *version);
            !status) {
            return std::move(status).error();
        }
        return source_response(services, tx, request, *id, 200);
    });
    services.source_directory.refresh();
    return response;
}

Result<Response> delete_source(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::SourceId>();
    if (!id) {
        return std::move(id).error();
    }
    auto response = services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        if (Status status = services.sources.remove(tx, request.viewer(), *id); !status) {
            return std::move(status).error();
        }
        return no_content();
    });
    services.source_directory.refresh();
    return response;
}

// A dry run of the mapping: what a post with this body would become. Nothing is stored.
Result<Response> test_source(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::SourceId>();
    if (!id) {
        return std::move(id).error();
    }
    const auto source = services.core.read<std::optional<crm::Source>>(
        [&](Snapshot& s) -> Result<std::optional<crm::Source>> {
            return services.sources.find(s, request.viewer(), *id);
        }
    );
    if (!source || !*source) {
        return not_found("source");
    }
    auto config = config_of(**source);
    if (!config) {
        return std::move(config).error();
    }
    auto mapped = forms::map_form(config->map, request.http().body, request.http().headers);
    if (!mapped) {
        return std::move(mapped).error();
    }
    json::array identities;
    for (const crm::Identity& identity : mapped->form.identities) {
        identities.push_back(json::object{
            {"kind", to_string(identity.kind)}, {"value", identity.value}});
    }
    json::array answers;
    for (const crm::FormAnswer& answer : mapped->form.answers) {
        answers.push_back(json::object{{"question", answer.question}, {"answer", answer.answer}});
    }
    return Response::json(
        200,
        to_text(json::object{
            {"mapped", mapped->mapped},
            {"skipped", mapped->skipped},
            {"delivery_id", mapped->delivery_id},
            {"submitted", time_json(mapped->submitted_ms)},
            {"name", mapped->form.name},
            {"company", mapped->form.company},
            {"state", mapped->form.state},
            {"identities", std::move(identities)},
            {"answers", std::move(answers)}})
    );
}

}  // namespace leadbridge::gateway
