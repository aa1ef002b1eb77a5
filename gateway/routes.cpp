// The whole API: one row per method and path. A test holds it against openapi.json.

#include <array>

#include "gateway/api/handlers.h"
#include "gateway/route.h"

namespace leadbridge::gateway {

namespace {

using crm::Permission;

constexpr std::size_t media_limit = 21 << 20;

constexpr std::array table{
    Route{Method::get, "/api/v1/openapi.json", Access::open, Permission::none, get_openapi},
    Route{Method::get, "/api/v1/auth/methods", Access::open, Permission::none, get_auth_methods},
    Route{Method::post, "/api/v1/auth/local", Access::open, Permission::none, sign_in_local},
    Route{Method::post, "/api/v1/auth/first", Access::open, Permission::none, sign_in_first},
    Route{Method::get, "/api/v1/auth/wecom/start", Access::open, Permission::none, start_wecom},
    Route{Method::post, "/api/v1/auth/wecom", Access::open, Permission::none, sign_in_wecom},
    Route{Method::post, "/api/v1/auth/logout", Access::read, Permission::own, sign_out},
    Route{Method::get, "/api/v1/me", Access::read, Permission::own, get_me},
    Route{Method::post, "/api/v1/me/password", Access::read, Permission::own, change_password},
    Route{Method::post, "/api/v1/me/totp", Access::read, Permission::own, begin_totp},
    Route{Method::post, "/api/v1/me/totp/confirm", Access::read, Permission::own, confirm_totp},
    Route{Method::del, "/api/v1/me/totp", Access::read, Permission::own, remove_totp},
    Route{Method::get, "/api/v1/sessions", Access::read, Permission::own, list_sessions},
    Route{Method::del, "/api/v1/sessions", Access::read, Permission::own, end_sessions},
    Route{Method::del, "/api/v1/sessions/{id}", Access::read, Permission::own, end_session},
    Route{Method::get, "/api/v1/users", Access::admin, Permission::users_admin, list_users},
    Route{Method::post, "/api/v1/users", Access::admin, Permission::users_admin, create_user},
    Route{Method::get, "/api/v1/users/{id}", Access::admin, Permission::users_admin, get_user},
    Route{Method::patch, "/api/v1/users/{id}", Access::admin, Permission::users_admin, patch_user},
    Route{Method::del, "/api/v1/users/{id}", Access::admin, Permission::users_admin, delete_user},
    Route{
        Method::post,
        "/api/v1/users/{id}/unlock",
        Access::admin,
        Permission::users_admin,
        unlock_user},
    Route{Method::get, "/api/v1/roles", Access::read, Permission::own, list_roles},
    Route{
        Method::get,
        "/api/v1/departments/roles",
        Access::admin,
        Permission::users_admin,
        get_department_roles},
    Route{
        Method::put,
        "/api/v1/departments/roles",
        Access::admin,
        Permission::users_admin,
        put_department_roles},

    Route{Method::get, "/api/v1/corps", Access::read, Permission::corps_read, list_corps},
    Route{Method::post, "/api/v1/corps", Access::admin, Permission::corps_write, create_corp},
    Route{Method::get, "/api/v1/corps/{id}", Access::read, Permission::corps_read, get_corp},
    Route{Method::patch, "/api/v1/corps/{id}", Access::admin, Permission::corps_write, patch_corp},
    Route{Method::del, "/api/v1/corps/{id}", Access::admin, Permission::corps_write, delete_corp},
    Route{
        Method::post,
        "/api/v1/corps/{id}/check",
        Access::admin,
        Permission::corps_write,
        check_corp},

    Route{Method::get, "/api/v1/channels", Access::read, Permission::channels_read, list_channels},
    Route{
        Method::post,
        "/api/v1/channels",
        Access::write,
        Permission::channels_write,
        create_channel},
    Route{
        Method::get, "/api/v1/channels/{id}", Access::read, Permission::channels_read, get_channel},
    Route{
        Method::patch,
        "/api/v1/channels/{id}",
        Access::write,
        Permission::channels_write,
        patch_channel},
    Route{
        Method::del,
        "/api/v1/channels/{id}",
        Access::write,
        Permission::channels_write,
        delete_channel},
    Route{
        Method::get,
        "/api/v1/channels/{id}/stats",
        Access::read,
        Permission::channels_read,
        get_channel_stats},
    Route{
        Method::get,
        "/api/v1/channels/{id}/serving",
        Access::read,
        Permission::channels_read,
        get_channel_serving},
    Route{
        Method::get,
        "/api/v1/channels/{id}/swaps",
        Access::read,
        Permission::channels_read,
        list_channel_swaps},

    Route{Method::get, "/api/v1/leads", Access::read, Permission::leads_read, list_leads},
    Route{Method::post, "/api/v1/leads/query", Access::read, Permission::leads_read, query_leads},
    Route{Method::post, "/api/v1/leads/board", Access::read, Permission::leads_read, lead_board},
    Route{Method::get, "/api/v1/leads/{id}", Access::read, Permission::leads_read, get_lead},
    Route{Method::patch, "/api/v1/leads/{id}", Access::write, Permission::leads_write, patch_lead},
    Route{
        Method::post,
        "/api/v1/leads/{id}/claim",
        Access::write,
        Permission::leads_write,
        claim_lead},
    Route{
        Method::post,
        "/api/v1/leads/{id}/assign",
        Access::write,
        Permission::leads_assign,
        assign_lead},
    Route{
        Method::post,
        "/api/v1/leads/{id}/return",
        Access::write,
        Permission::leads_write,
        return_lead},
    Route{
        Method::post,
        "/api/v1/leads/{id}/convert",
        Access::write,
        Permission::leads_write,
        convert_lead},
    Route{
        Method::post,
        "/api/v1/leads/{id}/invalidate",
        Access::write,
        Permission::leads_write,
        invalidate_lead},

    Route{Method::get, "/api/v1/contacts", Access::read, Permission::contacts_read, list_contacts},
    Route{
        Method::post,
        "/api/v1/contacts/query",
        Access::read,
        Permission::contacts_read,
        query_contacts},
    Route{
        Method::get, "/api/v1/contacts/{id}", Access::read, Permission::contacts_read, get_contact},
    Route{
        Method::patch,
        "/api/v1/contacts/{id}",
        Access::write,
        Permission::contacts_write,
        patch_contact},
    Route{
        Method::get,
        "/api/v1/contacts/{id}/timeline",
        Access::read,
        Permission::contacts_read,
        get_contact_timeline},
    Route{
        Method::get,
        "/api/v1/contacts/{id}/messages",
        Access::read,
        Permission::archive_read,
        list_contact_messages},
    Route{
        Method::put,
        "/api/v1/contacts/{id}/tags",
        Access::write,
        Permission::contacts_write,
        put_contact_tags},
    Route{
        Method::post,
        "/api/v1/contacts/{id}/notes",
        Access::write,
        Permission::contacts_write,
        add_contact_note},
    Route{
        Method::post,
        "/api/v1/contacts/{id}/reveal",
        Access::read,
        Permission::contacts_reveal,
        reveal_contact},
    Route{Method::get, "/api/v1/events", Access::read, Permission::contacts_read, list_events},

    Route{Method::post, "/api/v1/bulk", Access::write, Permission::bulk_run, start_bulk},
    Route{Method::get, "/api/v1/operations", Access::read, Permission::bulk_run, list_operations},
    Route{
        Method::get, "/api/v1/operations/{id}", Access::read, Permission::bulk_run, get_operation},
    Route{
        Method::get,
        "/api/v1/operations/{id}/failures",
        Access::read,
        Permission::bulk_run,
        list_operation_failures},
    Route{
        Method::post,
        "/api/v1/operations/{id}/cancel",
        Access::write,
        Permission::bulk_run,
        cancel_operation},
    Route{
        Method::post,
        "/api/v1/operations/{id}/undo",
        Access::write,
        Permission::bulk_run,
        undo_operation},

    Route{Method::get, "/api/v1/home", Access::read, Permission::own, get_home},
    Route{Method::get, "/api/v1/search", Access::read, Permission::contacts_read, search},
    Route{Method::get, "/api/v1/side/signature", Access::read, Permission::own, get_side_signature},
    Route{
        Method::get,
        "/api/v1/side/contact",
        Access::read,
        Permission::contacts_read,
        get_side_contact},
    Route{
        Method::get, "/api/v1/side/group", Access::read, Permission::contacts_read, get_side_group},
    Route{Method::get, "/api/v1/health", Access::read, Permission::system_read, get_health},
    Route{
        Method::get,
        "/api/v1/setup/steps",
        Access::admin,
        Permission::corps_write,
        list_setup_steps},
    Route{
        Method::post,
        "/api/v1/setup/steps/{step}/test",
        Access::admin,
        Permission::corps_write,
        test_setup_step},
    Route{
        Method::get,
        "/api/v1/setup/domain",
        Access::admin,
        Permission::corps_write,
        get_setup_domain},
    Route{
        Method::put,
        "/api/v1/setup/domain/files/{name}",
        Access::admin,
        Permission::corps_write,
        put_setup_file},
    Route{
        Method::del,
        "/api/v1/setup/domain/files/{name}",
        Access::admin,
        Permission::corps_write,
        delete_setup_file},
    Route{Method::get, "/api/v1/views", Access::read, Permission::views_write, list_views},
    Route{Method::post, "/api/v1/views", Access::read, Permission::views_write, create_view},
    Route{Method::patch, "/api/v1/views/{id}", Access::read, Permission::views_write, patch_view},
    Route{Method::del, "/api/v1/views/{id}", Access::read, Permission::views_write, delete_view},
    Route{Method::get, "/api/v1/sandbox", Access::admin, Permission::system_admin, get_sandbox},
    Route{
        Method::post,
        "/api/v1/sandbox/{act}",
        Access::admin,
        Permission::system_admin,
        act_in_sandbox},
    Route{
        Method::get,
        "/api/v1/channels/{id}/qr.svg",
        Access::read,
        Permission::channels_read,
        get_channel_qr_svg},
    Route{
        Method::get,
        "/api/v1/channels/{id}/qr.png",
        Access::read,
        Permission::channels_read,
        get_channel_qr_png},
    Route{
        Method::post,
        "/api/v1/segments/overlap",
        Access::read,
        Permission::segments_read,
        overlap_segments},
    Route{Method::get, "/api/v1/tags/sync", Access::read, Permission::tags_read, get_tag_sync},
    Route{
        Method::post,
        "/api/v1/pushes/estimate",
        Access::read,
        Permission::pushes_read,
        estimate_push},
    Route{
        Method::get,
        "/api/v1/pushes/{id}/members",
        Access::read,
        Permission::pushes_read,
        list_push_members},

    Route{Method::get, "/api/v1/tags", Access::read, Permission::tags_read, list_tags},
    Route{Method::post, "/api/v1/tags", Access::write, Permission::tags_write, create_tag},
    Route{Method::post, "/api/v1/tags/merge", Access::write, Permission::tags_write, merge_tags},
    Route{Method::get, "/api/v1/tags/{id}", Access::read, Permission::tags_read, get_tag},
    Route{Method::patch, "/api/v1/tags/{id}", Access::write, Permission::tags_write, patch_tag},
    Route{Method::del, "/api/v1/tags/{id}", Access::write, Permission::tags_write, delete_tag},

    Route{Method::get, "/api/v1/segments", Access::read, Permission::segments_read, list_segments},
    Route{
        Method::post,
        "/api/v1/segments",
        Access::write,
        Permission::segments_write,
        create_segment},
    Route{
        Method::post,
        "/api/v1/segments/preview",
        Access::read,
        Permission::segments_read,
        preview_segment},
    Route{
        Method::get, "/api/v1/segments/{id}", Access::read, Permission::segments_read, get_segment},
    Route{
        Method::patch,
        "/api/v1/segments/{id}",
        Access::write,
        Permission::segments_write,
        patch_segment},
    Route{
        Method::del,
        "/api/v1/segments/{id}",
        Access::write,
        Permission::segments_write,
        delete_segment},

    Route{Method::get, "/api/v1/pushes", Access::read, Permission::pushes_read, list_pushes},
    Route{Method::post, "/api/v1/pushes", Access::write, Permission::pushes_write, create_push},
    Route{Method::get, "/api/v1/pushes/{id}", Access::read, Permission::pushes_read, get_push},
    Route{
        Method::patch, "/api/v1/pushes/{id}", Access::write, Permission::pushes_write, patch_push},
    Route{
        Method::post,
        "/api/v1/pushes/{id}/submit",
        Access::write,
        Permission::pushes_submit,
        submit_push},
    Route{
        Method::post,
        "/api/v1/pushes/{id}/cancel",
        Access::write,
        Permission::pushes_submit,
        cancel_push},
    Route{
        Method::post,
        "/api/v1/pushes/{id}/remind",
        Access::write,
        Permission::pushes_submit,
        remind_push},
    Route{
        Method::get,
        "/api/v1/pushes/{id}/recipients",
        Access::read,
        Permission::pushes_read,
        list_push_recipients},
    Route{
        Method::get,
        "/api/v1/pushes/{id}/batches",
        Access::read,
        Permission::pushes_read,
        list_push_batches},
    Route{
        Method::post,
        "/api/v1/pushes/{id}/batches/{batch}/decide",
        Access::write,
        Permission::pushes_submit,
        decide_push_batch},

    Route{Method::get, "/api/v1/sources", Access::read, Permission::sources_read, list_sources},
    Route{Method::post, "/api/v1/sources", Access::write, Permission::sources_write, create_source},
    Route{Method::get, "/api/v1/sources/{id}", Access::read, Permission::sources_read, get_source},
    Route{
        Method::patch,
        "/api/v1/sources/{id}",
        Access::write,
        Permission::sources_write,
        patch_source},
    Route{
        Method::del,
        "/api/v1/sources/{id}",
        Access::write,
        Permission::sources_write,
        delete_source},
    Route{
        Method::post,
        "/api/v1/sources/{id}/test",
        Access::read,
        Permission::sources_write,
        test_source},
    Route{
        Method::post,
        "/api/v1/sources/{id}/rotate",
        Access::write,
        Permission::sources_write,
        rotate_source},

    Route{
        Method::get,
        "/api/v1/archive/conversations",
        Access::read,
        Permission::archive_read,
        list_conversations},
    Route{
        Method::get,
        "/api/v1/archive/conversations/{id}/messages",
        Access::read,
        Permission::archive_read,
        list_messages},
    Route{
        Method::get,
        "/api/v1/archive/media/{id}",
        Access::read,
        Permission::archive_read,
        get_media},
    Route{
        Method::post,
        "/api/v1/archive/search",
        Access::read,
        Permission::archive_read,
        search_archive},
    Route{
        Method::get,
        "/api/v1/archive/health",
        Access::read,
        Permission::archive_read,
        get_archive_health},
    Route{
        Method::post,
        "/api/v1/archive/replay",
        Access::admin,
        Permission::system_admin,
        replay_archive},

    Route{Method::get, "/api/v1/inbox", Access::read, Permission::system_read, list_inbox},
    Route{Method::get, "/api/v1/inbox/{id}", Access::admin, Permission::system_admin, show_inbox},
    Route{
        Method::post,
        "/api/v1/inbox/replay",
        Access::admin,
        Permission::system_admin,
        replay_many_inbox},
    Route{
        Method::post,
        "/api/v1/inbox/drop",
        Access::admin,
        Permission::system_admin,
        drop_many_inbox},
    Route{
        Method::post,
        "/api/v1/inbox/{id}/replay",
        Access::admin,
        Permission::system_admin,
        replay_inbox},
    Route{
        Method::post,
        "/api/v1/inbox/{id}/park",
        Access::admin,
        Permission::system_admin,
        park_inbox},
    Route{
        Method::post,
        "/api/v1/inbox/{id}/drop",
        Access::admin,
        Permission::system_admin,
        drop_inbox},
    Route{Method::get, "/api/v1/jobs", Access::read, Permission::system_read, list_jobs},
    Route{
        Method::post,
        "/api/v1/jobs/{id}/retry",
        Access::admin,
        Permission::system_admin,
        retry_job},
    Route{
        Method::post, "/api/v1/jobs/{id}/drop", Access::admin, Permission::system_admin, drop_job},

    Route{Method::get, "/api/v1/members", Access::read, Permission::members_read, list_members},
    Route{
        Method::get,
        "/api/v1/departments",
        Access::read,
        Permission::members_read,
        list_departments},
    Route{Method::get, "/api/v1/sync", Access::read, Permission::system_read, get_sync},
    Route{Method::post, "/api/v1/sync", Access::write, Permission::system_admin, start_sync},
    Route{
        Method::post,
        "/api/v1/media",
        Access::write,
        Permission::media_write,
        upload_media,
        media_limit},
    Route{Method::get, "/api/v1/tokens", Access::admin, Permission::system_admin, list_tokens},
    Route{Method::post, "/api/v1/tokens", Access::admin, Permission::system_admin, create_token},
    Route{
        Method::del, "/api/v1/tokens/{id}", Access::admin, Permission::system_admin, revoke_token},
    Route{Method::get, "/api/v1/audit", Access::admin, Permission::audit_read, list_audit},
    Route{Method::get, "/api/v1/audit/export", Access::admin, Permission::audit_read, export_audit},
    Route{
        Method::get,
        "/api/v1/machine/audit",
        Access::admin,
        Permission::audit_read,
        list_machine_audit},
};

}  // namespace

std::span<const Route> api_routes() noexcept {
    return table;
}

}  // namespace leadbridge::gateway
