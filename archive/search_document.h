#pragma once
// A message as the index knows it: the tokens of its words and of what never changes of it.

#include <string>

#include "archive/message.h"
#include "archive/search_keys.h"
#include "base/token_index.h"
#include "base/vault.h"

namespace leadbridge::archive {

// How tokens are made, search_text_of() and units_of() included: raised with every change of it,
// and all files are made anew.
inline constexpr const char* search_format = "1";

// Plain tokens of the filters. A person takes part in what they said or were sent.
std::string participant_token(std::string_view id);
std::string sender_token(std::string_view id);
std::string conversation_token(std::int64_t conversation_id);
std::string type_token(std::string_view type);
std::string file_token();

// Keyed, separated by spaces, each once. Exactly the same for the same message and key, which
// removing it depends on.
std::string document_tokens(const Message& message, std::int64_t conversation_id, SearchKeys& keys);

SearchKeys search_keys(const Vault& vault, CorpId corp, std::size_t remembered = 0);
TokenOwner token_owner(CorpId corp, const SearchKeys& keys);

}  // namespace leadbridge::archive
