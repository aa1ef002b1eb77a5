#include "crm/nurture/push_draft.h"

#include "crm/nurture/condition.h"

namespace leadbridge::crm {

namespace {

constexpr std::size_t max_name_bytes = 100;
constexpr std::int64_t max_ahead_ms = 366LL * 24 * 3'600 * 1'000;

Error broken(std::string_view field, std::string_view what) {
    return Error{
        ErrorCode::rule_broken, std::string(field) + ": " + std::string(what), std::string(field)};
}

// One mass send has one text for all (path 92135): a placeholder would reach people as it stands.
Status check_content(const MessageContent& content) {
    if (Status s = validate_content(content); !s) {
        return s;
    }
    if (fill_placeholders(content.text, {"-", "-", "-"}) != content.text) {
        return broken("content.text", "a push has one text for all and takes no placeholders");
    }
    return {};
}

// A segment or a condition of its own; each clears the other.
Status edit_audience(Snapshot& s, Push& push, const PushEdit& edit) {
    if (edit.segment && edit.condition) {
        return broken("condition", "give segment_id or condition, not both");
    }
    if (edit.segment) {
        if (!s.exists(
                "SELECT 1 FROM segment WHERE corp_id = ? AND id = ?", {push.corp, *edit.segment}
            )) {
            return broken("segment_id", "there is no such segment");
        }
        push.segment = *edit.segment;
        push.condition.clear();
    }
    if (edit.condition) {
        Result<Condition> parsed = parse_condition(*edit.condition);
        if (!parsed) {
            return parsed.error();
        }
        if (Result<Condition> whole = expand_condition(s, push.corp, *parsed); !whole) {
            return whole.error();
        }
        push.condition = condition_text(*parsed);
        push.segment = SegmentId{};
    }
    if (!push.segment && push.condition.empty()) {
        return broken("condition", "segment_id or condition is required");
    }
    return {};
}

}  // namespace

Status edit_draft(Snapshot& s, Push& push, const PushEdit& edit, UnixMillis now) {
    if (edit.name) {
        push.name = *edit.name;
    }
    if (push.name.empty() || push.name.size() > max_name_bytes) {
        return broken("name", "expected 1 to 100 bytes");
    }
    if (Status status = edit_audience(s, push, edit); !status) {
        return status;
    }
    if (edit.content) {
        push.content = *edit.content;
    }
    if (Status status = check_content(push.content); !status) {
        return status;
    }
    if (edit.schedule_ms) {
        if (*edit.schedule_ms < 0 || *edit.schedule_ms > now + max_ahead_ms) {
            return broken("schedule", "expected a time within a year");
        }
        push.schedule_ms = *edit.schedule_ms;
    }
    return {};
}

Result<std::string> frozen_condition(Snapshot& s, const Push& push) {
    Condition top;
    if (push.segment) {
        top.kind = Condition::Kind::segment;
        top.id = push.segment.value;
    } else {
        Result<Condition> parsed = parse_condition(push.condition, stored_condition_limits);
        if (!parsed) {
            return parsed.error();
        }
        top = std::move(*parsed);
    }
    Result<Condition> whole = expand_condition(s, push.corp, top);
    if (!whole) {
        return whole.error();
    }
    return condition_text(*whole);
}

}  // namespace leadbridge::crm
