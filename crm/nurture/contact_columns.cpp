#include "crm/nurture/contact_columns.h"

#include <algorithm>
#include <limits>

namespace leadbridge::crm {

namespace {

std::uint32_t second_of(UnixMillis at) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(at / 1'000, 0, std::numeric_limits<std::uint32_t>::max())
    );
}

void put(std::vector<std::uint32_t>& column, std::uint32_t ord, std::uint32_t value) {
    if (column.size() <= ord) {
        column.resize(std::size_t{ord} + 1);
    }
    column[ord] = value;
}

std::uint32_t at(const std::vector<std::uint32_t>& column, std::uint32_t ord) {
    return ord < column.size() ? column[ord] : 0;
}

// The bytes of each character of well-formed UTF-8, as one number.
template <class F>
void each_character(std::string_view text, F fn) {
    std::uint32_t bytes = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bytes = (bytes << 8U) | static_cast<unsigned char>(text[i]);
        const bool last =
            i + 1 == text.size() || (static_cast<unsigned char>(text[i + 1]) & 0xc0U) != 0x80U;
        if (last) {
            fn(bytes);
            bytes = 0;
        }
    }
}

constexpr std::size_t at_once = 8'192;

// The first n of many in an order, and who ties with the last of them.
struct First {
    explicit First(std::size_t most) : n(most) {}

    template <class Before>
    void see(const TouchedOrd& one, const Before& before) {
        if (full && before(last, one)) {
            return;
        }
        kept.push_back(one);
        if (kept.size() >= trim_at) {
            trim(before);
            trim_at = std::max(4 * n, 2 * kept.size());
        }
    }

    template <class Before>
    void trim(const Before& before) {
        if (kept.size() <= n) {
            return;
        }
        const auto end = kept.begin() + static_cast<std::ptrdiff_t>(n);
        std::nth_element(kept.begin(), end - 1, kept.end(), before);
        last = *(end - 1);
        full = true;
        kept.erase(
            std::partition(
                end, kept.end(), [&](const TouchedOrd& one) { return !before(last, one); }
            ),
            kept.end()
        );
    }

    std::size_t n;  // at least 1
    std::vector<TouchedOrd> kept = {};
    std::size_t trim_at = 4 * n;
    bool full = false;
    TouchedOrd last = {};  // the nth so far
};

}  // namespace

void ContactColumns::clear() {
    *this = ContactColumns();
}

void ContactColumns::shrink() {
    for (auto& [character, set] : characters_) {
        set.shrink();
    }
}

void ContactColumns::touched(std::uint32_t ord, UnixMillis at) {
    put(touch_, ord, second_of(at));
}

void ContactColumns::newest_lead(std::uint32_t ord, UnixMillis at, std::size_t leads) {
    // A lead before 1970 has been, too.
    put(lead_, ord, leads == 0 ? 0 : std::max(second_of(at), 1U));
    if (leads > 1) {
        several_.add(ord);
    }
}

void ContactColumns::says(std::uint32_t ord, std::string_view folded) {
    each_character(folded, [&](std::uint32_t character) { characters_[character].add(ord); });
}

OrdSet ContactColumns::with_characters(std::string_view folded) const {
    std::vector<const OrdSet*> sets;
    bool every = true;
    each_character(folded, [&](std::uint32_t character) {
        const auto found = characters_.find(character);
        every = every && found != characters_.end();
        if (every) {
            sets.push_back(&found->second);
        }
    });
    if (!every || sets.empty()) {
        return {};
    }
    OrdSet out = *sets.front();
    for (const OrdSet* set : sets) {
        out &= *set;
    }
    return out;
}

std::vector<TouchedOrd> ContactColumns::nearest(const OrdSet& set, const TouchWalk& walk) const {
    const bool leads = walk.of == TouchOf::newest_lead;
    const std::int64_t from = walk.from ? second_of(*walk.from) : -1;
    const auto before = [&](const TouchedOrd& a, const TouchedOrd& b) {
        return walk.newest_first ? a.second > b.second : a.second < b.second;
    };
    std::vector<TouchedOrd> out;  // what may still be shown of the second the walk stands in
    First behind(walk.n);
    std::vector<std::uint32_t> ords = set.from(0, at_once);
    while (!ords.empty()) {
        for (const std::uint32_t ord : ords) {
            const TouchedOrd one{ord, at(leads ? lead_ : touch_, ord)};
            if (leads && one.second == 0) {
                continue;
            }
            if (!walk.from || before({0, from}, one)) {
                behind.see(one, before);
            } else if (!before(one, {0, from}) || (leads && several_.contains(ord))) {
                out.push_back(one);
            }
        }
        ords = ords.size() < at_once ? std::vector<std::uint32_t>()
                                     : set.from(ords.back() + 1, at_once);
    }
    behind.trim(before);
    out.insert(out.end(), behind.kept.begin(), behind.kept.end());
    std::sort(out.begin(), out.end(), before);
    return out;
}

std::size_t ContactColumns::bytes() const noexcept {
    std::size_t n = (touch_.capacity() + lead_.capacity()) * sizeof(std::uint32_t);
    n += several_.bytes();
    for (const auto& [character, set] : characters_) {
        n += set.bytes() + 32;
    }
    return n;
}

}  // namespace leadbridge::crm
