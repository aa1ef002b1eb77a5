#include "base/sqlite_token_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>

#include "base/guarded.h"
#include "base/log.h"
#include "base/sqlite_token_file.h"

namespace leadbridge {

namespace {

namespace fs = std::filesystem;

constexpr int months = 12;
constexpr std::int64_t checkpoint_frames = 4'096;  // 16 MB

std::string file_name(int month) {
    return fmt::format("fts-{:04}{:02}.db", month / months, month % months + 1);
}

// The month of "fts-YYYYMM.db"; 0 when it is not such a name.
int month_of(const std::string& name) {
    int number = 0;
    if (name.size() == 13 && name.starts_with("fts-") && name.ends_with(".db")) {
        const auto [end, error] = std::from_chars(name.data() + 4, name.data() + 10, number);
        if (error != std::errc() || end != name.data() + 10) {
            return 0;
        }
    }
    const int month = number % 100;
    return month >= 1 && month <= months ? number / 100 * months + month - 1 : 0;
}

class SqliteTokenIndex final : public TokenIndex {
public:
    explicit SqliteTokenIndex(const SqliteTokenOptions& options) : options_(options) {
        for (const auto& entry : fs::directory_iterator(options_.folder)) {
            if (const int month = month_of(entry.path().filename().string()); month != 0) {
                load(month);
            }
        }
    }

    std::vector<std::int64_t> find(
        const TokenOwner& owner, const TokenMatch& match, const TokenWindow& window
    ) override {
        std::vector<std::int64_t> found;
        TokenWindow rest = window;
        const auto all = ranges(owner);
        for (auto range = all.rbegin(); range != all.rend(); ++range) {
            if (range->first >= window.below) {
                continue;
            }
            rest.limit = window.limit - static_cast<int>(found.size());
            if (rest.limit <= 0) {
                break;
            }
            const auto here = find_in(range->month, owner, match, rest);
            found.insert(found.end(), here.begin(), here.end());
        }
        return found;
    }

    std::vector<TokenRange> ranges(const TokenOwner& owner) override {
        std::vector<TokenRange> out;
        for (const auto& [month, shelf] : state_.lock()->shelves) {
            const auto part = shelf.parts.find(owner.corp);
            if (part != shelf.parts.end() && part->second.key == owner.key &&
                part->second.last >= part->second.first) {
                const TokenPart& p = part->second;
                out.push_back({p.first, p.last, p.last_id, month});
            }
        }
        return out;
    }

    MissingRange missing(const TokenOwner& owner) override {
        MissingRange hole;
        for (const TokenRange& range : ranges(owner)) {
            if (range.first > hole.first) {
                hole.last = range.first - 1;
                hole.most_month = range.month - 1;
                break;
            }
            hole.first = range.last + 1;
            hole.month = range.month;
        }
        return hole;
    }

    void add(const TokenOwner& owner, const TokenSlice& slice) override {
        writing(slice.month, [&](SqliteConnection& c) {
            TokenPart part = add_token_slice(c, owner, slice);
            state_.lock()->shelves[slice.month].parts.insert_or_assign(owner.corp, std::move(part));
        });
    }

    void remove(const TokenOwner& owner, std::int64_t number, const std::string& tokens) override {
        if (const auto at = place_of(owner, number)) {
            writing(at->first, [&](SqliteConnection& c) {
                remove_token_document(c, at->second, number, tokens);
            });
        }
    }

    void forget_part(const TokenOwner& owner, std::int64_t number) override {
        if (const auto at = place_of(owner, number)) {
            drop(at->first);
        }
    }

    bool mend() override {
        std::vector<int> broken;
        for (const auto& [month, shelf] : state_.lock()->shelves) {
            if (shelf.damaged || !fs::exists(path_of(month))) {
                broken.push_back(month);
            }
        }
        for (const int month : broken) {
            drop(month);
        }
        return !broken.empty();
    }

    bool tidy() override {
        std::vector<int> past;
        for (const auto& [month, shelf] : state_.lock()->shelves) {
            past.push_back(month);
        }
        // The newest still grows.
        for (std::size_t i = 0; i + 1 < past.size(); ++i) {
            if (tidied_.contains(past[i])) {
                continue;
            }
            bool more = false;
            writing(past[i], [&](SqliteConnection& c) { more = tidy_token_file(c); });
            if (more) {
                return true;
            }
            tidied_.emplace(past[i], true);
            writer_.reset();
        }
        return false;
    }

    std::int64_t size_bytes() override {
        std::int64_t bytes = 0;
        for (const auto& [month, shelf] : state_.lock()->shelves) {
            std::error_code ec;
            const auto size = fs::file_size(path_of(month), ec);
            bytes += ec ? 0 : static_cast<std::int64_t>(size);
        }
        return bytes;
    }

private:
    struct Reader {
        int month = 0;
        std::unique_ptr<SqliteConnection> connection;
    };

    struct Shelf {
        TokenParts parts;
        int readers = 0;  // at work
        bool damaged = false;
    };

    struct State {
        std::map<int, Shelf> shelves;  // by month
        std::vector<Reader> idle;      // the longest idle first
    };

    std::string path_of(int month) const {
        return (fs::path(options_.folder) / file_name(month)).string();
    }

    SqliteOptions file_options(int month) const {
        SqliteOptions options;
        options.path = path_of(month);
        options.name = "search";
        options.writer_cache_kb = 8'192;
        options.reader_cache_kb = 2'048;
        options.ballast_bytes = 0;
        options.durability = options_.durability;
        return options;
    }

    // At start: what is not readable as one of ours goes.
    void load(int month) {
        try {
            SqliteConnection c(file_options(month), SqliteRole::reader);
            c.set_deadline(std::chrono::steady_clock::time_point::max());
            if (auto parts = read_token_file(c, options_.format)) {
                state_.lock()->shelves[month].parts = std::move(*parts);
                return;
            }
        } catch (const DatabaseError& e) {
            log::warn("search", "an index file is not readable", {{"why", e.what()}});
        }
        delete_file(month);
    }

    void delete_file(int month) const {
        log::warn("search", "an index file is made anew", {{"file", file_name(month)}});
        for (const char* suffix : {"", "-wal", "-shm"}) {
            std::error_code ec;
            fs::remove(path_of(month) + suffix, ec);
        }
    }

    // Waits for its readers, so that no two files are ever open under one name.
    void drop(int month) {
        if (writer_month_ == month) {
            writer_.reset();
        }
        tidied_.erase(month);
        auto state = state_.lock();
        state->shelves[month].parts.clear();
        left_.wait(state.raw(), [&] { return state->shelves[month].readers == 0; });
        std::erase_if(state->idle, [&](const Reader& r) { return r.month == month; });
        delete_file(month);
        state->shelves.erase(month);
    }

    std::optional<std::pair<int, TokenPart>> place_of(
        const TokenOwner& owner, std::int64_t number
    ) {
        for (const auto& [month, shelf] : state_.lock()->shelves) {
            const auto part = shelf.parts.find(owner.corp);
            if (part != shelf.parts.end() && part->second.key == owner.key &&
                part->second.first <= number && number <= part->second.last) {
                return std::pair{month, part->second};
            }
        }
        return std::nullopt;
    }

    std::vector<std::int64_t> find_in(
        int month, const TokenOwner& owner, const TokenMatch& match, const TokenWindow& window
    ) {
        TokenPart part;
        Reader reader{month, nullptr};
        {
            auto state = state_.lock();
            const auto shelf = state->shelves.find(month);
            if (shelf == state->shelves.end() || !shelf->second.parts.contains(owner.corp)) {
                return {};
            }
            part = shelf->second.parts.at(owner.corp);
            ++shelf->second.readers;
            const auto idle = std::ranges::find(state->idle, month, &Reader::month);
            if (idle != state->idle.end()) {
                reader = std::move(*idle);
                state->idle.erase(idle);
            }
        }
        std::vector<std::int64_t> found;
        bool damaged = false;
        try {
            if (!reader.connection) {
                reader.connection =
                    std::make_unique<SqliteConnection>(file_options(month), SqliteRole::reader);
            }
            reader.connection->set_deadline(
                std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.read_limit_ms)
            );
            found = find_in_token_file(*reader.connection, part, match, window);
        } catch (const StoreTrouble& e) {
            log::error("search", "an index file is damaged", {{"why", e.what()}});
            damaged = e.damaged();
            reader.connection.reset();
        } catch (...) {
            give_back(std::move(reader), false);
            throw;
        }
        give_back(std::move(reader), damaged);
        return found;
    }

    void give_back(Reader reader, bool damaged) {
        Reader oldest;  // closed after the lock is gone
        {
            auto state = state_.lock();
            Shelf& shelf = state->shelves.at(reader.month);
            --shelf.readers;
            shelf.damaged = shelf.damaged || damaged;
            if (reader.connection) {
                state->idle.push_back(std::move(reader));
            }
            if (state->idle.size() > options_.idle_readers) {
                oldest = std::move(state->idle.front());
                state->idle.erase(state->idle.begin());
            }
        }
        left_.notify_all();
    }

    template <class F>
    void writing(int month, F fn) {
        try {
            fn(writer(month));
            if (writer_->unfolded_frames() > checkpoint_frames) {
                writer_->checkpoint(CheckpointMode::passive);
            }
        } catch (const StoreTrouble& e) {
            writer_.reset();
            if (e.damaged()) {
                state_.lock()->shelves[month].damaged = true;
            }
            throw;
        }
    }

    SqliteConnection& writer(int month) {
        if (!writer_ || writer_month_ != month) {
            writer_.reset();
            const bool fresh = !state_.lock()->shelves.contains(month);
            if (fresh) {
                delete_leftovers(month);
            }
            auto c = std::make_unique<SqliteConnection>(file_options(month), SqliteRole::writer);
            if (fresh) {
                make_token_file(*c, options_.format);
                state_.lock()->shelves.try_emplace(month);
            }
            writer_ = std::move(c);
            writer_month_ = month;
        }
        tidied_.erase(month);
        return *writer_;
    }

    // Of a start that ended between making the file and its tables.
    void delete_leftovers(int month) const {
        if (fs::exists(path_of(month))) {
            delete_file(month);
        }
    }

    const SqliteTokenOptions options_;
    Guarded<State> state_;
    std::condition_variable left_;
    // Of the thread that adds.
    std::unique_ptr<SqliteConnection> writer_;
    int writer_month_ = 0;
    std::map<int, bool> tidied_;
};

}  // namespace

std::unique_ptr<TokenIndex> open_sqlite_token_index(const SqliteTokenOptions& options) {
    return std::make_unique<SqliteTokenIndex>(options);
}

}  // namespace leadbridge
