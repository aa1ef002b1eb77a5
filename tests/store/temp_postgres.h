#pragma once
// Databases on the private server of deploy/checks/with_postgres for tests. One that a test leaves
// is emptied and given to the next test of the same schema: making one costs a hundred tests.

#include <memory>
#include <string>

struct pg_conn;

namespace leadbridge {

enum class Engine { sqlite, postgres };

// The engine of tests that do not name one: LEADBRIDGE_TEST_ENGINE=postgres.
Engine test_engine();
// A server is there: LEADBRIDGE_TEST_POSTGRES.
bool has_postgres();

class TempPostgres {
public:
    // schema: databases with the same text are interchangeable.
    explicit TempPostgres(std::string schema);
    TempPostgres(const TempPostgres&) = delete;
    TempPostgres& operator=(const TempPostgres&) = delete;
    ~TempPostgres();

    const std::string& url() const noexcept { return url_; }

    // True when an earlier test has migrated it.
    bool used() const noexcept { return used_; }

    // The tables are there; the next test may have it. Without this it is dropped.
    void keep() noexcept { keep_ = true; }

    // The test changes the tables: nobody else may have it.
    void discard() noexcept { keep_ = false; }

    // PostgreSQL's own words, on a connection of its own; the first column of the first row.
    std::string sql(const std::string& text) const;

private:
    const std::string schema_;
    std::string name_;
    std::string url_;
    std::shared_ptr<pg_conn> connection_;
    bool used_ = false;
    bool keep_ = false;
};

}  // namespace leadbridge
