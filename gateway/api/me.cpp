// /api/v1/me, /api/v1/sessions

#include "gateway/api/handlers.h"
#include "gateway/api/people.h"
#include "gateway/api/support.h"
#include "gateway/sessions.h"

namespace leadbridge::gateway {

namespace {

json::value access_json(const Caller& caller) {
    constexpr std::string_view names[] = {"open", "read", "write", "admin"};
    return caller.role ? json::value(nullptr)
                       : json::value(names[static_cast<std::size_t>(caller.access)]);
}

json::value member_json(Snapshot& s, const crm::User& user) {
    const auto member =
        user.member ? crm::MemberStore::find(s, user.corp, user.member) : std::nullopt;
    if (!member) {
        return nullptr;
    }
    return json::object{
        {"id", member->id.str()}, {"userid", member->userid}, {"name", member->name}};
}

json::object session_json(const crm::Session& session, const Caller& caller) {
    return json::object{
        {"id", session.id.str()},
        {"user", session.user.str()},
        {"current", session.id == caller.session},
        {"via", session.via},
        {"ip", session.ip},
        {"agent", session.agent},
        {"created", time_json(session.created_ms)},
        {"last_seen", time_json(session.seen_ms)},
        {"ends", time_json(session.ends_ms())}};
}

Error not_a_person() {
    return Error{
        ErrorCode::conflict, "this is about a person who signed in, not a token", "not_a_user"};
}

// Whose sessions are meant: ?user= needs users.admin.
Result<crm::UserId> meant_user(Snapshot& s, const ApiRequest& request) {
    auto named = query_id<crm::UserId>(request, "user");
    if (!named) {
        return std::move(named).error();
    }
    const Caller& caller = request.caller();
    if (!*named || **named == caller.user) {
        return caller.user ? Result<crm::UserId>(caller.user) : Result<crm::UserId>(not_a_person());
    }
    if (!caller.may(Access::admin, crm::Permission::users_admin) ||
        !user_in_reach(s, caller, **named)) {
        return not_found("user");
    }
    return **named;
}

void note_end(
    Transaction& tx,
    const ApiServices& services,
    const ApiRequest& request,
    std::string_view action,
    std::string_view object,
    std::int64_t id
) {
    crm::record_audit(tx, services.audit(), request.viewer(), {action, object, id});
}

}  // namespace

std::optional<crm::User> user_in_reach(Snapshot& s, const Caller& caller, crm::UserId id) {
    auto user = crm::UserStore::find(s, id);
    if (user && caller.corp && user->corp != caller.corp) {
        return std::nullopt;
    }
    return user;
}

json::object me_json(const ApiServices& services, const Caller& caller) {
    json::array corps;
    for (const auto& corp : services.corp_directory.all()) {
        if (!caller.corp || caller.corp == corp->id) {
            corps.push_back(json::object{
                {"id", corp->id.str()}, {"corp_id", corp->wecom_id}, {"name", corp->name}});
        }
    }
    json::array permissions;
    if (caller.role) {
        for (const std::string_view name : crm::permissions_of(*caller.role)) {
            permissions.emplace_back(name);
        }
    }
    json::object out{
        {"actor", caller.actor},
        {"corps", std::move(corps)},
        {"access", access_json(caller)},
        {"role", caller.role ? json::value(to_string(*caller.role)) : json::value(nullptr)},
        {"permissions", std::move(permissions)},
        {"csrf_token", caller.role ? json::value(caller.csrf) : json::value(nullptr)},
        {"user", nullptr},
        {"session", nullptr}};
    if (!caller.user) {
        return out;
    }
    auto read = services.core.read<int>([&](Snapshot& s) -> Result<int> {
        if (const auto user = crm::UserStore::find(s, caller.user)) {
            out["user"] = json::object{
                {"id", user->id.str()},
                {"name", user->name},
                {"scope", to_string(user->sees())},
                {"member", member_json(s, *user)},
                {"password", user->password},
                {"totp", user->totp}};
        }
        if (const auto session = crm::SessionStore::find_id(s, caller.session)) {
            out["session"] = session_json(*session, caller);
        }
        return 0;
    });
    (void)read;
    return out;
}

Result<Response> get_me(const ApiServices& services, const ApiRequest& request) {
    return Response::json(200, to_text(me_json(services, request.caller())));
}

Result<Response> change_password(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const Secret current(body->required("current"));
    const Secret next(body->required("password"));
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    const Caller& caller = request.caller();
    if (!caller.user) {
        return not_a_person();
    }
    Status changed = services.login.change_password(
        request.viewer(), caller.user, caller.session, current.reveal(), next.reveal()
    );
    return changed ? Result<Response>(no_content()) : Result<Response>(std::move(changed).error());
}

Result<Response> begin_totp(const ApiServices& services, const ApiRequest& request) {
    if (!request.caller().user) {
        return not_a_person();
    }
    auto secret = services.login.begin_totp(request.viewer(), request.caller().user);
    if (!secret) {
        return std::move(secret).error();
    }
    return Response::json(
        200, to_text(json::object{{"secret", secret->text}, {"uri", secret->uri}})
    );
}

Result<Response> confirm_totp(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const std::string code = body->required("code");
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    if (!request.caller().user) {
        return not_a_person();
    }
    Status done = services.login.confirm_totp(request.viewer(), request.caller().user, code);
    return done ? Result<Response>(no_content()) : Result<Response>(std::move(done).error());
}

Result<Response> remove_totp(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const std::string code = body->text("code");
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    if (!request.caller().user) {
        return not_a_person();
    }
    Status done = services.login.remove_totp(request.viewer(), request.caller().user, code);
    return done ? Result<Response>(no_content()) : Result<Response>(std::move(done).error());
}

Result<Response> list_sessions(const ApiServices& services, const ApiRequest& request) {
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        auto user = meant_user(s, request);
        if (!user) {
            return std::move(user).error();
        }
        return list_response(
            crm::SessionStore::list(s, *user, services.clock.now()),
            [&](const crm::Session& session) { return session_json(session, request.caller()); }
        );
    });
}

Result<Response> end_session(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::SessionId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        const auto session = crm::SessionStore::find_id(tx, *id);
        const Caller& caller = request.caller();
        const bool own = session && session->user == caller.user;
        if (!session || (!own && (!caller.may(Access::admin, crm::Permission::users_admin) ||
                                  !user_in_reach(tx, caller, session->user)))) {
            return not_found("session");
        }
        crm::SessionStore::end(tx, *id);
        note_end(tx, services, request, "session.end", "session", id->value);
        return no_content();
    });
}

// All but the one that asks.
Result<Response> end_sessions(const ApiServices& services, const ApiRequest& request) {
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        auto user = meant_user(tx, request);
        if (!user) {
            return std::move(user).error();
        }
        const std::int64_t ended = crm::SessionStore::end_all(tx, *user, request.caller().session);
        note_end(tx, services, request, "session.end_all", "user", user->value);
        return Response::json(200, to_text(json::object{{"ended", ended}}));
    });
}

}  // namespace leadbridge::gateway
