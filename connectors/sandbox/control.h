#pragma once
// The control API of the sandbox (README.md): people act, things break, the state is read. Free
// functions from path to act.

#include <functional>
#include <string>

#include "base/http_types.h"
#include "connectors/sandbox/events.h"
#include "connectors/sandbox/sandbox.h"

namespace leadbridge::sandbox {

struct ControlAnswer {
    Response response;
    Events events;  // to be sent
};

// Requests below /sandbox/ that touch only the world. Called with the world locked.
ControlAnswer control(World& world, const Request& request, UnixMillis now, Rng& rng);

// Everything the history checker asks for, of one company.
std::string dump_company(const Company& corp);

Company& make_company(World& world, const CompanySpec& spec, Rng& rng);

}  // namespace leadbridge::sandbox
