#pragma once
// What a search finds of a message.

#include <string>

#include "archive/message.h"

namespace leadbridge::archive {

// Every text that people wrote, named or were shown, one field a line: words of text, mixed and
// nested messages, titles of links and programs, names of files, questions of forms and votes,
// places, wishes. "" where there is none (a sticker, a call). Part of the index's format:
// search_format changes with it.
std::string search_text_of(const Message& message);

// Something that can be opened: a file, picture, voice, video, call, shared document. A sticker is
// none.
bool has_file(const Message& message);

}  // namespace leadbridge::archive
