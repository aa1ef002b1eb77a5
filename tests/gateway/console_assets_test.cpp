// The sample console of tests/data/console, embedded by the same CMake step as the real one.
#include "gateway/console_assets.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "api_fixture.h"
#include "base/compression.h"

namespace leadbridge::gateway {

std::span<const EmbeddedAsset> sample_console() noexcept;

namespace {

const std::filesystem::path folder = std::filesystem::path(LEADBRIDGE_TEST_DATA) / "console";

std::string file(std::string_view name) {
    std::ifstream in(folder / name, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

struct Asked {
    std::string path;
    std::string accept = {};
    std::string if_none_match = {};
    Method method = Method::get;
    std::string host = {};
};

std::optional<Response> ask(const ConsoleAssets& assets, const Asked& asked) {
    Request request;
    request.method = asked.method;
    request.path = asked.path;
    request.request_id = "r";
    request.headers.add("Accept-Encoding", asked.accept);
    request.headers.add("If-None-Match", asked.if_none_match);
    request.headers.add("Host", asked.host);
    return assets.answer(request);
}

Response get(const Asked& asked) {
    const ConsoleAssets assets(sample_console());
    return ask(assets, asked).value_or(Response::empty(0));
}

const std::string script = "/console/assets/app-0a1b.js";

TEST(ConsoleAssets, FilesComePackedOrPlainAsTheClientTakesThem) {
    const Response packed = get({script, "br, gzip"});
    EXPECT_EQ(packed.status, 200);
    EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
    EXPECT_EQ(packed.headers.get("Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_EQ(packed.headers.get("Vary"), "Accept-Encoding");
    EXPECT_EQ(gunzip(packed.body, 1 << 20).value(), file("desk/assets/app-0a1b.js"));
    EXPECT_LT(packed.body.size(), file("desk/assets/app-0a1b.js").size());

    for (const std::string accept : {"", "br", "gzip;q=0", "gzip; q=0.000, *", "identity"}) {
        const Response plain = get({script, accept});
        EXPECT_EQ(plain.headers.get("Content-Encoding"), "") << accept;
        EXPECT_EQ(plain.body, file("desk/assets/app-0a1b.js")) << accept;
        EXPECT_EQ(plain.headers.get("Vary"), "Accept-Encoding") << accept;
    }
    EXPECT_EQ(get({script, "gzip;q=0.5"}).headers.get("Content-Encoding"), "gzip");
    EXPECT_EQ(get({script, "*"}).headers.get("Content-Encoding"), "gzip");

    const Response picture = get({"/console/logo.png", "gzip"});
    EXPECT_EQ(picture.body, file("desk/logo.png"));
    EXPECT_EQ(picture.headers.get("Content-Type"), "image/png");
    EXPECT_EQ(picture.headers.get("Content-Encoding"), "");
}

TEST(ConsoleAssets, WhoNamesTheBytesItHasGets304) {
    const std::string packed(get({script, "gzip"}).headers.get("ETag"));
    const std::string plain(get({script}).headers.get("ETag"));
    EXPECT_NE(packed, plain);
    for (const std::string& known :
         {packed, "W/" + packed, "\"other\", " + packed, std::string("*")}) {
        const Response same = get({script, "gzip", known});
        EXPECT_EQ(same.status, 304) << known;
        EXPECT_EQ(same.body, "");
        EXPECT_EQ(same.headers.get("ETag"), packed);
    }
    EXPECT_EQ(get({script, "", packed}).status, 200);
    EXPECT_EQ(get({script, "gzip", "\"other\""}).status, 200);
}

TEST(ConsoleAssets, HashedFilesAreKeptForGoodAndHtmlIsAskedForEachTime) {
    EXPECT_EQ(get({script}).headers.get("Cache-Control"), "public, max-age=31536000, immutable");
    for (const std::string path :
         {"/console/", "/console/index.html", "/side/", "/console/logo.png"}) {
        EXPECT_EQ(get({path}).headers.get("Cache-Control"), "no-cache") << path;
        EXPECT_FALSE(get({path}).headers.get("ETag").empty()) << path;
    }
}

TEST(ConsoleAssets, PathsOfThePagesOwnRouterGetItsIndex) {
    for (const std::string path :
         {"/console/", "/console/contacts/12", "/console/a.b", "/console/../api/v1/me"}) {
        EXPECT_EQ(get({path}).body, file("desk/index.html")) << path;
    }
    EXPECT_EQ(get({"/side/card"}).body, file("side/index.html"));
    EXPECT_EQ(get({"/console"}).status, 308);
    EXPECT_EQ(get({"/console"}).headers.get("Location"), "/console/");
    // A file of another build, kept for good as HTML, would break the page for good.
    const Response missing = get({"/console/assets/app-ffff.js"});
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.headers.get("Cache-Control"), "no-cache");
}

TEST(ConsoleAssets, OtherPathsAreNotItsAffair) {
    const ConsoleAssets assets(sample_console());
    for (const std::string path :
         {"/", "/api/v1/me", "/consoles", "/sidecar/x", "/assets/app-0a1b.js"}) {
        EXPECT_FALSE(ask(assets, {path})) << path;
    }
    const ConsoleAssets none(std::span<const EmbeddedAsset>{});
    EXPECT_FALSE(ask(none, {"/console/"}));
    EXPECT_FALSE(none.present());
    EXPECT_TRUE(assets.present());
}

TEST(ConsoleAssets, WhatTheBuildKeepsForItselfIsNotServed) {
    EXPECT_EQ(get({"/console/manifest.json"}).body, file("desk/index.html"));
}

TEST(ConsoleAssets, PagesAreOnlyRead) {
    const Response refused = get({"/console/", "", "", Method::post});
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.headers.get("Allow"), "GET, HEAD");
    EXPECT_EQ(get({script, "", "", Method::head}).status, 200);
}

TEST(ConsoleAssets, EveryAnswerSaysWhatAPageMayDo) {
    for (const std::string path :
         {"/console/", "/console/x", script.c_str(), "/console/assets/none"}) {
        const Response response = get({path});
        const std::string policy(response.headers.get("Content-Security-Policy"));
        EXPECT_NE(policy.find("script-src 'self';"), std::string::npos) << policy;
        EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
        EXPECT_EQ(policy.find("unsafe"), std::string::npos);
        EXPECT_EQ(policy.find("https:"), std::string::npos);
        EXPECT_EQ(response.headers.get("X-Content-Type-Options"), "nosniff");
        EXPECT_EQ(response.headers.get("Referrer-Policy"), "same-origin");
    }
    const Asked side{"/side/", "", "", Method::get, "crm.example.com:8443"};
    const std::string policy(get(side).headers.get("Content-Security-Policy"));
    EXPECT_NE(policy.find(" wss://crm.example.com:8443 "), std::string::npos) << policy;
    EXPECT_NE(policy.find("https://res.wx.qq.com"), std::string::npos);
    const Asked forged{"/side/", "", "", Method::get, "x; script-src *"};
    const std::string guarded(get(forged).headers.get("Content-Security-Policy"));
    EXPECT_EQ(guarded.find("script-src *"), std::string::npos);
}

TEST(ConsoleAssets, AFolderOverridesThemAndIsReadAnewEachTime) {
    const ConsoleAssets assets(folder);
    const auto page = ask(assets, {"/console/deep/link", "gzip"});
    ASSERT_TRUE(page);
    EXPECT_EQ(page->body, file("desk/index.html"));
    const auto hashed = ask(assets, {script});
    ASSERT_TRUE(hashed);
    EXPECT_EQ(hashed->body, file("desk/assets/app-0a1b.js"));
    EXPECT_EQ(hashed->headers.get("Cache-Control"), "no-cache");
    EXPECT_EQ(ask(assets, {script, "", std::string(hashed->headers.get("ETag"))})->status, 304);
    EXPECT_THROW(ConsoleAssets(folder / "desk"), std::runtime_error);
}

TEST(ConsoleAssets, AFolderGivesNothingFromOutside) {
    const TempDir dir;
    const std::filesystem::path root(dir.path());
    std::filesystem::create_directories(root / "ui" / "desk");
    std::ofstream(root / "secret.txt") << "secret";
    std::ofstream(root / "ui" / "desk" / "index.html") << "index";
    std::ofstream(root / "ui" / "desk" / ".env") << "secret";
    std::filesystem::create_symlink(root / "secret.txt", root / "ui" / "desk" / "link.txt");
    const ConsoleAssets assets(root / "ui");
    for (const std::string path :
         {"/console/../../secret.txt",
          "/console/..%2f..%2fsecret.txt",
          "/console/%2e%2e/%2e%2e/secret.txt",
          "/console//../../secret.txt",
          "/console/.env",
          "/console/link.txt",
          "/console/",
          "/console/..\\..\\secret.txt"}) {
        EXPECT_EQ(ask(assets, {path})->body, "index") << path;
    }
    EXPECT_FALSE(ask(assets, {"/side/"}));
}

}  // namespace
}  // namespace leadbridge::gateway
