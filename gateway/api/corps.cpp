// /api/v1/corps: companies, their callbacks, keys and limits. Secrets go in and never come out.

#include "crm/staff/corp.h"

#include <algorithm>

#include "crm/contacts/content.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"
#include "gateway/doctor.h"

namespace leadbridge::gateway {

namespace {

void secret_into(Body& body, std::string_view key, Secret& target) {
    if (auto text = body.text_opt(key)) {
        target = Secret(std::move(*text));
    }
}

void text_into(Body& body, std::string_view key, std::string& target) {
    if (auto text = body.text_opt(key)) {
        target = std::move(*text);
    }
}

// Callbacks are merged by name: one that is not named stays; {"name": .., "remove": true} goes.
void read_callbacks(Body& body, crm::Corp& corp) {
    for (Body& item : body.objects("callbacks")) {
        const std::string name = item.text("name", "app");
        const auto found = std::find_if(
            corp.callbacks.begin(),
            corp.callbacks.end(),
            [&](const crm::CorpCallback& c) { return c.name == name; }
        );
        if (item.flag("remove")) {
            if (found != corp.callbacks.end()) {
                corp.callbacks.erase(found);
            }
            body.absorb(item);
            continue;
        }
        crm::CorpCallback& callback =
            found != corp.callbacks.end() ? *found : corp.callbacks.emplace_back();
        callback.name = name;
        secret_into(item, "token", callback.token);
        secret_into(item, "encoding_aes_key", callback.encoding_aes_key);
        if (item.has("receive_ids")) {
            callback.receive_ids = item.texts("receive_ids");
        }
        body.absorb(item);
    }
}

void read_archive_keys(Body& archive, crm::Corp& corp) {
    for (Body& item : archive.objects("private_keys")) {
        const int version = static_cast<int>(item.number("version"));
        Secret pem(item.required("private_pem"));
        archive.absorb(item);
        auto& keys = corp.archive.private_keys;
        const auto found = std::find_if(keys.begin(), keys.end(), [&](const crm::ArchiveKey& k) {
            return k.version == version;
        });
        if (found != keys.end()) {
            found->private_pem = std::move(pem);
        } else {
            keys.push_back(crm::ArchiveKey{version, std::move(pem)});
        }
    }
}

void read_archive(Body& body, crm::Corp& corp) {
    auto archive = body.object("archive");
    if (!archive) {
        return;
    }
    corp.archive.enabled = archive->flag("enabled", corp.archive.enabled);
    secret_into(*archive, "secret", corp.archive.secret);
    text_into(*archive, "sdk", corp.archive.sdk);
    text_into(*archive, "proxy", corp.archive.proxy);
    secret_into(*archive, "proxy_password", corp.archive.proxy_password);
    corp.archive.timeout_s = static_cast<int>(archive->number("timeout_s", corp.archive.timeout_s));
    corp.archive.poll_s = static_cast<int>(archive->number("poll_s", corp.archive.poll_s));
    read_archive_keys(*archive, corp);
    body.absorb(*archive);
}

void read_limits(Body& body, crm::Corp& corp) {
    auto limits = body.object("limits");
    if (!limits) {
        return;
    }
    corp.limits.calls_per_minute = limits->real("calls_per_minute", corp.limits.calls_per_minute);
    corp.limits.concurrency =
        static_cast<int>(limits->number("concurrency", corp.limits.concurrency));
    if (auto rule = limits->text_opt("push_cap")) {
        if (*rule == "days_in_month") {
            corp.limits.push_cap = crm::PushCapRule::days_in_month;
        } else if (*rule == "7_per_week") {
            corp.limits.push_cap = crm::PushCapRule::seven_per_week;
        } else if (*rule == "1_per_day") {
            corp.limits.push_cap = crm::PushCapRule::one_per_day;
        } else {
            limits->fault("push_cap", "must be days_in_month, 7_per_week or 1_per_day");
        }
    }
    body.absorb(*limits);
}

Status read_corp(Body& body, crm::Corp& corp) {
    text_into(body, "corp_id", corp.wecom_id);
    text_into(body, "name", corp.name);
    text_into(body, "api_base", corp.api_base);
    text_into(body, "time_zone", corp.time_zone);
    corp.agent_id = body.number("agent_id", corp.agent_id);
    secret_into(body, "app_secret", corp.app_secret);
    secret_into(body, "contacts_secret", corp.contacts_secret);
    read_callbacks(body, corp);
    read_archive(body, corp);
    read_limits(body, corp);
    if (body.has("default_welcome")) {
        auto welcome = crm::decode_content(body.raw("default_welcome", "null"));
        if (!welcome) {
            return std::move(welcome).error();
        }
        corp.default_welcome = welcome->empty() ? "" : crm::encode_content(*welcome);
    }
    return body.finish();
}

// A token of one corp sees that corp only.
bool visible(const ApiRequest& request, CorpId id) {
    return !request.corp() || request.corp() == id;
}

void audit_corp(
    Transaction& tx,
    const ApiServices& services,
    const ApiRequest& request,
    std::string_view action,
    const crm::Corp* before,
    const crm::Corp* after
) {
    const CorpId id = after != nullptr ? after->id : before->id;
    crm::Viewer viewer = request.viewer();
    // What was kept under a corp goes with it; that it went is the machine's to remember.
    viewer.corp = after == nullptr ? CorpId{} : id;
    const auto shown = [](const crm::Corp* corp) {
        return corp == nullptr ? std::string() : to_text(corp_json(*corp));
    };
    const std::string was = shown(before);
    const std::string is = shown(after);
    crm::record_audit(tx, services.audit(), viewer, {action, "corp", id.value, was, is});
}

Result<crm::Corp> new_corp(const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    crm::Corp corp;
    if (Status status = read_corp(*body, corp); !status) {
        return std::move(status).error();
    }
    return corp;
}

// What the body makes of a corp, and whether this caller may do that.
Status change_corp(const ApiRequest& request, crm::Corp& corp) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const crm::Corp before = corp;
    const bool names_secret = body->has("app_secret");
    const bool names_contacts_secret = body->has("contacts_secret");
    if (Status status = read_corp(*body, corp); !status) {
        return status;
    }
    // Secrets never go to a new address unless whoever names it knows them.
    const bool all_secrets =
        names_secret && (names_contacts_secret || before.contacts_secret.empty());
    if (corp.api_base != before.api_base && !before.app_secret.empty() && !all_secrets) {
        return Error{
            ErrorCode::rule_broken,
            "api_base: give app_secret and contacts_secret again with a new address",
            "bad_field"};
    }
    // The library is code that runs on this machine.
    if (request.corp() && corp.archive.sdk != before.archive.sdk) {
        return Error{
            ErrorCode::forbidden,
            "archive.sdk: only a token of the whole machine may change it",
            "corp_scope"};
    }
    if (corp.wecom_id != before.wecom_id) {
        return Error{
            ErrorCode::rule_broken, "corp_id: cannot change; add another corp", "bad_field"};
    }
    return {};
}

}  // namespace

Result<Response> list_corps(const ApiServices& services, const ApiRequest& request) {
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        std::vector<crm::Corp> corps = services.corps.list(s);
        std::erase_if(corps, [&](const crm::Corp& corp) { return !visible(request, corp.id); });
        return list_response(corps, corp_json);
    });
}

Result<Response> get_corp(const ApiServices& services, const ApiRequest& request) {
    return read_one<CorpId>(services, request, [&](Snapshot& s, CorpId id) {
        return visible(request, id) ? one_response(services.corps.find(s, id), "corp", corp_json)
                                    : Result<Response>(not_found("corp"));
    });
}

Result<Response> create_corp(const ApiServices& services, const ApiRequest& request) {
    if (request.corp()) {
        return Error{ErrorCode::forbidden, "a token of one corp cannot add another", "corp_scope"};
    }
    const auto make = [&](Transaction& tx, const crm::Corp& corp) -> Result<Response> {
        // put() replaces: what is there already is not to be created.
        if (tx.exists("SELECT 1 FROM corp WHERE wecom_id = ?", {corp.wecom_id})) {
            return Error{ErrorCode::conflict, "this corp exists; PATCH it instead", "corp_exists"};
        }
        auto id = services.corps.put(tx, corp);
        if (!id) {
            return std::move(id).error();
        }
        const auto made = services.corps.find(tx, *id);
        audit_corp(tx, services, request, "corp.create", nullptr, &*made);
        return created_response(corp_json(*made), made->version, "/api/v1/corps/" + id->str());
    };
    auto response = create_one(services, request, new_corp, make);
    services.corp_directory.refresh();
    return response;
}

Result<Response> patch_corp(const ApiServices& services, const ApiRequest& request) {
    auto at = edited<CorpId>(request);
    if (!at) {
        return std::move(at).error();
    }
    auto response = services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        auto corp = services.corps.find(tx, at->id);
        if (!visible(request, at->id)) {
            corp.reset();
        }
        if (Status same = still_at(corp, at->version, "corp"); !same) {
            return std::move(same).error();
        }
        const crm::Corp before = *corp;
        if (Status status = change_corp(request, *corp); !status) {
            return std::move(status).error();
        }
        if (auto put = services.corps.put(tx, *corp); !put) {
            return std::move(put).error();
        }
        const auto changed = services.corps.find(tx, at->id);
        audit_corp(tx, services, request, "corp.update", &before, &*changed);
        return object_response(corp_json(*changed), changed->version);
    });
    services.corp_directory.refresh();
    return response;
}

Result<Response> delete_corp(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<CorpId>();
    if (!id) {
        return std::move(id).error();
    }
    if (!visible(request, *id)) {
        return not_found("corp");
    }
    auto response = services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        const auto corp = services.corps.find(tx, *id);
        if (Status status = services.corps.remove(tx, *id, request.query("with_data")); !status) {
            return std::move(status).error();
        }
        if (corp) {
            audit_corp(tx, services, request, "corp.remove", &*corp, nullptr);
        }
        return no_content();
    });
    services.corp_directory.refresh();
    return response;
}

Result<Response> check_corp(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<CorpId>();
    if (!id) {
        return std::move(id).error();
    }
    const auto corp = services.corp_directory.find(*id);
    if (corp == nullptr || !visible(request, *id)) {
        return not_found("corp");
    }
    auto findings = services.corp_doctor.check(*corp);
    if (!findings) {
        return std::move(findings).error();
    }
    json::array items;
    for (const Finding& finding : *findings) {
        items.push_back(finding_json(finding));
    }
    return Response::json(200, to_text(json::object{{"items", std::move(items)}}));
}

}  // namespace leadbridge::gateway
