#pragma once
// crm's message content in WeCom's words, for welcomes (92137) and mass sends (92135), and the
// comparison of a listed mass message with ours (93338).

#include "connectors/wecom/media.h"
#include "crm/contacts/content.h"

namespace boost::json {
class object;
}

namespace leadbridge::wecom {

// {"text": {"content": ...}, "attachments": [...]}; absent parts are left out. Attachments whose
// media id is not in `media` are left out too: the caller decides whether that may be.
boost::json::object content_json(const crm::MessageContent& content, const MediaIds& media);

// Whether a row of get_groupmsg_list_v2 says what `ours` (content_json) says: text, kinds, titles
// and links; with `ids` also media ids and picture URLs where both name one. Files uploaded anew
// since have other ids: then compare kinds only.
enum class MediaCompare : std::uint8_t { ids, kinds };
bool same_content(
    const boost::json::object& listed, const boost::json::object& ours, MediaCompare compare
);

}  // namespace leadbridge::wecom
