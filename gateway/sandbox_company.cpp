#include "gateway/sandbox_company.h"

#include <fmt/format.h>

#include <optional>
#include <thread>

#include "base/http_client.h"
#include "base/json.h"
#include "connectors/sandbox/sandbox.h"
#include "connectors/sandbox/traffic.h"
#include "gateway/api.h"
#include "gateway/sandbox_door.h"
#include "gateway/scheduler.h"
#include "gateway/story.h"

namespace leadbridge::gateway {

namespace {

constexpr std::string_view corpid = "wwSANDBOX00000001";
constexpr std::string_view company_name = "示例公司（沙盒）";
constexpr int sample_members = 6;
constexpr std::int64_t form_every_ms = 20'000;
constexpr std::int64_t push_every_ms = 90'000;

Result<json::object> call(
    Api& api, Method method, std::string path, const json::object& body, std::string etag = ""
) {
    Request request;
    request.method = method;
    request.path = std::move(path);
    request.body = to_text(body);
    request.request_id = "sandbox";
    request.headers.add("Content-Type", "application/json");
    if (!etag.empty()) {
        request.headers.add("If-Match", std::move(etag));
    }
    const Response response = api.handle_local(request);
    auto value = parse_json(response.body.empty() ? "{}" : response.body, JsonLimits{4 << 20, 32});
    if (response.status >= 400 || !value || !value->is_object()) {
        return Error{
            ErrorCode::internal,
            "the sample company cannot be made: " + request.path + ": " + response.body};
    }
    return std::move(value->get_object());
}

}  // namespace

struct SandboxCompany::State {
    State(App& the_app, SandboxCompanyOptions the_options)
        : app(the_app),
          options(std::move(the_options)),
          sandbox({"127.0.0.1", options.port, options.seed, ""}, app.clock(), app.metrics()),
          http(make_http_client()),
          regular(app.clock()) {}

    App& app;
    const SandboxCompanyOptions options;
    sandbox::Sandbox sandbox;
    std::unique_ptr<HttpClient> http;
    std::optional<sandbox::Traffic> traffic;
    std::optional<Story> story;
    Scheduler regular;
    std::string hook;
    std::string segment;
    std::string wecom_tag;
    std::int64_t forms = 0;
    std::int64_t pushes = 0;

    Result<CorpId> make_corp();
    Result<std::string> make_tag(
        std::string_view group, std::string_view name, std::string_view kind
    );
    Status make_channels();
    Status make_source();
    void post_form();
    void send_push();
};

Result<CorpId> SandboxCompany::State::make_corp() {
    sandbox::CompanySpec spec;
    spec.corpid = corpid;
    spec.name = company_name;
    for (int i = 1; i <= sample_members; ++i) {
        spec.members.push_back(sandbox::Member{
            fmt::format("sample{}", i), fmt::format("示例成员{}", i)});
    }
    spec.callback_base = fmt::format("http://127.0.0.1:{}/callback/wecom/{}", app.port(), corpid);
    const sandbox::Company company = sandbox.add_company(spec);
    const std::string base = fmt::format("http://127.0.0.1:{}", sandbox.port());
    json::array callbacks;
    for (const auto& [name, target] : company.callbacks) {
        callbacks.push_back(json::object{
            {"name", name}, {"token", target.token}, {"encoding_aes_key", target.encoding_aes_key}}
        );
    }
    json::array keys;
    for (const auto& pair : company.archive_keys) {
        keys.push_back(json::object{
            {"version", pair.version},
            {"private_pem", std::string(pair.key->private_pem().reveal())}});
    }
    json::object body{
        {"corp_id", company.corpid},
        {"name", company.name},
        {"api_base", base},
        {"agent_id", company.agent_id},
        {"app_secret", company.secrets.at("app")},
        {"contacts_secret", company.secrets.at("contacts")},
        {"callbacks", std::move(callbacks)},
        {"default_welcome",
         json::object{{"text", "您好 {contact}，我是{member}，很高兴认识您。"}}}};
    if (!options.fake_sdk.empty()) {
        body["archive"] = json::object{
            {"enabled", true},
            {"secret", company.secrets.at("archive")},
            {"sdk", options.fake_sdk},
            {"proxy", base},
            {"poll_s", 10},
            {"private_keys", std::move(keys)}};
    }
    auto made = call(app.api(), Method::post, "/api/v1/corps", body);
    if (!made) {
        return std::move(made).error();
    }
    return CorpId{parse_id(json_string(*made, "id")).value_or(0)};
}

Result<std::string> SandboxCompany::State::make_tag(
    std::string_view group, std::string_view name, std::string_view kind
) {
    auto made = call(
        app.api(),
        Method::post,
        "/api/v1/tags",
        json::object{{"group", group}, {"name", name}, {"kind", kind}}
    );
    if (!made) {
        return std::move(made).error();
    }
    return json_string(*made, "id");
}

Status SandboxCompany::State::make_channels() {
    struct Plan {
        std::string_view name;
        std::string_view tag;
        std::string_view welcome;
    };

    constexpr std::array plans{
        Plan{
            "示例：春季展会",
            "春季展会",
            "{contact}您好，感谢在展会扫码！我是{member}，资料马上发给您。"},
        Plan{"示例：门店海报", "门店", "{contact}您好，欢迎光临！到店出示本消息可领小礼品。"},
        Plan{"示例：官网", "官网", "Hello {contact}, I am {member}. How can I help you?"}};
    int first = 1;
    for (const Plan& plan : plans) {
        auto tag = make_tag("示例来源", plan.tag, "wecom");
        auto internal = make_tag("示例内部", std::string(plan.tag) + "线索", "internal");
        if (!tag || !internal) {
            return tag ? std::move(internal).error() : std::move(tag).error();
        }
        wecom_tag = wecom_tag.empty() ? *tag : wecom_tag;
        json::object channel{
            {"name", plan.name},
            {"kind", "contact_way"},
            {"members",
             json::array{fmt::format("sample{}", first), fmt::format("sample{}", first + 1)}},
            {"tags", json::array{*tag, *internal}},
            {"welcome", json::object{{"text", plan.welcome}}}};
        if (&plan == &plans.back()) {  // one that shows swaps: full after a few
            channel["limits"] = json::object{
                {"members",
                 json::array{
                     json::object{{"userid", fmt::format("sample{}", first)}, {"daily_cap", 5}}}},
                {"backups", json::array{"sample1"}}};
        }
        auto made = call(app.api(), Method::post, "/api/v1/channels", channel);
        if (!made) {
            return std::move(made).error();
        }
        first += 2;
    }
    auto made = call(
        app.api(),
        Method::post,
        "/api/v1/segments",
        json::object{{"name", "示例：展会来客"}, {"condition", json::object{{"tag", wecom_tag}}}}
    );
    if (!made) {
        return std::move(made).error();
    }
    segment = json_string(*made, "id");
    return {};
}

Status SandboxCompany::State::make_source() {
    const std::string secret = "sandbox-form-secret-of-the-sample-company";
    auto made = call(
        app.api(),
        Method::post,
        "/api/v1/sources",
        json::object{
            {"name", "示例表单"},
            {"kind", "generic"},
            {"auth", json::object{{"kind", "path"}, {"secrets", json::array{secret}}}},
            {"map",
             json::object{
                 {"id", "/id"}, {"name", "/name"}, {"phone", "/phone"}, {"answers", "/answers"}}}}
    );
    if (!made) {
        return std::move(made).error();
    }
    hook =
        fmt::format("http://127.0.0.1:{}/hook/{}/{}", app.port(), json_string(*made, "id"), secret);
    return {};
}

void SandboxCompany::State::post_form() {
    forms += 1;
    HttpCall post;
    post.method = Method::post;
    post.url = hook;
    post.headers.add("Content-Type", "application/json");
    // 199 numbers of this range are not given to anybody.
    post.body = to_text(json::object{
        {"id", fmt::format("sample-form-{}", forms)},
        {"name", fmt::format("示例访客{}", forms)},
        {"phone", fmt::format("199000{:05}", forms)},
        {"answers", json::object{{"感兴趣的产品", "示例产品"}}}});
    (void)http->call(post);
}

void SandboxCompany::State::send_push() {
    pushes += 1;
    if (pushes == 1) {
        return;  // the first tick: nobody has scanned yet
    }
    auto made = call(
        app.api(),
        Method::post,
        "/api/v1/pushes",
        json::object{
            {"name", fmt::format("示例群发 {}", pushes - 1)},
            {"segment_id", segment},
            {"content",
             json::object{
                 {"text", fmt::format("示例：第 {} 期新品资料已为您准备好。", pushes - 1)}}}}
    );
    if (made) {
        (void)call(
            app.api(), Method::post, "/api/v1/pushes/" + json_string(*made, "id") + "/submit", {}
        );
    }
}

SandboxCompany::SandboxCompany(App& app, SandboxCompanyOptions options)
    : state_(std::make_unique<State>(app, std::move(options))) {}

SandboxCompany::~SandboxCompany() {
    stop();
}

Status SandboxCompany::set_up() {
    State& s = *state_;
    s.sandbox.start();
    auto corp = s.make_corp();
    if (!corp) {
        return std::move(corp).error();
    }
    if (Status channels = s.make_channels(); !channels) {
        return channels;
    }
    if (Status source = s.make_source(); !source) {
        return source;
    }
    s.traffic.emplace(s.sandbox, s.app.clock(), sandbox::TrafficOptions{std::string(corpid)});
    s.story.emplace(s.app, *corp, s.options.tell);
    s.regular.every(form_every_ms, "sample form", [&s] { s.post_form(); });
    s.regular.every(push_every_ms, "sample push", [&s] { s.send_push(); });
    s.app.sandbox_door().open(s.sandbox.port(), [&s](double speed) {
        s.traffic->set_speed(speed);
    });
    s.story->start();
    s.traffic->start();
    s.regular.start();
    return {};
}

std::uint16_t SandboxCompany::port() const {
    return state_->sandbox.port();
}

void SandboxCompany::stop() {
    state_->app.sandbox_door().close();
    state_->regular.stop();
    if (state_->traffic) {
        state_->traffic->stop();
    }
    if (state_->story) {
        state_->story->stop();
    }
    state_->sandbox.stop();
}

}  // namespace leadbridge::gateway
