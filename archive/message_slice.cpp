#include "archive/message_slice.h"

#include <algorithm>

namespace leadbridge::archive {

namespace {

// A message by which somebody says something; a recall, a consent or a switch is not.
bool says(const Message& m) {
    return m.action != "recall" && !std::holds_alternative<RevokeBody>(m.body) &&
           !std::holds_alternative<ConsentBody>(m.body) &&
           !std::holds_alternative<SwitchBody>(m.body);
}

void hear(TouchedConversation& touched, const PreparedMessage& p) {
    ++touched.messages;
    touched.participants.insert(
        p.conversation->participants.begin(), p.conversation->participants.end()
    );
    const bool newest = p.at_ms >= touched.last_ms;
    touched.last_ms = std::max(touched.last_ms, p.at_ms);
    if (!says(p.message()) || (p.side != Side::contact && p.side != Side::member)) {
        return;
    }
    const bool contact = p.side == Side::contact;
    if (newest) {
        touched.last_from_contact = contact;
    }
    touched.said.push_back({p.side, p.text});
    ++(contact ? touched.from_contact : touched.from_member);
    if (touched.said.size() == 1 || p.at_ms < touched.said_first_ms) {
        touched.said_first_ms = p.at_ms;
    }
    if (p.at_ms >= touched.said_last_ms) {
        touched.said_last_ms = p.at_ms;
        touched.said_last_msgid = p.message().msgid;
        touched.said_last_from_contact = contact;
    }
}

}  // namespace

MessageSlice::MessageSlice(Transaction& tx, CorpId corp) : tx_(tx), corp_(corp) {}

void MessageSlice::add(const PreparedMessage& p) {
    const Message& m = p.message();
    const bool known =
        tx_.exists("SELECT 1 FROM message WHERE corp_id = ? AND msgid = ?", {corp_, m.msgid});
    close_envelope(p, known ? EnvelopeState::duplicate : EnvelopeState::done);
    if (known) {
        ++count_.duplicates;
        return;
    }
    TouchedConversation* touched = p.conversation ? &conversation(p) : nullptr;
    insert_message(p, touched != nullptr ? touched->id : 0);
    insert_media(p, touched != nullptr ? touched->id : 0);
    if (const auto* revoke = std::get_if<RevokeBody>(&m.body)) {
        recall(*revoke, p);
    }
    if (const auto* consent = std::get_if<ConsentBody>(&m.body)) {
        note_consent(*consent, m);
    }
    if (touched != nullptr) {
        hear(*touched, p);
    }
    ++count_.stored;
}

WrittenCount MessageSlice::finish() {
    if (last_number_ > 0) {
        tx_.execute(
            "UPDATE archive_pull SET message_n = ? WHERE corp_id = ?", {last_number_, corp_}
        );
    }
    for (auto& [key, touched] : touched_) {
        update_conversation(touched);
        tell(touched);
    }
    return count_;
}

// Rises in commit order: the row of archive_pull is locked from the first one on.
std::int64_t MessageSlice::next_number() {
    if (last_number_ == 0) {
        last_number_ = tx_.one(
                              "INSERT INTO archive_pull(corp_id) VALUES(?) ON CONFLICT(corp_id) DO "
                              "UPDATE SET"
                              " message_n = archive_pull.message_n RETURNING message_n",
                              {corp_},
                              [](const Row& row) { return row.integer(0); }
        ).value_or(0);
    }
    return ++last_number_;
}

void MessageSlice::close_envelope(const PreparedMessage& p, EnvelopeState state) {
    tx_.execute(
        "UPDATE envelope SET state = ?, reason = '' WHERE corp_id = ? AND id = ?",
        {state, corp_, p.opened.envelope_id}
    );
}

TouchedConversation& MessageSlice::conversation(const PreparedMessage& p) {
    const ConversationRef& ref = *p.conversation;
    const auto [at, fresh] = touched_.try_emplace(ref.key);
    TouchedConversation& touched = at->second;
    if (!fresh) {
        return touched;
    }
    touched.ref = ref;
    const auto found = tx_.one(
        "SELECT id, last_ms, last_from_contact FROM conversation WHERE corp_id = ? AND key = ?",
        {corp_, ref.key},
        [&](const Row& row) {
            touched.last_ms = row.integer(1);
            touched.last_from_contact = row.flag(2);
            return row.integer(0);
        }
    );
    touched.contact_waiting = touched.last_from_contact;
    touched.id = found.value_or(p.conversation_id);
    if (!found) {
        tx_.execute(
            "INSERT INTO conversation(id, corp_id, key, kind, userid, external_userid, roomid, "
            "first_ms, last_ms, messages,"
            " last_from_contact) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
            {touched.id,
             corp_,
             ref.key,
             ref.kind,
             ref.userid,
             ref.external_userid,
             ref.roomid,
             p.at_ms,
             p.at_ms}
        );
    }
    return touched;
}

void MessageSlice::insert_message(const PreparedMessage& p, std::int64_t conversation_id) {
    const Message& m = p.message();
    // The recall may have come first.
    const auto recalled = tx_.one(
        "SELECT at_ms FROM recall WHERE corp_id = ? AND msgid = ?",
        {corp_, m.msgid},
        [](const Row& row) { return row.integer(0); }
    );
    tx_.execute(
        "INSERT INTO message(id, corp_id, seq, msgid, at_ms, conversation_id, type, action, "
        "sender, side, recalled_ms, summary,"
        " body, n) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {p.id,
         corp_,
         p.opened.seq,
         m.msgid,
         p.at_ms,
         conversation_id,
         m.type,
         m.action,
         m.from,
         p.side,
         recalled.value_or(0),
         Blob{p.summary},
         Blob{p.body},
         next_number()}
    );
}

void MessageSlice::insert_media(const PreparedMessage& p, std::int64_t conversation_id) {
    std::int64_t item = 0;
    for (const PreparedMedia& media : p.media) {
        tx_.execute(
            "INSERT INTO media(id, corp_id, message_id, conversation_id, item, kind, md5, size, "
            "detail, state, at_ms)"
            " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
            {media.id,
             corp_,
             p.id,
             conversation_id,
             item++,
             media.ref.kind,
             media.ref.md5,
             media.ref.size,
             Blob{media.detail},
             p.at_ms}
        );
        ++count_.media;
    }
}

void MessageSlice::recall(const RevokeBody& revoke, const PreparedMessage& p) {
    tx_.execute(
        "INSERT INTO recall(corp_id, msgid, by_msgid, at_ms) VALUES(?, ?, ?, ?) ON "
        "CONFLICT(corp_id, msgid) DO NOTHING",
        {corp_, revoke.pre_msgid, p.message().msgid, p.at_ms}
    );
    const auto original = tx_.one(
        "UPDATE message SET recalled_ms = ? WHERE corp_id = ? AND msgid = ? AND recalled_ms = 0 "
        "RETURNING conversation_id",
        {p.at_ms, corp_, revoke.pre_msgid},
        [](const Row& row) { return row.integer(0); }
    );
    if (original) {
        tx_.changed({corp_, "conversation", *original, "recalled"});
    }
}

void MessageSlice::note_consent(const ConsentBody& consent, const Message& m) {
    const UnixMillis at = consent.at_ms > 0 ? consent.at_ms : m.at_ms;
    const std::string& person = consent.userid.empty() ? m.from : consent.userid;
    std::vector<std::string> peers = m.to;
    if (!m.roomid.empty()) {
        peers = {m.roomid};
    }
    for (const std::string& peer : peers) {
        tx_.execute(
            "INSERT INTO consent(corp_id, external_userid, peer, agreed, at_ms) VALUES(?, ?, ?, ?, "
            "?)"
            " ON CONFLICT(corp_id, external_userid, peer) DO UPDATE SET agreed = excluded.agreed, "
            "at_ms = excluded.at_ms"
            " WHERE excluded.at_ms >= consent.at_ms",
            {corp_, person, participant_key(peer), consent.agreed ? 1 : 0, at}
        );
    }
}

void MessageSlice::update_conversation(const TouchedConversation& t) {
    for (const std::string& participant : t.participants) {
        tx_.execute(
            "INSERT INTO conversation_participant(corp_id, participant, conversation_id, side) "
            "VALUES(?, ?, ?, ?)"
            " ON CONFLICT(corp_id, participant, conversation_id) DO NOTHING",
            {corp_, participant, t.id, side_of(participant)}
        );
    }
    tx_.execute(
        "UPDATE conversation SET last_ms = ?, messages = messages + ?, last_from_contact = ? WHERE "
        "corp_id = ? AND id = ?",
        {t.last_ms, t.messages, t.last_from_contact ? 1 : 0, corp_, t.id}
    );
    tx_.changed({corp_, "conversation", t.id, "updated"});
}

// One row for crm, if an outside person takes part. Its number rises in commit order: the row of
// archive_pull is locked by whoever takes one.
void MessageSlice::tell(const TouchedConversation& t) {
    const bool outside = std::ranges::any_of(t.participants, [](const std::string& id) {
        return side_of(id) == Side::contact;
    });
    if (t.said.empty() || (!outside)) {
        return;
    }
    const auto n = tx_.one(
        "INSERT INTO archive_pull(corp_id, told_n) VALUES(?, 1) ON CONFLICT(corp_id) DO UPDATE SET"
        " told_n = archive_pull.told_n + 1 RETURNING told_n",
        {corp_},
        [](const Row& row) { return row.integer(0); }
    );
    std::string signals;
    for (const std::string& signal : signals_of(t.said, ContactWaiting{t.contact_waiting})) {
        signals += signals.empty() ? signal : "," + signal;
    }
    tx_.execute(
        "INSERT INTO seen(corp_id, n, conversation_id, userid, external_userid, roomid, "
        "from_contact, from_member, first_ms,"
        " last_ms, last_msgid, last_from_contact, signals) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?)",
        {corp_,
         *n,
         t.id,
         t.ref.userid,
         t.ref.external_userid,
         t.ref.roomid,
         t.from_contact,
         t.from_member,
         t.said_first_ms,
         t.said_last_ms,
         t.said_last_msgid,
         t.said_last_from_contact ? 1 : 0,
         signals}
    );
    ++count_.told;
}

}  // namespace leadbridge::archive
