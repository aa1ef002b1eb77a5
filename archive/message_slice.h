#pragma once
// One slice of opened messages, written in one transaction. Internal to archive/message_writer.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "archive/conversation.h"
#include "archive/message_writer.h"
#include "archive/schema.h"
#include "archive/signals.h"
#include "base/database.h"

namespace leadbridge::archive {

struct PreparedMedia {
    std::int64_t id = 0;
    MediaRef ref;
    std::string detail;  // sealed
};

// All that needs no transaction: ids, seals, who talks to whom.
struct PreparedMessage {
    OpenedMessage opened;
    std::int64_t id = 0;
    std::int64_t conversation_id = 0;  // used if the conversation is new
    std::optional<ConversationRef> conversation;
    Side side = Side::unknown;
    UnixMillis at_ms = 0;
    std::string text;
    std::string summary;  // sealed
    std::string body;     // sealed
    std::vector<PreparedMedia> media;

    const Message& message() const { return opened.message; }
};

// One conversation as a slice changes it.
struct TouchedConversation {
    ConversationRef ref;
    std::int64_t id = 0;
    bool contact_waiting = false;  // before the slice
    UnixMillis last_ms = 0;        // before and after
    bool last_from_contact = false;
    std::set<std::string> participants;
    std::int64_t messages = 0;
    // What was said, for crm.
    std::vector<Said> said;
    int from_contact = 0;
    int from_member = 0;
    UnixMillis said_first_ms = 0;
    UnixMillis said_last_ms = 0;
    std::string said_last_msgid;
    bool said_last_from_contact = false;
};

// Built anew for each run of a write's fn, which may run twice.
class MessageSlice {
public:
    MessageSlice(Transaction& tx, CorpId corp);

    void add(const PreparedMessage& p);
    WrittenCount finish();

private:
    std::int64_t next_number();
    void close_envelope(const PreparedMessage& p, EnvelopeState state);
    TouchedConversation& conversation(const PreparedMessage& p);
    void insert_message(const PreparedMessage& p, std::int64_t conversation_id);
    void insert_media(const PreparedMessage& p, std::int64_t conversation_id);
    void recall(const RevokeBody& revoke, const PreparedMessage& p);
    void note_consent(const ConsentBody& consent, const Message& m);
    void update_conversation(const TouchedConversation& t);
    void tell(const TouchedConversation& t);

    Transaction& tx_;
    const CorpId corp_;
    std::map<std::string, TouchedConversation> touched_;
    std::int64_t last_number_ = 0;  // given in this slice; 0 = none yet
    WrittenCount count_;
};

}  // namespace leadbridge::archive
