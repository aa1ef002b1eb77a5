#pragma once
// What the loader of `deploy/bench console` puts into a data directory: who there is and when what
// happened. All of it follows from the sizes and from `now`, nothing is kept in memory but the ids
// and the sums of the chats. Customers came evenly over two years, messages evenly over the same
// time, each from or to one of those there were, so a larger company is the same company for more
// people: equal members, tags, channels and messages per customer.

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace leadbridge::bench {

inline constexpr std::int64_t members = 200;
inline constexpr std::int64_t departments = 10;
inline constexpr std::int64_t tag_groups = 10;
inline constexpr std::int64_t wecom_tags = 150;
inline constexpr std::int64_t own_tags = 50;
inline constexpr std::int64_t channels = 20;
inline constexpr std::int64_t sources = 5;
inline constexpr std::int64_t day_ms = 86'400'000;

// The sums of one member's chat with one contact, as crm keeps them.
struct Chat {
    std::int64_t conversation = 0;  // id in the archive
    std::int64_t from_contact = 0;
    std::int64_t from_member = 0;
    UnixMillis first = 0;
    UnixMillis last = 0;
    UnixMillis last_contact = 0;
    UnixMillis last_member = 0;
    std::int64_t last_message = 0;
    bool last_from_contact = false;
};

// Stands where the story of the loader stands, so that ids and seals carry the time of their rows.
class StoryClock final : public Clock {
public:
    UnixMillis now() const noexcept override { return now_; }

    std::int64_t steady_ms() const noexcept override { return now_; }

    void at(UnixMillis time) noexcept { now_ = time > now_ ? time : now_; }

    void restart(UnixMillis time) noexcept { now_ = time; }

private:
    UnixMillis now_ = 0;
};

class Plan {
public:
    Plan(std::int64_t contacts, std::int64_t messages, UnixMillis now)
        : contacts_(contacts), messages_(messages), start_(now - 730 * day_ms), now_(now) {}

    std::int64_t contacts() const { return contacts_; }

    std::int64_t messages() const { return messages_; }

    UnixMillis start() const { return start_; }

    UnixMillis now() const { return now_; }

    // A number in [0, bound) that belongs to the contact and the purpose alone.
    static std::int64_t pick(std::int64_t contact, std::uint64_t purpose, std::int64_t bound);

    UnixMillis came(std::int64_t contact) const;
    UnixMillis said(std::int64_t message) const;
    std::int64_t speaker(std::int64_t message) const;  // contact whose chat the message is in
    static bool by_contact(std::int64_t message);
    static std::string words(std::int64_t message);

    static std::string member_userid(std::int64_t member);
    static std::string member_name(std::int64_t member);
    static std::int64_t member_of(std::int64_t contact);  // 0..members-1
    static std::string name(std::int64_t contact);
    static std::string remark(std::int64_t contact);  // "" for most
    static std::string company(std::int64_t contact);
    static std::string external_userid(std::int64_t contact);
    static std::string phone(std::int64_t contact);               // "" for two of three; normalised
    static std::vector<std::int64_t> tags(std::int64_t contact);  // 0..wecom_tags+own_tags-1

private:
    const std::int64_t contacts_;
    const std::int64_t messages_;
    const UnixMillis start_;
    const UnixMillis now_;
};

}  // namespace leadbridge::bench
