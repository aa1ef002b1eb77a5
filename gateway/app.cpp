#include "gateway/app.h"

#include <filesystem>
#include <stdexcept>

#include "gateway/app_parts.h"
#include "gateway/corp_settings.h"
#include "gateway/verify_files.h"

namespace leadbridge::gateway {

namespace {

constexpr int rsa_threads = 2;

wecom::WelcomeOptions welcome_options(const config::Settings& settings) {
    wecom::WelcomeOptions options;
    options.pool.threads = settings.server.welcome_workers;
    return options;
}

std::string worker_path() {
    return (std::filesystem::read_symlink("/proc/self/exe").parent_path() /
            "leadbridge-archive-worker")
        .string();
}

HttpServerOptions server_options(const config::Settings& settings) {
    HttpServerOptions options;
    options.address = settings.server.address;
    options.port = settings.server.port;
    options.tls_cert_file = settings.server.tls_cert;
    options.tls_key_file = settings.server.tls_key;
    options.trusted_proxies = settings.server.trusted_proxies;
    options.web_workers = settings.server.web_workers;
    options.max_connections = static_cast<std::size_t>(settings.server.max_connections);
    options.body_limit = FrontDoor::body_limit;
    return options;
}

ConsoleAssets console_of(const std::string& ui_dir) {
    return ui_dir.empty() ? ConsoleAssets(embedded_console())
                          : ConsoleAssets(std::filesystem::path(ui_dir));
}

}  // namespace

App::Parts::Parts(AppOptions options)
    : settings(std::move(options.settings)),
      clock(options.clock ? std::move(options.clock) : std::make_unique<SystemClock>()),
      lock(lock_data_dir(settings.server.data_dir)),
      core(open_core(settings, *clock, metrics)),
      archive_db(open_archive(settings, *clock, metrics)),
      ids(*clock, 0),
      vault(open_vault(*core, *clock, rng, settings)),
      jobs(*core, *clock, ids, rng),
      blobs(open_directory_blobs(settings.blobs.path, *vault)),
      corps(*vault, *clock, ids),
      corp_directory(*core, corps),
      sources(*vault, *clock, ids),
      source_directory(*core, sources),
      http(make_http_client()),
      tokens(*http, *clock, rng, metrics),
      api_client(
          [this](CorpId id) { return corp_directory.find(id); }, *http, tokens, *clock, rng, metrics
      ),
      tickets(api_client, *clock),
      media(*core, jobs, *blobs, api_client, *clock, ids),
      wecom_services{*core, jobs, *clock, ids, rng, metrics, api_client, media},
      welcome(
          *core, jobs, *vault, api_client, media, *clock, rng, metrics, welcome_options(settings)
      ),
      intake{*clock, ids, jobs},
      bitmaps(*core, *clock),
      lead_stock(*core, *clock),
      day_stock(*core, *clock),
      ledger(jobs, *clock, ids),
      planner(*core, bitmaps, jobs, *clock, ids),
      operations(*core, jobs, *clock, ids),
      mass_services{wecom_services, ledger},
      wecom_receiver(corp_directory, *clock, metrics),
      form_connector(source_directory, *clock, metrics),
      inbox(*core, *vault, *clock, ids, rng, metrics),
      processor(
          *core,
          inbox,
          intake,
          rng,
          metrics,
          {&wecom_receiver, &form_connector},
          processor_options()
      ),
      callbacks(inbox, metrics, *clock),
      messages(*archive_db, *vault, *blobs, archive::visible_by_members(*core)),
      arrivals(*archive_db, archive::visible_by_members(*core)),
      search_index(open_search_index(settings)),
      search(*archive_db, *vault, *search_index, messages),
      rsa(rsa_threads),
      sdk(worker_path(), *clock, rng),
      archive_corps([this] { return corp_directory.all(); }),
      feed(
          {*archive_db, *core, *clock, metrics},
          archive_corps,
          [this](Transaction& tx, const crm::Touch& touch) { return tell(tx, touch); }
      ),
      fetcher({*archive_db, *vault, *blobs, *clock, rng, metrics}, {}, sdk, archive_corps),
      indexer({*archive_db, *vault, *clock, metrics, *search_index}, archive_corps),
      puller(
          {*archive_db, *vault, *clock, ids, rng, metrics, rsa},
          {},
          sdk,
          archive_corps,
          [this](CorpId) {
              feed.wake();
              fetcher.wake();
              indexer.wake();
          }
      ),
      corp_doctor(*http, sdk, *clock, settings.server.public_url),
      sessions(*core, *clock, {settings.server.public_url, !settings.server.tls_cert.empty()}),
      login({*core, *clock, ids, rng, *vault}),
      qr_pictures(*clock, fetch_qr_picture),
      side_fetches(*clock),
      services{
          *core,
          *archive_db,
          *clock,
          ids,
          rng,
          metrics,
          *vault,
          jobs,
          *blobs,
          corps,
          corp_directory,
          sources,
          source_directory,
          bitmaps,
          lead_stock,
          day_stock,
          inbox,
          wecom_services,
          messages,
          arrivals,
          corp_doctor,
          settings.server.public_url,
          sessions,
          login,
          sandbox_door,
          qr_pictures,
          tickets,
          side_fetches,
          search},
      api(services, api_routes()),
      console(console_of(options.ui_dir)),
      live(
          {*core,
           *archive_db,
           sessions,
           *clock,
           metrics,
           [this](const Request& request, const Caller& caller) {
               return api.corp_of(request, caller);
           },
           messages}
      ),
      door(
          api,
          callbacks,
          console,
          live,
          metrics,
          *clock,
          [this] { return not_ready(); },
          [this](std::string_view name) {
              return core
                  ->read<std::optional<std::string>>(
                      [&](Snapshot& s) -> Result<std::optional<std::string>> {
                          return verify_content(s, name);
                      }
                  )
                  .value_or(std::nullopt);
          }
      ),
      scheduler(*clock) {
    if (Status applied = apply_corps(*core, corps, settings.corps); !applied) {
        throw std::runtime_error(applied.error().message);
    }
    corp_directory.refresh();
    source_directory.refresh();
    configure_inbox();
    callbacks.bind("/callback/wecom/", wecom_receiver);
    callbacks.bind("/hook/", form_connector);
    add_metrics();
    add_regular_work();
}

InboxProcessorOptions App::Parts::processor_options() {
    InboxProcessorOptions options;
    options.on_touch = [this](const crm::Touch& touch) {
        if (const auto* noted = std::get_if<crm::Noted>(&touch.body);
            noted != nullptr && noted->kind == "msgaudit_notify") {
            puller.wake(touch.corp);
        } else if (const auto* consent = std::get_if<crm::ConsentGiven>(&touch.body)) {
            welcome.consent_given(touch.corp, consent->userid, consent->external_userid);
        }
    };
    return options;
}

void App::Parts::configure_inbox() {
    InboxOptions options;
    options.on_durable = [this](const Received& received, std::int64_t inbox_id) {
        if (received.welcome_code) {
            welcome.start(received.corp, inbox_id, received.body);
        }
    };
    options.on_duplicate = [this](CorpId corp, const std::string& key) {
        processor.delivered_again(corp, key);
    };
    options.on_stored = [this] { processor.wake(); };
    inbox.configure(std::move(options));
}

Status App::Parts::tell(Transaction& tx, const crm::Touch& touch) {
    auto outcome = crm::intake(tx, intake, touch);
    return outcome ? Status{} : Status{std::move(outcome).error()};
}

App::App(AppOptions options) : parts_(std::make_unique<Parts>(std::move(options))) {}

App::~App() {
    stop();
}

void App::start() {
    Parts& p = *parts_;
    // Whatever can refuse comes first: nothing runs yet when a port or path is taken.
    p.server.emplace(
        server_options(p.settings),
        *p.clock,
        p.metrics,
        [&p](Request&& request, Responder responder) {
            p.door.handle(std::move(request), std::move(responder));
        }
    );
    p.backups.emplace(BackupDeskSources{
        *p.core,
        *p.archive_db,
        p.settings.server.data_dir,
        p.settings.blobs.path,
        p.settings.security.master_key_file,
        *p.clock,
        p.rng,
        p.metrics,
        p.settings.database.postgres ? BackedUp::elsewhere : BackedUp::here});
    p.control.emplace(
        control_socket_path(p.settings.server.data_dir),
        [&p](const Request& request) {
            return BackupDesk::serves(request) ? p.backups->handle(request)
                                               : p.api.handle_local(request);
        }
    );
    p.running = true;
    p.runner.emplace(p.jobs, *p.clock, JobRunnerOptions{.threads = p.settings.server.job_workers});
    for (JobHandler& handler : wecom::wecom_handlers(p.wecom_services, p.mass_services)) {
        p.runner->add(std::move(handler));
    }
    for (JobHandler& handler : p.planner.handlers()) {
        p.runner->add(std::move(handler));
    }
    for (JobHandler& handler : p.operations.handlers()) {
        p.runner->add(std::move(handler));
    }
    p.recover();
    p.processor.start();
    p.runner->start();
    p.feed.start();
    p.fetcher.start();
    p.indexer.start();
    p.puller.start();
    p.scheduler.start();
    p.live.start();
    p.server->start();
    log::info(
        "app",
        "serving",
        {{"address", p.settings.server.address}, {"port", static_cast<int>(p.server->port())}}
    );
}

void App::stop() {
    Parts& p = *parts_;
    if (!p.running) {
        return;
    }
    p.running = false;
    p.server->stop();
    p.live.stop();
    p.control.reset();
    p.backups.reset();
    p.inbox.stop();
    p.scheduler.stop();
    p.runner->stop();
    // Appends in flight call hooks of parts that end now: where one writer does all, a write behind
    // them waits for the last one; else they are waited for.
    try {
        (void)p.core->write<int>([](Transaction&) -> Result<int> { return 0; });
    } catch (const DatabaseError& error) {
        log::error("app", "the store failed while stopping", {{"error", error.what()}});
    }
    while (p.core->stats().rows_waiting > 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    p.welcome.stop();
    p.processor.stop();
    p.puller.stop();
    p.fetcher.stop();
    p.feed.stop();
    p.indexer.stop();
    log::info("app", "stopped");
}

std::uint16_t App::port() const {
    return parts_->server ? parts_->server->port() : std::uint16_t{0};
}

SandboxDoor& App::sandbox_door() {
    return parts_->sandbox_door;
}

Api& App::api() {
    return parts_->api;
}

const ApiServices& App::services() const {
    return parts_->services;
}

const Clock& App::clock() const {
    return *parts_->clock;
}

Metrics& App::metrics() {
    return parts_->metrics;
}

}  // namespace leadbridge::gateway
