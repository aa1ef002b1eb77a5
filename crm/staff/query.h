#pragma once
// Puts a SELECT together: conditions joined by AND with their parameters in order. Owns the texts
// it binds.

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/database.h"
#include "crm/staff/page.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {

class Query {
public:
    // select: everything before WHERE.
    explicit Query(std::string_view select) : sql_(select) {}

    Query& where(std::string_view condition, std::initializer_list<Param> params = {}) {
        sql_ += where_ ? " AND " : " WHERE ";
        where_ = true;
        sql_ += condition;
        params_.insert(params_.end(), params);
        return *this;
    }

    Query& where(const Clause& clause) {
        if (!clause.sql.empty()) {
            where(clause.sql);
            params_.insert(params_.end(), clause.params.begin(), clause.params.end());
        }
        return *this;
    }

    // Keeps a text alive for as long as the query.
    std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }

    Query& then(std::string_view rest, std::initializer_list<Param> params = {}) {
        sql_ += rest;
        params_.insert(params_.end(), params);
        return *this;
    }

    template <class F>
    auto all(Snapshot& s, F map) const {
        return s.all(sql_, Params{params_}, std::move(map));
    }

    template <class F>
    auto one(Snapshot& s, F map) const {
        return s.one(sql_, Params{params_}, std::move(map));
    }

    std::int64_t number(Snapshot& s) const {
        return one(s, [](const Row& row) { return row.integer(0); }).value_or(0);
    }

private:
    std::string sql_;
    bool where_ = false;
    std::vector<Param> params_;
    std::deque<std::string> kept_;  // addresses stay
};

constexpr int page_limit(const Page& page) noexcept {
    return page.limit < 1 ? 1 : (page.limit > 200 ? 200 : page.limit);
}

// Runs a query that is narrowed already, newest id first. id_column: "c.id"; id_of(item) gives its
// value.
template <class F, class IdOf>
auto page_of(
    Snapshot& s, Query& query, std::string_view id_column, const Page& page, F map, IdOf id_of
) {
    const int limit = page_limit(page);
    if (page.before > 0) {
        query.where(std::string(id_column) + " < ?", {page.before});
    }
    query.then(" ORDER BY " + std::string(id_column) + " DESC LIMIT ?", {limit + 1});
    PageOf<std::invoke_result_t<F, const Row&>> out;
    out.items = query.all(s, std::move(map));
    if (out.items.size() > static_cast<std::size_t>(limit)) {
        out.items.pop_back();
        out.next = id_of(out.items.back());
    }
    return out;
}

}  // namespace leadbridge::crm
