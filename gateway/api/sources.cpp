// /api/v1/sources: inbound webhooks. Their auth goes in and never comes out.

#include "crm/staff/audit.h"
#include "crm/staff/source.h"

#include "connectors/forms/form_mapper.h"
#include "connectors/forms/source_config.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"

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

auto shown(const ApiServices& services) {
    return [&services](const crm::Source& source) {
        json::object out = source_json(source, services.public_url);
        const auto config = config_of(source);
        out["auth_kind"] =
            config ? json::value(to_string(config->auth.kind)) : json::value(nullptr);
        out["auth_header"] = config ? config->auth.header : "";
        return out;
    };
}

// What the body makes of a source, checked as a whole.
Status change_source(const ApiRequest& request, crm::Source& source) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    if (Status status = read_source(*body, source); !status) {
        return status;
    }
    auto config = config_of(source);
    return config ? Status{} : Status{std::move(config).error()};
}

Status rotate(crm::Source& source, const Secret& secret, bool keep_former) {
    const auto config = config_of(source);
    if (!config) {
        return Status{config.error()};
    }
    if (config->auth.kind == forms::AuthKind::none) {
        return Error{ErrorCode::rule_broken, "auth.kind: this source takes no secret", "auth.kind"};
    }
    auto auth = parse_json(source.auth.reveal());
    if (!auth || !auth->is_object()) {
        return Error{ErrorCode::internal, "the stored auth does not read"};
    }
    json::array secrets{json::value(secret.reveal())};
    if (keep_former && !config->auth.secrets.empty()) {
        secrets.emplace_back(config->auth.secrets.front().reveal());
    }
    json::object& object = auth->get_object();
    object.erase("secret");
    object["secrets"] = std::move(secrets);
    source.auth = Secret(to_text(object));
    const auto checked = config_of(source);
    return checked ? Status{} : Status{checked.error()};
}

Result<crm::Source> new_source(const ApiRequest& request) {
    crm::Source source;
    source.kind = "generic";
    source.auth = Secret("{}");
    if (Status status = change_source(request, source); !status) {
        return std::move(status).error();
    }
    return source;
}

}  // namespace

Result<Response> list_sources(const ApiServices& services, const ApiRequest& request) {
    return read_page(services, request, [&](Snapshot& s, const crm::Page& page) {
        return page_response(services.sources.list(s, request.viewer(), page), shown(services));
    });
}

Result<Response> get_source(const ApiServices& services, const ApiRequest& request) {
    return read_one<crm::SourceId>(services, request, [&](Snapshot& s, crm::SourceId id) {
        return one_response(
            services.sources.find(s, request.viewer(), id), "source", shown(services)
        );
    });
}

Result<Response> create_source(const ApiServices& services, const ApiRequest& request) {
    const auto make = [&](Transaction& tx, const crm::Source& source) -> Result<Response> {
        auto id = services.sources.create(tx, request.viewer(), source);
        if (!id) {
            return std::move(id).error();
        }
        const auto made = services.sources.find(tx, request.viewer(), *id);
        return made ? Result<Response>(created_response(
                          shown(services)(*made), made->version, "/api/v1/sources/" + id->str()
                      ))
                    : Result<Response>(not_found("source"));
    };
    auto response = create_one(services, request, new_source, make);
    services.source_directory.refresh();
    return response;
}

Result<Response> patch_source(const ApiServices& services, const ApiRequest& request) {
    auto at = edited<crm::SourceId>(request);
    if (!at) {
        return std::move(at).error();
    }
    auto response = services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        auto source = services.sources.find(tx, request.viewer(), at->id);
        if (!source) {
            return not_found("source");
        }
        if (Status status = change_source(request, *source); !status) {
            return std::move(status).error();
        }
        return after(services.sources.update(tx, request.viewer(), *source, at->version), [&] {
            return one_response(
                services.sources.find(tx, request.viewer(), at->id), "source", shown(services)
            );
        });
    });
    services.source_directory.refresh();
    return response;
}

// The secret alone: kind, header, token and addresses stay as they are, and the former secret too
// where the sender needs time.
Result<Response> rotate_source(const ApiServices& services, const ApiRequest& request) {
    auto at = edited<crm::SourceId>(request);
    if (!at) {
        return std::move(at).error();
    }
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const Secret secret(body->required("secret"));
    const bool keep = body->flag("keep_former");
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    auto response = services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        auto source = services.sources.find(tx, request.viewer(), at->id);
        if (!source) {
            return not_found("source");
        }
        if (Status status = rotate(*source, secret, keep); !status) {
            return std::move(status).error();
        }
        if (Status status = services.sources.update(tx, request.viewer(), *source, at->version);
            !status) {
            return std::move(status).error();
        }
        const std::string told = to_text(json::object{{"former_kept", keep}});
        crm::record_audit(
            tx,
            services.audit(),
            request.viewer(),
            {"source.rotate", "source", at->id.value, {}, told}
        );
        return one_response(
            services.sources.find(tx, request.viewer(), at->id), "source", shown(services)
        );
    });
    services.source_directory.refresh();
    return response;
}

Result<Response> delete_source(const ApiServices& services, const ApiRequest& request) {
    auto response = remove_one<crm::SourceId>(
        services,
        request,
        [&](Transaction& tx, Edited<crm::SourceId> at) {
            Status same =
                still_at(services.sources.find(tx, request.viewer(), at.id), at.version, "source");
            return same ? services.sources.remove(tx, request.viewer(), at.id) : same;
        }
    );
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
