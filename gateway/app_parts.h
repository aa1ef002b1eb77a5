#pragma once
// What the App is made of; for app*.cpp only. Members are built from the first to the last, so each
// finds what it needs above itself.

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "archive/arrivals.h"
#include "archive/feed.h"
#include "archive/media_fetcher.h"
#include "archive/message_search.h"
#include "archive/message_store.h"
#include "archive/puller.h"
#include "archive/search_indexer.h"
#include "base/http_client.h"
#include "base/http_server.h"
#include "base/log.h"
#include "base/sqlite_database.h"
#include "connectors/forms/form_connector.h"
#include "connectors/wecom/archive_source.h"
#include "connectors/wecom/callback_receiver.h"
#include "connectors/wecom/jsapi_ticket.h"
#include "connectors/wecom/wecom_jobs.h"
#include "connectors/wecom/welcome.h"
#include "crm/contacts/day_stock.h"
#include "crm/contacts/tag.h"
#include "crm/intake.h"
#include "crm/leads/channel.h"
#include "crm/leads/lead_stock.h"
#include "crm/nurture/nurture.h"
#include "crm/nurture/push_planner.h"
#include "crm/nurture/tag_bitmaps.h"
#include "crm/operations/operation_runner.h"
#include "crm/staff/staff.h"
#include "gateway/api.h"
#include "gateway/app.h"
#include "gateway/backup/desk.h"
#include "gateway/callbacks.h"
#include "gateway/console_assets.h"
#include "gateway/control_socket.h"
#include "gateway/doctor.h"
#include "gateway/front_door.h"
#include "gateway/inbox.h"
#include "gateway/inbox_processor.h"
#include "gateway/live.h"
#include "gateway/qr_pictures.h"
#include "gateway/sandbox_door.h"
#include "gateway/scheduler.h"
#include "gateway/sessions.h"
#include "gateway/side_fetches.h"
#include "gateway/stores.h"

namespace leadbridge::gateway {

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
    wecom::TicketStore tickets;
    wecom::MediaStore media;
    wecom::WecomServices wecom_services;
    wecom::WelcomeLane welcome;

    // What crm works with.
    const crm::IntakeServices intake;
    crm::TagBitmaps bitmaps;
    crm::LeadStock lead_stock;
    crm::DayStock day_stock;
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
    archive::Arrivals arrivals;
    const std::unique_ptr<TokenIndex> search_index;
    archive::MessageSearch search;
    archive::RsaPool rsa;
    wecom::FinanceSdkFactory sdk;
    const archive::CorpList archive_corps;
    archive::ArchiveFeed feed;
    archive::MediaFetcher fetcher;
    archive::SearchIndexer indexer;
    archive::ArchivePuller puller;

    // Doors.
    CorpDoctor corp_doctor;
    Sessions sessions;
    crm::LoginDesk login;
    SandboxDoor sandbox_door;
    QrPictures qr_pictures;
    SideFetches side_fetches;
    ApiServices services;
    Api api;
    const ConsoleAssets console;
    Live live;
    FrontDoor door;
    Scheduler scheduler;
    std::optional<JobRunner> runner;
    std::optional<HttpServer> server;
    std::optional<BackupDesk> backups;
    std::optional<ControlSocket> control;
    std::set<CorpId> periodic;  // of the scheduler's thread
    bool running = false;

    InboxProcessorOptions processor_options();
    void configure_inbox();
    void add_metrics();
    void add_regular_work();
    void put_channel_servings();
    void add_periodic_jobs();
    void recover();
    std::string not_ready();
    std::int64_t inbox_lag_ms();
    Status tell(Transaction& tx, const crm::Touch& touch);
};

}  // namespace leadbridge::gateway
