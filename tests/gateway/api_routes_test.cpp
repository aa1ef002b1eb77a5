// openapi.json against the route table: neither says more than the other.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/json.h"
#include "gateway/openapi.h"
#include "gateway/route.h"

namespace leadbridge::gateway {
namespace {

json::object description() {
    auto value = parse_json(openapi_text(), {.max_bytes = 4 << 20, .max_depth = 64});
    EXPECT_TRUE(value) << (value ? "" : value.error().message);
    return value ? value->as_object() : json::object{};
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return out;
}

std::string_view scope_name(Access access) {
    switch (access) {
        case Access::open:
            return "open";
        case Access::read:
            return "read";
        case Access::write:
            return "write";
        case Access::admin:
            return "admin";
    }
    return "";
}

// "get /api/v1/me" -> the operation
std::map<std::string, json::object> operations() {
    std::map<std::string, json::object> out;
    const json::object whole = description();
    for (const auto& path : *json_object(whole, "paths")) {
        for (const auto& operation : path.value().as_object()) {
            out.emplace(
                std::string(operation.key()) + " " + std::string(path.key()),
                operation.value().as_object()
            );
        }
    }
    return out;
}

TEST(ApiRoutes, DescriptionAndTableNameTheSame) {
    std::set<std::string> described;
    for (const auto& [name, operation] : operations()) {
        if (name.find(" /api/v1/") != std::string::npos) {
            described.insert(name);
        }
    }
    std::set<std::string> routed;
    for (const Route& route : api_routes()) {
        const std::string name = lower(to_string(route.method)) + " " + std::string(route.pattern);
        EXPECT_TRUE(routed.insert(name).second) << name << " stands twice in the table";
    }
    EXPECT_EQ(described, routed);
}

TEST(ApiRoutes, EveryScopeAndPermissionIsDescribed) {
    const auto described = operations();
    for (const Route& route : api_routes()) {
        const std::string name = lower(to_string(route.method)) + " " + std::string(route.pattern);
        const auto found = described.find(name);
        ASSERT_NE(found, described.end()) << name;
        EXPECT_EQ(json_string(found->second, "x-scope"), scope_name(route.access)) << name;
        EXPECT_EQ(json_string(found->second, "x-permission"), to_string(route.permission)) << name;
        const json::array* security = json_array(found->second, "security");
        ASSERT_NE(security, nullptr) << name;
        EXPECT_EQ(security->empty(), route.access == Access::open) << name;
    }
}

TEST(ApiRoutes, OperationsAreWellNamedAndAnswered) {
    std::set<std::string> ids;
    for (const auto& [name, operation] : operations()) {
        EXPECT_TRUE(ids.insert(json_string(operation, "operationId")).second) << name;
        EXPECT_NE(json_array(operation, "tags"), nullptr) << name;
        EXPECT_NE(json_string(operation, "summary"), "") << name;
        const json::object* responses = json_object(operation, "responses");
        ASSERT_NE(responses, nullptr) << name;
        EXPECT_TRUE(std::any_of(responses->begin(), responses->end(), [](const auto& r) {
            return r.key().starts_with("2") || r.key() == "302";
        })) << name;
    }
}

TEST(ApiRoutes, InboundAndHealthAreDescribed) {
    const auto described = operations();
    for (const std::string name :
         {"get /callback/wecom/{corp_id}",
          "post /callback/wecom/{corp_id}",
          "post /callback/wecom/{corp_id}/{name}",
          "post /hook/{source_id}",
          "post /hook/{source_id}/{secret}",
          "get /healthz",
          "get /readyz",
          "get /metrics"}) {
        EXPECT_TRUE(described.contains(name)) << name;
    }
}

// Every "$ref" of the file leads somewhere.
void check_refs(const json::value& root, const json::value& at) {
    if (const auto* object = at.if_object()) {
        for (const auto& member : *object) {
            if (member.key() == "$ref") {
                const std::string_view to = member.value().as_string();
                EXPECT_TRUE(to.starts_with("#/")) << to;
                EXPECT_NE(json_pointer(root, to.substr(1)), nullptr) << to;
            } else {
                check_refs(root, member.value());
            }
        }
    } else if (const auto* array = at.if_array()) {
        for (const json::value& item : *array) {
            check_refs(root, item);
        }
    }
}

TEST(ApiRoutes, ReferencesLeadSomewhere) {
    const json::value whole = description();
    check_refs(whole, whole);
}

}  // namespace
}  // namespace leadbridge::gateway
