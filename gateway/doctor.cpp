#include "gateway/doctor.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>

#include "base/crypto.h"
#include "base/json.h"
#include "base/time_zone.h"
#include "connectors/wecom/callback_crypto.h"

namespace leadbridge::gateway {

namespace {

constexpr std::int64_t patience_ms = 3'000;
constexpr std::uint64_t low_disk = 1ULL << 30;

Finding ok(std::string check, std::string what) {
    return {Verdict::ok, std::move(check), std::move(what), "", ""};
}

Finding broken(std::string check, std::string what, std::string place, std::string fix) {
    return {Verdict::broken, std::move(check), std::move(what), std::move(place), std::move(fix)};
}

Finding warning(std::string check, std::string what, std::string place, std::string fix) {
    return {Verdict::warning, std::move(check), std::move(what), std::move(place), std::move(fix)};
}

Finding check_data_dir(const std::string& dir) {
    std::error_code error;
    std::filesystem::create_directories(dir, error);
    if (::access(dir.c_str(), W_OK) != 0) {
        return broken(
            "machine.data_dir",
            dir + " cannot be written",
            "server.data_dir",
            "give it to the user that runs LeadBridge"
        );
    }

    struct statfs fs {};

    constexpr std::array<long, 4> network{
        0x6969, 0x517B, 0xFF534D42, 0x65735546};  // nfs, smb, cifs, fuse
    if (::statfs(dir.c_str(), &fs) == 0) {
        for (const long magic : network) {
            if (fs.f_type == magic) {
                return broken(
                    "machine.data_dir",
                    dir + " is on a network file system: SQLite can lose data there",
                    "server.data_dir",
                    "use a local disk, or PostgreSQL"
                );
            }
        }
    }

    struct statvfs space {};

    if (::statvfs(dir.c_str(), &space) == 0 && space.f_bavail * space.f_frsize < low_disk) {
        return warning(
            "machine.data_dir",
            "less than 1 GB is free under " + dir,
            "the disk",
            "make room before it is full"
        );
    }
    return ok("machine.data_dir", dir + " is local and writable");
}

Finding check_master_key(const std::string& file) {
    if (std::getenv("LEADBRIDGE_MASTER_KEY") != nullptr) {
        return ok("machine.master_key", "taken from LEADBRIDGE_MASTER_KEY");
    }

    struct stat info {};

    if (::stat(file.c_str(), &info) != 0) {
        return warning(
            "machine.master_key",
            file + " does not exist yet",
            "security.master_key_file",
            "the first `leadbridge serve` makes it; then keep a copy apart: a lost key is lost data"
        );
    }
    if ((info.st_mode & 077U) != 0) {
        return broken(
            "machine.master_key",
            file + " can be read by others",
            "security.master_key_file",
            "chmod 600 " + file
        );
    }
    return ok("machine.master_key", file + " is there; keep a copy apart: a lost key is lost data");
}

Finding check_clock() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    constexpr auto first_release = std::chrono::seconds(1'767'225'600);  // 2026-01-01
    if (now < first_release) {
        return broken(
            "machine.clock",
            "the clock stands before 2026",
            "the system clock",
            "switch on time synchronisation: signatures and welcome deadlines depend on it"
        );
    }
    return ok(
        "machine.clock",
        "the clock is plausible: " +
            rfc3339(std::chrono::duration_cast<std::chrono::milliseconds>(now).count())
    );
}

struct Cure {
    int errcode;
    std::string_view place;
    std::string_view fix;
};

// The codes that go wrong when a corp is connected (page 90313).
constexpr std::array cures{
    Cure{
        40001,
        "应用管理 › 自建应用 › Secret",
        "the secret is wrong or was reset: copy it again (corp.app.secret)"},
    Cure{40013, "我的企业 › 企业信息 › 企业ID", "the corp id is wrong"},
    Cure{40091, "应用管理 › 自建应用 › Secret", "the secret is wrong: copy it again"},
    Cure{
        60020,
        "应用管理 › 自建应用 › 企业可信IP",
        "add this machine's public address; it takes a minute to apply"},
    Cure{48002, "客户与上下游 › 客户联系 › 客户 › API › 可调用接口的应用", "list the app there"},
    Cure{
        84074,
        "客户与上下游 › 客户联系 › 权限配置",
        "give the members customer contact permission"},
    Cure{301002, "应用管理 › 自建应用 › AgentId", "agent_id does not belong to this secret"},
};

Finding answered(
    const std::string& check, int errcode, const std::string& errmsg, std::string good
) {
    if (errcode == 0) {
        return ok(check, std::move(good));
    }
    for (const Cure& cure : cures) {
        if (cure.errcode == errcode) {
            return broken(
                check,
                fmt::format("WeCom says {}: {}", errcode, errmsg),
                std::string(cure.place),
                std::string(cure.fix)
            );
        }
    }
    return broken(
        check,
        fmt::format("WeCom says {}: {}", errcode, errmsg),
        "developer.work.weixin.qq.com/document/path/90313",
        "look the code up there"
    );
}

struct Asked {
    int errcode = -1;
    std::string errmsg;
    std::string token;
    std::optional<Finding> unreachable;
};

Asked ask(const crm::Corp& corp, HttpClient& http, const std::string& path) {
    HttpCall call;
    call.url = corp.api_base + "/cgi-bin/" + path;
    call.connect_timeout_ms = patience_ms;
    call.timeout_ms = patience_ms;
    const auto reply = http.call(call);
    Asked out;
    if (!reply) {
        out.unreachable = broken(
            "corp.network",
            corp.api_base + " cannot be reached: " + reply.error().message,
            "corp.api_base",
            "check DNS, firewall and proxy of this machine"
        );
        return out;
    }
    auto value = parse_json(reply->body);
    if (!value || !value->is_object()) {
        out.unreachable = broken(
            "corp.network",
            corp.api_base + " does not answer like WeCom",
            "corp.api_base",
            "set it to https://qyapi.weixin.qq.com"
        );
        return out;
    }
    const json::object& object = value->get_object();
    out.errcode = static_cast<int>(json_int(object, "errcode"));
    out.errmsg = json_string(object, "errmsg");
    out.token = json_string(object, "access_token");
    return out;
}

void check_token(const crm::Corp& corp, HttpClient& http, std::vector<Finding>& out) {
    const Asked token =
        ask(corp,
            http,
            fmt::format(
                "gettoken?corpid={}&corpsecret={}",
                percent_encode(corp.wecom_id),
                percent_encode(std::string(corp.app_secret.reveal()))
            ));
    if (token.unreachable) {
        out.push_back(*token.unreachable);
        return;
    }
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

void check_callbacks(const crm::Corp& corp, std::vector<Finding>& out) {
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
                   "token and EncodingAESKey are usable; URL path /callback/wecom/" +
                       corp.wecom_id + "/" + callback.name)
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

void check_archive(const crm::Corp& corp, std::vector<Finding>& out) {
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

std::string_view to_string(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::ok:
            return "ok";
        case Verdict::warning:
            return "warning";
        case Verdict::broken:
            return "broken";
    }
    return "";
}

std::vector<Finding> check_machine(const config::Settings& settings) {
    return {
        check_data_dir(settings.server.data_dir),
        check_master_key(settings.security.master_key_file),
        check_clock()};
}

std::vector<Finding> check_corp(const crm::Corp& corp, HttpClient& http) {
    std::vector<Finding> out;
    if (corp.app_secret.empty()) {
        out.push_back(broken(
            "corp.app",
            "the app's secret is missing",
            "应用管理 › 自建应用 › Secret",
            "copy it from there"
        ));
    } else {
        check_token(corp, http, out);
    }
    check_callbacks(corp, out);
    check_archive(corp, out);
    return out;
}

}  // namespace leadbridge::gateway
