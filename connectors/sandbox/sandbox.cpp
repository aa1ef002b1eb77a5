#include "connectors/sandbox/sandbox.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "base/http_server.h"
#include "base/json.h"
#include "base/log.h"
#include "connectors/sandbox/api.h"
#include "connectors/sandbox/archive_api.h"
#include "connectors/sandbox/control.h"
#include "connectors/sandbox/faults.h"
#include "connectors/sandbox/journal.h"
#include "connectors/sandbox/later.h"
#include "connectors/sandbox/sign_in.h"

namespace leadbridge::sandbox {

namespace {

constexpr std::int64_t hang_ms = 70'000;  // longer than any caller waits
constexpr std::size_t max_upload = 24 << 20;

HttpServerOptions server_options(const SandboxOptions& options) {
    HttpServerOptions out;
    out.address = options.address;
    out.port = options.port;
    out.max_body_bytes = max_upload;
    out.max_queued_requests = 100'000;
    return out;
}

}  // namespace

struct Sandbox::State {
    State(const SandboxOptions& options, const Clock& the_clock, Metrics& metrics)
        : clock(the_clock),
          rng(options.seed),
          journal(options.journal_file),
          http(make_http_client()),
          sender(the_clock, sender_rng, *http, journal),
          server(
              server_options(options),
              the_clock,
              metrics,
              [this](Request&& request, Responder responder) {
                  handle(request, std::move(responder));
              }
          ) {}

    const Clock& clock;
    SeededRng rng;
    SystemRng sender_rng;  // nonces and random16 need no seed
    Journal journal;
    std::mutex mutex;  // guards world
    World world;
    std::unique_ptr<HttpClient> http;
    CallbackSender sender;
    HttpServer server;
    Later later;  // last: its thread answers through the server

    void send_all(Events events);
    void handle(const Request& request, Responder responder);
    void handle_api(const Request& request, const Responder& responder);
    void respond_later(const Responder& responder, Response response, std::int64_t real_ms);
    void journal_call(const Answer& answer, const Request& request, const std::string& fault);
    bool own_control(const Request& request, const Responder& responder);
};

void Sandbox::State::respond_later(
    const Responder& responder, Response response, std::int64_t real_ms
) {
    if (real_ms <= 0) {
        responder.respond(std::move(response));
        return;
    }
    later.after(real_ms, [responder, response = std::move(response)]() mutable {
        responder.respond(std::move(response));
    });
}

void Sandbox::State::journal_call(
    const Answer& answer, const Request& request, const std::string& fault
) {
    if (!journal.on()) {
        return;
    }
    json::object line{
        {"what", "call"},
        {"ms", clock.now()},
        {"corpid", answer.corpid},
        {"api", answer.api},
        {"errcode", answer.errcode}};
    if (!fault.empty()) {
        line["fault"] = fault;
    }
    const bool effect = answer.api == "externalcontact/send_welcome_msg" ||
                        answer.api == "externalcontact/add_msg_template" ||
                        answer.api == "externalcontact/mark_tag" ||
                        answer.api == "externalcontact/cancel_groupmsg_send";
    if (effect) {
        auto body = parse_json(request.body, JsonLimits{4 << 20, 16});
        auto reply = parse_json(answer.response.body, JsonLimits{4 << 20, 16});
        line["request"] = body ? std::move(*body) : json::value();
        line["reply"] = reply ? std::move(*reply) : json::value();
    }
    journal.write(to_text(line));
}

void Sandbox::State::handle_api(const Request& request, const Responder& responder) {
    Answer answer;
    std::optional<Fault> fault;
    std::int64_t latency = 0;
    {
        const std::lock_guard lock(mutex);
        const std::string api = request.path.substr(std::min<std::size_t>(request.path.size(), 9));
        std::string corpid(request.query.get("corpid"));
        for (const auto& [id, company] : world.companies) {
            if (company.tokens.contains(std::string(request.query.get("access_token")))) {
                corpid = id;
            }
        }
        fault = next_fault(world, api, corpid, rng);
        latency = world.limits.latency_ms;
        const bool carried_out = !fault || fault->kind == "timeout_after" ||
                                 fault->kind == "slow" || fault->kind == "truncate";
        if (carried_out) {
            answer = answer_api(world, request, clock.now(), rng);
        } else {
            answer.api = api;
            answer.corpid = corpid;
            answer.errcode = fault->kind == "errcode" ? static_cast<int>(fault->value) : -2;
            answer.response =
                fault->kind == "errcode"
                    ? Response::json(200, to_text(refuse(answer.errcode, "fault on demand")))
                    : Response::text(500, "fault on demand");
        }
    }
    journal_call(answer, request, fault ? fault->kind : "");
    if (fault && (fault->kind == "timeout_after" || fault->kind == "timeout_before")) {
        later.after(hang_ms, [responder] { responder.close(); });
    } else if (fault && fault->kind == "close") {
        responder.close();
    } else if (fault && fault->kind == "truncate") {
        answer.response.body.resize(answer.response.body.size() / 2);
        respond_later(responder, std::move(answer.response), latency);
    } else {
        respond_later(
            responder,
            std::move(answer.response),
            latency + (fault && fault->kind == "slow" ? fault->value : 0)
        );
    }
}

void Sandbox::State::send_all(Events events) {
    for (Event& event : events) {
        CallbackTarget target;
        {
            const std::lock_guard lock(mutex);
            const Company* corp = world.company(event.corpid);
            if (corp == nullptr) {
                continue;
            }
            const auto it = corp->callbacks.find(event.callback);
            if (it == corp->callbacks.end()) {
                continue;
            }
            target = it->second;
        }
        sender.send(std::move(event), std::move(target));
    }
}

// Control that concerns the sandbox itself rather than its world.
bool Sandbox::State::own_control(const Request& request, const Responder& responder) {
    if (request.path == "/sandbox/delivery" && request.method == Method::post) {
        auto body = parse_json(request.body);
        if (!body || !body->is_object()) {
            responder.respond(Response::text(400, "send a JSON object"));
            return true;
        }
        const json::object& object = body->get_object();
        DeliveryRules rules;
        rules.duplicate = static_cast<double>(json_int(object, "duplicate_percent")) / 100.0;
        rules.shuffle_ms = json_int(object, "shuffle_ms");
        rules.attempts = static_cast<int>(json_int(object, "attempts", 3));
        rules.retry_ms = json_int(object, "retry_ms", 1'000);
        sender.set_rules(rules);
        responder.respond(Response::json(200, "{}"));
        return true;
    }
    if (request.path == "/sandbox/delivery" && request.method == Method::get) {
        responder.respond(Response::json(
            200,
            to_text(json::object{
                {"open", sender.open()},
                {"delivered", sender.delivered()},
                {"given_up", sender.given_up()}})
        ));
        return true;
    }
    return false;
}

void Sandbox::State::handle(const Request& request, Responder responder) {
    if (request.path.starts_with("/cgi-bin/")) {
        handle_api(request, responder);
        return;
    }
    if (is_sign_in(request)) {
        Response response;
        {
            const std::lock_guard lock(mutex);
            response = sign_in(world, request, clock.now(), rng);
        }
        responder.respond(std::move(response));
        return;
    }
    if (request.path == "/healthz") {
        responder.respond(Response::text(200, "ok"));
        return;
    }
    if (!request.path.starts_with("/sandbox/") || own_control(request, responder)) {
        if (!request.path.starts_with("/sandbox/")) {
            responder.respond(Response::text(
                404, "this is LeadBridge's local WeCom; see connectors/sandbox/README.md"
            ));
        }
        return;
    }
    ControlAnswer answer;
    {
        const std::lock_guard lock(mutex);
        if (request.path.starts_with("/sandbox/archive/")) {
            answer.response = answer_archive(world, request, clock.now(), rng);
        } else {
            answer = control(world, request, clock.now(), rng);
        }
    }
    send_all(std::move(answer.events));
    responder.respond(std::move(answer.response));
}

Sandbox::Sandbox(SandboxOptions options, const Clock& clock, Metrics& metrics)
    : state_(std::make_unique<State>(options, clock, metrics)) {}

Sandbox::~Sandbox() {
    stop();
}

void Sandbox::start() {
    state_->server.start();
}

void Sandbox::stop() {
    state_->server.stop(500);
}

std::uint16_t Sandbox::port() const {
    return state_->server.port();
}

Company Sandbox::add_company(const CompanySpec& spec) {
    const std::lock_guard lock(state_->mutex);
    return make_company(state_->world, spec, state_->rng);
}

void Sandbox::remove_companies() {
    const std::lock_guard lock(state_->mutex);
    state_->world.companies.clear();
}

ScanResult Sandbox::scan(const std::string& corpid, const Scan& what) {
    ScanResult result;
    {
        const std::lock_guard lock(state_->mutex);
        if (Company* corp = state_->world.company(corpid)) {
            result = sandbox::scan(state_->world, *corp, what, state_->clock.now(), state_->rng);
        }
    }
    state_->send_all(result.events);
    return result;
}

void Sandbox::act(const std::function<Events(World&, UnixMillis, Rng&)>& fn) {
    Events events;
    {
        const std::lock_guard lock(state_->mutex);
        events = fn(state_->world, state_->clock.now(), state_->rng);
    }
    state_->send_all(std::move(events));
}

void Sandbox::set_delivery(const DeliveryRules& rules) {
    state_->sender.set_rules(rules);
}

std::int64_t Sandbox::callbacks_open() const {
    return state_->sender.open();
}

}  // namespace leadbridge::sandbox
