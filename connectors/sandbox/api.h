#pragma once
// The WeCom endpoints that the sandbox answers, with the true shapes, errors and limits. One table
// from path to free function.

#include <boost/json/fwd.hpp>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_types.h"
#include "connectors/sandbox/world.h"

namespace leadbridge::sandbox {

// One call, its company found and its token checked. Called with the world locked.
struct Call {
    World& world;
    Company& corp;
    const Request& http;
    const boost::json::object& body;
    UnixMillis now;
    Rng& rng;
};

struct Endpoint {
    std::string_view path;  // below /cgi-bin/
    Method method;
    std::string_view kinds;  // token kinds that may call it, space separated
    boost::json::object (*run)(Call&);
};

std::span<const Endpoint> customer_endpoints() noexcept;  // people, follows, welcome
std::span<const Endpoint> way_endpoints() noexcept;
std::span<const Endpoint> tag_endpoints() noexcept;
std::span<const Endpoint> mass_endpoints() noexcept;
std::span<const Endpoint> staff_endpoints(
) noexcept;  // members, departments, media, message/send, tickets

boost::json::object ok();
boost::json::object refuse(int errcode, std::string_view errmsg);

// Answers one request below /cgi-bin/ (token, limits, then the endpoint); errcode is what was
// answered, -2 for no JSON.
struct Answer {
    Response response;
    std::string api;     // path below /cgi-bin/
    std::string corpid;  // "" when unknown
    int errcode = 0;
};

Answer answer_api(World& world, const Request& request, UnixMillis now, Rng& rng);

}  // namespace leadbridge::sandbox
