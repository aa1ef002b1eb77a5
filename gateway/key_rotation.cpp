#include "gateway/key_rotation.h"

#include <fcntl.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "base/vault.h"
#include "gateway/stores.h"

namespace leadbridge::gateway {

namespace {

namespace fs = std::filesystem;

bool key_in_environment() {
    const char* text = std::getenv("LEADBRIDGE_MASTER_KEY");
    return text != nullptr && *text != '\0';
}

void sync_folder_of(const fs::path& file) {
    sync_directory(file.has_parent_path() ? file.parent_path() : fs::path("."));
}

fs::path free_name(const fs::path& file) {
    fs::path name = file.string() + ".old";
    for (int n = 2; fs::exists(name); ++n) {
        name = file.string() + ".old." + std::to_string(n);
    }
    return name;
}

// The new key under the name that the settings give; the former one stays beside it, under a second
// name before its own is taken over, so that no moment is without either.
std::string put_in_place(const fs::path& key_file, const fs::path& new_file) {
    if (fs::equivalent(key_file, new_file)) {
        return "";
    }
    const fs::path old_name = free_name(key_file);
    const fs::path next = key_file.string() + ".next";
    fs::remove(next);
    fs::copy_file(new_file, next);
    fs::permissions(next, fs::perms::owner_read | fs::perms::owner_write);
    File(::open(next.c_str(), O_RDONLY | O_CLOEXEC), next).sync();
    fs::create_hard_link(key_file, old_name);
    fs::rename(next, key_file);
    sync_folder_of(key_file);
    return old_name.string();
}

// Wraps the corp keys with `next`, unless a run before did so already.
Status rewrap(Database& core, const Clock& clock, Rng& rng, const Secret& now, const Secret& next) {
    auto vault = Vault::open(core, clock, rng, now);
    if (vault) {
        return (*vault)->rewrap(next);
    }
    if (vault.error().reason != "master_key_wrong") {
        return std::move(vault).error();
    }
    auto done = Vault::open(core, clock, rng, next);
    return done ? Status{} : Status{std::move(vault).error()};
}

}  // namespace

Result<KeyRotated> rotate_master_key(
    const config::Settings& settings, const std::string& new_key_file
) {
    const DataDirLock lock = lock_data_dir(settings.server.data_dir);
    const std::string& key_file = settings.security.master_key_file;
    auto now = load_master_key(key_file, MissingKey::refuse);
    if (!now) {
        return std::move(now).error();
    }
    auto next = load_key_file(new_key_file, MissingKey::create);
    if (!next) {
        return std::move(next).error();
    }
    if (crypto::equal_constant_time(now->reveal(), next->reveal())) {
        return Error{
            ErrorCode::conflict,
            new_key_file + " holds the key that is in use already: nothing to do",
            "master_key_same"};
    }
    const SystemClock clock;
    SystemRng rng;
    Metrics metrics;
    const auto core = open_core(settings, clock, metrics);
    if (Status status = rewrap(*core, clock, rng, *now, *next); !status) {
        return std::move(status).error();
    }
    return KeyRotated{key_in_environment() ? "" : put_in_place(key_file, new_key_file)};
}

}  // namespace leadbridge::gateway
