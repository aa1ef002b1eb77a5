#include "connectors/wecom/welcome.h"

#include <algorithm>

#include "base/backoff.h"
#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/contact_parse.h"
#include "connectors/wecom/content_json.h"
#include "connectors/wecom/welcome_rows.h"
#include "crm/leads/channel.h"
#include "crm/outbox.h"
#include "crm/staff/member.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t quick_ms = 1'000;
constexpr std::int64_t repeat_ms = 350;  // 200 to 500 with its jitter
constexpr double repeat_jitter = 0.43;

std::string place_of(std::int64_t inbox_id) {
    return "welcome:" + std::to_string(inbox_id);
}

bool final_for_pair(WelcomeState state) {
    return state == WelcomeState::sent || state == WelcomeState::probably_sent ||
           state == WelcomeState::already_chatting;
}

WelcomePoolOptions names_pool() {
    WelcomePoolOptions options;
    options.name = "welcome-names";
    options.threads = 1;
    options.max_threads = 16;
    options.max_per_corp = 4;
    options.max_waiting = 1'000;
    return options;
}

}  // namespace

WelcomeLane::WelcomeLane(
    Database& core,
    JobQueue& jobs,
    Vault& vault,
    ApiClient& api,
    MediaStore& media,
    const Clock& clock,
    Rng& rng,
    Metrics& metrics,
    WelcomeOptions options
)
    : core_(core),
      jobs_(jobs),
      vault_(vault),
      api_(api),
      media_(media),
      clock_(clock),
      rng_(rng),
      metrics_(metrics),
      options_(std::move(options)),
      names_(clock, names_pool()),
      pool_(clock, options_.pool) {}

WelcomeLane::~WelcomeLane() {
    stop();
}

void WelcomeLane::stop() {
    pool_.stop();
    names_.stop();
}

void WelcomeLane::start(CorpId corp, std::int64_t inbox_id, std::string clear_text) {
    if (!under_way_.lock()->insert({corp, inbox_id}).second) {
        return;
    }
    const bool taken = pool_.submit(corp, [this, corp, inbox_id, text = std::move(clear_text)] {
        try {
            begin(corp, inbox_id, text);
        } catch (...) {
            forget({corp, inbox_id});
            throw;
        }
    });
    if (!taken) {
        forget({corp, inbox_id});
        metrics_
            .counter(
                "leadbridge_welcome_total", "welcome messages by outcome", {{"outcome", "refused"}}
            )
            .add();
        log::error("wecom", "the welcome lane is full", {{"corp", corp}, {"inbox", inbox_id}});
    }
}

void WelcomeLane::forget(const Key& key) {
    under_way_.lock()->erase(key);
}

void WelcomeLane::begin(CorpId corp_id, std::int64_t inbox_id, const std::string& clear_text) {
    const Key key{corp_id, inbox_id};
    const auto corp = api_.corp(corp_id);
    auto event = welcome_event(clear_text);
    if (!corp || !event) {
        return forget(key);
    }
    WelcomeRow row;
    row.corp = corp_id;
    row.inbox_id = inbox_id;
    row.userid = event->userid;
    row.external_userid = event->external_userid;
    row.state_text = event->state;
    row.event_ms = event->at;
    // An event from the future: WeCom's clock is ahead of ours, and its code is not older than now.
    row.deadline_ms = std::min(event->at, clock_.now()) + options_.stop_after_ms;

    auto delivery = std::make_shared<Delivery>();
    delivery->code = std::move(event->welcome_code);
    const auto prepared = core_.read<bool>([&](Snapshot& s) -> Result<bool> {
        auto taken = take_over(s, row, event->consent);
        if (!taken) {
            return false;
        }
        delivery->row = std::move(*taken);
        delivery->content = prepare(s, *corp, delivery->row);
        return true;
    });
    if (!prepared || !*prepared) {
        return forget(key);
    }
    WelcomeRow& mine = delivery->row;
    mine.channel = delivery->content.channel;
    std::future<std::string> name;
    const bool late = clock_.now() >= mine.deadline_ms;
    if (delivery->content.message.empty()) {
        mine.state = WelcomeState::skipped;
        mine.error = "no welcome message is configured for the channel or the corp";
    } else if (late) {
        mine.state = WelcomeState::too_late;
        mine.error = "the event reached us more than 18 s after it happened";
    } else if (crm::names_contact(delivery->content.message) && delivery->content.contact_name.empty()) {
        name = ask_name(corp, mine.external_userid);
    }
    if (!commit_intent(*delivery, event->consent) || mine.state != WelcomeState::intent) {
        return forget(key);
    }
    deliver(delivery, std::move(name));
}

std::optional<WelcomeRow> WelcomeLane::take_over(Snapshot& s, WelcomeRow row, bool consent) const {
    if (find_welcome(s, row.corp, row.inbox_id)) {
        return std::nullopt;
    }
    if (!consent) {
        return row;
    }
    // The code of a consent event is for the friendship that waits for it.
    const auto earlier = welcome_rows::newest_of_pair(s, row.corp, row.userid, row.external_userid);
    if (earlier && final_for_pair(earlier->state)) {
        return std::nullopt;
    }
    if (earlier && row.state_text.empty()) {
        row.state_text = earlier->state_text;
    }
    return row;
}

// One read of some 50 us and never stale, so nothing is cached.
WelcomeLane::Content WelcomeLane::prepare(Snapshot& s, const crm::Corp& corp, const WelcomeRow& row)
    const {
    Content content;
    std::optional<crm::Channel> channel;
    if (!row.state_text.empty()) {
        channel = crm::ChannelStore::find_by_state(s, row.corp, row.state_text);
    }
    if (channel) {
        content.channel = channel->id;
        content.channel_name = channel->name;
        content.message = std::move(channel->welcome);
    }
    if (content.message.empty() && !corp.default_welcome.empty()) {
        if (auto standard = crm::decode_content(corp.default_welcome)) {
            content.message = std::move(*standard);
        }
    }
    const auto viewer = crm::Viewer::daemon(row.corp);
    const auto member =
        crm::MemberStore::find(s, row.corp, crm::MemberStore::find_userid(s, row.corp, row.userid));
    content.member_name = member && !member->name.empty() ? member->name : options_.member_fallback;
    const auto contact =
        crm::find_contact_id(s, row.corp, crm::IdentityKind::external_userid, row.external_userid);
    if (contact) {
        if (const auto known = crm::find_contact(s, viewer, contact)) {
            content.contact_name = known->name;
        }
    }
    content.media = media_.current(s, row.corp, content.message);
    return content;
}

bool WelcomeLane::commit_intent(const Delivery& delivery, bool consent) {
    WelcomeRow row = delivery.row;
    row.updated_ms = clock_.now();
    const auto sealed = row.state == WelcomeState::intent
                            ? vault_.seal(row.corp, delivery.code.reveal(), place_of(row.inbox_id))
                            : std::string{};
    auto written = core_.write<bool>([&](Transaction& tx) -> Result<bool> {
        const auto waiting =
            consent ? welcome_rows::newest_of_pair(tx, row.corp, row.userid, row.external_userid)
                    : std::nullopt;
        if (!welcome_rows::insert(tx, row, sealed)) {
            return false;
        }
        if (waiting && waiting->state == WelcomeState::waiting_consent) {
            auto old = *waiting;
            old.state = WelcomeState::skipped;
            old.error = "sent with the code of the consent event";
            old.updated_ms = row.updated_ms;
            welcome_rows::update(tx, old);
        }
        for (const auto& attachment : delivery.content.message.attachments) {
            if (attachment.media_id != 0 && !delivery.content.media.contains(attachment.media_id)) {
                crm::put_job(tx, jobs_, row.corp, crm::RenewMedia{attachment.media_id});
            }
        }
        if (row.state != WelcomeState::intent) {
            tx.changed({row.corp, "welcome", row.inbox_id, to_string(row.state)});
        }
        return true;
    });
    if (!written) {
        throw DatabaseError(
            "the intent of a welcome could not be stored: " + written.error().message
        );
    }
    if (*written && row.state != WelcomeState::intent) {
        note(row);
    }
    return *written;
}

std::future<std::string> WelcomeLane::ask_name(
    const CorpPtr& corp, const std::string& external_userid
) {
    // Shared by the look-up and whoever waits for it, who may be gone first.
    auto answer = std::make_shared<std::promise<std::string>>();
    auto future = answer->get_future();
    const bool taken = names_.submit(corp->id, [this, corp, external_userid, answer] {
        const auto began = clock_.steady_ms();
        const auto limit = options_.name_wait_ms;
        const auto reply = api_.call_once(
            *corp,
            api::contact_get,
            {.query = {{"external_userid", external_userid}}},
            {limit, limit}
        );
        names_.report(
            corp->id,
            clock_.steady_ms() - began < limit / 2 ? WelcomePool::Pace::quick
                                                   : WelcomePool::Pace::slow
        );
        answer->set_value(reply ? parse_contact(reply->object()).name : std::string{});
    });
    if (!taken) {
        answer->set_value("");
    }
    return future;
}

void WelcomeLane::deliver(const DeliveryPtr& delivery, std::future<std::string> name) {
    auto contact_name = delivery->content.contact_name;
    if (name.valid() &&
        name.wait_for(clock_.real(options_.name_wait_ms)) == std::future_status::ready) {
        try {
            contact_name = name.get();
        } catch (const std::future_error&) {
            contact_name.clear();  // the look-up was dropped at a stop
        }
    }
    render(*delivery, contact_name);
    attempt(delivery);
}

void WelcomeLane::render(Delivery& delivery, const std::string& contact_name) const {
    const Content& content = delivery.content;
    crm::MessageContent message = content.message;
    message.text = crm::fill_placeholders(
        message.text,
        {contact_name.empty() ? options_.contact_fallback : contact_name,
         content.member_name,
         content.channel_name}
    );
    if (delivery.text_only) {
        std::erase_if(message.attachments, [](const crm::Attachment& a) {
            return a.media_id != 0;
        });
    }
    auto body = content_json(message, content.media);
    const auto* sent = json_array(body, "attachments");
    if ((sent == nullptr ? 0 : sent->size()) < content.message.attachments.size()) {
        delivery.left_out = "an attachment was left out: its file is not uploaded to WeCom";
    }
    if (body.empty()) {
        delivery.body.clear();
        return;
    }
    body["welcome_code"] = delivery.code.reveal();
    delivery.body = to_text(body);
}

void WelcomeLane::attempt(const DeliveryPtr& delivery) {
    WelcomeRow& row = delivery->row;
    if (delivery->body.empty()) {
        return finish(delivery, WelcomeState::failed, "its files are not uploaded to WeCom yet");
    }
    const auto corp = api_.corp(row.corp);
    if (!corp) {
        return finish(delivery, WelcomeState::failed, "the corp does not exist any more");
    }
    if (clock_.now() >= row.deadline_ms) {
        return finish(
            delivery, WelcomeState::too_late, row.error.empty() ? "18 s were over" : row.error
        );
    }
    ++row.tries;
    const auto began = clock_.steady_ms();
    const auto reply = api_.call_once(
        *corp,
        api::welcome_send,
        {.body = delivery->body},
        {api::welcome_send.connect_timeout_ms, api::welcome_send.timeout_ms}
    );
    const bool quick = clock_.steady_ms() - began < quick_ms;
    pool_.report(row.corp, quick ? WelcomePool::Pace::quick : WelcomePool::Pace::slow);
    if (reply) {
        row.age_ms = std::max<std::int64_t>(0, clock_.now() - row.event_ms);
        return finish(delivery, WelcomeState::sent, delivery->left_out);
    }
    judge(delivery, reply.error());
}

void WelcomeLane::judge(const DeliveryPtr& delivery, const Error& error) {
    WelcomeRow& row = delivery->row;
    switch (error.upstream_code) {
        case 41050:
            return finish(
                delivery,
                row.in_doubt ? WelcomeState::probably_sent : WelcomeState::too_late,
                error.message
            );
        case 41051:
            return finish(
                delivery,
                row.in_doubt ? WelcomeState::probably_sent : WelcomeState::already_chatting,
                error.message
            );
        case 41053:
            return finish(delivery, WelcomeState::waiting_consent, error.message);
        case 40007:
            if (!delivery->text_only) {
                delivery->text_only = true;
                (void)media_.forget_uploads(row.corp, delivery->content.message);
                render(*delivery, delivery->content.contact_name);
                return again(delivery, 0);
            }
            break;
        case 41096:
        case 84061:  // the relation is not visible everywhere yet
            row.error = error.message;
            return again(delivery, jittered(repeat_ms, repeat_jitter, rng_));
        default:
            break;
    }
    const bool passing = error.code == ErrorCode::unknown_result ||
                         error.code == ErrorCode::retry_later || error.code == ErrorCode::limited;
    if (!passing) {
        return finish(delivery, WelcomeState::failed, error.message);
    }
    row.in_doubt =
        row.in_doubt || error.code == ErrorCode::unknown_result || error.upstream_code == -1;
    row.error = error.message;
    again(delivery, jittered(repeat_ms, repeat_jitter, rng_));
}

void WelcomeLane::again(const DeliveryPtr& delivery, std::int64_t delay_ms) {
    const bool taken =
        pool_.submit_after(delivery->row.corp, delay_ms, [this, delivery] { attempt(delivery); });
    if (!taken) {
        // Stopping or full: the row stays an intent, and recover() goes on with it.
        forget({delivery->row.corp, delivery->row.inbox_id});
    }
}

void WelcomeLane::finish(const DeliveryPtr& delivery, WelcomeState state, std::string_view error) {
    WelcomeRow row = delivery->row;
    row.state = state;
    row.error = std::string(error);
    row.updated_ms = clock_.now();
    const Key key{row.corp, row.inbox_id};
    auto written = core_.write<int>([&](Transaction& tx) -> Result<int> {
        welcome_rows::update(tx, row);
        tx.changed({row.corp, "welcome", row.inbox_id, to_string(state)});
        return 0;
    });
    forget(key);
    if (!written) {
        log::error(
            "wecom",
            "the outcome of a welcome could not be stored",
            {{"corp", row.corp}, {"inbox", row.inbox_id}, {"cause", written.error().message}}
        );
    }
    note(row);
}

void WelcomeLane::note(const WelcomeRow& row) {
    metrics_
        .counter(
            "leadbridge_welcome_total",
            "welcome messages by outcome",
            {{"outcome", std::string(to_string(row.state))}}
        )
        .add();
    if (row.state == WelcomeState::sent) {
        metrics_
            .histogram(
                "leadbridge_welcome_age_seconds",
                "from the friend-add to the accepted welcome",
                {0.1, 0.2, 0.3, 0.5, 1, 1.5, 2, 3, 5, 10, 15, 18, 20}
            )
            .observe(static_cast<double>(row.age_ms) / 1'000.0);
    } else if (row.state == WelcomeState::failed || row.state == WelcomeState::too_late) {
        log::warn(
            "wecom",
            "a welcome was not sent",
            {{"corp", row.corp},
             {"inbox", row.inbox_id},
             {"state", to_string(row.state)},
             {"cause", row.error}}
        );
    }
}

void WelcomeLane::consent_given(CorpId corp, std::string userid, std::string external_userid) {
    pool_.submit(corp, [this, corp, u = std::move(userid), e = std::move(external_userid)] {
        run_consent(corp, u, e);
    });
}

void WelcomeLane::run_consent(
    CorpId corp, const std::string& userid, const std::string& external_userid
) {
    std::string sealed;
    const auto waiting = core_.read<std::optional<WelcomeRow>>(
        [&](Snapshot& s) -> Result<std::optional<WelcomeRow>> {
            auto row = welcome_rows::newest_of_pair(s, corp, userid, external_userid);
            if (!row || row->state != WelcomeState::waiting_consent) {
                return std::optional<WelcomeRow>{};
            }
            sealed = welcome_rows::sealed_code(s, corp, row->inbox_id);
            return row;
        }
    );
    if (!waiting || !*waiting) {
        return;
    }
    auto code = vault_.open(corp, sealed, place_of((*waiting)->inbox_id));
    if (code && under_way_.lock()->insert({corp, (*waiting)->inbox_id}).second) {
        resume(**waiting, Secret{std::move(*code)});
    }
}

void WelcomeLane::resume(WelcomeRow row, Secret code) {
    const auto corp = api_.corp(row.corp);
    if (!corp) {
        return forget({row.corp, row.inbox_id});
    }
    auto delivery = std::make_shared<Delivery>();
    delivery->row = std::move(row);
    delivery->code = std::move(code);
    auto content = core_.read<Content>([&](Snapshot& s) -> Result<Content> {
        return prepare(s, *corp, delivery->row);
    });
    if (!content) {
        return forget({delivery->row.corp, delivery->row.inbox_id});
    }
    delivery->content = std::move(*content);
    deliver(delivery, {});
}

void WelcomeLane::recover(const std::vector<CorpId>& corps) {
    for (const auto corp : corps) {
        const auto rows = core_.read<std::vector<welcome_rows::Sealed>>(
            [&](Snapshot& s) -> Result<std::vector<welcome_rows::Sealed>> {
                return welcome_rows::unfinished(s, corp);
            }
        );
        if (!rows) {
            continue;
        }
        for (const auto& [row, sealed] : *rows) {
            auto code = vault_.open(corp, sealed, place_of(row.inbox_id));
            if (!under_way_.lock()->insert({corp, row.inbox_id}).second) {
                continue;
            }
            WelcomeRow again = row;
            again.in_doubt = true;  // the process may have stopped after it was sent
            again.error = "stopped while it was being sent; whether it arrived is not known";
            pool_.submit(corp, [this, again, secret = code ? Secret{std::move(*code)} : Secret{}] {
                resume(again, secret);
            });
        }
    }
}

}  // namespace leadbridge::wecom
