#pragma once
// Frames in and out of the worker. All return false when the pipe is broken or memory is refused.

#include <stddef.h>

#include "connectors/wecom/archive_frames.h"

namespace leadbridge::wecom::worker {

bool read_all(void* data, size_t size);  // from stdin

// To `out`. rest: the fields after the code 0.
bool reply(int out, const frames::Frame& request, const frames::Field* rest, size_t count);
bool reply_error(int out, const frames::Frame& request, int code, const char* text);

}  // namespace leadbridge::wecom::worker
