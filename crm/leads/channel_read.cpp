#include "crm/leads/channel.h"

#include <algorithm>

#include "crm/leads/channel_serving.h"
#include "crm/staff/list_text.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {
namespace {

constexpr std::string_view channel_columns =
    "SELECT ch.id, ch.corp_id, ch.name, ch.kind, ch.state, ch.config_id, ch.qr_code, ch.members, "
    "ch.tag_ids, "
    "ch.skip_verify, ch.welcome, ch.sync, ch.sync_error, ch.version, ch.created_ms, ch.limits, "
    "ch.served, ch.refused FROM channel ch";

std::vector<TagId> read_tags(std::string_view text) {
    std::vector<TagId> out;
    for (const std::int64_t id : text_ids(text)) {
        out.emplace_back(id);
    }
    return out;
}

Channel read_channel(const Row& row) {
    Channel c;
    c.id = row.id<ChannelId>(0);
    c.corp = row.id<CorpId>(1);
    c.name = row.str(2);
    c.kind = static_cast<ChannelKind>(row.integer(3));
    c.state = row.str(4);
    c.config_id = row.str(5);
    c.qr_code = row.str(6);
    c.members = text_strings(row.text(7));
    c.tags = read_tags(row.text(8));
    c.skip_verify = row.flag(9);
    c.welcome = decode_content(row.text(10)).value_or({});
    c.sync = static_cast<ChannelSync>(row.integer(11));
    c.sync_error = row.str(12);
    c.version = row.integer(13);
    c.created_ms = row.integer(14);
    c.limits = decode_limits(row.text(15)).value_or({});
    c.served = text_strings(row.text(16));
    c.refused = read_refused(row.text(17));
    return c;
}

}  // namespace

std::optional<Channel> ChannelStore::find(Snapshot& s, const Viewer& viewer, ChannelId id) {
    return Query(channel_columns)
        .where("ch.corp_id = ? AND ch.id = ? AND ch.removed_ms = 0", {viewer.corp, id})
        .one(s, read_channel);
}

std::optional<Channel> ChannelStore::find_by_state(
    Snapshot& s, CorpId corp, std::string_view state
) {
    if (!read_state(state)) {
        return std::nullopt;
    }
    return Query(channel_columns)
        .where("ch.corp_id = ? AND ch.state = ?", {corp, state})
        .one(s, read_channel);
}

PageOf<Channel> ChannelStore::list(Snapshot& s, const Viewer& viewer, const Page& page) {
    Query query(channel_columns);
    query.where("ch.corp_id = ? AND ch.removed_ms = 0", {viewer.corp});
    return page_of(s, query, "ch.id", page, read_channel, [](const Channel& c) {
        return c.id.value;
    });
}

ChannelStats ChannelStore::stats(Snapshot& s, const Viewer& viewer, ChannelId id) {
    const auto count =
        [&](std::string_view select, std::string_view condition, std::string_view member) {
            Query query(select);
            query.where(condition, {viewer.corp, id}).where(member_clause(viewer, member));
            return query.number(s);
        };
    constexpr std::string_view follows = "SELECT COUNT(*) FROM follow f";
    ChannelStats out;
    out.adds = count(follows, "f.corp_id = ? AND f.channel_id = ?", "f.member_id");
    out.lost = count(
        follows,
        "f.corp_id = ? AND f.channel_id = ? AND f.ended_ms > 0 AND f.live = 0",
        "f.member_id"
    );
    out.spoke = count(follows, "f.corp_id = ? AND f.channel_id = ? AND f.spoke = 1", "f.member_id");
    out.leads =
        count("SELECT COUNT(*) FROM lead l", "l.corp_id = ? AND l.first_channel = ?", "l.owner");
    return out;
}

std::vector<ChannelDay> ChannelStore::days(
    Snapshot& s, const Viewer& viewer, ChannelId id, const std::vector<UnixMillis>& edges
) {
    std::vector<ChannelDay> out(edges.size() - 1);
    const auto day_of = [&](UnixMillis at) -> ChannelDay* {
        if (at < edges.front() || at >= edges.back()) {
            return nullptr;
        }
        const auto after = std::upper_bound(edges.begin(), edges.end(), at);
        return &out[static_cast<std::size_t>(after - edges.begin()) - 1];
    };
    Query added("SELECT f.added_ms, f.spoke FROM follow f");
    added.where("f.corp_id = ? AND f.channel_id = ?", {viewer.corp, id})
        .where("f.added_ms >= ? AND f.added_ms < ?", {edges.front(), edges.back()})
        .where(member_clause(viewer, "f.member_id"));
    (void)added.all(s, [&](const Row& row) {
        if (ChannelDay* day = day_of(row.integer(0))) {
            day->adds += 1;
            day->spoke += row.integer(1);
        }
        return 0;
    });
    Query ended("SELECT f.ended_ms FROM follow f");
    ended.where("f.corp_id = ? AND f.channel_id = ? AND f.ended_ms > 0", {viewer.corp, id})
        .where("f.ended_ms >= ? AND f.ended_ms < ?", {edges.front(), edges.back()})
        .where(member_clause(viewer, "f.member_id"));
    (void)ended.all(s, [&](const Row& row) {
        if (ChannelDay* day = day_of(row.integer(0))) {
            day->lost += 1;
        }
        return 0;
    });
    return out;
}

std::vector<std::int64_t> ChannelStore::adds_by_day(
    Snapshot& s, const Viewer& viewer, ChannelId id, const std::vector<UnixMillis>& edges
) {
    std::vector<std::int64_t> out;
    for (std::size_t day = 0; day + 1 < edges.size(); ++day) {
        Query added("SELECT COUNT(*) FROM follow f");
        added.where("f.corp_id = ? AND f.channel_id = ?", {viewer.corp, id})
            .where("f.added_ms >= ? AND f.added_ms < ?", {edges[day], edges[day + 1]})
            .where(member_clause(viewer, "f.member_id"));
        out.push_back(added.number(s));
    }
    return out;
}

}  // namespace leadbridge::crm
