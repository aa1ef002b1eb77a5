#include "gateway/live_state.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <iterator>

#include "base/log.h"
#include "crm/contacts/contact.h"
#include "crm/leads/lead.h"

namespace leadbridge::gateway {

namespace {

constexpr auto tick = std::chrono::milliseconds(200);
constexpr auto pause_after_failure = std::chrono::seconds(1);

}  // namespace

Live::State::State(LiveServices s, LiveOptions o)
    : services(std::move(s)),
      options(std::move(o)),
      dropped(services.metrics.counter(
          "leadbridge_live_dropped_total", "Frames not sent to sockets that read too slowly"
      )),
      sockets(services.metrics.gauge("leadbridge_live_sockets", "Open sockets of the live channel")
      ),
      core{&services.core},
      archive{&services.archive} {}

void Live::State::put(LiveCommand command) {
    command.client->waiting += 1;
    {
        const std::lock_guard lock(mutex);
        commands.push_back(std::move(command));
        woken = true;
    }
    wake.notify_one();
}

void Live::State::signal() {
    {
        const std::lock_guard lock(mutex);
        woken = true;
    }
    wake.notify_one();
}

void Live::State::release(const std::string& owner) {
    const std::lock_guard lock(mutex);
    open -= 1;
    sockets.set(static_cast<double>(open));
    if (auto& count = owners[owner]; --count == 0) {
        owners.erase(owner);
    }
}

bool Live::State::visible(const crm::Viewer& viewer, TopicGuard guard, std::int64_t id) const {
    if (guard == TopicGuard::none) {
        return true;
    }
    if (guard == TopicGuard::conversation) {
        return services.messages.may_read(viewer, archive::ConversationId{id});
    }
    return services.core
        .read<bool>([&](Snapshot& s) -> Result<bool> {
            return guard == TopicGuard::contact
                       ? crm::find_contact(s, viewer, crm::ContactId{id}).has_value()
                       : crm::find_lead(s, viewer, crm::LeadId{id}).has_value();
        })
        .value_or(false);
}

bool Live::State::wait() {
    std::unique_lock lock(mutex);
    wake.wait_for(lock, tick, [&] { return woken || stopping; });
    woken = false;
    return !stopping;
}

void Live::State::run() {
    std::deque<LiveCommand> taken;  // a command leaves it when it is done, whatever fails before
    while (wait()) {
        {
            const std::lock_guard lock(mutex);
            std::move(commands.begin(), commands.end(), std::back_inserter(taken));
            commands.clear();
        }
        try {
            visible_now.clear();
            // First the logs: a cursor that another channel gave out is then never ahead of ours.
            follow(ChangeSource::core);
            follow(ChangeSource::archive);
            while (!taken.empty()) {
                LiveCommand command = std::move(taken.front());
                taken.pop_front();
                apply_guarded(command);
            }
            check_rights();
            close_slow();
        } catch (const std::exception& error) {
            log::warn("live", "cannot read changes; trying again", {{"error", error.what()}});
            std::unique_lock lock(mutex);
            wake.wait_for(lock, pause_after_failure, [&] { return stopping; });
            woken = true;  // what was taken is still to be done
        }
    }
}

// A failing store ends the socket it failed for: its browser comes back and resumes.
void Live::State::apply_guarded(LiveCommand& command) {
    try {
        apply(command);
    } catch (const DatabaseError& error) {
        log::warn("live", "the store failed", {{"error", error.what()}});
        command.client->socket->close(websocket_try_later, "the store does not answer");
    }
}

void Live::State::apply(LiveCommand& command) {
    LiveClient& client = *command.client;
    client.waiting -= 1;
    switch (command.kind) {
        case LiveCommand::Kind::hello:
            clients.emplace(&client, command.client);
            return;
        case LiveCommand::Kind::join:
            if (!client.gone) {
                join(client, command.topic, command.seq);
            }
            return;
        case LiveCommand::Kind::leave:
            leave(client, command.topic.name);
            return;
        case LiveCommand::Kind::drained:
            caught_up(client);
            return;
        case LiveCommand::Kind::gone:
            forget(client);
            return;
    }
}

void Live::State::leave(LiveClient& client, const std::string& topic) {
    client.missed.erase(topic);
    if (client.topics.erase(topic) == 0) {
        return;
    }
    const auto found = followers.find({client.corp, topic});
    auto& list = found->second;
    list.erase(std::find(list.begin(), list.end(), &client));
    if (list.empty()) {
        followers.erase(found);
    }
}

void Live::State::forget(LiveClient& client) {
    client.gone = true;
    while (!client.topics.empty()) {
        leave(client, std::string(client.topics.begin()->first));
    }
    clients.erase(&client);
}

void Live::State::close_slow() {
    const std::int64_t now = services.clock.steady_ms();
    for (const auto& [client, owner] : clients) {
        if (client->behind && now - client->behind_since > options.slow_ms) {
            client->socket->close(websocket_policy, "reads too slowly");
        }
    }
}

void Live::State::check_rights() {
    const std::int64_t now = services.clock.steady_ms();
    if (!rights_changed && now - rights_checked < options.check_every_ms) {
        return;
    }
    const std::map<LiveClient*, LiveClientPtr> all = clients;
    for (const auto& [client, owner] : all) {
        if (rights_changed) {
            check_rights(*client);
        } else if (!services.sessions.alive(*client->caller.lock())) {
            client->socket->close(live_signed_out, "signed out");
            forget(*client);
        }
    }
    rights_changed = false;
    rights_checked = now;
}

void Live::State::check_rights(LiveClient& client) {
    auto caller = services.sessions.resolve(client.credentials);
    // Somebody of one corp who is now of another, or of none, signs in anew.
    if (!caller || (caller->corp && caller->corp != client.corp)) {
        client.socket->close(live_signed_out, "signed out");
        forget(client);
        return;
    }
    *client.caller.lock() = *caller;
    const auto topics = client.topics;
    for (const auto& [name, topic] : topics) {
        const bool narrowed = topic.guard == TopicGuard::nobody && caller->scope != crm::Scope::all;
        if (narrowed || !caller->may(topic.permission)) {
            leave(client, name);
            send(client, name, live_refusal(name, "permission_missing"));
        }
    }
}

}  // namespace leadbridge::gateway
