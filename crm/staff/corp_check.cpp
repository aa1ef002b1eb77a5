#include "crm/staff/corp_check.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/crypto.h"
#include "base/outbound_url.h"
#include "base/time_zone.h"
#include "base/utf8.h"

namespace leadbridge::crm {
namespace {

Error bad(std::string_view field, std::string_view why) {
    return Error{
        ErrorCode::invalid, std::string(field) + ": " + std::string(why), std::string(field)};
}

bool word(std::string_view text, std::size_t longest) noexcept {
    return !text.empty() && text.size() <= longest &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-';
           });
}

std::string_view url_host(std::string_view url) noexcept {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) {
        return {};
    }
    std::string_view rest = url.substr(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    if (rest.find('@') != std::string_view::npos) {
        return {};
    }
    if (!rest.empty() && rest.front() == '[') {
        const std::size_t end = rest.find(']');
        return end == std::string_view::npos ? std::string_view{} : rest.substr(1, end - 1);
    }
    return rest.substr(0, rest.find(':'));
}

Status check_callback(const Corp& corp, const CorpCallback& callback, std::string_view field) {
    const std::string at(field);
    if (!word(callback.name, 40)) {
        return bad(at + ".name", "must be 1..40 letters, digits, - or _");
    }
    if (callback.token.empty() || callback.token.reveal().size() > 64) {
        return bad(
            at + ".token",
            "is missing or longer than 64 characters; copy it from the callback page of the WeCom "
            "admin console"
        );
    }
    const std::string_view key = callback.encoding_aes_key.reveal();
    if (key.size() != 43 ||
        !crypto::unbase64(std::string(key) + "=", crypto::Base64Tail::lenient)) {
        return bad(at + ".encoding_aes_key", "must be the 43 characters of the callback page");
    }
    const auto same =
        std::count_if(corp.callbacks.begin(), corp.callbacks.end(), [&](const CorpCallback& other) {
            return other.name == callback.name;
        });
    return same == 1 ? Status{} : Status{bad(at + ".name", "is used twice")};
}

Status check_archive(const Corp::Archive& archive) {
    std::set<int> versions;
    for (std::size_t i = 0; i < archive.private_keys.size(); ++i) {
        const std::string at = "archive.private_keys." + std::to_string(i);
        const ArchiveKey& key = archive.private_keys[i];
        if (key.version < 1 || !versions.insert(key.version).second) {
            return bad(
                at + ".version", "must be the publickey_ver of the console, 1 or more, each once"
            );
        }
        if (const auto parsed = crypto::RsaKey::from_private_pem(key.private_pem.reveal());
            !parsed) {
            return bad(at, "is no RSA private key in PEM: " + parsed.error().message);
        }
    }
    const std::string_view proxy = archive.proxy;
    if (!proxy.empty() && !proxy.starts_with("http://") && !proxy.starts_with("socks5://")) {
        return bad("archive.proxy", "must be http://host:port or socks5://host:port");
    }
    if (proxy.find('@') != std::string_view::npos) {  // it is shown; proxy_password is not
        return bad("archive.proxy", "must not carry a password: that goes into proxy_password");
    }
    if (archive.timeout_s < 1 || archive.timeout_s > 60) {
        return bad("archive.timeout_s", "must be 1..60");
    }
    if (archive.poll_s < 1 || archive.poll_s > 3'600) {
        return bad("archive.poll_s", "must be 1..3600");
    }
    if (archive.enabled && archive.secret.empty()) {
        return bad(
            "archive.secret", "is missing; it stands on the archive page of the WeCom admin console"
        );
    }
    if (archive.enabled && archive.sdk.empty()) {
        return bad("archive.sdk", "is missing: the path of libWeWorkFinanceSdk_C.so");
    }
    return {};
}

}  // namespace

bool is_loopback_url(std::string_view url) noexcept {
    const std::string_view host = url_host(url);
    return host == "localhost" || is_loopback_address(host);
}

Status check_corp(const Corp& corp) {
    if (!word(corp.wecom_id, 64)) {
        return bad(
            "corp_id",
            "must be the corpid of the WeCom admin console (我的企业), e.g. ww0123456789abcdef"
        );
    }
    if (corp.name.empty() || corp.name.size() > 200 || !is_utf8(corp.name)) {
        return bad("name", "must be 1..200 bytes of UTF-8");
    }
    const bool https = corp.api_base.starts_with("https://") && !url_host(corp.api_base).empty();
    if (corp.api_base.ends_with('/') ||
        (!https && !(corp.api_base.starts_with("http://") && is_loopback_url(corp.api_base)))) {
        return bad(
            "api_base",
            "must begin with https:// (http:// only for this machine) and not end with /"
        );
    }
    if (!time_zone_exists(corp.time_zone)) {
        return bad("time_zone", "is no zone of the tz database, e.g. Asia/Shanghai");
    }
    if (corp.agent_id < 0) {
        return bad("app.agent_id", "must not be negative");
    }
    for (std::size_t i = 0; i < corp.callbacks.size(); ++i) {
        if (Status ok = check_callback(corp, corp.callbacks[i], "callbacks." + std::to_string(i));
            !ok) {
            return ok;
        }
    }
    if (!(corp.limits.calls_per_minute >= 1 && corp.limits.calls_per_minute <= 1'000'000)) {
        return bad("limits.calls_per_minute", "must be 1..1000000");
    }
    if (corp.limits.concurrency < 1 || corp.limits.concurrency > 1'000) {
        return bad("limits.concurrency", "must be 1..1000");
    }
    return check_archive(corp.archive);
}

}  // namespace leadbridge::crm
