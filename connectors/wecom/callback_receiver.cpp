#include "connectors/wecom/callback_receiver.h"

#include <charconv>
#include <optional>
#include <utility>

#include "base/log.h"
#include "connectors/dedupe_key.h"
#include "connectors/wecom/event_codec.h"

namespace leadbridge::wecom {

namespace {

constexpr std::string_view prefix = "/callback/wecom/";
constexpr std::int64_t alarm_every_ms = 60'000;
constexpr std::string_view verdict_names[] = {
    "accepted",
    "stale",
    "echo",
    "bad_request",
    "too_large",
    "unknown",
    "bad_signature",
    "expired",
    "sealed_wrong"};

struct Signed {
    std::string_view signature;
    std::string_view timestamp;
    std::string_view nonce;
};

// Each exactly once: of two values one would be verified and the other used.
std::optional<Signed> signed_query(const Query& query) {
    if (query.count("msg_signature") != 1 || query.count("timestamp") != 1 ||
        query.count("nonce") != 1) {
        return std::nullopt;
    }
    return Signed{query.get("msg_signature"), query.get("timestamp"), query.get("nonce")};
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::string_view sealed_wrong_fix(const Error& error) {
    return error.reason == "receive_id"
               ? "the message ends with another receive id: set receive_ids of this callback to "
                 "the CorpID, or the SuiteID for a suite"
               : "the signature fits but the cipher does not: copy EncodingAESKey of this callback "
                 "from the console again";
}

}  // namespace

CallbackReceiver::CallbackReceiver(
    const crm::CorpDirectory& corps,
    const Clock& clock,
    Metrics& metrics,
    CallbackReceiverOptions options
)
    : corps_(corps), clock_(clock), options_(options) {
    for (const auto verdict : verdict_names) {
        counters_.push_back(&metrics.counter(
            "leadbridge_callbacks_total",
            "WeCom callbacks by what became of them",
            {{"result", std::string(verdict)}}
        ));
    }
}

ReceiveResult CallbackReceiver::receive(const Request& request) {
    if (request.method != Method::get && request.method != Method::post) {
        Response answer = refuse(Verdict::bad_request, 405);
        answer.headers.set("Allow", "GET, POST");
        return answer;
    }
    if (request.body.size() > options_.max_body) {
        return refuse(Verdict::too_large, 413);
    }
    const Place place = find(request.path);
    if (place.callback == nullptr) {
        return refuse(Verdict::unknown, 403);
    }
    auto receive_ids = place.callback->receive_ids;
    if (receive_ids.empty()) {
        receive_ids.push_back(place.corp->wecom_id);
    }
    auto crypto = CallbackCrypto::make(
        place.callback->token, place.callback->encoding_aes_key, std::move(receive_ids)
    );
    if (!crypto) {
        alarm(
            "a callback cannot be verified: its settings cannot be used",
            crypto.error().message,
            place
        );
        return refuse(Verdict::unknown, 403);
    }
    return request.method == Method::get ? echo(request, place, *crypto)
                                         : event(request, place, *crypto);
}

// Not through the inbox: the console sends one check per press on Save.
ReceiveResult CallbackReceiver::echo(
    const Request& request, const Place& place, const CallbackCrypto& crypto
) {
    const auto query = signed_query(request.query);
    if (!query || request.query.count("echostr") != 1) {
        return refuse(Verdict::bad_request, 400);
    }
    const std::string_view sealed = request.query.get("echostr");
    if (!crypto.verify(query->signature, query->timestamp, query->nonce, sealed)) {
        return refuse(Verdict::bad_signature, 403);
    }
    if (!age(query->timestamp).acceptable) {
        return refuse(Verdict::expired, 403);
    }
    auto clear = crypto.open(sealed);
    if (!clear) {
        alarm(
            "a callback check has a right signature but does not open",
            sealed_wrong_fix(clear.error()),
            place
        );
        return refuse(Verdict::sealed_wrong, 403);
    }
    // An event's envelope carries the same signature: opened here it would tell its ids and welcome
    // code to whoever saw it pass. What the console sends is a short number.
    if (clear->size() > 128 || clear->find_first_of("<{") != std::string::npos) {
        return refuse(Verdict::sealed_wrong, 403);
    }
    count(Verdict::echo);
    Response answer{200, {}, std::move(*clear)};
    answer.headers.set("Content-Type", "text/plain");
    return answer;
}

ReceiveResult CallbackReceiver::event(
    const Request& request, const Place& place, const CallbackCrypto& crypto
) {
    const auto query = signed_query(request.query);
    if (!query) {
        return refuse(Verdict::bad_request, 400);
    }
    const auto sealed = read_envelope(request.body);
    if (!sealed) {
        return refuse(
            Verdict::bad_request, sealed.error().code == ErrorCode::unsupported ? 415 : 400
        );
    }
    if (!crypto.verify(query->signature, query->timestamp, query->nonce, *sealed)) {
        return refuse(Verdict::bad_signature, 403);
    }
    const Age seen = age(query->timestamp);
    if (!seen.acceptable) {
        alarm(
            "a callback with a right signature is too old to be taken",
            "compare this machine's clock with the time (NTP)",
            place
        );
        return refuse(Verdict::expired, 403);
    }
    auto clear = crypto.open(*sealed);
    if (!clear) {
        alarm(
            "a callback has a right signature but does not open",
            sealed_wrong_fix(clear.error()),
            place
        );
        return refuse(Verdict::sealed_wrong, 403);
    }
    if (seen.stale) {
        alarm(
            "a stale callback was taken", "compare this machine's clock with the time (NTP)", place
        );
    }
    count(seen.stale ? Verdict::stale : Verdict::accepted);
    return accepted(std::move(*clear), place, seen);
}

// A text nobody can read is taken as well: a retry would not help, and people can look at it in the
// inbox.
Received CallbackReceiver::accepted(std::string clear, const Place& place, Age age) const {
    Received out;
    out.corp = place.corp->id;
    out.kind = "malformed";
    out.reply = Response::empty(200);
    out.hold_on_overload = true;
    out.stale = age.stale;
    UnixMillis at = 0;
    if (const auto text = read_clear_text(clear)) {
        at = text->at;
        out.kind = event_kind(*text);
        out.object = event_object(*text);
        if (const auto welcome = welcome_event(*text)) {
            out.welcome_code = std::string(welcome->welcome_code.reveal());
        }
        if (text->form == ClearForm::suite) {
            out.reply.body = "success";
        }
    }
    // One source for all callbacks of a corp: an event that two apps get is one event.
    out.key = dedupe_key(at, name(), clear);
    out.body = std::move(clear);
    return out;
}

Decoded CallbackReceiver::decode(const InboxRow& row) {
    auto clear = read_clear_text(row.body);
    if (!clear) {
        return Parked{"malformed", clear.error().message};
    }
    const auto corp = corps_.find(row.corp);
    if (corp && !clear->auth_corp.empty() && clear->auth_corp != corp->wecom_id) {
        return Parked{"other_corp", "the event belongs to another corp than the callback's path"};
    }
    return decode_event(*clear, EventPlace{row.corp, row.key, row.id, row.received_ms});
}

CallbackReceiver::Place CallbackReceiver::find(std::string_view path) const {
    if (!path.starts_with(prefix)) {
        return {};
    }
    path.remove_prefix(prefix.size());
    const auto slash = path.find('/');
    const auto corp_id = percent_decode(path.substr(0, slash));
    const auto callback_name = percent_decode(
        slash == std::string_view::npos ? std::string_view("app") : path.substr(slash + 1)
    );
    if (!corp_id || !callback_name) {
        return {};
    }
    Place place;
    place.corp = corps_.find_wecom(*corp_id);
    if (place.corp) {
        place.callback = place.corp->callback(*callback_name);
    }
    return place;
}

CallbackReceiver::Age CallbackReceiver::age(std::string_view timestamp) const {
    const auto seconds = whole_number(timestamp);
    constexpr std::int64_t sane = 100'000'000'000;  // keeps the difference within 64 bits
    if (!seconds || *seconds < 0 || *seconds > sane) {
        return {};
    }
    const std::int64_t now = clock_.now() / 1'000;
    const std::int64_t distance = now > *seconds ? now - *seconds : *seconds - now;
    return Age{distance <= options_.accept_s, distance > options_.fresh_s};
}

Response CallbackReceiver::refuse(Verdict verdict, int status) {
    count(verdict);
    return Response::empty(status);
}

void CallbackReceiver::count(Verdict verdict) {
    counters_[static_cast<std::size_t>(verdict)]->add();
}

void CallbackReceiver::alarm(std::string_view message, std::string_view fix, const Place& place) {
    const std::string key =
        std::string(message) + "/" + place.corp->wecom_id + "/" + place.callback->name;
    const std::int64_t now = clock_.steady_ms();
    {
        auto alarmed = alarmed_.lock();
        const auto [it, fresh] = alarmed->try_emplace(key, now);
        if (!fresh && now - it->second < alarm_every_ms) {
            return;
        }
        it->second = now;
    }
    log::error(
        "wecom",
        message,
        {{"corp", place.corp->wecom_id}, {"callback", place.callback->name}, {"fix", fix}}
    );
}

}  // namespace leadbridge::wecom
