// The events this program knows by name only.
#include "connectors/wecom/event_table.h"

namespace leadbridge::wecom {

namespace {

constexpr std::string_view foreign[] = {
    "kf_msg_or_event",
    "kf_account_auth_change",
    "subscribe",
    "unsubscribe",
    "enter_agent",
    "click",
    "view",
    "view_miniprogram",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
    "location",
    "batch_job_result",
    "close_inactive_agent",
    "reopen_inactive_agent",
    "low_active",
    "active_restored",
    "inactive_alert",
    "share_agent_change",
    "share_chain_change",
    "change_chain",
    "upload_media_job_finish",
    "sys_approval_change",
    "open_approval_change",
    "change_domain_ip",
    "unlicensed_notify",
    "template_card_event",
    "template_card_menu_event",
    "taskcard_click",
    "living_status_change",
    "doc_change",
    "smart_sheet_change",
    "app_email_change",
    "receive_email",
    "change_school_contact",
    "advanced_api_expired",
    "customer_acquisition_permit_change",
    "suite_ticket",
    "create_auth",
    "change_auth",
    "cancel_auth",
    "reset_permanent_code",
    "approve_special_auth",
    "cancel_special_auth",
    "agree_external_userid_migration",
};

}  // namespace

std::span<const std::string_view> foreign_events() {
    return foreign;
}

}  // namespace leadbridge::wecom
