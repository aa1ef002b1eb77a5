#pragma once
// Contacts for grids and for bulk work: a condition and a search text, narrowed by the Viewer,
// sorted, a page at a time. Bitmaps find who; SQL reads only the rows of the page. A page in order
// of creation reads as many rows as it shows, whatever the corp's size; the other orders walk their
// index or sort the set: all of a small one, of a larger one those touched last.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/result.h"
#include "crm/contacts/contact.h"
#include "crm/nurture/condition.h"
#include "crm/nurture/ord_set.h"
#include "crm/nurture/tag_bitmaps.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

struct ContactFind {
    std::string condition = {};  // JSON; "" = everyone
    std::string q =
        {};  // part of the name or of a remark, or a whole phone, e-mail or id; "" = any
};

enum class ContactSort : std::uint8_t { created, last_touch, name };
enum class SortOrder : std::uint8_t { descending, ascending };

// Where a page ended. number: ord or last_ms; text: the name.
struct ContactPosition {
    std::int64_t number = 0;
    std::string text = {};
    std::int64_t id = 0;
};

struct ContactPageQuery {
    ContactFind find = {};
    ContactSort sort = ContactSort::created;
    SortOrder order = SortOrder::descending;
    std::optional<ContactPosition> after = {};
    int limit = 50;  // 1..200
};

// A contact as a grid shows it.
struct ContactRow {
    Contact contact;
    std::string owner_name;
    std::vector<TagId> tags;
    std::string remark;  // of the viewer's own friendship, else of the owner's, else of the newest
                         // that the viewer sees
    bool is_friend = false;
};

struct ContactQueryPage {
    std::vector<ContactRow> items;
    std::optional<ContactPosition> next;
    std::string hash;           // of the question, see ContactQueries::hash
    std::int64_t examined = 0;  // rows read to find the page, for tests and metrics
};

// Thread-safe. Errors are those of conditions (condition.h, segment.h).
class ContactQueries {
public:
    ContactQueries(Database& core, TagBitmaps& bitmaps, const Clock& clock)
        : core_(core), bitmaps_(bitmaps), clock_(clock) {}

    Result<ContactQueryPage> page(const Viewer& viewer, const ContactPageQuery& query) const;
    // Everybody the question finds and the viewer sees.
    Result<OrdSet> select(const Viewer& viewer, const ContactFind& find) const;
    // 32 hex digits of what is asked: the condition with its segments put in, and q. A segment that
    // changes changes it; the people found do not.
    Result<std::string> hash(const Viewer& viewer, const ContactFind& find) const;
    // Whom the viewer sees: everybody of the corp when its scope is all.
    OrdSet visible(const Viewer& viewer) const;

private:
    struct Question;

    struct RowTest {
        const Condition* condition = nullptr;
        std::string q = {};

        bool any() const { return condition != nullptr || !q.empty(); }
    };

    struct Among {
        OrdSet contacts;
        bool sure = false;  // all of them have the text
    };

    Result<Among> may_have(const Viewer& viewer, const std::string& q) const;
    Result<Question> read(const Viewer& viewer, const ContactFind& find) const;
    OrdSet search(const Viewer& viewer, const std::string& q, const OrdSet& among) const;
    std::map<std::int64_t, Contact> fitting(
        Snapshot& s,
        const Viewer& viewer,
        const std::vector<std::uint32_t>& ords,
        const RowTest& test
    ) const;
    OrdSet narrowed(const Viewer& viewer, OrdSet set) const;

    Database& core_;
    TagBitmaps& bitmaps_;
    const Clock& clock_;
};

// The contacts of these ordinals that are live and seen, as grids show them, in the order given.
std::vector<ContactRow> contact_rows(
    Snapshot& s, const Viewer& viewer, const std::vector<std::uint32_t>& ords
);

}  // namespace leadbridge::crm
