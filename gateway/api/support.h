#pragma once
// What the handlers share: reading bodies strictly, pages, and the shells that read path, version
// and body before a handler's own function runs. For .cpp files of gateway/api only.

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "base/time_zone.h"
#include "crm/staff/page.h"
#include "gateway/api_services.h"
#include "gateway/idempotency.h"
#include "gateway/route.h"

namespace leadbridge::gateway {

// Reads one JSON object strictly: a wrong type or an unknown key is an error that names the field.
// After the reads, finish() tells the first fault.
class Body {
public:
    // An empty body reads as {}.
    static Result<Body> of(const ApiRequest& request);

    explicit Body(json::object object, std::string prefix = "")
        : object_(std::move(object)), prefix_(std::move(prefix)) {}

    bool has(std::string_view key) const { return object_.contains(key); }

    std::string text(std::string_view key, std::string_view fallback = "");
    std::optional<std::string> text_opt(std::string_view key);
    std::string required(std::string_view key);
    std::int64_t number(std::string_view key, std::int64_t fallback = 0);
    double real(std::string_view key, double fallback);
    bool flag(std::string_view key, bool fallback = false);
    std::optional<bool> flag_opt(std::string_view key);
    std::int64_t id(std::string_view key);  // a decimal string; 0 when absent
    std::vector<std::int64_t> ids(std::string_view key);
    std::vector<std::string> texts(std::string_view key);
    std::optional<Body> object(std::string_view key);
    std::vector<Body> objects(std::string_view key);
    std::string raw(
        std::string_view key, std::string_view fallback = ""
    );                                      // any value, as JSON text
    UnixMillis time(std::string_view key);  // RFC 3339; 0 when absent
    void fault(std::string_view key, std::string_view why);
    // Takes over the faults of a nested body.
    void absorb(const Body& nested);
    Status finish() const;

private:
    const json::value* take(std::string_view key);

    json::object object_;
    std::string prefix_;
    std::vector<std::string> taken_;
    std::string fault_field_;
    std::string fault_text_;
};

// Where a body holds a condition: its faults, which begin with a JSON pointer, as faults of that
// field.
Error at_condition(Error error);
Result<crm::Page> page_of(const ApiRequest& request);
json::value time_json(UnixMillis ms);  // null for 0

template <class T, class F>
Response page_response(const crm::PageOf<T>& page, F map) {
    json::array items;
    for (const T& item : page.items) {
        items.push_back(map(item));
    }
    json::object out{{"items", std::move(items)}};
    out["next_cursor"] =
        page.next == 0 ? json::value(nullptr) : json::value(encode_cursor(page.next));
    return Response::json(200, to_text(out));
}

template <class T, class F>
Response list_response(const std::vector<T>& list, F map) {
    return page_response(crm::PageOf<T>{list, 0}, map);
}

Response object_response(const json::object& object, std::int64_t version, int status = 200);
Response created_response(const json::object& object, std::int64_t version, std::string location);

inline Response no_content() {
    return Response::empty(204);
}

// The query value as a strong id; Error{invalid} when it is none; 0 when absent.
template <class I>
Result<std::optional<I>> query_id(const ApiRequest& request, std::string_view name) {
    const auto text = request.query_opt(name);
    if (!text) {
        return std::optional<I>{};
    }
    if (auto id = parse_id(*text)) {
        return std::optional<I>{I{*id}};
    }
    return Error{
        ErrorCode::invalid, std::string(name) + " must be an id", "bad_" + std::string(name)};
}

inline Error not_found(std::string_view what) {
    return Error{
        ErrorCode::not_found, "no such " + std::string(what), std::string(what) + "_unknown"};
}

// --- the shells: what cannot be read is the answer, and the handler's function does not run ---

// The whole body, read by fn(Body&).
template <class F>
auto read_body(const ApiRequest& request, F fn) -> Result<std::invoke_result_t<F, Body&>> {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    auto given = fn(*body);
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return given;
}

// One thing: fn(Snapshot&, id).
template <class I, class F>
Result<Response> read_one(const ApiServices& services, const ApiRequest& request, F fn) {
    auto id = request.id_as<I>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return fn(s, *id);
    });
}

// A list: fn(Snapshot&, page).
template <class F>
Result<Response> read_page(const ApiServices& services, const ApiRequest& request, F fn) {
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return fn(s, *page);
    });
}

// A thing that is made: read(request) gives Result<T>, then fn(Transaction&, T&), once per
// Idempotency-Key.
template <class Read, class F>
Result<Response> create_one(
    const ApiServices& services, const ApiRequest& request, Read read, F fn
) {
    auto given = read(request);
    if (!given) {
        return std::move(given).error();
    }
    return write_once(
        services.core,
        services.clock,
        request,
        [&](Transaction& tx) -> Result<Response> { return fn(tx, *given); }
    );
}

// A shared record as its editor read it: the path's id, the version in If-Match.
template <class I>
struct Edited {
    I id;
    std::int64_t version = 0;
};

template <class I>
Result<Edited<I>> edited(const ApiRequest& request) {
    auto id = request.id_as<I>();
    if (!id) {
        return std::move(id).error();
    }
    auto version = request.if_match();
    if (!version) {
        return std::move(version).error();
    }
    return Edited<I>{*id, *version};
}

// A person's edit of a shared record: read(request) gives Result<T>, then fn(Transaction&,
// Edited<I>, T&). Error{precondition_missing} without If-Match.
template <class I, class Read, class F>
Result<Response> edit_one(const ApiServices& services, const ApiRequest& request, Read read, F fn) {
    auto at = edited<I>(request);
    if (!at) {
        return std::move(at).error();
    }
    auto given = read(request);
    if (!given) {
        return std::move(given).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        return fn(tx, *at, *given);
    });
}

// The end of a shared record: fn(Transaction&, Edited<I>) -> Status.
template <class I, class F>
Result<Response> remove_one(const ApiServices& services, const ApiRequest& request, F fn) {
    auto at = edited<I>(request);
    if (!at) {
        return std::move(at).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        if (Status status = fn(tx, *at); !status) {
            return std::move(status).error();
        }
        return no_content();
    });
}

// The version in If-Match where one is sent: acts that do not need it still honour it.
Result<std::optional<std::int64_t>> if_match_opt(const ApiRequest& request);

// Whether the record is there and still as its editor read it.
template <class T>
Status still_at(const std::optional<T>& record, std::int64_t version, std::string_view what) {
    if (!record) {
        return not_found(what);
    }
    if (record->version != version) {
        return Error{
            ErrorCode::stale,
            "the " + std::string(what) + " was changed since it was read; read it again",
            "stale"};
    }
    return {};
}

// One record with its ETag, or not found.
template <class T, class F>
Result<Response> one_response(const std::optional<T>& record, std::string_view what, F map) {
    if (!record) {
        return not_found(what);
    }
    return object_response(map(*record), record->version);
}

// The answer of an act that may refuse.
template <class F>
Result<Response> after(Status status, F answer) {
    if (!status) {
        return std::move(status).error();
    }
    return answer();
}

}  // namespace leadbridge::gateway
