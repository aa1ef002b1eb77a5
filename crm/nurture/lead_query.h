#pragma once
// Leads for grids and boards: filters of their own and a condition of their contact, narrowed by
// the Viewer, sorted, a page at a time. A page is merged from one short walk of an index per status
// (and per owner where owners are few), so that rare statuses cost no more than common ones.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crm/leads/lead.h"
#include "crm/leads/lead_stock.h"
#include "crm/nurture/contact_query.h"

namespace leadbridge::crm {

struct LeadFind {
    ContactFind contact = {};             // of the lead's contact
    std::vector<LeadStatus> status = {};  // any of them; empty = every
    std::vector<MemberId> owner = {};     // any of them; empty = any
    bool unowned = false;                 // also, or without `owner` only, leads nobody owns
    std::vector<ChannelId> channel = {};  // first source; any of them
    std::vector<std::int64_t> source = {};
    std::vector<std::string> stage = {};
};

enum class LeadSort : std::uint8_t { last_touch, created };

struct LeadPosition {
    std::int64_t last_ms = 0;  // 0 in the order of creation
    std::int64_t id = 0;
};

struct LeadPageQuery {
    LeadFind find = {};
    LeadSort sort = LeadSort::last_touch;
    SortOrder order = SortOrder::descending;
    std::optional<LeadPosition> after = {};
    int limit = 50;  // 1..200
};

struct LeadQueryRow {
    Lead lead;
    std::string owner_name;
    std::string contact_avatar;
};

struct LeadQueryPage {
    std::vector<LeadQueryRow> items;
    std::optional<LeadPosition> next;
    std::string hash;
    std::int64_t examined = 0;  // rows read to find the page
};

struct LeadTotal {
    std::int64_t value = 0;
    bool at_least = false;  // counting ended at the cap
};

inline constexpr std::int64_t lead_count_cap = 10'000;

struct LeadColumn {
    LeadStatus status;
    LeadTotal total;
    LeadQueryPage page;
};

// Thread-safe.
class LeadQueries {
public:
    LeadQueries(Database& core, TagBitmaps& bitmaps, LeadStock& stock, const Clock& clock)
        : core_(core), bitmaps_(bitmaps), stock_(stock), contacts_(core, bitmaps, clock) {}

    Result<LeadQueryPage> page(const Viewer& viewer, const LeadPageQuery& query) const;
    // Counts to lead_count_cap, and where row by row is the only way, looks at ten times as many.
    Result<LeadTotal> total(const Viewer& viewer, const LeadFind& find) const;
    // The columns in the order of LeadStatus; find.status is not looked at. A column that shows all
    // its leads says how many; where nothing but the owner narrows, the total is LeadStock's, else
    // total()'s.
    Result<std::vector<LeadColumn>> board(const Viewer& viewer, const LeadFind& find, int cards)
        const;

private:
    struct Frame;
    class PageFinder;
    Result<Frame> frame(const Viewer& viewer, const LeadFind& find) const;
    Result<LeadQueryPage> page_in(
        const Frame& frame, const Viewer& viewer, const LeadPageQuery& query
    ) const;
    Result<LeadTotal> total_in(const Frame& frame, const Viewer& viewer, const LeadFind& find)
        const;
    Result<LeadCounts> in_stock(const Viewer& viewer, const LeadFind& find) const;
    Result<LeadTotal> column_total(
        const Frame& frame, const Viewer& viewer, const LeadFind& find, const LeadQueryPage& page
    ) const;

    Database& core_;
    TagBitmaps& bitmaps_;
    LeadStock& stock_;
    ContactQueries contacts_;
};

}  // namespace leadbridge::crm
