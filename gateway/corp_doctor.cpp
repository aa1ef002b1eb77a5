#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

#include "base/crypto.h"
#include "connectors/wecom/callback_crypto.h"
#include "gateway/doctor.h"
#include "gateway/wecom_question.h"

namespace leadbridge::gateway {

namespace {

// A welcome must be sent within 20 s of the event's time as WeCom counts it.
constexpr std::int64_t clock_warning_ms = 3'000;
constexpr std::int64_t clock_broken_ms = 15'000;

// The date of an HTTP answer (RFC 9110, 5.6.7); nullopt when it is none.
std::optional<UnixMillis> http_date(const std::string& text) {
    tm parts{};

    const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != 0) {
        return std::nullopt;
    }
    return static_cast<UnixMillis>(::timegm(&parts)) * 1'000;
}

void check_offset(const std::string& date, UnixMillis now, std::vector<Finding>& out) {
    const auto theirs = http_date(date);
    if (!theirs) {
        return;
    }
    // The header has whole seconds: half of one is the best guess.
    const std::int64_t ahead = now - (*theirs + 500);
    const std::string what = fmt::format(
        "this machine's clock is {:.1f} s {} WeCom's",
        static_cast<double>(std::abs(ahead)) / 1'000.0,
        ahead < 0 ? "behind" : "ahead of"
    );
    const std::string fix =
        "switch on time synchronisation (timedatectl set-ntp true): signatures and the 20 s of a "
        "welcome depend on it";
    if (std::abs(ahead) > clock_broken_ms) {
        out.push_back(broken("corp.clock", what, "the system clock", fix));
    } else if (std::abs(ahead) > clock_warning_ms) {
        out.push_back(warning("corp.clock", what, "the system clock", fix));
    } else {
        out.push_back(ok("corp.clock", what));
    }
}

void check_app(
    const crm::Corp& corp, HttpClient& http, const Clock& clock, std::vector<Finding>& out
) {
    const Asked token = ask_token(corp, corp.app_secret, http);
    if (token.unreachable) {
        out.push_back(*token.unreachable);
        return;
    }
    check_offset(token.date, clock.now(), out);
    out.push_back(
        answered("corp.token", token.errcode, token.errmsg, "the app's secret gives a token")
    );
    if (token.errcode != 0) {
        return;
    }
    const Asked follows =
        ask(corp,
            http,
            "externalcontact/get_follow_user_list?access_token=" + percent_encode(token.token));
    out.push_back(
        follows.unreachable ? *follows.unreachable
                            : answered(
                                  "corp.customer_contact",
                                  follows.errcode,
                                  follows.errmsg,
                                  "the app may read customer contacts"
                              )
    );
}

void check_contacts(const crm::Corp& corp, HttpClient& http, std::vector<Finding>& out) {
    if (corp.contacts_secret.empty()) {
        return;  // optional: the app's own secret reads members too, with less detail
    }
    const Asked token = ask_token(corp, corp.contacts_secret, http);
    out.push_back(
        token.unreachable ? *token.unreachable
                          : answered(
                                "corp.contacts_secret",
                                token.errcode,
                                token.errmsg,
                                "the contacts-sync secret gives a token",
                                "管理工具 › 通讯录同步 › Secret"
                            )
    );
}

void check_callbacks(
    const crm::Corp& corp, const std::string& public_url, std::vector<Finding>& out
) {
    constexpr std::string_view place = "应用管理 › 自建应用 › 接收消息 › 设置API接收";
    if (corp.callbacks.empty()) {
        out.push_back(warning(
            "corp.callback",
            "no callback is configured: friend-adds and welcomes need one",
            std::string(place),
            "add one with `leadbridge corp set`"
        ));
    }
    for (const crm::CorpCallback& callback : corp.callbacks) {
        const auto crypto =
            wecom::CallbackCrypto::make(callback.token, callback.encoding_aes_key, {corp.wecom_id});
        const std::string check = "corp.callback." + callback.name;
        if (crypto) {
            out.push_back(
                ok(check,
                   "token and EncodingAESKey are usable; URL to paste in the console: " +
                       callback_address(public_url, corp.wecom_id, callback.name))
            );
        } else {
            out.push_back(broken(
                check,
                crypto.error().message,
                std::string(place),
                "copy Token and EncodingAESKey again (43 characters)"
            ));
        }
    }
}

// One GetChatData through the worker: library, secret and trusted address at once (path 91774).
Finding ask_archive(const crm::Corp& corp, archive::ArchiveSourceFactory& sources) {
    const std::string check = "corp.archive.secret";
    constexpr std::string_view place = "管理工具 › 会话内容存档";
    const auto page = sources.open(corp, archive::SourceRole::messages)->pull(0, 1);
    if (page) {
        return ok(check, "WeCom gives chats to this secret and address");
    }
    const Error& error = page.error();
    if (error.reason == "untrusted_ip") {
        return broken(
            check,
            error.message,
            std::string(place) + " › 可信IP地址",
            "add this machine's public address; it takes a minute to apply"
        );
    }
    if (error.code == ErrorCode::auth) {
        return broken(
            check,
            error.message,
            std::string(place) + " › Secret",
            "copy the archive's secret again"
        );
    }
    if (error.code == ErrorCode::forbidden) {
        return broken(
            check, error.message, std::string(place), "buy or renew the service, then switch it on"
        );
    }
    return broken(
        check,
        error.message,
        "corp.archive.sdk, corp.archive.proxy",
        "check the library and the way out of this machine"
    );
}

void check_archive(
    const crm::Corp& corp, archive::ArchiveSourceFactory& sources, std::vector<Finding>& out
) {
    if (!corp.archive.enabled) {
        return;
    }
    constexpr std::string_view place = "管理工具 › 会话内容存档";
    if (::access(corp.archive.sdk.c_str(), R_OK) != 0) {
        out.push_back(broken(
            "corp.archive.sdk",
            "the SDK library is not at " + corp.archive.sdk,
            "developer.work.weixin.qq.com/document/path/91774",
            "download libWeWorkFinanceSdk_C.so for this machine and set corp.archive.sdk"
        ));
    } else {
        out.push_back(ok("corp.archive.sdk", corp.archive.sdk + " is there"));
    }
    if (corp.archive.secret.empty()) {
        out.push_back(broken(
            "corp.archive.secret",
            "the archive's secret is missing",
            std::string(place),
            "copy it from there"
        ));
    } else if (::access(corp.archive.sdk.c_str(), R_OK) == 0) {
        out.push_back(ask_archive(corp, sources));
    }
    if (corp.archive.private_keys.empty()) {
        out.push_back(broken(
            "corp.archive.keys",
            "no private key is configured: nothing can be decrypted",
            std::string(place),
            "upload a public key there and add the private key with its version"
        ));
    }
    for (const crm::ArchiveKey& key : corp.archive.private_keys) {
        const auto parsed = crypto::RsaKey::from_private_pem(key.private_pem.reveal());
        out.push_back(
            parsed ? ok("corp.archive.keys",
                        fmt::format(
                            "key version {} is readable; never delete an old version", key.version
                        ))
                   : broken(
                         "corp.archive.keys",
                         fmt::format("key version {} is no RSA private key", key.version),
                         std::string(place),
                         "store the PEM file that belongs to this version"
                     )
        );
    }
}

}  // namespace

std::string callback_address(
    const std::string& public_url, const std::string& wecom_id, const std::string& name
) {
    const std::string path = "/callback/wecom/" + wecom_id + "/" + name;
    return public_url.empty() ? "https://HOST" + path + " (server.public_url names HOST)"
                              : public_url + path;
}

Result<CorpDoctor::Busy> CorpDoctor::begin() {
    if (busy_.test_and_set()) {
        return Error{
            ErrorCode::limited, "a check is running; try again in a few seconds", "check_running"};
    }
    return Busy(&busy_, [](std::atomic_flag* flag) { flag->clear(); });
}

Result<std::vector<Finding>> CorpDoctor::check_domain(const std::vector<VerifyFile>& files) {
    const auto busy = begin();
    if (!busy) {
        return busy.error();
    }
    return gateway::check_domain(http_, public_url_, files);
}

Result<std::vector<Finding>> CorpDoctor::check(const crm::Corp& corp) {
    const auto busy = begin();
    if (!busy) {
        return busy.error();
    }
    std::vector<Finding> out;
    if (corp.app_secret.empty()) {
        out.push_back(broken(
            "corp.app",
            "the app's secret is missing",
            "应用管理 › 自建应用 › Secret",
            "copy it from there"
        ));
    } else {
        check_app(corp, http_, clock_, out);
    }
    check_contacts(corp, http_, out);
    check_callbacks(corp, public_url_, out);
    check_archive(corp, archive_, out);
    return out;
}

}  // namespace leadbridge::gateway
