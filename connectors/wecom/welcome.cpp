#include "connectors/wecom/welcome.h"

#include <algorithm>

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

bool final_for_pair(WelcomeState state) {
    return state == WelcomeState::sent || state == WelcomeState::probably_sent ||
           state == WelcomeState::already_chatting;
}

constexpr std::int64_t store_pause_ms = 500;

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
        run_begin(corp, inbox_id, text);
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

// A store that refuses for a moment must not cost the welcome: begin() itself writes too_late once
// the time is over.
void WelcomeLane::run_begin(CorpId corp, std::int64_t inbox_id, const std::string& text) {
    try {
        begin(corp, inbox_id, text);
    } catch (const DatabaseError& error) {
        log::warn(
            "wecom", "a welcome waits for the store", {{"corp", corp}, {"cause", error.what()}}
        );
        const bool again = pool_.submit_after(corp, store_pause_ms, [this, corp, inbox_id, text] {
            run_begin(corp, inbox_id, text);
        });
        if (!again) {
            forget({corp, inbox_id});
        }
    } catch (...) {
        forget({corp, inbox_id});
        throw;
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
    const auto sealed =
        row.state == WelcomeState::intent
            ? vault_.seal(row.corp, delivery.code.reveal(), welcome_rows::code_place(row.inbox_id))
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

}  // namespace leadbridge::wecom
