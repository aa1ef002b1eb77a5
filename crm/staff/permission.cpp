#include "crm/staff/permission.h"

#include <array>

namespace leadbridge::crm {
namespace {

constexpr std::array<std::string_view, role_count> role_names{
    "admin", "manager", "sales", "marketing", "service", "compliance", "readonly"};
constexpr std::array<std::string_view, 5> scope_names{
    "self", "team", "department", "subtree", "all"};

struct Line {
    Permission permission;
    std::string_view name;
    // One letter per role in the order of Role, '-' where it may not:
    // admin Manager Sales marKeting serVice Compliance Readonly
    std::string_view roles;
};

constexpr std::array lines{
    Line{Permission::none, "none", "amskvcr"},
    Line{Permission::own, "own", "amskvcr"},
    Line{Permission::contacts_read, "contacts.read", "amskvcr"},
    Line{Permission::contacts_write, "contacts.write", "amskv--"},
    Line{Permission::contacts_reveal, "contacts.reveal", "ams-vc-"},
    Line{Permission::contacts_phones, "contacts.phones", "am-----"},
    Line{Permission::leads_read, "leads.read", "amskvcr"},
    Line{Permission::leads_write, "leads.write", "amskv--"},
    Line{Permission::leads_assign, "leads.assign", "am-----"},
    Line{Permission::channels_read, "channels.read", "amskv-r"},
    Line{Permission::channels_write, "channels.write", "am-k---"},
    Line{Permission::tags_read, "tags.read", "amskvcr"},
    Line{Permission::tags_write, "tags.write", "am-k---"},
    Line{Permission::segments_read, "segments.read", "am-k--r"},
    Line{Permission::segments_write, "segments.write", "am-k---"},
    Line{Permission::pushes_read, "pushes.read", "am-k-cr"},
    Line{Permission::pushes_write, "pushes.write", "am-k---"},
    Line{Permission::pushes_submit, "pushes.submit", "am-k---"},
    Line{Permission::sources_read, "sources.read", "am-k--r"},
    Line{Permission::sources_write, "sources.write", "a--k---"},
    Line{Permission::archive_read, "archive.read", "ams-vc-"},
    Line{Permission::members_read, "members.read", "amskvcr"},
    Line{Permission::media_write, "media.write", "amskv--"},
    Line{Permission::bulk_run, "bulk.run", "amsk---"},
    Line{Permission::views_write, "views.write", "amskvcr"},
    Line{Permission::views_share, "views.share", "am-k---"},
    Line{Permission::audit_read, "audit.read", "a----c-"},
    Line{Permission::corps_read, "corps.read", "am---c-"},
    Line{Permission::corps_write, "corps.write", "a------"},
    Line{Permission::system_read, "system.read", "am---c-"},
    Line{Permission::system_admin, "system.admin", "a------"},
    Line{Permission::users_admin, "users.admin", "a------"},
};

consteval bool in_order() {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (static_cast<std::size_t>(lines[i].permission) != i ||
            lines[i].roles.size() != role_count) {
            return false;
        }
    }
    return lines.size() == static_cast<std::size_t>(Permission::users_admin) + 1;
}

static_assert(in_order());

}  // namespace

std::string_view to_string(Role role) noexcept {
    return role_names[static_cast<std::size_t>(role)];
}

std::optional<Role> role_of(std::string_view name) noexcept {
    for (std::size_t i = 0; i < role_names.size(); ++i) {
        if (role_names[i] == name) {
            return static_cast<Role>(i);
        }
    }
    return std::nullopt;
}

std::string_view to_string(Permission permission) noexcept {
    return lines[static_cast<std::size_t>(permission)].name;
}

std::optional<Permission> permission_of(std::string_view name) noexcept {
    for (const Line& line : lines) {
        if (line.name == name) {
            return line.permission;
        }
    }
    return std::nullopt;
}

bool allows(Role role, Permission permission) noexcept {
    return lines[static_cast<std::size_t>(permission)].roles[static_cast<std::size_t>(role)] != '-';
}

std::vector<std::string_view> permissions_of(Role role) {
    std::vector<std::string_view> out;
    for (const Permission permission : all_permissions()) {
        if (allows(role, permission)) {
            out.push_back(to_string(permission));
        }
    }
    return out;
}

std::vector<Permission> all_permissions() {
    std::vector<Permission> out;
    for (const Line& line : lines) {
        if (line.permission != Permission::none) {
            out.push_back(line.permission);
        }
    }
    return out;
}

Scope scope_of(Role role, MemberId member) noexcept {
    switch (role) {
        case Role::sales:
            return Scope::self;
        case Role::manager:
            return member ? Scope::subtree : Scope::all;
        case Role::admin:
        case Role::marketing:
        case Role::service:
        case Role::compliance:
        case Role::readonly:
            break;
    }
    return Scope::all;
}

std::string_view to_string(Scope scope) noexcept {
    return scope_names[static_cast<std::size_t>(scope)];
}

std::optional<Scope> scope_named(std::string_view name) noexcept {
    for (std::size_t i = 0; i < scope_names.size(); ++i) {
        if (scope_names[i] == name) {
            return static_cast<Scope>(i);
        }
    }
    return std::nullopt;
}

}  // namespace leadbridge::crm
