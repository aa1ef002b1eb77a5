#include "connectors/wecom/welcome_rows.h"

namespace leadbridge::wecom {

namespace {

constexpr std::string_view columns =
    "corp_id,inbox_id,channel_id,userid,external_userid,state_text,state,event_ms,deadline_ms,"
    "age_ms,tries,in_doubt,error,updated_ms";

WelcomeRow read(const Row& row) {
    WelcomeRow out;
    out.corp = row.id<CorpId>(0);
    out.inbox_id = row.integer(1);
    out.channel = row.id<crm::ChannelId>(2);
    out.userid = row.str(3);
    out.external_userid = row.str(4);
    out.state_text = row.str(5);
    out.state = static_cast<WelcomeState>(row.integer(6));
    out.event_ms = row.integer(7);
    out.deadline_ms = row.integer(8);
    out.age_ms = row.integer(9);
    out.tries = static_cast<int>(row.integer(10));
    out.in_doubt = row.flag(11);
    out.error = row.str(12);
    out.updated_ms = row.integer(13);
    return out;
}

std::string select(std::string_view rest) {
    return "SELECT " + std::string(columns) + " FROM welcome WHERE corp_id=? " + std::string(rest);
}

}  // namespace

std::string_view to_string(WelcomeState state) noexcept {
    switch (state) {
        case WelcomeState::intent:
            return "intent";
        case WelcomeState::sent:
            return "sent";
        case WelcomeState::probably_sent:
            return "probably_sent";
        case WelcomeState::too_late:
            return "too_late";
        case WelcomeState::already_chatting:
            return "already_chatting";
        case WelcomeState::waiting_consent:
            return "waiting_consent";
        case WelcomeState::failed:
            return "failed";
        case WelcomeState::skipped:
            return "skipped";
    }
    return "";
}

std::optional<WelcomeRow> find_welcome(Snapshot& s, CorpId corp, std::int64_t inbox_id) {
    return s.one(select("AND inbox_id=?"), {corp, inbox_id}, read);
}

std::vector<WelcomeRow> list_welcomes(
    Snapshot& s, CorpId corp, std::int64_t before_inbox_id, int limit
) {
    return s.all(
        select("AND (?=0 OR inbox_id<?) ORDER BY inbox_id DESC LIMIT ?"),
        {corp, before_inbox_id, before_inbox_id, limit},
        read
    );
}

namespace welcome_rows {

std::string code_place(std::int64_t inbox_id) {
    return "welcome:" + std::to_string(inbox_id);
}

bool insert(Transaction& tx, const WelcomeRow& row, std::string_view sealed_code) {
    return tx.execute(
               "INSERT INTO welcome(corp_id,inbox_id,channel_id,userid,external_userid,state_text,"
               "code,state,event_ms,deadline_ms,age_ms,tries,in_doubt,error,updated_ms) "
               "VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(corp_id,inbox_id) DO NOTHING",
               {row.corp,
                row.inbox_id,
                row.channel,
                row.userid,
                row.external_userid,
                row.state_text,
                Blob{sealed_code},
                row.state,
                row.event_ms,
                row.deadline_ms,
                row.age_ms,
                row.tries,
                row.in_doubt,
                row.error,
                row.updated_ms}
           ) > 0;
}

void update(Transaction& tx, const WelcomeRow& row) {
    // A code that can still be of use (consent may come) stays; it is dead after 20 s anyway.
    const std::string_view keep = row.state == WelcomeState::waiting_consent ? "" : ",code=NULL";
    tx.execute(
        "UPDATE welcome SET state=?,age_ms=?,tries=?,in_doubt=?,error=?,updated_ms=?" +
            std::string(keep) + " WHERE corp_id=? AND inbox_id=?",
        {row.state,
         row.age_ms,
         row.tries,
         row.in_doubt,
         row.error,
         row.updated_ms,
         row.corp,
         row.inbox_id}
    );
}

std::optional<WelcomeRow> newest_of_pair(
    Snapshot& s, CorpId corp, std::string_view userid, std::string_view external_userid
) {
    return s.one(
        select("AND external_userid=? AND userid=? ORDER BY inbox_id DESC LIMIT 1"),
        {corp, external_userid, userid},
        read
    );
}

std::vector<Sealed> unfinished(Snapshot& s, CorpId corp) {
    const auto rows = s.all(
        select("AND state=? ORDER BY deadline_ms LIMIT 10000"), {corp, WelcomeState::intent}, read
    );
    std::vector<Sealed> out;
    for (const auto& row : rows) {
        out.push_back({row, sealed_code(s, corp, row.inbox_id)});
    }
    return out;
}

std::string sealed_code(Snapshot& s, CorpId corp, std::int64_t inbox_id) {
    return s
        .one(
            "SELECT code FROM welcome WHERE corp_id=? AND inbox_id=?",
            {corp, inbox_id},
            [](const Row& row) { return std::string(row.blob(0)); }
        )
        .value_or("");
}

}  // namespace welcome_rows

}  // namespace leadbridge::wecom
