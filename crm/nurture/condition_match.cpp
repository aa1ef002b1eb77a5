#include "crm/nurture/condition_match.h"

#include <algorithm>
#include <map>
#include <set>

namespace leadbridge::crm {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool contains(std::string_view text, std::string_view part) {
    return std::search(text.begin(), text.end(), part.begin(), part.end(), [](char a, char b) {
               return lower(a) == lower(b);
           }) != text.end();
}

struct Values {
    std::vector<std::string> texts;
    std::vector<std::int64_t> numbers;
};

// The facts of one contact, each read when a term first asks for it.
class Facts {
public:
    Facts(Snapshot& s, CorpId corp, ContactId contact, UnixMillis now)
        : s_(s), corp_(corp), contact_(contact), now_(now) {}

    bool holds(const Condition& condition) {
        switch (condition.kind) {
            case Condition::Kind::all:
                return std::all_of(
                    condition.children.begin(),
                    condition.children.end(),
                    [this](const Condition& c) { return holds(c); }
                );
            case Condition::Kind::any:
                return std::any_of(
                    condition.children.begin(),
                    condition.children.end(),
                    [this](const Condition& c) { return holds(c); }
                );
            case Condition::Kind::negate:
                return !holds(condition.children[0]);
            case Condition::Kind::tag:
                return tags().contains(condition.id);
            case Condition::Kind::segment:
                return false;
            case Condition::Kind::field:
                return field(condition.field);
            case Condition::Kind::event:
                return event(condition.event);
        }
        return false;
    }

private:
    const std::set<std::int64_t>& tags() {
        if (!tags_) {
            tags_.emplace();
            s_.each(
                "SELECT tag_id FROM contact_tag WHERE corp_id = ? AND contact_id = ?",
                {corp_, contact_},
                [this](const Row& row) {
                    tags_->insert(row.integer(0));
                    return Visit::next;
                }
            );
        }
        return *tags_;
    }

    const Values& values(const ConditionField& field) {
        auto [at, fresh] = values_.try_emplace(field.name);
        if (!fresh) {
            return at->second;
        }
        std::string_view columns = field.sql;
        std::string_view rows = field.rows;
        while (true) {
            const std::size_t c = columns.find('|');
            const std::size_t r = rows.find('|');
            read(at->second, field.kind, columns.substr(0, c), rows.substr(0, r));
            if (c == std::string_view::npos) {
                return at->second;
            }
            columns.remove_prefix(c + 1);
            rows.remove_prefix(r + 1);
        }
    }

    void read(Values& out, FieldKind kind, std::string_view column, std::string_view rows) {
        std::string sql = "SELECT " + std::string(column) + " FROM contact c";
        if (!rows.empty()) {
            // "follow f WHERE ..." becomes a join.
            const std::size_t where = rows.find(" WHERE ");
            sql += " JOIN " + std::string(rows.substr(0, where)) + " ON " +
                   std::string(rows.substr(where + 7));
        }
        sql += " WHERE c.corp_id = ? AND c.id = ?";
        s_.each(sql, {corp_, contact_}, [&](const Row& row) {
            if (kind == FieldKind::text) {
                if (!row.text(0).empty()) {
                    out.texts.push_back(row.str(0));
                }
            } else if (kind == FieldKind::number || row.integer(0) != 0) {
                out.numbers.push_back(row.integer(0));
            }
            return Visit::next;
        });
    }

    static bool listed(const FieldTerm& term, const Values& have) {
        for (const std::string& text : have.texts) {
            if (std::find(term.texts.begin(), term.texts.end(), text) != term.texts.end()) {
                return true;
            }
        }
        return std::any_of(have.numbers.begin(), have.numbers.end(), [&](std::int64_t n) {
            return std::find(term.numbers.begin(), term.numbers.end(), n) != term.numbers.end();
        });
    }

    bool field(const FieldTerm& term) {
        const Values& have = values(*term.field);
        auto some = [&](auto test) {
            return std::any_of(have.numbers.begin(), have.numbers.end(), test);
        };
        const std::int64_t n = term.numbers.empty() ? 0 : term.numbers[0];
        switch (term.op) {
            case FieldOp::eq:
            case FieldOp::in:
                return listed(term, have);
            case FieldOp::ne:
            case FieldOp::not_in:
                return !listed(term, have);
            case FieldOp::exists:
                return (!have.texts.empty() || some([](std::int64_t v) { return v != 0; })) ==
                       (n != 0);
            case FieldOp::gte:
                return some([n](std::int64_t v) { return v >= n; });
            case FieldOp::lte:
                return some([n](std::int64_t v) { return v <= n; });
            case FieldOp::contains:
                return std::any_of(
                    have.texts.begin(),
                    have.texts.end(),
                    [&](const std::string& text) { return contains(text, term.texts[0]); }
                );
            case FieldOp::before:
                return some([n](std::int64_t v) { return v > 0 && v < n; });
            case FieldOp::after:
                return some([n](std::int64_t v) { return v > 0 && v > n; });
            case FieldOp::within:
                return some([n, this](std::int64_t v) { return v > 0 && v >= now_ - n; });
        }
        return false;
    }

    bool event(const EventTerm& term) {
        const std::int64_t count = s_.number(
            "SELECT COUNT(*) FROM timeline WHERE corp_id = ? AND contact_id = ? AND kind = ? AND "
            "at_ms >= ?",
            {corp_, contact_, term.kind, term.within_ms == 0 ? 0 : now_ - term.within_ms}
        );
        return count >= term.at_least && (!term.at_most || count <= *term.at_most);
    }

    Snapshot& s_;
    const CorpId corp_;
    const ContactId contact_;
    const UnixMillis now_;
    std::optional<std::set<std::int64_t>> tags_;
    std::map<std::string_view, Values> values_;
};

}  // namespace

bool condition_matches(
    Snapshot& s, CorpId corp, ContactId contact, const Condition& condition, UnixMillis now
) {
    const bool there = s.exists(
        "SELECT 1 FROM contact WHERE corp_id = ? AND id = ? AND merged_into = 0", {corp, contact}
    );
    return there && Facts(s, corp, contact, now).holds(condition);
}

}  // namespace leadbridge::crm
