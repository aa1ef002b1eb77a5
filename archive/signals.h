#pragma once
// What a slice of a conversation tells crm without telling the text (house words:
// MessagesSeen.signals).

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/schema.h"

namespace leadbridge::archive {

struct Said {
    Side side = Side::unknown;
    std::string_view text;  // "" for what is not text
};

bool is_question(std::string_view text);
bool is_promise(std::string_view text);

// said: one conversation's messages in order. asked: the contact's last text is a question,
// answered or not. answered: a member speaks after the contact (contact_waiting: the contact spoke
// last before these). promised: a member promises.
enum class ContactWaiting : bool { no, yes };
std::vector<std::string> signals_of(std::span<const Said> said, ContactWaiting contact_waiting);

}  // namespace leadbridge::archive
