#pragma once
// Views people keep of a list. The body is the page's own JSON; a shared one is seen by everyone of
// the corp and changed by whoever made it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "base/result.h"
#include "crm/contacts/contact.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

using SavedViewId = Id<struct SavedViewTag>;

struct SavedView {
    SavedViewId id;
    std::string page;
    std::string name;
    std::string body;  // JSON object
    bool shared = false;
    std::string actor;  // who made it
    std::int64_t version = 0;
    UnixMillis created_ms = 0;
    UnixMillis updated_ms = 0;
};

struct SavedViewEdit {                // create needs page, name and body; absent = unchanged
    std::optional<std::string> page;  // 1..40 bytes
    std::optional<std::string> name;  // 1..60 bytes
    std::optional<std::string> body;  // at most 16 kB
    std::optional<bool> shared;
};

class SavedViewStore {
public:
    explicit SavedViewStore(const CrmServices& services) : services_(services) {}

    // Error{rule_broken} naming the field, {conflict} "view_name_taken", {forbidden} for somebody
    // else's, {not_found}, {stale}.
    Result<SavedView> create(Transaction& tx, const Viewer& viewer, const SavedViewEdit& edit);
    Result<SavedView> update(
        Transaction& tx,
        const Viewer& viewer,
        SavedViewId id,
        const SavedViewEdit& edit,
        std::int64_t if_version
    );
    Status remove(Transaction& tx, const Viewer& viewer, SavedViewId id);

    static std::optional<SavedView> find(Snapshot& s, const Viewer& viewer, SavedViewId id);
    // One's own and the shared ones, by name, at most 500. page: "" = any.
    static std::vector<SavedView> list(Snapshot& s, const Viewer& viewer, std::string_view page);

private:
    Status check(Snapshot& s, const Viewer& viewer, const SavedView& view) const;
    CrmServices services_;
};

}  // namespace leadbridge::crm
