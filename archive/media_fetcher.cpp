#include "archive/media_fetcher.h"

#include <condition_variable>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/log.h"
#include "base/worker_pool.h"

namespace leadbridge::archive {

namespace {

constexpr std::int64_t look_every_ms = 1'000;

struct CorpMedia {
    crm::CorpDirectory::Ptr corp;
    std::shared_ptr<ArchiveSource>
        source;  // shared by the downloads in progress and whoever replaces or cancels it
    std::set<std::int64_t> in_flight;
    std::int64_t last_used_ms = 0;  // steady
    bool resting = true;
};

struct Shared {
    std::map<CorpId, CorpMedia> corps;
    bool stopping = false;
    bool woken = false;
};

}  // namespace

struct MediaFetcher::State {
    MediaServices services;
    const MediaOptions options;
    ArchiveSourceFactory& sources;
    const CorpList corps;
    Guarded<Shared> shared;
    std::condition_variable wake;
    std::unique_ptr<WorkerPool> pool;
    std::thread dispatcher;

    void follow_corps() {
        const auto now = corps();
        auto lock = shared.lock();
        std::set<CorpId> wanted;
        for (const auto& corp : now) {
            if (!corp->archive.enabled) {
                continue;
            }
            wanted.insert(corp->id);
            CorpMedia& media = lock->corps[corp->id];
            if (!media.source || source_differs(*media.corp, *corp)) {
                if (media.source) {
                    media.source->cancel();
                }
                media.source = sources.open(*corp, SourceRole::media);
            }
            media.corp = corp;
        }
        std::erase_if(lock->corps, [&](auto& entry) {
            if (wanted.contains(entry.first)) {
                return false;
            }
            entry.second.source->cancel();
            return true;
        });
    }

    std::vector<std::int64_t> due(CorpId corp, std::size_t limit) {
        auto ids = services.archive.read<std::vector<std::int64_t>>(
            [&](Snapshot& s) -> Result<std::vector<std::int64_t>> {
                return s.all(
                    "SELECT id FROM media WHERE corp_id = ? AND state = 0 AND next_ms <= ? ORDER "
                    "BY next_ms, id LIMIT ?",
                    {corp, services.clock.now(), limit},
                    [](const Row& row) { return row.integer(0); }
                );
            }
        );
        return ids.value_or({});
    }

    void dispatch() {
        std::vector<CorpId> ids;
        for (const auto& [id, media] : shared.lock()->corps) {
            ids.push_back(id);
        }
        for (const CorpId corp : ids) {
            const auto per_corp = static_cast<std::size_t>(options.per_corp);
            const auto rows = due(corp, 2 * per_corp);
            auto lock = shared.lock();
            CorpMedia& media = lock->corps[corp];
            for (const std::int64_t row : rows) {
                if (media.in_flight.size() < per_corp && media.in_flight.insert(row).second) {
                    media.resting = false;
                    const bool taken = pool->submit([this, corp, row, source = media.source] {
                        fetch(corp, row, *source);
                    });
                    if (!taken) {
                        media.in_flight.erase(row);
                    }
                }
            }
        }
        rest_idle();
    }

    void fetch(CorpId corp, std::int64_t row, ArchiveSource& source) {
        bool stored = true;
        try {
            fetch_media(services, options, source, corp, row, [this] {
                return !shared.lock()->stopping;
            });
        } catch (const std::exception& e) {
            log::error(
                "archive", "a file could not be stored", {{"corp", corp}, {"why", e.what()}}
            );
        }
        auto lock = shared.lock();
        if (const auto found = lock->corps.find(corp); found != lock->corps.end()) {
            found->second.in_flight.erase(row);
            found->second.last_used_ms = services.clock.steady_ms();
        }
        lock->woken = lock->woken || stored;
        wake.notify_all();
    }

    void rest_idle() {
        std::vector<std::shared_ptr<ArchiveSource>> idle;
        {
            auto lock = shared.lock();
            for (auto& [id, media] : lock->corps) {
                const bool old =
                    services.clock.steady_ms() - media.last_used_ms > options.rest_after_ms;
                if (!media.resting && media.in_flight.empty() && old) {
                    media.resting = true;
                    idle.push_back(media.source);
                }
            }
        }
        for (const auto& source : idle) {
            source->rest();
        }
    }

    void run() {
        for (;;) {
            try {
                follow_corps();
                dispatch();
            } catch (const std::exception& e) {
                log::error("archive", "files could not be looked for", {{"why", e.what()}});
            }
            auto lock = shared.lock();
            wake.wait_for(lock.raw(), std::chrono::milliseconds(look_every_ms), [&] {
                return lock->stopping || lock->woken;
            });
            lock->woken = false;
            if (lock->stopping) {
                return;
            }
        }
    }
};

MediaFetcher::MediaFetcher(
    MediaServices services, MediaOptions options, ArchiveSourceFactory& sources, CorpList corps
)
    : state_(new State{services, options, sources, std::move(corps), {}, {}, nullptr, {}}) {
    state_->pool = std::make_unique<WorkerPool>(WorkerPoolOptions{
        .name = "media", .threads = options.threads, .max_queue = 1'000});
}

MediaFetcher::~MediaFetcher() {
    stop();
}

void MediaFetcher::start() {
    state_->dispatcher = std::thread([state = state_.get()] { state->run(); });
}

void MediaFetcher::stop() {
    {
        auto lock = state_->shared.lock();
        lock->stopping = true;
        for (auto& [id, media] : lock->corps) {
            media.source->cancel();
        }
        state_->wake.notify_all();
    }
    if (state_->dispatcher.joinable()) {
        state_->dispatcher.join();
    }
    state_->pool->stop();
}

void MediaFetcher::wake() {
    state_->shared.lock()->woken = true;
    state_->wake.notify_all();
}

}  // namespace leadbridge::archive
