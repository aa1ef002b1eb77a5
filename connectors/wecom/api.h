#pragma once
// Every endpoint of WeCom's API that we call, as constants. Paths are below {api_base}/cgi-bin/;
// the number is the page (developer.work.weixin.qq.com/document/path/N).

#include <cstdint>
#include <string_view>

#include "base/http_types.h"

namespace leadbridge::wecom {

// Which of the corp's secrets the token is made from.
enum class SecretKind : std::uint8_t { app = 0, contacts = 1 };

// Whether a call may be sent again when it is not known if it was carried out.
enum class Repeat : std::uint8_t { safe, never };

struct Api {
    std::string_view name;  // path and metric label
    Method method;
    Repeat repeat = Repeat::safe;
    SecretKind secret = SecretKind::app;
    std::int64_t connect_timeout_ms = 5'000;
    std::int64_t timeout_ms = 10'000;
};

namespace api {

// Contacts: 92571, 92114, 92994, 92115, 92118, 92122
inline constexpr Api follow_user_list{"externalcontact/get_follow_user_list", Method::get};
inline constexpr Api contact_get{"externalcontact/get", Method::get};
inline constexpr Api contact_batch{"externalcontact/batch/get_by_user", Method::post};
inline constexpr Api contact_remark{"externalcontact/remark", Method::post};
inline constexpr Api mark_tag{"externalcontact/mark_tag", Method::post};
inline constexpr Api group_get{"externalcontact/groupchat/get", Method::post};
// Corp tags: 92117. Adding an existing name reuses it, so a repeat is safe.
inline constexpr Api tag_list{"externalcontact/get_corp_tag_list", Method::post};
inline constexpr Api tag_add{"externalcontact/add_corp_tag", Method::post};
inline constexpr Api tag_edit{"externalcontact/edit_corp_tag", Method::post};
inline constexpr Api tag_delete{"externalcontact/del_corp_tag", Method::post};
// Contact ways: 92572
inline constexpr Api way_add{"externalcontact/add_contact_way", Method::post, Repeat::never};
inline constexpr Api way_list{"externalcontact/list_contact_way", Method::post};
inline constexpr Api way_get{"externalcontact/get_contact_way", Method::post};
inline constexpr Api way_update{"externalcontact/update_contact_way", Method::post};
inline constexpr Api way_delete{"externalcontact/del_contact_way", Method::post};
// Welcome: 92137. The code works once, so a repeat cannot double it.
inline constexpr Api welcome_send{
    "externalcontact/send_welcome_msg", Method::post, Repeat::safe, SecretKind::app, 2'000, 4'000};
// Mass send: 92135, 93338, 97610, 97611
inline constexpr Api mass_add{"externalcontact/add_msg_template", Method::post, Repeat::never};
inline constexpr Api mass_list{"externalcontact/get_groupmsg_list_v2", Method::post};
inline constexpr Api mass_task{"externalcontact/get_groupmsg_task", Method::post};
inline constexpr Api mass_result{"externalcontact/get_groupmsg_send_result", Method::post};
inline constexpr Api mass_remind{
    "externalcontact/remind_groupmsg_send", Method::post, Repeat::never};
inline constexpr Api mass_cancel{"externalcontact/cancel_groupmsg_send", Method::post};
// Members: 90208, 95350, 96067, 90200, 90196
inline constexpr Api department_list{"department/list", Method::get};
inline constexpr Api department_simple_list{"department/simplelist", Method::get};
inline constexpr Api member_ids{"user/list_id", Method::post, Repeat::safe, SecretKind::contacts};
inline constexpr Api member_simple_list{"user/simplelist", Method::get};
inline constexpr Api member_get{"user/get", Method::get};
// Signing in: 91023. The code works once.
inline constexpr Api user_info{"auth/getuserinfo", Method::get, Repeat::never};
// Tickets of JS-SDK signatures: 90506
inline constexpr Api jsapi_ticket{"get_jsapi_ticket", Method::get};
inline constexpr Api app_ticket{"ticket/get", Method::get};
// Messages to members: 90236. enable_duplicate_check makes a repeat within its interval harmless.
inline constexpr Api message_send{"message/send", Method::post};
// Media: 90253, 90256. A second upload costs bytes, nothing else.
inline constexpr Api media_upload{
    "media/upload", Method::post, Repeat::safe, SecretKind::app, 5'000, 60'000};
inline constexpr Api image_upload{
    "media/uploadimg", Method::post, Repeat::safe, SecretKind::app, 5'000, 60'000};

}  // namespace api

}  // namespace leadbridge::wecom
