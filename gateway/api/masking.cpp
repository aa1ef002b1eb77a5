#include "gateway/api/masking.h"

#include <algorithm>
#include <array>

namespace leadbridge::gateway {

namespace {

constexpr std::size_t mobile_digits = 11;
constexpr std::array<std::string_view, 4> phone_keys{"phone", "phones", "mobile", "mobiles"};
constexpr std::array<std::string_view, 2> email_keys{"email", "emails"};
constexpr std::array<std::string_view, 7> plain_keys{
    "id", "next_cursor", "state", "hook", "query_hash", "members", "actor"};

bool digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

template <std::size_t N>
bool is_one_of(std::string_view key, const std::array<std::string_view, N>& keys) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// Ids of ours and of WeCom's: a userid may be somebody's phone, but it is what pages work with.
bool is_plain(std::string_view key) {
    return is_one_of(key, plain_keys) || key.ends_with("id") || key.ends_with("_ids");
}

// The 11 digits of a mobile number at the end of a run of digits, or npos.
std::size_t mobile_in(std::string_view run) {
    if (run.size() == mobile_digits + 2 && run.starts_with("86")) {
        return run[2] == '1' && run[3] >= '3' ? 2 : std::string_view::npos;
    }
    return run.size() == mobile_digits && run[0] == '1' && run[1] >= '3' ? 0
                                                                         : std::string_view::npos;
}

// "138-1234-5678" or with blanks or dots.
bool parted_mobile(std::string_view text) {
    constexpr std::size_t length = mobile_digits + 2;
    if (text.size() < length || text[0] != '1' || text[1] < '3' || text[3] != text[8] ||
        std::string_view("- .").find(text[3]) == std::string_view::npos ||
        (text.size() > length && digit(text[length]))) {
        return false;
    }
    const auto digits = [&](std::size_t from, std::size_t n) {
        return std::all_of(text.begin() + from, text.begin() + from + n, digit);
    };
    return digits(0, 3) && digits(4, 4) && digits(9, 4);
}

std::string mask_numbers(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t other = std::min(text.find_first_of("0123456789"), text.size());
        out += text.substr(0, other);
        text.remove_prefix(other);
        if (parted_mobile(text)) {
            out.append(text.substr(0, 4)).append("****").append(text.substr(8, 5));
            text.remove_prefix(mobile_digits + 2);
            continue;
        }
        const auto run = text.substr(0, text.find_first_not_of("0123456789"));
        out += mobile_in(run) == std::string_view::npos ? std::string(run) : mask_phone(run);
        text.remove_prefix(run.size());
    }
    return out;
}

bool in_domain(char c) noexcept {
    return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
}

bool in_mailbox(char c) noexcept {
    return in_domain(c) || c == '_' || c == '+' || c == '%';
}

std::string mask_emails(std::string_view text) {
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = text.find('@'); at != std::string_view::npos;
         at = text.find('@', at + 1)) {
        std::size_t from = at;
        while (from > done && in_mailbox(text[from - 1])) {
            --from;
        }
        std::size_t end = at + 1;
        while (end < text.size() && in_domain(text[end])) {
            ++end;
        }
        const std::size_t dot = text.substr(at + 1, end - at - 1).find('.');
        if (from < at && dot != std::string_view::npos && dot > 0 && at + 2 + dot < end) {
            out.append(text.substr(done, from + 1 - done)).append("***");
            done = at;
        }
    }
    return out.append(text.substr(done));
}

enum class As : std::uint8_t { text, phone, email, plain };

std::string masked(std::string_view text, As as) {
    switch (as) {
        case As::phone:
            return mask_phone(text);
        case As::email:
            return mask_email(text);
        case As::text:
            return mask_text(text);
        case As::plain:
            break;
    }
    return std::string(text);
}

void walk(json::value& value, As as);

void walk_object(json::object& object) {
    As identity = As::text;
    if (const json::value* kind = object.if_contains("kind");
        kind != nullptr && kind->is_string()) {
        const std::string_view name = kind->get_string();
        identity = name == "phone" ? As::phone : (name == "email" ? As::email : As::text);
    }
    for (auto& member : object) {
        const std::string_view key = member.key();
        As as = As::text;
        if (key == "value") {
            as = identity;
        } else if (is_one_of(key, phone_keys)) {
            as = As::phone;
        } else if (is_one_of(key, email_keys)) {
            as = As::email;
        } else if (is_plain(key)) {
            as = As::plain;
        }
        walk(member.value(), as);
    }
}

void walk(json::value& value, As as) {
    if (auto* object = value.if_object()) {
        walk_object(*object);
    } else if (auto* array = value.if_array()) {
        for (json::value& item : *array) {
            walk(item, as);
        }
    } else if (value.is_string() && as != As::plain) {
        const std::string_view text = value.get_string();
        if (std::string shown = masked(text, as); shown != text) {
            value = json::string(shown);
        }
    }
}

}  // namespace

std::string mask_phone(std::string_view phone) {
    if (const std::size_t at = mobile_in(phone); at != std::string_view::npos) {
        phone.remove_prefix(at);
        return std::string(phone.substr(0, 3)) + "****" + std::string(phone.substr(7));
    }
    const std::size_t shown = phone.size() > 6 ? 4 : 0;
    return "****" + std::string(phone.substr(phone.size() - shown));
}

std::string mask_email(std::string_view email) {
    const std::size_t at = email.find('@');
    if (at == std::string_view::npos || at == 0) {
        return "***";
    }
    return std::string(email.substr(0, 1)) + "***" + std::string(email.substr(at));
}

std::string mask_text(std::string_view text) {
    return mask_numbers(mask_emails(text));
}

void mask_answer(json::value& answer) {
    walk(answer, As::text);
}

bool masks(crm::Permission permission) noexcept {
    switch (permission) {
        case crm::Permission::none:
        case crm::Permission::own:
        case crm::Permission::contacts_reveal:
        case crm::Permission::archive_read:
        case crm::Permission::media_write:
        case crm::Permission::corps_read:
        case crm::Permission::corps_write:
        case crm::Permission::users_admin:
        // What people wrote to send or to find: masked, it would be saved back masked.
        case crm::Permission::channels_read:
        case crm::Permission::channels_write:
        case crm::Permission::tags_read:
        case crm::Permission::tags_write:
        case crm::Permission::segments_read:
        case crm::Permission::segments_write:
        case crm::Permission::pushes_read:
        case crm::Permission::pushes_write:
        case crm::Permission::sources_read:
        case crm::Permission::sources_write:
        case crm::Permission::views_write:
            return false;
        default:
            return true;
    }
}

}  // namespace leadbridge::gateway
