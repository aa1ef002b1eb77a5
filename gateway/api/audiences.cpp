// POST segments/overlap, GET tags/sync, POST pushes/estimate, GET pushes/{id}/members: what the
// pages of segments, tags and pushes ask for beside the resources themselves.

#include <algorithm>
#include <map>
#include <set>

#include "base/crypto.h"
#include "crm/nurture/contact_query.h"
#include "crm/nurture/push.h"
#include "crm/nurture/push_audience.h"
#include "crm/nurture/segment.h"
#include "crm/staff/viewer_scope.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t slice = 200;
constexpr std::int64_t most_looked_at = 20'000;

crm::ContactQueries contact_queries(const ApiServices& services) {
    return crm::ContactQueries(services.core, services.bitmaps, services.clock);
}

Result<crm::OrdSet> set_of(
    const ApiServices& services, const ApiRequest& request, const std::string& condition
) {
    auto set = contact_queries(services).select(request.viewer(), {condition, ""});
    return set ? std::move(set) : Result<crm::OrdSet>(at_condition(std::move(set).error()));
}

struct Estimate {
    std::string condition;
    std::string content_hash;
};

Result<Estimate> read_estimate(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return at_condition(std::move(body).error());
    }
    Estimate out;
    out.condition = body->raw("condition");
    const crm::SegmentId segment{body->id("segment_id")};
    if (segment == crm::SegmentId{} && out.condition.empty()) {
        body->fault("condition", "is required, or segment_id");
    } else if (segment && !out.condition.empty()) {
        body->fault("segment_id", "not together with condition");
    }
    if (body->has("content")) {
        auto content = crm::decode_content(body->raw("content"));
        if (!content) {
            return std::move(content).error();
        }
        out.content_hash = crypto::hex(crypto::sha256(crm::encode_content(*content)));
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    if (segment) {
        auto found = services.core.read<std::string>([&](Snapshot& s) -> Result<std::string> {
            const auto one = crm::SegmentStore::find(s, request.viewer(), segment);
            return one ? Result<std::string>(one->condition)
                       : Result<std::string>(not_found("segment"));
        });
        if (!found) {
            return std::move(found).error();
        }
        out.condition = std::move(*found);
    }
    return out;
}

struct SenderCount {
    std::string userid;
    std::int64_t recipients = 0;
};

json::array senders_json(Snapshot& s, CorpId corp, const std::map<crm::MemberId, SenderCount>& by) {
    std::vector<std::pair<crm::MemberId, SenderCount>> list(by.begin(), by.end());
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
        return a.second.recipients > b.second.recipients;
    });
    json::array out;
    for (const auto& [member, count] : list) {
        const auto name = s.one(
            "SELECT name FROM member WHERE corp_id = ? AND id = ?",
            {corp, member},
            [](const Row& row) { return row.str(0); }
        );
        out.push_back(json::object{
            {"member", member.str()},
            {"userid", count.userid},
            {"name", name.value_or("")},
            {"recipients", count.recipients}});
    }
    return out;
}

}  // namespace

Result<Response> overlap_segments(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return at_condition(std::move(body).error());
    }
    const std::string a = body->raw("a");
    const std::string b = body->raw("b");
    if (a.empty() || b.empty()) {
        body->fault(a.empty() ? "a" : "b", "is required");
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    auto first = set_of(services, request, a);
    if (!first) {
        return std::move(first).error();
    }
    auto second = set_of(services, request, b);
    if (!second) {
        return std::move(second).error();
    }
    crm::OrdSet both = *first;
    both &= *second;
    const auto n = static_cast<std::int64_t>(first->count());
    const auto m = static_cast<std::int64_t>(second->count());
    const auto shared = static_cast<std::int64_t>(both.count());
    return Response::json(
        200,
        to_text(json::object{
            {"a", n},
            {"b", m},
            {"both", shared},
            {"only_a", n - shared},
            {"only_b", m - shared},
            {"either", n + m - shared}})
    );
}

Result<Response> get_tag_sync(const ApiServices& services, const ApiRequest& request) {
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        const auto tags = [&](std::string_view and_that) {
            return s.number(
                "SELECT COUNT(*) FROM tag WHERE corp_id = ? AND kind = 2 AND deleted_ms = 0" +
                    std::string(and_that),
                {request.corp()}
            );
        };
        const auto marks = [&](std::string_view state) {
            return s.number(
                "SELECT COUNT(*) FROM job WHERE corp_id = ? AND queue = 'wecom.mark_tag' AND " +
                    std::string(state),
                {request.corp()}
            );
        };
        return Response::json(
            200,
            to_text(json::object{
                {"tags", tags("")},
                {"pending", tags(" AND sync = 1")},
                {"failed", tags(" AND sync = 2")},
                {"marks_waiting", marks("state = 0") + marks("state = 1")},
                {"marks_failed", marks("state = 3")}})
        );
    });
}

Result<Response> estimate_push(const ApiServices& services, const ApiRequest& request) {
    auto asked = read_estimate(services, request);
    if (!asked) {
        return std::move(asked).error();
    }
    auto audience = set_of(services, request, asked->condition);
    if (!audience) {
        return std::move(audience).error();
    }
    const auto corp = services.corp_directory.find(request.corp());
    if (corp == nullptr) {  // removed meanwhile
        return not_found("corp");
    }
    const crm::AudienceQuestion question{
        request.viewer(),
        crm::PushId{},
        asked->content_hash,
        crm::cap_window(corp->limits.push_cap, services.clock.now(), corp->time_zone)};
    std::map<std::string, std::int64_t> excluded;
    std::map<crm::MemberId, SenderCount> senders;
    std::set<std::string> people;  // the same person over two members
    std::int64_t recipients = 0;
    std::int64_t looked_at = 0;
    std::uint32_t from = 0;
    while (looked_at < most_looked_at) {
        const std::vector<std::uint32_t> ords = audience->from(from, slice);
        if (ords.empty()) {
            break;
        }
        from = ords.back() + 1;
        looked_at += static_cast<std::int64_t>(ords.size());
        auto read = services.core.read<int>([&](Snapshot& s) -> Result<int> {
            for (const crm::Decision& d : crm::decide_recipients(s, question, ords)) {
                if (!d.exclusion.empty()) {
                    excluded[std::string(d.exclusion)] += 1;
                } else if (!people.insert(d.external_userid).second) {
                    excluded["duplicate_person"] += 1;
                } else {
                    recipients += 1;
                    senders[d.sender].userid = d.sender_userid;
                    senders[d.sender].recipients += 1;
                }
            }
            return 0;
        });
        if (!read) {
            return std::move(read).error();
        }
    }
    json::object reasons;
    for (const auto& [reason, n] : excluded) {
        reasons[reason] = n;
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return Response::json(
            200,
            to_text(json::object{
                {"audience", audience->count()},
                {"recipients", recipients},
                {"excluded", std::move(reasons)},
                {"senders", senders_json(s, request.corp(), senders)},
                {"looked_at", looked_at}})
        );
    });
}

namespace {

struct MemberProgress {
    std::string userid;
    std::string name;
    UnixMillis confirmed = 0;
    std::map<std::string, std::int64_t> n;
};

// Where a recipient stands, in the words of PushCounts.
std::string_view standing(crm::RecipientState state, crm::Outcome outcome) {
    switch (outcome) {
        case crm::Outcome::delivered:
            return "delivered";
        case crm::Outcome::not_friend:
            return "not_friend";
        case crm::Outcome::capped:
            return "capped";
        case crm::Outcome::rejected:
            return "rejected";
        case crm::Outcome::cancelled:
            return "cancelled";
        case crm::Outcome::waiting:
        case crm::Outcome::none:
            break;
    }
    switch (state) {
        case crm::RecipientState::submitted:
            return "waiting";
        case crm::RecipientState::unknown:
        case crm::RecipientState::for_review:
            return "unknown";
        case crm::RecipientState::rejected:
            return "rejected";
        case crm::RecipientState::cancelled:
            return "cancelled";
        default:
            return "pending";
    }
}

}  // namespace

Result<Response> list_push_members(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::PushId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        if (!crm::PushStore::find(s, request.viewer(), *id)) {
            return not_found("push");
        }
        std::map<std::int64_t, MemberProgress> by_member;
        const crm::Clause sight = crm::member_clause(request.viewer(), "b.sender_id");
        std::vector<Param> params{request.corp(), *id};
        params.insert(params.end(), sight.params.begin(), sight.params.end());
        s.each(
            "SELECT b.sender_id, b.sender, COALESCE(m.name, ''), b.state, r.outcome, COUNT(*), "
            "MAX(b.confirmed_ms) FROM push_batch b JOIN push_recipient r ON r.corp_id = b.corp_id "
            "AND r.batch_id = b.id AND r.batch_id > 0 LEFT JOIN member m ON m.corp_id = b.corp_id "
            "AND m.id = b.sender_id WHERE b.corp_id = ? AND b.push_id = ?" +
                (sight.sql.empty() ? std::string() : " AND " + sight.sql) +
                " GROUP BY b.sender_id, b.sender, m.name, b.state, r.outcome",
            Params{params},
            [&](const Row& row) {
                MemberProgress& m = by_member[row.integer(0)];
                m.userid = row.str(1);
                m.name = row.str(2);
                m.confirmed = std::max(m.confirmed, row.integer(6));
                m.n[std::string(standing(
                    static_cast<crm::RecipientState>(row.integer(3)),
                    static_cast<crm::Outcome>(row.integer(4))
                ))] += row.integer(5);
                m.n["recipients"] += row.integer(5);
                return Visit::next;
            }
        );
        std::vector<std::pair<std::int64_t, MemberProgress>> list(
            by_member.begin(), by_member.end()
        );
        const auto waiting = [](const auto& one) {
            const auto at = one.second.n.find("waiting");
            return at == one.second.n.end() ? 0 : at->second;
        };
        std::stable_sort(list.begin(), list.end(), [&](const auto& a, const auto& b) {
            return waiting(a) > waiting(b);
        });
        return list_response(list, [](const auto& one) {
            const MemberProgress& m = one.second;
            json::object out{
                {"member",
                 one.first == 0 ? json::value(nullptr) : json::value(std::to_string(one.first))},
                {"userid", m.userid},
                {"name", m.name},
                {"confirmed", time_json(m.confirmed)}};
            for (const char* key :
                 {"recipients",
                  "pending",
                  "unknown",
                  "waiting",
                  "delivered",
                  "not_friend",
                  "capped",
                  "rejected",
                  "cancelled"}) {
                const auto at = m.n.find(key);
                out[key] = at == m.n.end() ? 0 : at->second;
            }
            return out;
        });
    });
}

}  // namespace leadbridge::gateway
