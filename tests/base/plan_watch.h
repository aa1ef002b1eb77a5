#pragma once
// A Transaction that keeps how the engine would run each statement that passes through it, so that
// a test can say which index serves a function without knowing its SQL.

#include <string>
#include <vector>

#include "base/database.h"

namespace leadbridge {

class PlanWatch final : public Transaction {
public:
    explicit PlanWatch(Transaction& tx) : tx_(tx) {}

    using Snapshot::each;
    using Transaction::execute;

    void each(std::string_view sql, Params params, const std::function<Visit(const Row&)>& visit)
        override {
        watch(sql, params);
        tx_.each(sql, params, visit);
    }

    std::int64_t execute(std::string_view sql, Params params) override {
        watch(sql, params);
        return tx_.execute(sql, params);
    }

    void changed(const Change& change) override { tx_.changed(change); }

    void after_commit(std::function<void()> signal) override {
        tx_.after_commit(std::move(signal));
    }

    // "SEARCH f USING INDEX follow_contact (corp_id=? AND contact_id=?)", a line for each step.
    const std::string& plans() const noexcept { return plans_; }

private:
    void watch(std::string_view sql, Params params) {
        tx_.each("EXPLAIN QUERY PLAN " + std::string(sql), params, [&](const Row& row) {
            plans_ += row.str(3) + "\n";
            return Visit::next;
        });
    }

    Transaction& tx_;
    std::string plans_;
};

}  // namespace leadbridge
