#pragma once
// What we say to a contact: text and attachments of a welcome or a push (paths 92137, 92135).
// Limits are WeCom's, in bytes of UTF-8 where it says 字节.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace leadbridge::crm {

enum class AttachmentKind : std::uint8_t { image, link, miniprogram, video, file };

std::string_view to_string(AttachmentKind kind) noexcept;

struct Attachment {
    AttachmentKind kind = AttachmentKind::image;
    std::int64_t media_id = 0;  // our media row: image, video, file; the cover of a miniprogram
    std::string
        pic_url;  // image: from uploadimg, instead of media_id; link: its picture, may be empty
    std::string title;  // link, miniprogram
    std::string desc;   // link
    std::string url;    // link
    std::string appid;  // miniprogram
    std::string page;   // miniprogram

    bool operator==(const Attachment&) const = default;
};

struct MessageContent {
    std::string text;
    std::vector<Attachment> attachments;

    bool empty() const noexcept { return text.empty() && attachments.empty(); }

    bool operator==(const MessageContent&) const = default;
};

using Welcome = MessageContent;

inline constexpr std::size_t max_text_bytes = 4'000;
inline constexpr std::size_t max_attachments = 9;
inline constexpr std::size_t max_link_title_bytes = 128;
inline constexpr std::size_t max_link_desc_bytes = 512;
inline constexpr std::size_t max_url_bytes = 2'048;
inline constexpr std::size_t max_miniprogram_title_bytes = 64;

// Error{rule_broken}; reason is the field ("content.text", "content.attachments.0.title"). Empty
// content is an error too.
Status validate_content(const MessageContent& content);

// {"text": "...", "attachments": [{"kind": "image", "media_id": "123"}, {"kind": "link", "title":
// ..., "url": ...}]}
std::string encode_content(const MessageContent& content);
// Unknown keys are errors; "" and "null" and {} are empty content. Does not validate.
Result<MessageContent> decode_content(std::string_view text);

// What {contact}, {member} and {channel} become; an unknown name in braces stays as it is.
struct Placeholders {
    std::string contact;
    std::string member;
    std::string channel;
};

// Values are cut so that the result stays within max_text_bytes, never inside a character.
std::string fill_placeholders(std::string_view text, const Placeholders& values);
bool names_contact(const MessageContent& content) noexcept;  // the text uses {contact}

}  // namespace leadbridge::crm
