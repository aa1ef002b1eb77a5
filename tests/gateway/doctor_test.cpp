// What the doctor says of a corp: the cause, where to look, how to mend it.

#include "gateway/doctor.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "tests/base/temp_database.h"

namespace leadbridge::gateway {
namespace {

constexpr UnixMillis noon = 1'784'894'400'000;  // Fri, 24 Jul 2026 12:00:00 GMT

class Fixed final : public Clock {
public:
    UnixMillis now() const noexcept override { return noon + ahead; }

    std::int64_t steady_ms() const noexcept override { return 0; }

    std::int64_t ahead = 500;
};

// WeCom by one function of the URL.
class FakeHttp final : public HttpClient {
public:
    Result<HttpReply> call(const HttpCall& call) override {
        HttpReply reply;
        reply.status = 200;
        reply.headers.set("Date", "Fri, 24 Jul 2026 12:00:00 GMT");
        reply.body = answer(call.url);
        return reply;
    }

    std::function<std::string(const std::string&)> answer = [](const std::string&) {
        return std::string(R"({"errcode":0,"errmsg":"ok","access_token":"t"})");
    };
};

class FakeArchive final : public archive::ArchiveSourceFactory {
public:
    class Source final : public archive::ArchiveSource {
    public:
        explicit Source(std::optional<Error> error) : error_(std::move(error)) {}

        Result<archive::PulledPage> pull(std::int64_t, int) override {
            return error_ ? Result<archive::PulledPage>(*error_)
                          : Result<archive::PulledPage>(archive::PulledPage{});
        }

        Result<std::string> decrypt(std::string_view, std::string_view) override {
            return std::string();
        }

        Result<archive::MediaChunk> media(std::string_view, std::string_view) override {
            return archive::MediaChunk{};
        }

        void rest() override {}

        void cancel() override {}

    private:
        std::optional<Error> error_;
    };

    std::unique_ptr<archive::ArchiveSource> open(const crm::Corp&, archive::SourceRole) override {
        return std::make_unique<Source>(error);
    }

    std::optional<Error> error;
};

class Doctor : public ::testing::Test {
protected:
    Doctor() {
        corp.wecom_id = "wwSAMPLE0001";
        corp.app_secret = Secret("app-secret");
        corp.callbacks.push_back(
            {"app", Secret("token"), Secret("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"), {}}
        );
    }

    Finding find(const std::string& check, const std::string& public_url = "") {
        CorpDoctor doctor(http, archive, clock, public_url);
        const std::vector<Finding> findings = doctor.check(corp).value();
        for (const Finding& finding : findings) {
            if (finding.check == check) {
                return finding;
            }
        }
        return Finding{Verdict::ok, "no such check", "", "", ""};
    }

    Fixed clock;
    FakeHttp http;
    FakeArchive archive;
    crm::Corp corp;
};

TEST_F(Doctor, TheClockIsHeldAgainstWeComs) {
    EXPECT_EQ(find("corp.clock").verdict, Verdict::ok);
    clock.ahead = 6'000;
    EXPECT_EQ(find("corp.clock").verdict, Verdict::warning);
    clock.ahead = -90'000;
    const Finding late = find("corp.clock");
    EXPECT_EQ(late.verdict, Verdict::broken);
    EXPECT_NE(late.what.find("90.5 s behind"), std::string::npos) << late.what;
    EXPECT_NE(late.fix, "");
}

TEST_F(Doctor, AWrongContactsSecretIsToldFromAWrongAppSecret) {
    corp.contacts_secret = Secret("contacts-secret");
    http.answer = [](const std::string& url) {
        return url.find("contacts-secret") != std::string::npos
                   ? std::string(R"({"errcode":40001,"errmsg":"invalid credential"})")
                   : std::string(R"({"errcode":0,"errmsg":"ok","access_token":"t"})");
    };
    EXPECT_EQ(find("corp.token").verdict, Verdict::ok);
    const Finding contacts = find("corp.contacts_secret");
    EXPECT_EQ(contacts.verdict, Verdict::broken);
    EXPECT_NE(contacts.place.find("通讯录同步"), std::string::npos) << contacts.place;
    corp.contacts_secret = Secret();
    EXPECT_EQ(find("corp.contacts_secret").check, "no such check") << "it is optional";
}

TEST_F(Doctor, TheArchiveIsAsked) {
    const TempDir dir;
    corp.archive.enabled = true;
    corp.archive.secret = Secret("archive-secret");
    corp.archive.sdk = dir.path() + "/sdk.so";
    EXPECT_EQ(find("corp.archive.sdk").verdict, Verdict::broken);
    std::ofstream(corp.archive.sdk) << "library";
    EXPECT_EQ(find("corp.archive.secret").verdict, Verdict::ok);
    archive.error = Error{ErrorCode::auth, "not trusted", "untrusted_ip"};
    EXPECT_NE(find("corp.archive.secret").place.find("可信IP"), std::string::npos);
    archive.error = Error{ErrorCode::auth, "wrong secret"};
    EXPECT_NE(find("corp.archive.secret").place.find("Secret"), std::string::npos);
    archive.error = Error{ErrorCode::forbidden, "expired", "service_expired"};
    EXPECT_EQ(find("corp.archive.secret").verdict, Verdict::broken);
}

TEST_F(Doctor, TheAddressToPasteIsWhole) {
    EXPECT_NE(
        find("corp.callback.app", "https://bridge.example.com")
            .what.find("https://bridge.example.com/callback/wecom/wwSAMPLE0001/app"),
        std::string::npos
    );
    EXPECT_NE(find("corp.callback.app").what.find("server.public_url"), std::string::npos);
}

// --- the machine ---

Finding machine(const config::Settings& settings, const std::string& check) {
    for (const Finding& finding : check_machine(settings)) {
        if (finding.check == check) {
            return finding;
        }
    }
    return Finding{Verdict::ok, "no such check", "", "", ""};
}

config::Settings settings_in(const TempDir& dir) {
    return config::parse(
               "[server]\ndata_dir = \"" + dir.path() + "/data\"\nlisten = \"127.0.0.1:1\"\n",
               "test.toml",
               dir.path(),
               {}
    )
        .value();
}

// A port that somebody holds for the life of this object.
class Held {
public:
    Held() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        void* raw = &address_;
        socklen_t size = sizeof(address_);
        EXPECT_EQ(::bind(fd_, static_cast<sockaddr*>(raw), size), 0);
        EXPECT_EQ(::listen(fd_, 1), 0);
        EXPECT_EQ(::getsockname(fd_, static_cast<sockaddr*>(raw), &size), 0);
    }

    ~Held() { ::close(fd_); }

    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

    std::uint16_t port() const { return ntohs(address_.sin_port); }

private:
    int fd_;
    sockaddr_in address_{};
};

TEST(MachineDoctor, ATakenPortIsToldFromAFreeOne) {
    const TempDir dir;
    config::Settings settings = settings_in(dir);
    std::uint16_t port = 0;
    {
        const Held held;
        port = held.port();
        settings.server.port = port;
        const Finding taken = machine(settings, "machine.port");
        EXPECT_EQ(taken.verdict, Verdict::broken);
        EXPECT_NE(taken.what.find("another program"), std::string::npos) << taken.what;
    }
    EXPECT_EQ(machine(settings, "machine.port").verdict, Verdict::ok);
    settings.server.address = "192.0.2.1";
    EXPECT_EQ(machine(settings, "machine.port").verdict, Verdict::broken);
}

TEST(MachineDoctor, SecretFilesOthersMayReadAreNamed) {
    const TempDir dir;
    config::Settings settings = settings_in(dir);
    settings.server.tls_key = dir.path() + "/tls.key";
    EXPECT_EQ(machine(settings, "machine.tls_key").verdict, Verdict::broken) << "it is not there";
    std::ofstream(settings.server.tls_key) << "key";
    ASSERT_EQ(::chmod(settings.server.tls_key.c_str(), 0644), 0);
    EXPECT_NE(machine(settings, "machine.tls_key").fix.find("chmod 600"), std::string::npos);
    ASSERT_EQ(::chmod(settings.server.tls_key.c_str(), 0600), 0);
    EXPECT_EQ(machine(settings, "machine.tls_key").verdict, Verdict::ok);
}

}  // namespace
}  // namespace leadbridge::gateway
