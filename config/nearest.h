#pragma once
// The known word nearest to a mistyped one.

#include <set>
#include <string>
#include <string_view>

namespace leadbridge::config {

// Fewest insertions, deletions, replacements and swaps of neighbours that turn one word into the
// other.
std::size_t edit_distance(std::string_view a, std::string_view b);
// "" only when known is empty.
std::string nearest(std::string_view word, const std::set<std::string>& known);

}  // namespace leadbridge::config
