// /api/v1/archive and a contact's messages

#include <algorithm>
#include <utility>

#include "archive/feed.h"
#include "archive/message_search.h"
#include "archive/message_store.h"
#include "base/crypto.h"
#include "crm/contacts/contact.h"
#include "gateway/api/archive_json.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

constexpr std::int64_t media_piece = 8 << 20;  // of one answer; more by Range
constexpr int replay_slice = 500;

// With the names of those who speak, from the other database.
Result<json::array> messages_json(
    const ApiServices& services,
    const ApiRequest& request,
    const std::vector<archive::MessageView>& messages
) {
    return services.core.read<json::array>([&](Snapshot& s) -> Result<json::array> {
        Senders senders(s, request);
        json::array out;
        for (const archive::MessageView& message : messages) {
            out.push_back(message_json(message, senders));
        }
        return out;
    });
}

// Newest first; the cursor is the last item's seq. newer_cursor only where the page does not begin
// with the newest.
Result<Response> window_response(
    const ApiServices& services, const ApiRequest& request, const archive::MessageWindow& window
) {
    auto items = messages_json(services, request, window.items);
    if (!items) {
        return std::move(items).error();
    }
    const auto cursor = [&](bool there, const archive::MessageView& at) {
        return there ? json::value(encode_cursor(at.seq)) : json::value(nullptr);
    };
    json::object out{{"items", std::move(*items)}};
    out["next_cursor"] = nullptr;
    out["newer_cursor"] = nullptr;
    if (!window.items.empty()) {
        out["next_cursor"] = cursor(window.older, window.items.back());
        out["newer_cursor"] = cursor(window.newer, window.items.front());
    }
    return Response::json(200, to_text(out));
}

// Newest first; the cursor is the last item's seq.
Result<Response> messages_response(
    const ApiServices& services, const ApiRequest& request, const archive::MessagePage& page
) {
    auto items = messages_json(services, request, page.items);
    if (!items) {
        return std::move(items).error();
    }
    json::object out{{"items", std::move(*items)}};
    out["next_cursor"] = page.more && !page.items.empty()
                             ? json::value(encode_cursor(page.items.back().seq))
                             : json::value(nullptr);
    return Response::json(200, to_text(out));
}

Result<archive::MessageQuery> message_query(const ApiRequest& request) {
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    archive::MessageQuery query;
    query.before_seq = page->before;
    query.limit = page->limit;
    return query;
}

std::string conversation_cursor(const archive::ConversationView& last) {
    return crypto::base64url("c1." + std::to_string(last.last_ms) + "." + last.id.str());
}

Result<archive::ConversationQuery> conversation_query(const ApiRequest& request) {
    archive::ConversationQuery query;
    auto limit = request.limit();
    if (!limit) {
        return std::move(limit).error();
    }
    query.limit = *limit;
    query.participant = request.query("participant");
    if (auto kind = request.query_opt("kind")) {
        using archive::ConversationKind;
        for (const auto k :
             {ConversationKind::single,
              ConversationKind::group,
              ConversationKind::internal,
              ConversationKind::other}) {
            if (archive::to_string(k) == *kind) {
                query.kind = k;
            }
        }
        if (!query.kind) {
            return Error{
                ErrorCode::invalid, "kind must be single, group, internal or other", "bad_kind"};
        }
    }
    if (auto cursor = request.query_opt("cursor")) {
        const auto bytes = crypto::unbase64url(*cursor);
        const std::string_view text =
            bytes && bytes->starts_with("c1.") ? std::string_view(*bytes).substr(3) : "";
        const std::size_t dot = text.find('.');
        const auto ms = parse_id(text.substr(0, dot));
        const auto id =
            dot == std::string_view::npos ? std::nullopt : parse_id(text.substr(dot + 1));
        if (!ms || !id) {
            return Error{
                ErrorCode::invalid, "cursor is not one that this list gave out", "bad_cursor"};
        }
        query.before_ms = *ms;
        query.before_id = *id;
    }
    return query;
}

// "bytes=A-B", "bytes=A-": {offset, length}; nullopt when absent or not understood (then the whole
// is sent).
std::optional<std::pair<std::int64_t, std::int64_t>> range_of(
    std::string_view header, std::int64_t size
) {
    constexpr std::string_view unit = "bytes=";
    if (!header.starts_with(unit)) {
        return std::nullopt;
    }
    const std::string_view text = header.substr(unit.size());
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos || dash == 0) {
        return std::nullopt;
    }
    const std::string_view first = text.substr(0, dash);
    const std::int64_t from = first == "0" ? 0 : parse_id(first).value_or(-1);
    const std::int64_t to =
        dash + 1 == text.size() ? size - 1 : parse_id(text.substr(dash + 1)).value_or(-1);
    if (from < 0 || to < from || from >= size) {
        return std::nullopt;
    }
    return std::pair{from, std::min(to, size - 1) - from + 1};
}

}  // namespace

Result<Response> list_conversations(const ApiServices& services, const ApiRequest& request) {
    auto query = conversation_query(request);
    if (!query) {
        return std::move(query).error();
    }
    auto page = services.messages.conversations(request.viewer(), *query);
    if (!page) {
        return std::move(page).error();
    }
    // The other database: a conversation may be there before its contact.
    auto items = services.core.read<json::array>([&](Snapshot& s) -> Result<json::array> {
        json::array out;
        for (const archive::ConversationView& conversation : page->items) {
            out.push_back(conversation_json(s, request, conversation));
        }
        return out;
    });
    if (!items) {
        return std::move(items).error();
    }
    json::object out{{"items", std::move(*items)}};
    out["next_cursor"] = page->more && !page->items.empty()
                             ? json::value(conversation_cursor(page->items.back()))
                             : json::value(nullptr);
    return Response::json(200, to_text(out));
}

Result<Response> list_messages(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<archive::ConversationId>();
    if (!id) {
        return std::move(id).error();
    }
    auto query = message_query(request);
    if (!query) {
        return std::move(query).error();
    }
    auto around = query_id<archive::MessageId>(request, "around");
    if (!around) {
        return std::move(around).error();
    }
    if (*around) {
        auto window =
            services.messages.messages_around(request.viewer(), *id, **around, query->limit);
        if (!window) {
            return std::move(window).error();
        }
        return window_response(services, request, *window);
    }
    const bool newer = request.query("direction") == "newer";
    if (newer) {
        query->after_seq = std::max<std::int64_t>(1, std::exchange(query->before_seq, 0));
    }
    auto page = services.messages.messages(request.viewer(), *id, *query);
    if (!page) {
        return std::move(page).error();
    }
    if (newer) {
        std::ranges::reverse(page->items);
        return window_response(services, request, {std::move(page->items), false, page->more});
    }
    return messages_response(services, request, *page);
}

Result<Response> list_contact_messages(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::ContactId>();
    if (!id) {
        return std::move(id).error();
    }
    auto query = message_query(request);
    if (!query) {
        return std::move(query).error();
    }
    auto externals = services.core.read<std::vector<std::string>>(
        [&](Snapshot& s) -> Result<std::vector<std::string>> {
            const auto contact = crm::find_contact(s, request.viewer(), *id);
            if (!contact) {
                return not_found("contact");
            }
            std::vector<std::string> out;
            for (const crm::ContactIdentity& identity :
                 crm::identities_of(s, request.viewer(), contact->id)) {
                if (identity.kind == crm::IdentityKind::external_userid) {
                    out.push_back(identity.value);
                }
            }
            return out;
        }
    );
    if (!externals) {
        return std::move(externals).error();
    }
    auto page = services.messages.messages_with(request.viewer(), *externals, *query);
    if (!page) {
        return std::move(page).error();
    }
    return messages_response(services, request, *page);
}

Result<Response> get_media(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<archive::MediaId>();
    if (!id) {
        return std::move(id).error();
    }
    auto media = services.messages.media(request.viewer(), *id);
    if (!media) {
        return std::move(media).error();
    }
    const auto range = range_of(request.http().headers.get("Range"), media->size);
    const std::int64_t from = range ? range->first : 0;
    const std::int64_t length = std::min(range ? range->second : media->size, media_piece);
    auto bytes = services.messages.media_bytes(request.viewer(), *id, from, length);
    if (!bytes) {
        return std::move(bytes).error();
    }
    const auto end = from + static_cast<std::int64_t>(bytes->size());
    const bool partial = from > 0 || end < media->size;
    Response response = Response::text(partial ? 206 : 200, std::move(*bytes));
    // Never rendered as a page: what people send may be anything. A player asks to be told a video.
    response.headers.set(
        "Content-Type", media->kind == "video" ? "video/mp4" : "application/octet-stream"
    );
    response.headers.set(
        "Content-Disposition",
        "attachment; filename*=UTF-8''" +
            percent_encode(media->filename.empty() ? media->kind : media->filename)
    );
    response.headers.set("Accept-Ranges", "bytes");
    if (partial) {
        response.headers.set(
            "Content-Range",
            "bytes " + std::to_string(from) + "-" + std::to_string(end - 1) + "/" +
                std::to_string(media->size)
        );
    }
    return response;
}

Result<Response> get_archive_health(const ApiServices& services, const ApiRequest& request) {
    const archive::ArchiveBacklog backlog = services.messages.backlog(request.corp());
    json::array keys;
    for (const archive::WaitingKey& key : backlog.waiting_keys) {
        keys.push_back(json::object{{"version", key.version}, {"messages", key.messages}});
    }
    return Response::json(
        200,
        to_text(json::object{
            {"seq", std::to_string(backlog.seq)},
            {"last_pull", time_json(backlog.last_pull_ms)},
            {"caught_up", time_json(backlog.caught_up_ms)},
            {"waiting_keys", std::move(keys)},
            {"retrying", backlog.retrying},
            {"undecryptable", backlog.undecryptable},
            {"media_waiting", backlog.media_waiting},
            {"media_lost", backlog.media_lost},
            {"media_refused", backlog.media_refused},
            {"gaps_lost", backlog.gaps_lost},
            {"gaps_seen", backlog.gaps_seen},
            {"untold", backlog.untold},
            {"search_behind", services.search.behind(request.corp()).value_or(0)}})
    );
}

// The feed takes them up within a second.
Result<Response> replay_archive(const ApiServices& services, const ApiRequest& request) {
    const auto replayed = services.archive.write<int>([&](Transaction& tx) -> Result<int> {
        return archive::replay_untold(tx, request.corp(), replay_slice);
    });
    if (!replayed) {
        return replayed.error();
    }
    return Response::json(200, to_text(json::object{{"replayed", *replayed}}));
}

}  // namespace leadbridge::gateway
