#pragma once
// What the worker answers to each request (archive_frames.h).

#include "connectors/wecom/archive_frames.h"
#include "connectors/wecom/archive_worker/library.h"

namespace leadbridge::wecom::worker {

struct Worker {
    const char* sdk_file;
    int out;  // the real stdout; descriptor 1 is given away, in case the library prints
    Library library;
    Sdk* sdk;
};

// False = the worker ends.
bool answer(Worker& worker, const frames::Frame& request);

}  // namespace leadbridge::wecom::worker
