#pragma once
// The welcome lane (92137, 92599): from a durable friend-add to send_welcome_msg, beside intake and
// with nothing before it. The channel's text is chosen by State, the intent is committed, then it
// is sent. A code works once and dies 20 s after the event: repeats go on until 18 s after it and
// cannot double the message.
//   leadbridge_welcome_age_seconds (event to accepted send), leadbridge_welcome_total{outcome}

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "base/secret.h"
#include "base/vault.h"
#include "connectors/wecom/api_client.h"
#include "connectors/wecom/event_codec.h"
#include "connectors/wecom/media.h"
#include "connectors/wecom/welcome_pool.h"
#include "crm/contacts/contact.h"
#include "crm/contacts/content.h"

namespace leadbridge::wecom {

enum class WelcomeState : std::uint8_t {
    intent = 0,  // being sent, or a process stopped while it was
    sent = 1,
    probably_sent = 2,     // no clear answer, and then WeCom said that the code was used
    too_late = 3,          // the 20 s were over
    already_chatting = 4,  // 41051: welcomed by someone else, or they already talk
    waiting_consent = 5,   // 41053: the contact has to agree to archiving first
    failed = 6,
    skipped = 7,  // no welcome is configured, or a newer code took over
};
std::string_view to_string(WelcomeState state) noexcept;

struct WelcomeRow {
    CorpId corp;
    std::int64_t inbox_id = 0;
    crm::ChannelId channel;  // 0 = the corp's default welcome
    std::string userid;
    std::string external_userid;
    std::string state_text;  // State of the event
    WelcomeState state = WelcomeState::intent;
    UnixMillis event_ms = 0;
    UnixMillis deadline_ms = 0;
    std::int64_t age_ms = 0;  // event to accepted send; 0 unless sent
    int tries = 0;
    bool in_doubt = false;  // some try got no clear answer
    std::string error;
    UnixMillis updated_ms = 0;
};

std::optional<WelcomeRow> find_welcome(Snapshot& s, CorpId corp, std::int64_t inbox_id);
// Newest first.
std::vector<WelcomeRow> list_welcomes(
    Snapshot& s, CorpId corp, std::int64_t before_inbox_id, int limit
);

struct WelcomeOptions {
    WelcomePoolOptions pool = {};
    std::string contact_fallback = "您";       // for {contact} while the name is unknown
    std::string member_fallback = "您的顾问";  // for {member}
    std::int64_t stop_after_ms = 18'000;       // after the event
    std::int64_t code_life_ms = 20'000;
    std::int64_t name_wait_ms = 1'000;
};

class WelcomeLane {
public:
    WelcomeLane(
        Database& core,
        JobQueue& jobs,
        Vault& vault,
        ApiClient& api,
        MediaStore& media,
        const Clock& clock,
        Rng& rng,
        Metrics& metrics,
        WelcomeOptions options = {}
    );
    ~WelcomeLane();  // stop()

    // The inbox row is durable (Inbox's on_durable, for rows with a welcome code); only enqueues. A
    // second call with the same inbox id does nothing.
    void start(CorpId corp, std::int64_t inbox_id, std::string clear_text);
    // A consent touch that brought no code of its own. Only enqueues.
    void consent_given(CorpId corp, std::string userid, std::string external_userid);
    // At start: goes on with what an earlier process left in state intent. Rows of the inbox that
    // never got here come by Inbox::redeliver_welcomes.
    void recover(const std::vector<CorpId>& corps);
    void stop();

private:
    struct Content {
        crm::ChannelId channel;
        std::string channel_name;
        crm::MessageContent message;
        std::string contact_name;
        std::string member_name;
        MediaIds media;
    };

    struct Delivery {
        WelcomeRow row;
        Secret code;
        Content content;
        std::string body;      // of the request
        std::string left_out;  // what the message had to go without
        bool text_only = false;
    };

    using DeliveryPtr = std::shared_ptr<Delivery>;  // shared by the tries, which follow each other
    using Key = std::pair<CorpId, std::int64_t>;

    void begin(CorpId corp, std::int64_t inbox_id, const std::string& clear_text);
    void resume(WelcomeRow row, Secret code);
    void run_consent(CorpId corp, const std::string& userid, const std::string& external_userid);
    Content prepare(Snapshot& s, const crm::Corp& corp, const WelcomeRow& row) const;
    // The row to send for, or nullopt when this inbox row needs nothing more.
    std::optional<WelcomeRow> take_over(Snapshot& s, WelcomeRow row, bool consent) const;
    bool commit_intent(const Delivery& delivery, bool consent);
    std::future<std::string> ask_name(const CorpPtr& corp, const std::string& external_userid);
    void render(Delivery& delivery, const std::string& contact_name) const;
    void deliver(const DeliveryPtr& delivery, std::future<std::string> name);
    void attempt(const DeliveryPtr& delivery);
    void judge(const DeliveryPtr& delivery, const Error& error);
    void again(const DeliveryPtr& delivery, std::int64_t delay_ms);
    void finish(const DeliveryPtr& delivery, WelcomeState state, std::string_view error);
    void note(const WelcomeRow& row);
    void run_begin(CorpId corp, std::int64_t inbox_id, const std::string& text);
    void forget(const Key& key);

    Database& core_;
    JobQueue& jobs_;
    Vault& vault_;
    ApiClient& api_;
    MediaStore& media_;
    const Clock& clock_;
    Rng& rng_;
    Metrics& metrics_;
    const WelcomeOptions options_;
    Guarded<std::set<Key>> under_way_;
    WelcomePool names_;  // look-ups of names, apart so that they never take a sender's thread
    WelcomePool pool_;   // last: its threads end first
};

}  // namespace leadbridge::wecom
