// Messages with what stands around them.

#include <algorithm>

#include "archive/message_rows.h"
#include "archive/message_store.h"

namespace leadbridge::archive {

namespace {

std::optional<MessageView> first_of(std::vector<MessageView> messages) {
    return messages.empty() ? std::nullopt : std::optional(std::move(messages.front()));
}

}  // namespace

std::vector<MessageContext> MessageStore::contexts(
    Snapshot& s, CorpId corp, const Scope& scope, const std::vector<MessageId>& messages
) const {
    std::vector<MessageContext> out;
    for (const MessageId id : messages) {
        auto message = s.one(
            std::string(message_columns) + "WHERE corp_id = ? AND id = ?",
            {corp, id},
            [&](const Row& row) { return read_message(corp, row); }
        );
        if (!message || !sees(s, corp, scope, message->conversation.value)) {
            continue;
        }
        message->raw.clear();
        MessageContext context;
        const std::int64_t conversation = message->conversation.value;
        context.before =
            first_of(page_of(s, corp, conversation, {.before_seq = message->seq, .limit = 1}));
        context.after =
            first_of(page_of(s, corp, conversation, {.after_seq = message->seq, .limit = 1}));
        context.conversation =
            s.one(
                 std::string(conversation_columns) + "WHERE c.corp_id = ? AND c.id = ?",
                 {corp, conversation},
                 read_conversation
            )
                .value_or(ConversationView{});
        std::vector<MessageView> one{std::move(*message)};
        add_media(s, corp, one);
        context.message = std::move(one.front());
        out.push_back(std::move(context));
    }
    return out;
}

Result<MessageWindow> MessageStore::messages_around(
    const crm::Viewer& viewer, ConversationId id, MessageId message, int limit
) const {
    const Scope scope = scope_of(viewer);
    return archive_.read<MessageWindow>([&](Snapshot& s) -> Result<MessageWindow> {
        const auto seq = s.one(
            "SELECT seq FROM message WHERE corp_id = ? AND id = ? AND conversation_id = ?",
            {viewer.corp, message, id},
            [](const Row& row) { return row.integer(0); }
        );
        if (!seq || !sees(s, viewer.corp, scope, id.value)) {
            return Error{ErrorCode::not_found, "message not found"};
        }
        const int half = std::clamp(limit / 2, 1, 100);
        const auto newer = page_of(s, viewer.corp, id.value, {.after_seq = *seq, .limit = half});
        const auto older =
            page_of(s, viewer.corp, id.value, {.before_seq = *seq + 1, .limit = half + 1});
        const auto cut = [](const auto& list, int most) {
            return list.begin() + std::min<std::ptrdiff_t>(std::ssize(list), most);
        };
        MessageWindow window;
        window.items.assign(newer.begin(), cut(newer, half));
        window.newer = std::ssize(newer) > half;
        std::ranges::reverse(window.items);
        window.items.insert(window.items.end(), older.begin(), cut(older, half + 1));
        window.older = std::ssize(older) > half + 1;
        add_media(s, viewer.corp, window.items);
        return window;
    });
}

}  // namespace leadbridge::archive
