#include "gateway/backup/switch_over.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "gateway/backup/files.h"

namespace leadbridge::gateway {

namespace {

namespace fs = std::filesystem;

fs::path list_file(const std::string& data_dir) {
    return fs::path(data_dir) / "restore.json";
}

std::string encode(const SwitchOver& plan) {
    json::array moves;
    for (const Move& move : plan.moves) {
        moves.push_back(json::object{
            {"staged", move.staged}, {"target", move.target}, {"aside", move.aside}});
    }
    return to_text(json::object{
               {"backup", plan.backup}, {"aside", plan.aside}, {"moves", std::move(moves)}}) +
           "\n";
}

SwitchOver decode(const fs::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    const auto value = parse_json(text.str());
    if (!value || !value->is_object()) {
        throw std::runtime_error(
            file.string() +
            " cannot be read: a restore was begun and not ended; remove the file "
            "and give the restore command again"
        );
    }
    const json::object& object = value->get_object();
    SwitchOver plan{json_string(object, "backup"), json_string(object, "aside"), {}};
    const json::array* moves = json_array(object, "moves");
    for (std::size_t i = 0; moves != nullptr && i < moves->size(); ++i) {
        const json::object& move = moves->at(i).as_object();
        plan.moves.push_back(
            {json_string(move, "staged"), json_string(move, "target"), json_string(move, "aside")}
        );
    }
    return plan;
}

bool there(const std::string& path) {
    std::error_code error;
    return fs::exists(fs::symlink_status(path, error));
}

void rename_into(const std::string& from, const std::string& to) {
    make_directory(fs::path(to).parent_path());
    fs::rename(from, to);
}

}  // namespace

void begin_switch(const std::string& data_dir, const SwitchOver& plan) {
    write_file(list_file(data_dir), encode(plan));
}

std::optional<SwitchOver> finish_switch(const std::string& data_dir, const Reached& reached) {
    const fs::path file = list_file(data_dir);
    if (!there(file.string())) {
        return std::nullopt;
    }
    const SwitchOver plan = decode(file);
    const auto tell = [&](const std::string& step) {
        if (reached) {
            reached(step);
        }
    };
    std::set<fs::path> folders;
    // While the staged one is still there, what stands at the target is the former one.
    for (const Move& move : plan.moves) {
        if ((move.staged.empty() || there(move.staged)) && there(move.target)) {
            rename_into(move.target, move.aside);
            folders.insert(fs::path(move.aside).parent_path());
            folders.insert(fs::path(move.target).parent_path());
            tell("aside " + move.target);
        }
    }
    for (const Move& move : plan.moves) {
        if (!move.staged.empty() && there(move.staged)) {
            rename_into(move.staged, move.target);
            folders.insert(fs::path(move.target).parent_path());
            tell("placed " + move.target);
        }
    }
    for (const fs::path& folder : folders) {
        sync_directory(folder);
    }
    tell("synced");
    for (const Move& move : plan.moves) {
        if (const fs::path stage = fs::path(move.staged).parent_path();
            stage.filename() == staged_folder) {
            fs::remove_all(stage);
        }
    }
    fs::remove(file);
    sync_directory(data_dir);
    log::info(
        "restore",
        "the restored installation is in place",
        {{"backup", plan.backup}, {"former", plan.aside}}
    );
    return plan;
}

}  // namespace leadbridge::gateway
