#pragma once
// Sources: inbound webhooks of forms and the like, as rows. The shape of auth and map belongs to
// connectors/forms; here they are JSON texts, auth sealed.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/vault.h"
#include "crm/staff/page.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

using SourceId = Id<struct SourceTag>;

struct Source {
    SourceId id;
    CorpId corp;
    std::string name;
    std::string kind;                   // "generic", "jinshuju", "wjx", "tencent_survey", ...
    Secret auth;                        // JSON object, "{}" = none
    std::string map;                    // JSON object: field -> JSON pointer(s)
    std::vector<std::int64_t> tag_ids;  // our tag rows
    std::string owner_userid;           // fixed owner; "" = none
    bool enabled = true;
    std::string ack;  // body of the 200 the sender expects; "" = the preset's
    std::int64_t version = 0;
    UnixMillis created_ms = 0;
};

class SourceStore {
public:
    SourceStore(Vault& vault, const Clock& clock, IdSource& ids)
        : vault_(vault), clock_(clock), ids_(ids) {}

    // id, version and created_ms of the argument are ignored; the corp is the viewer's.
    // Error{invalid} names the field.
    Result<SourceId> create(Transaction& tx, const Viewer& viewer, const Source& source);
    // Error{stale} when if_version is given and differs. An empty auth keeps the stored one.
    Status update(
        Transaction& tx,
        const Viewer& viewer,
        const Source& source,
        std::optional<std::int64_t> if_version
    );
    Status remove(Transaction& tx, const Viewer& viewer, SourceId id);

    std::optional<Source> find(Snapshot& s, const Viewer& viewer, SourceId id) const;
    PageOf<Source> list(Snapshot& s, const Viewer& viewer, const Page& page) const;
    std::vector<Source> all(Snapshot& s) const;  // of every corp; for the directory and the doctor

private:
    Vault& vault_;
    const Clock& clock_;
    IdSource& ids_;
};

// All sources in memory, for the hook route. Thread-safe; a pointer is an immutable version.
class SourceDirectory {
public:
    SourceDirectory(Database& core, SourceStore& store);
    ~SourceDirectory();
    using Ptr = std::shared_ptr<const Source>;
    Ptr find(std::int64_t source_id) const;  // nullptr when unknown; a disabled one is found
    void refresh();                          // at start and on changes of topic "source"

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace leadbridge::crm
