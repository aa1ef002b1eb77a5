// /api/v1/users

#include "gateway/api/handlers.h"
#include "gateway/api/people.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

json::value id_json_or_null(std::int64_t id) {
    return id == 0 ? json::value(nullptr) : json::value(std::to_string(id));
}

json::object user_json(const ApiServices& services, Snapshot& s, const crm::User& user) {
    const auto member =
        user.member ? crm::MemberStore::find(s, user.corp, user.member) : std::nullopt;
    return json::object{
        {"id", user.id.str()},
        {"name", user.name},
        {"role", to_string(user.role)},
        {"scope", to_string(user.sees())},
        {"corp", id_json_or_null(user.corp.value)},
        {"member", id_json_or_null(user.member.value)},
        {"userid", member ? member->userid : ""},
        {"password", user.password},
        {"totp", user.totp},
        {"provisioned", user.provisioned},
        {"disabled", user.disabled},
        {"locked", time_json(crm::LoginFailures::held_until(s, user.name, services.clock.now()))},
        {"created", time_json(user.created_ms)},
        {"last_seen", time_json(user.seen_ms)}};
}

// Without what is no decision of anybody.
json::object audited(const ApiServices& services, Snapshot& s, const crm::User& user) {
    json::object out = user_json(services, s, user);
    out.erase("last_seen");
    out.erase("locked");
    return out;
}

std::string audit_text(const ApiServices& services, Snapshot& s, const crm::User& user) {
    return to_text(audited(services, s, user));
}

struct UserBody {
    std::optional<crm::Role> role;
    std::optional<CorpId> corp;
    std::optional<crm::MemberId> member;
    std::optional<std::string> userid;
    std::optional<std::optional<crm::Scope>> scope;
    std::optional<bool> disabled;
    std::optional<bool> totp;
    Secret password;
};

// A key that is there with null means none.
UserBody read_body(Body& body) {
    UserBody out;
    if (const auto role = body.text_opt("role")) {
        out.role = crm::role_of(*role);
        if (!out.role) {
            body.fault(
                "role", "must be admin, manager, sales, marketing, service, compliance or readonly"
            );
        }
    }
    if (body.has("corp")) {
        out.corp = CorpId{body.id("corp")};
    }
    if (body.has("member")) {
        out.member = crm::MemberId{body.id("member")};
    }
    out.userid = body.text_opt("userid");
    if (body.has("scope")) {
        const auto scope = body.text_opt("scope");
        out.scope = scope ? crm::scope_named(*scope) : std::nullopt;
        if (scope && !*out.scope) {
            body.fault("scope", "must be self, team, department, subtree or all");
        }
    }
    out.password = Secret(body.text("password"));
    return out;
}

// An admin of one corp makes and moves users within it only.
Status keep_to_corp(const ApiServices& services, const Caller& caller, UserBody& body) {
    if (caller.corp && body.corp && *body.corp != caller.corp) {
        return Error{ErrorCode::rule_broken, "corp: must be your own", "corp"};
    }
    if (body.corp && *body.corp && services.corp_directory.find(*body.corp) == nullptr) {
        return Error{ErrorCode::rule_broken, "corp: there is no such corp", "corp"};
    }
    return {};
}

// A userid instead of our id, where the corp is known.
Status find_member(Snapshot& s, CorpId corp, UserBody& body) {
    if (!body.userid) {
        return {};
    }
    const crm::MemberId member = crm::MemberStore::find_userid(s, corp, *body.userid);
    if (!member && !body.userid->empty()) {
        return Error{
            ErrorCode::rule_broken,
            corp ? "userid: this corp has no such member" : "userid: name the corp too",
            "userid"};
    }
    body.member = member;
    return {};
}

Result<std::string> hash_of(
    const ApiServices& services, const UserBody& body, std::string_view name
) {
    return body.password.empty() ? Result<std::string>(std::string())
                                 : services.login.hash(body.password.reveal(), name);
}

Result<Response> answer_user(const ApiServices& services, Snapshot& s, crm::UserId id) {
    const auto user = crm::UserStore::find(s, id);
    return user ? Result<Response>(object_response(user_json(services, s, *user), user->version))
                : Result<Response>(not_found("user"));
}

crm::Viewer viewer_in(const ApiRequest& request, CorpId corp) {
    crm::Viewer viewer = request.viewer();
    viewer.corp = corp;
    return viewer;
}

}  // namespace

Result<Response> list_users(const ApiServices& services, const ApiRequest& request) {
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        if (const auto name = request.query_opt("name")) {
            std::vector<crm::User> found;
            const auto user = crm::UserStore::find_name(s, *name);
            if (user && user_in_reach(s, request.caller(), user->id)) {
                found.push_back(*user);
            }
            return list_response(found, [&](const crm::User& u) {
                return user_json(services, s, u);
            });
        }
        return page_response(
            crm::UserStore::list(s, request.caller().corp, *page),
            [&](const crm::User& user) { return user_json(services, s, user); }
        );
    });
}

Result<Response> get_user(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::UserId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        if (!user_in_reach(s, request.caller(), *id)) {
            return not_found("user");
        }
        return answer_user(services, s, *id);
    });
}

// Not write_once: nothing that was made of a password is kept with an idempotency key, and the name
// is taken once already.
Result<Response> create_user(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const std::string name = body->required("name");
    UserBody wanted = read_body(*body);
    if (!wanted.role) {
        body->fault("role", "is required");
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    const Caller& caller = request.caller();
    if (Status status = keep_to_corp(services, caller, wanted); !status) {
        return std::move(status).error();
    }
    auto hashed = hash_of(services, wanted, name);
    if (!hashed) {
        return std::move(hashed).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        UserBody in = wanted;
        crm::UserEdit edit;
        edit.name = name;
        edit.role = *in.role;
        edit.corp = in.corp.value_or(caller.corp);
        if (Status status = find_member(tx, edit.corp, in); !status) {
            return std::move(status).error();
        }
        edit.member = in.member.value_or(crm::MemberId{});
        edit.scope = in.scope.value_or(std::nullopt);
        crm::UserStore users(services.clock, services.ids);
        auto id = users.create(tx, edit);
        if (!id) {
            return std::move(id).error();
        }
        if (!hashed->empty()) {
            if (Status set = users.set_password(tx, *id, *hashed, crm::SessionId{}); !set) {
                return std::move(set).error();
            }
        }
        const crm::User user = *crm::UserStore::find(tx, *id);
        const std::string after = audit_text(services, tx, user);
        crm::record_audit(
            tx,
            services.audit(),
            viewer_in(request, user.corp),
            {"user.create", "user", id->value, {}, after}
        );
        return created_response(
            user_json(services, tx, user), user.version, "/api/v1/users/" + id->str()
        );
    });
}

Result<Response> patch_user(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::UserId>();
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
    UserBody wanted = read_body(*body);
    wanted.disabled = body->flag_opt("disabled");
    wanted.totp = body->flag_opt("totp");
    if (wanted.totp && *wanted.totp) {
        body->fault("totp", "only its owner can switch it on; false takes it away");
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    const Caller& caller = request.caller();
    if (Status status = keep_to_corp(services, caller, wanted); !status) {
        return std::move(status).error();
    }
    auto before = services.core.read<std::optional<crm::User>>(
        [&](Snapshot& s) -> Result<std::optional<crm::User>> {
            return user_in_reach(s, caller, *id);
        }
    );
    if (!before || !*before) {
        return before ? Error(not_found("user")) : std::move(before).error();
    }
    auto hashed = hash_of(services, wanted, (*before)->name);
    if (!hashed) {
        return std::move(hashed).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        const auto old = user_in_reach(tx, caller, *id);
        if (!old) {
            return not_found("user");
        }
        UserBody in = wanted;
        if (Status status = find_member(tx, in.corp.value_or(old->corp), in); !status) {
            return std::move(status).error();
        }
        const std::string before_text = audit_text(services, tx, *old);
        crm::UserStore users(services.clock, services.ids);
        const crm::UserPatch patch{in.role, in.corp, in.member, in.scope, in.disabled};
        if (Status status = users.patch(tx, *id, patch, *version); !status) {
            return std::move(status).error();
        }
        if (!hashed->empty()) {
            if (Status set = users.set_password(tx, *id, *hashed, caller.session); !set) {
                return std::move(set).error();
            }
            crm::LoginFailures::clear(tx, old->name);
        }
        if (in.totp) {
            crm::UserStore::set_totp(tx, *id, {});
        }
        json::object after = audited(services, tx, *crm::UserStore::find(tx, *id));
        if (!hashed->empty()) {
            after["password_set"] = true;
        }
        const std::string after_text = to_text(after);
        crm::record_audit(
            tx,
            services.audit(),
            viewer_in(request, in.corp.value_or(old->corp)),
            {"user.update", "user", id->value, before_text, after_text}
        );
        return answer_user(services, tx, *id);
    });
}

Result<Response> delete_user(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::UserId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        const auto user = user_in_reach(tx, request.caller(), *id);
        if (!user) {
            return not_found("user");
        }
        const std::string before = audit_text(services, tx, *user);
        if (Status gone = crm::UserStore(services.clock, services.ids).remove(tx, *id); !gone) {
            return std::move(gone).error();
        }
        crm::record_audit(
            tx,
            services.audit(),
            viewer_in(request, user->corp),
            {"user.delete", "user", id->value, before}
        );
        return no_content();
    });
}

// Failed tries of every address are forgotten.
Result<Response> unlock_user(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::UserId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        const auto user = user_in_reach(tx, request.caller(), *id);
        if (!user) {
            return not_found("user");
        }
        crm::LoginFailures::clear(tx, user->name);
        tx.changed({user->corp, "user", id->value, "updated"});
        crm::record_audit(
            tx, services.audit(), viewer_in(request, user->corp), {"user.unlock", "user", id->value}
        );
        return answer_user(services, tx, *id);
    });
}

}  // namespace leadbridge::gateway
