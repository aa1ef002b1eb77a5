#include "archive/service.h"

#include <algorithm>

namespace leadbridge::archive {

ArchiveService::ArchiveService(const ArchiveServices& services, const ArchiveOptions& options)
    : services_(services),
      rsa_(options.rsa_threads),
      store_(services.archive, services.vault, services.blobs, visible_by_members(services.core)),
      feed_(
          {services.archive, services.core, services.clock, services.metrics},
          services.corps,
          services.tell_crm
      ),
      media_(
          {services.archive,
           services.vault,
           services.blobs,
           services.clock,
           services.rng,
           services.metrics},
          options.media,
          services.sources,
          services.corps
      ),
      puller_(
          {services.archive,
           services.vault,
           services.clock,
           services.ids,
           services.rng,
           services.metrics,
           rsa_},
          options.pull,
          services.sources,
          services.corps,
          [this](CorpId) {
              feed_.wake();
              media_.wake();
          }
      ) {}

ArchiveService::~ArchiveService() {
    stop();
}

// What is told and fetched may be left over from the last run: they start before anything new comes
// in.
void ArchiveService::start() {
    feed_.start();
    media_.start();
    puller_.start();
}

void ArchiveService::stop() {
    puller_.stop();
    media_.stop();
    feed_.stop();
}

void ArchiveService::wake(CorpId corp) {
    puller_.wake(corp);
}

Status ArchiveService::retry_undecryptable(CorpId corp) {
    EnvelopeStore envelopes(services_.archive, services_.vault, services_.clock, services_.ids);
    auto done = envelopes.retry(corp, EnvelopeStore::Retry::all);
    puller_.wake(corp);
    return done;
}

ArchiveHealth ArchiveService::health(CorpId corp) const {
    ArchiveHealth health;
    health.corp = corp;
    health.backlog = store_.backlog(corp);
    UnixMillis since = health.backlog.caught_up_ms;
    if (const auto status = puller_.status(corp)) {
        health.pulling = true;
        health.error = status->error;
        health.unreadable_keys = status->unreadable_keys;
        health.backlog.last_pull_ms = std::max(health.backlog.last_pull_ms, status->last_pull_ms);
        since = std::max(since, status->caught_up_ms);
        since = since > 0 ? since : status->started_ms;
    }
    health.behind_seconds =
        since > 0 ? std::max<std::int64_t>(0, (services_.clock.now() - since) / 1'000) : 0;
    return health;
}

}  // namespace leadbridge::archive
