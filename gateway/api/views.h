#pragma once
// The words of crm as JSON, one function each (shapes: gateway/openapi.json).

#include "base/json.h"
#include "crm/contacts/contact.h"
#include "crm/contacts/content.h"
#include "crm/contacts/tag.h"
#include "crm/contacts/timeline.h"
#include "crm/leads/channel.h"
#include "crm/leads/lead.h"
#include "crm/staff/corp.h"
#include "crm/staff/member.h"
#include "crm/staff/source.h"

namespace leadbridge::gateway {

json::object corp_json(const crm::Corp& corp);  // secrets as true or false: set or not
json::object contact_json(const crm::Contact& contact);
json::object follow_json(const crm::Follow& follow);
json::object tag_json(const crm::Tag& tag);
json::object lead_json(const crm::Lead& lead);
json::object channel_json(const crm::Channel& channel);
json::object member_json(const crm::Member& member);
// public_url as in ApiServices; without it hook_url is null.
json::object source_json(const crm::Source& source, const std::string& public_url);
json::object event_json(const crm::TimelineEvent& event);
std::string_view to_string(crm::IdentityKind kind) noexcept;

}  // namespace leadbridge::gateway
