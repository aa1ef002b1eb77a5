#include "connectors/wecom/notify.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "connectors/wecom/wire_text.h"
#include "crm/outbox.h"

namespace leadbridge::wecom {

namespace {

constexpr std::size_t max_text_bytes = 2'048;
constexpr std::size_t max_receivers = 1'000;
constexpr std::int64_t duplicate_check_s = 1'800;
constexpr std::int64_t repeat_until_ms = 25 * 60'000;  // inside the check, with room for clocks
constexpr std::int64_t repeat_after_ms = 60'000;

JobOutcome run(const WecomServices& s, const Job& job) {
    const auto payload = crm::decode<crm::NotifyMembers>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    const auto corp = s.api.corp(job.corp);
    if (!corp) {
        return JobDead{"the corp does not exist any more"};
    }
    if (corp->agent_id == 0) {
        return JobDead{"the corp has no agent id: set it in the corp's settings"};
    }
    if (job.tries > 1 && s.clock.now() - job.created_ms > repeat_until_ms) {
        return JobDead{"an earlier try may have been delivered, and a repeat could double it now"};
    }
    if (payload->userids.empty() || payload->userids.size() > max_receivers) {
        return JobDead{"a message to members needs 1 to 1,000 receivers"};
    }
    std::string receivers;
    for (const auto& userid : payload->userids) {
        receivers += (receivers.empty() ? "" : "|") + userid;
    }
    const json::object body{
        {"touser", receivers},
        {"msgtype", "text"},
        {"agentid", corp->agent_id},
        {"text", json::object{{"content", utf8_prefix_bytes(payload->text, max_text_bytes)}}},
        {"enable_duplicate_check", 1},
        {"duplicate_check_interval", duplicate_check_s}};
    const auto reply = s.api.call(job.corp, api::message_send, {.body = to_text(body)});
    if (!reply) {
        const bool in_doubt =
            reply.error().code == ErrorCode::retry_later && reply.error().reason != "paused";
        if (in_doubt && s.clock.now() - job.created_ms > repeat_until_ms) {
            return JobDead{reply.error().message};
        }
        if (in_doubt) {  // a try that may have been delivered stays counted: the end above depends
                         // on it
            return JobRetryAt{
                s.clock.now() + std::max(repeat_after_ms, reply.error().retry_after_ms),
                reply.error().message};
        }
        return job_outcome(reply.error(), s.clock);
    }
    if (!json_string(reply->object(), "invaliduser").empty()) {
        log::warn(
            "wecom",
            "some members did not get a message: unknown or out of range",
            {{"corp", job.corp}, {"job", job.id}}
        );
    }
    return JobDone{};
}

}  // namespace

JobHandler notify_handler(const WecomServices& services) {
    return {std::string(crm::NotifyMembers::queue), [&services](const Job& job) {
                return run(services, job);
            }};
}

}  // namespace leadbridge::wecom
