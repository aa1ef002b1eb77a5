#include "archive/search_document.h"

#include <algorithm>

#include "archive/conversation.h"
#include "archive/message_fields.h"
#include "archive/search_text.h"
#include "archive/search_words.h"

namespace leadbridge::archive {

std::string participant_token(std::string_view id) {
    return "p:" + participant_key(id);
}

std::string sender_token(std::string_view id) {
    return "s:" + participant_key(id);
}

std::string conversation_token(std::int64_t conversation_id) {
    return "c:" + std::to_string(conversation_id);
}

std::string type_token(std::string_view type) {
    return "t:" + lower(type);
}

std::string file_token() {
    return "f:";
}

std::string document_tokens(
    const Message& message, std::int64_t conversation_id, SearchKeys& keys
) {
    std::vector<std::string> plain = tokens_of(units_of(search_text_of(message)), Singles::all);
    if (const auto ref = conversation_of(message)) {
        for (const std::string& id : ref->participants) {
            plain.push_back(participant_token(id));
        }
    }
    if (!message.from.empty()) {
        plain.push_back(sender_token(message.from));
    }
    if (conversation_id != 0) {
        plain.push_back(conversation_token(conversation_id));
    }
    plain.push_back(type_token(message.type));
    if (has_file(message)) {
        plain.push_back(file_token());
    }
    std::string out;
    for (const std::string& token : plain) {
        if (!out.empty()) {
            out += ' ';
        }
        keys.append(out, token);
    }
    return out;
}

SearchKeys search_keys(const Vault& vault, CorpId corp, std::size_t remembered) {
    return SearchKeys(Secret(vault.derive(corp, "search")), remembered);
}

TokenOwner token_owner(CorpId corp, const SearchKeys& keys) {
    return {corp, keys.name()};
}

}  // namespace leadbridge::archive
