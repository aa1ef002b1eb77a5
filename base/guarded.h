#pragma once
// Guarded<T>: data that can be reached only while its lock is held.
//   auto state = guarded_.lock(); state->count++;

#include <condition_variable>
#include <mutex>
#include <utility>

namespace leadbridge {

template <class T>
class Guarded {
public:
    Guarded() = default;

    explicit Guarded(T value) : value_(std::move(value)) {}

    class Lock {
    public:
        T* operator->() { return &value_; }

        T& operator*() { return value_; }

        // For condition variables that wait on this lock.
        std::unique_lock<std::mutex>& raw() { return lock_; }

    private:
        friend class Guarded;

        Lock(std::mutex& mutex, T& value) : lock_(mutex), value_(value) {}

        std::unique_lock<std::mutex> lock_;
        T& value_;
    };

    Lock lock() { return Lock{mutex_, value_}; }

    Lock lock() const { return Lock{mutex_, value_}; }

private:
    mutable std::mutex mutex_;
    mutable T value_{};
};

}  // namespace leadbridge
