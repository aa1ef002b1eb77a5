#pragma once
// Figures that cost the more the larger a company is, kept between looks: as long as nothing in
// their database changed, else for fifty times as long as they took, so that making them never
// takes more than a fiftieth of a core. A small company's figures are always those of now, a large
// one's some seconds old.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "base/database.h"
#include "base/guarded.h"
#include "base/result.h"

namespace leadbridge {

// Thread-safe. The database and the clock outlive it. A key says everything that a figure depends
// on beside the database: whose it is and of which day.
template <class Key, class Value>
class Kept {
public:
    // most: figures kept; beyond them the one asked for longest ago is forgotten.
    Kept(Database& database, const Clock& clock, std::size_t most)
        : database_(database), clock_(clock), most_(most) {}

    // make() reads the figure: Result<Value>. One makes it at a time; others wait for that one.
    template <class Make>
    Result<std::shared_ptr<const Value>> of(const Key& key, const Make& make) {
        const std::shared_ptr<Figure> figure = figure_of(key);
        if (auto known = figure->good(database_.stats().last_change, clock_)) {
            return known;
        }
        const std::lock_guard one_at_a_time(figure->making);
        const std::int64_t change = database_.stats().last_change;
        if (auto known = figure->good(change, clock_)) {  // by whoever made it while we waited
            return known;
        }
        const std::int64_t began = clock_.steady_ms();
        Result<Value> value = make();
        if (!value) {
            return std::move(value).error();
        }
        const std::int64_t now = clock_.steady_ms();
        const std::int64_t took = now - began;
        auto out = std::make_shared<const Value>(std::move(*value));
        *figure->made.lock() =
            Made{out, change, now + (took > tick_ms ? took * share_of_a_core : 0)};
        return out;
    }

    std::size_t size() const { return figures_.lock()->size(); }

private:
    static constexpr std::int64_t share_of_a_core = 50;
    static constexpr std::int64_t tick_ms = 1;  // what the clock may say of no time at all

    struct Made {
        std::shared_ptr<const Value> value;
        std::int64_t at_change = 0;
        std::int64_t fresh_until = 0;  // steady ms
    };

    struct Figure {
        std::shared_ptr<const Value> good(std::int64_t change, const Clock& clock) {
            auto kept = made.lock();
            const bool fresh = kept->at_change == change || kept->fresh_until > clock.steady_ms();
            return fresh ? kept->value : nullptr;
        }

        std::mutex making;
        Guarded<Made> made;
        std::int64_t asked = 0;  // the look it was; under the lock of figures_
    };

    std::shared_ptr<Figure> figure_of(const Key& key) {
        auto figures = figures_.lock();
        auto [at, fresh] = figures->try_emplace(key);
        if (fresh) {
            at->second = std::make_shared<Figure>();
        }
        at->second->asked = ++looks_;
        std::shared_ptr<Figure> out = at->second;
        if (figures->size() > most_) {
            figures->erase(std::min_element(figures->begin(), figures->end(), [](auto& a, auto& b) {
                return a.second->asked < b.second->asked;
            }));
        }
        return out;
    }

    Database& database_;
    const Clock& clock_;
    std::size_t most_;
    Guarded<std::map<Key, std::shared_ptr<Figure>>> figures_;
    std::int64_t looks_ = 0;  // under the lock of figures_
};

}  // namespace leadbridge
