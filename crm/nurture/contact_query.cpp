#include "crm/nurture/contact_query.h"

#include <algorithm>
#include <limits>
#include <map>

#include "base/crypto.h"
#include "crm/contacts/contact_text.h"
#include "crm/nurture/contact_query_rows.h"
#include "crm/nurture/segment.h"

namespace leadbridge::crm {

namespace {

constexpr std::size_t batch = 200;        // candidates looked at together
constexpr std::uint64_t few = 2'000;      // a set that is sorted rather than looked for in an index
constexpr std::int64_t patience = 5'000;  // candidates tested one by one before the whole is asked
constexpr std::size_t index_batch = 500;
constexpr std::size_t few_more = 10;
// A text that more contacts than this have is looked for row by row among those who have its
// characters: nearly all of them have it.
constexpr std::size_t common = 1'000;
// A row of an index costs as much as a look at so many of a set in memory.
constexpr std::uint64_t looks_per_row = 100;

bool from_bitmaps(const Condition& c) {
    switch (c.kind) {
        case Condition::Kind::tag:
            return true;
        case Condition::Kind::field:
            return c.field.field->set_term && c.field.op != FieldOp::contains;
        case Condition::Kind::event:
        case Condition::Kind::segment:
            return false;
        case Condition::Kind::all:
        case Condition::Kind::any:
        case Condition::Kind::negate:
            break;
    }
    return std::all_of(c.children.begin(), c.children.end(), from_bitmaps);
}

// Whoever sees everything sees every remark: then the parts of a short text are the answer.
bool parts_answer(const Viewer& viewer, const std::string& q) {
    return viewer.scope == Scope::all && parts_decide(q);
}

struct Candidate {
    std::uint32_t ord = 0;
    ContactPosition at;
};

// Candidates of a set in the order of a page, from a position on.
class Walk {
public:
    Walk(CorpId corp, const ContactPageQuery& query, std::int64_t& examined)
        : corp_(corp),
          sort_(query.sort),
          down_(query.order == SortOrder::descending),
          examined_(examined) {}

    // What of a set the next candidates are among, as far as it can be told without reading rows.
    // nullopt: no less than the whole.
    std::optional<OrdSet> near(
        TagBitmaps& bitmaps,
        const OrdSet& set,
        const std::optional<ContactPosition>& after,
        std::size_t wanted
    ) const {
        const std::uint64_t n = set.count();
        if (sort_ != ContactSort::last_touch || n <= batch) {
            return std::nullopt;
        }
        const std::uint64_t everybody = set.down_from(UINT32_MAX, 1).front() + 1ULL;  // at most
        if (n * n > everybody * wanted * looks_per_row) {  // an index meets them sooner
            return std::nullopt;
        }
        TouchWalk walk{TouchOf::contact, down_, {}, std::min(wanted, batch)};
        if (after) {
            walk.from = after->number;
        }
        const std::vector<TouchedOrd> found = bitmaps.nearest(corp_, set, walk);
        if (found.size() > few) {  // very many were touched in the same second
            return std::nullopt;
        }
        OrdSet out;
        for (const TouchedOrd& one : found) {
            out.add(one.ord);
        }
        return out;
    }

    std::vector<Candidate> next(
        Snapshot& s, const OrdSet& set, const std::optional<ContactPosition>& after
    ) {
        if (sort_ == ContactSort::created) {
            return by_ord(set, after);
        }
        return set.count() <= few ? sorted(s, set, after) : indexed(s, set, after);
    }

private:
    std::vector<Candidate> by_ord(const OrdSet& set, const std::optional<ContactPosition>& after) {
        std::vector<std::uint32_t> ords;
        if (down_) {
            const std::int64_t at =
                after ? after->number - 1 : std::numeric_limits<std::uint32_t>::max();
            if (at >= 0) {
                ords = set.down_from(static_cast<std::uint32_t>(at), batch);
            }
        } else {
            ords = set.from(after ? static_cast<std::uint32_t>(after->number + 1) : 0, batch);
        }
        std::vector<Candidate> out;
        for (const std::uint32_t ord : ords) {
            out.push_back({ord, {ord, {}, 0}});
        }
        return out;
    }

    std::string_view key() const { return sort_ == ContactSort::name ? "c.name" : "c.last_ms"; }

    SqlText select() const {
        SqlText sql;
        sql.add("SELECT c.ord, c.id, ").add(key()).add(" FROM contact c WHERE c.corp_id = ?");
        sql.bind(corp_.value);
        return sql;
    }

    void then_after(SqlText& sql, const std::optional<ContactPosition>& after) const {
        if (!after) {
            return;
        }
        sql.add(" AND (").add(key()).add(down_ ? ", c.id) < (?, ?)" : ", c.id) > (?, ?)");
        if (sort_ == ContactSort::name) {
            sql.bind(after->text);
        } else {
            sql.bind(after->number);
        }
        sql.bind(after->id);
    }

    Candidate read(const Row& row) const {
        Candidate c;
        c.ord = static_cast<std::uint32_t>(row.integer(0));
        c.at.id = row.integer(1);
        if (sort_ == ContactSort::name) {
            c.at.text = row.str(2);
        } else {
            c.at.number = row.integer(2);
        }
        return c;
    }

    std::vector<Candidate> indexed(
        Snapshot& s, const OrdSet& set, std::optional<ContactPosition> after
    ) {
        std::vector<Candidate> out;
        std::size_t read_now = index_batch;
        while (out.empty() && read_now == index_batch) {
            SqlText sql = select();
            then_after(sql, after);
            const std::string order = down_ ? " DESC" : "";
            sql.add(" ORDER BY ").add(key()).add(order + ", c.id" + order + " LIMIT ?");
            sql.bind(static_cast<std::int64_t>(index_batch));
            read_now = 0;
            s.each(sql.sql(), sql.params(), [&](const Row& row) {
                read_now += 1;
                Candidate c = read(row);
                after = c.at;
                if (set.contains(c.ord)) {
                    out.push_back(std::move(c));
                }
                return Visit::next;
            });
            examined_ += static_cast<std::int64_t>(read_now);
        }
        return out;
    }

    std::vector<Candidate> sorted(
        Snapshot& s, const OrdSet& set, const std::optional<ContactPosition>& after
    ) {
        const auto before = [&](const Candidate& a, const Candidate& b) {
            const auto key = [](const Candidate& c) {
                return std::tie(c.at.number, c.at.text, c.at.id);
            };
            return down_ ? key(b) < key(a) : key(a) < key(b);
        };
        std::vector<Candidate> out;
        std::vector<std::uint32_t> ords = set.from(0, few);
        for (std::size_t from = 0; from < ords.size(); from += index_batch) {
            const std::size_t to = std::min(ords.size(), from + index_batch);
            SqlText sql = select();
            // A column that no index of an order holds, and no range of one: the ordinals lead.
            sql.add(" AND c.merged_into = 0 AND c.ord");
            append_in(
                sql,
                std::vector<std::uint32_t>(
                    ords.begin() + static_cast<std::ptrdiff_t>(from),
                    ords.begin() + static_cast<std::ptrdiff_t>(to)
                )
            );
            s.each(sql.sql(), sql.params(), [&](const Row& row) {
                Candidate c = read(row);
                if (!after || before({0, *after}, c)) {
                    out.push_back(std::move(c));
                }
                return Visit::next;
            });
        }
        examined_ += static_cast<std::int64_t>(ords.size());
        std::sort(out.begin(), out.end(), before);
        out.resize(std::min(out.size(), batch));
        return out;
    }

    const CorpId corp_;
    const ContactSort sort_;
    const bool down_;
    std::int64_t& examined_;
};

struct Looked {
    bool tested = false;  // row by row: not everybody passes
    std::size_t at = 0;
    std::size_t passed = 0;
};

// How many candidates to look at for so many rows, by how many of the last ones passed.
std::size_t to_look_at(std::size_t wanted, const Looked& so_far) {
    if (!so_far.tested || so_far.at == 0) {
        return wanted;
    }
    return so_far.passed == 0 ? batch : wanted * so_far.at / so_far.passed + few_more;
}

std::vector<std::uint32_t> ords_of(const std::vector<Candidate>& candidates) {
    std::vector<std::uint32_t> out;
    for (const Candidate& c : candidates) {
        out.push_back(c.ord);
    }
    return out;
}

}  // namespace

// A condition in its two parts: what bitmaps answer, and what is tested row by row.
struct ContactQueries::Question {
    Condition whole;
    Condition sets;
    std::optional<Condition> rest;
    std::string hash;

    // What the names of all who fit have in them.
    std::vector<std::string> texts() const {
        std::vector<std::string> out;
        const auto add = [&](const Condition& c) {
            if (c.kind == Condition::Kind::field && c.field.field->name == "name" &&
                c.field.op == FieldOp::contains && !c.field.texts.at(0).empty()) {
                out.push_back(c.field.texts.at(0));
            }
        };
        if (rest) {
            add(*rest);
        }
        if (rest && rest->kind == Condition::Kind::all) {
            std::for_each(rest->children.begin(), rest->children.end(), add);
        }
        return out;
    }

    void split() {
        if (from_bitmaps(whole)) {
            sets = whole;
            return;
        }
        if (whole.kind != Condition::Kind::all) {
            rest = whole;
            return;
        }
        rest.emplace();
        for (const Condition& child : whole.children) {
            (from_bitmaps(child) ? sets : *rest).children.push_back(child);
        }
    }
};

Result<ContactQueries::Question> ContactQueries::read(const Viewer& viewer, const ContactFind& find)
    const {
    Question question;
    if (!find.condition.empty()) {
        auto condition = core_.read<Condition>([&](Snapshot& s) {
            return read_condition(s, viewer.corp, find.condition);
        });
        if (!condition) {
            return std::move(condition).error();
        }
        question.whole = std::move(*condition);
    }
    question.split();
    question.hash =
        crypto::hex(crypto::sha256(condition_text(question.whole) + "\n" + find.q)).substr(0, 32);
    return question;
}

OrdSet ContactQueries::visible(const Viewer& viewer) const {
    const Clause members = member_clause(viewer, "m.id");
    if (members.sql.empty()) {
        return bitmaps_.select(viewer.corp, Condition{});
    }
    SqlText sql;
    sql.add("SELECT m.id FROM member m WHERE m.corp_id = ?").bind(viewer.corp.value);
    append_clause(sql, members);
    auto ids = core_.read<std::vector<std::int64_t>>([&](Snapshot& s) {
        return Result<std::vector<std::int64_t>>(s.all(sql.sql(), sql.params(), [](const Row& row) {
            return row.integer(0);
        }));
    });
    if (!ids) {
        throw DatabaseError("contacts in sight: " + ids.error().message);
    }
    return bitmaps_.of_members(viewer.corp, *ids);
}

OrdSet ContactQueries::narrowed(const Viewer& viewer, OrdSet set) const {
    if (viewer.scope != Scope::all && !set.empty()) {
        set &= visible(viewer);
    }
    return set;
}

// Those among a set that have the text.
OrdSet ContactQueries::search(const Viewer& viewer, const std::string& q, const OrdSet& among)
    const {
    auto read = core_.read<std::vector<std::uint32_t>>([&](Snapshot& s) {
        return Result<std::vector<std::uint32_t>>(
            *ords_by_text(s, viewer.corp, q, std::numeric_limits<std::size_t>::max())
        );
    });
    if (!read) {
        throw DatabaseError("contact search: " + read.error().message);
    }
    OrdSet out;
    out.add_many(*read);
    out &= among;
    if (parts_answer(viewer, q)) {
        return out;
    }
    OrdSet sure;
    std::vector<std::uint32_t> some = out.from(0, index_batch);
    while (!some.empty()) {
        auto rows = core_.read<std::map<std::int64_t, Contact>>([&](Snapshot& s) {
            return Result<std::map<std::int64_t, Contact>>(fitting(s, viewer, some, {nullptr, q}));
        });
        if (!rows) {
            throw DatabaseError("contact search: " + rows.error().message);
        }
        std::vector<std::uint32_t> fit;
        for (const auto& [ord, contact] : *rows) {
            fit.push_back(static_cast<std::uint32_t>(ord));
        }
        sure.add_many(fit);
        some = out.from(some.back() + 1, index_batch);
    }
    return sure;
}

// Those who may have the text, and perhaps a few who do not.
Result<ContactQueries::Among> ContactQueries::may_have(const Viewer& viewer, const std::string& q)
    const {
    bool few_have = false;
    auto ords = core_.read<std::vector<std::uint32_t>>([&](Snapshot& s) {
        auto found = ords_by_text(s, viewer.corp, q, common);
        few_have = found.has_value();
        return Result<std::vector<std::uint32_t>>(
            found ? std::move(*found) : ords_by_identity(s, viewer.corp, q)
        );
    });
    if (!ords) {
        return std::move(ords).error();
    }
    Among out;
    out.contacts.add_many(*ords);
    out.sure = few_have && parts_answer(viewer, q);
    if (!few_have) {
        out.contacts |= bitmaps_.with_characters(viewer.corp, folded(q));
    }
    return out;
}

Result<OrdSet> ContactQueries::select(const Viewer& viewer, const ContactFind& find) const {
    auto question = read(viewer, find);
    if (!question) {
        return std::move(question).error();
    }
    OrdSet set = narrowed(viewer, bitmaps_.select(viewer.corp, question->whole));
    if (!find.q.empty() && !set.empty()) {
        set &= search(viewer, find.q, set);
    }
    return set;
}

Result<std::string> ContactQueries::hash(const Viewer& viewer, const ContactFind& find) const {
    auto question = read(viewer, find);
    return question ? Result<std::string>(question->hash)
                    : Result<std::string>(std::move(question).error());
}

// The rows of those candidates that are live, seen, and fit what is tested row by row.
std::map<std::int64_t, Contact> ContactQueries::fitting(
    Snapshot& s, const Viewer& viewer, const std::vector<std::uint32_t>& ords, const RowTest& test
) const {
    std::map<std::int64_t, Contact> rows;
    if (ords.empty()) {
        return rows;
    }
    SqlText sql;
    sql.add("SELECT ").add(contact_row_columns);
    // k pins that the candidates lead: an index that serves the condition finds many more.
    sql.add(" FROM contact k CROSS JOIN contact c WHERE k.corp_id = ? AND k.ord");
    sql.bind(viewer.corp.value);
    append_in(sql, ords);
    sql.add(" AND c.corp_id = k.corp_id AND c.id = k.id AND c.merged_into = 0");
    append_clause(sql, contact_clause(viewer, "c.id", "c.owner"));
    if (test.condition != nullptr) {
        sql.add(" AND ");
        append_condition(sql, *test.condition, clock_.now());
    }
    if (!test.q.empty()) {
        append_search(sql, viewer, test.q);
    }
    s.each(sql.sql(), sql.params(), [&](const Row& row) {
        Contact c = read_contact_row(row);
        rows.emplace(c.ord, std::move(c));
        return Visit::next;
    });
    return rows;
}

Result<ContactQueryPage> ContactQueries::page(const Viewer& viewer, const ContactPageQuery& query)
    const {
    auto question = read(viewer, query.find);
    if (!question) {
        return std::move(question).error();
    }
    ContactQueryPage out;
    out.hash = question->hash;
    OrdSet set = narrowed(viewer, bitmaps_.select(viewer.corp, question->sets));
    RowTest test{question->rest ? &*question->rest : nullptr, query.find.q};
    for (const std::string& text : question->texts()) {
        set &= bitmaps_.with_characters(viewer.corp, folded(text));
    }
    if (!query.find.q.empty()) {
        auto among = may_have(viewer, query.find.q);
        if (!among) {
            return std::move(among).error();
        }
        set &= among->contacts;
        test.q = among->sure ? std::string() : test.q;
    }
    const auto limit = static_cast<std::size_t>(std::clamp(query.limit, 1, 200));
    std::vector<std::pair<ContactRow, ContactPosition>> found;
    std::optional<ContactPosition> at = query.after;
    Walk walk(viewer.corp, query, out.examined);
    Looked looked{test.any()};
    for (bool more = true; more && found.size() <= limit;) {
        if (test.any() && out.examined > patience) {
            // Few fit: one look at everybody costs less than going on row by row.
            auto whole = select(viewer, query.find);
            if (!whole) {
                return std::move(whole).error();
            }
            set = std::move(*whole);
            test = {};
            looked = {};
        }
        const std::size_t wanted = to_look_at(limit + 1 - found.size(), looked);
        const std::optional<OrdSet> near = walk.near(bitmaps_, set, at, wanted);
        auto done = core_.read<int>([&](Snapshot& s) -> Result<int> {
            std::vector<Candidate> some = walk.next(s, near ? *near : set, at);
            some.resize(std::min(some.size(), wanted));
            looked.at += some.size();
            more = !some.empty();
            out.examined += static_cast<std::int64_t>(some.size());
            auto rows = fitting(s, viewer, ords_of(some), test);
            looked.passed += rows.size();
            for (Candidate& c : some) {
                at = c.at;
                if (const auto row = rows.find(c.ord); row != rows.end()) {
                    found.emplace_back(
                        ContactRow{std::move(row->second), {}, {}, {}, false}, std::move(c.at)
                    );
                }
            }
            return 0;
        });
        if (!done) {
            return std::move(done).error();
        }
    }
    if (found.size() > limit) {
        found.resize(limit);
        out.next = found.back().second;
    }
    for (auto& [row, position] : found) {
        out.items.push_back(std::move(row));
    }
    auto completed = core_.read<int>([&](Snapshot& s) -> Result<int> {
        complete_rows(s, viewer, out.items);
        return 0;
    });
    return completed ? Result<ContactQueryPage>(std::move(out))
                     : Result<ContactQueryPage>(std::move(completed).error());
}

}  // namespace leadbridge::crm
