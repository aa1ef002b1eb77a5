#include "tests/base/power_loss.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <vector>

namespace leadbridge {

namespace {

constexpr std::size_t sector = 512;

// A write, or a truncation where bytes is absent.
struct Unsynced {
    std::size_t at = 0;
    std::optional<std::string> bytes = {};
};

struct Disk {
    struct File {
        std::optional<std::string> synced;  // nullopt: the folder's entry may not be there
        std::vector<Unsynced> since;
    };

    std::mutex mutex;
    std::string folder;
    bool lying = false;
    std::function<void()> hook;
    std::map<std::string, File> files;  // by path

    File* file(const char* path) {
        const auto found = path == nullptr ? files.end() : files.find(path);
        return found == files.end() ? nullptr : &found->second;
    }
};

Disk& disk() {
    static Disk one;
    return one;
}

struct WatchedFile {
    sqlite3_file base;
    const char* path;    // SQLite keeps it while the file is open
    sqlite3_file* real;  // stands right behind this struct
};

sqlite3_vfs* system_vfs() {
    static sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
    return vfs;
}

WatchedFile* ours(sqlite3_file* file) {
    return reinterpret_cast<WatchedFile*>(file);
}

sqlite3_file* real(sqlite3_file* file) {
    return ours(file)->real;
}

void apply(std::string& content, const Unsynced& one) {
    if (!one.bytes) {
        content.resize(one.at);
        return;
    }
    content.resize(std::max(content.size(), one.at + one.bytes->size()));
    content.replace(one.at, one.bytes->size(), *one.bytes);
}

// Does what is asked of the real file, and notes it as one step of the disk.
template <class Do, class Note>
int step(sqlite3_file* file, const Do& act, const Note& note) {
    Disk& d = disk();
    const std::lock_guard lock(d.mutex);
    if (d.file(ours(file)->path) == nullptr) {
        return act();
    }
    if (d.hook) {
        d.hook();
    }
    const int code = act();
    if (code == SQLITE_OK) {
        note(*d.file(ours(file)->path));
    }
    return code;
}

int on_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at) {
    return step(
        file,
        [&] { return real(file)->pMethods->xWrite(real(file), data, size, at); },
        [&](Disk::File& f) {
            const auto* bytes = static_cast<const char*>(data);
            f.since.push_back(
                {static_cast<std::size_t>(at), std::string(bytes, static_cast<std::size_t>(size))}
            );
        }
    );
}

int on_truncate(sqlite3_file* file, sqlite3_int64 size) {
    return step(
        file,
        [&] { return real(file)->pMethods->xTruncate(real(file), size); },
        [&](Disk::File& f) { f.since.push_back({static_cast<std::size_t>(size)}); }
    );
}

// The real one may stay in memory: the power fails nowhere but here.
int on_sync(sqlite3_file* file, int) {
    return step(
        file,
        [] { return SQLITE_OK; },
        [](Disk::File& f) {
            if (disk().lying) {
                return;
            }
            std::string& content = f.synced ? *f.synced : f.synced.emplace();
            for (const Unsynced& one : f.since) {
                apply(content, one);
            }
            f.since.clear();
        }
    );
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
    on_truncate,
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
    auto* watched = ours(file);
    watched->path = name;
    watched->real = reinterpret_cast<sqlite3_file*>(watched + 1);
    const int code = system_vfs()->xOpen(system_vfs(), name, watched->real, flags, out_flags);
    file->pMethods = watched->real->pMethods != nullptr ? &methods : nullptr;
    Disk& d = disk();
    const std::lock_guard lock(d.mutex);
    if (code == SQLITE_OK && name != nullptr && !d.folder.empty() &&
        std::string_view(name).starts_with(d.folder)) {
        d.files.try_emplace(name);
    }
    return code;
}

int on_delete(sqlite3_vfs*, const char* name, int sync_folder) {
    Disk& d = disk();
    const std::lock_guard lock(d.mutex);
    d.files.erase(name);
    return system_vfs()->xDelete(system_vfs(), name, sync_folder);
}

std::string garbled(std::string bytes, Rng& rng) {
    for (char& byte : bytes) {
        byte = static_cast<char>(rng.below(256));
    }
    return bytes;
}

// What of one write reached the disk, sector by sector.
void keep_some(std::string& content, const Unsynced& write, std::uint64_t kept, Rng& rng) {
    const std::string& bytes = *write.bytes;
    for (std::size_t from = 0; from < bytes.size();) {
        const std::size_t in_sector = sector - (write.at + from) % sector;
        const std::size_t n = std::min(in_sector, bytes.size() - from);
        const Unsynced part{write.at + from, bytes.substr(from, n)};
        const std::uint64_t fate = rng.below(100);
        if (fate < kept) {
            apply(content, part);
        } else if (fate % 4 == 0) {
            apply(content, {part.at, garbled(*part.bytes, rng)});
        }
        from += n;
    }
}

}  // namespace

std::string PowerLoss::vfs() {
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs made = *system_vfs();
        made.zName = "leadbridge-power-loss";
        made.szOsFile = static_cast<int>(sizeof(WatchedFile)) + system_vfs()->szOsFile;
        made.xOpen = on_open;
        made.xDelete = on_delete;
        return made;
    }();
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    if (registered != SQLITE_OK) {
        throw std::runtime_error("the VFS was not registered");
    }
    return vfs.zName;
}

void PowerLoss::watch(const std::string& folder, bool lying) {
    Disk& d = disk();
    const std::lock_guard lock(d.mutex);
    d.folder = folder;
    d.lying = lying;
    d.hook = {};
    d.files.clear();
}

void PowerLoss::before_each(std::function<void()> hook) {
    Disk& d = disk();
    const std::lock_guard lock(d.mutex);
    d.hook = std::move(hook);
}

FoundFiles PowerLoss::fail(Rng& rng) {
    FoundFiles out;
    const std::uint64_t kept = std::array<std::uint64_t, 4>{0, 50, 90, 100}.at(rng.below(4));
    for (const auto& [path, file] : disk().files) {
        if (!file.synced && rng.below(2) == 0) {
            continue;
        }
        std::string content = file.synced.value_or("");
        for (const Unsynced& one : file.since) {
            if (one.bytes) {
                keep_some(content, one, kept, rng);
            } else if (rng.below(100) < kept) {
                apply(content, one);
            }
        }
        out[std::filesystem::path(path).filename().string()] = std::move(content);
    }
    return out;
}

}  // namespace leadbridge
