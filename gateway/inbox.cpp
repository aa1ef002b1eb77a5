#include "gateway/inbox.h"

#include <array>
#include <utility>

#include "base/crypto.h"
#include "base/log.h"
#include "connectors/dedupe_key.h"
#include "gateway/doubtful_rows.h"
#include "gateway/held_rows.h"
#include "gateway/inbox_rows.h"

namespace leadbridge::gateway {

namespace {

constexpr AppendTable inbox_table{
    "inbox",
    "INSERT INTO "
    "inbox(id,corp_id,key,recv_ms,connector,kind,source_id,object_hash,window_ms,welcome,run_at,"
    "body_hash,body,"
    "state,tries) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,0,0) ON CONFLICT(corp_id,key) DO NOTHING",
    "SELECT body_hash FROM inbox WHERE corp_id=? AND key=?",
    1,
    2,
    11};

constexpr std::int64_t alarm_every_ms = 60'000;

std::vector<char> bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

// A delivery on its way into the table.
struct Pending {
    Received received;
    std::string connector;
    Responder responder;
    std::int64_t id = 0;
    UnixMillis received_ms = 0;
    std::string key;
    std::string hash;
    std::string sealed;
    std::int64_t deadline = 0;  // steady ms, once it is held
};

using PendingPtr = std::shared_ptr<Pending>;  // shared by the append's completion and the held rows

enum class Outcome : std::uint8_t { stored, duplicate, conflict, held, closed, refused, failed };
constexpr std::array<std::string_view, 7> outcome_names = {
    "stored", "duplicate", "conflict", "held", "closed", "refused", "failed"};

Response overloaded() {
    Response answer = Response::empty(503);
    answer.headers.set("Retry-After", "5");
    return answer;
}

// 8 bytes that tell one object from another; 0 = no object.
std::int64_t object_hash(CorpId corp, const std::string& object) {
    if (object.empty()) {
        return 0;
    }
    const std::string digest = crypto::sha256(corp.str() + "/" + object);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        value = value << 8 | static_cast<unsigned char>(digest[i]);
    }
    return value == 0 ? 1 : static_cast<std::int64_t>(value);
}

}  // namespace

struct Inbox::State : std::enable_shared_from_this<Inbox::State> {
    State(
        Database& core_,
        Vault& vault_,
        const Clock& clock_,
        IdSource& ids_,
        Rng& rng_,
        Metrics& metrics
    )
        : core(core_),
          vault(vault_),
          clock(clock_),
          ids(ids_),
          rng(rng_),
          doubtful(clock_),
          held(clock_) {
        for (std::size_t i = 0; i < outcome_names.size(); ++i) {
            counters[i] = &metrics.counter(
                "leadbridge_inbox_rows_total",
                "Deliveries by what the inbox did with them",
                {{"outcome", std::string(outcome_names[i])}}
            );
        }
    }

    void count(Outcome outcome) { counters[static_cast<std::size_t>(outcome)]->add(); }

    // The hash is keyed: it stands beside the sealed body and must tell nothing about it.
    std::string body_hash(CorpId corp, std::string_view body) {
        auto keys = hash_keys.lock();
        auto& key = (*keys)[corp.value];
        if (key.empty()) {
            key = vault.derive(corp, "inbox");
        }
        return crypto::hmac_sha256(key, body);
    }

    PendingPtr prepare(Received received, const Connector& connector, Responder responder) {
        auto out = std::make_shared<Pending>(Pending{
            std::move(received),
            std::string(connector.name()),
            std::move(responder),
            ids.next(),
            clock.now(),
            {},
            {},
            {},
            0});
        const auto& r = out->received;
        out->hash = body_hash(r.corp, r.body);
        out->sealed = vault.seal(r.corp, r.body, inbox_aad(out->id));
        // Every delivery of such a source is a row of its own; equal ones are neighbours in the
        // key's index.
        out->key = r.repeat_window_ms > 0 ? window_key(r.key, out->id) : r.key;
        return out;
    }

    AppendRow row_of(const Pending& p) {
        const auto& r = p.received;
        AppendRow row;
        row.table = &inbox_table;
        row.values = {
            p.id,
            r.corp.value,
            bytes(p.key),
            p.received_ms,
            p.connector,
            r.kind,
            r.source_id,
            object_hash(r.corp, r.object),
            r.repeat_window_ms,
            std::int64_t{r.welcome_code ? 1 : 0},
            p.received_ms,
            bytes(p.hash),
            bytes(p.sealed)};
        // A form's post is waited for by who sets the form up; callbacks are told when they are
        // settled, many at a time.
        if (r.source_id != 0) {
            row.change = std::pair<std::string, std::string>("inbox", "arrived");
        }
        // First a key from the text, so that a repeat of this one is found again; then any.
        row.other_key = [self = shared_from_this(), key = p.key, hash = p.hash](int attempt) {
            return bytes(
                key.substr(0, 8) + (attempt == 0 ? crypto::sha256("conflict|" + hash).substr(0, 16)
                                                 : self->rng.bytes(16))
            );
        };
        return row;
    }

    bool append(const PendingPtr& pending) {
        return core.append(
            row_of(*pending),
            [self = shared_from_this(), pending](AppendOutcome outcome) {
                self->settled(pending, outcome);
            }
        );
    }

    // On the writer thread, after the commit.
    void settled(const PendingPtr& pending, AppendOutcome outcome) {
        const auto& r = pending->received;
        switch (outcome) {
            case AppendOutcome::stored_anew:
                count(Outcome::conflict);
                alarm("dedupe_conflict: another body came under a key that was taken; both are kept"
                );
                [[fallthrough]];
            case AppendOutcome::stored:
                count(Outcome::stored);
                pending->responder.respond(r.reply);
                if (options.on_durable) {
                    options.on_durable(r, pending->id);
                }
                if (options.on_stored) {
                    options.on_stored();
                }
                break;
            case AppendOutcome::duplicate:
                count(Outcome::duplicate);
                pending->responder.respond(r.reply);
                if (options.on_duplicate) {
                    options.on_duplicate(r.corp, pending->key);
                }
                start_doubtful(pending);
                break;
            case AppendOutcome::failed:
                count(Outcome::failed);
                if (r.welcome_code) {
                    doubtful.add(r.corp, pending->hash);
                }
                wait_or_refuse(pending);
                break;
        }
    }

    // Beside the writer thread, which must not wait for a reader.
    void start_doubtful(const PendingPtr& pending) {
        const auto& r = pending->received;
        if (!r.welcome_code || !options.on_durable || !doubtful.contains(r.corp, pending->hash)) {
            return;
        }
        held.add(
            {[this, pending] {
                 try {
                     start_stored(*pending);
                 } catch (const DatabaseError& error) {  // the next repeat tries again
                     log::error("gateway", "a welcome waits", {{"cause", error.what()}});
                 }
                 return true;
             },
             [] {},
             pending->sealed.size(),
             clock.steady_ms() + DoubtfulRows::life_ms}
        );
    }

    void start_stored(const Pending& p) {
        const auto& r = p.received;
        if (const std::int64_t id = stored_row(core, r.corp, p.key, p.hash); id != 0) {
            options.on_durable(r, id);
            doubtful.remove(r.corp, p.hash);
        }
    }

    // WeCom surely tries again after a network failure, after a 503 perhaps not: so it waits for a
    // place, and if there is none its connection is closed.
    void wait_or_refuse(const PendingPtr& pending) {
        if (!pending->received.hold_on_overload) {
            count(Outcome::refused);
            pending->responder.respond(overloaded());
            return;
        }
        if (pending->deadline == 0) {
            pending->deadline = clock.steady_ms() + options.hold_ms;
        }
        const bool waits = held.add(
            {[this, pending] { return append(pending); },
             [this, pending] { close(pending); },
             pending->sealed.size(),
             pending->deadline}
        );
        if (waits) {
            count(Outcome::held);
        } else {
            close(pending);
        }
    }

    void close(const PendingPtr& pending) {
        count(Outcome::closed);
        alarm("callbacks are closed without an answer: the store is full or cannot be written");
        pending->responder.close();
    }

    void alarm(std::string_view message) {
        const std::int64_t now = clock.steady_ms();
        {
            auto last = alarmed.lock();
            const auto [it, fresh] = last->try_emplace(std::string(message), now);
            if (!fresh && now - it->second < alarm_every_ms) {
                return;
            }
            it->second = now;
        }
        log::error("gateway", message);
    }

    Database& core;
    Vault& vault;
    const Clock& clock;
    IdSource& ids;
    Rng& rng;
    InboxOptions options;  // constant after configure()
    std::array<Counter*, outcome_names.size()> counters{};
    Guarded<std::map<std::int64_t, std::string>> hash_keys;  // by corp
    Guarded<std::map<std::string, std::int64_t>> alarmed;    // steady ms of the last alarm
    DoubtfulRows doubtful;
    HeldRows held;  // last: its thread uses what stands above
};

Inbox::Inbox(
    Database& core, Vault& vault, const Clock& clock, IdSource& ids, Rng& rng, Metrics& metrics
)
    : state_(std::make_shared<State>(core, vault, clock, ids, rng, metrics)) {}

Inbox::~Inbox() {
    stop();
}

void Inbox::configure(InboxOptions options) {
    state_->held.limit({options.max_held, options.max_held_bytes, options.hold_step_ms});
    state_->options = std::move(options);
}

void Inbox::receive(Received received, const Connector& connector, Responder responder) {
    auto pending = state_->prepare(std::move(received), connector, std::move(responder));
    if (!state_->append(pending)) {
        state_->wait_or_refuse(pending);
    }
}

void Inbox::stop() {
    state_->held.stop();
}

Result<std::string> Inbox::open_body(CorpId corp, std::int64_t id, std::string_view sealed) const {
    return state_->vault.open(corp, sealed, inbox_aad(id));
}

void Inbox::redeliver_welcomes(UnixMillis since) {
    if (!state_->options.on_durable) {
        return;
    }

    struct Found {
        Received received;
        std::int64_t id = 0;
        std::string sealed;
    };

    auto found =
        state_->core.read<std::vector<Found>>([&](Snapshot& s) -> Result<std::vector<Found>> {
            return s.all(
                "SELECT id,corp_id,key,kind,body FROM inbox WHERE id>=? AND welcome=1 AND "
                "recv_ms>=? ORDER BY id",
                {first_id_at(since - 60'000), since},
                [](const Row& row) {
                    Found f;
                    f.id = row.integer(0);
                    f.received.corp = row.id<CorpId>(1);
                    f.received.key = std::string(row.blob(2));
                    f.received.kind = row.str(3);
                    f.sealed = std::string(row.blob(4));
                    return f;
                }
            );
        });
    for (auto& f : *found) {
        auto body = open_body(f.received.corp, f.id, f.sealed);
        if (!body) {
            log::error("gateway", "an inbox row does not open", {{"id", f.id}});
            continue;
        }
        f.received.body = std::move(*body);
        f.received.welcome_code = welcome_code_of(f.received.body);
        if (f.received.welcome_code) {
            state_->options.on_durable(f.received, f.id);
        }
    }
}

}  // namespace leadbridge::gateway
