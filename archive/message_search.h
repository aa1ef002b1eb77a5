#pragma once
// Finding messages by their words. The index names candidates, newest first; every hit is then
// checked on its row and on the decrypted text. A viewer's scope is in the question to the index
// (who took part in the message) and checked once more on the conversation.
//
// In groups that is narrower than reading them: a message is found by the scope of those members
// who were in the room when it was said.

#include <optional>
#include <string>
#include <vector>

#include "archive/message_store.h"
#include "archive/search_words.h"
#include "base/token_index.h"

namespace leadbridge::archive {

struct SearchFilter {
    std::string member = {};  // userid who said or received it; "" = any
    std::string sender = {};  // userid or external_userid
    std::optional<std::vector<std::string>> people = {};  // external_userids, one of them took part
    std::optional<ConversationId> conversation = {};
    std::string roomid = {};
    std::vector<std::string> types = {};  // one of them, as received ("text", "file"); empty = any
    UnixMillis from_ms = 0;               // of the message, inclusive
    UnixMillis to_ms = 0;                 // exclusive; 0 = now
    bool has_file = false;
    std::optional<bool> recalled = {};
};

struct SearchQuery {
    std::string q = {};  // search_words.h; may be empty when there is a filter
    SearchFilter filter = {};
    std::int64_t below = 0;  // SearchPage.next of the page before; 0 = from the newest
    int limit = 20;          // 1..100
};

struct SearchHit {
    MessageContext context;
    std::string text;         // around the first place, at most about 240 characters
    bool cut_before = false;  // more text in front
    bool cut_after = false;
    std::vector<TextSpan> marks;  // in text
};

struct SearchPage {
    std::vector<SearchHit> items;  // newest arrival first; may be fewer than limit
    std::int64_t next = 0;         // 0 = no more
};

struct SearchCount {
    std::int64_t value = 0;
    bool at_least = false;  // it stopped there
};

class MessageSearch {
public:
    static constexpr std::int64_t most_counted = 1'000;

    MessageSearch(Database& archive, Vault& vault, TokenIndex& index, const MessageStore& messages)
        : archive_(archive), vault_(vault), index_(index), messages_(messages) {}

    // Error{rule_broken}: parse_question(); nothing_to_find when there is neither word nor filter.
    Result<SearchPage> page(const crm::Viewer& viewer, const SearchQuery& query) const;
    // Of all pages. Up to most_counted.
    Result<SearchCount> count(const crm::Viewer& viewer, const SearchQuery& query) const;
    // Messages that cannot be found yet.
    Result<std::int64_t> behind(CorpId corp) const;

private:
    struct Plan;
    struct Candidate;

    Result<Plan> plan(const crm::Viewer& viewer, const SearchQuery& query) const;
    std::optional<Candidate> look(Snapshot& s, const Plan& plan, std::int64_t number) const;
    std::optional<std::string> text_of_row(CorpId corp, std::int64_t id, std::string_view body)
        const;
    bool may_see(Snapshot& s, const Plan& plan, std::int64_t conversation_id) const;
    SearchHit hit(const Plan& plan, Candidate candidate, MessageContext context) const;

    Database& archive_;
    Vault& vault_;
    TokenIndex& index_;
    const MessageStore& messages_;
};

}  // namespace leadbridge::archive
