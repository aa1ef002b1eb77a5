#include "archive/search_words.h"

#include <algorithm>

namespace leadbridge::archive {

namespace {

bool makes_runs(CharKind kind) {
    return kind == CharKind::letter || kind == CharKind::digit;
}

Error refused(std::string message, std::string reason) {
    return {ErrorCode::rule_broken, std::move(message), std::move(reason)};
}

// The words of a question: what stands between spaces or within quotes.
std::vector<std::string_view> words_of(std::string_view q) {
    constexpr std::string_view wide_space = "\u3000";
    constexpr std::string_view open = "\u201C";
    constexpr std::string_view close = "\u201D";
    std::vector<std::string_view> words;
    bool quoted = false;
    std::size_t from = 0;
    const auto cut = [&](std::size_t at, std::size_t length) {
        if (at > from) {
            words.push_back(q.substr(from, at - from));
        }
        from = at + length;
    };
    for (std::size_t i = 0; i < q.size();) {
        const std::string_view rest = q.substr(i);
        std::size_t length = 1;
        if (rest.front() == '"' || rest.starts_with(open) || rest.starts_with(close)) {
            length = rest.front() == '"' ? 1 : open.size();
            cut(i, length);
            quoted = !quoted;
        } else if (!quoted && (static_cast<unsigned char>(rest.front()) <= ' ' || rest.starts_with(wide_space))) {
            length = static_cast<unsigned char>(rest.front()) <= ' ' ? 1 : wide_space.size();
            cut(i, length);
        }
        i += length;
    }
    cut(q.size(), 0);
    return words;
}

// Units of the text from `at` on that are the term's; npos when they are not.
bool stands_at(const std::vector<SearchUnit>& text, std::size_t at, const SearchTerm& term) {
    for (std::size_t i = 0; i < term.size(); ++i) {
        const SearchUnit& have = text[at + i];
        const SearchUnit& want = term[i];
        if (have.text != want.text || (i > 0 && want.touches && !have.touches)) {
            return false;
        }
    }
    return true;
}

void merge(std::vector<TextSpan>& spans) {
    std::ranges::sort(spans, {}, &TextSpan::first);
    std::vector<TextSpan> out;
    for (const TextSpan& span : spans) {
        if (!out.empty() && span.first <= out.back().first + out.back().length) {
            const auto end =
                std::max(out.back().first + out.back().length, span.first + span.length);
            out.back().length = end - out.back().first;
        } else {
            out.push_back(span);
        }
    }
    spans = std::move(out);
}

}  // namespace

std::vector<SearchUnit> units_of(std::string_view text) {
    std::vector<SearchUnit> units;
    CharKind before = CharKind::separator;
    for (const FoldedChar& c : fold_text(text, longest_text)) {
        if (c.kind != CharKind::separator) {
            if (before != c.kind || !makes_runs(c.kind)) {
                units.push_back({{}, c.kind, before != CharKind::separator, c.at, c.at});
            }
            append_utf8(units.back().text, c.c);
            units.back().last = c.at;
        }
        before = c.kind;
    }
    return units;
}

Result<std::vector<SearchTerm>> parse_question(std::string_view q) {
    if (q.size() > longest_question) {
        return refused("q must be at most 500 bytes", "too_long");
    }
    std::vector<SearchTerm> terms;
    const auto words = words_of(q);
    for (const std::string_view word : words) {
        SearchTerm term = units_of(word);
        if (!term.empty()) {
            terms.push_back(std::move(term));
        }
    }
    if (terms.size() > most_terms) {
        return refused("q must have at most 20 words", "too_many_words");
    }
    if (terms.empty() && !words.empty()) {
        return refused("q has nothing that can be searched for", "nothing_to_find");
    }
    return terms;
}

std::vector<TextSpan> match(
    const std::vector<SearchUnit>& text, const std::vector<SearchTerm>& terms
) {
    std::vector<TextSpan> spans;
    for (const SearchTerm& term : terms) {
        const std::size_t before = spans.size();
        for (std::size_t at = 0; at + term.size() <= text.size(); ++at) {
            if (stands_at(text, at, term)) {
                const std::uint32_t first = text[at].first;
                spans.push_back({first, text[at + term.size() - 1].last - first + 1});
            }
        }
        if (spans.size() == before) {
            return {};
        }
    }
    merge(spans);
    return spans;
}

std::vector<std::string> tokens_of(const std::vector<SearchUnit>& units, Singles singles) {
    std::vector<std::string> tokens;
    for (std::size_t i = 0; i < units.size(); ++i) {
        const SearchUnit& unit = units[i];
        if (unit.kind != CharKind::ideograph) {
            tokens.push_back((unit.kind == CharKind::symbol ? "1" : "w") + unit.text);
            continue;
        }
        const auto touching = [&](std::size_t left) {
            return left + 1 < units.size() && units[left].kind == CharKind::ideograph &&
                   units[left + 1].kind == CharKind::ideograph && units[left + 1].touches;
        };
        const bool after = touching(i);
        if (after) {
            tokens.push_back("2" + unit.text + units[i + 1].text);
        }
        if (singles == Singles::all || (!after && (i == 0 || !touching(i - 1)))) {
            tokens.push_back("1" + unit.text);
        }
    }
    std::ranges::sort(tokens);
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    return tokens;
}

bool is_one_token(const SearchTerm& term) {
    return term.size() == 1 || (term.size() == 2 && term[0].kind == CharKind::ideograph &&
                                term[1].kind == CharKind::ideograph && term[1].touches);
}

}  // namespace leadbridge::archive
