// POST /api/v1/archive/search: messages by their words. A POST, so that what people look for stands
// in no address.

#include "archive/message_search.h"
#include "base/crypto.h"
#include "gateway/api/archive_json.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t most_types = 50;

struct Asked {
    archive::SearchQuery query;
    crm::ContactId contact;  // 0 = any
    bool total = false;
};

std::int64_t decode_search_cursor(Body& body) {
    const auto cursor = body.text_opt("cursor");
    if (!cursor || cursor->empty()) {
        return 0;
    }
    const auto bytes = crypto::unbase64url(*cursor);
    const auto number =
        bytes && bytes->starts_with("s1.") ? parse_id(bytes->substr(3)) : std::nullopt;
    if (!number) {
        body.fault("cursor", "is not one that this list gave out");
    }
    return number.value_or(0);
}

json::value search_cursor(std::int64_t next) {
    return next == 0 ? json::value(nullptr)
                     : json::value(crypto::base64url("s1." + std::to_string(next)));
}

void read_filter(Body& filter, Asked& asked) {
    archive::SearchFilter& f = asked.query.filter;
    f.member = filter.text("member");
    f.sender = filter.text("sender");
    asked.contact = crm::ContactId{filter.id("contact")};
    if (const auto external = filter.text_opt("external_userid"); external && !external->empty()) {
        f.people = std::vector<std::string>{*external};
    }
    if (const auto conversation = filter.id("conversation"); conversation != 0) {
        f.conversation = archive::ConversationId{conversation};
    }
    f.roomid = filter.text("group");
    f.types = filter.texts("types");
    if (f.types.size() > most_types) {
        filter.fault("types", "must be at most 50");
    }
    f.from_ms = filter.time("from");
    f.to_ms = filter.time("to");
    f.has_file = filter.flag("has_file");
    f.recalled = filter.flag_opt("recalled");
}

Asked read_question(Body& body) {
    Asked asked;
    asked.query.q = body.text("q");
    if (auto filter = body.object("filter")) {
        read_filter(*filter, asked);
        body.absorb(*filter);
    }
    asked.query.below = decode_search_cursor(body);
    const std::int64_t limit = body.number("limit", 20);
    if (limit < 1 || limit > 100) {
        body.fault("limit", "must be a number from 1 to 100");
    }
    asked.query.limit = static_cast<int>(limit);
    asked.total = body.flag("total");
    return asked;
}

// The external_userids of a contact the caller may see.
Result<std::vector<std::string>> people_of(
    const ApiServices& services, const ApiRequest& request, crm::ContactId id
) {
    return services.core.read<std::vector<std::string>>(
        [&](Snapshot& s) -> Result<std::vector<std::string>> {
            const auto contact = crm::find_contact(s, request.viewer(), id);
            if (!contact) {
                return not_found("contact");
            }
            std::vector<std::string> out;
            for (const auto& identity : crm::identities_of(s, request.viewer(), contact->id)) {
                if (identity.kind == crm::IdentityKind::external_userid) {
                    out.push_back(identity.value);
                }
            }
            return out;
        }
    );
}

json::value neighbour_json(const std::optional<archive::MessageView>& message, Senders& senders) {
    return message ? json::value(message_json(*message, senders)) : json::value(nullptr);
}

json::object hit_json(
    Snapshot& core, const ApiRequest& request, const archive::SearchHit& hit, Senders& senders
) {
    json::array marks;
    for (const archive::TextSpan& mark : hit.marks) {
        marks.push_back(json::object{{"first", mark.first}, {"length", mark.length}});
    }
    const archive::ConversationView& conversation = hit.context.conversation;
    return json::object{
        {"message", message_json(hit.context.message, senders)},
        {"text", hit.text},
        {"cut_before", hit.cut_before},
        {"cut_after", hit.cut_after},
        {"highlights", std::move(marks)},
        {"before", neighbour_json(hit.context.before, senders)},
        {"after", neighbour_json(hit.context.after, senders)},
        {"conversation", conversation_json(core, request, conversation)}};
}

Result<json::value> total_json(
    const ApiServices& services, const ApiRequest& request, const Asked& asked
) {
    if (!asked.total) {
        return json::value(nullptr);
    }
    const auto count = services.search.count(request.viewer(), asked.query);
    if (!count) {
        return count.error();
    }
    return json::value(json::object{
        {"value", count->value}, {"relation", count->at_least ? "gte" : "eq"}});
}

}  // namespace

Result<Response> search_archive(const ApiServices& services, const ApiRequest& request) {
    auto asked = read_body(request, read_question);
    if (!asked) {
        return std::move(asked).error();
    }
    if (asked->contact) {
        auto people = people_of(services, request, asked->contact);
        if (!people) {
            return std::move(people).error();
        }
        asked->query.filter.people = std::move(*people);
    }
    auto page = services.search.page(request.viewer(), asked->query);
    if (!page) {
        return std::move(page).error();
    }
    auto total = total_json(services, request, *asked);
    if (!total) {
        return std::move(total).error();
    }
    const auto behind = services.search.behind(request.corp());
    if (!behind) {
        return behind.error();
    }
    auto items = services.core.read<json::array>([&](Snapshot& s) -> Result<json::array> {
        Senders senders(s, request);
        json::array out;
        for (const archive::SearchHit& hit : page->items) {
            out.push_back(hit_json(s, request, hit, senders));
        }
        return out;
    });
    if (!items) {
        return std::move(items).error();
    }
    return Response::json(
        200,
        to_text(json::object{
            {"items", std::move(*items)},
            {"next_cursor", search_cursor(page->next)},
            {"total", std::move(*total)},
            {"behind", *behind}})
    );
}

}  // namespace leadbridge::gateway
