#include "crm/nurture/lead_query.h"

#include <algorithm>

#include "base/crypto.h"
#include "crm/nurture/contact_query_rows.h"

namespace leadbridge::crm {

namespace {

constexpr std::size_t batch = 200;
constexpr std::uint64_t few = 2'000;    // contacts whose leads are all read and sorted
constexpr std::size_t few_owners = 20;  // owners that get a walk each
constexpr std::int64_t look_at = 100'000;

constexpr std::string_view columns =
    "l.id, l.corp_id, l.contact_id, c.name, l.status, l.stage, l.owner, l.first_kind, "
    "l.first_channel, l.first_source, l.first_raw, l.last_kind, l.last_channel, l.last_source, "
    "l.last_raw, l.opened_ms, l.last_ms, l.closed_ms, l.reason, l.linked, l.version, c.avatar, "
    "COALESCE(m.name, ''), c.ord";
constexpr std::string_view tables =
    " FROM lead l JOIN contact c ON c.corp_id = l.corp_id AND c.id = l.contact_id LEFT JOIN member "
    "m ON m.corp_id = l.corp_id AND m.id = l.owner";

// The same from a few contacts on, whose leads then follow.
constexpr std::string_view tables_of_contacts =
    " FROM contact c CROSS JOIN lead l LEFT JOIN member m ON m.corp_id = l.corp_id AND m.id = "
    "l.owner WHERE l.corp_id = c.corp_id AND l.contact_id = c.id AND";

struct Found {
    LeadQueryRow row;
    std::uint32_t ord = 0;
};

Found read(const Row& row) {
    Found out;
    Lead& l = out.row.lead;
    l.id = row.id<LeadId>(0);
    l.corp = row.id<CorpId>(1);
    l.contact = row.id<ContactId>(2);
    l.contact_name = row.str(3);
    l.status = static_cast<LeadStatus>(row.integer(4));
    l.stage = row.str(5);
    l.owner = row.id<MemberId>(6);
    l.first_source = {row.str(7), row.id<ChannelId>(8), row.integer(9), row.str(10)};
    l.last_source = {row.str(11), row.id<ChannelId>(12), row.integer(13), row.str(14)};
    l.opened_ms = row.integer(15);
    l.last_ms = row.integer(16);
    l.closed_ms = row.integer(17);
    l.reason = row.str(18);
    l.linked = row.id<LeadId>(19);
    l.version = row.integer(20);
    out.row.contact_avatar = row.str(21);
    out.row.owner_name = row.str(22);
    out.ord = static_cast<std::uint32_t>(row.integer(23));
    return out;
}

template <class I>
std::vector<std::int64_t> values(const std::vector<I>& ids) {
    std::vector<std::int64_t> out;
    for (const I& id : ids) {
        out.push_back(id.value);
    }
    return out;
}

// What narrows beside status and owner.
void append_filters(SqlText& sql, const LeadFind& find) {
    if (!find.channel.empty()) {
        sql.add(" AND l.first_channel");
        append_in(sql, values(find.channel));
    }
    if (!find.source.empty()) {
        sql.add(" AND l.first_source");
        append_in(sql, find.source);
    }
    if (!find.stage.empty()) {
        sql.add(" AND l.stage IN (");
        for (std::size_t i = 0; i < find.stage.size(); ++i) {
            sql.add(i == 0 ? "?" : ",?").bind(find.stage[i]);
        }
        sql.add(")");
    }
}

std::vector<LeadStatus> statuses(const LeadFind& find) {
    if (!find.status.empty()) {
        return find.status;
    }
    return {
        LeadStatus::unassigned,
        LeadStatus::fresh,
        LeadStatus::following,
        LeadStatus::converted,
        LeadStatus::invalid};
}

}  // namespace

// The question, as far as it is the same for every page and count of one call.
struct LeadQueries::Frame {
    std::string hash;
    std::optional<OrdSet> contacts;                   // absent: any
    std::optional<std::vector<std::int64_t>> owners;  // absent: any in sight
    Clause sight;  // when owners say less than the viewer's scope

    bool among(std::uint32_t ord) const { return !contacts || contacts->contains(ord); }

    // One status, and one owner when they are walked apart.
    void append_place(SqlText& sql, CorpId corp, LeadStatus status, std::int64_t owner) const {
        sql.add(" WHERE l.corp_id = ? AND l.status = ?").bind(corp.value);
        sql.bind(static_cast<std::int64_t>(status));
        if (owners) {
            sql.add(" AND l.owner = ?").bind(owner);
        }
        append_clause(sql, sight);
    }

    std::vector<std::int64_t> walks() const {
        return owners ? *owners : std::vector<std::int64_t>{-1};
    }
};

Result<LeadQueries::Frame> LeadQueries::frame(const Viewer& viewer, const LeadFind& find) const {
    Frame out;
    auto hash = contacts_.hash(viewer, find.contact);
    if (!hash) {
        return std::move(hash).error();
    }
    std::string asked = *hash;
    for (const auto& ids : {values(find.owner), values(find.channel), find.source}) {
        asked += "|";
        for (const std::int64_t id : ids) {
            asked += std::to_string(id) + ",";
        }
    }
    for (const std::string& stage : find.stage) {
        asked += "|" + stage;
    }
    for (const LeadStatus status : find.status) {
        asked += "|" + std::string(to_string(status));
    }
    asked += find.unowned ? "|unowned" : "";
    out.hash = crypto::hex(crypto::sha256(asked)).substr(0, 32);
    if (!find.contact.condition.empty() || !find.contact.q.empty()) {
        auto set = contacts_.select(Viewer::daemon(viewer.corp), find.contact);
        if (!set) {
            return std::move(set).error();
        }
        out.contacts = std::move(*set);
    }
    out.sight = lead_clause(viewer);
    if (!find.owner.empty() || find.unowned) {
        out.owners = values(find.owner);
        if (find.unowned) {
            out.owners->push_back(0);
        }
    } else if (viewer.scope == Scope::self && viewer.member) {
        out.owners = std::vector<std::int64_t>{viewer.member.value, 0};
    } else if (const Clause members = member_clause(viewer, "m.id"); !members.sql.empty()) {
        SqlText sql;
        sql.add("SELECT m.id FROM member m WHERE m.corp_id = ?").bind(viewer.corp.value);
        append_clause(sql, members);
        auto ids = core_.read<std::vector<std::int64_t>>([&](Snapshot& s) {
            return Result<std::vector<std::int64_t>>(
                s.all(sql.sql(), sql.params(), [](const Row& row) { return row.integer(0); })
            );
        });
        if (ids && ids->size() < few_owners) {
            ids->push_back(0);
            out.owners = std::move(*ids);
        }
    }
    if (out.owners) {
        std::sort(out.owners->begin(), out.owners->end());
        out.owners->erase(std::unique(out.owners->begin(), out.owners->end()), out.owners->end());
    }
    return out;
}

namespace {

// The order of a page as SQL and as a comparison.
struct Order {
    bool by_touch;
    bool down;

    void then_after(SqlText& sql, const std::optional<LeadPosition>& after) const {
        if (!after) {
            return;
        }
        if (by_touch) {
            sql.add(down ? " AND (l.last_ms, l.id) < (?, ?)" : " AND (l.last_ms, l.id) > (?, ?)");
            sql.bind(after->last_ms).bind(after->id);
        } else {
            sql.add(down ? " AND l.id < ?" : " AND l.id > ?").bind(after->id);
        }
    }

    void then_order(SqlText& sql) const {
        const std::string direction = down ? " DESC" : "";
        sql.add(" ORDER BY ");
        if (by_touch) {
            sql.add("l.last_ms" + direction + ", ");
        }
        sql.add("l.id" + direction);
    }

    LeadPosition of(const Lead& lead) const { return {by_touch ? lead.last_ms : 0, lead.id.value}; }

    bool operator()(const Found& a, const Found& b) const {
        const LeadPosition x = of(a.row.lead);
        const LeadPosition y = of(b.row.lead);
        const bool less = x.last_ms != y.last_ms ? x.last_ms < y.last_ms : x.id < y.id;
        return down ? !less && x.id != y.id : less;
    }
};

}  // namespace

Result<LeadQueryPage> LeadQueries::page_in(
    const Frame& frame, const Viewer& viewer, const LeadPageQuery& query
) const {
    LeadQueryPage out;
    out.hash = frame.hash;
    const Order order{query.sort == LeadSort::last_touch, query.order == SortOrder::descending};
    const auto limit = static_cast<std::size_t>(std::clamp(query.limit, 1, 200));
    std::vector<Found> found;
    // Adds what one statement finds; says where it ended, nullopt when it had no more.
    const auto take = [&](Snapshot& s, const SqlText& sql) {
        std::optional<LeadPosition> last;
        std::size_t n = 0;
        s.each(sql.sql(), sql.params(), [&](const Row& row) {
            Found one = read(row);
            n += 1;
            last = order.of(one.row.lead);
            if (frame.among(one.ord)) {
                found.push_back(std::move(one));
            }
            return Visit::next;
        });
        out.examined += static_cast<std::int64_t>(n);
        return n < batch ? std::nullopt : last;
    };
    const auto walk = [&](Snapshot& s, LeadStatus status, std::int64_t owner) {
        const std::size_t had = found.size();
        std::optional<LeadPosition> at = query.after;
        do {
            SqlText sql;
            sql.add("SELECT ").add(columns).add(tables);
            frame.append_place(sql, viewer.corp, status, owner);
            append_filters(sql, query.find);
            order.then_after(sql, at);
            order.then_order(sql);
            sql.add(" LIMIT ?")
                .bind(static_cast<std::int64_t>(frame.contacts ? batch : std::min(batch, limit + 1))
                );
            at = take(s, sql);
        } while (at && found.size() - had <= limit);
    };
    const auto of_contacts = [&](Snapshot& s) {
        const std::vector<std::uint32_t> ords = frame.contacts->from(0, few);
        for (std::size_t from = 0; from < ords.size(); from += batch) {
            SqlText sql;
            sql.add("SELECT ").add(columns).add(tables_of_contacts);
            sql.add(" c.corp_id = ? AND c.ord").bind(viewer.corp.value);
            append_in(
                sql,
                std::vector<std::uint32_t>(
                    ords.begin() + static_cast<std::ptrdiff_t>(from),
                    ords.begin() + static_cast<std::ptrdiff_t>(std::min(ords.size(), from + batch))
                )
            );
            std::vector<std::int64_t> wanted;
            for (const LeadStatus status : statuses(query.find)) {
                wanted.push_back(static_cast<std::int64_t>(status));
            }
            sql.add(" AND l.status");
            append_in(sql, wanted);
            if (frame.owners) {
                sql.add(" AND l.owner");
                append_in(sql, *frame.owners);
            }
            append_clause(sql, frame.sight);
            append_filters(sql, query.find);
            order.then_after(sql, query.after);
            (void)take(s, sql);
        }
    };
    auto done = core_.read<int>([&](Snapshot& s) -> Result<int> {
        found.clear();
        if (frame.contacts && frame.contacts->count() <= few) {
            of_contacts(s);
            return 0;
        }
        for (const LeadStatus status : statuses(query.find)) {
            for (const std::int64_t owner : frame.walks()) {
                walk(s, status, owner);
            }
        }
        return 0;
    });
    if (!done) {
        return std::move(done).error();
    }
    std::sort(found.begin(), found.end(), order);
    if (found.size() > limit) {
        found.resize(limit);
        out.next = order.of(found.back().row.lead);
    }
    for (Found& one : found) {
        out.items.push_back(std::move(one.row));
    }
    return out;
}

Result<LeadTotal> LeadQueries::total_in(
    const Frame& frame, const Viewer& viewer, const LeadFind& find
) const {
    LeadTotal out;
    auto done = core_.read<int>([&](Snapshot& s) -> Result<int> {
        out = {};
        std::int64_t looked = 0;
        const auto add = [&](std::int64_t n) {
            out.value += n;
            out.at_least = out.value > lead_count_cap || looked > look_at;
            return out.at_least ? Visit::stop : Visit::next;
        };
        for (const LeadStatus status : statuses(find)) {
            for (const std::int64_t owner : frame.walks()) {
                SqlText sql;
                sql.add(
                    frame.contacts ? "SELECT c.ord FROM lead l JOIN contact c ON c.corp_id = "
                                     "l.corp_id AND c.id = l.contact_id"
                                   : "SELECT COUNT(*) FROM (SELECT 1 FROM lead l"
                );
                frame.append_place(sql, viewer.corp, status, owner);
                append_filters(sql, find);
                if (!frame.contacts) {
                    sql.add(" LIMIT ?) few").bind(lead_count_cap + 1);
                }
                s.each(sql.sql(), sql.params(), [&](const Row& row) {
                    looked += 1;
                    const std::int64_t value = row.integer(0);
                    return add(
                        !frame.contacts                                  ? value
                        : frame.among(static_cast<std::uint32_t>(value)) ? 1
                                                                         : 0
                    );
                });
                if (out.at_least) {
                    out.value = std::min(out.value, lead_count_cap);
                    return 0;
                }
            }
        }
        return 0;
    });
    return done ? Result<LeadTotal>(out) : Result<LeadTotal>(std::move(done).error());
}

Result<LeadQueryPage> LeadQueries::page(const Viewer& viewer, const LeadPageQuery& query) const {
    auto asked = frame(viewer, query.find);
    return asked ? page_in(*asked, viewer, query) : Result<LeadQueryPage>(std::move(asked).error());
}

Result<LeadTotal> LeadQueries::total(const Viewer& viewer, const LeadFind& find) const {
    auto asked = frame(viewer, find);
    return asked ? total_in(*asked, viewer, find) : Result<LeadTotal>(std::move(asked).error());
}

Result<std::vector<LeadColumn>> LeadQueries::board(
    const Viewer& viewer, const LeadFind& find, int cards
) const {
    LeadPageQuery query;
    query.find = find;
    query.find.status.clear();
    query.limit = cards;
    auto asked = frame(viewer, query.find);
    if (!asked) {
        return std::move(asked).error();
    }
    std::vector<LeadColumn> out;
    for (const LeadStatus status : statuses(query.find)) {
        LeadPageQuery column = query;
        column.find.status = {status};
        auto page = page_in(*asked, viewer, column);
        if (!page) {
            return std::move(page).error();
        }
        auto total = total_in(*asked, viewer, column.find);
        if (!total) {
            return std::move(total).error();
        }
        out.push_back({status, *total, std::move(*page)});
    }
    return out;
}

}  // namespace leadbridge::crm
