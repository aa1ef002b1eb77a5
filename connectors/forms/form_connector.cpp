#include "connectors/forms/form_connector.h"

#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "connectors/dedupe_key.h"
#include "connectors/forms/form_body.h"
#include "connectors/forms/form_mapper.h"
#include "connectors/forms/signature.h"

namespace leadbridge::forms {

namespace {

constexpr std::string_view prefix = "/hook/";
constexpr std::int64_t day_ms = 24LL * 3'600 * 1'000;
constexpr std::string_view verdict_names[] = {
    "accepted",
    "challenge",
    "unknown",
    "misconfigured",
    "refused",
    "too_old",
    "bad_request",
    "too_large"};

struct HookPath {
    std::int64_t source_id = 0;  // 0 = no such path
    std::string secret;
};

HookPath parse_path(std::string_view path) {
    if (!path.starts_with(prefix)) {
        return {};
    }
    path.remove_prefix(prefix.size());
    const auto slash = path.find('/');
    HookPath out;
    out.source_id = parse_id(path.substr(0, slash)).value_or(0);
    if (slash != std::string_view::npos) {
        const auto secret = percent_decode(path.substr(slash + 1));
        if (!secret) {
            return {};
        }
        out.secret = *secret;
    }
    return out;
}

bool is_whole_number(std::string_view text) {
    return !text.empty() && text.size() <= 20 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Response acknowledgement(const std::string& ack) {
    if (ack.empty()) {
        return Response::empty(200);
    }
    return ack.front() == '{' ? Response::json(200, ack) : Response::text(200, ack);
}

}  // namespace

FormConnector::FormConnector(
    const crm::SourceDirectory& sources,
    const Clock& clock,
    Metrics& metrics,
    FormConnectorOptions options
)
    : sources_(sources), clock_(clock), options_(options) {
    for (const auto verdict : verdict_names) {
        counters_.push_back(&metrics.counter(
            "leadbridge_hooks_total",
            "Posts to /hook by what became of them",
            {{"result", std::string(verdict)}}
        ));
    }
}

ReceiveResult FormConnector::receive(const Request& request) {
    if (request.method != Method::get && request.method != Method::post) {
        Response refusal = answer(Verdict::bad_request, 405);
        refusal.headers.set("Allow", "GET, POST");
        return refusal;
    }
    if (request.body.size() > options_.max_body) {
        return answer(Verdict::too_large, 413);
    }
    const HookPath path = parse_path(request.path);
    const Known known = path.source_id == 0 ? Known{} : find(path.source_id);
    if (!known.source || !known.source->enabled) {
        return answer(Verdict::unknown, 403);
    }
    if (!known.config) {
        return answer(Verdict::misconfigured, 403);
    }
    const auto& auth = known.config->auth;
    if (auth.kind == AuthKind::path && refuse(auth, request, path.secret, clock_.now())) {
        return answer(Verdict::refused, 403);
    }
    if (!address_allowed(auth, request.remote_address)) {
        return answer(Verdict::refused, 403);
    }
    if (auto echo = challenge(request, *known.config)) {
        return std::move(*echo);
    }
    if (request.method == Method::get) {
        Response refusal = answer(Verdict::bad_request, 405);
        refusal.headers.set("Allow", "POST");
        return refusal;
    }
    return post(request, known, path.secret);
}

// Ocean Engine checks an address before it sends anything signed: it wants its own number back, and
// gets nothing else.
std::optional<Response> FormConnector::challenge(
    const Request& request, const SourceConfig& config
) {
    if (config.challenge != Challenge::oceanengine) {
        return std::nullopt;
    }
    std::string event(request.query.get("event"));
    std::string number(request.query.get("challenge"));
    if (request.method == Method::post && event.empty()) {
        const auto body = parse_form_body(request.body);
        if (body && body->is_object()) {
            event = json_string(body->as_object(), "event");
            number = json_string(body->as_object(), "challenge");
        }
    }
    if (event != "verify_webhook" || !is_whole_number(number)) {
        return std::nullopt;
    }
    count(Verdict::challenge);
    return Response::json(
        200, R"({"BaseResp":{"StatusCode":200,"StatusMessage":"ok"},"challenge":)" + number + "}"
    );
}

ReceiveResult FormConnector::post(
    const Request& request, const Known& known, std::string_view path_secret
) {
    if (known.config->auth.kind == AuthKind::feishu) {
        return feishu(request, known);
    }
    const auto refusal = refuse(known.config->auth, request, path_secret, clock_.now());
    if (refusal) {
        return answer(*refusal == Refusal::too_old ? Verdict::too_old : Verdict::refused, 403);
    }
    return accept(request.body, request, known);
}

// Signed and sealed with the encrypt key, or, without one, carrying the verification token. The
// address check comes unsigned.
ReceiveResult FormConnector::feishu(const Request& request, const Known& known) {
    const auto& auth = known.config->auth;
    auto parsed = parse_json(request.body);
    if (!parsed || !parsed->is_object()) {
        return answer(Verdict::bad_request, 400);
    }
    const bool is_signed = !refuse(auth, request, {}, clock_.now());
    std::string body = request.body;
    if (!auth.secrets.empty()) {
        auto opened = feishu_open(auth.secrets, json_string(parsed->as_object(), "encrypt"));
        parsed = opened ? parse_json(*opened) : Result<json::value>(opened.error());
        if (!parsed || !parsed->is_object()) {
            return answer(Verdict::refused, 403);
        }
        body = std::move(*opened);
    }
    const auto& object = parsed->as_object();
    const auto* header = json_object(object, "header");
    const std::string token = json_string(header == nullptr ? object : *header, "token");
    if (!auth.token.empty() && !auth.token.equals(token)) {
        return answer(Verdict::refused, 403);
    }
    if (json_string(object, "type") == "url_verification") {
        count(Verdict::challenge);
        json::object echo;
        echo["challenge"] = json_string(object, "challenge");
        return Response::json(200, to_text(echo));
    }
    if (!auth.secrets.empty() && !is_signed) {
        return answer(Verdict::refused, 403);
    }
    return accept(std::move(body), request, known);
}

ReceiveResult FormConnector::accept(std::string body, const Request& request, const Known& known) {
    const auto& source = *known.source;
    const auto mapped = map_form(known.config->map, body, request.headers);
    if (!mapped) {
        return answer(Verdict::bad_request, 400);
    }
    Received out;
    out.corp = source.corp;
    out.kind = "form." + known.config->preset;
    out.source_id = source.id.value;
    out.reply = acknowledgement(known.config->ack);
    const std::string origin = "form/" + source.id.str();
    const auto& what = mapped->delivery_id.empty() ? body : mapped->delivery_id;
    out.key = dedupe_key(mapped->submitted_ms, origin, what);
    if (mapped->delivery_id.empty() && mapped->submitted_ms == 0) {
        out.repeat_window_ms = options_.repeat_window_ms;
    }
    out.body = std::move(body);
    count(Verdict::accepted);
    return out;
}

Decoded FormConnector::decode(const InboxRow& row) {
    const Known known = find(row.source_id);
    if (!known.source || known.source->corp != row.corp) {
        return Parked{"no_source", "the source was deleted"};
    }
    if (!known.config) {
        return Parked{"malformed", "the source's settings cannot be used"};
    }
    auto mapped = map_form(known.config->map, row.body, {});
    if (!mapped) {
        return Parked{"malformed", mapped.error().message};
    }
    if (mapped->skipped) {
        return std::vector<crm::Touch>{};
    }
    if (!mapped->mapped) {
        return Parked{
            "no_mapped_fields",
            "no name, phone or other identity was found: set the source's map, then replay"};
    }
    crm::Touch touch;
    touch.corp = row.corp;
    const bool sane = mapped->submitted_ms > 0 && mapped->submitted_ms < row.received_ms + day_ms;
    touch.at = sane ? mapped->submitted_ms : row.received_ms;
    touch.key = crypto::hex(row.key) + ":0";
    touch.inbox_id = row.id;
    auto& form = mapped->form;
    form.source_id = row.source_id;
    form.form_name = form.form_name.empty() ? known.source->name : form.form_name;
    form.owner_userid = known.source->owner_userid;
    form.repeat = row.repeat;
    for (const auto tag : known.source->tag_ids) {
        form.tag_ids.push_back(std::to_string(tag));
    }
    touch.body = std::move(form);
    return std::vector<crm::Touch>{std::move(touch)};
}

FormConnector::Known FormConnector::find(std::int64_t source_id) {
    auto source = sources_.find(source_id);
    auto read = read_.lock();
    if (!source) {
        read->erase(source_id);
        return {};
    }
    auto& known = (*read)[source_id];
    if (known.source == source) {
        return known;
    }
    known = Known{source, nullptr};
    auto config = read_source_config(source->kind, source->auth.reveal(), source->map, source->ack);
    if (config) {
        known.config = std::make_shared<const SourceConfig>(std::move(*config));
    } else {
        log::error(
            "forms",
            "a source cannot be used: put its settings right",
            {{"source", source->id}, {"cause", config.error().message}}
        );
    }
    return known;
}

void FormConnector::count(Verdict verdict) {
    counters_[static_cast<std::size_t>(verdict)]->add();
}

Response FormConnector::answer(Verdict verdict, int status) {
    count(verdict);
    return Response::empty(status);
}

}  // namespace leadbridge::forms
