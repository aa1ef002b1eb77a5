#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <set>
#include <thread>

#include "base/guarded.h"
#include "base/job_queue.h"
#include "base/log.h"

namespace leadbridge {

namespace {

constexpr std::int64_t poll_ms = 1'000;

struct Work {
    const JobHandler* handler = nullptr;
    Job job;
};

}  // namespace

struct JobRunner::State {
    // One thread claims for all: it alone knows how many threads are free and how many each corp
    // holds.
    struct Shared {
        std::deque<Work> claimed;
        int busy = 0;  // claimed or running
        std::map<CorpId, int> held;
        std::set<std::string> look;  // queues that may have work
        std::set<std::string>
            limited;  // queues whose last claim was cut by threads or by a corp's share
        bool stopping = false;
    };

    State(JobQueue& job_queue, const Clock& a_clock, JobRunnerOptions runner_options)
        : queue(job_queue),
          clock(a_clock),
          options(runner_options),
          corp_limit(
              std::max(1, static_cast<int>(runner_options.corp_share * runner_options.threads))
          ) {}

    // Constant after start().
    JobQueue& queue;
    const Clock& clock;
    const JobRunnerOptions options;
    const int corp_limit;
    std::deque<JobHandler> handlers;
    std::vector<std::thread> threads;
    std::shared_ptr<void> subscription;

    Guarded<Shared> shared;
    std::condition_variable news;   // for the claiming thread
    std::condition_variable work;   // for the workers
    std::condition_variable quiet;  // for stop()

    void look_at(const std::string& name) {
        shared.lock()->look.insert(name);
        news.notify_one();
    }

    void claim_loop();
    void claim_for(const JobHandler& handler);
    enum class Cut { yes, no };  // by free threads or by a corp's share: there may be more
    bool hand_out(const JobHandler& handler, const std::vector<Job>& jobs, Cut cut);
    void give_back(const Job& job);
    void work_loop();
    void run(const Work& work);
    JobOutcome outcome_of(const Work& work);
    void settle(const Work& work, const JobOutcome& outcome);
};

void JobRunner::State::claim_loop() {
    std::size_t turn = 0;
    std::int64_t last_poll = clock.steady_ms() - poll_ms;
    while (true) {
        std::set<std::string> look;
        {
            auto state = shared.lock();
            news.wait_for(state.raw(), clock.real(poll_ms), [&] {
                return state->stopping || (!state->look.empty() && state->busy < options.threads);
            });
            if (state->stopping) {
                return;
            }
            look.swap(state->look);
        }
        // Signals tell of new jobs only; what becomes due by time is found by looking everywhere
        // once a second.
        if (look.empty() || clock.steady_ms() - last_poll >= poll_ms) {
            look.clear();
            last_poll = clock.steady_ms();
        }
        // Each pass begins with another queue, so that none starves when threads are few.
        ++turn;
        for (std::size_t i = 0; i < handlers.size(); ++i) {
            const auto& handler = handlers[(turn + i) % handlers.size()];
            if (look.empty() || look.contains(handler.queue)) {
                claim_for(handler);
            }
        }
    }
}

void JobRunner::State::claim_for(const JobHandler& handler) {
    std::map<CorpId, int> held;
    int free = 0;
    {
        auto state = shared.lock();
        held = state->held;
        free = options.threads - state->busy;
        if (free <= 0) {
            state->limited.insert(handler.queue);
            return;
        }
    }
    bool limited = false;
    std::vector<Job> jobs;
    try {
        jobs = queue.claim_within(handler.queue, free, handler.lease_ms, [&](CorpId corp) {
            const int left = corp_limit - held[corp];
            limited = limited || left < free;
            return std::max(left, 0);
        });
    } catch (const std::exception& e) {
        // The store is away; the next poll tries again.
        log::error(
            "base", "jobs could not be claimed", {{"queue", handler.queue}, {"error", e.what()}}
        );
        return;
    }
    if (hand_out(handler, jobs, limited ? Cut::yes : Cut::no)) {
        return;
    }
    for (const auto& job : jobs) {
        give_back(job);
    }
}

// False when the runner has stopped meanwhile.
bool JobRunner::State::hand_out(const JobHandler& handler, const std::vector<Job>& jobs, Cut cut) {
    auto state = shared.lock();
    if (state->stopping) {
        return false;
    }
    if (cut == Cut::yes || !jobs.empty()) {
        state->limited.insert(handler.queue);
    }
    for (const auto& job : jobs) {
        ++state->busy;
        ++state->held[job.corp];
        state->claimed.push_back({&handler, job});
        work.notify_one();
    }
    return true;
}

void JobRunner::State::give_back(const Job& job) {
    try {
        queue.release(job, clock.now(), "the program is stopping");
    } catch (const std::exception& e) {
        log::warn("base", "a job was not given back", {{"queue", job.queue}, {"error", e.what()}});
    }
}

void JobRunner::State::work_loop() {
    while (true) {
        Work next;
        {
            auto state = shared.lock();
            work.wait(state.raw(), [&] { return state->stopping || !state->claimed.empty(); });
            if (state->stopping) {
                return;
            }
            next = std::move(state->claimed.front());
            state->claimed.pop_front();
        }
        run(next);
        {
            auto state = shared.lock();
            --state->busy;
            if (--state->held[next.job.corp] == 0) {
                state->held.erase(next.job.corp);
            }
            state->look.merge(state->limited);
            state->limited.clear();
        }
        news.notify_one();
        quiet.notify_all();
    }
}

void JobRunner::State::run(const Work& next) {
    const JobOutcome outcome = outcome_of(next);
    try {
        settle(next, outcome);
    } catch (const std::exception& e) {
        // The lease runs out and the job comes again: at least once.
        log::error(
            "base", "a job could not be settled", {{"queue", next.job.queue}, {"error", e.what()}}
        );
    }
}

JobOutcome JobRunner::State::outcome_of(const Work& next) {
    try {
        return next.handler->run(next.job);
    } catch (const std::exception& e) {
        log::error(
            "base",
            "a job handler threw",
            {{"queue", next.job.queue}, {"job", next.job.id}, {"error", e.what()}}
        );
        return JobRetry{e.what()};
    }
}

void JobRunner::State::settle(const Work& next, const JobOutcome& outcome) {
    const Job& job = next.job;
    if (std::holds_alternative<JobDone>(outcome)) {
        queue.done(job);
    } else if (const auto* retry = std::get_if<JobRetry>(&outcome)) {
        queue.fail(job, next.handler->schedule, retry->error);
    } else if (const auto* later = std::get_if<JobRetryAt>(&outcome)) {
        queue.retry_at(job, later->when, later->error);
    } else if (const auto* hold = std::get_if<JobHold>(&outcome)) {
        queue.release(job, hold->until, hold->why);
    } else if (const auto* dead = std::get_if<JobDead>(&outcome)) {
        queue.dead(job, dead->error);
    }
}

JobRunner::JobRunner(JobQueue& queue, const Clock& clock, JobRunnerOptions options)
    : state_(std::make_unique<State>(queue, clock, options)) {}

JobRunner::~JobRunner() {
    stop();
    for (auto& thread : state_->threads) {
        thread.join();
    }
}

void JobRunner::add(JobHandler handler) {
    state_->handlers.push_back(std::move(handler));
}

void JobRunner::start() {
    if (state_->handlers.empty()) {
        return;
    }
    State* state = state_.get();
    state->subscription =
        state->queue.on_wake([state](const std::string& queue) { state->look_at(queue); });
    state->threads.emplace_back([state] { state->claim_loop(); });
    for (int i = 0; i < state->options.threads; ++i) {
        state->threads.emplace_back([state] { state->work_loop(); });
    }
    for (const auto& handler : state->handlers) {
        state->look_at(handler.queue);
    }
}

void JobRunner::stop(std::int64_t grace_ms) {
    state_->subscription.reset();
    std::deque<Work> never_started;
    {
        auto state = state_->shared.lock();
        state->stopping = true;
        never_started.swap(state->claimed);
        state->busy -= static_cast<int>(never_started.size());
    }
    state_->news.notify_all();
    state_->work.notify_all();
    for (const auto& work : never_started) {
        state_->give_back(work.job);
    }
    auto state = state_->shared.lock();
    const bool quiet = state_->quiet.wait_for(
        state.raw(), std::chrono::milliseconds(grace_ms), [&] { return state->busy <= 0; }
    );
    if (!quiet) {
        log::warn(
            "base",
            "job handlers were still running at the end of the grace time",
            {{"handlers", state->busy}}
        );
    }
}

}  // namespace leadbridge
