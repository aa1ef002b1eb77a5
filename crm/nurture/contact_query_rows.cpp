#include "crm/nurture/contact_query_rows.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace leadbridge::crm {

namespace {

constexpr std::size_t chunk = 500;

std::string like_anywhere(const std::string& text) {
    std::string out = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '\\') {
            out += '\\';
        }
        out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out + "%";
}

using ByContact = std::unordered_map<std::int64_t, ContactRow*>;

SqlText over_contacts(std::string_view select, CorpId corp, const std::vector<std::int64_t>& ids) {
    SqlText sql;
    sql.add(select).add(" WHERE x.corp_id = ? AND x.contact_id").bind(corp.value);
    append_in(sql, ids);
    return sql;
}

void add_tags(
    Snapshot& s, CorpId corp, const std::vector<std::int64_t>& ids, const ByContact& rows
) {
    SqlText sql = over_contacts("SELECT x.contact_id, x.tag_id FROM contact_tag x", corp, ids);
    sql.add(" ORDER BY x.contact_id, x.tag_id");
    s.each(sql.sql(), sql.params(), [&](const Row& row) {
        rows.at(row.integer(0))->tags.push_back(row.id<TagId>(1));
        return Visit::next;
    });
}

// Of the friendships the viewer sees: his own first, then the owner's, then the newest.
void add_remarks(
    Snapshot& s, const Viewer& viewer, const std::vector<std::int64_t>& ids, const ByContact& rows
) {
    SqlText sql = over_contacts(
        "SELECT x.contact_id, x.member_id, x.remark, x.live, x.added_ms FROM follow x",
        viewer.corp,
        ids
    );
    std::unordered_map<std::int64_t, std::pair<int, std::int64_t>> best;
    append_clause(sql, member_clause(viewer, "x.member_id"));
    s.each(sql.sql(), sql.params(), [&](const Row& row) {
        ContactRow& to = *rows.at(row.integer(0));
        to.is_friend = to.is_friend || row.flag(3);
        if (row.text(2).empty()) {
            return Visit::next;
        }
        const auto member = row.id<MemberId>(1);
        const int nearness = viewer.member && member == viewer.member ? 2
                             : member == to.contact.owner             ? 1
                                                                      : 0;
        const std::pair rank{nearness, row.integer(4)};
        const auto at = best.find(row.integer(0));
        if (at == best.end() || at->second < rank) {
            best[row.integer(0)] = rank;
            to.remark = row.str(2);
        }
        return Visit::next;
    });
}

void add_owner_names(Snapshot& s, CorpId corp, std::vector<ContactRow>& rows) {
    std::vector<std::int64_t> owners;
    for (const ContactRow& row : rows) {
        if (row.contact.owner) {
            owners.push_back(row.contact.owner.value);
        }
    }
    std::sort(owners.begin(), owners.end());
    owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
    if (owners.empty()) {
        return;
    }
    SqlText sql;
    sql.add("SELECT id, name FROM member WHERE corp_id = ? AND id").bind(corp.value);
    append_in(sql, owners);
    std::unordered_map<std::int64_t, std::string> names;
    s.each(sql.sql(), sql.params(), [&](const Row& row) {
        names[row.integer(0)] = row.str(1);
        return Visit::next;
    });
    for (ContactRow& row : rows) {
        if (const auto at = names.find(row.contact.owner.value); at != names.end()) {
            row.owner_name = at->second;
        }
    }
}

}  // namespace

const std::string_view contact_row_columns =
    "c.id, c.corp_id, c.ord, c.name, c.avatar, c.type, c.gender, c.position, c.company, c.owner, "
    "c.stage, c.last_ms, c.created_ms, c.version, c.merged_into";

Contact read_contact_row(const Row& row) {
    Contact c;
    c.id = row.id<ContactId>(0);
    c.corp = row.id<CorpId>(1);
    c.ord = row.integer(2);
    c.name = row.str(3);
    c.avatar = row.str(4);
    c.type = static_cast<int>(row.integer(5));
    c.gender = static_cast<int>(row.integer(6));
    c.position = row.str(7);
    c.company = row.str(8);
    c.owner = row.id<MemberId>(9);
    c.stage = row.str(10);
    c.last_ms = row.integer(11);
    c.created_ms = row.integer(12);
    c.version = row.integer(13);
    c.merged_into = row.id<ContactId>(14);
    return c;
}

void append_search(SqlText& sql, const Viewer& viewer, const std::string& q) {
    const std::int64_t corp = viewer.corp.value;
    const auto form = [&](IdentityKind kind) {
        const Result<Identity> identity = normalise({kind, q});
        return identity ? identity->value : q;
    };
    const std::string like = like_anywhere(q);
    sql.add(" AND (lower(c.name) LIKE ? ESCAPE '\\' OR EXISTS (SELECT 1 FROM follow qf WHERE ")
        .bind(like)
        .add("qf.corp_id = ? AND qf.contact_id = c.id AND lower(qf.remark) LIKE ? ESCAPE '\\'")
        .bind(corp)
        .bind(like);
    append_clause(sql, member_clause(viewer, "qf.member_id"));  // others' remarks tell nothing
    sql.add(
           ") OR EXISTS (SELECT 1 FROM identity qi WHERE qi.corp_id = ? AND qi.contact_id = c.id "
           "AND qi.value IN (?, ?, ?)))"
    )
        .bind(corp)
        .bind(q)
        .bind(form(IdentityKind::phone))
        .bind(form(IdentityKind::email));
}

void complete_rows(Snapshot& s, const Viewer& viewer, std::vector<ContactRow>& rows) {
    ByContact by_contact;
    std::vector<std::int64_t> ids;
    for (ContactRow& row : rows) {
        by_contact[row.contact.id.value] = &row;
        ids.push_back(row.contact.id.value);
    }
    if (ids.empty()) {
        return;
    }
    add_tags(s, viewer.corp, ids, by_contact);
    add_remarks(s, viewer, ids, by_contact);
    add_owner_names(s, viewer.corp, rows);
}

std::vector<ContactRow> contact_rows(
    Snapshot& s, const Viewer& viewer, const std::vector<std::uint32_t>& ords
) {
    std::map<std::uint32_t, Contact> found;
    for (std::size_t from = 0; from < ords.size(); from += chunk) {
        const std::size_t to = std::min(ords.size(), from + chunk);
        const std::vector<std::uint32_t> some(
            ords.begin() + static_cast<std::ptrdiff_t>(from),
            ords.begin() + static_cast<std::ptrdiff_t>(to)
        );
        SqlText sql;
        sql.add("SELECT ").add(contact_row_columns);
        sql.add(" FROM contact c WHERE c.corp_id = ? AND c.merged_into = 0 AND c.ord");
        sql.bind(viewer.corp.value);
        append_in(sql, some);
        append_clause(sql, contact_clause(viewer, "c.id", "c.owner"));
        s.each(sql.sql(), sql.params(), [&](const Row& row) {
            Contact c = read_contact_row(row);
            found.emplace(static_cast<std::uint32_t>(c.ord), std::move(c));
            return Visit::next;
        });
    }
    std::vector<ContactRow> out;
    for (const std::uint32_t ord : ords) {
        if (const auto at = found.find(ord); at != found.end()) {
            out.push_back(ContactRow{at->second, {}, {}, {}, false});
        }
    }
    complete_rows(s, viewer, out);
    return out;
}

}  // namespace leadbridge::crm
