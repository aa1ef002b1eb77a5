#include "crm/nurture/lead_query.h"

#include <algorithm>

#include "base/crypto.h"
#include "crm/nurture/contact_query_rows.h"
#include "crm/nurture/lead_frame.h"

namespace leadbridge::crm {

namespace {

constexpr std::size_t few_owners = 20;  // owners that get a walk each
constexpr std::int64_t look_at = 100'000;

// Nothing narrows beside status and owner.
bool of_stock(const LeadFind& find) {
    return find.contact.condition.empty() && find.contact.q.empty() && find.channel.empty() &&
           find.source.empty() && find.stage.empty();
}

}  // namespace

// What narrows beside status and owner.
void append_filters(SqlText& sql, const LeadFind& find) {
    if (!find.channel.empty()) {
        sql.add(" AND l.first_channel");
        append_in(sql, id_values(find.channel));
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

Result<LeadQueries::Frame> LeadQueries::frame(const Viewer& viewer, const LeadFind& find) const {
    Frame out;
    auto hash = contacts_.hash(viewer, find.contact);
    if (!hash) {
        return std::move(hash).error();
    }
    std::string asked = *hash;
    for (const auto& ids : {id_values(find.owner), id_values(find.channel), find.source}) {
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
        out.owners = id_values(find.owner);
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

Result<LeadCounts> LeadQueries::in_stock(const Viewer& viewer, const LeadFind& find) const {
    if (find.owner.empty() && !find.unowned) {
        return stock_.of(viewer);
    }
    std::vector<MemberId> owners = find.owner;
    if (find.unowned) {
        owners.emplace_back();
    }
    return stock_.of(viewer, owners);
}

// Of one status, whose first page is at hand.
Result<LeadTotal> LeadQueries::column_total(
    const Frame& frame, const Viewer& viewer, const LeadFind& find, const LeadQueryPage& page
) const {
    const auto shown = static_cast<std::int64_t>(page.items.size());
    if (!page.next) {
        return LeadTotal{shown, false};
    }
    if (!of_stock(find)) {
        return total_in(frame, viewer, find);
    }
    auto counts = in_stock(viewer, find);
    if (!counts) {
        return std::move(counts).error();
    }
    // The stock of a large company may be older than the page.
    const auto status = static_cast<std::size_t>(find.status.front());
    return LeadTotal{std::max((*counts)[status], shown + 1), false};
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
        auto total = column_total(*asked, viewer, column.find, *page);
        if (!total) {
            return std::move(total).error();
        }
        out.push_back({status, *total, std::move(*page)});
    }
    return out;
}

}  // namespace leadbridge::crm
