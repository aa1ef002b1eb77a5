#include "archive/message_search.h"

#include <algorithm>
#include <map>

#include "archive/conversation.h"
#include "archive/media_detail.h"
#include "archive/message.h"
#include "archive/search_document.h"
#include "archive/search_indexer.h"
#include "archive/search_text.h"

namespace leadbridge::archive {

namespace {

constexpr std::int64_t most_looked_at = 20'000;  // rows of one page; the next goes on from there
constexpr std::int64_t most_verified = 3'000;    // rows of one count
constexpr int first_batch = 32;
constexpr int most_batch = 1'000;
constexpr std::uint32_t shown_before = 40;  // characters
constexpr std::uint32_t shown = 240;

// Bytes where each character of a text begins, and its end.
std::vector<std::size_t> places_of(std::string_view text) {
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) {
            places.push_back(i);
        }
    }
    places.push_back(text.size());
    return places;
}

bool has_filter(const SearchFilter& f) {
    return !f.member.empty() || !f.sender.empty() || f.people || f.conversation ||
           !f.roomid.empty() || !f.types.empty() || f.from_ms > 0 || f.to_ms > 0 || f.has_file ||
           f.recalled;
}

}  // namespace

struct MessageSearch::Plan {
    CorpId corp;
    MessageStore::Scope scope;
    TokenOwner owner;
    std::vector<SearchTerm> terms;
    TokenMatch match;
    SearchFilter filter;
    bool nobody = false;  // nothing can be found
    bool exact = true;    // what the index says needs no look at the rows
    // Conversations already asked for.
    mutable std::map<std::int64_t, bool> seen;
};

struct MessageSearch::Candidate {
    std::int64_t number = 0;
    MessageId id;
    std::string text;
    std::vector<TextSpan> spans;
};

Result<MessageSearch::Plan> MessageSearch::plan(const crm::Viewer& viewer, const SearchQuery& query)
    const {
    auto terms = parse_question(query.q);
    if (!terms) {
        return std::move(terms).error();
    }
    Plan plan;
    plan.corp = viewer.corp;
    plan.terms = std::move(*terms);
    plan.filter = query.filter;
    const SearchFilter& f = query.filter;
    if (plan.terms.empty() && !has_filter(f)) {
        return Error{
            ErrorCode::rule_broken, "neither a word nor a filter is given", "nothing_to_find"};
    }
    SearchKeys keys = search_keys(vault_, viewer.corp);
    plan.owner = token_owner(viewer.corp, keys);
    const auto all = [&](const std::string& plain) { plan.match.all.push_back(keys.token(plain)); };
    const auto one_of = [&](const auto& ids, auto token) {
        std::vector<std::string> choices;
        for (const std::string& id : ids) {
            choices.push_back(keys.token(token(id)));
        }
        plan.nobody = plan.nobody || choices.empty();
        plan.match.any.push_back(std::move(choices));
    };
    for (const SearchTerm& term : plan.terms) {
        std::ranges::for_each(tokens_of(term, Singles::lonely), all);
        plan.exact = plan.exact && is_one_token(term);
    }
    plan.exact = plan.exact && !f.recalled && f.from_ms == 0 && f.to_ms == 0;
    if (!f.member.empty()) {
        all(participant_token(f.member));
    }
    if (!f.sender.empty()) {
        all(sender_token(f.sender));
    }
    if (f.has_file) {
        all(file_token());
    }
    if (f.conversation) {
        all(conversation_token(f.conversation->value));
    }
    if (f.people) {
        one_of(*f.people, participant_token);
    }
    if (!f.types.empty()) {
        one_of(f.types, type_token);
    }
    plan.scope = messages_.scope_of(viewer);
    if (!plan.scope.all) {
        one_of(plan.scope.participants, participant_token);
    }
    if (!f.roomid.empty()) {
        Message group;
        group.from = "member";
        group.roomid = f.roomid;
        auto id = archive_.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            return s.number(
                "SELECT id FROM conversation WHERE corp_id = ? AND key = ?",
                {viewer.corp, conversation_of(group)->key}
            );
        });
        plan.nobody = plan.nobody || id.value_or(0) == 0;
        all(conversation_token(id.value_or(0)));
    }
    return plan;
}

bool MessageSearch::may_see(Snapshot& s, const Plan& plan, std::int64_t conversation_id) const {
    if (plan.scope.all) {
        return true;
    }
    const auto known = plan.seen.find(conversation_id);
    if (known != plan.seen.end()) {
        return known->second;
    }
    const bool sees = MessageStore::sees(s, plan.corp, plan.scope, conversation_id);
    plan.seen.emplace(conversation_id, sees);
    return sees;
}

std::optional<std::string> MessageSearch::text_of_row(
    CorpId corp, std::int64_t id, std::string_view body
) const {
    const auto raw = vault_.open(corp, body, body_place(id));
    const auto message = raw ? parse_message(*raw) : Result<Message>(raw.error());
    return message ? std::optional(search_text_of(*message)) : std::nullopt;
}

// The row behind a number, if it is a hit: everything the index does not know, and once more what
// it does.
std::optional<MessageSearch::Candidate> MessageSearch::look(
    Snapshot& s, const Plan& plan, std::int64_t number
) const {
    const SearchFilter& f = plan.filter;
    std::optional<Candidate> found;
    s.each(
        "SELECT id, conversation_id, at_ms, recalled_ms, body FROM message WHERE corp_id = ? AND n "
        "= ?",
        {plan.corp, number},
        [&](const Row& row) {
            const UnixMillis at = row.integer(2);
            const bool in_time = at >= f.from_ms && (f.to_ms == 0 || at < f.to_ms);
            if (!in_time || (f.recalled && *f.recalled != row.flag(3)) ||
                !may_see(s, plan, row.integer(1))) {
                return Visit::stop;
            }
            Candidate candidate{number, row.id<MessageId>(0), {}, {}};
            const auto text = text_of_row(plan.corp, candidate.id.value, row.blob(4));
            candidate.text = text.value_or("");
            if (!plan.terms.empty()) {
                candidate.spans = match(units_of(candidate.text), plan.terms);
            }
            if (plan.terms.empty() || !candidate.spans.empty()) {
                found = std::move(candidate);
            }
            return Visit::stop;
        }
    );
    return found;
}

SearchHit MessageSearch::hit(const Plan&, Candidate candidate, MessageContext context) const {
    SearchHit hit;
    hit.context = std::move(context);
    const std::string& text = candidate.text.empty() ? hit.context.message.summary : candidate.text;
    const auto places = places_of(text);
    const auto length = static_cast<std::uint32_t>(places.size() - 1);
    const std::uint32_t mark = candidate.spans.empty() ? 0 : candidate.spans.front().first;
    const std::uint32_t from = length <= shown || mark <= shown_before ? 0 : mark - shown_before;
    const std::uint32_t to = std::min(length, from + shown);
    hit.text = text.substr(places[from], places[to] - places[from]);
    hit.cut_before = from > 0;
    hit.cut_after = to < length;
    for (const TextSpan& span : candidate.spans) {
        if (span.first >= from && span.first < to) {
            hit.marks.push_back({span.first - from, std::min(span.length, to - span.first)});
        }
    }
    return hit;
}

Result<SearchPage> MessageSearch::page(const crm::Viewer& viewer, const SearchQuery& query) const {
    const auto asked = plan(viewer, query);
    if (!asked) {
        return asked.error();
    }
    SearchPage page;
    if (asked->nobody) {
        return page;
    }
    const auto limit = static_cast<std::size_t>(std::clamp(query.limit, 1, 100));
    TokenWindow window;
    window.below = query.below > 0 ? query.below : INT64_MAX;
    window.from_ms = query.filter.from_ms;
    window.to_ms = query.filter.to_ms > 0 ? query.filter.to_ms : INT64_MAX;
    window.limit = first_batch;
    std::vector<Candidate> found;
    bool more = true;
    for (std::int64_t looked = 0; more && found.size() <= limit && looked < most_looked_at;) {
        const auto numbers = index_.find(asked->owner, asked->match, window);
        more = numbers.size() == static_cast<std::size_t>(window.limit);
        auto read = archive_.read<int>([&](Snapshot& s) -> Result<int> {
            for (const std::int64_t number : numbers) {
                if (found.size() > limit) {
                    break;
                }
                window.below = number;
                if (auto candidate = look(s, *asked, number)) {
                    found.push_back(std::move(*candidate));
                }
            }
            return 0;
        });
        if (!read) {
            return std::move(read).error();
        }
        looked += static_cast<std::int64_t>(numbers.size());
        window.limit = std::min(window.limit * 4, most_batch);
    }
    if (found.size() > limit) {
        found.resize(limit);
        page.next = found.back().number;
    } else if (more) {
        page.next = window.below;
    }
    return archive_.read<SearchPage>([&](Snapshot& s) -> Result<SearchPage> {
        for (Candidate& candidate : found) {
            auto contexts = messages_.contexts(s, viewer.corp, asked->scope, {candidate.id});
            if (!contexts.empty()) {
                page.items.push_back(hit(*asked, std::move(candidate), std::move(contexts.front()))
                );
            }
        }
        return std::move(page);
    });
}

Result<SearchCount> MessageSearch::count(const crm::Viewer& viewer, const SearchQuery& query)
    const {
    const auto asked = plan(viewer, query);
    if (!asked) {
        return asked.error();
    }
    SearchCount count;
    if (asked->nobody) {
        return count;
    }
    TokenWindow window;
    window.from_ms = query.filter.from_ms;
    window.to_ms = query.filter.to_ms > 0 ? query.filter.to_ms : INT64_MAX;
    window.limit = static_cast<int>(asked->exact ? most_counted + 1 : most_verified);
    const auto numbers = index_.find(asked->owner, asked->match, window);
    count.value = static_cast<std::int64_t>(numbers.size());
    count.at_least = numbers.size() == static_cast<std::size_t>(window.limit);
    if (!asked->exact) {
        auto verified = archive_.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
            std::int64_t n = 0;
            for (auto number = numbers.begin(); number != numbers.end() && n <= most_counted;
                 ++number) {
                n += look(s, *asked, *number) ? 1 : 0;
            }
            return n;
        });
        if (!verified) {
            return std::move(verified).error();
        }
        count.value = *verified;
    }
    if (count.value > most_counted) {
        count = {most_counted, true};
    }
    return count;
}

Result<std::int64_t> MessageSearch::behind(CorpId corp) const {
    return archive_.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
        return search_behind(s, vault_, index_, corp);
    });
}

}  // namespace leadbridge::archive
