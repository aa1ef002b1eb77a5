#include "connectors/wecom/mass_tasks.h"

#include <algorithm>

#include "base/json.h"
#include "connectors/wecom/content_json.h"

namespace leadbridge::wecom::mass_tasks {

namespace {

// How far before our intent a task may seem to be made: the clocks differ. A look-up for an answer
// that was lost looks widely, for what it misses is sent again; a search for doubles narrowly, for
// what it finds is cancelled.
constexpr std::int64_t before_intent_ms = 60'000;
constexpr std::int64_t before_lost_intent_ms = 600'000;
constexpr int max_pages = 100;

struct Ours {
    json::object content;
    MediaCompare compare = MediaCompare::ids;
};

// The content as we would say it now; ids of files uploaded since the intent prove nothing.
Result<Ours> our_content(const WecomServices& s, const crm::BatchView& batch) {
    return s.core.read<Ours>([&](Snapshot& snapshot) -> Result<Ours> {
        Ours ours;
        MediaIds ids;
        for (const auto& attachment : batch.content.attachments) {
            if (attachment.media_id == 0) {
                continue;
            }
            const auto media = MediaStore::find(snapshot, batch.corp, attachment.media_id);
            const bool same =
                media && !media->wecom_media_id.empty() && media->uploaded_ms <= batch.intent_ms;
            if (!same) {
                ours.compare = MediaCompare::kinds;
            }
            ids[attachment.media_id] = same ? media->wecom_media_id : "-";
        }
        ours.content = content_json(batch.content, ids);
        return ours;
    });
}

// The only sender of a task; "" when it has none or several.
Result<std::string> only_sender(const WecomServices& s, CorpId corp, const std::string& msgid) {
    const auto rows = task_rows(s, corp, msgid);
    if (!rows) {
        return rows.error();
    }
    return rows->size() == 1 ? rows->front().userid : std::string{};
}

}  // namespace

Result<std::vector<TaskRow>> task_rows(
    const WecomServices& s, CorpId corp, const std::string& msgid
) {
    std::vector<TaskRow> out;
    std::string cursor;
    for (int page = 0; page < max_pages; ++page) {
        json::object body{{"msgid", msgid}, {"limit", 1'000}};
        if (!cursor.empty()) {
            body["cursor"] = cursor;
        }
        const auto reply = s.api.call(corp, api::mass_task, {.body = to_text(body)});
        if (!reply) {
            return reply.error();
        }
        const auto* list = json_array(reply->object(), "task_list");
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            if (const auto* row = (*list)[i].if_object()) {
                out.push_back(
                    {json_string(*row, "userid"),
                     json_int(*row, "status") == 2,
                     json_int(*row, "send_time") * 1'000}
                );
            }
        }
        cursor = json_string(reply->object(), "next_cursor");
        if (cursor.empty()) {
            return out;
        }
    }
    return Error{ErrorCode::permanent, "get_groupmsg_task: more pages than can be"};
}

Result<std::vector<crm::FoundTask>> find(
    const WecomServices& s, const crm::BatchView& batch, Creators creators
) {
    const auto ours = our_content(s, batch);
    if (!ours) {
        return ours.error();
    }
    const std::int64_t before =
        creators == Creators::any ? before_lost_intent_ms : before_intent_ms;
    std::vector<std::string> msgids;
    std::string cursor;
    for (int page = 0;; ++page) {
        if (page == max_pages) {
            return Error{
                ErrorCode::retry_later, "get_groupmsg_list_v2: too many tasks to look through"};
        }
        json::object body{
            {"chat_type", "single"},
            {"start_time", (batch.intent_ms - before) / 1'000},
            {"end_time", s.clock.now() / 1'000},
            {"filter_type", 0},
            {"limit", 100}};
        if (!cursor.empty()) {
            body["cursor"] = cursor;
        }
        const auto reply = s.api.call(batch.corp, api::mass_list, {.body = to_text(body)});
        if (!reply) {
            return reply.error();
        }
        const auto* list = json_array(reply->object(), "group_msg_list");
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            const auto* row = (*list)[i].if_object();
            const auto msgid = row == nullptr ? std::string{} : json_string(*row, "msgid");
            const bool by_person = row != nullptr && !json_string(*row, "creator").empty();
            if (msgid.empty() || (creators == Creators::api_only && by_person)) {
                continue;
            }
            if (same_content(*row, ours->content, ours->compare)) {
                msgids.push_back(msgid);
            }
        }
        cursor = json_string(reply->object(), "next_cursor");
        if (cursor.empty()) {
            break;
        }
    }
    std::sort(msgids.begin(), msgids.end());
    msgids.erase(std::unique(msgids.begin(), msgids.end()), msgids.end());
    const auto foreign = s.core.read<std::vector<std::string>>(
        [&](Snapshot& snapshot) -> Result<std::vector<std::string>> {
            std::vector<std::string> out;
            for (const auto& msgid : msgids) {
                if (!crm::PushLedger::owns_msgid(snapshot, batch.corp, msgid)) {
                    out.push_back(msgid);
                }
            }
            return out;
        }
    );
    if (!foreign) {
        return foreign.error();
    }
    std::vector<crm::FoundTask> found;
    for (const auto& msgid : *foreign) {
        auto sender = only_sender(s, batch.corp, msgid);
        if (!sender) {
            return std::move(sender).error();
        }
        found.push_back({msgid, std::move(*sender), true});
    }
    return found;
}

Status cancel(const WecomServices& s, CorpId corp, const std::string& msgid) {
    const json::object body{{"msgid", msgid}};
    const auto reply = s.api.call(corp, api::mass_cancel, {.body = to_text(body)});
    if (reply || reply.error().reason == "already_cancelled") {
        return {};
    }
    return reply.error();
}

}  // namespace leadbridge::wecom::mass_tasks
