#include "crm/nurture/contact_sets.h"

#include <unordered_set>

#include "base/change_log.h"
#include "crm/nurture/contact_set_keys.h"

namespace leadbridge::crm {

namespace {

constexpr int changes_per_read = 10'000;

}  // namespace

bool ContactSets::catch_up(Database& db, int max_contacts) {
    bool few = true;
    read_sets(db, [&](Snapshot& s) {
        std::unordered_set<std::int64_t> contacts;
        std::unordered_set<std::int64_t> touched;  // their row may say no more than when
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
                } else if (change.topic == "timeline") {
                    touched.insert(change.id);
                } else if (change.topic == "lead") {
                    contacts.insert(s.number(
                        "SELECT contact_id FROM lead WHERE corp_id = ? AND id = ?",
                        {corp_, change.id}
                    ));
                } else if (change.topic == "tag") {
                    tags.insert(change.id);
                }
            }
            few = contacts.size() + touched.size() <= static_cast<std::size_t>(max_contacts);
        }
        if (!few) {
            return;
        }
        for (std::int64_t contact : contacts) {
            reload_contact(s, contact);
            touched.insert(contact);
        }
        for (std::int64_t contact : touched) {
            reload_touch(s, contact);
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
    const auto add = [&](std::string_view field, std::string_view value) {
        keys.push_back(set_key(field, value));
        keys.push_back(any_key(field));
    };
    s.each(
        "SELECT tag_id FROM contact_tag WHERE corp_id = ? AND contact_id = ?",
        {corp_, contact},
        [&](const Row& row) {
            keys.push_back(set_key("tag", row.integer(0)));
            return Visit::next;
        }
    );
    s.each(
        "SELECT member_id, channel_id FROM follow WHERE corp_id = ? AND contact_id = ?",
        {corp_, contact},
        [&](const Row& row) {
            keys.push_back(set_key("friend", row.integer(0)));
            if (row.integer(1) != 0) {
                add("channel", std::to_string(row.integer(1)));
            }
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
                add("channel", std::to_string(row.integer(3)));
            }
            return Visit::next;
        }
    );
    if (newest.any()) {
        add("status", to_string(newest.status()));
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
    reload_texts(s, contact, found->ord);
    for (const std::string& key : keys_of(s, contact)) {
        sets_[key].add(found->ord);
    }
    if (found->owner != 0) {
        put("owner", std::to_string(found->owner), found->ord);
    }
    if (!found->stage.empty()) {
        put("stage", found->stage, found->ord);
    }
}

void ContactSets::reload_touch(Snapshot& s, std::int64_t contact) {
    s.each(
        "SELECT c.ord, c.last_ms, COUNT(l.id), COALESCE(MAX(l.last_ms), 0) FROM contact c LEFT "
        "JOIN lead l ON l.corp_id = c.corp_id AND l.contact_id = c.id WHERE c.corp_id = ? AND c.id "
        "= ? GROUP BY c.ord, c.last_ms",
        {corp_, contact},
        [&](const Row& row) {
            const auto ord = static_cast<std::uint32_t>(row.integer(0));
            columns_.touched(ord, row.integer(1));
            columns_.newest_lead(ord, row.integer(3), static_cast<std::size_t>(row.integer(2)));
            return Visit::next;
        }
    );
}

void ContactSets::reload_texts(Snapshot& s, std::int64_t contact, std::uint32_t ord) {
    s.each(
        "SELECT text FROM contact_text WHERE corp_id = ? AND contact_id = ?",
        {corp_, contact},
        [&](const Row& row) {
            columns_.says(ord, row.text(0));
            return Visit::next;
        }
    );
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
    sets_[set_key("tag", tag)] = std::move(set);
}

std::size_t ContactSets::bytes() const noexcept {
    std::size_t n = live_.bytes() + columns_.bytes();
    for (const auto& [key, set] : sets_) {
        n += set.bytes() + key.size() + 64;
    }
    return n;
}

}  // namespace leadbridge::crm
