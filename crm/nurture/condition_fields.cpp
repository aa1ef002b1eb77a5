// The fields that conditions may name, and how the tables of contacts and leads hold them.
#include <array>

#include "crm/nurture/condition.h"

namespace leadbridge::crm {

namespace {

constexpr std::array<std::string_view, 5> lead_words{
    "unassigned", "new", "following", "converted", "invalid"};

// Of the open lead, else of the newest.
constexpr std::string_view status_sql =
    "COALESCE((SELECT CASE l.status WHEN 0 THEN 'unassigned' WHEN 1 THEN 'new' WHEN 2 THEN "
    "'following' "
    "WHEN 3 THEN 'converted' ELSE 'invalid' END FROM lead l WHERE l.corp_id = c.corp_id AND "
    "l.contact_id = c.id "
    "ORDER BY CASE WHEN l.status <= 2 THEN 0 ELSE 1 END, l.opened_ms DESC, l.id DESC LIMIT 1), '')";

constexpr std::string_view follow_rows =
    "follow f WHERE f.corp_id = c.corp_id AND f.contact_id = c.id";
constexpr std::string_view live_rows =
    "follow f WHERE f.corp_id = c.corp_id AND f.contact_id = c.id AND f.live = 1";
constexpr std::string_view lead_rows = "lead l WHERE l.corp_id = c.corp_id AND l.contact_id = c.id";
constexpr std::string_view unionid_rows =
    "identity i WHERE i.corp_id = c.corp_id AND i.contact_id = c.id AND i.kind = 2";
constexpr std::string_view phone_rows =
    "identity i WHERE i.corp_id = c.corp_id AND i.contact_id = c.id AND i.kind = 3";
constexpr std::string_view email_rows =
    "identity i WHERE i.corp_id = c.corp_id AND i.contact_id = c.id AND i.kind = 4";
constexpr std::string_view channel_rows =
    "follow f WHERE f.corp_id = c.corp_id AND f.contact_id = c.id|"
    "lead l WHERE l.corp_id = c.corp_id AND l.contact_id = c.id";

constexpr std::array fields{
    ConditionField{"owner", FieldKind::id, true, "c.owner"},
    ConditionField{"stage", FieldKind::text, true, "c.stage"},
    ConditionField{"status", FieldKind::text, true, status_sql, {}, lead_words},
    ConditionField{"channel", FieldKind::id, true, "f.channel_id|l.first_channel", channel_rows},
    ConditionField{"name", FieldKind::text, false, "c.name"},
    ConditionField{"company", FieldKind::text, false, "c.company"},
    ConditionField{"position", FieldKind::text, false, "c.position"},
    ConditionField{"gender", FieldKind::number, false, "c.gender"},
    ConditionField{"type", FieldKind::number, false, "c.type"},
    ConditionField{"created", FieldKind::time, false, "c.created_ms"},
    ConditionField{"last_touch", FieldKind::time, false, "c.last_ms"},
    ConditionField{"added", FieldKind::time, false, "f.added_ms", live_rows},
    ConditionField{"lost", FieldKind::time, false, "f.ended_ms", follow_rows},
    ConditionField{"friend_of", FieldKind::id, false, "f.member_id", live_rows},
    ConditionField{"source", FieldKind::id, false, "l.first_source", lead_rows},
    ConditionField{"lead_opened", FieldKind::time, false, "l.opened_ms", lead_rows},
    ConditionField{"phone", FieldKind::text, false, "i.value", phone_rows},
    ConditionField{"email", FieldKind::text, false, "i.value", email_rows},
    ConditionField{"unionid", FieldKind::text, false, "i.value", unionid_rows},
};

}  // namespace

std::span<const ConditionField> condition_fields() noexcept {
    return fields;
}

const ConditionField* find_condition_field(std::string_view name) noexcept {
    for (const ConditionField& field : fields) {
        if (field.name == name) {
            return &field;
        }
    }
    return nullptr;
}

}  // namespace leadbridge::crm
