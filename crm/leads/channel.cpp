#include "crm/leads/channel.h"

#include <algorithm>
#include <set>

#include "base/utf8.h"
#include "crm/leads/channel_serving.h"
#include "crm/outbox.h"
#include "crm/staff/audit.h"
#include "crm/staff/list_text.h"
#include "crm/staff/member.h"

namespace leadbridge::crm {
namespace {

std::string tags_text(const std::vector<TagId>& tags) {
    std::vector<std::int64_t> ids;
    for (const TagId tag : tags) {
        ids.push_back(tag.value);
    }
    return ids_text(ids);
}

Error broken(std::string_view field, std::string_view why) {
    return Error{
        ErrorCode::rule_broken, std::string(field) + ": " + std::string(why), std::string(field)};
}

Status check_members(const std::vector<std::string>& members) {
    // path 92572: at most 100 after department expansion (41041).
    if (members.empty() || members.size() > 100) {
        return broken("members", "must be 1..100 userids");
    }
    std::set<std::string> keys;
    for (const std::string& userid : members) {
        if (userid_key(userid).empty() || userid.size() > 64 || !is_utf8(userid)) {
            return broken("members", "names an empty userid or one longer than 64 bytes");
        }
        if (!keys.insert(userid_key(userid)).second) {
            return broken("members", "names a userid twice");
        }
    }
    return {};
}

Status check_channel(Transaction& tx, const Channel& c) {
    if (c.name.empty() || characters(c.name) > 100 || !is_utf8(c.name)) {
        return broken("name", "must be 1..100 characters");
    }
    if (Status ok = check_members(c.members); !ok) {
        return ok;
    }
    if (Status ok = check_limits(c.limits, c.members); !ok) {
        return ok;
    }
    if (c.tags.size() > 100) {
        return broken("tags", "must be at most 100");
    }
    for (const TagId tag : c.tags) {
        if (!tx.exists(
                "SELECT 1 FROM tag WHERE corp_id = ? AND id = ? AND deleted_ms = 0", {c.corp, tag}
            )) {
            return broken("tags", "there is no tag " + tag.str());
        }
    }
    return c.welcome.empty() ? Status{} : validate_content(c.welcome);
}

void apply(Channel& channel, const ChannelEdit& edit) {
    channel.name = edit.name.value_or(channel.name);
    channel.members = edit.members.value_or(channel.members);
    if (edit.limits) {
        channel.limits = *edit.limits;
    } else if (edit.members) {
        fit_limits(channel.limits, channel.members);
    }
    channel.tags = edit.tags.value_or(channel.tags);
    channel.skip_verify = edit.skip_verify.value_or(channel.skip_verify);
    channel.welcome = edit.welcome.value_or(channel.welcome);
}

std::string shown(const Channel& c) {
    return object_text(
        {{"name", c.name},
         {"members", strings_text(c.members)},
         {"limits", encode_limits(c.limits)},
         {"tags", tags_text(c.tags)},
         {"skip_verify", c.skip_verify ? "true" : "false"},
         {"welcome", encode_content(c.welcome)}}
    );
}

}  // namespace

std::string_view to_string(ChannelKind) noexcept {
    return "contact_way";
}

std::string_view to_string(ChannelSync sync) noexcept {
    switch (sync) {
        case ChannelSync::pending:
            return "pending";
        case ChannelSync::ready:
            return "ready";
        case ChannelSync::failed:
            break;
    }
    return "failed";
}

Result<Channel> ChannelStore::create(
    Transaction& tx, const Viewer& viewer, const ChannelEdit& edit
) {
    Channel c;
    c.corp = viewer.corp;
    apply(c, edit);
    if (Status ok = check_channel(tx, c); !ok) {
        return ok.error();
    }
    c.id = services_.ids.next_as<ChannelId>();
    c.state = issue_state(c.id);
    c.version = 1;
    c.created_ms = services_.clock.now();
    const std::string members = strings_text(c.members);
    const std::string limits = encode_limits(c.limits);
    const std::string tags = tags_text(c.tags);
    const std::string welcome = encode_content(c.welcome);
    tx.execute(
        "INSERT INTO channel(id, corp_id, name, kind, state, config_id, qr_code, members, limits, "
        "tag_ids, skip_verify, welcome, "
        "sync, sync_error, version, created_ms, removed_ms) "
        "VALUES(?,?,?,?,?,'','',?,?,?,?,?,?,'',1,?,0)",
        {c.id,
         c.corp,
         c.name,
         c.kind,
         c.state,
         members,
         limits,
         tags,
         c.skip_verify,
         welcome,
         c.sync,
         c.created_ms}
    );
    put_job(tx, services_.jobs, c.corp, PushChannel{c.id.value, "create", ""}, 0);
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {"channel.create", "channel", c.id.value, {}, shown(c)}
    );
    tx.changed({c.corp, "channel", c.id.value, "created"});
    return c;
}

Status ChannelStore::update(
    Transaction& tx,
    const Viewer& viewer,
    ChannelId id,
    const ChannelEdit& edit,
    std::optional<std::int64_t> if_version
) {
    const auto old = find(tx, viewer, id);
    if (!old) {
        return Error{ErrorCode::not_found, "there is no such channel"};
    }
    if (if_version && *if_version != old->version) {
        return Error{ErrorCode::stale, "the channel was changed since it was read; read it again"};
    }
    Channel c = *old;
    apply(c, edit);
    if (Status ok = check_channel(tx, c); !ok) {
        return ok;
    }
    // Tags and welcome are ours alone; WeCom knows only name, who serves and skip_verify.
    const bool people = c.members != old->members || c.limits != old->limits;
    const bool outside = people || c.name != old->name || c.skip_verify != old->skip_verify;
    const std::string members = strings_text(c.members);
    const std::string limits = encode_limits(c.limits);
    const std::string tags = tags_text(c.tags);
    const std::string welcome = encode_content(c.welcome);
    tx.execute(
        "UPDATE channel SET name = ?, members = ?, limits = ?, tag_ids = ?, skip_verify = ?, "
        "welcome = ?, sync = ?, refused = CASE WHEN ? <> 0 THEN '' ELSE refused END, "
        "version = version + 1 WHERE corp_id = ? AND id = ?",
        {c.name,
         members,
         limits,
         tags,
         c.skip_verify,
         welcome,
         outside ? ChannelSync::pending : old->sync,
         people ? 1 : 0,
         viewer.corp,
         id}
    );
    if (outside) {
        put_job(
            tx,
            services_.jobs,
            viewer.corp,
            PushChannel{id.value, c.config_id.empty() ? "create" : "update", c.config_id},
            0
        );
    }
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {"channel.update", "channel", id.value, shown(*old), shown(c)}
    );
    tx.changed({viewer.corp, "channel", id.value, "updated"});
    return {};
}

Status ChannelStore::remove(Transaction& tx, const Viewer& viewer, ChannelId id) {
    const auto old = find(tx, viewer, id);
    if (!old) {
        return Error{ErrorCode::not_found, "there is no such channel"};
    }
    tx.execute(
        "UPDATE channel SET removed_ms = ?, version = version + 1 WHERE corp_id = ? AND id = ?",
        {services_.clock.now(), viewer.corp, id}
    );
    // Without a config_id yet, too: WeCom may be making it at this moment.
    put_job(tx, services_.jobs, viewer.corp, PushChannel{id.value, "delete", old->config_id}, 0);
    record_audit(
        tx,
        {services_.clock, services_.ids},
        viewer,
        {"channel.remove", "channel", id.value, shown(*old), {}}
    );
    tx.changed({viewer.corp, "channel", id.value, "deleted"});
    return {};
}

void ChannelStore::pushed(
    Transaction& tx, CorpId corp, ChannelId id, std::string_view config_id, std::string_view qr_code
) {
    const std::int64_t removed =
        tx.number("SELECT removed_ms FROM channel WHERE corp_id = ? AND id = ?", {corp, id});
    tx.execute(
        "UPDATE channel SET config_id = CASE WHEN ? <> '' THEN ? ELSE config_id END, "
        "qr_code = CASE WHEN ? <> '' THEN ? ELSE qr_code END, sync = ?, sync_error = '' WHERE "
        "corp_id = ? AND id = ?",
        {config_id, config_id, qr_code, qr_code, ChannelSync::ready, corp, id}
    );
    if (removed > 0 && !config_id.empty()) {  // removed here while it was being made there
        put_job(
            tx, services_.jobs, corp, PushChannel{id.value, "delete", std::string(config_id)}, 0
        );
    }
    tx.changed({corp, "channel", id.value, "updated"});
}

void ChannelStore::push_failed(Transaction& tx, CorpId corp, ChannelId id, std::string_view error) {
    tx.execute(
        "UPDATE channel SET sync = ?, sync_error = ?, serve_next_ms = CASE WHEN serve_next_ms = 0 "
        "THEN 0 ELSE ? END WHERE corp_id = ? AND id = ?",
        {ChannelSync::failed, error, services_.clock.now() + serving_recheck_ms, corp, id}
    );
    tx.changed({corp, "channel", id.value, "updated"});
}

}  // namespace leadbridge::crm
