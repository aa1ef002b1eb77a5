#include "gateway/api/masking.h"

#include <algorithm>
#include <array>

namespace leadbridge::gateway {

namespace {

constexpr std::size_t mobile_digits = 11;
constexpr std::array<std::string_view, 4> phone_keys{"phone", "phones", "mobile", "mobiles"};
constexpr std::array<std::string_view, 2> email_keys{"email", "emails"};
constexpr std::array<std::string_view, 6> plain_keys{
    "id", "next_cursor", "state", "hook", "query_hash", "members"};

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
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
        if (!digit(text[i])) {
            out.push_back(text[i++]);
            continue;
        }
        std::size_t end = i;
        while (end < text.size() && digit(text[end])) {
            ++end;
        }
        const std::string_view run = text.substr(i, end - i);
        out += mobile_in(run) == std::string_view::npos ? std::string(run) : mask_phone(run);
        i = end;
    }
    return out;
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
