#pragma once
// The daemon's parts with nothing running, over a folder of its own, and clients of its API.

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "config/settings.h"
#include "crm/staff/token.h"
#include "gateway/api.h"
#include "gateway/app.h"
#include "tests/base/temp_database.h"

namespace leadbridge::gateway {

struct Got {
    int status = 0;
    Headers headers;
    std::string body;

    json::object object() const {
        auto value = parse_json(body);
        return value && value->is_object() ? value->get_object() : json::object{};
    }

    std::string text(std::string_view key) const { return json_string(object(), key); }

    std::string code() const { return text("code"); }

    std::string etag() const { return std::string(headers.get("ETag")); }

    std::size_t items() const {
        const json::object o = object();
        const json::array* list = json_array(o, "items");
        return list == nullptr ? 0 : list->size();
    }
};

inline constexpr std::string_view secret_text = "sample-secret-that-never-shows";
inline constexpr std::string_view callback_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

class ApiTest : public ::testing::Test {
protected:
    using Extra = std::vector<std::pair<std::string, std::string>>;

    ApiTest() {
        auto settings = config::parse(
            "[server]\ndata_dir = \"" + dir.path() + "/data\"\n", "test.toml", dir.path(), {}
        );
        if (!settings) {
            throw std::runtime_error(settings.error().message);
        }
        if (test_engine() == Engine::postgres) {
            postgres = std::make_unique<TempPostgres>("app");
            settings->database.postgres = true;
            settings->database.url = postgres->url();
        }
        AppOptions options;
        options.settings = std::move(*settings);
        app = std::make_unique<App>(std::move(options));
        if (postgres) {
            postgres->keep();
        }
        admin = token("admin", {"admin"});
    }

    std::string token(
        const std::string& name, const std::vector<std::string>& scopes, std::int64_t corp = 0
    ) {
        const ApiServices& s = app->services();
        auto made = s.core.write<std::string>([&](Transaction& tx) -> Result<std::string> {
            auto t = crm::TokenStore(s.clock, s.ids, s.rng).create(tx, name, scopes, CorpId{corp});
            return t ? Result<std::string>(std::string(t->token.reveal()))
                     : Result<std::string>(t.error());
        });
        return made.value();
    }

    Got call(
        Method method,
        const std::string& target,
        const std::string& as,
        const std::string& body = "",
        const Extra& extra = {}
    ) {
        Request request;
        request.method = method;
        const std::size_t mark = target.find('?');
        request.path = "/api/v1/" + target.substr(0, mark);
        if (mark != std::string::npos) {
            request.raw_query = target.substr(mark + 1);
            request.query = Query::parse(request.raw_query).value();
        }
        request.request_id = "test";
        request.body = body;
        if (!as.empty()) {
            request.headers.add("Authorization", "Bearer " + as);
        }
        if (!body.empty()) {
            request.headers.add("Content-Type", "application/json");
        }
        for (const auto& [name, value] : extra) {
            request.headers.set(name, value);
        }
        Response response = app->api().handle(request);
        return Got{response.status, std::move(response.headers), std::move(response.body)};
    }

    Got get(const std::string& target) { return call(Method::get, target, admin); }

    Got post(const std::string& target, const std::string& body, const Extra& extra = {}) {
        return call(Method::post, target, admin, body, extra);
    }

    static std::string corp_body(const std::string& wecom_id) {
        const std::string secret(secret_text);
        return R"({"corp_id":")" + wecom_id +
               R"(","name":"示例公司","api_base":"http://127.0.0.1:9",)" +
               R"("agent_id":1000002,"app_secret":")" + secret + R"(","contacts_secret":")" +
               secret + R"(","callbacks":[{"token":"sampleTokenNeverShown","encoding_aes_key":")" +
               std::string(callback_key) + R"("}],"archive":{"secret":")" + secret +
               R"(","proxy_password":")" + secret + R"("}})";
    }

    std::string add_corp(const std::string& wecom_id) {
        const Got made = post("corps", corp_body(wecom_id));
        EXPECT_EQ(made.status, 201) << made.body;
        return made.text("id");
    }

    TempDir dir;
    std::unique_ptr<TempPostgres> postgres;  // where the tests run with LEADBRIDGE_TEST_ENGINE
    std::unique_ptr<App> app;
    std::string admin;
};

}  // namespace leadbridge::gateway
