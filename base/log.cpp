#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/json.hpp>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/guarded.h"
#include "base/rng.h"
#include "base/time_zone.h"
#include "base/utf8.h"

namespace leadbridge::log {

namespace {

namespace json = boost::json;

struct Settings {
    std::atomic<Level> level{Level::warn};
    std::atomic<Format> format{Format::text};
};

Settings settings;

spdlog::logger& sink() {
    static const std::shared_ptr<spdlog::logger> logger = [] {
        auto made = std::make_shared<spdlog::logger>(
            "leadbridge", std::make_shared<spdlog::sinks::stderr_sink_mt>()
        );
        made->set_pattern("%v");
        made->set_level(spdlog::level::trace);
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *logger;
}

std::string_view name_of(Level level) noexcept {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warn:
            return "warn";
        case Level::error:
            return "error";
    }
    return "error";
}

json::value value_of(const Field& field) {
    return std::visit(
        [](const auto& value) -> json::value {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
                return json::string(repair_utf8(value));
            } else {
                return value;
            }
        },
        field.value
    );
}

std::string json_line(
    UnixMillis now, Level level, std::string_view component, std::string_view message, Fields fields
) {
    json::object line;
    line["time"] = rfc3339(now);
    line["level"] = name_of(level);
    line["component"] = component;
    line["message"] = repair_utf8(message);
    for (const Field& field : fields) {
        line[field.name] = value_of(field);
    }
    return json::serialize(line);
}

// Plain where that cannot be misread, else a JSON string: a line feed in a value must not begin a
// line of its own.
std::string plain_or_quoted(const json::value& value) {
    const json::string* text = value.if_string();
    if (text == nullptr) {
        return json::serialize(value);
    }
    bool plain = !text->empty();
    for (const char c : *text) {
        plain = plain && static_cast<unsigned char>(c) > ' ' && c != '"' && c != '=' && c != '\x7f';
    }
    return plain ? std::string(*text) : json::serialize(value);
}

std::string text_line(
    UnixMillis now, Level level, std::string_view component, std::string_view message, Fields fields
) {
    std::string line = fmt::format(
        "{} {:<5} {}: {}", rfc3339(now), name_of(level), component, repair_utf8(message)
    );
    for (char& c : line) {
        c = c == '\n' || c == '\r' ? ' ' : c;
    }
    for (const Field& field : fields) {
        line += fmt::format(" {}={}", field.name, plain_or_quoted(value_of(field)));
    }
    return line;
}

// Until the key is set from the master key, one of this process alone: an id never stands in clear.
Guarded<Secret>& id_key() {
    static Guarded<Secret> key{Secret{SystemRng{}.bytes(32)}};
    return key;
}

}  // namespace

void write(Level level, std::string_view component, std::string_view message, Fields fields) {
    if (level < settings.level.load(std::memory_order_relaxed)) {
        return;
    }
    const UnixMillis now = SystemClock{}.now();
    const auto line =
        settings.format.load(std::memory_order_relaxed) == Format::json ? json_line : text_line;
    sink().log(spdlog::level::info, line(now, level, component, message, fields));
}

void configure(Level level, Format format) {
    settings.level = level;
    settings.format = format;
}

void set_id_key(Secret key) {
    *id_key().lock() = std::move(key);
}

std::string log_id(std::string_view id) {
    auto key = id_key().lock();
    return crypto::hex(crypto::hmac_sha256(key->reveal(), id).substr(0, 6));
}

}  // namespace leadbridge::log
