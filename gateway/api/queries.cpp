// POST contacts/query, leads/query, leads/board: lists by condition, sorted, by keyset.

#include "gateway/api/queries.h"

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "crm/nurture/contact_query.h"
#include "crm/nurture/lead_query.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"

namespace leadbridge::gateway {

namespace {

struct Sorting {
    std::string_view name;
    int key;
    crm::SortOrder order;
};

constexpr int created = 0;
constexpr int last_touch = 1;
constexpr int by_name = 2;

constexpr std::array sortings{
    Sorting{"-created", created, crm::SortOrder::descending},
    Sorting{"created", created, crm::SortOrder::ascending},
    Sorting{"-last_touch", last_touch, crm::SortOrder::descending},
    Sorting{"last_touch", last_touch, crm::SortOrder::ascending},
    Sorting{"name", by_name, crm::SortOrder::ascending},
    Sorting{"-name", by_name, crm::SortOrder::descending}};

const Sorting& sorting_of(Body& body, std::string_view fallback, std::size_t known) {
    const std::string name = body.text("sort", fallback);
    for (std::size_t i = 0; i < known; ++i) {
        if (sortings[i].name == name) {
            return sortings[i];
        }
    }
    body.fault("sort", "is none of the orders of this list");
    return sortings[0];
}

// "q1.SORT.NUMBER.ID.HEX(TEXT)", so that a cursor is never taken for one of another order.
std::string encode_position(std::string_view sort, const crm::ContactPosition& at) {
    return crypto::base64url(
        "q1." + std::string(sort) + "." + std::to_string(at.number) + "." + std::to_string(at.id) +
        "." + crypto::hex(at.text)
    );
}

Result<std::optional<crm::ContactPosition>> decode_position(
    std::string_view sort, const std::optional<std::string>& cursor
) {
    if (!cursor || cursor->empty()) {
        return std::optional<crm::ContactPosition>{};
    }
    const Error bad{
        ErrorCode::invalid,
        "cursor is not one that this list gave out in this order",
        "bad_cursor"};
    const auto bytes = crypto::unbase64url(*cursor);
    const std::string prefix = "q1." + std::string(sort) + ".";
    if (!bytes || !bytes->starts_with(prefix)) {
        return bad;
    }
    const std::string_view rest = std::string_view(*bytes).substr(prefix.size());
    const std::size_t first = rest.find('.');
    const std::size_t second = first == std::string_view::npos ? first : rest.find('.', first + 1);
    if (second == std::string_view::npos) {
        return bad;
    }
    const auto number_of = [](std::string_view text) -> std::optional<std::int64_t> {
        return text == "0" ? std::optional<std::int64_t>(0) : parse_id(text);
    };
    const auto number = number_of(rest.substr(0, first));
    const auto id = number_of(rest.substr(first + 1, second - first - 1));
    auto text = crypto::unhex(rest.substr(second + 1));
    if (!number || !id || !text) {
        return bad;
    }
    return std::optional<crm::ContactPosition>{{*number, std::move(*text), *id}};
}

template <class I>
std::vector<I> typed(const std::vector<std::int64_t>& ids) {
    std::vector<I> out;
    for (const std::int64_t id : ids) {
        out.emplace_back(id);
    }
    return out;
}

int limit_of(Body& body, std::int64_t fallback, std::int64_t most) {
    const std::int64_t limit = body.number("limit", fallback);
    if (limit < 1 || limit > most) {
        body.fault("limit", "must be a number from 1 to " + std::to_string(most));
    }
    return static_cast<int>(limit);
}

json::object contact_row_json(const crm::ContactRow& row) {
    json::object out = contact_json(row.contact);
    out["owner_name"] = row.owner_name;
    json::array tags;
    for (const crm::TagId tag : row.tags) {
        tags.push_back(json::value(tag.str()));
    }
    out["tags"] = std::move(tags);
    out["remark"] = row.remark;
    out["friend"] = row.is_friend;
    return out;
}

json::object lead_row_json(const crm::LeadQueryRow& row) {
    json::object out = lead_json(row.lead);
    out["owner_name"] = row.owner_name;
    out["contact_avatar"] = row.contact_avatar;
    return out;
}

json::object lead_total_json(const crm::LeadTotal& total) {
    return json::object{{"value", total.value}, {"relation", total.at_least ? "gte" : "eq"}};
}

constexpr std::size_t most_choices = 200;

crm::LeadFind lead_find_of(Body& body) {
    crm::LeadFind find;
    find.contact = contact_find_of(body);
    find.owner = typed<crm::MemberId>(body.ids("owner"));
    find.unowned = body.flag("unowned");
    find.channel = typed<crm::ChannelId>(body.ids("channel"));
    find.source = body.ids("source");
    find.stage = body.texts("stage");
    const std::size_t longest =
        std::max({find.owner.size(), find.channel.size(), find.source.size(), find.stage.size()});
    if (longest > most_choices) {
        body.fault("owner, channel, source, stage", "at most 200 each");
    }
    return find;
}

json::array lead_rows_json(const std::vector<crm::LeadQueryRow>& rows) {
    json::array out;
    for (const crm::LeadQueryRow& row : rows) {
        out.push_back(lead_row_json(row));
    }
    return out;
}

json::value lead_cursor(std::string_view sort, const std::optional<crm::LeadPosition>& next) {
    return next ? json::value(encode_position(sort, {next->last_ms, {}, next->id}))
                : json::value(nullptr);
}

crm::LeadQueries lead_queries(const ApiServices& services) {
    return crm::LeadQueries(services.core, services.bitmaps, services.lead_stock, services.clock);
}

}  // namespace

crm::ContactFind contact_find_of(Body& body) {
    constexpr std::size_t longest_q = 200;
    crm::ContactFind find;
    find.condition = body.raw("condition");
    find.q = body.text("q");
    if (find.q.size() > longest_q) {
        body.fault("q", "must be at most 200 bytes");
    }
    return find;
}

Result<Response> query_contacts(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return at_condition(std::move(body).error());
    }
    crm::ContactPageQuery query;
    query.find = contact_find_of(*body);
    const Sorting& sorting = sorting_of(*body, "-created", sortings.size());
    query.sort = static_cast<crm::ContactSort>(sorting.key);
    query.order = sorting.order;
    query.limit = limit_of(*body, 50, 200);
    const auto cursor = body->text_opt("cursor");
    const bool count = body->flag("total");
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    auto after = decode_position(sorting.name, cursor);
    if (!after) {
        return std::move(after).error();
    }
    query.after = std::move(*after);
    const crm::ContactQueries queries(services.core, services.bitmaps, services.clock);
    auto page = queries.page(request.viewer(), query);
    if (!page) {
        return at_condition(std::move(page).error());
    }
    json::array items;
    for (const crm::ContactRow& row : page->items) {
        items.push_back(contact_row_json(row));
    }
    json::object out{{"items", std::move(items)}, {"total", nullptr}, {"query_hash", page->hash}};
    out["next_cursor"] =
        page->next ? json::value(encode_position(sorting.name, *page->next)) : json::value(nullptr);
    if (count) {
        auto all = queries.select(request.viewer(), query.find);
        if (!all) {
            return at_condition(std::move(all).error());
        }
        out["total"] = json::object{{"value", all->count()}, {"relation", "eq"}};
    }
    return Response::json(200, to_text(out));
}

Result<Response> query_leads(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return at_condition(std::move(body).error());
    }
    crm::LeadPageQuery query;
    query.find = lead_find_of(*body);
    for (const std::string& name : body->texts("status")) {
        const auto status = crm::parse_lead_status(name);
        if (!status) {
            body->fault("status", "must be unassigned, new, following, converted or invalid");
        }
        query.find.status.push_back(status.value_or(crm::LeadStatus::fresh));
    }
    std::sort(query.find.status.begin(), query.find.status.end());
    query.find.status.erase(
        std::unique(query.find.status.begin(), query.find.status.end()), query.find.status.end()
    );
    const Sorting& sorting = sorting_of(*body, "-last_touch", 4);
    query.sort = sorting.key == created ? crm::LeadSort::created : crm::LeadSort::last_touch;
    query.order = sorting.order;
    query.limit = limit_of(*body, 50, 200);
    const auto cursor = body->text_opt("cursor");
    const bool count = body->flag("total");
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    auto after = decode_position(sorting.name, cursor);
    if (!after) {
        return std::move(after).error();
    }
    if (*after) {
        query.after = crm::LeadPosition{(*after)->number, (*after)->id};
    }
    auto page = lead_queries(services).page(request.viewer(), query);
    if (!page) {
        return at_condition(std::move(page).error());
    }
    json::object out{
        {"items", lead_rows_json(page->items)},
        {"next_cursor", lead_cursor(sorting.name, page->next)},
        {"total", nullptr},
        {"query_hash", page->hash}};
    if (count) {
        auto total = lead_queries(services).total(request.viewer(), query.find);
        if (!total) {
            return at_condition(std::move(total).error());
        }
        out["total"] = lead_total_json(*total);
    }
    return Response::json(200, to_text(out));
}

Result<Response> lead_board(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return at_condition(std::move(body).error());
    }
    const crm::LeadFind find = lead_find_of(*body);
    const int cards = limit_of(*body, 30, 100);
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    auto columns = lead_queries(services).board(request.viewer(), find, cards);
    if (!columns) {
        return at_condition(std::move(columns).error());
    }
    json::array list;
    std::string hash;
    for (const crm::LeadColumn& column : *columns) {
        hash = column.page.hash;
        list.push_back(json::object{
            {"status", to_string(column.status)},
            {"total", lead_total_json(column.total)},
            {"items", lead_rows_json(column.page.items)},
            {"next_cursor", lead_cursor("-last_touch", column.page.next)}});
    }
    return Response::json(
        200, to_text(json::object{{"columns", std::move(list)}, {"query_hash", hash}})
    );
}

}  // namespace leadbridge::gateway
