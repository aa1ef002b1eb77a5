#include "gateway/doubtful_rows.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t max_rows = 10'000;
constexpr std::size_t time_bytes = 8;  // of a dedupe key
constexpr std::size_t rest_bytes = 16;

}  // namespace

void DoubtfulRows::add(CorpId corp, const std::string& body_hash) {
    const std::int64_t now = clock_.steady_ms();
    auto rows = rows_.lock();
    std::erase_if(*rows, [&](const auto& row) { return row.second < now; });
    if (rows->size() < max_rows) {
        (*rows)[{corp, body_hash}] = now + life_ms;
    }
}

bool DoubtfulRows::contains(CorpId corp, const std::string& body_hash) const {
    return rows_.lock()->contains({corp, body_hash});
}

void DoubtfulRows::remove(CorpId corp, const std::string& body_hash) {
    rows_.lock()->erase({corp, body_hash});
}

std::int64_t stored_row(
    Database& core, CorpId corp, const std::string& key, const std::string& body_hash
) {
    const std::string first = key.substr(0, time_bytes);
    const std::string last = first + std::string(rest_bytes, '\xff');
    return *core.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
        return s.number(
            "SELECT id FROM inbox WHERE corp_id=? AND key>=? AND key<=? AND body_hash=?",
            {corp, Blob{first}, Blob{last}, Blob{body_hash}}
        );
    });
}

}  // namespace leadbridge::gateway
