#pragma once
// Runs things later, in real time, on one thread: slow answers, retries of callbacks, people who
// take their time.

#include <cstdint>
#include <functional>
#include <memory>

namespace leadbridge::sandbox {

class Later {
public:
    Later();
    ~Later();  // drops what is still waiting
    void after(std::int64_t real_ms, std::function<void()> work);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::sandbox
