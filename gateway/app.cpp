#include "gateway/app.h"

#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <stdexcept>

#include "archive/feed.h"
#include "archive/media_fetcher.h"
#include "archive/message_store.h"
#include "archive/puller.h"
#include "archive/schema.h"
#include "base/http_client.h"
#include "base/http_server.h"
#include "base/log.h"
#include "base/sqlite_database.h"
#include "connectors/forms/form_connector.h"
#include "connectors/wecom/archive_source.h"
#include "connectors/wecom/callback_receiver.h"
#include "connectors/wecom/wecom_jobs.h"
#include "connectors/wecom/welcome.h"
#include "crm/contacts/tag.h"
#include "crm/intake.h"
#include "crm/leads/channel.h"
#include "crm/nurture/nurture.h"
#include "crm/nurture/push_planner.h"
#include "crm/nurture/tag_bitmaps.h"
#include "crm/operations/operation_runner.h"
#include "crm/staff/staff.h"
#include "gateway/api.h"
#include "gateway/api/setup.h"
#include "gateway/callbacks.h"
#include "gateway/clean_up.h"
#include "gateway/console_assets.h"
#include "gateway/control_socket.h"
#include "gateway/corp_settings.h"
#include "gateway/front_door.h"
#include "gateway/idempotency.h"
#include "gateway/inbox.h"
#include "gateway/inbox_processor.h"
#include "gateway/live.h"
#include "gateway/sandbox_door.h"
#include "gateway/scheduler.h"
#include "gateway/sessions.h"

namespace leadbridge::gateway {

namespace {

constexpr std::int64_t lag_not_ready_ms = 60'000;
constexpr int rsa_threads = 2;

std::vector<RoomMigrations> core_rooms() {
    return {
        {"vault", Vault::migrations()},
        {"jobs", JobQueue::migrations()},
        {"staff", crm::staff_migrations()},
        {"contacts", crm::contacts_migrations()},
        {"leads", crm::leads_migrations()},
        {"nurture", crm::nurture_migrations()},
        {"operations", crm::operations_migrations()},
        {"intake", crm::intake_migrations()},
        {"archive_feed", archive::feed_migrations()},
        {"wecom", wecom::migrations()},
        {"inbox", Inbox::migrations()},
        {"setup", setup_migrations()},
        {"idempotency", idempotency_migrations()}};
}

SqliteOptions core_options(const config::Settings& settings) {
    SqliteOptions options;
    options.path = settings.database.path;
    return options;
}

SqliteOptions archive_options(const config::Settings& settings) {
    SqliteOptions options;
    options.path =
        (std::filesystem::path(settings.database.path).parent_path() / "archive.db").string();
    options.name = "archive";
    options.page_size = 8'192;
    options.writer_cache_kb = 2'048;
    options.reader_cache_kb = 2'048;
    options.secure_delete = true;
    return options;
}

DataDirLock lock_data_dir(const std::string& dir) {
    std::filesystem::create_directories(dir);
    auto lock = DataDirLock::take(dir);
    if (!lock) {
        throw std::runtime_error(lock.error().message);
    }
    return std::move(*lock);
}

std::unique_ptr<Vault> open_vault(
    Database& core, const Clock& clock, Rng& rng, const config::Settings& settings
) {
    auto key = load_master_key(settings.security.master_key_file, MissingKey::create);
    if (!key) {
        throw std::runtime_error(key.error().message);
    }
    auto vault = Vault::open(core, clock, rng, std::move(*key));
    if (!vault) {
        throw std::runtime_error(vault.error().message);
    }
    log::set_id_key((*vault)->log_key());
    return std::move(*vault);
}

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

template <class T>
std::unique_ptr<T> migrated(std::unique_ptr<T> db, const std::vector<RoomMigrations>& rooms) {
    db->migrate(rooms);
    return db;
}

}  // namespace

// Built from the first member to the last.
struct App::Parts {
    explicit Parts(AppOptions options);

    const config::Settings settings;
    const std::unique_ptr<Clock> clock;
    DataDirLock lock;
    SystemRng rng;
    Metrics metrics;

    // Stores.
    const std::unique_ptr<Database> core;
    const std::unique_ptr<Database> archive_db;
    IdSource ids;
    const std::unique_ptr<Vault> vault;
    JobQueue jobs;
    const std::unique_ptr<BlobStore> blobs;
    crm::CorpStore corps;
    crm::CorpDirectory corp_directory;
    crm::SourceStore sources;
    crm::SourceDirectory source_directory;

    // Out: WeCom.
    const std::unique_ptr<HttpClient> http;
    wecom::TokenStore tokens;
    wecom::ApiClient api_client;
    wecom::MediaStore media;
    wecom::WecomServices wecom_services;
    wecom::WelcomeLane welcome;

    // What crm works with.
    const crm::IntakeServices intake;
    crm::TagBitmaps bitmaps;
    crm::PushLedger ledger;
    crm::PushPlanner planner;
    crm::OperationRunner operations;
    wecom::MassSendServices mass_services;

    // In.
    wecom::CallbackReceiver wecom_receiver;
    forms::FormConnector form_connector;
    Inbox inbox;
    InboxProcessor processor;
    Callbacks callbacks;

    // Archive.
    archive::MessageStore messages;
    archive::RsaPool rsa;
    wecom::FinanceSdkFactory sdk;
    const archive::CorpList archive_corps;
    archive::ArchiveFeed feed;
    archive::MediaFetcher fetcher;
    archive::ArchivePuller puller;

    // Doors.
    Sessions sessions;
    crm::LoginDesk login;
    SandboxDoor sandbox_door;
    ApiServices services;
    Api api;
    const ConsoleAssets console;
    Live live;
    FrontDoor door;
    Scheduler scheduler;
    std::optional<JobRunner> runner;
    std::optional<HttpServer> server;
    std::optional<ControlSocket> control;
    std::set<CorpId> periodic;  // of the scheduler's thread
    bool running = false;

    InboxProcessorOptions processor_options();
    void configure_inbox();
    void add_metrics();
    void add_regular_work();
    void add_periodic_jobs();
    void recover();
    std::string not_ready();
    std::int64_t inbox_lag_ms();
    Status tell(Transaction& tx, const crm::Touch& touch);
};

App::Parts::Parts(AppOptions options)
    : settings(std::move(options.settings)),
      clock(options.clock ? std::move(options.clock) : std::make_unique<SystemClock>()),
      lock(lock_data_dir(settings.server.data_dir)),
      core(migrated(open_sqlite(core_options(settings), *clock, metrics), core_rooms())),
      archive_db(migrated(
          open_sqlite(archive_options(settings), *clock, metrics),
          {{"archive", archive::migrations()}}
      )),
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
      media(*core, jobs, *blobs, api_client, *clock, ids),
      wecom_services{*core, jobs, *clock, ids, rng, metrics, api_client, media},
      welcome(
          *core, jobs, *vault, api_client, media, *clock, rng, metrics, welcome_options(settings)
      ),
      intake{*clock, ids, jobs},
      bitmaps(*core, *clock),
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
      callbacks(inbox),
      messages(*archive_db, *vault, *blobs, archive::visible_by_members(*core)),
      rsa(rsa_threads),
      sdk(worker_path(), *clock, rng),
      archive_corps([this] { return corp_directory.all(); }),
      feed(
          {*archive_db, *core, *clock, metrics},
          archive_corps,
          [this](Transaction& tx, const crm::Touch& touch) { return tell(tx, touch); }
      ),
      fetcher({*archive_db, *vault, *blobs, *clock, rng, metrics}, {}, sdk, archive_corps),
      puller(
          {*archive_db, *vault, *clock, ids, rng, metrics, rsa},
          {},
          sdk,
          archive_corps,
          [this](CorpId) {
              feed.wake();
              fetcher.wake();
          }
      ),
      sessions(*core, *clock, {settings.server.public_url, !settings.server.tls_cert.empty()}),
      login({*core, *clock, ids, rng, *vault}),
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
          inbox,
          wecom_services,
          messages,
          sessions,
          login,
          sandbox_door},
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
           }}
      ),
      door(api, callbacks, console, live, metrics, *clock, [this] { return not_ready(); }),
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

std::int64_t App::Parts::inbox_lag_ms() {
    const UnixMillis now = clock->now();
    auto lag = core->read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
        const std::int64_t oldest =
            s.number("SELECT run_at FROM inbox WHERE state = 0 ORDER BY run_at, id LIMIT 1");
        return oldest == 0 ? 0 : std::max<std::int64_t>(0, now - oldest);
    });
    return lag ? *lag : 0;
}

void App::Parts::add_metrics() {
    Gauge& outbox =
        metrics.gauge("leadbridge_outbox_oldest_seconds", "Age of the oldest job that is due");
    Gauge& unknown =
        metrics.gauge("leadbridge_push_unknown", "Recipients of pushes whose outcome is in doubt");
    Gauge& size = metrics.gauge("leadbridge_database_bytes", "Size of core.db");
    metrics.on_scrape([this, &outbox, &unknown, &size] {
        auto read = core->read<int>([&](Snapshot& s) -> Result<int> {
            outbox.set(static_cast<double>(JobQueue::oldest_due_ms(s, clock->now())) / 1'000.0);
            unknown.set(static_cast<double>(crm::PushLedger::unknown_recipients(s)));
            return 0;
        });
        size.set(read ? static_cast<double>(core->stats().size_bytes) : 0);
    });
}

void App::Parts::add_periodic_jobs() {
    for (const auto& corp : corp_directory.all()) {
        if (!periodic.insert(corp->id).second) {
            continue;
        }
        auto put = core->write<int>([&](Transaction& tx) -> Result<int> {
            wecom::enqueue_periodic(tx, wecom_services, corp->id);
            if (!wecom::last_sync_run(tx, corp->id)) {
                wecom::enqueue_first_sync(tx, wecom_services, corp->id);
            }
            return 0;
        });
        if (!put) {
            periodic.erase(corp->id);
        }
    }
}

void App::Parts::add_regular_work() {
    scheduler.every(1'000, "corps", [this] { add_periodic_jobs(); });
    scheduler.every(5'000, "tags", [this] {
        for (const auto& corp : corp_directory.all()) {
            auto moved = core->write<std::int64_t>([&](Transaction& tx) -> Result<std::int64_t> {
                return crm::TagStore({*clock, ids, jobs}).settle(tx, corp->id);
            });
            if (!moved) {
                log::warn(
                    "scheduler", "tags could not be settled", {{"error", moved.error().message}}
                );
            }
        }
    });
    scheduler.every(60'000, "clean_up", [this] { clean_up(*core, clock->now()); });
}

// What an earlier process left half done.
void App::Parts::recover() {
    while (true) {
        auto lost = core->write<int>([&](Transaction& tx) -> Result<int> {
            return ledger.recover_intents(tx, crm::PushLedger::Lost::all);
        });
        if (!lost) {
            throw std::runtime_error("the push ledger cannot be read: " + lost.error().message);
        }
        if (*lost == 0) {
            break;
        }
        log::warn(
            "push", "batches in doubt after a restart are being looked up", {{"batches", *lost}}
        );
    }
    std::vector<CorpId> known;
    for (const auto& corp : corp_directory.all()) {
        known.push_back(corp->id);
    }
    welcome.recover(known);
    inbox.redeliver_welcomes(clock->now() - 20'000);
}

std::string App::Parts::not_ready() {
    if (!core->stats().healthy || !archive_db->stats().healthy) {
        return "the store is not healthy: look at the log for its last error";
    }
    if (const std::int64_t lag = inbox_lag_ms(); lag > lag_not_ready_ms) {
        return "the inbox is " + std::to_string(lag / 1'000) + " s behind";
    }
    return {};
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
    p.control.emplace(
        control_socket_path(p.settings.server.data_dir),
        [&p](const Request& request) { return p.api.handle_local(request); }
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
    p.inbox.stop();
    p.scheduler.stop();
    p.runner->stop();
    // Appends in flight call hooks of parts that end now: a write behind them waits for the last
    // one.
    try {
        (void)p.core->write<int>([](Transaction&) -> Result<int> { return 0; });
    } catch (const DatabaseError& error) {
        log::error("app", "the store failed while stopping", {{"error", error.what()}});
    }
    p.welcome.stop();
    p.processor.stop();
    p.puller.stop();
    p.fetcher.stop();
    p.feed.stop();
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

void migrate_only(const config::Settings& settings) {
    const DataDirLock lock = lock_data_dir(settings.server.data_dir);
    const SystemClock clock;
    Metrics metrics;
    const auto core = migrated(open_sqlite(core_options(settings), clock, metrics), core_rooms());
    const auto archive_db = migrated(
        open_sqlite(archive_options(settings), clock, metrics), {{"archive", archive::migrations()}}
    );
}

}  // namespace leadbridge::gateway
