#pragma once
// What the handlers of the chat toolbar's page (/api/v1/side) share. Whom a chat is with is said by
// the browser, so every answer is for a member who follows that contact, or is in that group. For
// .cpp files of gateway/api only.

#include "crm/outbox.h"
#include "crm/staff/member.h"
#include "gateway/api/support.h"
#include "gateway/side_fetches.h"

namespace leadbridge::gateway {

// A user without a member, or a token: 403 that says what to do.
Error not_a_member();
// The query value, 1 to 64 bytes.
Result<std::string> side_object(const ApiRequest& request, const std::string& name);

// The live friendship of the asking member with the contact the browser named.
struct SideContact {
    crm::ContactId contact;             // 0: unknown
    std::optional<crm::Follow> follow;  // of the asking member, live
};

SideContact seek_contact(
    Snapshot& s, const crm::Viewer& viewer, const std::string& external_userid
);
// The member's name; the userid where none is known, "" for nobody.
std::string member_name(Snapshot& s, CorpId corp, crm::MemberId id);

// Has WeCom asked about what the page named and we do not know, within the limits of SideFetches.
template <class Job>
Status fetch_soon(
    const ApiServices& services,
    const ApiRequest& request,
    const std::string& object,
    const Job& job
) {
    if (!services.side_fetches.due(request.viewer(), object)) {
        return {};
    }
    auto put = services.core.write<int>([&](Transaction& tx) -> Result<int> {
        crm::put_job(tx, services.jobs, request.corp(), job);
        return 0;
    });
    return put ? Status{} : Status{std::move(put).error()};
}

}  // namespace leadbridge::gateway
