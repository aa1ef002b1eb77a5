#include "crm/outbox.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.h"

namespace leadbridge::crm {
namespace {

json::array strings(const std::vector<std::string>& values) {
    json::array out;
    for (const std::string& value : values) {
        out.emplace_back(value);
    }
    return out;
}

// Reads one payload; remembers the first field that is missing or of another type.
class Reader {
public:
    explicit Reader(const json::object& object) : object_(object) {}

    std::string text(std::string_view key) {
        const json::value* value = object_.if_contains(key);
        if (value == nullptr || !value->is_string()) {
            return bad(key), std::string();
        }
        return std::string(value->as_string());
    }

    std::int64_t number(std::string_view key) {
        const json::value* value = object_.if_contains(key);
        if (value == nullptr || !value->is_int64()) {
            return bad(key), 0;
        }
        return value->as_int64();
    }

    bool flag(std::string_view key) {
        const json::value* value = object_.if_contains(key);
        if (value == nullptr || !value->is_bool()) {
            return bad(key), false;
        }
        return value->as_bool();
    }

    std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> out;
        const json::array* array = json_array(object_, key);
        if (array == nullptr) {
            return bad(key), out;
        }
        for (const json::value& value : *array) {
            if (!value.is_string()) {
                bad(key);
                continue;
            }
            out.emplace_back(value.as_string());
        }
        return out;
    }

    const std::string& missing() const { return missing_; }

private:
    void bad(std::string_view key) {
        if (missing_.empty()) {
            missing_ = key;
        }
    }

    const json::object& object_;
    std::string missing_;
};

json::object fields(const MarkTag& p) {
    return {
        {"userid", p.userid},
        {"external_userid", p.external_userid},
        {"add_tags", strings(p.add_tags)},
        {"remove_tags", strings(p.remove_tags)},
    };
}

void read(Reader& r, MarkTag& p) {
    p = {r.text("userid"), r.text("external_userid"), r.texts("add_tags"), r.texts("remove_tags")};
}

json::object fields(const Remark& p) {
    return {
        {"userid", p.userid},
        {"external_userid", p.external_userid},
        {"remark", p.remark},
        {"description", p.description},
    };
}

void read(Reader& r, Remark& p) {
    p = {r.text("userid"), r.text("external_userid"), r.text("remark"), r.text("description")};
}

json::object fields(const RefetchContact& p) {
    return {{"external_userid", p.external_userid}, {"just_added", p.just_added}};
}

void read(Reader& r, RefetchContact& p) {
    p = {r.text("external_userid"), r.flag("just_added")};
}

json::object fields(const RefetchGroup& p) {
    return {{"chat_id", p.chat_id}};
}

void read(Reader& r, RefetchGroup& p) {
    p = {r.text("chat_id")};
}

json::object fields(const SyncTags&) {
    return {};
}

void read(Reader&, SyncTags&) {}

json::object fields(const PushTag& p) {
    return {{"tag_id", p.tag_id}, {"change", p.change}, {"wecom_id", p.wecom_id}};
}

void read(Reader& r, PushTag& p) {
    p = {r.number("tag_id"), r.text("change"), r.text("wecom_id")};
}

json::object fields(const PushChannel& p) {
    return {{"channel_id", p.channel_id}, {"change", p.change}, {"config_id", p.config_id}};
}

void read(Reader& r, PushChannel& p) {
    p = {r.number("channel_id"), r.text("change"), r.text("config_id")};
}

json::object fields(const SyncContacts& p) {
    return {{"run_id", p.run_id}};
}

void read(Reader& r, SyncContacts& p) {
    p = {r.number("run_id")};
}

json::object fields(const SyncMembers&) {
    return {};
}

void read(Reader&, SyncMembers&) {}

template <class Batch>
json::object batch_fields(const Batch& p) {
    return {{"push_id", p.push_id}, {"batch_id", p.batch_id}};
}

json::object fields(const SendPushBatch& p) {
    return batch_fields(p);
}

void read(Reader& r, SendPushBatch& p) {
    p = {r.number("push_id"), r.number("batch_id")};
}

json::object fields(const ResolvePushBatch& p) {
    return batch_fields(p);
}

void read(Reader& r, ResolvePushBatch& p) {
    p = {r.number("push_id"), r.number("batch_id")};
}

json::object fields(const PollPushBatch& p) {
    return batch_fields(p);
}

void read(Reader& r, PollPushBatch& p) {
    p = {r.number("push_id"), r.number("batch_id")};
}

json::object fields(const PushCommand& p) {
    return {{"push_id", p.push_id}, {"command", p.command}};
}

void read(Reader& r, PushCommand& p) {
    p = {r.number("push_id"), r.text("command")};
}

json::object fields(const NotifyMembers& p) {
    return {{"userids", strings(p.userids)}, {"text", p.text}};
}

void read(Reader& r, NotifyMembers& p) {
    p = {r.texts("userids"), r.text("text")};
}

json::object fields(const RenewMedia& p) {
    return {{"media_id", p.media_id}};
}

void read(Reader& r, RenewMedia& p) {
    p = {r.number("media_id")};
}

// order: jobs of one object run one after another. unique: a waiting job of the same kind makes
// another one needless.
struct Keys {
    std::string order;
    std::string unique;
};

Keys keys(const MarkTag& p) {
    return {"c:" + p.external_userid, ""};
}

Keys keys(const Remark& p) {
    return {"c:" + p.external_userid, ""};
}

Keys keys(const RefetchContact& p) {
    // "just added" waits for WeCom to settle; an edit's refetch must not be swallowed by it.
    return {"c:" + p.external_userid, (p.just_added ? "a:" : "e:") + p.external_userid};
}

Keys keys(const RefetchGroup& p) {
    return {"g:" + p.chat_id, p.chat_id};
}

Keys keys(const SyncTags&) {
    return {"tags", "tags"};
}

Keys keys(const PushTag&) {
    return {"tags", ""};
}

Keys keys(const PushChannel& p) {
    const std::string id = std::to_string(p.channel_id);
    return {"h:" + id, p.change == "serve" ? id : ""};
}

Keys keys(const SyncContacts&) {
    return {"contacts", "contacts"};
}

Keys keys(const SyncMembers&) {
    return {"members", "members"};
}

// Batches of one push may go side by side; the ledger keeps equal ones apart.
Keys keys(const SendPushBatch& p) {
    return {"b:" + std::to_string(p.batch_id), ""};
}

Keys keys(const ResolvePushBatch& p) {
    return {"b:" + std::to_string(p.batch_id), ""};
}

Keys keys(const PollPushBatch& p) {
    return {"b:" + std::to_string(p.batch_id), std::to_string(p.batch_id)};
}

Keys keys(const PushCommand& p) {
    return {"p:" + std::to_string(p.push_id), ""};
}

Keys keys(const NotifyMembers&) {
    return {};
}

Keys keys(const RenewMedia& p) {
    return {"m:" + std::to_string(p.media_id), std::to_string(p.media_id)};
}

// What a newer job decides is no longer for an older one to carry out: from its third try the older
// may come after the newer. False when they do not touch each other.
bool supersede(Remark& older, const Remark& newer) {
    const bool same =
        older.userid == newer.userid && older.external_userid == newer.external_userid;
    if (same) {
        older = newer;
    }
    return same;
}

bool supersede(MarkTag& older, const MarkTag& newer) {
    if (older.userid != newer.userid || older.external_userid != newer.external_userid) {
        return false;
    }
    const auto decided = [&](const std::string& tag) {
        const auto in = [&](const std::vector<std::string>& list) {
            return std::find(list.begin(), list.end(), tag) != list.end();
        };
        return in(newer.add_tags) || in(newer.remove_tags);
    };
    return std::erase_if(older.add_tags, decided) + std::erase_if(older.remove_tags, decided) > 0;
}

}  // namespace

template <class T>
std::string encode(const T& payload) {
    return to_text(fields(payload));
}

template <class T>
Result<T> decode(std::string_view payload) {
    Result<json::value> value = parse_json(payload);
    if (!value || !value->is_object()) {
        return Error{ErrorCode::invalid, "the payload of a job is not a JSON object"};
    }
    Reader reader(value->as_object());
    T out;
    read(reader, out);
    if (!reader.missing().empty()) {
        return Error{ErrorCode::invalid, "the payload of a job lacks " + reader.missing()};
    }
    return out;
}

template <class T>
JobId put_job(Transaction& tx, JobQueue& queue, CorpId corp, const T& payload, UnixMillis run_at) {
    Keys k = keys(payload);
    if constexpr (requires(T & older) { supersede(older, payload); }) {
        queue.supersede(tx, corp, T::queue, k.order, [&](const std::string& text) {
            auto older = decode<T>(text);
            return older && supersede(*older, payload) ? std::optional(encode(*older))
                                                       : std::nullopt;
        });
    }
    NewJob job{.corp = corp, .queue = std::string(T::queue), .payload = encode(payload)};
    job.order_key = std::move(k.order);
    job.unique_key = std::move(k.unique);
    job.run_at = run_at;
    return queue.enqueue(tx, job);
}

template std::string encode(const MarkTag&);
template std::string encode(const Remark&);
template std::string encode(const RefetchContact&);
template std::string encode(const RefetchGroup&);
template std::string encode(const SyncTags&);
template std::string encode(const PushTag&);
template std::string encode(const PushChannel&);
template std::string encode(const SyncContacts&);
template std::string encode(const SyncMembers&);
template std::string encode(const SendPushBatch&);
template std::string encode(const ResolvePushBatch&);
template std::string encode(const PollPushBatch&);
template std::string encode(const PushCommand&);
template std::string encode(const NotifyMembers&);
template std::string encode(const RenewMedia&);

template Result<MarkTag> decode(std::string_view);
template Result<Remark> decode(std::string_view);
template Result<RefetchContact> decode(std::string_view);
template Result<RefetchGroup> decode(std::string_view);
template Result<SyncTags> decode(std::string_view);
template Result<PushTag> decode(std::string_view);
template Result<PushChannel> decode(std::string_view);
template Result<SyncContacts> decode(std::string_view);
template Result<SyncMembers> decode(std::string_view);
template Result<SendPushBatch> decode(std::string_view);
template Result<ResolvePushBatch> decode(std::string_view);
template Result<PollPushBatch> decode(std::string_view);
template Result<PushCommand> decode(std::string_view);
template Result<NotifyMembers> decode(std::string_view);
template Result<RenewMedia> decode(std::string_view);

template JobId put_job(Transaction&, JobQueue&, CorpId, const MarkTag&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const Remark&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const RefetchContact&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const RefetchGroup&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const SyncTags&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const PushTag&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const PushChannel&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const SyncContacts&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const SyncMembers&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const SendPushBatch&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const ResolvePushBatch&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const PollPushBatch&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const PushCommand&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const NotifyMembers&, UnixMillis);
template JobId put_job(Transaction&, JobQueue&, CorpId, const RenewMedia&, UnixMillis);

}  // namespace leadbridge::crm
