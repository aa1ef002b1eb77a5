#pragma once
// Roles of people and what each may do: one table (permission.cpp). What a role may do says nothing
// about whose contacts it sees: that is the scope of its Viewer.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crm/staff/viewer.h"

namespace leadbridge::crm {

enum class Role : std::uint8_t {
    admin = 0,
    manager = 1,
    sales = 2,
    marketing = 3,
    service = 4,
    compliance = 5,
    readonly = 6
};

enum class Permission : std::uint8_t {
    none,  // open to everybody, signed in or not
    own,   // about oneself: everybody who is signed in
    contacts_read,
    contacts_write,
    contacts_reveal,  // see one masked field, with a reason, noted in the audit log
    contacts_phones,  // phones and e-mail addresses are not masked
    leads_read,
    leads_write,
    leads_assign,  // give leads to others
    channels_read,
    channels_write,
    tags_read,
    tags_write,  // define them; putting one on a contact is contacts.write
    segments_read,
    segments_write,
    pushes_read,
    pushes_write,
    pushes_submit,  // what leaves the house: submit, cancel, remind, decide
    sources_read,
    sources_write,
    archive_read,
    members_read,
    media_write,
    bulk_run,
    views_write,  // of one's own; shared ones need views.share
    views_share,
    audit_read,
    corps_read,
    corps_write,
    system_read,   // inbox, jobs, sync, health
    system_admin,  // acts on them, tokens
    users_admin,
};

inline constexpr int role_count = 7;

std::string_view to_string(Role role) noexcept;
std::optional<Role> role_of(std::string_view name) noexcept;
std::string_view to_string(Permission permission) noexcept;  // "contacts.read"
std::optional<Permission> permission_of(std::string_view name) noexcept;

bool allows(Role role, Permission permission) noexcept;
// Names, in the table's order, without "none".
std::vector<std::string_view> permissions_of(Role role);
// Every permission but none.
std::vector<Permission> all_permissions();
// Whose contacts and leads a role sees where nothing else is said. A manager without a member sees
// all.
Scope scope_of(Role role, MemberId member) noexcept;

std::string_view to_string(Scope scope) noexcept;
std::optional<Scope> scope_named(std::string_view name) noexcept;

}  // namespace leadbridge::crm
