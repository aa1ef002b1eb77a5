#include "gateway/callbacks.h"

#include <cassert>
#include <memory>
#include <utility>
#include <variant>

namespace leadbridge::gateway {

namespace {

// Passes the answer on and notes how long it took.
class TimedAnswer final : public Responder::Sink {
public:
    TimedAnswer(Responder inner, Histogram& seconds, const Clock& clock)
        : inner_(std::move(inner)), seconds_(seconds), clock_(clock), began_(clock.steady_ms()) {}

    void respond(Response response) override {
        note();
        inner_.respond(std::move(response));
    }

    void close() override {
        note();
        inner_.close();
    }

private:
    void note() { seconds_.observe(static_cast<double>(clock_.steady_ms() - began_) / 1'000.0); }

    const Responder inner_;
    Histogram& seconds_;
    const Clock& clock_;
    const std::int64_t began_;
};

}  // namespace

void Callbacks::bind(std::string prefix, Connector& connector) {
    assert(prefix.size() > 2 && prefix.front() == '/' && prefix.back() == '/');
    std::string pattern = prefix + "*";
    Histogram& seconds = metrics_.histogram(
        "leadbridge_callback_seconds",
        "time until a delivery is answered",
        {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5},
        {{"connector", std::string(connector.name())}}
    );
    bindings_.push_back(Binding{std::move(prefix), std::move(pattern), &connector, &seconds});
}

bool Callbacks::handle(const Request& request, const Responder& responder) {
    const auto* binding = find(request.path);
    if (binding == nullptr) {
        return false;
    }
    const Responder timed(std::make_shared<TimedAnswer>(responder, *binding->seconds, clock_));
    auto result = binding->connector->receive(request);
    if (auto* answer = std::get_if<Response>(&result)) {
        timed.respond(std::move(*answer));
    } else {
        inbox_.receive(std::move(std::get<Received>(result)), *binding->connector, timed);
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
