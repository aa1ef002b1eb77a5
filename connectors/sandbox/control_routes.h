#pragma once
// The acts behind the control API: a table from path to free function for what people do, one for
// what is set and read. .cpp files only.

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "connectors/sandbox/control.h"

namespace leadbridge::sandbox {

struct ControlCall {
    World& world;
    Company* corp;  // nullptr where the act needs none
    const Request& http;
    const json::object& body;
    UnixMillis now;
    Rng& rng;

    std::string text(std::string_view key) const { return json_string(body, key); }
};

enum class Needs { company, nothing };

struct ControlRoute {
    std::string_view path;
    Needs needs;
    ControlAnswer (*run)(ControlCall&);
};

std::span<const ControlRoute> act_routes() noexcept;
std::span<const ControlRoute> setting_routes() noexcept;

inline ControlAnswer answer_json(const json::value& value, Events events = {}) {
    return ControlAnswer{Response::json(200, to_text(value)), std::move(events)};
}

}  // namespace leadbridge::sandbox
