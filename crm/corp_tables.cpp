#include "crm/corp_tables.h"

namespace leadbridge::crm {
namespace {

constexpr CorpTable tables[] = {
    {"applied_touch", "key"},
    {"audit", "id"},
    {"channel", "id"},
    {"channel_swap", "id"},
    {"chat_summary", "contact_id"},
    {"consent", "contact_id"},
    {"contact", "id"},
    {"contact_opt_out", "contact_id"},
    {"contact_ord", "corp_id"},
    {"contact_part", "part"},
    {"contact_tag", "contact_id"},
    {"contact_text", "contact_id"},
    {"department", "id"},
    {"department_role", "department_id"},
    {"follow", "id"},
    {"follow_tag", "follow_id"},
    {"group_chat", "id"},
    {"group_chat_member", "userid"},
    {"identity", "value"},
    {"lead", "id"},
    {"member", "id"},
    {"member_department", "member_id"},
    {"note", "id"},
    {"operation", "id"},
    {"operation_item", "contact_id"},
    {"push", "id"},
    {"push_batch", "id"},
    {"push_count", "push_id"},
    {"push_msgid", "msgid"},
    {"push_recipient", "contact_id"},
    {"saved_view", "id"},
    {"segment", "id"},
    {"source", "id"},
    {"tag", "id"},
    {"tag_group", "id"},
    {"timeline", "id"},
    {"user_account", "id"},
};

}  // namespace

std::span<const CorpTable> crm_tables() {
    return tables;
}

}  // namespace leadbridge::crm
