#include "connectors/forms/form_body.h"

#include <cmath>

#include "base/http_types.h"
#include "base/utf8.h"

namespace leadbridge::forms {

namespace {

constexpr std::size_t max_pairs = 1'000;
constexpr std::size_t max_answers = 200;
constexpr std::size_t max_answer_bytes = 4'000;
constexpr std::size_t max_question_bytes = 200;
constexpr int max_depth = 6;

Result<std::string> form_decode(std::string_view text) {
    std::string spaced(text);
    for (char& c : spaced) {
        c = c == '+' ? ' ' : c;
    }
    return percent_decode(spaced);
}

void add_pair(json::object& out, const std::string& key, std::string value) {
    if (auto* known = out.if_contains(key)) {
        if (!known->is_array()) {
            json::array list;
            list.push_back(std::move(*known));
            *known = std::move(list);
        }
        known->as_array().emplace_back(std::move(value));
        return;
    }
    out.emplace(key, std::move(value));
}

Result<json::value> parse_pairs(std::string_view body) {
    json::object out;
    std::size_t pairs = 0;
    while (!body.empty()) {
        const auto pair = body.substr(0, body.find('&'));
        body.remove_prefix(std::min(body.size(), pair.size() + 1));
        if (pair.empty()) {
            continue;
        }
        const auto equals = pair.find('=');
        auto key = form_decode(pair.substr(0, equals));
        auto value = form_decode(
            equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1)
        );
        if (equals == std::string_view::npos || !key || !value || !is_utf8(*key) ||
            !is_utf8(*value) || ++pairs > max_pairs) {
            return Error{ErrorCode::invalid, "the body is neither JSON nor a form"};
        }
        add_pair(out, *key, std::move(*value));
    }
    if (out.empty()) {
        return Error{ErrorCode::invalid, "the body is empty"};
    }
    return json::value(std::move(out));
}

std::string number_text(const json::value& value) {
    if (const auto* real = value.if_double()) {
        // A phone number that some sender made a floating number of.
        if (std::trunc(*real) == *real && std::abs(*real) < 1e15) {
            return std::to_string(static_cast<std::int64_t>(*real));
        }
    }
    return to_text(value);
}

void append_flat(std::string& out, const json::value& value, std::size_t max_bytes, int depth) {
    if (out.size() > max_bytes || depth > max_depth || value.is_null()) {
        return;
    }
    if (const auto* text = value.if_string()) {
        out += std::string_view(*text);
    } else if (const auto* list = value.if_array()) {
        for (const auto& item : *list) {
            const auto before = out.size();
            append_flat(out, item, max_bytes, depth + 1);
            if (out.size() != before && &item != &list->back()) {
                out += ", ";
            }
        }
    } else if (const auto* object = value.if_object()) {
        for (const auto& [key, item] : *object) {
            const auto before = out.size();
            append_flat(out, item, max_bytes, depth + 1);
            if (out.size() != before) {
                out += ' ';
            }
        }
        while (out.ends_with(' ')) {
            out.pop_back();
        }
    } else {
        out += number_text(value);
    }
}

const json::value* first_of(
    const json::object& object, std::initializer_list<std::string_view> keys
) {
    for (const auto key : keys) {
        const auto* value = object.if_contains(key);
        if (value != nullptr && !value->is_null()) {
            return value;
        }
    }
    return nullptr;
}

// Options of a choice: the checked ones; senders that list only what was chosen name no `checked`.
json::value chosen(const json::array& options) {
    json::array out;
    for (const auto& option : options) {
        if (const auto* object = option.if_object()) {
            if (json_bool(*object, "checked", true)) {
                if (const auto* text = first_of(*object, {"text", "label", "value", "name"})) {
                    out.push_back(*text);
                }
            }
        } else {
            out.push_back(option);
        }
    }
    return out;
}

void add_answer(
    std::vector<LabelledAnswer>& out,
    std::string_view id,
    std::string_view question,
    const json::value& answer
) {
    std::string text = flat_text(answer, max_answer_bytes);
    if (out.size() >= max_answers || text.empty()) {
        return;
    }
    LabelledAnswer entry;
    entry.id = std::string(utf8_prefix(id, max_question_bytes));
    entry.answer.question = std::string(utf8_prefix(question, max_question_bytes));
    entry.answer.answer = std::move(text);
    out.push_back(std::move(entry));
}

void add_item(std::vector<LabelledAnswer>& out, const json::object& item, int depth);

void add_list(std::vector<LabelledAnswer>& out, const json::array& list, int depth) {
    std::size_t number = 0;
    for (const auto& item : list) {
        ++number;
        if (const auto* object = item.if_object()) {
            add_item(out, *object, depth + 1);
        } else {
            add_answer(out, std::to_string(number), std::to_string(number), item);
        }
    }
}

void add_item(std::vector<LabelledAnswer>& out, const json::object& item, int depth) {
    if (depth > max_depth) {
        return;
    }
    for (const auto* key : {"questions", "groups", "items"}) {
        if (const auto* nested = json_array(item, key); nested != nullptr && !nested->empty()) {
            add_list(out, *nested, depth);
            return;
        }
    }
    const auto* id = first_of(item, {"id", "key", "type"});
    const auto* question = first_of(item, {"question", "title", "label", "name", "id", "type"});
    if (question == nullptr) {
        return;
    }
    const std::string id_text = id == nullptr ? "" : flat_text(*id, max_question_bytes);
    const std::string question_text = flat_text(*question, max_question_bytes);
    if (const auto* options = json_array(item, "options");
        options != nullptr && !options->empty()) {
        add_answer(out, id_text, question_text, chosen(*options));
    } else if (const auto* answer = first_of(item, {"answer", "value", "text"})) {
        add_answer(out, id_text, question_text, *answer);
    }
}

}  // namespace

Result<json::value> parse_form_body(std::string_view body) {
    if (body.starts_with("\xEF\xBB\xBF")) {
        body.remove_prefix(3);
    }
    const auto first = body.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return Error{ErrorCode::invalid, "the body is empty"};
    }
    body.remove_prefix(first);
    if (body.front() == '{' || body.front() == '[') {
        return parse_json(body);
    }
    return parse_pairs(body);
}

std::string flat_text(const json::value& value, std::size_t max_bytes) {
    std::string out;
    append_flat(out, value, max_bytes, 0);
    return std::string(utf8_prefix(out, max_bytes));
}

std::vector<LabelledAnswer> read_answers(const json::value& value) {
    std::vector<LabelledAnswer> out;
    if (const auto* list = value.if_array()) {
        add_list(out, *list, 0);
    } else if (const auto* object = value.if_object()) {
        for (const auto& [key, item] : *object) {
            add_answer(out, key, key, item);
        }
    }
    return out;
}

}  // namespace leadbridge::forms
