#include "connectors/wecom/wecom_error.h"

#include <algorithm>
#include <array>
#include <string>

namespace leadbridge::wecom {

namespace {

struct Entry {
    int first;
    int last;
    ErrcodeMeaning meaning;
};

using C = ErrorCode;
using R = RetryClass;

// Sorted by code; ranges do not overlap (a test holds it).
constexpr std::array table{
    Entry{-1, -1, {C::retry_later, R::busy, "busy", "WeCom is busy"}},
    Entry{6000, 6000, {C::retry_later, R::busy, "version_conflict", "the data changed meanwhile"}},
    // From a business API this is a token of a secret that was changed: the next gettoken tells.
    Entry{40001, 40001, {C::auth, R::token, "bad_secret", "the secret is wrong or was reset"}},
    Entry{
        40003, 40003, {C::not_found, R::none, "unknown_member", "WeCom does not know the member"}},
    Entry{40007, 40007, {C::stale, R::none, "media_expired", "the media id is invalid or expired"}},
    Entry{
        40013,
        40013,
        {C::auth,
         R::credentials,
         "bad_corp_id",
         "the corp id is wrong: see My Company in the console"}},
    Entry{40014, 40014, {C::auth, R::token, "token_invalid", "the access token is invalid"}},
    Entry{40056, 40056, {C::forbidden, R::none, "bad_agent", "the agent id is wrong"}},
    Entry{40068, 40068, {C::not_found, R::none, "unknown_tag", "WeCom does not know the tag"}},
    Entry{40071, 40071, {C::conflict, R::none, "tag_name_taken", "the tag name exists"}},
    Entry{
        40091,
        40091,
        {C::auth,
         R::credentials,
         "bad_secret",
         "the secret is wrong: copy it again from the app's page"}},
    Entry{
        40096,
        40096,
        {C::not_found,
         R::none,
         "unknown_contact",
         "the external user id is not of this corp or out of range"}},
    Entry{40126, 40126, {C::rule_broken, R::none, "tag_cap", "the corp has its 3,000 tags"}},
    Entry{41001, 41001, {C::auth, R::token, "token_missing", "the access token is missing"}},
    Entry{
        41044,
        41044,
        {C::not_found, R::none, "unknown_contact_way", "the contact way does not exist any more"}},
    Entry{
        41045,
        41045,
        {C::rule_broken,
         R::none,
         "contact_way_cap",
         "the corp has all contact ways the API allows"}},
    Entry{41048, 41048, {C::rule_broken, R::none, "no_targets", "no customer can be sent to"}},
    Entry{
        41050,
        41050,
        {C::permanent,
         R::none,
         "welcome_code_expired",
         "the welcome code is used or older than 20 s"}},
    Entry{
        41051,
        41051,
        {C::conflict, R::none, "already_chatting", "customer and member already started to chat"}},
    Entry{
        41053,
        41053,
        {C::precondition_missing,
         R::none,
         "no_consent",
         "the customer has not agreed to archiving"}},
    Entry{
        41054,
        41054,
        {C::rule_broken,
         R::none,
         "member_not_active",
         "the member is not activated or not real-name"}},
    Entry{
        41063,
        41063,
        {C::retry_later,
         R::later,
         "still_dispatching",
         "the mass message is still being dispatched"}},
    Entry{
        41078,
        41079,
        {C::retry_later, R::later, "still_dispatching", "moments are being dispatched"}},
    Entry{
        41093, 41093, {C::conflict, R::none, "already_cancelled", "the task is cancelled already"}},
    Entry{
        41094,
        41094,
        {C::limited, R::none, "reminded_too_often", "a task is reminded at most 3 times in 24 h"}},
    Entry{
        41096,
        41096,
        {C::retry_later,
         R::later,
         "welcome_by_other_app",
         "another app is sending the welcome message"}},
    Entry{42001, 42001, {C::auth, R::token, "token_expired", "the access token expired"}},
    Entry{
        45009,
        45009,
        {C::limited,
         R::rate,
         "rate_limit",
         "the API's frequency limit is used up for this window"}},
    Entry{
        45033,
        45033,
        {C::limited, R::concurrency, "concurrency_limit", "too many calls at a time"}},
    Entry{
        46004, 46004, {C::not_found, R::none, "unknown_member", "WeCom does not know the member"}},
    Entry{
        48001,
        48009,
        {C::forbidden,
         R::none,
         "api_not_authorised",
         "the app may not call this API: list it under Customer Contact, callable apps"}},
    Entry{
        50002,
        50002,
        {C::forbidden, R::none, "out_of_range", "the member is out of the app's range"}},
    Entry{
        50003,
        50003,
        {C::auth, R::credentials, "app_disabled", "the app is disabled in the console"}},
    Entry{
        50100, 50100, {C::stale, R::none, "bad_cursor", "the paging cursor is not valid any more"}},
    Entry{
        60011,
        60011,
        {C::forbidden, R::none, "out_of_range", "no right on this member or department"}},
    Entry{
        60020,
        60020,
        {C::auth,
         R::credentials,
         "untrusted_ip",
         "this machine's address is not a trusted IP of the app: add the one named; it applies "
         "after a minute"}},
    Entry{
        60021,
        60021,
        {C::forbidden, R::none, "out_of_range", "the member is out of the app's range"}},
    Entry{
        60111, 60111, {C::not_found, R::none, "unknown_member", "WeCom does not know the member"}},
    Entry{
        81013, 81013, {C::not_found, R::none, "no_receivers", "no receiver is valid or in range"}},
    Entry{81017, 81017, {C::rule_broken, R::none, "too_many", "too many members: filter by owner"}},
    Entry{
        84061,
        84061,
        {C::not_found, R::none, "no_relation", "member and customer have no contact relation"}},
    Entry{
        84074,
        84074,
        {C::forbidden, R::none, "no_customer_contact", "the member may not use customer contact"}},
    Entry{
        84084,
        84084,
        {C::not_found, R::none, "no_relation", "the member does not follow the customer"}},
    Entry{90500, 90511, {C::permanent, R::none, "group_refused", "the group does not allow it"}},
    Entry{
        301002,
        301002,
        {C::forbidden,
         R::none,
         "bad_agent",
         "the secret belongs to another app than the agent id"}},
};

}  // namespace

ErrcodeMeaning meaning_of(int errcode) noexcept {
    const auto* entry = std::lower_bound(
        table.begin(), table.end(), errcode, [](const Entry& e, int code) { return e.last < code; }
    );
    if (entry != table.end() && entry->first <= errcode) {
        return entry->meaning;
    }
    return {C::permanent, R::none, "", "WeCom refuses the call"};
}

Error errcode_error(std::string_view api, int errcode, std::string_view errmsg) {
    constexpr std::size_t max_hint = 300;
    const auto meaning = meaning_of(errcode);
    std::string text = std::string(api) + ": " + std::string(meaning.cause) + " (errcode " +
                       std::to_string(errcode);
    if (!errmsg.empty()) {
        text += ", " + std::string(errmsg.substr(0, max_hint));
    }
    return Error{meaning.code, text + ")", std::string(meaning.reason), errcode};
}

}  // namespace leadbridge::wecom
