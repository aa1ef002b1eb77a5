#pragma once
// The clear text of a callback as a tree of fields, whatever its envelope: XML with Event (internal
// and customised apps, document/path/90240), XML with InfoType (suites, 92277) or JSON with the
// same names (bots, 100719). Nothing is interpreted here beyond names and time.

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/xml.h"

namespace leadbridge::wecom {

enum class ClearForm { app, suite, bot, message };

struct ClearText {
    ClearForm form = ClearForm::app;
    XmlElement fields;
    std::string event;  // Event or InfoType in lower case; "" for messages of members and bots
    std::string change_type;  // lower case, "" when absent
    std::string auth_corp;    // AuthCorpId of the suite form, else ""
    UnixMillis at = 0;        // CreateTime or TimeStamp; 0 when absent or absurd

    std::string_view value(std::string_view name) const noexcept { return fields.value(name); }
};

// Error{invalid}: neither XML nor JSON, broken, or without anything that says what it is.
Result<ClearText> read_clear_text(std::string_view text);

// The text with the values of WelcomeCode, Token, ChatKey and the like replaced by ***, for
// people's eyes. Works on broken text.
std::string without_credentials(std::string_view text);

std::string lower_ascii(std::string_view text);

}  // namespace leadbridge::wecom
