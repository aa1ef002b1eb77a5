#include "tests/store/temp_postgres.h"

#include <libpq-fe.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "base/guarded.h"

namespace leadbridge {

namespace {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string server() {
    return variable("LEADBRIDGE_TEST_POSTGRES");
}

using Connection = std::shared_ptr<PGconn>;

Connection connect(const std::string& url) {
    Connection connection(PQconnectdb(url.c_str()), &PQfinish);
    PQsetNoticeProcessor(
        connection.get(), [](void*, const char*) {}, nullptr
    );
    return connection;
}

std::string run(const Connection& connection, const std::string& sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(
        PQexec(connection.get(), sql.c_str()), &PQclear
    );
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        throw std::runtime_error(
            std::string("the test server: ") + PQerrorMessage(connection.get())
        );
    }
    return PQntuples(result.get()) > 0 && PQnfields(result.get()) > 0
               ? PQgetvalue(result.get(), 0, 0)
               : "";
}

// Deletes the rows of every table that has some, but not what says that the schema is there.
constexpr const char* empty_tables =
    "DO $$ DECLARE t record; full_one boolean; BEGIN"
    " SET session_replication_role = replica;"
    " FOR t IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('core', 'archive')"
    "   AND tablename NOT IN ('schema_migration', 'change_base') LOOP"
    "  EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.%I)', t.schemaname, t.tablename) INTO "
    "full_one;"
    "  IF full_one THEN EXECUTE format('DELETE FROM %I.%I', t.schemaname, t.tablename); END IF;"
    " END LOOP;"
    " FOR t IN SELECT schemaname, sequencename FROM pg_sequences WHERE last_value IS NOT NULL LOOP"
    "  EXECUTE format('ALTER SEQUENCE %I.%I RESTART', t.schemaname, t.sequencename);"
    " END LOOP; END $$";

struct Kept {
    std::string name;
    Connection connection;
};

Guarded<std::map<std::string, std::vector<Kept>>> kept;
std::atomic<int> made = 0;

}  // namespace

Engine test_engine() {
    return variable("LEADBRIDGE_TEST_ENGINE") == "postgres" ? Engine::postgres : Engine::sqlite;
}

bool has_postgres() {
    return !server().empty();
}

TempPostgres::TempPostgres(std::string schema) : schema_(std::move(schema)) {
    if (!has_postgres()) {
        throw std::runtime_error("no test server: run this under deploy/checks/with_postgres");
    }
    {
        auto all = kept.lock();
        auto& mine = (*all)[schema_];
        if (!mine.empty()) {
            name_ = mine.back().name;
            connection_ = mine.back().connection;
            mine.pop_back();
            used_ = true;
        }
    }
    if (!used_) {
        name_ = "t" + std::to_string(getpid()) + "_" + std::to_string(++made);
        run(connect(server() + " dbname=postgres"),
            "CREATE DATABASE " + name_ + " TEMPLATE template0 STRATEGY file_copy");
    }
    url_ = server() + " dbname=" + name_;
    if (!connection_) {
        connection_ = connect(url_);
    }
}

TempPostgres::~TempPostgres() {
    try {
        if (keep_) {
            sql(empty_tables);
            (*kept.lock())[schema_].push_back({name_, connection_});
        } else {
            run(connect(server() + " dbname=postgres"), "DROP DATABASE " + name_ + " WITH (FORCE)");
        }
    } catch (const std::exception& e) {
        // The server goes with the tests anyway; the next test gets another database.
        std::fprintf(stderr, "a test database was not given back: %s\n", e.what());
    }
}

std::string TempPostgres::sql(const std::string& text) const {
    return run(connection_, text);
}

}  // namespace leadbridge
