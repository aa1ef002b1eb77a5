#include "crm/nurture/push_audience.h"

#include <set>
#include <unordered_map>

#include "base/time_zone.h"
#include "crm/nurture/condition_sql.h"
#include "crm/staff/member.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {

namespace {

constexpr std::int64_t day_ms = 24LL * 3'600 * 1'000;

struct Candidate {
    ContactId contact;
    MemberId owner;
    bool followed = false;  // somebody is or was a friend
    bool live = false;
    bool fixed = false;  // the owner's friendship was found
    UnixMillis added_ms = -1;
    MemberId sender;  // 0 = none that can send
    std::string sender_userid;
    std::string external_userid;
    std::string opt_out;
    bool elsewhere = false;
    std::int64_t sent = 0;
};

using Candidates = std::vector<Candidate>;
using ById = std::unordered_map<std::int64_t, Candidate*>;

bool can_send(std::int64_t status) {
    const auto s = static_cast<MemberStatus>(status);
    return s == MemberStatus::active || s == MemberStatus::unknown;
}

void append_ids(SqlText& sql, const Candidates& candidates) {
    sql.add(" IN (");
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        sql.add(i == 0 ? "?" : ", ?").bind(candidates[i].contact.value);
    }
    sql.add(")");
}

Candidates read_candidates(
    Snapshot& s, const AudienceQuestion& q, std::span<const std::uint32_t> ords
) {
    SqlText sql;
    sql.add("SELECT c.id, c.owner FROM contact c WHERE c.corp_id = ? AND c.ord IN (")
        .bind(q.viewer.corp.value);
    for (std::size_t i = 0; i < ords.size(); ++i) {
        sql.add(i == 0 ? "?" : ", ?").bind(std::int64_t{ords[i]});
    }
    sql.add(
        ") AND c.merged_into = 0 AND NOT EXISTS (SELECT 1 FROM push_recipient r WHERE r.corp_id = "
        "c.corp_id "
        "AND r.push_id = ? AND r.contact_id = c.id)"
    );
    sql.bind(q.push.value);
    const Clause visible = contact_clause(q.viewer, "c.id", "c.owner");
    if (!visible.sql.empty()) {
        sql.add(" AND ").add(visible.sql);
        for (std::int64_t param : visible.params) {
            sql.bind(param);
        }
    }
    sql.add(" ORDER BY c.id");
    return s.all(sql.sql(), sql.params(), [](const Row& row) {
        Candidate c;
        c.contact = row.id<ContactId>(0);
        c.owner = row.id<MemberId>(1);
        return c;
    });
}

void read_follows(Snapshot& s, CorpId corp, const Candidates& candidates, ById& by_id) {
    SqlText sql;
    sql.add(
        "SELECT f.contact_id, f.live, f.member_id, f.external_userid, f.added_ms, m.userid, "
        "m.status FROM follow f "
        "JOIN member m ON m.corp_id = f.corp_id AND m.id = f.member_id WHERE f.corp_id = ? AND "
        "f.contact_id"
    );
    sql.bind(corp.value);
    append_ids(sql, candidates);
    sql.add(" ORDER BY f.contact_id, f.id");
    s.each(sql.sql(), sql.params(), [&](const Row& row) {
        Candidate& c = *by_id.at(row.integer(0));
        c.followed = true;
        if (!row.flag(1)) {
            return Visit::next;
        }
        c.live = true;
        const bool owners = c.owner && row.id<MemberId>(2) == c.owner;
        const bool better = owners ? !c.fixed || row.integer(4) > c.added_ms
                                   : !c.fixed && row.integer(4) >= c.added_ms;
        if (can_send(row.integer(6)) && better) {
            c.fixed = owners;
            c.added_ms = row.integer(4);
            c.sender = row.id<MemberId>(2);
            c.external_userid = row.str(3);
            c.sender_userid = row.str(5);
        }
        return Visit::next;
    });
}

void read_opt_outs(Snapshot& s, CorpId corp, const Candidates& candidates, ById& by_id) {
    SqlText sql;
    sql.add("SELECT contact_id, kind FROM contact_opt_out WHERE corp_id = ? AND contact_id")
        .bind(corp.value);
    append_ids(sql, candidates);
    s.each(sql.sql(), sql.params(), [&](const Row& row) {
        by_id.at(row.integer(0))->opt_out = row.str(1);
        return Visit::next;
    });
}

// In a push that is not yet handed over, or that waits for a member with the very same content.
void read_other_pushes(
    Snapshot& s, const AudienceQuestion& q, const Candidates& candidates, ById& by_id
) {
    SqlText sql;
    sql.add(
        "SELECT DISTINCT r.contact_id FROM push_recipient r "
        "JOIN push_batch b ON b.corp_id = r.corp_id AND b.id = r.batch_id "
        "WHERE r.corp_id = ? AND r.batch_id > 0 AND r.outcome = 0 AND r.push_id <> ? "
        "AND (b.state IN (0, 1, 4, 6) OR (b.state = 2 AND b.closed = 0 AND b.content_hash = ?)) "
        "AND r.contact_id"
    );
    sql.bind(q.viewer.corp.value).bind(q.push.value).bind(q.content_hash);
    append_ids(sql, candidates);
    s.each(sql.sql(), sql.params(), [&](const Row& row) {
        by_id.at(row.integer(0))->elsewhere = true;
        return Visit::next;
    });
}

// Delivered since, or planned since and still on its way.
void read_sent(Snapshot& s, const AudienceQuestion& q, const Candidates& candidates, ById& by_id) {
    SqlText sql;
    sql.add(
        "SELECT contact_id, COUNT(*) FROM push_recipient WHERE corp_id = ? AND batch_id > 0 AND "
        "push_id <> ? "
        "AND ((outcome = 2 AND outcome_ms >= ?) OR (outcome = 0 AND planned_ms >= ?)) AND "
        "contact_id"
    );
    sql.bind(q.viewer.corp.value).bind(q.push.value).bind(q.cap.since).bind(q.cap.since);
    append_ids(sql, candidates);
    sql.add(" GROUP BY contact_id");
    s.each(sql.sql(), sql.params(), [&](const Row& row) {
        by_id.at(row.integer(0))->sent = row.integer(1);
        return Visit::next;
    });
}

bool in_push_already(Snapshot& s, const AudienceQuestion& q, const std::string& external_userid) {
    return s.exists(
        "SELECT 1 FROM push_recipient WHERE corp_id = ? AND push_id = ? AND external_userid = ? "
        "AND batch_id > 0",
        {q.viewer.corp, q.push, external_userid}
    );
}

std::string_view exclusion_of(const Candidate& c, bool duplicate, int cap) {
    if (!c.live) {
        return c.followed ? "lost" : "no_follow";
    }
    if (c.opt_out == "blocked") {
        return "blocked";
    }
    if (!c.opt_out.empty()) {
        return "opted_out";
    }
    if (!c.sender) {
        return "sender_unavailable";
    }
    if (duplicate) {
        return "duplicate_person";
    }
    if (c.elsewhere) {
        return "in_other_push";
    }
    return c.sent >= cap ? "capped" : "";
}

}  // namespace

CapWindow cap_window(PushCapRule rule, UnixMillis now, std::string_view time_zone) {
    switch (rule) {
        case PushCapRule::seven_per_week:
            return {local_day_start(local_day_start(now, time_zone) - 6 * day_ms, time_zone), 7};
        case PushCapRule::one_per_day:
            return {local_day_start(now, time_zone), 1};
        case PushCapRule::days_in_month:
            break;
    }
    return {local_month_start(now, time_zone), days_in_local_month(now, time_zone)};
}

std::vector<Decision> decide_recipients(
    Snapshot& s, const AudienceQuestion& question, std::span<const std::uint32_t> ords
) {
    std::vector<Decision> out;
    if (ords.empty()) {
        return out;
    }
    Candidates candidates = read_candidates(s, question, ords);
    if (candidates.empty()) {
        return out;
    }
    ById by_id;
    for (Candidate& c : candidates) {
        by_id[c.contact.value] = &c;
    }
    const CorpId corp = question.viewer.corp;
    read_follows(s, corp, candidates, by_id);
    read_opt_outs(s, corp, candidates, by_id);
    read_other_pushes(s, question, candidates, by_id);
    read_sent(s, question, candidates, by_id);
    std::set<std::string> in_slice;
    for (Candidate& c : candidates) {
        const bool duplicate = c.sender && (in_slice.contains(c.external_userid) ||
                                            in_push_already(s, question, c.external_userid));
        const std::string_view exclusion = exclusion_of(c, duplicate, question.cap.limit);
        if (!exclusion.empty()) {
            out.push_back({c.contact, exclusion, {}, {}, {}});
            continue;
        }
        in_slice.insert(c.external_userid);
        out.push_back(
            {c.contact, "", c.sender, std::move(c.sender_userid), std::move(c.external_userid)}
        );
    }
    return out;
}

}  // namespace leadbridge::crm
