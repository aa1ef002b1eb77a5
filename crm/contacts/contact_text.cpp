#include "crm/contacts/contact_text.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace leadbridge::crm {

namespace {

using Texts = std::map<std::int64_t, std::string>;  // by origin

bool begins_character(char c) noexcept {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
}

// The first characters of a text.
std::string_view beginning(std::string_view text, std::size_t characters) noexcept {
    std::size_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        seen += begins_character(text[i]) ? 1 : 0;
        if (seen > characters) {
            return text.substr(0, i);
        }
    }
    return text;
}

std::set<std::string> parts_of(const Texts& texts) {
    std::set<std::string> out;
    for (const auto& [origin, text] : texts) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (begins_character(text[i])) {
                out.emplace(beginning(std::string_view(text).substr(i), part_characters));
            }
        }
    }
    return out;
}

Texts indexed(Snapshot& s, CorpId corp, ContactId contact) {
    Texts out;
    s.each(
        "SELECT origin, text FROM contact_text WHERE corp_id = ? AND contact_id = ?",
        {corp, contact},
        [&](const Row& row) {
            out[row.integer(0)] = row.str(1);
            return Visit::next;
        }
    );
    return out;
}

// Those of a contact that was merged away are empty: it is found no more.
Texts wanted(Snapshot& s, CorpId corp, ContactId contact, std::string_view name, bool merged) {
    Texts out;
    if (merged) {
        return out;
    }
    if (!name.empty()) {
        out[0] = folded(name);
    }
    s.each(
        "SELECT id, remark FROM follow WHERE corp_id = ? AND contact_id = ? AND remark <> ''",
        {corp, contact},
        [&](const Row& row) {
            out[row.integer(0)] = folded(row.text(1));
            return Visit::next;
        }
    );
    return out;
}

void store_texts(
    Transaction& tx, CorpId corp, ContactId contact, const Texts& was, const Texts& is
) {
    for (const auto& [origin, text] : was) {
        if (!is.contains(origin)) {
            tx.execute(
                "DELETE FROM contact_text WHERE corp_id = ? AND contact_id = ? AND origin = ?",
                {corp, contact, origin}
            );
        }
    }
    for (const auto& [origin, text] : is) {
        const auto old = was.find(origin);
        if (old == was.end() || old->second != text) {
            tx.execute(
                "INSERT INTO contact_text(corp_id, contact_id, origin, text) VALUES(?,?,?,?) ON "
                "CONFLICT(corp_id, contact_id, origin) DO UPDATE SET text = excluded.text",
                {corp, contact, origin, text}
            );
        }
    }
}

}  // namespace

std::string folded(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

void index_contact(Transaction& tx, CorpId corp, ContactId contact) {
    struct Found {
        std::int64_t ord = 0;
        std::string name;
        bool merged = false;
    };

    const auto found = tx.one(
        "SELECT ord, name, merged_into FROM contact WHERE corp_id = ? AND id = ?",
        {corp, contact},
        [](const Row& row) {
            return Found{row.integer(0), row.str(1), row.flag(2)};
        }
    );
    if (!found) {
        return;
    }
    const Texts was = indexed(tx, corp, contact);
    const Texts is = wanted(tx, corp, contact, found->name, found->merged);
    if (was == is) {
        return;
    }
    const std::set<std::string> old_parts = parts_of(was);
    const std::set<std::string> new_parts = parts_of(is);
    for (const std::string& part : old_parts) {
        if (!new_parts.contains(part)) {
            tx.execute(
                "DELETE FROM contact_part WHERE corp_id = ? AND part = ? AND ord = ?",
                {corp, part, found->ord}
            );
        }
    }
    for (const std::string& part : new_parts) {
        if (!old_parts.contains(part)) {
            tx.execute(
                "INSERT INTO contact_part(corp_id, part, ord) VALUES(?,?,?) ON CONFLICT(corp_id, "
                "part, ord) DO NOTHING",
                {corp, part, found->ord}
            );
        }
    }
    store_texts(tx, corp, contact, was, is);
}

PartRange parts_of_query(std::string_view q) {
    PartRange range{std::string(beginning(folded(q), part_characters)), {}};
    range.to = range.from + "\xf4\x8f\xbf\xbf";  // the last character there is
    return range;
}

bool parts_decide(std::string_view q) {
    return beginning(q, part_characters).size() == q.size();
}

std::vector<std::uint32_t> ords_by_identity(Snapshot& s, CorpId corp, std::string_view q) {
    std::vector<std::uint32_t> ords;
    // One look by the whole key for each kind.
    for (const IdentityKind kind :
         {IdentityKind::external_userid,
          IdentityKind::unionid,
          IdentityKind::phone,
          IdentityKind::email,
          IdentityKind::openid}) {
        const Result<Identity> form = normalise({kind, std::string(q)});
        if (!form) {
            continue;
        }
        if (const ContactId contact = find_contact_id(s, corp, kind, form->value)) {
            s.each(
                "SELECT ord FROM contact WHERE corp_id = ? AND id = ?",
                {corp, contact},
                [&](const Row& row) {
                    ords.push_back(static_cast<std::uint32_t>(row.integer(0)));
                    return Visit::next;
                }
            );
        }
    }
    return ords;
}

std::optional<std::vector<std::uint32_t>> ords_by_text(
    Snapshot& s, CorpId corp, std::string_view q, std::size_t most
) {
    std::vector<std::uint32_t> ords = ords_by_identity(s, corp, q);
    const PartRange range = parts_of_query(q);
    s.each(
        "SELECT ord FROM contact_part WHERE corp_id = ? AND part >= ? AND part < ?",
        {corp, range.from, range.to},
        [&](const Row& row) {
            ords.push_back(static_cast<std::uint32_t>(row.integer(0)));
            return ords.size() > most ? Visit::stop : Visit::next;
        }
    );
    return ords.size() > most ? std::nullopt : std::optional(std::move(ords));
}

}  // namespace leadbridge::crm
