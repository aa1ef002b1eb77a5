#pragma once
// A disk that loses power: an SQLite VFS over the system's which remembers what of each file was
// synced and what was only written. What a machine would find after a failure is made aside, while
// the program goes on: synced bytes whole; of the others each sector kept, dropped or garbled, in
// whatever order they were written. For the files of one folder at a time; thread-safe.

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/rng.h"

namespace leadbridge {

// What is found, by file name. The memory shared by processes (-shm) is no file to find.
using FoundFiles = std::map<std::string, std::string>;

class PowerLoss {
public:
    // Registers the VFS once; give its name to SqliteOptions::vfs.
    static std::string vfs();

    // From now on the files of this folder are remembered, those of others no more. `lying`: a sync
    // answers and does nothing.
    static void watch(const std::string& folder, bool lying = false);
    // Called before each write, truncation and sync, which waits for it; nothing else is written
    // meanwhile. May call fail(). Empty: nothing is called.
    static void before_each(std::function<void()> hook);
    // The power fails now. Only inside before_each, or when nothing writes.
    static FoundFiles fail(Rng& rng);
};

}  // namespace leadbridge
