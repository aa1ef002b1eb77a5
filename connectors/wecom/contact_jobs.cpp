#include "connectors/wecom/contact_jobs.h"

#include <array>

#include "base/json.h"
#include "connectors/wecom/contact_parse.h"
#include "crm/outbox.h"

namespace leadbridge::wecom {

namespace {

constexpr std::array<std::int64_t, 4> settle_delays_ms{1'000, 3'000, 10'000, 30'000};
constexpr std::int64_t settle_window_ms = 120'000;
constexpr int max_pages = 200;  // 500 followers each

json::array strings_json(const std::vector<std::string>& list) {
    json::array out;
    for (const auto& item : list) {
        out.emplace_back(item);
    }
    return out;
}

bool relation_ended(const Error& error) {
    return error.reason == "no_relation" || error.reason == "unknown_contact";
}

JobOutcome run_mark_tag(const WecomServices& s, const Job& job) {
    const auto payload = crm::decode<crm::MarkTag>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    if (payload->add_tags.empty() && payload->remove_tags.empty()) {
        return JobDone{};
    }
    json::object body{
        {"userid", payload->userid},
        {"external_userid", payload->external_userid},
        {"add_tag", strings_json(payload->add_tags)},
        {"remove_tag", strings_json(payload->remove_tags)}};
    const auto reply = s.api.call(job.corp, api::mark_tag, {.body = to_text(body)});
    if (reply) {
        return JobDone{};
    }
    if (relation_ended(reply.error())) {
        return JobDead{reply.error().message};
    }
    if (reply.error().reason == "unknown_tag" && job.tries == 1) {
        (void)s.core.write<int>([&](Transaction& tx) -> Result<int> {
            crm::put_job(tx, s.jobs, job.corp, crm::SyncTags{});
            return 0;
        });
        return JobRetry{reply.error().message};
    }
    return job_outcome(reply.error(), s.clock);
}

JobOutcome run_remark(const WecomServices& s, const Job& job) {
    const auto payload = crm::decode<crm::Remark>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    json::object body{
        {"userid", payload->userid},
        {"external_userid", payload->external_userid},
        {"remark", payload->remark},
        {"description", payload->description}};
    const auto reply = s.api.call(job.corp, api::contact_remark, {.body = to_text(body)});
    return reply ? JobOutcome{JobDone{}} : job_outcome(reply.error(), s.clock);
}

// The whole contact, or the error of the first page that failed.
Result<crm::ContactFetched> fetch_contact(
    const WecomServices& s, CorpId corp, const std::string& external_userid
) {
    crm::ContactFetched contact;
    std::string cursor;
    for (int page = 0; page < max_pages; ++page) {
        ApiRequest request{.query = {{"external_userid", external_userid}}};
        if (!cursor.empty()) {
            request.query.emplace_back("cursor", cursor);
        }
        const auto reply = s.api.call(corp, api::contact_get, request);
        if (!reply) {
            return reply.error();
        }
        auto part = parse_contact(reply->object());
        if (part.external_userid.empty()) {
            return Error{
                ErrorCode::retry_later, "externalcontact/get: the answer names no contact"};
        }
        if (page == 0) {
            contact = std::move(part);
        } else {
            for (auto& follow : part.follows) {
                contact.follows.push_back(std::move(follow));
            }
        }
        cursor = json_string(reply->object(), "next_cursor");
        if (cursor.empty()) {
            contact.whole = true;
            return contact;
        }
    }
    return Error{ErrorCode::permanent, "externalcontact/get: more pages than can be"};
}

JobOutcome apply(
    const WecomServices& s,
    const Job& job,
    UnixMillis at,
    std::string_view kind,
    crm::TouchBody body
) {
    crm::Touch touch;
    touch.corp = job.corp;
    touch.at = at;
    // One per run of the job: a fetch is a new fact, its replay after a crash is not.
    touch.key = std::string(kind) + ':' + job.id.str() + ':' + std::to_string(job.fence);
    touch.body = std::move(body);
    return settle(s.core, s.jobs, job, [&](Transaction& tx) -> Status {
        auto applied = crm::intake(tx, s.intake(), touch);
        return applied ? Status{} : Status{std::move(applied).error()};
    });
}

JobOutcome run_refetch_contact(const WecomServices& s, const Job& job) {
    const auto payload = crm::decode<crm::RefetchContact>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    const auto asked = s.clock.now();  // what changes while we ask is newer than the answer
    auto contact = fetch_contact(s, job.corp, payload->external_userid);
    if (contact) {
        return apply(s, job, asked, "fetched", std::move(*contact));
    }
    const Error& error = contact.error();
    if (!relation_ended(error)) {
        return job_outcome(error, s.clock);
    }
    const bool settling = payload->just_added && asked - job.created_ms < settle_window_ms;
    const auto tried = static_cast<std::size_t>(job.tries > 0 ? job.tries - 1 : 0);
    if (settling && tried < settle_delays_ms.size()) {
        return JobRetryAt{s.clock.now() + settle_delays_ms[tried], error.message};
    }
    if (payload->just_added) {
        return JobDone{};  // a half add stays unreadable until the member confirms; that event
                           // comes
    }
    return apply(s, job, asked, "gone", crm::FollowGone{"", payload->external_userid});
}

JobOutcome run_refetch_group(const WecomServices& s, const Job& job) {
    const auto payload = crm::decode<crm::RefetchGroup>(job.payload);
    if (!payload) {
        return JobDead{payload.error().message};
    }
    const json::object body{{"chat_id", payload->chat_id}, {"need_name", 1}};
    const auto reply = s.api.call(job.corp, api::group_get, {.body = to_text(body)});
    if (!reply) {
        return job_outcome(reply.error(), s.clock);
    }
    auto fact = parse_group(reply->object());
    if (fact.chat.chat_id.empty()) {
        fact.chat.chat_id = payload->chat_id;
    }
    fact.chat.fetched_ms = s.clock.now();
    return settle(s.core, s.jobs, job, [&](Transaction& tx) -> Status {
        crm::put_group_chat(tx, s.crm(), job.corp, fact);
        return {};
    });
}

}  // namespace

JobHandler mark_tag_handler(const WecomServices& services) {
    return {std::string(crm::MarkTag::queue), [&services](const Job& job) {
                return run_mark_tag(services, job);
            }};
}

JobHandler remark_handler(const WecomServices& services) {
    return {std::string(crm::Remark::queue), [&services](const Job& job) {
                return run_remark(services, job);
            }};
}

JobHandler refetch_contact_handler(const WecomServices& services) {
    return {std::string(crm::RefetchContact::queue), [&services](const Job& job) {
                return run_refetch_contact(services, job);
            }};
}

JobHandler refetch_group_handler(const WecomServices& services) {
    return {std::string(crm::RefetchGroup::queue), [&services](const Job& job) {
                return run_refetch_group(services, job);
            }};
}

}  // namespace leadbridge::wecom
