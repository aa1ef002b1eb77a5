#pragma once
// Channels (渠道): contact ways (活码) with who receives, which tags, which welcome. The state is
// issued by us and checkable: "b" + base36 of the id + 2 check characters, at most 30 (path 92572).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/result.h"
#include "crm/contacts/contact.h"
#include "crm/contacts/content.h"
#include "crm/leads/channel_limits.h"
#include "crm/staff/page.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

std::span<const Migration> leads_migrations();

std::string issue_state(ChannelId id);
// The id of a state that we issued (check characters agree); nullopt for anything else. Still to be
// matched against the row.
std::optional<ChannelId> read_state(std::string_view state) noexcept;

enum class ChannelKind : std::uint8_t { contact_way = 1 };
enum class ChannelSync : std::uint8_t { pending = 0, ready = 1, failed = 2 };
std::string_view to_string(ChannelKind kind) noexcept;
std::string_view to_string(ChannelSync sync) noexcept;

// A member that WeCom will not have in the code (41054), until it is asked again.
struct RefusedMember {
    std::string userid;
    std::string reason;
    UnixMillis until_ms = 0;
};

struct Channel {
    ChannelId id;
    CorpId corp;
    std::string name;  // 1..100 characters; its first 30 are the remark of the contact way
    ChannelKind kind = ChannelKind::contact_way;
    std::string state;                 // issued on create
    std::string config_id;             // of WeCom, "" until ready
    std::string qr_code;               // URL of the QR code, "" until ready
    std::vector<std::string> members;  // userids, 1..100
    ChannelLimits limits;              // who of them receives when
    std::vector<std::string> served;   // the users WeCom was last told; empty = never told
    std::vector<RefusedMember> refused;
    std::vector<TagId> tags;  // our tag rows, internal or WeCom
    bool skip_verify = true;
    Welcome welcome;  // may be empty: then the corp's default
    ChannelSync sync = ChannelSync::pending;
    std::string sync_error;
    std::int64_t version = 0;  // ETag
    UnixMillis created_ms = 0;
};

struct ChannelEdit {  // create and PATCH; absent = unchanged
    std::optional<std::string> name;
    std::optional<std::vector<std::string>> members;
    std::optional<ChannelLimits> limits;  // the whole of it; members that go take theirs along
    std::optional<std::vector<TagId>> tags;
    std::optional<bool> skip_verify;
    std::optional<Welcome> welcome;
};

struct ChannelStats {
    std::int64_t adds = 0;   // friendships that came through it, ever
    std::int64_t leads = 0;  // leads with it as first source
    std::int64_t lost = 0;   // of the adds: not friends any more
    std::int64_t spoke = 0;  // of the adds: the contact has said something
};

struct ChannelDay {
    std::int64_t adds = 0;
    std::int64_t lost = 0;
    std::int64_t spoke = 0;
};

class ChannelStore {
public:
    explicit ChannelStore(const CrmServices& services) : services_(services) {}

    // Writes the row and a PushChannel job. Error{rule_broken} with the field as reason.
    Result<Channel> create(Transaction& tx, const Viewer& viewer, const ChannelEdit& channel);
    Status update(
        Transaction& tx,
        const Viewer& viewer,
        ChannelId id,
        const ChannelEdit& edit,
        std::optional<std::int64_t> if_version
    );
    // The row stays hidden, so that late adds with its state still find it.
    Status remove(Transaction& tx, const Viewer& viewer, ChannelId id);

    // By connectors/wecom after a push.
    void pushed(
        Transaction& tx,
        CorpId corp,
        ChannelId id,
        std::string_view config_id,
        std::string_view qr_code
    );
    void push_failed(Transaction& tx, CorpId corp, ChannelId id, std::string_view error);

    static std::optional<Channel> find(Snapshot& s, const Viewer& viewer, ChannelId id);
    // Exact match against issued states, removed channels too. For intake and the welcome lane.
    static std::optional<Channel> find_by_state(Snapshot& s, CorpId corp, std::string_view state);
    static PageOf<Channel> list(Snapshot& s, const Viewer& viewer, const Page& page);
    static ChannelStats stats(Snapshot& s, const Viewer& viewer, ChannelId id);
    // One entry per day between two of `edges` (ascending, at least two). spoke: who was added that
    // day and has said something since.
    static std::vector<ChannelDay> days(
        Snapshot& s, const Viewer& viewer, ChannelId id, const std::vector<UnixMillis>& edges
    );
    // Their adds alone, counted from an index.
    static std::vector<std::int64_t> adds_by_day(
        Snapshot& s, const Viewer& viewer, ChannelId id, const std::vector<UnixMillis>& edges
    );

private:
    CrmServices services_;
};

}  // namespace leadbridge::crm
