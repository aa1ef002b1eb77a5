// Values made of plain ones: required and chosen texts, secrets and the files that hold them.
#include <algorithm>
#include <fstream>

#include "config/reader.h"

namespace leadbridge::config {

std::string Table::required(std::string_view key) {
    const bool there = given(key);
    std::string value = text(key);
    if (!there || value.empty()) {
        problem(key, "is missing");
    }
    return value;
}

std::string Table::choice(
    std::string_view key, const std::vector<std::string>& allowed, std::string_view fallback
) {
    std::string value = text(key, fallback);
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) {
        return value;
    }
    std::string list;
    for (const std::string& word : allowed) {
        list += (list.empty() ? "\"" : ", \"") + word + "\"";
    }
    problem(key, "must be one of " + list);
    return std::string(fallback);
}

Secret Table::secret(std::string_view key) {
    const std::string file_key = std::string(key) + "_file";
    const bool plain = given(key);
    if (!given(file_key)) {
        return Secret{text(key)};
    }
    if (plain) {
        problem(file_key, "give either this or " + std::string(key) + ", not both");
        return {};
    }
    return file_content(file_key);
}

Secret Table::required_secret(std::string_view key) {
    Secret value = secret(key);
    const bool named = given(key) || given(std::string(key) + "_file");
    if (value.empty() && !named) {
        problem(key, "is missing; give it or " + std::string(key) + "_file");
    } else if (value.empty() && given(key)) {
        problem(key, "is empty");
    }
    return value;
}

Secret Table::file_content(std::string_view key) {
    constexpr std::size_t limit = 64 * 1024;
    const std::string name = path(key);
    if (name.empty()) {
        problem(key, "is missing");
        return {};
    }
    std::ifstream in(name, std::ios::binary);
    std::string content(limit + 1, '\0');
    in.read(content.data(), static_cast<std::streamsize>(content.size()));
    if (!in.eof() && in.fail()) {
        problem(key, "cannot read " + name + "; does it exist and may this user read it?");
        return {};
    }
    content.resize(static_cast<std::size_t>(in.gcount()));
    if (content.size() > limit) {
        problem(key, name + " is larger than 64 KB");
        return {};
    }
    while (content.ends_with('\n') || content.ends_with('\r')) {
        content.pop_back();
    }
    if (content.empty()) {
        problem(key, name + " is empty");
    }
    return Secret{std::move(content)};
}

}  // namespace leadbridge::config
