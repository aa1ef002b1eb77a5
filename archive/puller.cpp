#include "archive/puller.h"

#include <condition_variable>
#include <map>
#include <thread>

#include "base/guarded.h"
#include "base/log.h"

namespace leadbridge::archive {

namespace {

constexpr std::int64_t look_every_ms = 500;
constexpr std::int64_t after_crash_ms = 5'000;

double behind_seconds(const PullStatus& status, UnixMillis now) {
    const UnixMillis since = status.caught_up_ms > 0 ? status.caught_up_ms : status.started_ms;
    return static_cast<double>(std::max<UnixMillis>(0, now - since)) / 1'000.0;
}

// One corp's thread.
class CorpThread {
public:
    CorpThread(
        PullServices services,
        PullOptions options,
        ArchiveSourceFactory& sources,
        crm::CorpDirectory::Ptr corp,
        std::function<void(CorpId)> stored
    )
        : services_(services),
          options_(options),
          sources_(sources),
          stored_(std::move(stored)),
          behind_(services.metrics.gauge(
              "leadbridge_archive_behind_seconds",
              "Time since the archive was last known to be complete",
              {{"corp", corp->wecom_id}}
          )) {
        shared_.lock()->corp = std::move(corp);
        thread_ = std::thread([this] { run(); });
    }

    CorpThread(const CorpThread&) = delete;
    CorpThread& operator=(const CorpThread&) = delete;

    ~CorpThread() {
        ask_to_stop();
        thread_.join();
    }

    void ask_to_stop() {
        auto shared = shared_.lock();
        shared->stopping = true;
        if (shared->source) {
            shared->source->cancel();
        }
        wake_.notify_all();
    }

    void set_corp(crm::CorpDirectory::Ptr corp) {
        auto shared = shared_.lock();
        if (shared->corp->version != corp->version) {
            shared->corp = std::move(corp);
            shared->woken = true;
            wake_.notify_all();
        }
    }

    void wake() {
        shared_.lock()->woken = true;
        wake_.notify_all();
    }

    std::optional<PullStatus> status() const { return shared_.lock()->status; }

    void update_metrics() {
        if (const auto now_status = status()) {
            behind_.set(behind_seconds(*now_status, services_.clock.now()));
        }
    }

private:
    struct Shared {
        crm::CorpDirectory::Ptr corp;
        std::shared_ptr<ArchiveSource>
            source;  // shared by the thread that calls it and whoever cancels it
        std::optional<PullStatus> status;
        bool woken = false;
        bool stopping = false;
    };

    void run() {
        while (!shared_.lock()->stopping) {
            std::int64_t wait_ms = 0;
            try {
                wait_ms = step();
            } catch (const std::exception& e) {
                // The store is broken for now. Everything in memory is dropped: the database says
                // where to go on.
                log::error(
                    "archive",
                    "the archive could not be written",
                    {{"corp", corp_id_}, {"why", e.what()}}
                );
                puller_.reset();
                wait_ms = after_crash_ms;
            }
            auto shared = shared_.lock();
            wake_.wait_for(shared.raw(), services_.clock.real(wait_ms), [&] {
                return shared->woken || shared->stopping;
            });
            shared->woken = false;
        }
    }

    std::int64_t step() {
        const auto corp = shared_.lock()->corp;
        corp_id_ = corp->id;
        if (!puller_) {
            puller_ = std::make_unique<CorpPuller>(services_, options_, corp->id, corp->wecom_id);
            opened_for_ = nullptr;
        }
        if (opened_for_ != corp) {
            take_settings(*corp);
            opened_for_ = corp;
        }
        const auto source = shared_.lock()->source;
        const PullStep step = puller_->step(*source);
        shared_.lock()->status = puller_->status();
        if (step.wrote) {
            stored_(corp->id);
        }
        return step.more ? 0 : step.wait_ms;
    }

    void take_settings(const crm::Corp& corp) {
        puller_->set_poll(corp.archive.poll_s * 1'000LL);
        if (auto set = puller_->set_keys(corp.archive.private_keys); !set) {
            throw std::runtime_error(set.error().message);
        }
        auto shared = shared_.lock();
        if (!shared->source || !opened_for_ || source_differs(*opened_for_, corp)) {
            shared->source = sources_.open(corp, SourceRole::messages);
        }
        if (shared->stopping) {
            shared->source->cancel();
        }
    }

    PullServices services_;
    const PullOptions options_;
    ArchiveSourceFactory& sources_;
    const std::function<void(CorpId)> stored_;
    Gauge& behind_;
    // Of the thread.
    CorpId corp_id_;
    std::unique_ptr<CorpPuller> puller_;
    crm::CorpDirectory::Ptr opened_for_;

    Guarded<Shared> shared_;
    std::condition_variable wake_;
    std::thread thread_;
};

}  // namespace

bool source_differs(const crm::Corp& a, const crm::Corp& b) {
    const auto& x = a.archive;
    const auto& y = b.archive;
    return a.wecom_id != b.wecom_id || !x.secret.equals(y.secret.reveal()) || x.sdk != y.sdk ||
           x.proxy != y.proxy || !x.proxy_password.equals(y.proxy_password.reveal()) ||
           x.timeout_s != y.timeout_s;
}

struct ArchivePuller::State {
    PullServices services;
    const PullOptions options;
    ArchiveSourceFactory& sources;
    const CorpList corps;
    const std::function<void(CorpId)> stored;

    struct Shared {
        std::map<CorpId, std::unique_ptr<CorpThread>> threads;
        bool stopping = false;
    };

    Guarded<Shared> shared;
    std::condition_variable wake;
    std::thread supervisor;

    // Threads that end are joined outside the lock: a call may take a moment to give up.
    void look() {
        std::vector<std::unique_ptr<CorpThread>> ended;
        const auto now = corps();
        auto lock = shared.lock();
        std::map<CorpId, crm::CorpDirectory::Ptr> wanted;
        for (const auto& corp : now) {
            if (corp->archive.enabled) {
                wanted.emplace(corp->id, corp);
            }
        }
        for (auto at = lock->threads.begin(); at != lock->threads.end();) {
            if (wanted.contains(at->first)) {
                at->second->update_metrics();
                ++at;
            } else {
                at->second->ask_to_stop();
                ended.push_back(std::move(at->second));
                at = lock->threads.erase(at);
            }
        }
        for (const auto& [id, corp] : wanted) {
            auto& thread = lock->threads[id];
            if (thread) {
                thread->set_corp(corp);
            } else {
                thread = std::make_unique<CorpThread>(services, options, sources, corp, stored);
            }
        }
        lock.raw().unlock();
        ended.clear();
        lock.raw().lock();
    }

    void supervise() {
        for (;;) {
            try {
                look();
            } catch (const std::exception& e) {
                log::error(
                    "archive", "the list of corps could not be followed", {{"why", e.what()}}
                );
            }
            auto lock = shared.lock();
            if (wake.wait_for(lock.raw(), std::chrono::milliseconds(look_every_ms), [&] {
                    return lock->stopping;
                })) {
                return;
            }
        }
    }
};

ArchivePuller::ArchivePuller(
    PullServices services,
    PullOptions options,
    ArchiveSourceFactory& sources,
    CorpList corps,
    std::function<void(CorpId)> stored
)
    : state_(new State{services, options, sources, std::move(corps), std::move(stored), {}, {}, {}}
      ) {}

ArchivePuller::~ArchivePuller() {
    stop();
}

void ArchivePuller::start() {
    state_->supervisor = std::thread([state = state_.get()] { state->supervise(); });
}

void ArchivePuller::stop() {
    {
        auto lock = state_->shared.lock();
        lock->stopping = true;
        state_->wake.notify_all();
    }
    if (state_->supervisor.joinable()) {
        state_->supervisor.join();
    }
    auto threads = std::exchange(state_->shared.lock()->threads, {});
    for (auto& [id, thread] : threads) {
        thread->ask_to_stop();
    }
}

void ArchivePuller::wake(CorpId corp) {
    auto lock = state_->shared.lock();
    if (const auto found = lock->threads.find(corp); found != lock->threads.end()) {
        found->second->wake();
    }
}

std::optional<PullStatus> ArchivePuller::status(CorpId corp) const {
    auto lock = state_->shared.lock();
    const auto found = lock->threads.find(corp);
    return found == lock->threads.end() ? std::nullopt : found->second->status();
}

}  // namespace leadbridge::archive
