#include "archive/conversation_list.h"

#include <algorithm>

#include "archive/conversation.h"
#include "archive/message_rows.h"

namespace leadbridge::archive {

namespace {

// A row of the order costs a twentieth of a conversation looked up by its id: of a million, about
// one in 500 is where sorting and walking cost the same.
constexpr std::int64_t few = 2'000;
// So many ids are put into one set before the walk; of more, each met is looked up.
constexpr std::int64_t many = 10'000;

using People = std::vector<std::string>;

// The statement and its parameters; the people outlive it.
struct Asked {
    std::string sql{conversation_columns};
    std::vector<Param> params;

    void among(std::string_view column, CorpId corp, const People& people) {
        sql += " AND " + std::string(column) +
               " IN (SELECT conversation_id FROM conversation_participant WHERE corp_id = ? AND "
               "participant IN (";
        params.emplace_back(corp);
        name(people);
        sql += "))";
    }

    void met(const People& people) {
        sql +=
            " AND EXISTS (SELECT 1 FROM conversation_participant p WHERE p.corp_id = c.corp_id AND "
            "p.conversation_id = c.id AND p.participant IN (";
        name(people);
        sql += "))";
    }

    void name(const People& people) {
        for (std::size_t i = 0; i < people.size(); ++i) {
            sql += i == 0 ? "?" : ", ?";
            params.emplace_back(people[i]);
        }
    }
};

// How many conversations these people have, counted to one above `many`.
std::int64_t counted(Snapshot& s, CorpId corp, const People& people) {
    Asked asked;
    asked.sql =
        "SELECT COUNT(*) FROM (SELECT 1 FROM conversation_participant WHERE corp_id = ? AND "
        "participant IN (";
    asked.params.emplace_back(corp);
    asked.name(people);
    asked.sql += ") LIMIT ?) theirs";
    asked.params.emplace_back(many + 1);
    return s.one(
                asked.sql, Params{asked.params}, [](const Row& row) { return row.integer(0); }
    ).value_or(0);
}

// Whose conversations are asked for: the participant's of the query, and those of the scope.
struct Of {
    const People* people;
    std::int64_t theirs;
};

std::vector<Of> narrowing(
    Snapshot& s, CorpId corp, const MessageStore::Scope& scope, const People& participant
) {
    std::vector<Of> out;
    if (!participant.front().empty()) {
        out.push_back({&participant, counted(s, corp, participant)});
    }
    if (!scope.all) {
        out.push_back({&scope.participants, counted(s, corp, scope.participants)});
    }
    return out;
}

}  // namespace

std::vector<ConversationView> list_conversations(
    Snapshot& s,
    CorpId corp,
    const MessageStore::Scope& scope,
    const ConversationQuery& query,
    std::size_t n
) {
    const People participant{participant_key(query.participant)};
    const std::vector<Of> of = narrowing(s, corp, scope, participant);
    const auto fewest = std::ranges::min_element(of, {}, &Of::theirs);
    const bool sorted = fewest != of.end() && fewest->theirs <= few;
    // "+" keeps an index out that would lead another way.
    Asked asked;
    asked.sql += sorted ? "WHERE +c.corp_id = ? AND (+c.last_ms, c.id) < (?, ?)"
                        : "WHERE c.corp_id = ? AND (c.last_ms, c.id) < (?, ?)";
    const bool from_newest = query.before_ms == 0 && query.before_id == 0;
    asked.params = {
        corp, from_newest ? INT64_MAX : query.before_ms, from_newest ? INT64_MAX : query.before_id};
    if (query.kind) {
        asked.sql += " AND c.kind = ?";
        asked.params.emplace_back(static_cast<int>(*query.kind));
    }
    for (auto one = of.begin(); one != of.end(); ++one) {
        if (sorted && one == fewest) {
            asked.among("c.id", corp, *one->people);
        } else if (!sorted && one->theirs <= many) {
            asked.among("+c.id", corp, *one->people);
        } else {
            asked.met(*one->people);
        }
    }
    asked.sql += sorted ? " ORDER BY +c.last_ms DESC, c.id DESC LIMIT ?"
                        : " ORDER BY c.last_ms DESC, c.id DESC LIMIT ?";
    asked.params.emplace_back(static_cast<std::int64_t>(n));
    return s.all(asked.sql, Params{asked.params}, read_conversation);
}

std::vector<ConversationView> conversations_by_id(
    Snapshot& s, CorpId corp, const std::vector<std::int64_t>& ids
) {
    if (ids.empty()) {
        return {};
    }
    Asked asked;
    asked.sql += "WHERE +c.corp_id = ? AND c.id IN (";
    asked.params.emplace_back(corp);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        asked.sql += i == 0 ? "?" : ",?";
        asked.params.emplace_back(ids[i]);
    }
    asked.sql += ") ORDER BY +c.last_ms DESC, c.id DESC";
    return s.all(asked.sql, Params{asked.params}, read_conversation);
}

}  // namespace leadbridge::archive
