#include "crm/leads/serving.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "base/time_zone.h"
#include "crm/staff/member.h"

namespace leadbridge::crm {
namespace {

constexpr std::int64_t day_and_a_bit = 26LL * 3'600'000;  // past the next midnight, DST too
constexpr int day_minutes = 1'440;
constexpr std::int64_t minute_ms = 60'000;
constexpr int days_ahead = 8;

struct Span {
    UnixMillis from = 0;
    UnixMillis to = 0;
};

std::chrono::sys_days local_date(UnixMillis now, std::string_view zone) {
    const std::string text = format_local(now, zone);
    const auto part = [&](std::size_t at, std::size_t n) { return std::stoi(text.substr(at, n)); };
    return std::chrono::year{part(0, 4)} / part(5, 2) / part(8, 2);
}

UnixMillis moment(std::chrono::sys_days date, int minutes, std::string_view zone) {
    const std::chrono::year_month_day day{date + std::chrono::days{minutes / day_minutes}};
    const int rest = minutes % day_minutes;
    const auto two = [](unsigned value) {
        return std::string{
            static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
    };
    const std::string text = std::to_string(static_cast<int>(day.year())) + "-" +
                             two(static_cast<unsigned>(day.month())) + "-" +
                             two(static_cast<unsigned>(day.day())) + " " +
                             two(static_cast<unsigned>(rest / 60)) + ":" +
                             two(static_cast<unsigned>(rest % 60)) + ":00";
    const auto at = parse_local(text, zone);
    return at ? *at : 0;
}

// Moments of the local clock. Only a day on which it is put forward or back needs the zone's rules:
// the rotas of a hundred members are some thousand moments.
class LocalClock {
public:
    LocalClock(UnixMillis now, std::string_view zone) : today_(local_date(now, zone)), zone_(zone) {
        for (int day = -1; day <= days_ahead + 3; ++day) {
            midnights_.push_back(moment(today_ + std::chrono::days{day}, 0, zone));
        }
    }

    // The duty of one rota from yesterday on. Spans are made of instants, so that a day of 23 or 25
    // hours needs no thought.
    std::vector<Span> spans(const std::vector<RotaSlot>& rota) const {
        std::vector<Span> out;
        for (int day = -1; day <= days_ahead; ++day) {
            const unsigned weekday =
                std::chrono::weekday{today_ + std::chrono::days{day}}.iso_encoding();
            for (const RotaSlot& slot : rota) {
                if (static_cast<unsigned>(slot.weekday) == weekday) {
                    const int to = slot.to > slot.from ? slot.to : slot.to + day_minutes;
                    out.push_back({at(day, slot.from), at(day, to)});
                }
            }
        }
        return out;
    }

private:
    UnixMillis at(int day, int minutes) const {
        const int ahead = day + 1 + minutes / day_minutes;
        const auto from = static_cast<std::size_t>(ahead);
        if (midnights_[from + 1] - midnights_[from] == day_minutes * minute_ms) {
            return midnights_[from] + minutes % day_minutes * minute_ms;
        }
        return moment(today_ + std::chrono::days{day}, minutes, zone_);
    }

    std::chrono::sys_days today_;
    std::string_view zone_;
    std::vector<UnixMillis> midnights_;  // from yesterday's on
};

class Watch {
public:
    explicit Watch(const ServingQuestion& q)
        : q_(q),
          tomorrow_(local_day_start(local_day_start(q.now, q.zone) + day_and_a_bit, q.zone)) {
        const LocalClock clock(q.now, q.zone);
        for (const Server& person : q.people) {
            spans_.push_back(clock.spans(person.rota));
        }
    }

    Serving at(UnixMillis when) const {
        Serving out;
        bool served = false;
        for (std::size_t i = 0; i < q_.people.size(); ++i) {
            out.duty.push_back(duty(i, when));
            served = served || (out.duty[i] == Duty::serves && !q_.people[i].backup);
        }
        for (std::size_t i = 0; i < q_.people.size(); ++i) {
            if (q_.people[i].backup && served && out.duty[i] == Duty::serves) {
                out.duty[i] = Duty::stands_by;
            } else if (out.duty[i] == Duty::serves) {
                out.users.push_back(q_.people[i].userid);
            }
        }
        out.by = served ? ServedBy::members : ServedBy::backups;
        if (out.users.empty()) {
            out.by = ServedBy::kept;
        }
        return out;
    }

    // Moments at which somebody's duty may change, soonest first.
    std::set<UnixMillis> edges() const {
        std::set<UnixMillis> out;
        for (std::size_t i = 0; i < spans_.size(); ++i) {
            for (const Span& span : spans_[i]) {
                out.insert(span.from);
                out.insert(span.to);
            }
            if (full(i, q_.now)) {
                out.insert(tomorrow_);
            }
        }
        out.erase(out.begin(), out.upper_bound(q_.now));
        return out;
    }

private:
    bool full(std::size_t i, UnixMillis when) const {
        const Server& person = q_.people[i];
        return person.daily_cap > 0 && person.adds_today >= person.daily_cap && when < tomorrow_;
    }

    Duty duty(std::size_t i, UnixMillis when) const {
        const Server& person = q_.people[i];
        if (!person.active) {
            return Duty::inactive;
        }
        if (person.refused) {
            return Duty::refused;
        }
        const bool on = person.rota.empty() ||
                        std::any_of(spans_[i].begin(), spans_[i].end(), [&](const Span& span) {
                            return span.from <= when && when < span.to;
                        });
        if (!on) {
            return Duty::off_duty;
        }
        return full(i, when) ? Duty::full : Duty::serves;
    }

    const ServingQuestion& q_;
    UnixMillis tomorrow_;
    std::vector<std::vector<Span>> spans_;
};

// Nobody is free: those who served last, else all who may, else all.
std::vector<std::string> kept(const ServingQuestion& q) {
    std::set<std::string> told;
    for (const std::string& userid : q.told) {
        told.insert(userid_key(userid));
    }
    std::vector<std::string> last;
    std::vector<std::string> able;
    std::vector<std::string> all;
    for (const Server& person : q.people) {
        if (person.backup) {
            continue;
        }
        all.push_back(person.userid);
        if (person.active && !person.refused) {
            able.push_back(person.userid);
            if (told.contains(userid_key(person.userid))) {
                last.push_back(person.userid);
            }
        }
    }
    if (!last.empty()) {
        return last;
    }
    return able.empty() ? all : able;
}

}  // namespace

std::string_view to_string(Duty duty) noexcept {
    switch (duty) {
        case Duty::serves:
            return "serves";
        case Duty::stands_by:
            return "stands_by";
        case Duty::off_duty:
            return "off_duty";
        case Duty::full:
            return "full";
        case Duty::inactive:
            return "inactive";
        case Duty::refused:
            break;
    }
    return "refused";
}

std::string_view to_string(ServedBy by) noexcept {
    switch (by) {
        case ServedBy::members:
            return "members";
        case ServedBy::backups:
            return "backups";
        case ServedBy::kept:
            break;
    }
    return "kept";
}

Serving who_serves(const ServingQuestion& question) {
    const Watch watch(question);
    Serving out = watch.at(question.now);
    const bool nobody = out.by == ServedBy::kept;
    if (nobody) {
        out.users = kept(question);
    }
    for (const UnixMillis edge : watch.edges()) {
        const Serving then = watch.at(edge);
        // Whoever serves when nobody can take over goes on: no change.
        if (then.by != ServedBy::kept && (nobody || then.users != out.users)) {
            out.until = edge;
            break;
        }
    }
    return out;
}

}  // namespace leadbridge::crm
