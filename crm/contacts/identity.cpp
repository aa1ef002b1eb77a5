#include <algorithm>

#include "base/utf8.h"
#include "crm/contacts/contact.h"

namespace leadbridge::crm {
namespace {

constexpr std::size_t longest_identity = 200;

std::string_view trimmed(std::string_view text) noexcept {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

// Full-width digits and plus sign, as Chinese keyboards type them, become ASCII.
std::string narrow(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = [&](std::size_t k) {
            return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
        };
        if (byte(0) == 0xEFU && byte(1) == 0xBCU && byte(2) >= 0x81U && byte(2) <= 0xBFU) {
            out.push_back(static_cast<char>(byte(2) - 0x60U));
            i += 2;
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

Error unusable(std::string_view what) {
    return Error{ErrorCode::invalid, "not a usable " + std::string(what), "identity"};
}

Result<std::string> normal_phone(std::string_view text) {
    const std::string narrowed = narrow(text);
    std::string digits;
    bool plus = false;
    for (const char c : std::string_view(narrowed)) {
        if (c >= '0' && c <= '9') {
            digits.push_back(c);
        } else if (c == '+' && digits.empty()) {
            plus = true;
        } else if (c != ' ' && c != '-' && c != '(' && c != ')' && c != '.' && c != '\t') {
            return unusable("phone number");
        }
    }
    if (!plus && digits.starts_with("00")) {
        digits.erase(0, 2);
        plus = true;
    }
    const bool one_digit =
        std::all_of(digits.begin(), digits.end(), [&](char c) { return c == digits.front(); });
    if (!plus && digits.size() == 11 && digits.front() == '1') {
        digits.insert(0, "86");
    }
    if (digits.size() < 7 || digits.size() > 17 || one_digit) {
        return unusable("phone number");
    }
    return digits;
}

Result<std::string> normal_email(std::string_view text) {
    std::string out = narrow(trimmed(text));
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const std::size_t at = out.find('@');
    const bool one_at = at != std::string::npos && at > 0 && at == out.rfind('@');
    const bool clean = out.find_first_of(" \t\r\n,;<>") == std::string::npos;
    const std::size_t dot = out.rfind('.');
    if (!one_at || !clean || dot == std::string::npos || dot < at + 2 || dot + 1 >= out.size()) {
        return unusable("e-mail address");
    }
    return out;
}

}  // namespace

Result<Identity> normalise(const Identity& identity) {
    if (identity.value.size() > longest_identity || !is_utf8(identity.value)) {
        return unusable("identity: longer than 200 bytes or not UTF-8");
    }
    if (identity.kind == IdentityKind::phone || identity.kind == IdentityKind::email) {
        Result<std::string> value = identity.kind == IdentityKind::phone
                                        ? normal_phone(trimmed(identity.value))
                                        : normal_email(identity.value);
        if (!value) {
            return value.error();
        }
        return Identity{identity.kind, std::move(*value)};
    }
    const std::string_view value = trimmed(identity.value);
    if (value.empty()) {
        return unusable("identity: empty");
    }
    return Identity{identity.kind, std::string(value)};
}

}  // namespace leadbridge::crm
