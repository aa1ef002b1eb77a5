#pragma once
// Settles decoded rows: many in one transaction, and when one of them fails each alone, so that the
// bad one shows. Used by InboxProcessor only, on its thread.

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "gateway/inbox_processor.h"
#include "gateway/inbox_work.h"

namespace leadbridge::gateway {

// The store is full, broken or busy: no row's fault, so no row loses a try.
class StoreTrouble : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class InboxSettler {
public:
    // options.apply is set. All references outlive the settler.
    InboxSettler(
        Database& core,
        const Clock& clock,
        Rng& rng,
        Metrics& metrics,
        const InboxProcessorOptions& options
    );

    // Every row is used, parked, or failed with its next try set. Throws StoreTrouble or
    // DatabaseError.
    void settle(const std::vector<InboxWork>& work);
    void count_refetched();

private:
    enum class Done : std::uint8_t { used, parked, retry, dead, refetched };

    // Before a slice, whose oldest row came then.
    void give_way(UnixMillis received);
    bool rush();
    std::size_t together(const std::vector<InboxWork>& work, std::size_t next);
    Result<std::vector<Settled>> apply_slice(
        Transaction& tx, const std::vector<InboxWork>& work, std::size_t next, UnixMillis now
    ) const;
    void one_by_one(const std::vector<InboxWork>& work, std::size_t next);
    // nullopt: settled. Else why not.
    std::optional<std::string> alone(const InboxWork& work, UnixMillis now);
    void failed(const InboxWork& work, const std::string& failure, UnixMillis now);
    void after_commit(const InboxWork& work, Settled settled);
    void refuse_trouble(const Error& error) const;
    void refuse_trouble(const DatabaseError& error) const;

    void count(Done what) { done_[static_cast<std::size_t>(what)]->add(); }

    Database& core_;
    const Clock& clock_;
    Rng& rng_;
    const InboxProcessorOptions& options_;
    std::array<Counter*, 5> done_{};
    std::chrono::steady_clock::duration slice_took_{};
    std::chrono::steady_clock::time_point asked_at_;
    std::int64_t appended_ = 0;
};

}  // namespace leadbridge::gateway
