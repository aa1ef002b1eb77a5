// A condition answered from the bitmaps of one corp.
#include <algorithm>
#include <array>

#include "crm/nurture/condition_sql.h"
#include "crm/nurture/contact_set_keys.h"
#include "crm/nurture/contact_sets.h"

namespace leadbridge::crm {

namespace {

bool positive_set(const Condition& c) {
    return c.kind == Condition::Kind::tag ||
           (c.kind == Condition::Kind::field && c.field.field->set_term &&
            c.field.op != FieldOp::contains);
}

// What costs least and narrows most comes first; SQL terms come last and not at all when nothing is
// left.
int rank(const Condition& c) {
    if (positive_set(c)) {
        return 0;
    }
    return c.kind == Condition::Kind::field || c.kind == Condition::Kind::event ? 2 : 1;
}

}  // namespace

const OrdSet* ContactSets::find(const std::string& key) const {
    auto at = sets_.find(key);
    return at == sets_.end() ? nullptr : &at->second;
}

OrdSet ContactSets::of_keys(
    std::span<const std::string_view> fields, const std::vector<std::int64_t>& ids
) const {
    OrdSet out;
    for (const std::int64_t id : ids) {
        for (const std::string_view field : fields) {
            if (const OrdSet* set = find(set_key(field, id))) {
                out |= *set;
            }
        }
    }
    return out;
}

OrdSet ContactSets::of_members(const std::vector<std::int64_t>& members) const {
    static constexpr std::array<std::string_view, 2> fields{"owner", "friend"};
    return of_keys(fields, members);
}

OrdSet ContactSets::of_channels(const std::vector<std::int64_t>& channels) const {
    static constexpr std::array<std::string_view, 1> fields{"channel"};
    return of_keys(fields, channels);
}

OrdSet ContactSets::of_field(const FieldTerm& term) const {
    OrdSet out;
    const auto add = [&](const std::string& key) {
        if (const OrdSet* set = find(key)) {
            out |= *set;
        }
    };
    if (term.op == FieldOp::exists) {
        add(any_key(term.field->name));
    } else {
        for (const std::string& text : term.texts) {
            if (!text.empty()) {  // nobody has an empty value
                add(set_key(term.field->name, text));
            }
        }
        for (const std::int64_t number : term.numbers) {
            add(set_key(term.field->name, number));
        }
    }
    const bool negated = term.op == FieldOp::ne || term.op == FieldOp::not_in ||
                         (term.op == FieldOp::exists && term.numbers[0] == 0);
    if (!negated) {
        return out;
    }
    OrdSet rest = live_;
    rest -= out;
    return rest;
}

OrdSet ContactSets::of_term(Database& db, const Condition& term, UnixMillis now) const {
    if (term.kind == Condition::Kind::tag) {
        const OrdSet* set = find("tag:" + std::to_string(term.id));
        return set == nullptr ? OrdSet() : *set;
    }
    if (positive_set(term)) {
        return of_field(term.field);
    }
    SqlText sql = ords_of_term(term, corp_, now);
    std::vector<std::uint32_t> ords;
    Result<bool> read = db.read<bool>([&](Snapshot& s) -> Result<bool> {
        ords.clear();
        s.each(sql.sql(), sql.params(), [&](const Row& row) {
            ords.push_back(static_cast<std::uint32_t>(row.integer(0)));
            return Visit::next;
        });
        return true;
    });
    if (!read) {
        throw DatabaseError("condition term: " + read.error().message);
    }
    std::sort(ords.begin(), ords.end());
    OrdSet out;
    out.add_many(ords);
    out &= live_;
    return out;
}

OrdSet ContactSets::of_all(Database& db, const Condition& condition, UnixMillis now) const {
    std::vector<const Condition*> order;
    for (const Condition& child : condition.children) {
        order.push_back(&child);
    }
    std::stable_sort(order.begin(), order.end(), [](const Condition* a, const Condition* b) {
        return rank(*a) < rank(*b);
    });
    OrdSet out;
    bool first = true;
    for (const Condition* child : order) {
        if (!first && out.empty()) {
            break;
        }
        const OrdSet* stored = nullptr;
        if (child->kind == Condition::Kind::tag &&
            (stored = find("tag:" + std::to_string(child->id))) != nullptr) {
            if (first) {
                out = *stored;
            } else {
                out &= *stored;
            }
        } else if (child->kind == Condition::Kind::negate) {
            if (first) {
                out = live_;
            }
            out -= select(db, child->children[0], now);
        } else if (first) {
            out = select(db, *child, now);
        } else {
            out &= select(db, *child, now);
        }
        first = false;
    }
    return out;
}

OrdSet ContactSets::select(Database& db, const Condition& condition, UnixMillis now) const {
    switch (condition.kind) {
        case Condition::Kind::all:
            return condition.children.empty() ? live_ : of_all(db, condition, now);
        case Condition::Kind::any: {
            OrdSet out;
            for (const Condition& child : condition.children) {
                out |= select(db, child, now);
            }
            return out;
        }
        case Condition::Kind::negate: {
            OrdSet out = live_;
            out -= select(db, condition.children[0], now);
            return out;
        }
        case Condition::Kind::segment:
            return OrdSet();
        case Condition::Kind::tag:
        case Condition::Kind::field:
        case Condition::Kind::event:
            return of_term(db, condition, now);
    }
    return OrdSet();
}

}  // namespace leadbridge::crm
