#include "archive/corp_puller.h"

#include <algorithm>

#include "base/log.h"

namespace leadbridge::archive {

namespace {

constexpr int leftover_limit = 500;

Counter& messages_counter(Metrics& metrics, const std::string& corp, const char* result) {
    return metrics.counter(
        "leadbridge_archive_messages_total",
        "Archived messages by what became of them",
        {{"corp", corp}, {"result", result}}
    );
}

bool needs_a_person(ErrorCode code) {
    return code == ErrorCode::auth || code == ErrorCode::forbidden || code == ErrorCode::permanent;
}

// The library died over this very message, or hung.
bool broke_the_library(const Error& error) {
    return error.reason == "sdk_crashed" || error.reason == "sdk_hanging" ||
           error.reason == "worker_protocol";
}

// The message itself does not open, whatever the state of the source.
bool about_the_message(const Error& error) {
    return error.code == ErrorCode::corrupt || error.code == ErrorCode::invalid ||
           error.code == ErrorCode::not_found;
}

}  // namespace

CorpPuller::CorpPuller(
    PullServices services, PullOptions options, CorpId corp, std::string corp_label
)
    : services_(services),
      options_(options),
      corp_(corp),
      envelopes_(services.archive, services.vault, services.clock, services.ids),
      writer_(services.archive, services.vault, services.clock, services.ids),
      keys_(std::make_unique<KeyRing>(std::vector<crm::ArchiveKey>{})),
      limit_(options.page_limit),
      stored_total_(messages_counter(services.metrics, corp_label, "stored")),
      duplicate_total_(messages_counter(services.metrics, corp_label, "duplicate")),
      waiting_total_(messages_counter(services.metrics, corp_label, "waiting_key")),
      failed_total_(messages_counter(services.metrics, corp_label, "failed")) {
    const PullState state = envelopes_.state(corp_);
    auto status = status_.lock();
    status->seq = state.seq;
    status->last_pull_ms = state.pulled_ms;
    status->caught_up_ms = state.caught_up_ms;
    status->started_ms = services_.clock.now();
}

Status CorpPuller::set_keys(const std::vector<crm::ArchiveKey>& keys) {
    auto ring = std::make_unique<KeyRing>(keys);
    const bool first = leftovers_ && keys_->fingerprint() == KeyRing({}).fingerprint();
    if (!first && ring->fingerprint() == keys_->fingerprint()) {
        return {};
    }
    for (const int version : ring->unreadable()) {
        log::error(
            "archive",
            "a private key cannot be read: give the RSA key as PEM",
            {{"corp", corp_}, {"version", version}}
        );
    }
    keys_ = std::move(ring);
    status_.lock()->unreadable_keys = keys_->unreadable();
    leftovers_ = true;
    return envelopes_.retry(
        corp_, first ? EnvelopeStore::Retry::waiting_for_key : EnvelopeStore::Retry::all
    );
}

PullStatus CorpPuller::status() const {
    return *status_.lock();
}

PullStep CorpPuller::failed(Error error) {
    ++failures_;
    PullStep step;
    step.wait_ms =
        std::max(options_.failed_pull.delay_ms(failures_, services_.rng), error.retry_after_ms);
    if (needs_a_person(error.code)) {
        step.wait_ms = std::max(step.wait_ms, options_.refused_wait_ms);
    }
    auto status = status_.lock();
    const bool news = !status->error || status->error->reason != error.reason;
    if (news && error.reason != "cancelled") {
        log::warn(
            "archive",
            "pulling failed",
            {{"corp", corp_}, {"why", error.message}, {"code", error.upstream_code}}
        );
    }
    status->error = std::move(error);
    return step;
}

void CorpPuller::note_success(UnixMillis now, std::int64_t seq) {
    auto status = status_.lock();
    status->last_pull_ms = now;
    status->seq = std::max(status->seq, seq);
    status->error.reset();
}

void CorpPuller::note_caught_up(UnixMillis now) {
    status_.lock()->caught_up_ms = now;
    if (now - noted_ms_ >= options_.idle_note_ms || now < noted_ms_) {
        envelopes_.caught_up(corp_, now);
        noted_ms_ = now;
    }
}

Result<std::vector<Envelope>> CorpPuller::pull(ArchiveSource& source, PullStep& step) {
    const PullState state = envelopes_.state(corp_);
    const int limit = limit_;
    auto page = source.pull(state.seq, limit);
    if (!page) {
        // A page that kills the library may do so by its size: ask for less of it.
        if ((page.error().code == ErrorCode::too_large || broke_the_library(page.error())) &&
            limit_ > 1) {
            limit_ /= 2;
        }
        return std::move(page).error();
    }
    const UnixMillis now = services_.clock.now();
    auto stored = envelopes_.store(corp_, state, *page);
    if (!stored) {
        return stored;
    }
    failures_ = 0;
    limit_ = std::min(options_.page_limit, limit_ * 2);
    note_success(now, page->messages.empty() ? state.seq : page->messages.back().seq);
    step.more = static_cast<int>(page->messages.size()) >= limit;
    if (!step.more) {
        note_caught_up(now);
    }
    return stored;
}

PullStep CorpPuller::step(ArchiveSource& source) {
    PullStep step;
    step.wait_ms = poll_ms_;
    if (leftovers_) {
        auto due = envelopes_.due(corp_, services_.clock.now(), leftover_limit);
        if (!due) {
            return failed(std::move(due).error());
        }
        leftovers_ = static_cast<int>(due->size()) == leftover_limit;
        auto written = open_and_write(source, std::move(*due));
        if (!written) {
            return failed(std::move(written).error());
        }
        step.wrote = written->stored > 0;
        if (leftovers_) {
            step.more = true;
            return step;
        }
    }
    auto stored = pull(source, step);
    if (!stored) {
        return failed(std::move(stored).error());
    }
    auto written = open_and_write(source, std::move(*stored));
    if (!written) {
        return failed(std::move(written).error());
    }
    step.wrote = step.wrote || written->stored > 0;
    auto due = envelopes_.due(corp_, services_.clock.now(), options_.retry_limit);
    if (due && !due->empty()) {
        auto again = open_and_write(source, std::move(*due));
        if (!again) {
            return failed(std::move(again).error());
        }
        step.wrote = step.wrote || again->stored > 0;
    }
    return step;
}

EnvelopeTrouble CorpPuller::trouble(const Envelope& envelope, const Error& error) {
    EnvelopeTrouble t{envelope.id, EnvelopeState::retry, envelope.tries + 1, 0, error.reason};
    if (error.reason == "no_key") {
        t.state = EnvelopeState::waiting_key;
        t.tries = envelope.tries;
        return t;
    }
    // A message that was only near when the worker died comes again soon; one that kills it does
    // not live long.
    const Backoff& pause = broke_the_library(error) ? options_.failed_pull : options_.failed_open;
    t.next_ms = services_.clock.now() + pause.delay_ms(t.tries, services_.rng);
    if (t.tries >= (broke_the_library(error) ? options_.max_crashes : options_.max_tries)) {
        t.state = EnvelopeState::poison;
    }
    return t;
}

CorpPuller::Opened CorpPuller::open(ArchiveSource& source, std::vector<Envelope>& envelopes) {
    std::vector<SealedKey> sealed;
    for (const Envelope& e : envelopes) {
        sealed.push_back({keys_->find(e.message.key_version), e.message.random_key});
    }
    const auto random_keys = services_.rsa.decrypt(sealed);
    Opened opened;
    for (std::size_t i = 0; i < envelopes.size(); ++i) {
        const Envelope& e = envelopes[i];
        if (!random_keys[i]) {
            opened.troubles.push_back(trouble(e, random_keys[i].error()));
            continue;
        }
        auto text = source.decrypt(*random_keys[i], e.message.message);
        if (!text && !about_the_message(text.error())) {
            if (broke_the_library(text.error())) {
                opened.troubles.push_back(trouble(e, text.error()));
            }
            opened.stopped = std::move(text).error();
            return opened;
        }
        auto message = text ? parse_message(*text) : Result<Message>(text.error());
        if (!message) {
            const Error why{
                ErrorCode::corrupt, message.error().message, text ? "not_json" : "wrong_key"};
            opened.troubles.push_back(trouble(e, why));
            continue;
        }
        if (message->msgid.empty()) {
            message->msgid =
                e.message.msgid.empty() ? "seq:" + std::to_string(e.message.seq) : e.message.msgid;
        }
        opened.messages.push_back({e.id, e.message.seq, std::move(*message), std::move(*text)});
    }
    return opened;
}

Result<WrittenCount> CorpPuller::open_and_write(
    ArchiveSource& source, std::vector<Envelope> envelopes
) {
    if (envelopes.empty()) {
        return WrittenCount{};
    }
    Opened opened = open(source, envelopes);
    if (auto marked = envelopes_.mark(corp_, opened.troubles); !marked) {
        leftovers_ = true;
        return std::move(marked).error();
    }
    for (const EnvelopeTrouble& t : opened.troubles) {
        (t.state == EnvelopeState::waiting_key ? waiting_total_ : failed_total_).add();
    }
    auto written = writer_.write(corp_, std::move(opened.messages));
    if (written) {
        stored_total_.add(static_cast<double>(written->stored));
        duplicate_total_.add(static_cast<double>(written->duplicates));
    }
    if (!written || opened.stopped) {
        leftovers_ = true;
        return written ? std::move(*opened.stopped) : std::move(written).error();
    }
    return written;
}

}  // namespace leadbridge::archive
