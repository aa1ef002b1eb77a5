#include "base/blob_format.h"

namespace leadbridge::blob_format {

std::string chunk_place(std::string_view name, std::int64_t index) {
    return "blob:" + std::string(name) + ":" + std::to_string(index);
}

std::string end_place(std::string_view name) {
    return "blob-end:" + std::string(name);
}

std::string header(std::string_view name) {
    return std::string(magic) + u32(name.size()) + std::string(name);
}

std::string read_frame(const File& file, std::int64_t offset) {
    const std::string prefix = file.read(offset, 4);
    const std::size_t length = u32(prefix);
    if (prefix.size() != 4 || length == 0 || length > max_frame) {
        return {};
    }
    std::string frame = file.read(offset + 4, length);
    return frame.size() == length ? frame : std::string{};
}

}  // namespace leadbridge::blob_format
