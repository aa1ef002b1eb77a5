#pragma once
// How one source proves itself and where in its body the fields stand. A preset is nothing but such
// a configuration; the row's own auth and map override it key by key.
//
// auth: {"kind": "none|path|header|hmac|github|stripe|std|jdy|wjx|fanqier|feishu", "secrets":
// ["..."] (any of them fits: rotation),
//        "header": "X-Token" (header, hmac), "token": "..." (feishu's verification token),
//        "tolerance_s": 300 (0 = no limit), "allow_ips": ["203.0.113.7", "10.0.0.0/8",
//        "2001:db8::/32"]}
// map:  {"id": ALT, "name": ALT, "phone": ALT, "email": ALT, "unionid": ALT, "external_userid":
// ALT, "openid": ALT, "company": ALT,
//        "state": ALT, "form_name": ALT, "submitted_at": ALT, "time_format":
//        "auto|rfc3339|local|unix|unix_ms", "time_zone": "Asia/Shanghai", "answers": "/pointer" or
//        ["/a", "/b"], "labels": {"field_1": "姓名"}, "questions": {"phone": ["手机号"]} (field
//        from the answer to a question, by label or id), "unpack": ["/data"] (strings that hold
//        JSON), "skip": {"pointer": "/op", "values": ["data_remove"]}}
// ALT: "/pointer" or a list of alternatives; an alternative is a pointer or a list of pointers that
// are joined (all must be there). In "id" an alternative may be "header:NAME".

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace leadbridge::forms {

enum class AuthKind : std::uint8_t {
    none,
    path,
    header,
    hmac,
    github,
    stripe,
    standard_webhooks,
    jdy,
    wjx,
    fanqier,
    feishu
};

std::string_view to_string(AuthKind kind) noexcept;

struct FormAuth {
    AuthKind kind = AuthKind::path;
    std::vector<Secret> secrets;
    std::string header;
    Secret token;
    std::int64_t tolerance_s = 0;
    std::vector<std::string> allow_ips;
};

// Pointers (or "header:NAME") whose values are joined; all must be there.
using Joined = std::vector<std::string>;
// The first that is there counts.
using Alternatives = std::vector<Joined>;

enum class TimeFormat : std::uint8_t { automatic, rfc3339, local, unix_seconds, unix_ms };

struct FormMap {
    std::map<std::string, Alternatives, std::less<>> fields;  // by the names above
    TimeFormat time_format = TimeFormat::automatic;
    std::string time_zone = "Asia/Shanghai";
    std::vector<std::string> answers;
    std::vector<std::string> omit;
    std::map<std::string, std::string, std::less<>> labels;
    std::map<std::string, std::vector<std::string>, std::less<>> questions;
    std::vector<std::string> unpack;
    std::string skip_pointer;
    std::vector<std::string> skip_values;
};

enum class Challenge : std::uint8_t { none, feishu, oceanengine };

struct SourceConfig {
    std::string preset;  // its name in kinds and metrics: bounded, whatever the row says
    FormAuth auth;
    FormMap map;
    std::string ack;
    Challenge challenge = Challenge::none;
};

// kind: a preset's name; an unknown one is "generic". auth and map are JSON objects. Error{invalid}
// names the field in reason
// ("auth.kind", "map.phone"): the API shows it to whoever saves the source.
Result<SourceConfig> read_source_config(
    std::string_view kind, std::string_view auth, std::string_view map, std::string_view ack
);

// The presets' names, for the API's documentation and tests.
std::vector<std::string_view> preset_names();

}  // namespace leadbridge::forms
