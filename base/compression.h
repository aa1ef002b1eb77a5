#pragma once
// Packing and unpacking: gzip (RFC 1952) of what is sent, zstd (RFC 8878) of what is kept.
// Functions are thread-safe; an object is used by one thread at a time.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace leadbridge {

// The one member of `packed`. Error{invalid} when it is damaged, cut short, followed by more, or
// larger than max_bytes unpacked.
Result<std::string> gunzip(std::string_view packed, std::size_t max_bytes);

// One zstd frame, in pieces.
class Packer {
public:
    explicit Packer(int level = 3);
    ~Packer();
    // Adds to `out` whatever is ready.
    void pack(std::string_view clear, std::string& out);
    // Ends the frame; the object is done.
    void finish(std::string& out);

private:
    struct State;
    std::unique_ptr<State> state_;
};

class Unpacker {
public:
    Unpacker();
    ~Unpacker();
    // Gives clear bytes on, in pieces of at most some hundred KB. Error{corrupt} when the bytes are
    // not of a frame, or go on behind its end.
    Status unpack(std::string_view packed, const std::function<void(std::string_view)>& give);
    // The frame's end was seen.
    bool ended() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge
