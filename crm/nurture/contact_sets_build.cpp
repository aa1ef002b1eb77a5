// Reads a whole corp into its bitmaps, in several snapshots.
#include <algorithm>

#include "base/change_log.h"
#include "crm/nurture/contact_set_keys.h"
#include "crm/nurture/contact_sets.h"

namespace leadbridge::crm {

namespace {

constexpr int contacts_per_read = 200'000;
constexpr std::size_t leads_per_read = 100'000;
constexpr std::size_t tags_per_read = 32;

// The first place from `at` on whose contact is not before this one. Doubling steps: a rare tag
// skips most contacts, a common one hardly any.
template <class Known>
std::size_t place_of(const std::vector<Known>& known, std::size_t at, std::int64_t contact) {
    std::size_t step = 1;
    while (at + step < known.size() && known[at + step].contact < contact) {
        step *= 2;
    }
    const auto first = known.begin() + static_cast<std::ptrdiff_t>(at);
    const auto last =
        known.begin() + static_cast<std::ptrdiff_t>(std::min(at + step + 1, known.size()));
    const auto found = std::lower_bound(first, last, contact, [](const Known& k, std::int64_t id) {
        return k.contact < id;
    });
    return static_cast<std::size_t>(found - known.begin());
}

}  // namespace

void ContactSets::build(Database& db) {
    live_ = OrdSet();
    sets_.clear();
    columns_.clear();
    read_sets(db, [this](Snapshot& s) { cursor_ = last_change(s); });
    std::vector<Known> known;
    read_contacts(db, known);
    read_leads(db, known);
    read_follows(db, known);
    read_tags(db, known);
    read_texts(db, known);
    columns_.shrink();
    live_.shrink();
    for (auto& [key, set] : sets_) {
        set.shrink();
    }
    built_ = true;
}

void ContactSets::put(std::string_view field, std::string_view value, std::uint32_t ord) {
    sets_[set_key(field, value)].add(ord);
    sets_[any_key(field)].add(ord);
}

void ContactSets::read_contacts(Database& db, std::vector<Known>& known) {
    std::int64_t after = 0;
    for (int n = contacts_per_read; n == contacts_per_read;) {
        n = 0;
        read_sets(db, [&](Snapshot& s) {
            s.each(
                "SELECT id, ord, owner, stage, merged_into, last_ms FROM contact WHERE corp_id = ? "
                "AND id > "
                "? "
                "ORDER BY id LIMIT ?",
                {corp_, after, contacts_per_read},
                [&](const Row& row) {
                    ++n;
                    after = row.integer(0);
                    const auto ord = static_cast<std::uint32_t>(row.integer(1));
                    if (row.integer(4) != 0) {
                        return Visit::next;
                    }
                    known.push_back({after, ord});
                    live_.add(ord);
                    columns_.touched(ord, row.integer(5));
                    if (row.integer(2) != 0) {
                        put("owner", std::to_string(row.integer(2)), ord);
                    }
                    if (!row.text(3).empty()) {
                        put("stage", row.text(3), ord);
                    }
                    return Visit::next;
                }
            );
        });
    }
}

void ContactSets::read_leads(Database& db, const std::vector<Known>& known) {
    for (std::size_t first = 0; first < known.size(); first += leads_per_read) {
        const std::size_t last = std::min(first + leads_per_read, known.size()) - 1;
        std::size_t at = first;
        NewestLead newest;
        UnixMillis touched = 0;
        std::size_t leads = 0;
        auto flush = [&] {
            if (newest.any()) {
                put("status", to_string(newest.status()), known[at].ord);
                columns_.newest_lead(known[at].ord, touched, leads);
            }
            newest = NewestLead();
            touched = 0;
            leads = 0;
        };
        read_sets(db, [&](Snapshot& s) {
            s.each(
                "SELECT contact_id, status, opened_ms, id, first_channel, last_ms FROM lead "
                "WHERE corp_id = ? AND contact_id BETWEEN ? AND ? ORDER BY contact_id",
                {corp_, known[first].contact, known[last].contact},
                [&](const Row& row) {
                    const std::int64_t contact = row.integer(0);
                    if (contact != known[at].contact) {
                        flush();
                        while (at < last && known[at].contact < contact) {
                            ++at;
                        }
                    }
                    if (known[at].contact == contact) {
                        newest.see(
                            static_cast<LeadStatus>(row.integer(1)), row.integer(2), row.integer(3)
                        );
                        touched = std::max(touched, row.integer(5));
                        leads += 1;
                        if (row.integer(4) != 0) {
                            put("channel", std::to_string(row.integer(4)), known[at].ord);
                        }
                    }
                    return Visit::next;
                }
            );
        });
        flush();
    }
}

void ContactSets::read_follows(Database& db, const std::vector<Known>& known) {
    for (std::size_t first = 0; first < known.size(); first += leads_per_read) {
        const std::size_t last = std::min(first + leads_per_read, known.size()) - 1;
        std::size_t at = first;
        read_sets(db, [&](Snapshot& s) {
            s.each(
                "SELECT contact_id, channel_id, member_id FROM follow WHERE corp_id = ? AND "
                "contact_id BETWEEN ? AND ? ORDER BY contact_id",
                {corp_, known[first].contact, known[last].contact},
                [&](const Row& row) {
                    while (at < last && known[at].contact < row.integer(0)) {
                        ++at;
                    }
                    if (known[at].contact == row.integer(0)) {
                        sets_[set_key("friend", row.integer(2))].add(known[at].ord);
                        if (row.integer(1) != 0) {
                            put("channel", std::to_string(row.integer(1)), known[at].ord);
                        }
                    }
                    return Visit::next;
                }
            );
        });
    }
}

void ContactSets::read_texts(Database& db, const std::vector<Known>& known) {
    for (std::size_t first = 0; first < known.size(); first += leads_per_read) {
        const std::size_t last = std::min(first + leads_per_read, known.size()) - 1;
        std::size_t at = first;
        read_sets(db, [&](Snapshot& s) {
            s.each(
                "SELECT contact_id, text FROM contact_text WHERE corp_id = ? AND contact_id "
                "BETWEEN ? AND ? ORDER BY contact_id",
                {corp_, known[first].contact, known[last].contact},
                [&](const Row& row) {
                    while (at < last && known[at].contact < row.integer(0)) {
                        ++at;
                    }
                    if (known[at].contact == row.integer(0)) {
                        columns_.says(known[at].ord, row.text(1));
                    }
                    return Visit::next;
                }
            );
        });
    }
}

void ContactSets::read_tags(Database& db, const std::vector<Known>& known) {
    std::vector<std::int64_t> tags;
    read_sets(db, [&](Snapshot& s) {
        tags =
            s.all("SELECT id FROM tag WHERE corp_id = ? ORDER BY id", {corp_}, [](const Row& row) {
                return row.integer(0);
            });
    });
    for (std::size_t first = 0; first < tags.size(); first += tags_per_read) {
        read_sets(db, [&](Snapshot& s) {
            for (std::size_t i = first; i < std::min(first + tags_per_read, tags.size()); ++i) {
                std::vector<std::uint32_t> ords;
                std::size_t at = 0;
                s.each(
                    "SELECT contact_id FROM contact_tag WHERE corp_id = ? AND tag_id = ? ORDER BY "
                    "contact_id",
                    {corp_, tags[i]},
                    [&](const Row& row) {
                        at = place_of(known, at, row.integer(0));
                        if (at < known.size() && known[at].contact == row.integer(0)) {
                            ords.push_back(known[at].ord);
                        }
                        return Visit::next;
                    }
                );
                if (!ords.empty()) {
                    sets_[set_key("tag", tags[i])].add_many(ords);
                }
            }
        });
    }
}

}  // namespace leadbridge::crm
