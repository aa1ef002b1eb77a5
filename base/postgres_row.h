#pragma once
// Reading a row in PostgreSQL's binary format. Private to the engine.

#include <deque>
#include <string>

#include "base/database.h"

struct pg_result;

namespace leadbridge {

// Numbers of PostgreSQL's catalogue: the types that our statements bind and get back.
enum class PostgresType : unsigned {
    unknown = 0,
    boolean = 16,
    bytes = 17,
    int8 = 20,
    int2 = 21,
    int4 = 23,
    text = 25,
    oid = 26,
    float4 = 700,
    float8 = 701,
    numeric = 1700,
    xid8 = 5069,
};

// 0 for a query.
std::int64_t affected_rows(const pg_result* result);

// Converts between numbers and text as SQLite does: an integer read as text is its digits, text
// read as a number its leading number or 0.
class PostgresRow final : public Row {
public:
    explicit PostgresRow(const pg_result* result) : result_(result) {}

    // The row read from here on.
    void move_to(int row) {
        row_ = row;
        written_.clear();
    }

    bool null(int column) const override;
    std::int64_t integer(int column) const override;
    double real(int column) const override;
    std::string_view text(int column) const override;
    std::string_view blob(int column) const override;

private:
    std::string_view bytes(int column) const;
    PostgresType type(int column) const;

    const pg_result* result_;
    int row_ = 0;
    mutable std::deque<std::string> written_;  // numbers read as text
};

}  // namespace leadbridge
