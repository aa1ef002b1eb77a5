#pragma once
// The body of a form as JSON, for the .cpp files of this room only.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "crm/touch.h"

namespace leadbridge::forms {

// JSON as it is; application/x-www-form-urlencoded as an object of strings ('+' is a space, repeats
// become an array).
Result<json::value> parse_form_body(std::string_view body);

// A value as one line of text: lists joined by ", ", objects by their values; "" for null. At most
// max_bytes.
std::string flat_text(const json::value& value, std::size_t max_bytes);

struct LabelledAnswer {
    std::string id;  // the question's id or key in the body
    crm::FormAnswer answer;
};

// Answers below a value: an object's members, or a list of {question|title|name|label|type|id,
// answer|value|text|options[checked]}, or pages of questions. Bounded in number and depth.
std::vector<LabelledAnswer> read_answers(const json::value& value);

}  // namespace leadbridge::forms
