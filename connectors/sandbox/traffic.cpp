#include "connectors/sandbox/traffic.h"

#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/json.h"
#include "connectors/sandbox/archive_api.h"

namespace leadbridge::sandbox {

namespace {

constexpr std::array questions{
    "你好，请问这款产品多少钱？",
    "周末可以到店看看吗？",
    "有没有企业采购的方案？",
    "发一份资料给我可以吗？",
    "多久能发货？",
    "What is the price for 50 seats?"};
constexpr std::array answers{
    "您好，稍后把报价发给您。",
    "可以的，周六全天有人。",
    "有的，明天给您报价。",
    "资料已发，请查收。",
    "下单后三天内发货。",
    "I will send you a quote today."};

}  // namespace

struct Traffic::State {
    State(Sandbox& the_sandbox, const Clock& the_clock, TrafficOptions the_options)
        : sandbox(the_sandbox),
          clock(the_clock),
          options(std::move(the_options)),
          rng(options.seed) {}

    Sandbox& sandbox;
    const Clock& clock;
    const TrafficOptions options;
    SeededRng rng;
    std::mutex mutex;  // guards stopping and speed
    std::condition_variable wake;
    bool stopping = false;
    double speed = 1;
    std::thread thread;

    void run();
    void one_act();
    std::optional<Follow> any_follow(Company& corp);
    Events scan_something(World& world, Company& corp, UnixMillis now, Rng& world_rng);
    Events chat(World& world, Company& corp, UnixMillis now, Rng& world_rng);
    Events leave(Company& corp, UnixMillis now);
    Events confirm(World& world, Company& corp, UnixMillis now);
};

void Traffic::State::run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
        const auto pause = static_cast<std::int64_t>(
            rng.below(static_cast<std::uint64_t>(2 * options.mean_pause_ms)) + 1
        );
        if (speed > 0) {
            wake.wait_for(
                lock, clock.real(static_cast<std::int64_t>(static_cast<double>(pause) / speed))
            );
        } else {
            wake.wait(lock, [this] { return stopping || speed > 0; });
        }
        if (stopping) {
            return;
        }
        if (speed == 0) {
            continue;
        }
        lock.unlock();
        one_act();
        lock.lock();
    }
}

std::optional<Follow> Traffic::State::any_follow(Company& corp) {
    if (corp.follows.empty()) {
        return std::nullopt;
    }
    auto it = corp.follows.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(rng.below(corp.follows.size())));
    return it->second;
}

Events Traffic::State::scan_something(World& world, Company& corp, UnixMillis now, Rng& world_rng) {
    Scan what;
    if (!corp.ways.empty() && rng.below(10) < 9) {
        auto it = corp.ways.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(rng.below(corp.ways.size())));
        what.state = it->second.state;
    }
    if (rng.below(5) == 0) {
        if (const auto known = any_follow(corp)) {
            what.external_userid =
                known->external_userid;  // someone we know scans again, maybe another member's code
        }
    }
    what.half_first = rng.below(8) == 0;
    ScanResult result = scan(world, corp, what, now, world_rng);
    Events events = std::move(result.events);
    if (what.half_first && !result.userid.empty()) {
        for (Event& event : confirm_add(
                 world, corp, result.userid, result.external_userid, now + 1'000, world_rng
             )) {
            events.push_back(std::move(event));
        }
    }
    return events;
}

Events Traffic::State::chat(World& world, Company& corp, UnixMillis now, Rng& world_rng) {
    const auto follow = any_follow(corp);
    if (!follow || follow->deleted_by_contact || follow->half) {
        return {};
    }
    const std::size_t topic = rng.below(questions.size());
    const auto say = [&](const std::string& from, const std::string& to, const char* text) {
        ChatLine line;
        line.from = from;
        line.to = {to};
        line.body_json = to_text(json::object{{"content", text}});
        append_chat(world, corp, line, now, world_rng);
    };
    say(follow->external_userid, follow->userid, questions[topic]);
    if (rng.below(4) != 0) {
        say(follow->userid, follow->external_userid, answers[topic]);
    }
    if (Follow* live = corp.follow(follow->userid, follow->external_userid)) {
        live->chatting = true;
    }
    return {archive_notice(corp, now)};
}

Events Traffic::State::leave(Company& corp, UnixMillis now) {
    const auto follow = any_follow(corp);
    if (!follow) {
        return {};
    }
    return rng.below(4) == 0
               ? delete_by_member(corp, follow->userid, follow->external_userid, now)
               : delete_by_contact(corp, follow->userid, follow->external_userid, now);
}

Events Traffic::State::confirm(World& world, Company& corp, UnixMillis now) {
    for (auto& [msgid, task] : corp.tasks) {
        // Whether a member ever confirms is a property of the task, so that "never" stays never.
        const bool ever = std::hash<std::string>{}(msgid) % 100 <
                          static_cast<std::size_t>(options.confirm_percent);
        if (!task.confirmed && !task.cancelled && ever && rng.below(3) == 0) {
            confirm_task(world, corp, msgid, now);
        }
    }
    return {};
}

void Traffic::State::one_act() {
    sandbox.act([this](World& world, UnixMillis now, Rng& world_rng) -> Events {
        Company* corp = world.company(options.corpid);
        if (corp == nullptr) {
            return {};
        }
        const std::uint64_t dice = rng.below(100);
        if (dice < 40) {
            return scan_something(world, *corp, now, world_rng);
        }
        if (dice < 75) {
            return chat(world, *corp, now, world_rng);
        }
        if (dice < 90) {
            return confirm(world, *corp, now);
        }
        if (dice < 96) {
            const auto follow = any_follow(*corp);
            return follow ? edit_remark(
                                *corp, follow->userid, follow->external_userid, "示例备注", now
                            )
                          : Events{};
        }
        return leave(*corp, now);
    });
}

Traffic::Traffic(Sandbox& sandbox, const Clock& clock, TrafficOptions options)
    : state_(std::make_unique<State>(sandbox, clock, std::move(options))) {}

Traffic::~Traffic() {
    stop();
}

void Traffic::start() {
    state_->thread = std::thread([s = state_.get()] { s->run(); });
}

void Traffic::stop() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->stopping = true;
    }
    state_->wake.notify_all();
    if (state_->thread.joinable()) {
        state_->thread.join();
    }
}

void Traffic::set_speed(double speed) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->speed = speed;
    }
    state_->wake.notify_all();
}

}  // namespace leadbridge::sandbox
