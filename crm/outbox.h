#pragma once
// What must leave the house: jobs that crm writes with its transaction and connectors/wecom carries
// out. Queue names and payloads stand here so that both sides agree. encode/decode are JSON; a
// payload that does not decode is a dead job.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/job_queue.h"
#include "base/result.h"

namespace leadbridge::crm {

// externalcontact/mark_tag: tags belong to the (member, contact) pair. Ids are WeCom tag ids.
struct MarkTag {
    static constexpr std::string_view queue = "wecom.mark_tag";
    std::string userid;
    std::string external_userid;
    std::vector<std::string> add_tags;
    std::vector<std::string> remove_tags;
};

// externalcontact/remark. An absent optional leaves the field alone.
struct Remark {
    static constexpr std::string_view queue = "wecom.remark";
    std::string userid;
    std::string external_userid;
    std::string remark;
    std::string description;
};

// externalcontact/get, then a ContactFetched touch. Coalesced per contact. settle_ms: 84061 right
// after an add is retried.
struct RefetchContact {
    static constexpr std::string_view queue = "wecom.refetch_contact";
    std::string external_userid;
    bool just_added = false;
};

// groupchat/get. Coalesced per chat.
struct RefetchGroup {
    static constexpr std::string_view queue = "wecom.refetch_group";
    std::string chat_id;
};

// get_corp_tag_list. Coalesced per corp.
struct SyncTags {
    static constexpr std::string_view queue = "wecom.sync_tags";
};

// Carries a local change of a tag or group to WeCom (add, edit, delete).
struct PushTag {
    static constexpr std::string_view queue = "wecom.push_tag";
    std::int64_t tag_id = 0;
    std::string change;    // "create" | "update" | "delete"
    std::string wecom_id;  // for delete
};

// add/update/del_contact_way for a channel row. "serve" tells WeCom who serves now, if that is
// another list than it has; a waiting one is not doubled.
struct PushChannel {
    static constexpr std::string_view queue = "wecom.push_channel";
    std::int64_t channel_id = 0;
    std::string change;     // "create" | "update" | "serve" | "delete"
    std::string config_id;  // for delete
};

// Full contact sync of the corp (members, follows, details), resumable by its cursor. Coalesced per
// corp.
struct SyncContacts {
    static constexpr std::string_view queue = "wecom.sync_contacts";
    std::int64_t run_id = 0;
};

// Members and departments. Coalesced per corp.
struct SyncMembers {
    static constexpr std::string_view queue = "wecom.sync_members";
};

// One batch of a push: its intent is committed by the handler before the call.
struct SendPushBatch {
    static constexpr std::string_view queue = "wecom.push_batch";
    std::int64_t push_id = 0;
    std::int64_t batch_id = 0;
};

// Looks up the outcome of an unknown batch (+60 s, +5 min, +15 min).
struct ResolvePushBatch {
    static constexpr std::string_view queue = "wecom.push_resolve";
    std::int64_t push_id = 0;
    std::int64_t batch_id = 0;
};

// Polls task and send results of a submitted batch.
struct PollPushBatch {
    static constexpr std::string_view queue = "wecom.push_poll";
    std::int64_t push_id = 0;
    std::int64_t batch_id = 0;
};

// remind_groupmsg_send or cancel_groupmsg_send of every submitted batch of a push.
struct PushCommand {
    static constexpr std::string_view queue = "wecom.push_command";
    std::int64_t push_id = 0;
    std::string command;  // "remind" | "cancel"
};

// message/send of a text to members of the corp, with enable_duplicate_check.
struct NotifyMembers {
    static constexpr std::string_view queue = "wecom.notify";
    std::vector<std::string> userids;
    std::string text;
};

// Uploads a media file ahead and renews it before its 3 days are over.
struct RenewMedia {
    static constexpr std::string_view queue = "wecom.renew_media";
    std::int64_t media_id = 0;  // our media row
};

template <class T>
std::string encode(const T& payload);  // defined for every struct above
template <class T>
Result<T> decode(std::string_view payload);  // likewise

// Enqueues with the right queue, order key (contact, channel or push) and unique key (for coalesced
// kinds).
template <class T>
JobId put_job(
    Transaction& tx, JobQueue& queue, CorpId corp, const T& payload, UnixMillis run_at = 0
);

}  // namespace leadbridge::crm
