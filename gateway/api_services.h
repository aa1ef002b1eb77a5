#pragma once
// What API handlers may reach. Built once by App; everything outlives every request and is
// thread-safe. A handler names the members it uses and hands them on: nothing below gateway sees
// this struct.

#include <string>

#include "base/blob_store.h"
#include "base/clock.h"
#include "base/database.h"
#include "base/job_queue.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "base/vault.h"
#include "crm/contacts/contact.h"
#include "crm/staff/audit.h"
#include "crm/staff/corp.h"
#include "crm/staff/login.h"
#include "crm/staff/source.h"

namespace leadbridge::wecom {
struct WecomServices;
class MediaStore;
class TicketStore;
}  // namespace leadbridge::wecom

namespace leadbridge::crm {
class DayStock;
class LeadStock;
class TagBitmaps;
}  // namespace leadbridge::crm

namespace leadbridge::archive {
class ArchivePuller;
class Arrivals;
class MessageSearch;
class MessageStore;
}  // namespace leadbridge::archive

namespace leadbridge::gateway {

class CorpDoctor;
class Inbox;
class InboxProcessor;
class QrPictures;
class Sessions;
class SandboxDoor;
class SideFetches;

struct ApiServices {
    Database& core;
    Database& archive;
    const Clock& clock;
    IdSource& ids;
    Rng& rng;
    Metrics& metrics;
    Vault& vault;
    JobQueue& jobs;
    BlobStore& blobs;
    crm::CorpStore& corps;
    crm::CorpDirectory& corp_directory;
    crm::SourceStore& sources;
    crm::SourceDirectory& source_directory;
    crm::TagBitmaps& bitmaps;
    crm::LeadStock& lead_stock;
    crm::DayStock& day_stock;
    Inbox& inbox;
    wecom::WecomServices& wecom;
    archive::MessageStore& messages;
    archive::Arrivals& arrivals;
    CorpDoctor& corp_doctor;
    // How people and WeCom reach this machine, without a slash at the end; "" = not known.
    std::string public_url;
    Sessions& sessions;
    crm::LoginDesk& login;
    SandboxDoor& sandbox;
    QrPictures& qr_pictures;
    wecom::TicketStore& tickets;
    SideFetches& side_fetches;
    archive::MessageSearch& search;

    crm::CrmServices crm() const { return {clock, ids, jobs}; }

    crm::AuditServices audit() const { return {clock, ids}; }
};

}  // namespace leadbridge::gateway
