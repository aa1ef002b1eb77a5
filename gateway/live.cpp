#include "gateway/live.h"

#include <utility>

#include "gateway/live_state.h"
#include "gateway/problem.h"

namespace leadbridge::gateway {

std::string live_owner(const Caller& caller) {
    return caller.corp.str() + " " + caller.actor;
}

Live::Live(LiveServices services, LiveOptions options)
    : state_(std::make_shared<State>(std::move(services), std::move(options))) {}

Live::~Live() {
    stop();
}

void Live::start() {
    State& s = *state_;
    const auto newest = [](Database& db) {
        return db
            .read<std::int64_t>([](Snapshot& at) -> Result<std::int64_t> {
                return last_change(at);
            })
            .value_or(0);
    };
    s.core.cursor = newest(s.services.core);
    s.archive.cursor = newest(s.services.archive);
    s.rights_checked = s.services.clock.steady_ms();
    const auto wake = [weak = std::weak_ptr<State>(state_)] {
        if (const auto state = weak.lock()) {
            state->signal();
        }
    };
    s.core_changes = s.services.core.on_change(wake);
    s.archive_changes = s.services.archive.on_change(wake);
    s.thread = std::thread([state = state_.get()] { state->run(); });
}

void Live::stop() {
    State& s = *state_;
    if (!s.thread.joinable()) {
        return;
    }
    s.core_changes.reset();
    s.archive_changes.reset();
    {
        const std::lock_guard lock(s.mutex);
        s.stopping = true;
    }
    s.wake.notify_one();
    s.thread.join();
    s.followers.clear();
    s.clients.clear();
    std::vector<LiveCommand> left;
    {
        const std::lock_guard lock(s.mutex);
        left.swap(s.commands);
    }
}

Result<std::shared_ptr<WebSocketListener>> Live::admit(const Request& request) {
    State& s = *state_;
    auto caller = s.services.sessions.authenticate(request);
    if (!caller) {
        return std::move(caller).error();
    }
    if (caller->anonymous) {
        return Error{
            ErrorCode::unauthenticated,
            "sign in, or send Authorization: Bearer TOKEN",
            "token_missing"};
    }
    // A cookie comes along from any page; a token only from who knows it.
    if (caller->session && !s.services.sessions.same_origin(request)) {
        return Error{
            ErrorCode::forbidden,
            "the request comes from another site; behind a proxy set server.public_url",
            "bad_origin"};
    }
    auto corp = s.services.corp(request, *caller);
    if (!corp) {
        return std::move(corp).error();
    }
    {
        const std::lock_guard lock(s.mutex);
        const std::string owner = live_owner(*caller);
        const auto known = s.owners.find(owner);
        const std::size_t own = known == s.owners.end() ? 0 : known->second;
        if (s.stopping || s.open >= s.options.max_sockets || own >= s.options.max_sockets_of_one) {
            return Error{
                ErrorCode::overloaded, "too many live sockets are open", "too_many_sockets"};
        }
        s.owners[owner] = own + 1;
        s.open += 1;
        s.sockets.set(static_cast<double>(s.open));
    }
    Request credentials;
    for (const std::string_view name : {"Authorization", "Cookie", "Host", "Origin"}) {
        if (request.headers.has(name)) {
            credentials.headers.set(name, std::string(request.headers.get(name)));
        }
    }
    credentials.remote_address = request.remote_address;
    return std::shared_ptr<WebSocketListener>(
        std::make_shared<LiveClient>(state_, std::move(credentials), std::move(*caller), *corp)
    );
}

void Live::handle(Request&& request, const Responder& responder) {
    if (!asks_for_websocket(request)) {
        Response response = problem(
            Error{ErrorCode::invalid, "this is a WebSocket: ask for an upgrade", "no_upgrade"},
            request.request_id
        );
        response.status = 426;
        responder.respond(std::move(response));
        return;
    }
    auto listener = admit(request);
    if (!listener) {
        responder.respond(problem(listener.error(), request.request_id));
        return;
    }
    responder.upgrade({std::move(request), *std::move(listener), state_->options.socket});
}

}  // namespace leadbridge::gateway
