#include "base/migration_rules.h"

#include <fmt/format.h>

namespace leadbridge {

void refuse_newer_schema(std::int64_t needed) {
    if (needed > program_generation) {
        throw DatabaseError(fmt::format(
            "the database needs a LeadBridge of schema generation {} or newer and this program is "
            "of generation {}; install the newer release, or restore a backup made before it",
            needed,
            program_generation
        ));
    }
}

void check_generation(std::string_view room, const Migration& migration) {
    if (migration.oldest_program > program_generation) {
        throw DatabaseError(fmt::format(
            "migration {}/{} asks for program generation {}, this program is of {}: raise "
            "program_generation with it",
            room,
            migration.number,
            migration.oldest_program,
            program_generation
        ));
    }
}

void migration_failed(std::string_view room, const Migration& migration, const DatabaseError& why) {
    throw DatabaseError(
        fmt::format("migration {}/{} failed and was undone: {}", room, migration.number, why.what())
    );
}

}  // namespace leadbridge
