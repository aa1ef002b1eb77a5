#pragma once
// A disk that fails on demand: an SQLite VFS over the system's. Its faults count for every file
// opened through it.

#include <atomic>
#include <cstdint>
#include <string>

namespace leadbridge {

struct DiskFaults {
    std::atomic<std::int64_t> bytes_left = INT64_MAX;  // then writes fail as on a full disk
    std::atomic<int> failing_syncs = 0;                // so many fsyncs fail, then they work again
    std::atomic<int> failing_writes = 0;               // so many writes fail with an I/O error
    std::atomic<int> one_write_in = 0;                 // every n-th write fails; 0 = none
    std::atomic<int> one_sync_in = 0;
    std::atomic<std::int64_t> writes = 0;
    std::atomic<std::int64_t> syncs = 0;

    void heal();
};

// Registers the VFS once; give its name to SqliteOptions::vfs.
std::string fault_vfs();
DiskFaults& disk_faults();

// What a program that is not ours may do to the file: one committed statement, by a connection of
// its own.
void run_as_stranger(const std::string& path, const std::string& sql);

}  // namespace leadbridge
