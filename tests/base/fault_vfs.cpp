#include "tests/base/fault_vfs.h"

#include <sqlite3.h>

#include <stdexcept>

namespace leadbridge {

namespace {

struct FaultFile {
    sqlite3_file base;
    sqlite3_file* real;  // stands right behind this struct
};

sqlite3_vfs* system_vfs() {
    static sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
    return vfs;
}

sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<FaultFile*>(file)->real;
}

bool take_one(std::atomic<int>& n) {
    int left = n.load();
    while (left > 0) {
        if (n.compare_exchange_weak(left, left - 1)) {
            return true;
        }
    }
    return false;
}

int on_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
    auto& faults = disk_faults();
    const auto n = ++faults.writes;
    if (faults.one_write_in > 0 && n % faults.one_write_in == 0) {
        return SQLITE_IOERR_WRITE;
    }
    if (take_one(faults.failing_writes)) {
        return SQLITE_IOERR_WRITE;
    }
    if ((faults.bytes_left -= size) < 0) {
        return SQLITE_FULL;
    }
    return real(file)->pMethods->xWrite(real(file), data, size, offset);
}

// The power never fails in these tests, so a sync that succeeds need not be a real one.
int on_sync(sqlite3_file*, int) {
    auto& faults = disk_faults();
    const auto n = ++faults.syncs;
    const bool fails =
        take_one(faults.failing_syncs) || (faults.one_sync_in > 0 && n % faults.one_sync_in == 0);
    return fails ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

const sqlite3_io_methods methods = {
    2,
    [](sqlite3_file* f) {
        const int code = real(f)->pMethods->xClose(real(f));
        f->pMethods = nullptr;
        return code;
    },
    [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
        return real(f)->pMethods->xRead(real(f), to, n, at);
    },
    on_write,
    [](sqlite3_file* f, sqlite3_int64 n) { return real(f)->pMethods->xTruncate(real(f), n); },
    on_sync,
    [](sqlite3_file* f, sqlite3_int64* n) { return real(f)->pMethods->xFileSize(real(f), n); },
    [](sqlite3_file* f, int how) { return real(f)->pMethods->xLock(real(f), how); },
    [](sqlite3_file* f, int how) { return real(f)->pMethods->xUnlock(real(f), how); },
    [](sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); },
    [](sqlite3_file* f, int op, void* arg) {
        return real(f)->pMethods->xFileControl(real(f), op, arg);
    },
    [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); },
    [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); },
    [](sqlite3_file* f, int page, int size, int extend, volatile void** out) {
        return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
    },
    [](sqlite3_file* f, int at, int n, int flags) {
        return real(f)->pMethods->xShmLock(real(f), at, n, flags);
    },
    [](sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); },
    [](sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); },
    nullptr,
    nullptr,
};

int on_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* ours = reinterpret_cast<FaultFile*>(file);
    ours->real = reinterpret_cast<sqlite3_file*>(ours + 1);
    const int code = system_vfs()->xOpen(system_vfs(), name, ours->real, flags, out_flags);
    file->pMethods = ours->real->pMethods != nullptr ? &methods : nullptr;
    return code;
}

}  // namespace

void DiskFaults::heal() {
    bytes_left = INT64_MAX;
    failing_syncs = 0;
    failing_writes = 0;
    one_write_in = 0;
    one_sync_in = 0;
}

DiskFaults& disk_faults() {
    static DiskFaults faults;
    return faults;
}

std::string fault_vfs() {
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs ours = *system_vfs();
        ours.zName = "leadbridge-faults";
        ours.szOsFile = static_cast<int>(sizeof(FaultFile)) + system_vfs()->szOsFile;
        ours.xOpen = on_open;
        return ours;
    }();
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    if (registered != SQLITE_OK) {
        throw std::runtime_error("the fault VFS was not registered");
    }
    return vfs.zName;
}

void run_as_stranger(const std::string& path, const std::string& sql) {
    sqlite3* db = nullptr;
    int code = sqlite3_open(path.c_str(), &db);
    if (code == SQLITE_OK) {
        code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
    }
    const std::string error = sqlite3_errmsg(db);
    sqlite3_close(db);
    if (code != SQLITE_OK) {
        throw std::runtime_error(error);
    }
}

}  // namespace leadbridge
