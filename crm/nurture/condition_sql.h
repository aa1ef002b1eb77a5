#pragma once
// A condition as SQL over `contact c`: the evaluator for pages, small sets and terms that have no
// bitmap.

#include <deque>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "crm/nurture/condition.h"

namespace leadbridge::crm {

// An SQL expression with its parameters in order. Owns the texts it binds; moved, never copied.
class SqlText {
public:
    SqlText() = default;
    SqlText(SqlText&&) = default;
    SqlText& operator=(SqlText&&) = default;

    SqlText& add(std::string_view sql) {
        sql_ += sql;
        return *this;
    }

    SqlText& bind(std::int64_t value) {
        params_.emplace_back(value);
        return *this;
    }

    SqlText& bind(std::string text) {
        params_.emplace_back(std::string_view(texts_.emplace_back(std::move(text))));
        return *this;
    }

    const std::string& sql() const noexcept { return sql_; }

    Params params() const noexcept { return Params{params_}; }

private:
    std::string sql_;
    std::vector<Param> params_;
    std::deque<std::string> texts_;  // addresses stay, also when moved
};

// Appends the condition in brackets. Segment terms must have been expanded (segment.h); one that is
// left is false.
void append_condition(SqlText& out, const Condition& condition, UnixMillis now);

// SELECT c.ord of every contact of the corp that a single field or event term holds for, in no
// order; merged ones may be among them.
SqlText ords_of_term(const Condition& term, CorpId corp, UnixMillis now);

}  // namespace leadbridge::crm
