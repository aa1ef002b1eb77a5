// Server and client over TLS, with a certificate made on the spot.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "base/http_client.h"
#include "base/http_server.h"
#include "tests/base/net_support.h"

namespace leadbridge {
namespace {

using test::TestServer;

class HttpTls : public testing::Test {
protected:
    static void SetUpTestSuite() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "leadbridge_tls_XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder = pattern;
        make_certificate("server");
        make_certificate("other");
    }

    static void TearDownTestSuite() { std::filesystem::remove_all(folder); }

    static void make_certificate(const std::string& name) {
        const std::string command =
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
            "-subj /CN=localhost"
            " -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout " +
            folder + "/" + name + ".key -out " + folder + "/" + name + ".pem 2>/dev/null";
        ASSERT_EQ(std::system(command.c_str()), 0) << "the openssl program is needed";
    }

    static HttpServerOptions options() {
        HttpServerOptions out;
        out.tls_cert_file = folder + "/server.pem";
        out.tls_key_file = folder + "/server.key";
        return out;
    }

    static void echo(Request&& request, const Responder& responder) {
        responder.respond(Response::text(200, request.body));
    }

    static HttpCall call_to(const std::string& url, std::string body = "x") {
        HttpCall call;
        call.method = Method::post;
        call.url = url;
        call.body = std::move(body);
        return call;
    }

    static std::string folder;
};

std::string HttpTls::folder;

TEST_F(HttpTls, ServesOneConnectionManyTimesAndLargeBodies) {
    HttpServerOptions o = options();
    o.max_body_bytes = 5'000'000;
    TestServer s(echo, o);
    const auto client = make_http_client({folder + "/server.pem"});
    for (const std::size_t size : {1U, 1'000U, 100'000U, 4'000'000U, 2U}) {
        const std::string body(size, 'z');
        const auto reply = client->call(call_to(s.url("/", "https"), body));
        ASSERT_TRUE(reply) << reply.error().message;
        EXPECT_EQ(reply->body, body);
    }
    EXPECT_NE(
        s.metrics.render().find(
            "leadbridge_http_connections{port=\"" + std::to_string(s.server.port()) + "\"} 1"
        ),
        std::string::npos
    );
}

TEST_F(HttpTls, ClientBelievesOnlyItsAuthorities) {
    const TestServer s(echo, options());
    for (const std::string& ca : {std::string(), folder + "/other.pem"}) {
        const auto reply = make_http_client({ca})->call(call_to(s.url("/", "https")));
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().code, ErrorCode::retry_later);
    }
}

TEST_F(HttpTls, OffersNothingBelowTls12) {
    const TestServer s(echo, options());
    const auto connects = [&](const std::string& version) {
        // SECLEVEL=0 lets the client offer the old versions; the server must be the one to refuse.
        const std::string command =
            "openssl s_client -connect 127.0.0.1:" + std::to_string(s.server.port()) + " -" +
            version + " -cipher ALL:@SECLEVEL=0 </dev/null >/dev/null 2>&1";
        return std::system(command.c_str()) == 0;
    };
    EXPECT_TRUE(connects("tls1_3"));
    EXPECT_TRUE(connects("tls1_2"));
    EXPECT_FALSE(connects("tls1_1"));
    EXPECT_FALSE(connects("tls1"));
}

TEST_F(HttpTls, ClosesHandshakesThatDoNotCome) {
    HttpServerOptions o = options();
    o.header_timeout_ms = 200;
    const TestServer s(echo, o);
    auto silent = s.client();
    auto plain = s.client();
    plain.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_TRUE(plain.rest(2'000).second);
    EXPECT_TRUE(silent.rest(2'000).second);
    const auto client = make_http_client({folder + "/server.pem"});
    EXPECT_TRUE(client->call(call_to(s.url("/", "https"))));
}

TEST_F(HttpTls, LoopbackOverTlsIsOutsideOnlyWhereAllowed) {
    const TestServer s(echo, options());
    const auto client = make_http_client({folder + "/server.pem"});
    auto call = call_to(s.url("/", "https"));
    call.reach = Reach::outside_or_loopback;
    EXPECT_TRUE(client->call(call));
    call.reach = Reach::outside;
    EXPECT_FALSE(client->call(call));
}

TEST_F(HttpTls, RefusesAKeyOfAnotherCertificate) {
    HttpServerOptions o = options();
    o.tls_key_file = folder + "/other.key";
    EXPECT_THROW(TestServer(echo, o), std::runtime_error);
}

}  // namespace
}  // namespace leadbridge
