// One page of leads. Several walks of an index, one per status (and owner), go on together in the
// page's order, so that none is read further than the page reaches; only the page's rows are read
// whole.
#include <algorithm>

#include "crm/nurture/contact_query_rows.h"
#include "crm/nurture/lead_frame.h"

namespace leadbridge::crm {

namespace {

constexpr std::size_t batch = 200;
constexpr std::uint64_t few = 2'000;  // contacts whose leads are all looked at in any case
// A lead of an index, with its contact, costs as much as a look at so many of a set in memory.
constexpr std::uint64_t looks_per_row = 400;

constexpr std::string_view whole_row =
    "SELECT l.id, l.corp_id, l.contact_id, c.name, l.status, l.stage, l.owner, l.first_kind, "
    "l.first_channel, l.first_source, l.first_raw, l.last_kind, l.last_channel, l.last_source, "
    "l.last_raw, l.opened_ms, l.last_ms, l.closed_ms, l.reason, l.linked, l.version, c.avatar, "
    "COALESCE(m.name, '') FROM lead l JOIN contact c ON c.corp_id = l.corp_id AND c.id = "
    "l.contact_id LEFT JOIN member m ON m.corp_id = l.corp_id AND m.id = l.owner";

LeadQueryRow read(const Row& row) {
    LeadQueryRow out;
    Lead& l = out.lead;
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
    out.contact_avatar = row.str(21);
    out.owner_name = row.str(22);
    return out;
}

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

    bool operator()(const LeadPosition& x, const LeadPosition& y) const {
        const bool less = x.last_ms != y.last_ms ? x.last_ms < y.last_ms : x.id < y.id;
        return down ? !less && x.id != y.id : less;
    }
};

struct Walk {
    LeadStatus status;
    std::int64_t owner;
    std::optional<LeadPosition> at;  // read to here
    bool over = false;
};

}  // namespace

// Where the leads of one page stand, found in one snapshot.
class LeadQueries::PageFinder {
public:
    // among: whose leads alone can be on the page, when that is known.
    PageFinder(
        const Frame& frame,
        const std::optional<OrdSet>& among,
        const Viewer& viewer,
        const LeadPageQuery& query,
        std::size_t limit
    )
        : frame_(frame),
          among_(among),
          viewer_(viewer),
          query_(query),
          order_{query.sort == LeadSort::last_touch, query.order == SortOrder::descending},
          limit_(limit),
          filtered_(
              frame.contacts || !query.find.channel.empty() || !query.find.source.empty() ||
              !query.find.stage.empty()
          ) {}

    // Of which contacts the leads touched last are wanted before all others.
    std::optional<TouchWalk> touched_first() const {
        if (!among_ || !order_.by_touch || !order_.down) {
            return std::nullopt;
        }
        const std::uint64_t wanted = among_->count();
        if (wanted <= batch ||
            wanted * wanted > all_contacts(*among_) * (limit_ + 1) * looks_per_row) {
            return std::nullopt;
        }
        TouchWalk walk{TouchOf::newest_lead, true, {}, few};
        if (query_.after) {
            walk.from = query_.after->last_ms;
        }
        return walk;
    }

    // In order, one more than the page holds when there are more. touched: what touched_first()
    // asks for.
    std::vector<LeadPosition> find(
        Snapshot& s, const std::optional<std::vector<TouchedOrd>>& touched
    ) {
        found_.clear();
        examined_ = 0;
        const bool done = touched && of_touched(s, *touched);
        if (!done && frame_.contacts && cheaper_by_contact()) {
            of_contacts(
                s, frame_.contacts->from(0, static_cast<std::size_t>(frame_.contacts->count()))
            );
        } else if (!done) {
            walk_together(s);
        }
        std::sort(found_.begin(), found_.end(), order_);
        found_.resize(std::min(found_.size(), limit_ + 1));
        return found_;
    }

    std::vector<LeadQueryRow> rows(Snapshot& s, const std::vector<LeadPosition>& at) const {
        if (at.empty()) {
            return {};
        }
        SqlText sql;
        sql.add(whole_row).add(" WHERE l.corp_id = ?").bind(viewer_.corp.value);
        std::vector<std::int64_t> ids;
        for (const LeadPosition& one : at) {
            ids.push_back(one.id);
        }
        sql.add(" AND l.id");
        append_in(sql, ids);
        auto out = s.all(sql.sql(), sql.params(), read);
        std::sort(out.begin(), out.end(), [&](const LeadQueryRow& a, const LeadQueryRow& b) {
            return order_(position(a.lead), position(b.lead));
        });
        return out;
    }

    std::int64_t examined() const noexcept { return examined_; }

private:
    LeadPosition position(const Lead& lead) const {
        return {order_.by_touch ? lead.last_ms : 0, lead.id.value};
    }

    // id, touch, ordinal of the contact, whether the filters keep it
    SqlText select() const {
        SqlText sql;
        sql.add("SELECT l.id, ").add(order_.by_touch ? "l.last_ms, " : "0, ");
        sql.add(frame_.contacts ? "c.ord, " : "0, ").add("CASE WHEN 1 = 1");
        append_filters(sql, query_.find);
        sql.add(" THEN 1 ELSE 0 END");
        return sql;
    }

    // Adds what one statement finds; how many rows it gave, and the last of them.
    std::pair<std::size_t, std::optional<LeadPosition>> take(Snapshot& s, const SqlText& sql) {
        std::pair<std::size_t, std::optional<LeadPosition>> out;
        s.each(sql.sql(), sql.params(), [&](const Row& row) {
            const LeadPosition at{row.integer(1), row.integer(0)};
            out = {out.first + 1, at};
            if (row.flag(3) && frame_.among(static_cast<std::uint32_t>(row.integer(2)))) {
                found_.push_back(at);
            }
            return Visit::next;
        });
        examined_ += static_cast<std::int64_t>(out.first);
        return out;
    }

    void step(Snapshot& s, Walk& walk) {
        SqlText sql = select();
        sql.add(" FROM lead l");
        if (frame_.contacts) {
            sql.add(" JOIN contact c ON c.corp_id = l.corp_id AND c.id = l.contact_id");
        }
        frame_.append_place(sql, viewer_.corp, walk.status, walk.owner);
        order_.then_after(sql, walk.at);
        order_.then_order(sql);
        const std::size_t rows = filtered_ ? batch : std::min(batch, limit_ + 1);
        sql.add(" LIMIT ?").bind(static_cast<std::int64_t>(rows));
        const auto [n, last] = take(s, sql);
        walk.over = n < rows;
        walk.at = last ? last : walk.at;
    }

    // Whether the page is full with what stands before everything not yet read.
    bool reaches(const Walk& behind) const {
        const auto before = [&](const LeadPosition& one) { return !order_(*behind.at, one); };
        return static_cast<std::size_t>(std::count_if(found_.begin(), found_.end(), before)) >
               limit_;
    }

    void walk_together(Snapshot& s) {
        std::vector<Walk> walks;
        for (const LeadStatus status : statuses(query_.find)) {
            for (const std::int64_t owner : frame_.walks()) {
                walks.push_back({status, owner, query_.after});
                step(s, walks.back());
            }
        }
        while (true) {
            Walk* behind = nullptr;
            for (Walk& walk : walks) {
                if (!walk.over && (behind == nullptr || order_(*walk.at, *behind->at))) {
                    behind = &walk;
                }
            }
            if (behind == nullptr || reaches(*behind)) {
                return;
            }
            step(s, *behind);
        }
    }

    // A walk finds one of n wanted among N in every N/n leads; the other way round reads n.
    bool cheaper_by_contact() const {
        const std::uint64_t wanted = frame_.contacts->count();
        if (wanted <= few) {
            return true;
        }
        return wanted * wanted <= all_contacts(*frame_.contacts) * (limit_ + 1);
    }

    // At most; of a set that is not empty.
    static std::uint64_t all_contacts(const OrdSet& some) {
        return some.down_from(UINT32_MAX, 1).front() + 1ULL;
    }

    // Whether the page is full with what was touched later than anything not yet read.
    bool reaches(const TouchedOrd& next) const {
        const auto later = [&](const LeadPosition& one) {
            return one.last_ms / 1'000 > next.second;
        };
        return static_cast<std::size_t>(std::count_if(found_.begin(), found_.end(), later)) >
               limit_;
    }

    // false: these contacts do not fill the page, others might.
    bool of_touched(Snapshot& s, const std::vector<TouchedOrd>& touched) {
        if (touched.size() > 2 * few) {
            return false;  // very many in one second
        }
        std::vector<std::uint32_t> ords;
        for (std::size_t at = 0; at < touched.size(); at += ords.size()) {
            if (reaches(touched[at])) {
                return true;
            }
            ords.clear();
            for (std::size_t i = at; i < std::min(touched.size(), at + limit_ + 1); ++i) {
                ords.push_back(touched[i].ord);
            }
            of_contacts(s, ords);
        }
        if (touched.size() < few) {
            return true;  // there are no others
        }
        found_.clear();
        return false;
    }

    // The other way round: every lead of the contacts.
    void of_contacts(Snapshot& s, const std::vector<std::uint32_t>& ords) {
        std::vector<std::int64_t> wanted;
        for (const LeadStatus status : statuses(query_.find)) {
            wanted.push_back(static_cast<std::int64_t>(status));
        }
        for (std::size_t from = 0; from < ords.size(); from += batch) {
            SqlText sql = select();
            sql.add(
                " FROM contact c CROSS JOIN lead l WHERE l.corp_id = c.corp_id AND l.contact_id = "
                "c.id AND c.corp_id = ? AND c.ord"
            );
            sql.bind(viewer_.corp.value);
            const auto first = ords.begin() + static_cast<std::ptrdiff_t>(from);
            const auto last =
                ords.begin() + static_cast<std::ptrdiff_t>(std::min(ords.size(), from + batch));
            append_in(sql, std::vector<std::uint32_t>(first, last));
            sql.add(" AND l.status");
            append_in(sql, wanted);
            if (frame_.owners) {
                sql.add(" AND l.owner");
                append_in(sql, *frame_.owners);
            }
            append_clause(sql, frame_.sight);
            order_.then_after(sql, query_.after);
            (void)take(s, sql);
        }
    }

    const Frame& frame_;
    const std::optional<OrdSet>& among_;
    const Viewer& viewer_;
    const LeadPageQuery& query_;
    Order order_;
    std::size_t limit_;
    bool filtered_;  // a row read may be one that is not asked for
    std::vector<LeadPosition> found_;
    std::int64_t examined_ = 0;
};

Result<LeadQueryPage> LeadQueries::page_in(
    const Frame& frame, const Viewer& viewer, const LeadPageQuery& query
) const {
    LeadQueryPage out;
    out.hash = frame.hash;
    const auto limit = static_cast<std::size_t>(std::clamp(query.limit, 1, 200));
    std::optional<OrdSet> among = frame.contacts;
    if (!query.find.channel.empty()) {
        OrdSet came = bitmaps_.of_channels(viewer.corp, id_values(query.find.channel));
        if (among) {
            came &= *among;
        }
        among = std::move(came);
    }
    PageFinder finder(frame, among, viewer, query, limit);
    std::optional<std::vector<TouchedOrd>> touched;
    if (const auto walk = finder.touched_first()) {
        touched = bitmaps_.nearest(viewer.corp, *among, *walk);
    }
    auto done = core_.read<int>([&](Snapshot& s) -> Result<int> {
        std::vector<LeadPosition> found = finder.find(s, touched);
        out.next.reset();
        if (found.size() > limit) {
            found.pop_back();
            out.next = found.back();
        }
        out.items = finder.rows(s, found);
        return 0;
    });
    if (!done) {
        return std::move(done).error();
    }
    out.examined = finder.examined();
    return out;
}

}  // namespace leadbridge::crm
