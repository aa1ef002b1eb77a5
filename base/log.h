#pragma once
// One process-wide log, JSON or text, to stderr. The sink is set once in main; until then nothing
// below `warn` is printed. This is the one global of the house: a log that had to be handed to
// every function would hide what they really need. Never log a Secret, a full URL, a message text
// or a person's id in clear: contacts' ids go through log_id().

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/id.h"
#include "base/secret.h"

namespace leadbridge::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

struct Field {
    std::string_view name;
    std::variant<std::int64_t, double, bool, std::string> value;

    Field(std::string_view n, std::string_view v) : name(n), value(std::string(v)) {}

    Field(std::string_view n, const char* v) : name(n), value(std::string(v)) {}

    Field(std::string_view n, std::string v) : name(n), value(std::move(v)) {}

    Field(std::string_view n, bool v) : name(n), value(v) {}

    Field(std::string_view n, double v) : name(n), value(v) {}
    template <class I>

    requires(std::is_integral_v<I> && !std::is_same_v<I, bool>) Field(std::string_view n, I v)
        : name(n), value(static_cast<std::int64_t>(v)) {}

    template <class Tag>
    Field(std::string_view n, Id<Tag> v) : name(n), value(v.value) {}

    Field(std::string_view n, const Secret&) : name(n), value(std::string("***")) {}
};

using Fields = std::initializer_list<Field>;

// component: the room that speaks, e.g. "wecom". message: a constant sentence; what varies goes
// into fields.
void write(Level level, std::string_view component, std::string_view message, Fields fields = {});

inline void debug(std::string_view c, std::string_view m, Fields f = {}) {
    write(Level::debug, c, m, f);
}

inline void info(std::string_view c, std::string_view m, Fields f = {}) {
    write(Level::info, c, m, f);
}

inline void warn(std::string_view c, std::string_view m, Fields f = {}) {
    write(Level::warn, c, m, f);
}

inline void error(std::string_view c, std::string_view m, Fields f = {}) {
    write(Level::error, c, m, f);
}

void configure(Level level, Format format);
// Key of the hash below; set once at start from the master key.
void set_id_key(Secret key);
// A person's id as it may stand in a log: 12 hex characters of a keyed hash.
std::string log_id(std::string_view id);

}  // namespace leadbridge::log
