// A backup of an installation, looked into, damaged in every way, and put back; with a crash at
// every step of putting it back.

#include "gateway/backup/backup.h"

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "base/vault.h"
#include "gateway/backup/files.h"
#include "gateway/backup/note.h"
#include "gateway/backup/restore.h"
#include "gateway/backup/verify.h"
#include "gateway/stores.h"
#include "tests/gateway/api_fixture.h"

namespace leadbridge::gateway {
namespace {

namespace fs = std::filesystem;

bool go_on(const BackupProgress&) {
    return true;
}

std::string text_of(const fs::path& file) {
    std::ostringstream out;
    out << std::ifstream(file, std::ios::binary).rdbuf();
    return std::move(out).str();
}

void write_text(const fs::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

class BackupTest : public ApiTest {
protected:
    BackupTest() {
        add_corp("wwSAMPLE0001");
        blob_hash = add_blob("bytes of a sample file");
        app.reset();  // a daemon would hold the lock
    }

    config::Settings settings() const {
        return config::parse(
                   "[server]\ndata_dir = \"" + dir.path() + "/data\"\n", "test.toml", dir.path(), {}
        )
            .value();
    }

    std::string add_blob(const std::string& bytes) {
        const auto& services = app->services();
        auto writer = services.blobs.writer(corp_id(), "upload").value();
        EXPECT_TRUE(writer->append(bytes));
        return writer->finish()->hash;
    }

    CorpId corp_id() { return app->services().corp_directory.find_wecom("wwSAMPLE0001")->id; }

    Result<BackupMade> backup(const OnProgress& on_progress = go_on) {
        const config::Settings s = settings();
        const DataDirLock lock = lock_data_dir(s.server.data_dir);
        Metrics metrics;
        const auto core = open_core_as_is(s, clock, metrics);
        const auto archive_db = open_archive_as_is(s, clock, metrics);
        const BackupSources sources{
            *core, *archive_db, s.server.data_dir, s.blobs.path, key(), clock, rng};
        return make_backup(sources, backups(), on_progress);
    }

    Secret key() const {
        return load_master_key(settings().security.master_key_file, MissingKey::refuse).value();
    }

    std::string backups() const { return dir.path() + "/backups"; }

    std::string data() const { return dir.path() + "/data"; }

    Result<Verified> verify(LookAt blobs = LookAt::whole) {
        return verify_backup({backups(), data(), blobs}, key(), clock, rng, go_on);
    }

    Result<Restored> restore(const Reached& reached = {}, const std::string& key_file = "") {
        return restore_backup(settings(), {backups(), key_file, reached}, clock, rng, go_on);
    }

    // The former installation: as the backup shows it, and a corp more.
    void live_on() {
        start();
        add_corp("wwSAMPLE0002");
        app.reset();
    }

    void start() { app = std::make_unique<App>(AppOptions{settings(), nullptr}); }

    bool has_corp(std::string_view wecom_id) const {
        return app->services().corp_directory.find_wecom(wecom_id) != nullptr;
    }

    void expect_restored() {
        start();
        EXPECT_TRUE(has_corp("wwSAMPLE0001"));
        EXPECT_FALSE(has_corp("wwSAMPLE0002"));
        EXPECT_EQ(
            app->services().blobs.read(corp_id(), blob_hash, 0, 0).value(), "bytes of a sample file"
        );
        const auto corp = app->services().corp_directory.find_wecom("wwSAMPLE0001");
        EXPECT_EQ(corp->app_secret.reveal(), secret_text);
        app.reset();
    }

    std::vector<fs::path> aside() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(data())) {
            if (entry.path().filename().string().starts_with("before-restore-")) {
                found.push_back(entry.path());
            }
        }
        return found;
    }

    bool clear_copies_left() const {
        for (const auto& entry : fs::directory_iterator(data())) {
            const std::string name = entry.path().filename().string();
            if (name.starts_with("scratch-") || name == staged_folder) {
                return true;
            }
        }
        return false;
    }

    const SystemClock clock;
    SystemRng rng;
    std::string blob_hash;
};

TEST_F(BackupTest, IsWholeAndSaysSo) {
    const auto made = backup();
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->blobs_copied, 1);
    EXPECT_EQ(made->manifest.databases.size(), 2U);
    EXPECT_EQ(read_backup_note(data()).folder, made->folder);
    EXPECT_EQ(read_backup_note(data()).verified_ms, 0);
    const auto verified = verify();
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(verified->folder, made->folder);
    EXPECT_EQ(verified->blobs, 1);
    EXPECT_GT(verified->rows, 10);
    EXPECT_GT(read_backup_note(data()).verified_ms, 0);
    EXPECT_FALSE(clear_copies_left());
    for (const auto& entry : fs::recursive_directory_iterator(backups())) {
        if (entry.is_regular_file()) {
            EXPECT_EQ(entry.status().permissions() & fs::perms::all, fs::perms(0600));
            EXPECT_EQ(text_of(entry.path()).find(secret_text), std::string::npos);
            EXPECT_EQ(text_of(entry.path()).find("wwSAMPLE0001"), std::string::npos);
        }
    }
}

TEST_F(BackupTest, ABlobIsCopiedOnce) {
    ASSERT_TRUE(backup());
    const auto again = backup();
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->blobs_copied, 0);
    EXPECT_EQ(again->manifest.blobs, 1);
    EXPECT_EQ(backups_in(backups()).size(), 2U);
    EXPECT_TRUE(verify());
    // One that was damaged there is copied anew.
    const fs::path blob =
        fs::path(backups()) / "blobs" / read_blob_list(again->folder, again->manifest)->at(0).path;
    fs::resize_file(blob, 10);
    EXPECT_FALSE(verify(LookAt::size));
    EXPECT_EQ(backup()->blobs_copied, 1);
    EXPECT_TRUE(verify());
}

TEST_F(BackupTest, GivenUpItLeavesTheFormerOnesAndNothingElse) {
    ASSERT_TRUE(backup());
    const auto before = backups_in(backups());
    int asked = 0;
    for (int stop_at = 1; stop_at < 6; ++stop_at) {
        asked = 0;
        const auto made = backup([&](const BackupProgress&) { return ++asked < stop_at; });
        if (made) {
            break;  // it never asked so often
        }
        EXPECT_EQ(made.error().reason, "given_up");
        EXPECT_EQ(backups_in(backups()), before);
        EXPECT_FALSE(clear_copies_left());
        for (const auto& entry : fs::directory_iterator(backups())) {
            EXPECT_FALSE(entry.path().filename().string().ends_with(".partial"));
        }
    }
    EXPECT_TRUE(verify());
}

// As a full disk would have it, wherever it is met.
TEST_F(BackupTest, FailingItLeavesTheFormerOnesAndNothingElse) {
    ASSERT_TRUE(backup());
    int failed = 0;
    for (const char* step : {"packing archive.db", "packing core.db", "blobs"}) {
        const auto before = backups_in(backups());
        const OnProgress fail_there = [&](const BackupProgress& progress) {
            if (progress.step == step) {
                throw std::system_error(ENOSPC, std::generic_category(), "cannot write");
            }
            return true;
        };
        try {
            (void)backup(fail_there);
        } catch (const std::system_error&) {
            ++failed;
        }
        EXPECT_EQ(backups_in(backups()), before);
        EXPECT_FALSE(clear_copies_left());
        for (const auto& entry : fs::directory_iterator(backups())) {
            EXPECT_FALSE(entry.path().filename().string().ends_with(".partial"));
        }
    }
    EXPECT_EQ(failed, 3);
    EXPECT_TRUE(verify());
    EXPECT_TRUE(backup());
}

TEST_F(BackupTest, AFullDirectoryIsSaidBefore) {
    const std::string small = backups();
    fs::create_directories(small);
    if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=8m") != 0) {
        GTEST_SKIP() << "no right to mount";
    }
    const auto made = backup();
    EXPECT_FALSE(made);
    EXPECT_EQ(made ? "" : made.error().reason, "no_space");
    EXPECT_TRUE(backups_in(small).empty());
    ::umount(small.c_str());
}

TEST_F(BackupTest, EveryFlippedByteOfItsPapersIsFound) {
    const auto made = backup();
    ASSERT_TRUE(made);
    for (const char* name : {"manifest.json", "blobs.txt"}) {
        const fs::path file = fs::path(made->folder) / name;
        const std::string good = text_of(file);
        const Secret master = key();
        for (std::size_t at = 0; at < good.size(); ++at) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ 0x01);
            write_text(file, bad);
            const auto manifest = read_manifest(made->folder, master);
            const auto list = manifest ? read_blob_list(made->folder, *manifest)
                                       : Result<std::vector<BackedUpBlob>>(manifest.error());
            ASSERT_FALSE(list) << name << " at " << at;
        }
        write_text(file, good.substr(0, good.size() / 2));
        EXPECT_FALSE(verify());
        write_text(file, good);
    }
    EXPECT_TRUE(verify());
}

// Each file is whole, but not of this backup.
TEST_F(BackupTest, AFileOfAnotherBackupIsFound) {
    const auto first = backup();
    ASSERT_TRUE(first);
    live_on();
    const auto second = backup();
    ASSERT_TRUE(second);
    const fs::path mine = fs::path(second->folder) / "core.db.lbb";
    fs::copy_file(
        fs::path(first->folder) / "core.db.lbb", mine, fs::copy_options::overwrite_existing
    );
    const auto verified = verify();
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, ErrorCode::corrupt);
    EXPECT_NE(verified.error().message.find(mine.string()), std::string::npos);
    fs::copy_file(
        fs::path(second->folder) / "archive.db.lbb", mine, fs::copy_options::overwrite_existing
    );
    EXPECT_FALSE(verify());
    EXPECT_FALSE(clear_copies_left());
}

TEST_F(BackupTest, ANewerSchemaAndAnotherKeyAreRefusedBeforeAnythingIsTouched) {
    auto made = backup();
    ASSERT_TRUE(made);
    Manifest newer = made->manifest;
    newer.databases[0].facts.oldest_program = program_generation + 1;
    const fs::path manifest = fs::path(made->folder) / "manifest.json";
    write_text(manifest, encode_manifest(newer, key(), "salt"));
    EXPECT_EQ(restore().error().reason, "backup_newer");
    write_text(manifest, encode_manifest(made->manifest, key(), "salt"));
    const std::string print = master_key_print(key());
    fs::rename(data() + "/master.key", data() + "/kept.key");
    EXPECT_NE(restore().error().message.find(print), std::string::npos);
    ASSERT_TRUE(load_key_file(data() + "/master.key", MissingKey::create));
    const auto wrong = restore();
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().reason, "master_key_wrong");
    EXPECT_NE(wrong.error().message.find(print), std::string::npos);
    EXPECT_TRUE(aside().empty());
    EXPECT_FALSE(clear_copies_left());
}

TEST_F(BackupTest, ARestorePutsAsideWhatStoodThere) {
    ASSERT_TRUE(backup());
    live_on();
    write_text(data() + "/fts-202601.db", "an index of what was archived since");
    const auto restored = restore();
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_FALSE(fs::exists(data() + "/fts-202601.db"));
    EXPECT_EQ(restored->blobs, 1);
    EXPECT_EQ(restored->bad_blobs, 0);
    ASSERT_EQ(aside().size(), 1U);
    EXPECT_EQ(aside()[0], restored->aside);
    EXPECT_TRUE(fs::exists(aside()[0] / "core.db"));
    EXPECT_TRUE(fs::exists(aside()[0] / "archive.db"));
    EXPECT_TRUE(fs::exists(aside()[0] / "fts-202601.db"));
    EXPECT_TRUE(fs::is_directory(aside()[0] / "blobs"));
    EXPECT_FALSE(clear_copies_left());
    expect_restored();
    // And once more, over the restored one.
    ASSERT_TRUE(restore());
    EXPECT_EQ(aside().size(), 2U);
    expect_restored();
}

TEST_F(BackupTest, AnEmptyMachineIsRestored) {
    ASSERT_TRUE(backup());
    const std::string key_text = text_of(data() + "/master.key");
    fs::remove_all(data());
    fs::create_directories(data());
    write_text(data() + "/master.key", key_text);
    fs::permissions(data() + "/master.key", fs::perms::owner_read | fs::perms::owner_write);
    const auto restored = restore();
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(restored->aside, "");
    expect_restored();
}

TEST_F(BackupTest, ABackupOfAFormerKeyIsWrappedWithThePresentOne) {
    ASSERT_TRUE(backup());
    fs::rename(data() + "/master.key", dir.path() + "/old.key");
    ASSERT_TRUE(load_key_file(data() + "/master.key", MissingKey::create));
    EXPECT_FALSE(restore());
    const auto restored = restore({}, dir.path() + "/old.key");
    ASSERT_TRUE(restored) << restored.error().message;
    expect_restored();
}

TEST_F(BackupTest, ADaemonIsLeftAlone) {
    ASSERT_TRUE(backup());
    start();
    EXPECT_EQ(restore().error().reason, "data_dir_held");
    EXPECT_TRUE(aside().empty());
}

// The process dies at a step: a child that ends without a word.
void die_at(int step, const std::function<void(const Reached&)>& run) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        int reached = 0;
        run([&](const std::string&) {
            if (reached++ == step) {
                ::_exit(9);
            }
        });
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
}

TEST_F(BackupTest, ACrashLeavesTheOldOrTheNewOneAndTheSameCommandEndsIt) {
    ASSERT_TRUE(backup());
    int steps = 0;
    {
        live_on();
        const auto restored = restore([&](const std::string&) { ++steps; });
        ASSERT_TRUE(restored) << restored.error().message;
    }
    ASSERT_GE(steps, 10);  // else the crashes are no longer tried
    for (int step = 0; step < steps; ++step) {
        SCOPED_TRACE(step);
        live_on();
        std::string at;
        die_at(step, [&](const Reached& reached) { (void)restore(reached); });
        if (step % 2 == 0) {
            // The daemon is started first: all of the one or all of the other.
            start();
            EXPECT_TRUE(has_corp("wwSAMPLE0001"));
            const bool is_new = !has_corp("wwSAMPLE0002");
            EXPECT_EQ(is_new, step >= 3) << "before the list the old one, from it on the new one";
            app.reset();
        }
        const auto again = restore();
        ASSERT_TRUE(again) << again.error().message;
        EXPECT_FALSE(fs::exists(data() + "/restore.json"));
        EXPECT_FALSE(clear_copies_left());
        expect_restored();
    }
}

// What a killed backup leaves in clear is gone with the next one.
TEST_F(BackupTest, WhatAKilledOneLeftIsRemoved) {
    die_at(0, [&](const Reached& reached) {
        (void)backup([&](const BackupProgress&) {
            reached("");
            return true;
        });
    });
    EXPECT_TRUE(clear_copies_left());
    ASSERT_TRUE(backup());
    EXPECT_FALSE(clear_copies_left());
    for (const auto& entry : fs::directory_iterator(backups())) {
        EXPECT_FALSE(entry.path().filename().string().ends_with(".partial"));
    }
}

}  // namespace
}  // namespace leadbridge::gateway
