#pragma once
// Tells what happens in a corp as it happens, one line an event, for the terminal of `serve
// --sandbox`.

#include <functional>
#include <memory>
#include <string>

#include "gateway/app.h"

namespace leadbridge::gateway {

class Story {
public:
    // app outlives the story. tell is called on the story's thread.
    Story(App& app, CorpId corp, std::function<void(const std::string& line)> tell);
    ~Story();  // stop()
    void start();
    void stop();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::gateway
