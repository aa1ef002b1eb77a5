#pragma once
// The thread that makes child processes.

#include <functional>
#include <memory>

namespace leadbridge::wecom {

// A child is tied to the *thread* that made it (PR_SET_PDEATHSIG), so all are made on one thread
// that lives as long as the program wants archive sources. Thread-safe.
class SpawnThread {
public:
    SpawnThread();
    ~SpawnThread();                               // the children still alive die with it
    void run(const std::function<void()>& work);  // returns when done

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::wecom
