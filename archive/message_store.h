#pragma once
// Reading the archive. Every list is narrowed by its Viewer: who does not see all, sees the
// conversations in which a member of their scope takes part.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/schema.h"
#include "base/blob_store.h"
#include "base/clock.h"
#include "base/database.h"
#include "base/vault.h"
#include "crm/staff/viewer.h"

namespace leadbridge::archive {

using ConversationId = Id<struct ConversationTag>;
using MessageId = Id<struct MessageTag>;
using MediaId = Id<struct ArchiveMediaTag>;

// The members a viewer may see, by userid (in any case); nullopt = all of the corp.
using VisibleUserids = std::function<std::optional<std::vector<std::string>>(const crm::Viewer&)>;
// From the member list of core.
VisibleUserids visible_by_members(Database& core);

struct MediaView {
    MediaId id;
    MessageId message;
    std::string kind;
    std::string filename;  // "" = none
    std::string extension;
    std::int64_t size = 0;  // what is stored, else as announced; 0 = unknown
    MediaState state = MediaState::waiting;
    std::int64_t received = 0;  // bytes so far, while waiting
    std::string reason;         // why it is lost or not yet there; "" = none
};

struct MessageView {
    MessageId id;
    ConversationId conversation;
    std::int64_t seq = 0;
    std::string msgid;
    UnixMillis at_ms = 0;
    std::string type;
    std::string action;
    std::string sender;
    Side side = Side::unknown;
    UnixMillis recalled_ms = 0;  // 0 = not recalled
    std::string summary;
    std::string content;  // JSON of the typed body (message.h); "{}" where unreadable
    std::string raw;      // as decrypted; only from message()
    std::vector<MediaView> media;
};

struct ConversationView {
    ConversationId id;
    ConversationKind kind = ConversationKind::other;
    std::string userid;           // single
    std::string external_userid;  // single
    std::string roomid;           // group
    UnixMillis first_ms = 0;
    UnixMillis last_ms = 0;
    std::int64_t messages = 0;
    std::string last_summary;
    std::vector<std::string> participants;  // only from conversation(); members' ids in lower case
};

struct ConversationQuery {
    std::optional<ConversationKind> kind;
    std::string participant;   // userid, external_userid; "" = any
    UnixMillis before_ms = 0;  // with before_id the key of the last one seen; 0 = from the newest
    std::int64_t before_id = 0;
    int limit = 50;  // 1..200
};

struct MessageQuery {
    std::int64_t before_seq = 0;  // older than this, newest first; 0 = from the newest
    std::int64_t after_seq = 0;   // or, when > 0: newer than this, oldest first
    int limit = 50;               // 1..200
};

struct MessagePage {
    std::vector<MessageView> items;
    bool more = false;  // go on with the last item's seq
};

struct MessageWindow {
    std::vector<MessageView> items;  // newest first
    bool older = false;              // there are, beyond the last item
    bool newer = false;              // there are, before the first item
};

struct ConversationPage {
    std::vector<ConversationView> items;
    bool more = false;  // go on with the last item's last_ms and id
};

struct WaitingKey {
    int version = 0;
    std::int64_t messages = 0;
};

// What of the archive does not flow, from the database; see also ArchivePuller::status.
struct ArchiveBacklog {
    std::int64_t seq = 0;
    UnixMillis last_pull_ms = 0;
    UnixMillis caught_up_ms = 0;
    std::vector<WaitingKey> waiting_keys;
    std::int64_t retrying = 0;       // did not open, tried again
    std::int64_t undecryptable = 0;  // given up, kept
    std::int64_t media_waiting = 0;
    std::int64_t media_lost = 0;
    std::int64_t media_refused = 0;
    std::int64_t gaps_lost =
        0;  // jumps in seq after a pause of almost five days: messages are gone
    std::int64_t gaps_seen = 0;  // other jumps; normal
    std::int64_t untold = 0;     // slices crm refused
};

enum class Groups : bool { without, with };

// A message where it was said: its neighbours in the conversation, if any.
struct MessageContext {
    MessageView message;
    std::optional<MessageView> before;
    std::optional<MessageView> after;
    ConversationView conversation;
};

class RecentConversations;

// Thread-safe. The database, vault and blobs outlive it.
class MessageStore {
public:
    MessageStore(Database& archive, Vault& vault, BlobStore& blobs, VisibleUserids visible);

    Result<ConversationPage> conversations(
        const crm::Viewer& viewer, const ConversationQuery& query
    ) const;
    Result<ConversationView> conversation(const crm::Viewer& viewer, ConversationId id) const;
    // Whether conversation() would find it, without reading it.
    bool may_read(const crm::Viewer& viewer, ConversationId id) const;
    Result<MessagePage> messages(
        const crm::Viewer& viewer, ConversationId id, const MessageQuery& query
    ) const;
    Result<MessageView> message(const crm::Viewer& viewer, MessageId id) const;
    // Everything said with one person, over all members; groups only on request.
    Result<MessagePage> messages_with(
        const crm::Viewer& viewer,
        const std::vector<std::string>& external_userids,
        const MessageQuery& query,
        Groups groups = Groups::without
    ) const;
    // The messages around one of the conversation, it among them, newest first: about half of
    // query.limit on either side.
    Result<MessageWindow> messages_around(
        const crm::Viewer& viewer, ConversationId id, MessageId message, int limit
    ) const;

    // For the search, which reads rows of its own: what a viewer may see, ...
    struct Scope {
        bool all = true;
        std::vector<std::string> participants;  // members' ids in lower case
    };

    Scope scope_of(const crm::Viewer& viewer) const;
    static bool sees(Snapshot& s, CorpId corp, const Scope& scope, std::int64_t conversation_id);
    // ... and the messages of this scope that are to be shown, in the order given; others are left
    // out.
    std::vector<MessageContext> contexts(
        Snapshot& s, CorpId corp, const Scope& scope, const std::vector<MessageId>& messages
    ) const;
    Result<MediaView> media(const crm::Viewer& viewer, MediaId id) const;
    // Clear bytes of [offset, offset + length), length 0 = to the end. Error{conflict} while it is
    // not there.
    Result<std::string> media_bytes(
        const crm::Viewer& viewer, MediaId id, std::int64_t offset, std::int64_t length
    ) const;
    // Whether a person outside has agreed to the archive in one chat or room; nullopt = never said.
    std::optional<bool> consent(
        const crm::Viewer& viewer, std::string_view external_userid, std::string_view peer
    ) const;
    ArchiveBacklog backlog(CorpId corp) const;

private:
    MessageView read_message(CorpId corp, const Row& row) const;
    MediaView read_media_row(CorpId corp, const Row& row) const;
    void add_media(Snapshot& s, CorpId corp, std::vector<MessageView>& messages) const;
    std::vector<MessageView> page_of(
        Snapshot& s, CorpId corp, std::int64_t conversation_id, const MessageQuery& query
    ) const;
    std::string last_summary(Snapshot& s, CorpId corp, std::int64_t conversation_id) const;

    Database& archive_;
    Vault& vault_;
    BlobStore& blobs_;
    const VisibleUserids visible_;
    const std::shared_ptr<RecentConversations> recent_;
};

}  // namespace leadbridge::archive
