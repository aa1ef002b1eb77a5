#include "gateway/held_rows.h"

#include <utility>

namespace leadbridge::gateway {

HeldRows::HeldRows(const Clock& clock) : clock_(clock), thread_([this] { run(); }) {}

HeldRows::~HeldRows() {
    stop();
}

void HeldRows::limit(HeldLimits limits) {
    state_.lock()->limits = limits;
}

bool HeldRows::add(HeldRow row) {
    auto s = state_.lock();
    if (s->stopping || s->rows.size() >= s->limits.rows || s->bytes + row.bytes > s->limits.bytes) {
        return false;
    }
    s->bytes += row.bytes;
    s->rows.push_back(std::move(row));
    changed_.notify_one();
    return true;
}

void HeldRows::stop() {
    {
        auto s = state_.lock();
        s->stopping = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) {
        thread_.join();
    }
    // Only now: until its end the thread puts back what it could not store.
    std::deque<HeldRow> rows;
    rows.swap(state_.lock()->rows);
    for (const auto& row : rows) {
        row.give_up();
    }
}

void HeldRows::run() {
    while (true) {
        {
            auto s = state_.lock();
            changed_.wait(s.raw(), [&] { return s->stopping || !s->rows.empty(); });
            changed_.wait_for(s.raw(), clock_.real(s->limits.step_ms), [&] { return s->stopping; });
            if (s->stopping) {
                return;
            }
        }
        try_all();
    }
}

// Without the lock: storing may call back into add().
void HeldRows::try_all() {
    std::deque<HeldRow> rows;
    {
        auto s = state_.lock();
        rows.swap(s->rows);
        s->bytes = 0;
    }
    bool full = false;
    std::deque<HeldRow> left;
    for (auto& row : rows) {
        if (clock_.steady_ms() >= row.deadline) {
            row.give_up();
        } else if (full || !row.store()) {
            full = true;
            left.push_back(std::move(row));
        }
    }
    auto s = state_.lock();
    for (auto it = left.rbegin(); it != left.rend(); ++it) {
        s->bytes += it->bytes;
        s->rows.push_front(std::move(*it));
    }
}

}  // namespace leadbridge::gateway
