#pragma once
// Who serves now: the list of users that a channel's code should have at this moment. Pure: people,
// what they were given today, and the time go in. The answer is never empty while the channel has a
// member: the list is told to WeCom whole (page 92572), and a printed code must lead to somebody.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "crm/leads/channel_limits.h"

namespace leadbridge::crm {

enum class Duty : std::uint8_t {
    serves,
    stands_by,  // a backup that is not needed
    off_duty,   // outside his rota
    full,       // has his friends of the day
    inactive,   // left, disabled or not activated, as far as we know
    refused,    // WeCom will not have him in a contact way (41054)
};
std::string_view to_string(Duty duty) noexcept;

enum class ServedBy : std::uint8_t {
    members,
    backups,
    kept,  // nobody is free and no backup can serve: those who served last go on
};
std::string_view to_string(ServedBy by) noexcept;

struct Server {
    std::string userid;
    bool backup = false;
    int daily_cap = 0;  // 0 = none
    std::int64_t adds_today = 0;
    std::vector<RotaSlot> rota;
    bool active = true;
    bool refused = false;
};

struct ServingQuestion {
    std::vector<Server> people;     // members in the channel's order, then backups
    std::vector<std::string> told;  // the list that WeCom has
    std::string zone;
    UnixMillis now = 0;
};

struct Serving {
    std::vector<std::string> users;
    ServedBy by = ServedBy::members;
    UnixMillis until = 0;    // when the list next changes by the clock; 0 = not within a week
    std::vector<Duty> duty;  // of each of the question's people
};

// Limits as check_limits lets them through; a zone of the tz database.
Serving who_serves(const ServingQuestion& question);

}  // namespace leadbridge::crm
