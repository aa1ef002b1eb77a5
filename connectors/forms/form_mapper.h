#pragma once
// A body and a map -> a submitted form in our words. Pure functions, thread-safe; every field is
// bounded.

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/http_types.h"
#include "base/result.h"
#include "connectors/forms/source_config.h"
#include "crm/touch.h"

namespace leadbridge::forms {

struct MappedForm {
    std::string delivery_id;      // "" = the source gives none
    UnixMillis submitted_ms = 0;  // 0 = the body names no time
    bool skipped = false;         // an event of the source that is no submission (deleted, test)
    bool mapped = false;          // at least one identity or a name was found
    crm::FormSubmitted form;
};

// body: JSON or application/x-www-form-urlencoded, told apart by its first character. headers: for
// ids that stand there; empty at decode time. Error{invalid} when the body is neither, is not UTF-8
// or is nested too deep.
Result<MappedForm> map_form(const FormMap& map, std::string_view body, const Headers& headers);

}  // namespace leadbridge::forms
