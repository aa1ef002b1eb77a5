#pragma once
// WeCom's JSON of contacts and groups in crm's words (paths 92114, 92994, 92122). Unknown fields
// are ignored, numbers may come as strings.

#include <string>
#include <vector>

#include "crm/contacts/group_chat.h"
#include "crm/touch.h"

namespace boost::json {
class object;
}

namespace leadbridge::wecom {

// A reply of externalcontact/get: the contact and this page's followers.
crm::ContactFetched parse_contact(const boost::json::object& reply);

// A page of externalcontact/batch/get_by_user: one entry per (contact, member).
struct ContactPage {
    std::vector<crm::ContactFetched> contacts;
    std::string next_cursor;
    std::vector<std::string> unlicensed;  // members WeCom does not answer for
};

ContactPage parse_contact_page(const boost::json::object& reply);

// A reply of externalcontact/groupchat/get.
crm::GroupChatFact parse_group(const boost::json::object& reply);

}  // namespace leadbridge::wecom
