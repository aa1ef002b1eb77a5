// Tries of one welcome until its outcome, and what goes on after a consent or a restart.
#include <algorithm>

#include "base/backoff.h"
#include "base/log.h"
#include "connectors/wecom/welcome.h"
#include "connectors/wecom/welcome_rows.h"

namespace leadbridge::wecom {

namespace {

constexpr std::int64_t quick_ms = 1'000;
constexpr std::int64_t repeat_ms = 350;  // 200 to 500 with its jitter
constexpr double repeat_jitter = 0.43;

}  // namespace

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
        // A try without a clear answer may have been carried out.
        return finish(
            delivery,
            row.in_doubt ? WelcomeState::probably_sent : WelcomeState::too_late,
            row.error.empty() ? "18 s were over" : row.error
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
    auto code = vault_.open(corp, sealed, welcome_rows::code_place((*waiting)->inbox_id));
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
            auto code = vault_.open(corp, sealed, welcome_rows::code_place(row.inbox_id));
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
