#include "gateway/commands/key_commands.h"

#include <cstdio>
#include <memory>

#include "gateway/commands/output.h"
#include "gateway/key_rotation.h"

namespace leadbridge::gateway {

namespace {

int rotate(const config::Settings& settings, const std::string& new_key_file) {
    const auto done = rotate_master_key(settings, new_key_file);
    if (!done) {
        return failed(done.error());
    }
    if (done->old_key.empty()) {
        std::printf(
            "rotated; put the line of %s into LEADBRIDGE_MASTER_KEY before the next start\n",
            new_key_file.c_str()
        );
        return 0;
    }
    std::printf(
        "rotated; %s holds the new key. Keep copies of it apart.\n"
        "The former key is %s: keep it as long as backups that were made with it.\n",
        settings.security.master_key_file.c_str(),
        done->old_key.c_str()
    );
    return 0;
}

}  // namespace

void add_key_commands(CLI::App& app, const LoadSettings& load, Chosen& chosen) {
    CLI::App* key = app.add_subcommand("key", "the master key: rotate")->require_subcommand(1);
    CLI::App* command = key->add_subcommand(
        "rotate", "another master key; no daemon may run, no data is rewritten"
    );
    auto file = std::make_shared<std::string>();  // shared by the option and the command
    command->add_option("--new-key-file", *file, "the new key; made where it does not exist")
        ->required();
    command->callback([=, &chosen] { chosen = [=] { return rotate(load(), *file); }; });
}

}  // namespace leadbridge::gateway
