// Lists of contacts by a filter, newest first.

#include <algorithm>
#include <functional>
#include <iterator>
#include <span>

#include "crm/contacts/contact.h"
#include "crm/contacts/contact_rows.h"
#include "crm/contacts/contact_text.h"
#include "crm/staff/query.h"

namespace leadbridge::crm {
namespace {

// Everything of the filter but q.
void narrow(Query& query, const Viewer& viewer, const ContactFilter& filter) {
    query.where("c.corp_id = ? AND c.merged_into = 0", {viewer.corp});
    query.where(contact_clause(viewer, "c.id", "c.owner"));
    if (filter.tag) {
        query.where(
            "EXISTS (SELECT 1 FROM contact_tag ct WHERE ct.corp_id = ? AND ct.contact_id = c.id "
            "AND ct.tag_id = ?)",
            {viewer.corp, *filter.tag}
        );
    }
    if (filter.owner) {
        query.where("c.owner = ?", {*filter.owner});
    }
    if (filter.channel) {
        query.where(
            "EXISTS (SELECT 1 FROM follow cf WHERE cf.corp_id = ? AND cf.contact_id = c.id AND "
            "cf.channel_id = ?)",
            {viewer.corp, *filter.channel}
        );
    }
    if (!filter.stage.empty()) {
        query.where("c.stage = ?", {filter.stage});
    }
}

void among(Query& query, std::span<const std::uint32_t> ords) {
    Clause clause{ords.empty() ? "1 = 0" : "c.ord IN (", {}};
    for (const std::uint32_t ord : ords) {
        clause.sql += clause.params.empty() ? "?" : ",?";
        clause.params.push_back(ord);
    }
    clause.sql += ords.empty() ? "" : ")";
    query.where(clause);
}

// The text itself, row by row.
void match_text(Query& query, CorpId corp, std::string_view q) {
    std::string pattern = "%";
    for (const char c : q) {
        if (c == '%' || c == '_' || c == '\\') {
            pattern.push_back('\\');
        }
        pattern.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    pattern.push_back('%');
    // An identity is looked for in every form that q could mean.
    const auto form = [&](IdentityKind kind) {
        const Result<Identity> identity = normalise({kind, std::string(q)});
        return query.keep(identity ? identity->value : std::string(q));
    };
    query.where(
        "(lower(c.name) LIKE ? ESCAPE '\\' OR EXISTS (SELECT 1 FROM identity ci WHERE ci.corp_id = "
        "? AND "
        "ci.contact_id = c.id "
        "AND ci.value IN (?, ?, ?)))",
        {query.keep(std::move(pattern)),
         corp,
         query.keep(std::string(q)),
         form(IdentityKind::phone),
         form(IdentityKind::email)}
    );
}

// A page of those of `ords` that the filter finds, newest first: ordinals are given in the order in
// which contacts come. Looks at few of them at a time.
PageOf<Contact> page_among(
    Snapshot& s,
    const Viewer& viewer,
    const ContactFilter& filter,
    const Page& page,
    std::vector<std::uint32_t> ords
) {
    constexpr std::size_t most_at_once = 500;
    std::ranges::sort(ords, std::greater());
    ords.erase(std::unique(ords.begin(), ords.end()), ords.end());
    const auto limit = static_cast<std::size_t>(page_limit(page));
    PageOf<Contact> out;
    auto from = ords.begin();
    bool unknown = false;  // where the page before ended
    if (page.before > 0) {
        const auto at = s.one(
            "SELECT ord FROM contact WHERE corp_id = ? AND id = ?",
            {viewer.corp, page.before},
            [](const Row& row) { return row.integer(0); }
        );
        unknown = !at;
        from = at ? std::ranges::lower_bound(ords, *at - 1, std::greater()) : from;
    }
    for (std::size_t n = limit + 1; from != ords.end() && out.items.size() <= limit;) {
        const auto some = std::min(n, static_cast<std::size_t>(ords.end() - from));
        Query query(contact_columns);
        narrow(query, viewer, filter);
        among(query, {from, some});
        match_text(query, viewer.corp, filter.q);
        if (unknown) {
            query.where("+c.id < ?", {page.before});
        }
        query.then(" ORDER BY c.ord DESC");
        std::ranges::move(query.all(s, read_contact), std::back_inserter(out.items));
        from += static_cast<std::ptrdiff_t>(some);
        n = std::min(n * 4, most_at_once);
    }
    if (out.items.size() > limit) {
        out.items.resize(limit);
        out.next = out.items.back().id.value;
    }
    return out;
}

}  // namespace

bool search_contacts(Query& query, Snapshot& s, CorpId corp, std::string_view q) {
    if (q.empty()) {
        return false;
    }
    constexpr std::size_t few = 2'000;
    const auto ords = ords_by_text(s, corp, q, few);
    if (ords) {
        among(query, *ords);
    }
    match_text(query, corp, q);
    return ords.has_value();
}

PageOf<Contact> list_contacts(
    Snapshot& s, const Viewer& viewer, const ContactFilter& filter, const Page& page
) {
    // A text that more have is met soon on the way of the order.
    constexpr std::size_t common = 10'000;
    if (!filter.q.empty()) {
        if (auto ords = ords_by_text(s, viewer.corp, filter.q, common)) {
            return page_among(s, viewer, filter, page, std::move(*ords));
        }
    }
    Query query(contact_columns);
    narrow(query, viewer, filter);
    if (!filter.q.empty()) {
        match_text(query, viewer.corp, filter.q);
    }
    return page_of(s, query, "c.id", page, read_contact, [](const Contact& c) {
        return c.id.value;
    });
}

std::int64_t count_contacts(Snapshot& s, const Viewer& viewer, const ContactFilter& filter) {
    Query query("SELECT COUNT(*) FROM contact c");
    narrow(query, viewer, filter);
    (void)search_contacts(query, s, viewer.corp, filter.q);
    return query.number(s);
}

}  // namespace leadbridge::crm
