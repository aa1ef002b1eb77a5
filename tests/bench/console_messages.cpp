// The archive: messages written by the archive's own slice, many to a transaction.

#include <fmt/format.h>

#include <algorithm>

#include "archive/media_detail.h"
#include "archive/message_slice.h"
#include "tests/bench/console_load.h"

namespace leadbridge::bench {

namespace {

constexpr std::int64_t per_transaction = 50'000;

std::string raw_text(const Plan& plan, std::int64_t message) {
    const std::int64_t contact = plan.speaker(message);
    const std::string outside = Plan::external_userid(contact);
    const std::string member = Plan::member_userid(Plan::member_of(contact));
    const bool by_contact = Plan::by_contact(message);
    return fmt::format(
        R"({{"msgid":"bench{:012}","action":"send","from":"{}","tolist":["{}"],"roomid":"","msgtime":{},)"
        R"("msgtype":"text","text":{{"content":"{}"}}}})",
        message,
        by_contact ? outside : member,
        by_contact ? member : outside,
        plan.said(message),
        Plan::words(message)
    );
}

void add_up(Chat& chat, std::int64_t message, UnixMillis at) {
    const bool by_contact = Plan::by_contact(message);
    chat.first = chat.first == 0 ? at : chat.first;
    chat.last = at;
    chat.last_message = message;
    chat.last_from_contact = by_contact;
    ++(by_contact ? chat.from_contact : chat.from_member);
    (by_contact ? chat.last_contact : chat.last_member) = at;
}

archive::PreparedMessage prepared(Load& load, std::int64_t message) {
    archive::PreparedMessage p;
    const UnixMillis at = load.plan.said(message);
    load.clock.at(at);
    Chat& chat = load.chats[static_cast<std::size_t>(load.plan.speaker(message))];
    chat.conversation = chat.conversation != 0 ? chat.conversation : load.archive_ids.next();
    add_up(chat, message, at);
    p.opened.seq = message + 1;
    p.opened.raw = raw_text(load.plan, message);
    auto parsed = archive::parse_message(p.opened.raw);
    if (!parsed) {
        throw DatabaseError("a message does not parse: " + parsed.error().message);
    }
    p.opened.message = std::move(*parsed);
    p.id = load.archive_ids.next();
    p.conversation_id = chat.conversation;
    p.conversation = archive::conversation_of(p.message());
    p.side = archive::side_of(p.message().from);
    p.at_ms = at;
    p.text = archive::text_of(p.message());
    p.summary =
        load.vault.seal(load.corp, archive::summary_of(p.message()), archive::summary_place(p.id));
    p.body = load.vault.seal(load.corp, p.opened.raw, archive::body_place(p.id));
    return p;
}

// What the feed would have told crm; load_people() writes its effect.
void forget_the_told(Load& load) {
    write(load.archive, [&](Transaction& tx) {
        tx.execute("DELETE FROM seen WHERE corp_id = ?", {load.corp});
    });
    trim_log(load.archive);
}

}  // namespace

void load_messages(Load& load) {
    load.chats.resize(static_cast<std::size_t>(load.plan.contacts()));
    IndexesAside aside(
        load.archive,
        {"message", "conversation", "conversation_participant"},
        {"message_msgid", "conversation_key"}  // the slice looks into them
    );
    for (std::int64_t from = 0; from < load.plan.messages(); from += per_transaction) {
        std::vector<archive::PreparedMessage> some;
        const std::int64_t to = std::min(load.plan.messages(), from + per_transaction);
        for (std::int64_t message = from; message < to; ++message) {
            some.push_back(prepared(load, message));
        }
        write(load.archive, [&](Transaction& tx) {
            archive::MessageSlice slice(tx, load.corp);
            for (const archive::PreparedMessage& p : some) {
                slice.add(p);
            }
            (void)slice.finish();
        });
        forget_the_told(load);
        fmt::print(stderr, "\r{} messages", to);
    }
    aside.restore();
    const auto told = load.archive.read<std::int64_t>([&](Snapshot& s) -> Result<std::int64_t> {
        return s.number("SELECT told_n FROM archive_pull WHERE corp_id = ?", {load.corp});
    });
    write(load.archive, [&](Transaction& tx) {
        tx.execute(
            "UPDATE archive_pull SET seq = ?, pulled_ms = ?, caught_up_ms = ? WHERE corp_id = ?",
            {load.plan.messages(), load.plan.now(), load.plan.now(), load.corp}
        );
    });
    write(load.core, [&](Transaction& tx) {
        tx.execute(
            "INSERT INTO archive_feed_cursor(corp_id, n, ms) VALUES(?, ?, ?)",
            {load.corp, *told, load.plan.now()}
        );
    });
    fmt::print(stderr, "\n");
}

}  // namespace leadbridge::bench
