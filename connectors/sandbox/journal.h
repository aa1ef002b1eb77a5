#pragma once
// What the sandbox did and saw, one JSON line each, for the history checker: calls answered,
// callbacks delivered, effects.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace leadbridge::sandbox {

class Journal {
public:
    // path "" = keep nothing. Throws std::runtime_error when the file cannot be opened.
    explicit Journal(const std::string& path);
    // One line; json is an object's text.
    void write(std::string_view json_text);

    bool on() const noexcept { return file_ != nullptr; }

private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { std::fclose(file); }
    };

    std::mutex mutex_;  // guards writes
    std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace leadbridge::sandbox
