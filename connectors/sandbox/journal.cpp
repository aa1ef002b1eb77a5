#include "connectors/sandbox/journal.h"

#include <stdexcept>

namespace leadbridge::sandbox {

Journal::Journal(const std::string& path) {
    if (path.empty()) {
        return;
    }
    file_.reset(std::fopen(path.c_str(), "ae"));
    if (!file_) {
        throw std::runtime_error(
            "cannot write the sandbox journal " + path + "; check the folder's owner"
        );
    }
}

void Journal::write(std::string_view json_text) {
    if (!file_) {
        return;
    }
    const std::lock_guard lock(mutex_);
    std::fwrite(json_text.data(), 1, json_text.size(), file_.get());
    std::fputc('\n', file_.get());
    std::fflush(file_.get());
}

}  // namespace leadbridge::sandbox
