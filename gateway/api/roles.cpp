// /api/v1/roles, departments/roles

#include "crm/staff/audit.h"
#include "gateway/api/handlers.h"
#include "gateway/api/people.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

json::object role_json(crm::Role role) {
    json::array permissions;
    for (const std::string_view name : crm::permissions_of(role)) {
        permissions.emplace_back(name);
    }
    return json::object{
        {"role", to_string(role)},
        {"scope", to_string(crm::scope_of(role, crm::MemberId{1}))},
        {"permissions", std::move(permissions)}};
}

Response department_roles_response(Snapshot& s, CorpId corp) {
    json::array items;
    for (const crm::DepartmentRole& item : crm::department_roles(s, corp)) {
        items.push_back(json::object{
            {"department", std::to_string(item.department)}, {"role", to_string(item.role)}});
    }
    return Response::json(200, to_text(json::object{{"items", std::move(items)}}));
}

}  // namespace

Result<Response> list_roles(const ApiServices&, const ApiRequest&) {
    std::vector<crm::Role> roles;
    for (int i = 0; i < crm::role_count; ++i) {
        roles.push_back(static_cast<crm::Role>(i));
    }
    return list_response(roles, role_json);
}

Result<Response> get_department_roles(const ApiServices& services, const ApiRequest& request) {
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return department_roles_response(s, request.corp());
    });
}

Result<Response> put_department_roles(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    std::vector<crm::DepartmentRole> roles;
    for (Body& item : body->objects("items")) {
        const auto role = crm::role_of(item.required("role"));
        if (!role || *role == crm::Role::admin) {
            item.fault("role", "must be a role other than admin: admins are named one by one");
        }
        roles.push_back({item.id("department"), role.value_or(crm::Role::readonly)});
        body->absorb(item);
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        const std::string before = department_roles_response(tx, request.corp()).body;
        if (Status put = crm::put_department_roles(tx, request.corp(), roles); !put) {
            return std::move(put).error();
        }
        Response response = department_roles_response(tx, request.corp());
        crm::record_audit(
            tx,
            services.audit(),
            request.viewer(),
            {"role.departments", "role", 0, before, response.body}
        );
        return response;
    });
}

}  // namespace leadbridge::gateway
