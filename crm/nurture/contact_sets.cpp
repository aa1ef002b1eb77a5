#include "crm/nurture/contact_sets.h"

#include <algorithm>
#include <unordered_set>

#include "base/change_log.h"
#include "crm/leads/lead.h"
#include "crm/nurture/condition_sql.h"

namespace leadbridge::crm {

namespace {

constexpr int contacts_per_read = 200'000;
constexpr std::size_t leads_per_read = 100'000;
constexpr std::size_t tags_per_read = 32;
constexpr int changes_per_read = 10'000;

std::string key_of(std::string_view field, std::string_view value) {
    std::string key(field);
    key += ':';
    key += value;
    return key;
}

std::string key_of(std::string_view field, std::int64_t value) {
    return key_of(field, std::to_string(value));
}

template <class F>
void read_in(Database& db, F fn) {
    Result<bool> done = db.read<bool>([&](Snapshot& s) -> Result<bool> {
        fn(s);
        return true;
    });
    if (!done) {
        throw DatabaseError("contact bitmaps: " + done.error().message);
    }
}

// The status of the open lead, else of the newest, over leads given one after another.
class NewestLead {
public:
    void see(LeadStatus status, UnixMillis opened, std::int64_t id) {
        const bool open = is_open(status);
        const bool newer = opened > opened_ || (opened == opened_ && id > id_);
        if (id_ == 0 || (open && !open_) || (open == open_ && newer)) {
            open_ = open;
            opened_ = opened;
            id_ = id;
            status_ = status;
        }
    }

    bool any() const { return id_ != 0; }

    LeadStatus status() const { return status_; }

private:
    bool open_ = false;
    UnixMillis opened_ = 0;
    std::int64_t id_ = 0;
    LeadStatus status_ = LeadStatus::unassigned;
};

}  // namespace

void ContactSets::build(Database& db) {
    live_ = OrdSet();
    sets_.clear();
    read_in(db, [this](Snapshot& s) { cursor_ = last_change(s); });
    std::vector<Known> known;
    read_contacts(db, known);
    read_leads(db, known);
    read_channels(db, known);
    read_tags(db, known);
    live_.shrink();
    for (auto& [key, set] : sets_) {
        set.shrink();
    }
    built_ = true;
}

void ContactSets::read_contacts(Database& db, std::vector<Known>& known) {
    std::int64_t after = 0;
    for (int n = contacts_per_read; n == contacts_per_read;) {
        n = 0;
        read_in(db, [&](Snapshot& s) {
            s.each(
                "SELECT id, ord, owner, stage, merged_into FROM contact WHERE corp_id = ? AND id > "
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
                    if (row.integer(2) != 0) {
                        sets_[key_of("owner", row.integer(2))].add(ord);
                    }
                    if (!row.text(3).empty()) {
                        sets_[key_of("stage", row.text(3))].add(ord);
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
        auto flush = [&] {
            if (newest.any()) {
                sets_[key_of("status", to_string(newest.status()))].add(known[at].ord);
            }
            newest = NewestLead();
        };
        read_in(db, [&](Snapshot& s) {
            s.each(
                "SELECT contact_id, status, opened_ms, id, first_channel FROM lead "
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
                        if (row.integer(4) != 0) {
                            sets_[key_of("channel", row.integer(4))].add(known[at].ord);
                        }
                    }
                    return Visit::next;
                }
            );
        });
        flush();
    }
}

void ContactSets::read_channels(Database& db, const std::vector<Known>& known) {
    for (std::size_t first = 0; first < known.size(); first += leads_per_read) {
        const std::size_t last = std::min(first + leads_per_read, known.size()) - 1;
        std::size_t at = first;
        read_in(db, [&](Snapshot& s) {
            s.each(
                "SELECT contact_id, channel_id FROM follow WHERE corp_id = ? AND contact_id "
                "BETWEEN ? AND ? "
                "AND channel_id <> 0 ORDER BY contact_id",
                {corp_, known[first].contact, known[last].contact},
                [&](const Row& row) {
                    while (at < last && known[at].contact < row.integer(0)) {
                        ++at;
                    }
                    if (known[at].contact == row.integer(0)) {
                        sets_[key_of("channel", row.integer(1))].add(known[at].ord);
                    }
                    return Visit::next;
                }
            );
        });
    }
}

void ContactSets::read_tags(Database& db, const std::vector<Known>& known) {
    std::vector<std::int64_t> tags;
    read_in(db, [&](Snapshot& s) {
        tags =
            s.all("SELECT id FROM tag WHERE corp_id = ? ORDER BY id", {corp_}, [](const Row& row) {
                return row.integer(0);
            });
    });
    for (std::size_t first = 0; first < tags.size(); first += tags_per_read) {
        read_in(db, [&](Snapshot& s) {
            for (std::size_t i = first; i < std::min(first + tags_per_read, tags.size()); ++i) {
                std::vector<std::uint32_t> ords;
                std::size_t at = 0;
                s.each(
                    "SELECT contact_id FROM contact_tag WHERE corp_id = ? AND tag_id = ? ORDER BY "
                    "contact_id",
                    {corp_, tags[i]},
                    [&](const Row& row) {
                        while (at < known.size() && known[at].contact < row.integer(0)) {
                            ++at;
                        }
                        if (at < known.size() && known[at].contact == row.integer(0)) {
                            ords.push_back(known[at].ord);
                        }
                        return Visit::next;
                    }
                );
                if (!ords.empty()) {
                    sets_[key_of("tag", tags[i])].add_many(ords);
                }
            }
        });
    }
}

bool ContactSets::catch_up(Database& db, int max_contacts) {
    bool few = true;
    read_in(db, [&](Snapshot& s) {
        std::unordered_set<std::int64_t> contacts;
        std::unordered_set<std::int64_t> tags;
        std::int64_t cursor = cursor_;
        for (bool more = true; more && few;) {
            std::vector<ChangeRecord> changes = read_changes(s, cursor, changes_per_read);
            more = changes.size() == static_cast<std::size_t>(changes_per_read);
            for (const ChangeRecord& change : changes) {
                cursor = change.n;
                if (change.corp != corp_) {
                    continue;
                }
                if (change.topic == "contact") {
                    contacts.insert(change.id);
                } else if (change.topic == "lead") {
                    contacts.insert(s.number(
                        "SELECT contact_id FROM lead WHERE corp_id = ? AND id = ?",
                        {corp_, change.id}
                    ));
                } else if (change.topic == "tag") {
                    tags.insert(change.id);
                }
            }
            few = contacts.size() <= static_cast<std::size_t>(max_contacts);
        }
        if (!few) {
            return;
        }
        for (std::int64_t contact : contacts) {
            reload_contact(s, contact);
        }
        for (std::int64_t tag : tags) {
            reload_tag(s, tag);
        }
        cursor_ = cursor;
    });
    return few;
}

std::vector<std::string> ContactSets::keys_of(Snapshot& s, std::int64_t contact) const {
    std::vector<std::string> keys;
    s.each(
        "SELECT tag_id FROM contact_tag WHERE corp_id = ? AND contact_id = ?",
        {corp_, contact},
        [&](const Row& row) {
            keys.push_back(key_of("tag", row.integer(0)));
            return Visit::next;
        }
    );
    s.each(
        "SELECT channel_id FROM follow WHERE corp_id = ? AND contact_id = ? AND channel_id <> 0",
        {corp_, contact},
        [&](const Row& row) {
            keys.push_back(key_of("channel", row.integer(0)));
            return Visit::next;
        }
    );
    NewestLead newest;
    s.each(
        "SELECT status, opened_ms, id, first_channel FROM lead WHERE corp_id = ? AND contact_id = "
        "?",
        {corp_, contact},
        [&](const Row& row) {
            newest.see(static_cast<LeadStatus>(row.integer(0)), row.integer(1), row.integer(2));
            if (row.integer(3) != 0) {
                keys.push_back(key_of("channel", row.integer(3)));
            }
            return Visit::next;
        }
    );
    if (newest.any()) {
        keys.push_back(key_of("status", to_string(newest.status())));
    }
    return keys;
}

void ContactSets::reload_contact(Snapshot& s, std::int64_t contact) {
    struct Found {
        std::uint32_t ord;
        std::int64_t owner;
        std::string stage;
        bool live;
    };

    auto found = s.one(
        "SELECT ord, owner, stage, merged_into FROM contact WHERE corp_id = ? AND id = ?",
        {corp_, contact},
        [](const Row& row) {
            return Found{
                static_cast<std::uint32_t>(row.integer(0)),
                row.integer(1),
                row.str(2),
                row.integer(3) == 0};
        }
    );
    if (!found) {
        return;  // rows of contacts are never deleted one by one
    }
    live_.remove(found->ord);
    for (auto& [key, set] : sets_) {
        set.remove(found->ord);
    }
    if (!found->live) {
        return;
    }
    live_.add(found->ord);
    std::vector<std::string> keys = keys_of(s, contact);
    if (found->owner != 0) {
        keys.push_back(key_of("owner", found->owner));
    }
    if (!found->stage.empty()) {
        keys.push_back(key_of("stage", found->stage));
    }
    for (const std::string& key : keys) {
        sets_[key].add(found->ord);
    }
}

void ContactSets::reload_tag(Snapshot& s, std::int64_t tag) {
    std::vector<std::uint32_t> ords;
    s.each(
        "SELECT c.ord FROM contact_tag t JOIN contact c ON c.corp_id = t.corp_id AND c.id = "
        "t.contact_id "
        "WHERE t.corp_id = ? AND t.tag_id = ? AND c.merged_into = 0",
        {corp_, tag},
        [&](const Row& row) {
            ords.push_back(static_cast<std::uint32_t>(row.integer(0)));
            return Visit::next;
        }
    );
    OrdSet set;
    set.add_many(ords);
    sets_[key_of("tag", tag)] = std::move(set);
}

std::size_t ContactSets::bytes() const noexcept {
    std::size_t n = live_.bytes();
    for (const auto& [key, set] : sets_) {
        n += set.bytes() + key.size() + 64;
    }
    return n;
}

}  // namespace leadbridge::crm
