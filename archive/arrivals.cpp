#include "archive/arrivals.h"

#include <utility>
#include <vector>

#include "archive/conversation.h"

namespace leadbridge::archive {

namespace {

struct Some {
    std::string userid;
    Side side = Side::unknown;
    std::int64_t messages = 0;
};

struct News {
    std::int64_t to_n = 0;
    bool anew = false;  // of the whole day, not of what came after
    std::vector<Some> some;
};

constexpr std::string_view counting =
    "SELECT c.userid, m.side, COUNT(*) FROM message m LEFT JOIN conversation c ON c.corp_id = "
    "m.corp_id AND c.id = m.conversation_id WHERE m.corp_id = ?";

Some read_some(const Row& row) {
    return {row.str(0), static_cast<Side>(row.integer(1)), row.integer(2)};
}

void add(ArrivalCounts& sum, const ArrivalCounts& more) {
    sum.from_contacts += more.from_contacts;
    sum.from_members += more.from_members;
}

}  // namespace

Status Arrivals::catch_up(Day& day, CorpId corp, UnixMillis moment) {
    auto news = archive_.read<News>([&](Snapshot& s) -> Result<News> {
        News out;
        out.to_n = s.number("SELECT COALESCE(MAX(n), 0) FROM message WHERE corp_id = ?", {corp});
        // Fewer than there were: another archive has been put in this one's place.
        out.anew = day.to_n < 0 || day.since != moment || out.to_n < day.to_n;
        if (out.anew) {
            out.some = s.all(
                std::string(counting) + " AND m.id >= ? GROUP BY c.userid, m.side",
                {corp, first_id_of(moment)},
                read_some
            );
        } else if (out.to_n > day.to_n) {  // "+": the few new ones lead, not the day's
            out.some = s.all(
                std::string(counting) + " AND m.n > ? AND +m.id >= ? GROUP BY c.userid, m.side",
                {corp, day.to_n, first_id_of(moment)},
                read_some
            );
        }
        return out;
    });
    if (!news) {
        return std::move(news).error();
    }
    if (news->anew) {
        day.by_member.clear();
    }
    day.since = moment;
    day.to_n = news->to_n;
    for (const Some& some : news->some) {
        ArrivalCounts& counts = day.by_member[participant_key(some.userid)];
        if (some.side == Side::contact) {
            counts.from_contacts += some.messages;
        } else if (some.side == Side::member) {
            counts.from_members += some.messages;
        }
    }
    return {};
}

Result<ArrivalCounts> Arrivals::since(const crm::Viewer& viewer, UnixMillis moment) {
    const auto userids = visible_(viewer);
    std::shared_ptr<Guarded<Day>> of_corp;
    {
        auto corps = corps_.lock();
        auto& kept = (*corps)[viewer.corp.value];
        if (!kept) {
            kept = std::make_shared<Guarded<Day>>();
        }
        of_corp = kept;
    }
    auto day = of_corp->lock();
    if (Status done = catch_up(*day, viewer.corp, moment); !done) {
        return std::move(done).error();
    }
    ArrivalCounts out;
    if (!userids) {
        for (const auto& [member, counts] : day->by_member) {
            add(out, counts);
        }
        return out;
    }
    for (const std::string& userid : *userids) {
        const auto found = day->by_member.find(participant_key(userid));
        if (found != day->by_member.end() && !userid.empty()) {
            add(out, found->second);
        }
    }
    return out;
}

}  // namespace leadbridge::archive
