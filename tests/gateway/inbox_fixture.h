#pragma once
// An inbox over a small database, a connector that speaks plain text, and a client that notes what
// it was answered.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/job_queue.h"
#include "base/rng.h"
#include "base/vault.h"
#include "connectors/dedupe_key.h"
#include "gateway/inbox.h"
#include "gateway/inbox_processor.h"
#include "tests/base/temp_database.h"

namespace leadbridge::gateway {

// Passes everything on, but can be full or lose a commit.
class TroubledDatabase final : public Database {
public:
    explicit TroubledDatabase(Database& inner) : inner_(inner) {}

    std::atomic<bool> full{false};
    std::atomic<bool> fails{false};
    std::atomic<bool> unclear{false};  // stores, and says that the commit failed
    std::atomic<bool> busy{false};
    std::atomic<bool> rush{false};  // more rows come in between any two looks

    bool append(AppendRow row, std::function<void(AppendOutcome)> done) override {
        if (full) {
            return false;
        }
        if (fails) {
            done(AppendOutcome::failed);
            return true;
        }
        if (unclear) {
            return inner_.append(std::move(row), [done = std::move(done)](AppendOutcome) {
                done(AppendOutcome::failed);
            });
        }
        return inner_.append(std::move(row), std::move(done));
    }

    std::shared_ptr<void> on_change(std::function<void()> wake) override {
        return inner_.on_change(std::move(wake));
    }

    void migrate(std::span<const RoomMigrations> rooms) override { inner_.migrate(rooms); }

    DatabaseStats stats() override {
        DatabaseStats stats = inner_.stats();
        stats.appended += rush ? rushed_ += 1'000'000 : 0;
        return stats;
    }

    Transaction* current() noexcept override { return inner_.current(); }

protected:
    Status run_write(const std::function<bool(Transaction&)>& fn) override {
        if (busy) {
            return Error{ErrorCode::overloaded, "busy"};
        }
        auto result = inner_.write<bool>([&](Transaction& tx) -> Result<bool> {
            if (!fn(tx)) {
                return Error{ErrorCode::internal, "rolled back"};
            }
            return true;
        });
        // The caller keeps its own result; only a refusal of the store itself is an error here.
        return result || result.error().message == "rolled back" ? Status{}
                                                                 : Status{result.error()};
    }

    void run_read(const std::function<void(Snapshot&)>& fn) override {
        (void)inner_.read<bool>([&](Snapshot& s) -> Result<bool> {
            fn(s);
            return true;
        });
    }

private:
    Database& inner_;
    std::atomic<std::int64_t> rushed_{0};
};

struct Answer {
    int status = 0;  // 0 = none yet, -1 = closed
    std::string body;
    std::string retry_after;
};

class Client {
public:
    Responder responder() { return Responder(sink_); }

    Answer answer() const { return *sink_->answer.lock(); }

    // Waits for at most 5 s.
    Answer wait() const {
        for (int i = 0; i < 1'000 && answer().status == 0; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return answer();
    }

private:
    struct Sink final : Responder::Sink {
        void respond(Response response) override {
            auto a = answer.lock();
            EXPECT_EQ(a->status, 0) << "answered twice";
            *a = Answer{
                response.status, response.body, std::string(response.headers.get("Retry-After"))};
        }

        void close() override {
            auto a = answer.lock();
            EXPECT_EQ(a->status, 0) << "answered twice";
            a->status = -1;
        }

        mutable Guarded<Answer> answer;
    };

    std::shared_ptr<Sink> sink_ = std::make_shared<Sink>();
};

// "edit wm1" = a ContactEdited; "park why"; "throw"; "wake" = a msgaudit_notify.
class TextConnector final : public Connector {
public:
    std::string_view name() const noexcept override { return "text"; }

    ReceiveResult receive(const Request& request) override {
        if (request.body.empty()) {
            return Response::empty(400);
        }
        return delivery(request.body);
    }

    Decoded decode(const InboxRow& row) override {
        if (row.body.starts_with("park ")) {
            return Parked{row.body.substr(5), "as asked"};
        }
        if (row.body == "throw") {
            throw std::runtime_error("cannot read this");
        }
        crm::Touch touch;
        touch.corp = row.corp;
        touch.key = row.key + ":0";
        touch.at = row.received_ms;
        touch.inbox_id = row.id;
        if (row.body == "wake") {
            touch.body = crm::Noted{"msgaudit_notify", "", "", ""};
        } else {
            touch.body = crm::ContactEdited{row.repeat ? "again" : "first", row.body};
        }
        return std::vector<crm::Touch>{touch};
    }

    static Received delivery(std::string body, UnixMillis at = 1'760'000'000'000) {
        Received out;
        out.corp = CorpId{1};
        out.kind = "text";
        out.key = dedupe_key(at, "text", body);
        out.body = std::move(body);
        out.reply = Response::text(200, "ok");
        return out;
    }
};

class InboxFixture : public ::testing::Test {
protected:
    InboxFixture()
        : store(
              {{"vault", Vault::migrations()},
               {"jobs", JobQueue::migrations()},
               {"inbox", Inbox::migrations()}}
          ),
          core(store.db()),
          ids(store.clock, 0),
          vault(std::move(*Vault::open(store.db(), store.clock, rng, Secret(std::string(32, 'k'))))
          ),
          jobs(store.db(), store.clock, ids, rng) {
        restart();
    }

    // A new inbox and processor over the same database, as after a crash.
    void restart() {
        processor.reset();
        inbox = std::make_unique<Inbox>(core, *vault, store.clock, ids, rng, store.metrics);
        InboxOptions options;
        options.hold_step_ms = 2;
        options.max_held = 3;
        options.on_durable = [this](const Received& r, std::int64_t id) {
            durable.lock()->emplace_back(r.kind, id);
        };
        options.on_duplicate = [this](CorpId corp, const std::string& key) {
            processor->delivered_again(corp, key);
        };
        inbox->configure(std::move(options));
        InboxProcessorOptions work;
        work.apply = [this](Transaction& tx, const crm::Touch& touch) { return apply(tx, touch); };
        work.on_touch = [this](const crm::Touch& touch) {
            touches.push_back(touch);
            if (const auto* edited = std::get_if<crm::ContactEdited>(&touch.body)) {
                applied.push_back(edited->external_userid + "/" + edited->userid);
            }
        };
        processor = std::make_unique<InboxProcessor>(
            core,
            *inbox,
            crm::IntakeServices{store.clock, ids, jobs},
            rng,
            store.metrics,
            std::vector<Connector*>{&connector},
            std::move(work)
        );
    }

    // What stands for crm: a poisoned contact fails. What was applied is noted after the commit.
    Status apply(Transaction&, const crm::Touch& touch) {
        const auto& edited = std::get<crm::ContactEdited>(touch.body);
        if (poisoned == edited.external_userid) {
            return Error{ErrorCode::internal, "poison"};
        }
        if (throwing == edited.external_userid) {
            throw std::runtime_error("surprise");
        }
        return {};
    }

    Answer deliver(Received received) {
        Client client;
        inbox->receive(std::move(received), connector, client.responder());
        return client.wait();
    }

    Answer deliver(const std::string& body) { return deliver(TextConnector::delivery(body)); }

    std::vector<InboxEntry> list(std::optional<InboxState> state = {}) {
        auto page = core.read<crm::PageOf<InboxEntry>>([&](Snapshot& s) {
            return Inbox::list(s, viewer, InboxFilter{state, ""}, crm::Page{0, 200});
        });
        return page ? page->items : std::vector<InboxEntry>{};
    }

    Status steer(const std::function<Status(Transaction&)>& act) {
        auto done = core.write<bool>([&](Transaction& tx) -> Result<bool> {
            auto status = act(tx);
            if (!status) {
                return status.error();
            }
            return true;
        });
        return done ? Status{} : Status{done.error()};
    }

    std::int64_t number(std::string_view sql) {
        return *core.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return s.number(sql);
        });
    }

    double counted(const std::string& outcome) {
        return store.metrics.counter(
                                "leadbridge_inbox_rows_total", "", {{"outcome", outcome}}
        ).value();
    }

    TempDatabase store;
    TroubledDatabase core;
    SeededRng rng{7};
    IdSource ids;
    std::unique_ptr<Vault> vault;
    JobQueue jobs;
    TextConnector connector;
    std::unique_ptr<Inbox> inbox;
    std::unique_ptr<InboxProcessor> processor;
    crm::Viewer viewer = crm::Viewer::daemon(CorpId{1});
    Guarded<std::vector<std::pair<std::string, std::int64_t>>> durable;
    std::vector<crm::Touch> touches;
    std::vector<std::string> applied;
    std::string poisoned;
    std::string throwing;
};

}  // namespace leadbridge::gateway
