// Conversations and messages as a viewer may read them.

#include "archive/message_store.h"

#include <algorithm>

#include "archive/conversation.h"
#include "archive/conversation_list.h"
#include "archive/media_detail.h"
#include "archive/message.h"
#include "archive/message_rows.h"
#include "archive/recent_conversations.h"

namespace leadbridge::archive {

namespace {

constexpr std::size_t most_conversations = 500;  // of one person

int bounded(int limit) {
    return std::clamp(limit, 1, 200);
}

std::string marks(std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) {
        out += i == 0 ? "?" : ", ?";
    }
    return out;
}

Error not_found(std::string_view what) {
    return {ErrorCode::not_found, std::string(what) + " not found"};
}

}  // namespace

MessageStore::MessageStore(
    Database& archive, Vault& vault, BlobStore& blobs, VisibleUserids visible
)
    : archive_(archive),
      vault_(vault),
      blobs_(blobs),
      visible_(std::move(visible)),
      recent_(std::make_shared<RecentConversations>()) {}

MessageStore::Scope MessageStore::scope_of(const crm::Viewer& viewer) const {
    Scope scope;
    if (viewer.scope == crm::Scope::all) {
        return scope;
    }
    auto userids = visible_(viewer);
    scope.all = !userids.has_value();
    for (const std::string& id : userids.value_or(std::vector<std::string>{})) {
        scope.participants.push_back(participant_key(id));
    }
    return scope;
}

// EXISTS over the participants; a scope without anybody sees nothing.
bool MessageStore::sees(
    Snapshot& s, CorpId corp, const Scope& scope, std::int64_t conversation_id
) {
    if (scope.all) {
        return true;
    }
    std::vector<Param> params{corp, conversation_id};
    params.insert(params.end(), scope.participants.begin(), scope.participants.end());
    bool found = false;
    if (!scope.participants.empty()) {
        s.each(
            "SELECT 1 FROM conversation_participant WHERE corp_id = ? AND conversation_id = ? AND "
            "participant IN (" +
                marks(scope.participants.size()) + ") LIMIT 1",
            Params{params},
            [&](const Row&) {
                found = true;
                return Visit::stop;
            }
        );
    }
    return found;
}

MessageView MessageStore::read_message(CorpId corp, const Row& row) const {
    MessageView view;
    view.id = row.id<MessageId>(0);
    view.conversation = row.id<ConversationId>(1);
    view.seq = row.integer(2);
    view.msgid = row.str(3);
    view.at_ms = row.integer(4);
    view.type = row.str(5);
    view.action = row.str(6);
    view.sender = row.str(7);
    view.side = static_cast<Side>(row.integer(8));
    view.recalled_ms = row.integer(9);
    view.summary = vault_.open(corp, row.blob(10), summary_place(view.id.value)).value_or("");
    view.raw = vault_.open(corp, row.blob(11), body_place(view.id.value)).value_or("");
    const auto parsed = parse_message(view.raw);
    view.content = parsed ? content_json(*parsed) : "{}";
    return view;
}

void MessageStore::add_media(Snapshot& s, CorpId corp, std::vector<MessageView>& messages) const {
    for (MessageView& message : messages) {
        message.media = s.all(
            "SELECT id, message_id, kind, size, state, received, reason, detail, conversation_id, "
            "blob_size FROM media"
            " WHERE corp_id = ? AND message_id = ? ORDER BY item",
            {corp, message.id},
            [&](const Row& row) { return read_media_row(corp, row); }
        );
    }
}

std::vector<MessageView> MessageStore::page_of(
    Snapshot& s, CorpId corp, std::int64_t conversation_id, const MessageQuery& query
) const {
    const bool forward = query.after_seq > 0;
    const std::int64_t bound = forward                ? query.after_seq
                               : query.before_seq > 0 ? query.before_seq
                                                      : INT64_MAX;
    const std::string sql = std::string(message_columns) +
                            "WHERE corp_id = ? AND conversation_id = ? AND seq " +
                            (forward ? "> ? ORDER BY seq" : "< ? ORDER BY seq DESC") + " LIMIT ?";
    return s
        .all(sql, {corp, conversation_id, bound, bounded(query.limit) + 1}, [&](const Row& row) {
            auto view = read_message(corp, row);
            view.raw.clear();
            return view;
        });
}

Result<MessagePage> MessageStore::messages(
    const crm::Viewer& viewer, ConversationId id, const MessageQuery& query
) const {
    const Scope scope = scope_of(viewer);
    return archive_.read<MessagePage>([&](Snapshot& s) -> Result<MessagePage> {
        const bool there =
            s.exists("SELECT 1 FROM conversation WHERE corp_id = ? AND id = ?", {viewer.corp, id});
        if (!there || !sees(s, viewer.corp, scope, id.value)) {
            return not_found("conversation");
        }
        MessagePage page{page_of(s, viewer.corp, id.value, query), false};
        page.more = page.items.size() > static_cast<std::size_t>(bounded(query.limit));
        page.items.resize(
            std::min(page.items.size(), static_cast<std::size_t>(bounded(query.limit)))
        );
        add_media(s, viewer.corp, page.items);
        return page;
    });
}

Result<MessagePage> MessageStore::messages_with(
    const crm::Viewer& viewer,
    const std::vector<std::string>& external_userids,
    const MessageQuery& query,
    Groups groups
) const {
    const Scope scope = scope_of(viewer);
    return archive_.read<MessagePage>([&](Snapshot& s) -> Result<MessagePage> {
        std::vector<std::int64_t> conversations;
        for (const std::string& id : external_userids) {
            s.each(
                // The person's few conversations lead, not the order of everybody's.
                "SELECT c.id FROM conversation_participant p CROSS JOIN conversation c WHERE "
                "p.corp_id = ? AND p.participant = ? AND c.corp_id = p.corp_id AND c.id = "
                "p.conversation_id AND (c.kind <> 2 OR ? = 1) ORDER BY c.last_ms DESC LIMIT ?",
                {viewer.corp, id, groups == Groups::with ? 1 : 0, most_conversations},
                [&](const Row& row) {
                    conversations.push_back(row.integer(0));
                    return Visit::next;
                }
            );
        }
        std::ranges::sort(conversations);
        conversations.erase(
            std::unique(conversations.begin(), conversations.end()), conversations.end()
        );
        MessagePage page;
        for (const std::int64_t conversation : conversations) {
            if (sees(s, viewer.corp, scope, conversation)) {
                std::ranges::move(
                    page_of(s, viewer.corp, conversation, query), std::back_inserter(page.items)
                );
            }
        }
        std::ranges::sort(page.items, {}, &MessageView::seq);
        if (query.after_seq <= 0) {
            std::ranges::reverse(page.items);
        }
        page.more = page.items.size() > static_cast<std::size_t>(bounded(query.limit));
        page.items.resize(
            std::min(page.items.size(), static_cast<std::size_t>(bounded(query.limit)))
        );
        add_media(s, viewer.corp, page.items);
        return page;
    });
}

bool MessageStore::may_read(const crm::Viewer& viewer, ConversationId id) const {
    const Scope scope = scope_of(viewer);
    return archive_
        .read<bool>([&](Snapshot& s) -> Result<bool> {
            const bool there = s.exists(
                "SELECT 1 FROM conversation WHERE corp_id = ? AND id = ?", {viewer.corp, id}
            );
            return there && sees(s, viewer.corp, scope, id.value);
        })
        .value_or(false);
}

Result<MessageView> MessageStore::message(const crm::Viewer& viewer, MessageId id) const {
    const Scope scope = scope_of(viewer);
    return archive_.read<MessageView>([&](Snapshot& s) -> Result<MessageView> {
        auto found = s.one(
            std::string(message_columns) + "WHERE corp_id = ? AND id = ?",
            {viewer.corp, id},
            [&](const Row& row) { return read_message(viewer.corp, row); }
        );
        if (!found || !sees(s, viewer.corp, scope, found->conversation.value)) {
            return not_found("message");
        }
        std::vector<MessageView> one{std::move(*found)};
        add_media(s, viewer.corp, one);
        return std::move(one.front());
    });
}

std::string MessageStore::last_summary(Snapshot& s, CorpId corp, std::int64_t conversation_id)
    const {
    return s
        .one(
            "SELECT id, summary FROM message WHERE corp_id = ? AND conversation_id = ? ORDER BY "
            "seq DESC LIMIT 1",
            {corp, conversation_id},
            [&](const Row& row) {
                return vault_.open(corp, row.blob(1), summary_place(row.integer(0))).value_or("");
            }
        )
        .value_or("");
}

Result<ConversationPage> MessageStore::conversations(
    const crm::Viewer& viewer, const ConversationQuery& query
) const {
    const Scope scope = scope_of(viewer);
    if (!scope.all && scope.participants.empty()) {
        return ConversationPage{};
    }
    const auto limit = static_cast<std::size_t>(bounded(query.limit));
    return archive_.read<ConversationPage>([&](Snapshot& s) -> Result<ConversationPage> {
        ConversationPage page;
        std::optional<std::vector<std::int64_t>> known;
        if (!scope.all && query.participant.empty() && !query.kind) {
            known = recent_->page(s, viewer.corp, scope, query, limit + 1);
        }
        page.items = known ? conversations_by_id(s, viewer.corp, *known)
                           : list_conversations(s, viewer.corp, scope, query, limit + 1);
        page.more = page.items.size() > limit;
        page.items.resize(std::min(page.items.size(), limit));
        for (ConversationView& view : page.items) {
            view.last_summary = last_summary(s, viewer.corp, view.id.value);
        }
        return page;
    });
}

Result<ConversationView> MessageStore::conversation(const crm::Viewer& viewer, ConversationId id)
    const {
    const Scope scope = scope_of(viewer);
    return archive_.read<ConversationView>([&](Snapshot& s) -> Result<ConversationView> {
        auto view = s.one(
            std::string(conversation_columns) + "WHERE c.corp_id = ? AND c.id = ?",
            {viewer.corp, id},
            read_conversation
        );
        if (!view || !sees(s, viewer.corp, scope, id.value)) {
            return not_found("conversation");
        }
        view->last_summary = last_summary(s, viewer.corp, id.value);
        view->participants = s.all(
            "SELECT participant FROM conversation_participant WHERE corp_id = ? AND "
            "conversation_id = ? ORDER BY participant",
            {viewer.corp, id},
            [](const Row& row) { return row.str(0); }
        );
        return std::move(*view);
    });
}

}  // namespace leadbridge::archive
