#pragma once
// The daemon: owns every object, in the order in which they need each other; members are destroyed
// from the last to the first. The life of a friend-add: HttpServer -> FrontDoor -> Callbacks ->
// CallbackReceiver (verify, open) -> Inbox (durable) -> 200; then WelcomeLane at once, and
// InboxProcessor -> event_codec -> crm::intake -> JobQueue -> JobRunner -> ApiClient -> WeCom.

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/http_types.h"
#include "config/settings.h"
#include "gateway/api_services.h"

namespace leadbridge::gateway {

class Api;
class SandboxDoor;

struct AppOptions {
    config::Settings settings;
    std::unique_ptr<Clock> clock = nullptr;  // null = the system's
    std::string ui_dir = {};                 // the console from this folder, not the embedded one
};

class App {
public:
    // Takes the data directory's lock, opens and migrates the databases, opens the vault, applies
    // the [[corp]] settings. Throws std::runtime_error naming cause and fix. Nothing runs yet.
    explicit App(AppOptions options);
    ~App();  // stop()

    // The daemon's work: server, workers, puller, control socket.
    void start();
    // Accept, requests, scheduler, calls in flight, workers, archive, readers, writers: in this
    // order.
    void stop();

    std::uint16_t port() const;
    Api& api();
    SandboxDoor& sandbox_door();
    const ApiServices& services() const;
    const Clock& clock() const;
    Metrics& metrics();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace leadbridge::gateway
