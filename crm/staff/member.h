#pragma once
// Members (员工) and departments of a corp. A userid is compared in lower case and shown as
// received: WeCom looks it up without regard to case, callbacks carry the registered one (path
// 90970).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/result.h"
#include "crm/staff/page.h"
#include "crm/staff/viewer.h"

namespace leadbridge::crm {

std::string userid_key(std::string_view userid);  // lower case (ASCII), trimmed

enum class MemberStatus : std::uint8_t {
    unknown = 0,
    active = 1,
    disabled = 2,
    not_activated = 4,
    left = 5
};

// Whoever WeCom lets in may sign in here: only known ends count, since many corps do not show us
// the status of their members.
constexpr bool may_sign_in(MemberStatus status) noexcept {
    return status != MemberStatus::disabled && status != MemberStatus::left;
}

struct Member {
    MemberId id;
    CorpId corp;
    std::string userid;  // as received
    std::string name;    // "" = unknown
    MemberStatus status = MemberStatus::unknown;
    bool customer_contact = false;  // named by get_follow_user_list: may have contacts
    std::vector<std::int64_t> departments;
    UnixMillis updated_ms = 0;
};

// What a sync or an event says. An absent optional means unknown, never cleared.
struct MemberFact {
    std::string userid;
    std::optional<std::string> name;
    std::optional<MemberStatus> status;
    std::optional<bool> customer_contact;
    std::optional<std::vector<std::int64_t>> departments;
};

struct Department {
    std::int64_t id = 0;  // WeCom's number
    std::string name;
    std::int64_t parent = 0;
};

class MemberStore {
public:
    MemberStore(const Clock& clock, IdSource& ids) : clock_(clock), ids_(ids) {}

    // The row of a userid, made when it is not there. "" gives MemberId{0}.
    MemberId ensure(Transaction& tx, CorpId corp, std::string_view userid);
    MemberId put(Transaction& tx, CorpId corp, const MemberFact& fact);
    // A renamed member keeps its row. When the new userid has a row too (an event overtook), the
    // old one is left as `left`.
    void rename(
        Transaction& tx, CorpId corp, std::string_view old_userid, std::string_view new_userid
    );
    void set_left(Transaction& tx, CorpId corp, std::string_view userid);
    void put_department(Transaction& tx, CorpId corp, const Department& department);
    void remove_department(Transaction& tx, CorpId corp, std::int64_t id);

    static MemberId find_userid(
        Snapshot& s, CorpId corp, std::string_view userid
    );  // 0 when unknown
    static std::optional<Member> find(Snapshot& s, CorpId corp, MemberId id);
    static std::string userid_of(Snapshot& s, CorpId corp, MemberId id);  // "" when unknown
    static PageOf<Member> list(Snapshot& s, const Viewer& viewer, const Page& page);
    static std::vector<Department> departments(Snapshot& s, const Viewer& viewer);

private:
    const Clock& clock_;
    IdSource& ids_;
};

}  // namespace leadbridge::crm
