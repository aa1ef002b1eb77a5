#pragma once
// Every handler of /api/v1, by resource. Thin shells: read the request, call crm or archive, build
// the answer.

#include "gateway/api_services.h"
#include "gateway/route.h"

namespace leadbridge::gateway {

// corps.cpp
Result<Response> list_corps(const ApiServices& services, const ApiRequest& request);
Result<Response> get_corp(const ApiServices& services, const ApiRequest& request);
Result<Response> create_corp(const ApiServices& services, const ApiRequest& request);
Result<Response> patch_corp(const ApiServices& services, const ApiRequest& request);
Result<Response> delete_corp(const ApiServices& services, const ApiRequest& request);
Result<Response> check_corp(const ApiServices& services, const ApiRequest& request);
// channels.cpp
Result<Response> list_channels(const ApiServices& services, const ApiRequest& request);
Result<Response> get_channel(const ApiServices& services, const ApiRequest& request);
Result<Response> create_channel(const ApiServices& services, const ApiRequest& request);
Result<Response> patch_channel(const ApiServices& services, const ApiRequest& request);
Result<Response> delete_channel(const ApiServices& services, const ApiRequest& request);
Result<Response> get_channel_stats(const ApiServices& services, const ApiRequest& request);

// channel_serving.cpp
Result<Response> get_channel_serving(const ApiServices& services, const ApiRequest& request);
Result<Response> list_channel_swaps(const ApiServices& services, const ApiRequest& request);
// leads.cpp
Result<Response> list_leads(const ApiServices& services, const ApiRequest& request);
Result<Response> get_lead(const ApiServices& services, const ApiRequest& request);
Result<Response> patch_lead(const ApiServices& services, const ApiRequest& request);
Result<Response> claim_lead(const ApiServices& services, const ApiRequest& request);
Result<Response> assign_lead(const ApiServices& services, const ApiRequest& request);
Result<Response> return_lead(const ApiServices& services, const ApiRequest& request);
Result<Response> convert_lead(const ApiServices& services, const ApiRequest& request);
Result<Response> invalidate_lead(const ApiServices& services, const ApiRequest& request);
// contacts.cpp
Result<Response> list_contacts(const ApiServices& services, const ApiRequest& request);
Result<Response> get_contact(const ApiServices& services, const ApiRequest& request);
Result<Response> patch_contact(const ApiServices& services, const ApiRequest& request);
Result<Response> put_contact_tags(const ApiServices& services, const ApiRequest& request);
Result<Response> reveal_contact(const ApiServices& services, const ApiRequest& request);
Result<Response> add_contact_note(const ApiServices& services, const ApiRequest& request);
Result<Response> get_contact_timeline(const ApiServices& services, const ApiRequest& request);
Result<Response> list_events(const ApiServices& services, const ApiRequest& request);
// queries.cpp
Result<Response> query_contacts(const ApiServices& services, const ApiRequest& request);
Result<Response> query_leads(const ApiServices& services, const ApiRequest& request);
Result<Response> lead_board(const ApiServices& services, const ApiRequest& request);
// operations.cpp
Result<Response> start_bulk(const ApiServices& services, const ApiRequest& request);
Result<Response> list_operations(const ApiServices& services, const ApiRequest& request);
Result<Response> get_operation(const ApiServices& services, const ApiRequest& request);
Result<Response> list_operation_failures(const ApiServices& services, const ApiRequest& request);
Result<Response> cancel_operation(const ApiServices& services, const ApiRequest& request);
Result<Response> undo_operation(const ApiServices& services, const ApiRequest& request);
// audiences.cpp
Result<Response> overlap_segments(const ApiServices& services, const ApiRequest& request);
Result<Response> get_tag_sync(const ApiServices& services, const ApiRequest& request);
Result<Response> estimate_push(const ApiServices& services, const ApiRequest& request);
Result<Response> list_push_members(const ApiServices& services, const ApiRequest& request);
// views_saved.cpp
Result<Response> list_views(const ApiServices& services, const ApiRequest& request);
Result<Response> create_view(const ApiServices& services, const ApiRequest& request);
Result<Response> patch_view(const ApiServices& services, const ApiRequest& request);
Result<Response> delete_view(const ApiServices& services, const ApiRequest& request);
// home.cpp, search.cpp
Result<Response> get_home(const ApiServices& services, const ApiRequest& request);
Result<Response> search(const ApiServices& services, const ApiRequest& request);
// health.cpp, setup.cpp
Result<Response> get_health(const ApiServices& services, const ApiRequest& request);
Result<Response> list_setup_steps(const ApiServices& services, const ApiRequest& request);
Result<Response> test_setup_step(const ApiServices& services, const ApiRequest& request);
Result<Response> get_setup_domain(const ApiServices& services, const ApiRequest& request);
Result<Response> put_setup_file(const ApiServices& services, const ApiRequest& request);
Result<Response> delete_setup_file(const ApiServices& services, const ApiRequest& request);
// sandbox.cpp
Result<Response> get_sandbox(const ApiServices& services, const ApiRequest& request);
Result<Response> act_in_sandbox(const ApiServices& services, const ApiRequest& request);
// channel_qr.cpp
Result<Response> get_channel_qr_svg(const ApiServices& services, const ApiRequest& request);
Result<Response> get_channel_qr_png(const ApiServices& services, const ApiRequest& request);
// side_signature.cpp, side_contact.cpp, side_group.cpp
Result<Response> get_side_signature(const ApiServices& services, const ApiRequest& request);
Result<Response> get_side_contact(const ApiServices& services, const ApiRequest& request);
Result<Response> get_side_group(const ApiServices& services, const ApiRequest& request);
// tags.cpp
Result<Response> list_tags(const ApiServices& services, const ApiRequest& request);
Result<Response> get_tag(const ApiServices& services, const ApiRequest& request);
Result<Response> create_tag(const ApiServices& services, const ApiRequest& request);
Result<Response> patch_tag(const ApiServices& services, const ApiRequest& request);
Result<Response> delete_tag(const ApiServices& services, const ApiRequest& request);
Result<Response> merge_tags(const ApiServices& services, const ApiRequest& request);
// segments.cpp
Result<Response> list_segments(const ApiServices& services, const ApiRequest& request);
Result<Response> get_segment(const ApiServices& services, const ApiRequest& request);
Result<Response> create_segment(const ApiServices& services, const ApiRequest& request);
Result<Response> patch_segment(const ApiServices& services, const ApiRequest& request);
Result<Response> delete_segment(const ApiServices& services, const ApiRequest& request);
Result<Response> preview_segment(const ApiServices& services, const ApiRequest& request);
// pushes.cpp
Result<Response> list_pushes(const ApiServices& services, const ApiRequest& request);
Result<Response> get_push(const ApiServices& services, const ApiRequest& request);
Result<Response> create_push(const ApiServices& services, const ApiRequest& request);
Result<Response> patch_push(const ApiServices& services, const ApiRequest& request);
Result<Response> submit_push(const ApiServices& services, const ApiRequest& request);
Result<Response> cancel_push(const ApiServices& services, const ApiRequest& request);
Result<Response> remind_push(const ApiServices& services, const ApiRequest& request);
Result<Response> list_push_recipients(const ApiServices& services, const ApiRequest& request);
Result<Response> list_push_batches(const ApiServices& services, const ApiRequest& request);
Result<Response> decide_push_batch(const ApiServices& services, const ApiRequest& request);
// sources.cpp
Result<Response> list_sources(const ApiServices& services, const ApiRequest& request);
Result<Response> get_source(const ApiServices& services, const ApiRequest& request);
Result<Response> create_source(const ApiServices& services, const ApiRequest& request);
Result<Response> patch_source(const ApiServices& services, const ApiRequest& request);
Result<Response> rotate_source(const ApiServices& services, const ApiRequest& request);
Result<Response> delete_source(const ApiServices& services, const ApiRequest& request);
Result<Response> test_source(const ApiServices& services, const ApiRequest& request);
// archive.cpp
Result<Response> list_conversations(const ApiServices& services, const ApiRequest& request);
Result<Response> list_messages(const ApiServices& services, const ApiRequest& request);
Result<Response> list_contact_messages(const ApiServices& services, const ApiRequest& request);
Result<Response> get_media(const ApiServices& services, const ApiRequest& request);
Result<Response> search_archive(const ApiServices& services, const ApiRequest& request);
Result<Response> get_archive_health(const ApiServices& services, const ApiRequest& request);
Result<Response> replay_archive(const ApiServices& services, const ApiRequest& request);
// system.cpp
Result<Response> get_openapi(const ApiServices& services, const ApiRequest& request);
Result<Response> list_members(const ApiServices& services, const ApiRequest& request);
Result<Response> list_departments(const ApiServices& services, const ApiRequest& request);
Result<Response> list_tokens(const ApiServices& services, const ApiRequest& request);
Result<Response> create_token(const ApiServices& services, const ApiRequest& request);
Result<Response> revoke_token(const ApiServices& services, const ApiRequest& request);
Result<Response> list_machine_audit(const ApiServices& services, const ApiRequest& request);
Result<Response> start_sync(const ApiServices& services, const ApiRequest& request);
Result<Response> get_sync(const ApiServices& services, const ApiRequest& request);
Result<Response> upload_media(const ApiServices& services, const ApiRequest& request);
// auth.cpp
Result<Response> get_auth_methods(const ApiServices& services, const ApiRequest& request);
Result<Response> sign_in_local(const ApiServices& services, const ApiRequest& request);
Result<Response> sign_in_first(const ApiServices& services, const ApiRequest& request);
Result<Response> start_wecom(const ApiServices& services, const ApiRequest& request);
Result<Response> sign_in_wecom(const ApiServices& services, const ApiRequest& request);
Result<Response> sign_out(const ApiServices& services, const ApiRequest& request);
// me.cpp
Result<Response> get_me(const ApiServices& services, const ApiRequest& request);
Result<Response> change_password(const ApiServices& services, const ApiRequest& request);
Result<Response> begin_totp(const ApiServices& services, const ApiRequest& request);
Result<Response> confirm_totp(const ApiServices& services, const ApiRequest& request);
Result<Response> remove_totp(const ApiServices& services, const ApiRequest& request);
Result<Response> list_sessions(const ApiServices& services, const ApiRequest& request);
Result<Response> end_session(const ApiServices& services, const ApiRequest& request);
Result<Response> end_sessions(const ApiServices& services, const ApiRequest& request);
// users.cpp, roles.cpp
Result<Response> list_users(const ApiServices& services, const ApiRequest& request);
Result<Response> get_user(const ApiServices& services, const ApiRequest& request);
Result<Response> create_user(const ApiServices& services, const ApiRequest& request);
Result<Response> patch_user(const ApiServices& services, const ApiRequest& request);
Result<Response> unlock_user(const ApiServices& services, const ApiRequest& request);
Result<Response> delete_user(const ApiServices& services, const ApiRequest& request);
Result<Response> list_roles(const ApiServices& services, const ApiRequest& request);
Result<Response> get_department_roles(const ApiServices& services, const ApiRequest& request);
Result<Response> put_department_roles(const ApiServices& services, const ApiRequest& request);
// audit.cpp
Result<Response> list_audit(const ApiServices& services, const ApiRequest& request);
Result<Response> export_audit(const ApiServices& services, const ApiRequest& request);
// queues.cpp
Result<Response> list_inbox(const ApiServices& services, const ApiRequest& request);
Result<Response> show_inbox(const ApiServices& services, const ApiRequest& request);
Result<Response> replay_inbox(const ApiServices& services, const ApiRequest& request);
Result<Response> replay_many_inbox(const ApiServices& services, const ApiRequest& request);
Result<Response> drop_many_inbox(const ApiServices& services, const ApiRequest& request);
Result<Response> park_inbox(const ApiServices& services, const ApiRequest& request);
Result<Response> drop_inbox(const ApiServices& services, const ApiRequest& request);
Result<Response> list_jobs(const ApiServices& services, const ApiRequest& request);
Result<Response> retry_job(const ApiServices& services, const ApiRequest& request);
Result<Response> drop_job(const ApiServices& services, const ApiRequest& request);

}  // namespace leadbridge::gateway
