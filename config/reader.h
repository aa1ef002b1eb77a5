#pragma once
// Reads typed values from a TOML document and gathers what is wrong with it instead of stopping at
// the first fault. reader.cpp is the one place that knows toml++; private to settings.cpp and
// corp_settings.cpp.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace leadbridge::config {

class Table;

struct IntRange {
    std::int64_t from = 0;
    std::int64_t to = 0;
};

class Document {
public:
    // Environment variables LEADBRIDGE_<SECTION>__<KEY> stand before the values of the root's
    // tables.
    static Result<std::unique_ptr<Document>> parse(
        const std::string& text,
        std::string file,
        std::filesystem::path folder,
        std::map<std::string, std::string> environment
    );
    ~Document();

    Table root();
    // Unknown tables of the root and unused variables, then everything found, as one Error; good
    // when nothing was.
    Status finish();
    const std::filesystem::path& folder() const noexcept;
    const std::set<std::string>& asked() const noexcept;

    struct State;

private:
    explicit Document(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// One table. Asking for a key makes it known; done() reports the keys nobody asked for. A value of
// the wrong type or outside its range is reported and the fallback returned.
class Table {
public:
    std::string text(std::string_view key, std::string_view fallback = "");
    std::string required(std::string_view key);
    std::string choice(
        std::string_view key, const std::vector<std::string>& allowed, std::string_view fallback
    );
    std::int64_t integer(std::string_view key, std::int64_t fallback, IntRange range);
    bool flag(std::string_view key, bool fallback);  // a key that is true or false
    std::vector<std::string> list(std::string_view key);
    // `key` with the value itself or `key`_file naming a file of at most 64 KB, whose last line end
    // is dropped.
    Secret secret(std::string_view key);
    Secret required_secret(std::string_view key);
    // The file named by `key`, read.
    Secret file_content(std::string_view key);
    // Resolved against the document's folder; empty stays empty.
    std::string path(std::string_view key);

    Table table(std::string_view key);  // an absent one reads as empty
    std::vector<Table> tables(std::string_view key);
    bool present() const noexcept;

    void problem(std::string_view key, const std::string& cause);
    void done();

    struct Place;

    explicit Table(std::shared_ptr<Place> place) : place_(std::move(place)) {}

private:
    bool given(std::string_view key);  // asks for it; the environment does not count

    std::shared_ptr<Place> place_;  // shared by the copies of this table
};

}  // namespace leadbridge::config
