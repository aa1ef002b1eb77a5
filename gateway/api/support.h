#pragma once
// What the handlers share: reading bodies strictly, pages, and the words of crm as JSON. For .cpp
// files of gateway/api only.

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time_zone.h"
#include "crm/staff/page.h"
#include "gateway/api_services.h"
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

}  // namespace leadbridge::gateway
