// The whole API: one row per method and path. A test holds it against openapi.json.

#include <array>

#include "gateway/api/handlers.h"
#include "gateway/route.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t media_limit = 21 << 20;

constexpr std::array table{
    Route{Method::get, "/api/v1/openapi.json", Access::open, get_openapi},
    Route{Method::get, "/api/v1/me", Access::read, get_me},

    Route{Method::get, "/api/v1/corps", Access::read, list_corps},
    Route{Method::post, "/api/v1/corps", Access::admin, create_corp},
    Route{Method::get, "/api/v1/corps/{id}", Access::read, get_corp},
    Route{Method::patch, "/api/v1/corps/{id}", Access::admin, patch_corp},
    Route{Method::del, "/api/v1/corps/{id}", Access::admin, delete_corp},
    Route{Method::post, "/api/v1/corps/{id}/check", Access::admin, check_corp},

    Route{Method::get, "/api/v1/channels", Access::read, list_channels},
    Route{Method::post, "/api/v1/channels", Access::write, create_channel},
    Route{Method::get, "/api/v1/channels/{id}", Access::read, get_channel},
    Route{Method::patch, "/api/v1/channels/{id}", Access::write, patch_channel},
    Route{Method::del, "/api/v1/channels/{id}", Access::write, delete_channel},
    Route{Method::get, "/api/v1/channels/{id}/stats", Access::read, get_channel_stats},

    Route{Method::get, "/api/v1/leads", Access::read, list_leads},
    Route{Method::get, "/api/v1/leads/{id}", Access::read, get_lead},
    Route{Method::patch, "/api/v1/leads/{id}", Access::write, patch_lead},
    Route{Method::post, "/api/v1/leads/{id}/claim", Access::write, claim_lead},
    Route{Method::post, "/api/v1/leads/{id}/assign", Access::write, assign_lead},
    Route{Method::post, "/api/v1/leads/{id}/return", Access::write, return_lead},
    Route{Method::post, "/api/v1/leads/{id}/convert", Access::write, convert_lead},
    Route{Method::post, "/api/v1/leads/{id}/invalidate", Access::write, invalidate_lead},

    Route{Method::get, "/api/v1/contacts", Access::read, list_contacts},
    Route{Method::get, "/api/v1/contacts/{id}", Access::read, get_contact},
    Route{Method::patch, "/api/v1/contacts/{id}", Access::write, patch_contact},
    Route{Method::get, "/api/v1/contacts/{id}/timeline", Access::read, get_contact_timeline},
    Route{Method::get, "/api/v1/contacts/{id}/messages", Access::read, list_contact_messages},
    Route{Method::put, "/api/v1/contacts/{id}/tags", Access::write, put_contact_tags},
    Route{Method::post, "/api/v1/contacts/{id}/notes", Access::write, add_contact_note},
    Route{Method::get, "/api/v1/events", Access::read, list_events},

    Route{Method::get, "/api/v1/tags", Access::read, list_tags},
    Route{Method::post, "/api/v1/tags", Access::write, create_tag},
    Route{Method::post, "/api/v1/tags/merge", Access::write, merge_tags},
    Route{Method::get, "/api/v1/tags/{id}", Access::read, get_tag},
    Route{Method::patch, "/api/v1/tags/{id}", Access::write, patch_tag},
    Route{Method::del, "/api/v1/tags/{id}", Access::write, delete_tag},

    Route{Method::get, "/api/v1/segments", Access::read, list_segments},
    Route{Method::post, "/api/v1/segments", Access::write, create_segment},
    Route{Method::post, "/api/v1/segments/preview", Access::read, preview_segment},
    Route{Method::get, "/api/v1/segments/{id}", Access::read, get_segment},
    Route{Method::patch, "/api/v1/segments/{id}", Access::write, patch_segment},
    Route{Method::del, "/api/v1/segments/{id}", Access::write, delete_segment},

    Route{Method::get, "/api/v1/pushes", Access::read, list_pushes},
    Route{Method::post, "/api/v1/pushes", Access::write, create_push},
    Route{Method::get, "/api/v1/pushes/{id}", Access::read, get_push},
    Route{Method::patch, "/api/v1/pushes/{id}", Access::write, patch_push},
    Route{Method::post, "/api/v1/pushes/{id}/submit", Access::write, submit_push},
    Route{Method::post, "/api/v1/pushes/{id}/cancel", Access::write, cancel_push},
    Route{Method::post, "/api/v1/pushes/{id}/remind", Access::write, remind_push},
    Route{Method::get, "/api/v1/pushes/{id}/recipients", Access::read, list_push_recipients},
    Route{Method::get, "/api/v1/pushes/{id}/batches", Access::read, list_push_batches},
    Route{
        Method::post,
        "/api/v1/pushes/{id}/batches/{batch}/decide",
        Access::write,
        decide_push_batch},

    Route{Method::get, "/api/v1/sources", Access::read, list_sources},
    Route{Method::post, "/api/v1/sources", Access::write, create_source},
    Route{Method::get, "/api/v1/sources/{id}", Access::read, get_source},
    Route{Method::patch, "/api/v1/sources/{id}", Access::write, patch_source},
    Route{Method::del, "/api/v1/sources/{id}", Access::write, delete_source},
    Route{Method::post, "/api/v1/sources/{id}/test", Access::read, test_source},

    Route{Method::get, "/api/v1/archive/conversations", Access::read, list_conversations},
    Route{Method::get, "/api/v1/archive/conversations/{id}/messages", Access::read, list_messages},
    Route{Method::get, "/api/v1/archive/media/{id}", Access::read, get_media},
    Route{Method::get, "/api/v1/archive/health", Access::read, get_archive_health},
    Route{Method::post, "/api/v1/archive/replay", Access::admin, replay_archive},

    Route{Method::get, "/api/v1/inbox", Access::read, list_inbox},
    Route{Method::get, "/api/v1/inbox/{id}", Access::admin, show_inbox},
    Route{Method::post, "/api/v1/inbox/{id}/replay", Access::admin, replay_inbox},
    Route{Method::post, "/api/v1/inbox/{id}/park", Access::admin, park_inbox},
    Route{Method::post, "/api/v1/inbox/{id}/drop", Access::admin, drop_inbox},
    Route{Method::get, "/api/v1/jobs", Access::read, list_jobs},
    Route{Method::post, "/api/v1/jobs/{id}/retry", Access::admin, retry_job},
    Route{Method::post, "/api/v1/jobs/{id}/drop", Access::admin, drop_job},

    Route{Method::get, "/api/v1/members", Access::read, list_members},
    Route{Method::get, "/api/v1/departments", Access::read, list_departments},
    Route{Method::get, "/api/v1/sync", Access::read, get_sync},
    Route{Method::post, "/api/v1/sync", Access::write, start_sync},
    Route{Method::post, "/api/v1/media", Access::write, upload_media, media_limit},
    Route{Method::get, "/api/v1/tokens", Access::admin, list_tokens},
    Route{Method::post, "/api/v1/tokens", Access::admin, create_token},
    Route{Method::del, "/api/v1/tokens/{id}", Access::admin, revoke_token},
    Route{Method::get, "/api/v1/audit", Access::admin, list_audit},
    Route{Method::get, "/api/v1/machine/audit", Access::admin, list_machine_audit},
};

}  // namespace

std::span<const Route> api_routes() noexcept {
    return table;
}

}  // namespace leadbridge::gateway
