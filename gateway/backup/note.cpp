#include "gateway/backup/note.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "gateway/backup/files.h"

namespace leadbridge::gateway {

namespace {

std::filesystem::path file_of(const std::string& data_dir) {
    return std::filesystem::path(data_dir) / "backup.json";
}

void store(const std::string& data_dir, const BackupNote& note) {
    make_directory(data_dir);
    const json::object object{
        {"folder", note.folder},
        {"made_ms", note.made_ms},
        {"verified_folder", note.verified_folder},
        {"verified_ms", note.verified_ms},
        {"verified_made_ms", note.verified_made_ms}};
    write_file(file_of(data_dir), to_text(object) + "\n");
}

}  // namespace

BackupNote read_backup_note(const std::string& data_dir) {
    std::ostringstream text;
    text << std::ifstream(file_of(data_dir)).rdbuf();
    const auto value = parse_json(text.str());
    if (!value || !value->is_object()) {
        return {};
    }
    const json::object& object = value->get_object();
    return {
        json_string(object, "folder"),
        json_int(object, "made_ms"),
        json_string(object, "verified_folder"),
        json_int(object, "verified_ms"),
        json_int(object, "verified_made_ms")};
}

void note_backup(const std::string& data_dir, const std::string& folder, UnixMillis made_ms) {
    BackupNote note = read_backup_note(data_dir);
    note.folder = folder;
    note.made_ms = made_ms;
    store(data_dir, note);
}

void note_verified(
    const std::string& data_dir,
    const std::string& folder,
    UnixMillis made_ms,
    UnixMillis verified_ms
) {
    BackupNote note = read_backup_note(data_dir);
    note.verified_folder = folder;
    note.verified_ms = verified_ms;
    note.verified_made_ms = made_ms;
    if (made_ms > note.made_ms) {  // verified on a machine that did not make it
        note.folder = folder;
        note.made_ms = made_ms;
    }
    store(data_dir, note);
}

}  // namespace leadbridge::gateway
