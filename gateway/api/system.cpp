// /api/v1/members, departments, tokens, sync, media

#include "base/crypto.h"
#include "connectors/wecom/contact_sync.h"
#include "connectors/wecom/media.h"
#include "connectors/wecom/services.h"
#include "crm/outbox.h"
#include "crm/staff/audit.h"
#include "crm/staff/token.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"
#include "gateway/openapi.h"

namespace leadbridge::gateway {

namespace {

json::array scopes_json(const crm::ApiToken& token) {
    json::array out;
    for (const auto& [scope, name] :
         {std::pair{crm::TokenScope::read, "read"},
          std::pair{crm::TokenScope::write, "write"},
          std::pair{crm::TokenScope::admin, "admin"}}) {
        if (token.allows(scope)) {
            out.emplace_back(name);
        }
    }
    return out;
}

json::object token_json(const crm::ApiToken& token) {
    return json::object{
        {"id", token.id.str()},
        {"name", token.name},
        {"scopes", scopes_json(token)},
        {"corp", token.corp ? json::value(token.corp.str()) : json::value(nullptr)},
        {"created", time_json(token.created_ms)},
        {"last_used", time_json(token.used_ms)},
        {"revoked", time_json(token.revoked_ms)}};
}

struct WantedToken {
    std::string name;
    std::vector<std::string> scopes;
    std::string corp;
};

Result<WantedToken> wanted_token(const ApiRequest& request) {
    return read_body(request, [](Body& body) {
        return WantedToken{body.required("name"), body.texts("scopes"), body.text("corp")};
    });
}

// Named by our id or by the one on WeCom; 0 = all. A token of one corp begets only its like.
Result<CorpId> corp_of_token(
    const ApiServices& services, const ApiRequest& request, const std::string& named
) {
    if (request.corp()) {
        return request.corp();
    }
    if (named.empty()) {
        return CorpId{};
    }
    auto corp = services.corp_directory.find_wecom(named);
    if (const auto id = parse_id(named); corp == nullptr && id) {
        corp = services.corp_directory.find(CorpId{*id});
    }
    return corp != nullptr ? Result<CorpId>(corp->id)
                           : Result<CorpId>(Error{
                                 ErrorCode::rule_broken,
                                 "corp: there is no such corp; `leadbridge corp list` shows them",
                                 "bad_field"});
}

// The token that the path names by id or name, of those the caller sees. A revoked token leaves its
// name free, also to another corp: the newest counts.
std::optional<crm::TokenId> named_token(Snapshot& s, const ApiRequest& request) {
    std::optional<crm::TokenId> found;
    for (const crm::ApiToken& token : crm::TokenStore::list(s)) {
        if (request.corp() && token.corp != request.corp()) {
            continue;
        }
        if (token.id.str() == request.param("id")) {
            return token.id;
        }
        if (token.name == request.param("id")) {
            found = token.id;
        }
    }
    return found;
}

json::object sync_json(const wecom::SyncRun& run) {
    return json::object{
        {"id", std::to_string(run.id)},
        {"kind", wecom::to_string(run.kind)},
        {"stage", wecom::to_string(run.stage)},
        {"members_total", run.members_total},
        {"members_done", run.members_done},
        {"contacts", run.contacts},
        {"unlicensed", run.unlicensed},
        {"started", time_json(run.started_ms)},
        {"finished", time_json(run.finished_ms)},
        {"error", run.error}};
}

Result<wecom::SyncKind> sync_kind(const ApiRequest& request) {
    return read_body(request, [](Body& body) {
        const std::string kind = body.text("kind", "full");
        if (kind != "full" && kind != "incremental") {
            body.fault("kind", "must be full or incremental");
        }
        return kind == "full" ? wecom::SyncKind::full : wecom::SyncKind::incremental;
    });
}

}  // namespace

Result<Response> get_openapi(const ApiServices&, const ApiRequest&) {
    return Response::json(200, std::string(openapi_text()));
}

Result<Response> list_members(const ApiServices& services, const ApiRequest& request) {
    return read_page(services, request, [&](Snapshot& s, const crm::Page& page) {
        return page_response(crm::MemberStore::list(s, request.viewer(), page), member_json);
    });
}

Result<Response> list_departments(const ApiServices& services, const ApiRequest& request) {
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return list_response(
            crm::MemberStore::departments(s, request.viewer()),
            [](const crm::Department& department) {
                return json::object{
                    {"id", std::to_string(department.id)},
                    {"name", department.name},
                    {"parent", std::to_string(department.parent)}};
            }
        );
    });
}

Result<Response> list_tokens(const ApiServices& services, const ApiRequest& request) {
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        std::vector<crm::ApiToken> tokens = crm::TokenStore::list(s);
        std::erase_if(tokens, [&](const crm::ApiToken& token) {
            return request.corp() && token.corp != request.corp();
        });
        return list_response(tokens, token_json);
    });
}

Result<Response> create_token(const ApiServices& services, const ApiRequest& request) {
    auto wanted = wanted_token(request);
    if (!wanted) {
        return std::move(wanted).error();
    }
    auto corp = corp_of_token(services, request, wanted->corp);
    if (!corp) {
        return std::move(corp).error();
    }
    // Not write_once: the token is shown once and must not be kept with an idempotency key.
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        crm::TokenStore store(services.clock, services.ids, services.rng);
        auto made = store.create(tx, wanted->name, wanted->scopes, *corp);
        if (!made) {
            return std::move(made).error();
        }
        const std::string after = to_text(json::object{
            {"name", wanted->name},
            {"scopes", json::array(wanted->scopes.begin(), wanted->scopes.end())}});
        crm::record_audit(
            tx,
            services.audit(),
            request.viewer(),
            {"token.create", "token", made->id.value, {}, after}
        );
        return created_response(
            json::object{
                {"id", made->id.str()}, {"name", wanted->name}, {"token", made->token.reveal()}},
            0,
            "/api/v1/tokens/" + made->id.str()
        );
    });
}

Result<Response> revoke_token(const ApiServices& services, const ApiRequest& request) {
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        const auto token = named_token(tx, request);
        if (!token) {
            return not_found("token");
        }
        crm::TokenStore store(services.clock, services.ids, services.rng);
        if (Status status = store.revoke(tx, token->str()); !status) {
            return std::move(status).error();
        }
        crm::record_audit(
            tx, services.audit(), request.viewer(), {"token.revoke", "token", token->value}
        );
        return no_content();
    });
}

// Members first, then contacts and tags: one call brings a corp up to date.
Result<Response> start_sync(const ApiServices& services, const ApiRequest& request) {
    const auto start = [&](Transaction& tx, wecom::SyncKind kind) {
        crm::put_job(tx, services.jobs, request.corp(), crm::SyncMembers{});
        crm::put_job(tx, services.jobs, request.corp(), crm::SyncTags{});
        const std::int64_t run =
            wecom::start_contact_sync(tx, services.wecom, request.corp(), kind);
        const std::string after =
            to_text(json::object{{"kind", kind == wecom::SyncKind::full ? "full" : "incremental"}});
        crm::record_audit(
            tx, services.audit(), request.viewer(), {"sync.start", "sync", run, {}, after}
        );
        const auto row = wecom::find_sync_run(tx, request.corp(), run);
        return created_response(row ? sync_json(*row) : json::object{}, 0, "/api/v1/sync");
    };
    return create_one(services, request, sync_kind, start);
}

Result<Response> get_sync(const ApiServices& services, const ApiRequest& request) {
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        const auto run = wecom::last_sync_run(s, request.corp());
        return run ? Result<Response>(object_response(sync_json(*run), 0))
                   : Result<Response>(not_found("sync"));
    });
}

// The body is the file; its kind, name and type stand in the query and the Content-Type.
Result<Response> upload_media(const ApiServices& services, const ApiRequest& request) {
    const auto kind = wecom::media_kind(request.query("kind"));
    if (!kind) {
        return Error{ErrorCode::invalid, "kind must be image, voice, video or file", "bad_kind"};
    }
    auto id = services.wecom.media.add(
        request.corp(),
        *kind,
        request.query("name"),
        request.http().headers.get("Content-Type"),
        request.http().body
    );
    if (!id) {
        return std::move(id).error();
    }
    const std::string after =
        to_text(json::object{{"kind", request.query("kind")}, {"name", request.query("name")}});
    auto noted = services.core.write<int>([&](Transaction& tx) -> Result<int> {
        crm::record_audit(
            tx, services.audit(), request.viewer(), {"media.upload", "media", *id, {}, after}
        );
        return 0;
    });
    if (!noted) {
        return std::move(noted).error();
    }
    return object_response(json::object{{"id", std::to_string(*id)}}, 0, 201);
}

}  // namespace leadbridge::gateway
