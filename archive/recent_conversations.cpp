#include "archive/recent_conversations.h"

#include <algorithm>
#include <functional>

#include "archive/conversation_list.h"

namespace leadbridge::archive {

namespace {

constexpr std::size_t most_lists = 1'000;
constexpr std::size_t begun_with = 202;  // a page of the longest and one more
constexpr std::size_t longest = 404;
constexpr std::int64_t most_news = 1'000;  // of more messages than these a list begins anew

}  // namespace

std::shared_ptr<RecentConversations::Kept> RecentConversations::list_of(const Key& key) {
    auto lists = lists_.lock();
    auto& kept = (*lists)[key];
    if (!kept) {
        kept = std::make_shared<Kept>();
    }
    kept->asked = ++looks_;
    std::shared_ptr<Kept> out = kept;
    if (lists->size() > most_lists) {
        lists->erase(std::min_element(lists->begin(), lists->end(), [](auto& a, auto& b) {
            return a.second->asked < b.second->asked;
        }));
    }
    return out;
}

void RecentConversations::begin(
    Snapshot& s, CorpId corp, const MessageStore::Scope& scope, List& list
) {
    list.newest.clear();
    for (const ConversationView& one : list_conversations(s, corp, scope, {}, begun_with)) {
        list.newest.emplace_back(one.last_ms, one.id.value);
    }
    list.complete = list.newest.size() < begun_with;
}

// Adds the conversations in which something was said since; their times only rise. False when there
// are too many.
bool RecentConversations::follow(
    Snapshot& s, CorpId corp, const MessageStore::Scope& scope, List& list
) {
    std::vector<std::int64_t> said;
    s.each(
        "SELECT conversation_id FROM message WHERE corp_id = ? AND n > ? ORDER BY n LIMIT ?",
        {corp, list.to_n, most_news + 1},
        [&](const Row& row) {
            said.push_back(row.integer(0));
            return Visit::next;
        }
    );
    if (static_cast<std::int64_t>(said.size()) > most_news) {
        return false;
    }
    std::ranges::sort(said);
    said.erase(std::unique(said.begin(), said.end()), said.end());
    for (const std::int64_t id : said) {
        if (!MessageStore::sees(s, corp, scope, id)) {
            continue;
        }
        const auto last = s.one(
            "SELECT last_ms FROM conversation WHERE corp_id = ? AND id = ?",
            {corp, id},
            [](const Row& row) { return row.integer(0); }
        );
        const Place place{last.value_or(0), id};
        std::erase_if(list.newest, [&](const Place& known) { return known.second == id; });
        if (last && (list.complete || list.newest.empty() || place > list.newest.back())) {
            list.newest.insert(std::ranges::upper_bound(list.newest, place, std::greater()), place);
        }
    }
    if (list.newest.size() > longest) {
        list.newest.resize(begun_with);
        list.complete = false;
    }
    return true;
}

std::optional<std::vector<std::int64_t>> RecentConversations::page(
    Snapshot& s,
    CorpId corp,
    const MessageStore::Scope& scope,
    const ConversationQuery& query,
    std::size_t n
) {
    const std::shared_ptr<Kept> kept = list_of({corp.value, scope.participants});
    auto list = kept->list.lock();
    const std::int64_t to_n =
        s.number("SELECT COALESCE(MAX(n), 0) FROM message WHERE corp_id = ?", {corp});
    if (to_n < list->to_n) {  // an older view than another's look, or another archive
        list->to_n = -1;
        return std::nullopt;
    }
    if (to_n > list->to_n) {
        if (list->to_n < 0 || !follow(s, corp, scope, *list)) {
            begin(s, corp, scope, *list);
        }
        list->to_n = to_n;
    }
    const bool from_newest = query.before_ms == 0 && query.before_id == 0;
    const auto from =
        from_newest ? list->newest.begin()
                    : std::ranges::upper_bound(
                          list->newest, Place{query.before_ms, query.before_id}, std::greater()
                      );
    const auto there = static_cast<std::size_t>(list->newest.end() - from);
    if (there < n && !list->complete) {
        return std::nullopt;
    }
    std::vector<std::int64_t> out;
    for (auto at = from; at != list->newest.end() && out.size() < n; ++at) {
        out.push_back(at->second);
    }
    return out;
}

}  // namespace leadbridge::archive
