#include "gateway/callbacks.h"

#include <cassert>
#include <utility>
#include <variant>

namespace leadbridge::gateway {

void Callbacks::bind(std::string prefix, Connector& connector) {
    assert(prefix.size() > 2 && prefix.front() == '/' && prefix.back() == '/');
    std::string pattern = prefix + "*";
    bindings_.push_back(Binding{std::move(prefix), std::move(pattern), &connector});
}

bool Callbacks::handle(const Request& request, const Responder& responder) {
    const auto* binding = find(request.path);
    if (binding == nullptr) {
        return false;
    }
    auto result = binding->connector->receive(request);
    if (auto* answer = std::get_if<Response>(&result)) {
        responder.respond(std::move(*answer));
    } else {
        inbox_.receive(std::move(std::get<Received>(result)), *binding->connector, responder);
    }
    return true;
}

std::string_view Callbacks::pattern(std::string_view path) const noexcept {
    const auto* binding = find(path);
    return binding == nullptr ? std::string_view{} : std::string_view{binding->pattern};
}

const Callbacks::Binding* Callbacks::find(std::string_view path) const noexcept {
    for (const auto& binding : bindings_) {
        if (path.starts_with(binding.prefix)) {
            return &binding;
        }
    }
    return nullptr;
}

}  // namespace leadbridge::gateway
