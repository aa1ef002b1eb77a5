#pragma once
// A text and a question as the search sees them: a row of units. A unit is one ideograph, one
// symbol, or a whole run of letters or of digits, in NFKC and lower case. Pure.
//
// A question is words and "phrases in quotes", separated by spaces; a message is a hit when it has
// all of them, each as consecutive units. Units that touch in the question touch in the text; where
// the question has punctuation or, within quotes, a space, the text may have some or none.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text_fold.h"

namespace leadbridge::archive {

struct SearchUnit {
    std::string text;
    CharKind kind = CharKind::letter;
    bool touches = false;     // the unit before, with nothing in between
    std::uint32_t first = 0;  // characters [first, last] of the original
    std::uint32_t last = 0;
};

struct TextSpan {
    std::uint32_t first = 0;  // characters, not bytes
    std::uint32_t length = 0;
};

constexpr std::size_t longest_text = 50'000;  // characters of a message that are searched
constexpr std::size_t longest_question = 500;
constexpr std::size_t most_terms = 20;

using SearchTerm = std::vector<SearchUnit>;

std::vector<SearchUnit> units_of(std::string_view text);
// Error{rule_broken} when it is too long, has too many words, or, not being empty, nothing that can
// be searched for.
Result<std::vector<SearchTerm>> parse_question(std::string_view q);
// Where the terms stand, by place, without overlaps; empty unless all of them are there.
std::vector<TextSpan> match(
    const std::vector<SearchUnit>& text, const std::vector<SearchTerm>& terms
);

// The plain tokens of a row of units, each once: overlapping pairs of touching ideographs, whole
// words, numbers, symbols. `singles`: the ideographs by themselves, too, as a text needs them; in a
// question only those that stand alone.
enum class Singles : bool { lonely, all };
std::vector<std::string> tokens_of(const std::vector<SearchUnit>& units, Singles singles);
// Whether finding the tokens of the term is finding the term.
bool is_one_token(const SearchTerm& term);

}  // namespace leadbridge::archive
