#pragma once
// The bitmaps of one corp and how they are read from the tables. Used by tag_bitmaps only. Not
// thread-safe.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "crm/nurture/condition.h"
#include "crm/nurture/contact_columns.h"
#include "crm/nurture/ord_set.h"

namespace leadbridge::crm {

class ContactSets {
public:
    explicit ContactSets(CorpId corp) : corp_(corp) {}

    // Reads the whole corp in several snapshots; what changes meanwhile is in the change log after
    // cursor().
    void build(Database& db);
    // Applies what the change log says since cursor(). False when more than max_contacts are to be
    // read: build() anew.
    bool catch_up(Database& db, int max_contacts);
    OrdSet select(Database& db, const Condition& condition, UnixMillis now) const;
    // Owned by, or a friend now or once of, any of them.
    OrdSet of_members(const std::vector<std::int64_t>& members) const;
    // Who came by any of them, or has a lead that began there.
    OrdSet of_channels(const std::vector<std::int64_t>& channels) const;

    // At cursor(), as the sets.
    const ContactColumns& columns() const noexcept { return columns_; }

    std::int64_t cursor() const noexcept { return cursor_; }

    bool built() const noexcept { return built_; }

    std::size_t bytes() const noexcept;

private:
    struct Known {
        std::int64_t contact;
        std::uint32_t ord;
    };

    void read_contacts(Database& db, std::vector<Known>& known);
    void read_leads(Database& db, const std::vector<Known>& known);
    void read_follows(Database& db, const std::vector<Known>& known);
    void read_tags(Database& db, const std::vector<Known>& known);
    void read_texts(Database& db, const std::vector<Known>& known);
    void reload_contact(Snapshot& s, std::int64_t contact);
    void reload_tag(Snapshot& s, std::int64_t tag);
    void reload_touch(Snapshot& s, std::int64_t contact);
    void reload_texts(Snapshot& s, std::int64_t contact, std::uint32_t ord);
    std::vector<std::string> keys_of(Snapshot& s, std::int64_t contact) const;

    OrdSet of_keys(std::span<const std::string_view> fields, const std::vector<std::int64_t>& ids)
        const;
    OrdSet of_term(Database& db, const Condition& term, UnixMillis now) const;
    OrdSet of_field(const FieldTerm& term) const;
    OrdSet of_all(Database& db, const Condition& condition, UnixMillis now) const;
    const OrdSet* find(const std::string& key) const;
    void put(std::string_view field, std::string_view value, std::uint32_t ord);

    CorpId corp_;
    bool built_ = false;
    std::int64_t cursor_ = 0;
    OrdSet live_;
    std::unordered_map<std::string, OrdSet>
        sets_;  // "tag:5", "owner:7", "stage:quoted", "status:new", "channel:9",
                // "friend:7": now or once; "owner:": any
    ContactColumns columns_;
};

}  // namespace leadbridge::crm
