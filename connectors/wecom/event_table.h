#pragma once
// One line per event we know. Dispatch is on (event, change type): the same change type exists in
// several families.

#include <optional>
#include <span>
#include <string_view>

#include "connectors/wecom/clear_text.h"
#include "crm/touch.h"

namespace leadbridge::wecom {

struct EventEntry {
    std::string_view event;        // lower case
    std::string_view change_type;  // lower case; "" = the event has none
    // nullopt: a field it cannot do without is missing.
    std::optional<crm::TouchBody> (*decode)(const ClearText& clear);
};

std::span<const EventEntry> event_table();
// Events whose connector is not part of this program: parked by their name, replayable.
std::span<const std::string_view> foreign_events();

const EventEntry* find_event(const ClearText& clear) noexcept;

}  // namespace leadbridge::wecom
