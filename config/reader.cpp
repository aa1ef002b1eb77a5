#include "config/reader.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>

#include "config/nearest.h"

namespace leadbridge::config {

namespace {

std::string upper(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return out;
}

const char* kind_of(const toml::node& node) noexcept {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "a list";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::boolean:
            return "true or false";
        case toml::node_type::floating_point:
            return "a number with a point";
        default:
            return "a date or time";
    }
}

std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
        out.emplace_back(part);
    }
    return out;
}

}  // namespace

struct Document::State {
    toml::table root;
    std::string file;
    std::filesystem::path folder;
    std::map<std::string, std::string> environment;
    std::set<std::string> asked;
    std::set<std::string> variables;  // names of all variables that would be read
    std::vector<std::string> problems;

    void problem(const toml::node* node, const std::string& what, const std::string& cause) {
        const std::string line = node == nullptr || node->source().begin.line == 0
                                     ? std::string{}
                                     : ":" + std::to_string(node->source().begin.line);
        problems.push_back(file + line + ": " + what + ": " + cause);
    }
};

struct Table::Place {
    Document::State& document;
    const toml::table* table = nullptr;  // null: absent
    const toml::node* at = nullptr;      // what problems of absent keys point to
    std::string path;                    // "" for the root
    std::set<std::string> known;

    std::string full(std::string_view key) const {
        return path.empty() ? std::string(key) : path + "." + std::string(key);
    }

    const toml::node* ask(std::string_view key) {
        known.emplace(key);
        document.asked.insert(full(key));
        return table == nullptr ? nullptr : table->get(key);
    }

    // The value of the environment, for tables directly below the root.
    const std::string* variable(std::string_view key) {
        if (path.empty() || path.find('.') != std::string::npos || path == "corp") {
            return nullptr;
        }
        const std::string name = "LEADBRIDGE_" + upper(path) + "__" + upper(key);
        document.variables.insert(name);
        const auto found = document.environment.find(name);
        return found == document.environment.end() ? nullptr : &found->second;
    }

    void wrong_type(const toml::node& node, std::string_view key, const char* expected) {
        document.problem(
            &node, full(key), std::string("must be ") + expected + ", not " + kind_of(node)
        );
    }
};

Result<std::unique_ptr<Document>> Document::parse(
    const std::string& text,
    std::string file,
    std::filesystem::path folder,
    std::map<std::string, std::string> environment
) {
    auto state = std::make_unique<State>();
    try {
        state->root = toml::parse(text);
    } catch (const toml::parse_error& error) {
        return Error{
            ErrorCode::invalid,
            file + ":" + std::to_string(error.source().begin.line) +
                ": not TOML: " + std::string(error.description())};
    }
    state->file = std::move(file);
    state->folder = std::move(folder);
    state->environment = std::move(environment);
    return std::unique_ptr<Document>{new Document(std::move(state))};  // the constructor is private
}

Document::Document(std::unique_ptr<State> state) : state_(std::move(state)) {}

Document::~Document() = default;

Table Document::root() {
    return Table{
        std::make_shared<Table::Place>(Table::Place{*state_, &state_->root, nullptr, "", {}})};
}

Status Document::finish() {
    for (const auto& [name, value] : state_->environment) {
        if (name.find("__") != std::string::npos && !state_->variables.contains(name)) {
            state_->problems.push_back(
                "environment: " + name + ": no such setting; the nearest is " +
                nearest(name, state_->variables)
            );
        }
    }
    if (state_->problems.empty()) {
        return {};
    }
    std::string message;
    for (const std::string& problem : state_->problems) {
        message += (message.empty() ? "" : "; ") + problem;
    }
    return Error{ErrorCode::invalid, message, "bad_settings"};
}

const std::filesystem::path& Document::folder() const noexcept {
    return state_->folder;
}

const std::set<std::string>& Document::asked() const noexcept {
    return state_->asked;
}

std::string Table::text(std::string_view key, std::string_view fallback) {
    const toml::node* node = place_->ask(key);
    if (const std::string* given = place_->variable(key)) {
        return *given;
    }
    if (node == nullptr) {
        return std::string(fallback);
    }
    if (const auto* value = node->as_string()) {
        return **value;
    }
    place_->wrong_type(*node, key, "a string");
    return std::string(fallback);
}

std::int64_t Table::integer(std::string_view key, std::int64_t fallback, IntRange range) {
    const toml::node* node = place_->ask(key);
    std::int64_t value = fallback;
    if (const std::string* given = place_->variable(key)) {
        const char* end = given->data() + given->size();
        const auto [stop, error] = std::from_chars(given->data(), end, value);
        if (error != std::errc{} || stop != end) {
            problem(key, "the environment gives no integer");
            return fallback;
        }
    } else if (node != nullptr) {
        const auto* number = node->as_integer();
        if (number == nullptr) {
            place_->wrong_type(*node, key, "an integer");
            return fallback;
        }
        value = **number;
    }
    if (value < range.from || value > range.to) {
        problem(key, "must be " + std::to_string(range.from) + " to " + std::to_string(range.to));
        return fallback;
    }
    return value;
}

bool Table::flag(std::string_view key, bool fallback) {
    const toml::node* node = place_->ask(key);
    if (node == nullptr) {
        return fallback;
    }
    if (const auto* value = node->as_boolean()) {
        return **value;
    }
    place_->wrong_type(*node, key, "true or false");
    return fallback;
}

std::vector<std::string> Table::list(std::string_view key) {
    const toml::node* node = place_->ask(key);
    if (const std::string* given = place_->variable(key)) {
        return split(*given);
    }
    std::vector<std::string> out;
    if (node == nullptr) {
        return out;
    }
    const toml::array* array = node->as_array();
    if (array == nullptr) {
        place_->wrong_type(*node, key, "a list of strings");
        return out;
    }
    for (const toml::node& item : *array) {
        if (const auto* value = item.as_string()) {
            out.push_back(**value);
        } else {
            place_->wrong_type(item, key, "a list of strings");
        }
    }
    return out;
}

std::string Table::path(std::string_view key) {
    const std::string given = text(key);
    return given.empty() ? given : (place_->document.folder / given).lexically_normal().string();
}

bool Table::given(std::string_view key) {
    return place_->ask(key) != nullptr;
}

Table Table::table(std::string_view key) {
    const toml::node* node = place_->ask(key);
    const toml::table* inner = node == nullptr ? nullptr : node->as_table();
    if (node != nullptr && inner == nullptr) {
        place_->wrong_type(*node, key, "a table");
    }
    const toml::node* at = inner == nullptr ? place_->at : inner;
    return Table{
        std::make_shared<Place>(Place{place_->document, inner, at, place_->full(key), {}})};
}

std::vector<Table> Table::tables(std::string_view key) {
    std::vector<Table> out;
    const toml::node* node = place_->ask(key);
    if (node == nullptr) {
        return out;
    }
    const toml::array* array = node->as_array();
    if (array == nullptr) {
        place_->wrong_type(*node, key, "a list of tables, [[...]]");
        return out;
    }
    for (const toml::node& item : *array) {
        if (const toml::table* inner = item.as_table()) {
            out.emplace_back(std::make_shared<Place>(Place{
                place_->document, inner, inner, place_->full(key), {}}));
        } else {
            place_->wrong_type(item, key, "a list of tables, [[...]]");
        }
    }
    return out;
}

bool Table::present() const noexcept {
    return place_->table != nullptr;
}

void Table::problem(std::string_view key, const std::string& cause) {
    const toml::node* node = place_->table == nullptr ? nullptr : place_->table->get(key);
    place_->document.problem(node == nullptr ? place_->at : node, place_->full(key), cause);
}

void Table::done() {
    if (place_->table == nullptr) {
        return;
    }
    for (const auto& [key, node] : *place_->table) {
        if (!place_->known.contains(std::string(key.str()))) {
            place_->document.problem(
                &node,
                place_->full(key.str()),
                "unknown key; the nearest known one is " +
                    place_->full(nearest(key.str(), place_->known))
            );
        }
    }
}

}  // namespace leadbridge::config
