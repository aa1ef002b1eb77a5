#include "connectors/wecom/archive_codec.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "connectors/wecom/archive_frames.h"

namespace leadbridge::wecom {

namespace {

struct Meaning {
    int code;
    ErrorCode error;
    std::string_view reason;
    std::string_view text;
};

constexpr std::array meanings{
    Meaning{
        10000, ErrorCode::auth, "bad_parameter", "bad parameter: check corpid and archive secret"},
    Meaning{
        10001,
        ErrorCode::retry_later,
        "network",
        "network or proxy failed: check the corp's archive proxy"},
    Meaning{10002, ErrorCode::retry_later, "sdk_parse", "the library could not read the reply"},
    Meaning{10003, ErrorCode::retry_later, "sdk_system", "system error of the library"},
    Meaning{10005, ErrorCode::permanent, "bad_fileid", "the file id is refused"},
    Meaning{
        10006,
        ErrorCode::corrupt,
        "wrong_key",
        "the message does not decrypt: wrong private key for its version"},
    Meaning{
        10008,
        ErrorCode::corrupt,
        "wrong_key",
        "the message does not decrypt: wrong private key for its version"},
    Meaning{
        10009,
        ErrorCode::auth,
        "untrusted_ip",
        "this address is not in the archive's trusted IPs: add it in the console"},
    Meaning{10010, ErrorCode::not_found, "expired", "older than five days: no longer served"},
    Meaning{
        10011,
        ErrorCode::retry_later,
        "ssl",
        "TLS certificate refused: check the proxy and the system's certificates"},
    Meaning{
        301042,
        ErrorCode::auth,
        "untrusted_ip",
        "this address is not in the archive's trusted IPs: add it in the console"},
    Meaning{301048, ErrorCode::not_found, "deleted", "the file is gone"},
    Meaning{
        301052,
        ErrorCode::forbidden,
        "service_expired",
        "the archive service has expired: renew it in the console"},
    Meaning{
        301058,
        ErrorCode::too_large,
        "page_too_large",
        "the page is too big: a smaller limit is tried"},
    Meaning{40001, ErrorCode::auth, "bad_secret", "the archive secret is refused"},
    Meaning{40013, ErrorCode::auth, "bad_corpid", "the corpid is refused"},
    Meaning{41001, ErrorCode::auth, "bad_secret", "the archive secret is refused"},
    Meaning{
        60020,
        ErrorCode::auth,
        "untrusted_ip",
        "this address is not in the archive's trusted IPs: add it in the console"},
    Meaning{45009, ErrorCode::limited, "rate", "too many calls"},
    Meaning{45033, ErrorCode::limited, "concurrency", "too many calls at once"},
    Meaning{-1, ErrorCode::retry_later, "busy", "WeCom is busy"},
};

constexpr std::array worker_meanings{
    Meaning{
        frames::sdk_not_loaded,
        ErrorCode::permanent,
        "sdk_missing",
        "the archive library cannot be loaded: check the corp's archive.sdk path"},
    Meaning{
        frames::symbols_missing,
        ErrorCode::permanent,
        "sdk_symbols",
        "the archive library lacks functions: use libWeWorkFinanceSdk_C.so for this machine"},
    Meaning{
        frames::init_failed,
        ErrorCode::auth,
        "init_failed",
        "Init of the archive library failed: check corpid and archive secret"},
    Meaning{
        frames::bad_request,
        ErrorCode::invalid,
        "bad_request",
        "the worker could not read the request"},
    Meaning{
        frames::reply_too_large,
        ErrorCode::too_large,
        "page_too_large",
        "the reply is too big: a smaller limit is tried"},
    Meaning{frames::not_ready, ErrorCode::retry_later, "not_ready", "the worker was not ready"},
    Meaning{
        frames::out_of_memory,
        ErrorCode::too_large,
        "out_of_memory",
        "the worker ran out of memory"},
};

Error make_error(const Meaning& meaning, int code, std::string_view what, std::string_view detail) {
    Error error{
        meaning.error,
        fmt::format("{}: {}", what, meaning.text),
        std::string(meaning.reason),
        code};
    if (!detail.empty()) {
        error.message += fmt::format(" ({})", detail);
    }
    return error;
}

Error worker_error(int code, std::string_view what, std::string_view detail) {
    for (const Meaning& meaning : worker_meanings) {
        if (meaning.code == code) {
            return make_error(meaning, code, what, detail);
        }
    }
    return {ErrorCode::internal, fmt::format("{}: worker code {}", what, code), {}, code};
}

Result<archive::PulledMessage> parse_row(const json::value& value) {
    if (!value.is_object()) {
        return Error{ErrorCode::invalid, "chatdata: a row is not an object"};
    }
    const json::object& row = value.get_object();
    archive::PulledMessage message;
    message.seq = json_int(row, "seq");
    message.msgid = json_string(row, "msgid");
    message.key_version = static_cast<int>(json_int(row, "publickey_ver"));
    message.random_key = json_string(row, "encrypt_random_key");
    message.message = json_string(row, "encrypt_chat_msg");
    if (message.seq <= 0) {
        return Error{ErrorCode::invalid, "chatdata: a row has no seq"};
    }
    return message;
}

}  // namespace

Error sdk_error(int code, std::string_view what, std::string_view detail) {
    for (const Meaning& meaning : meanings) {
        if (meaning.code == code) {
            return make_error(meaning, code, what, detail);
        }
    }
    return {
        ErrorCode::retry_later,
        fmt::format("{}: unknown code {}", what, code),
        "unknown_code",
        code};
}

Error worker_code_error(int code, std::string_view what, std::string_view detail) {
    return code < 0 ? worker_error(code, what, detail) : sdk_error(code, what, detail);
}

Result<archive::PulledPage> parse_chat_page(std::string_view text) {
    auto root = parse_json(text, {.max_bytes = frames::max_reply, .max_depth = 16});
    if (!root) {
        return Error{ErrorCode::retry_later, "GetChatData: " + root.error().message, "bad_json"};
    }
    if (!root->is_object()) {
        return Error{ErrorCode::retry_later, "GetChatData: not an object", "bad_json"};
    }
    const json::object& object = root->get_object();
    if (const auto code = json_int(object, "errcode"); code != 0) {
        return sdk_error(static_cast<int>(code), "GetChatData");
    }
    archive::PulledPage page;
    if (const json::array* rows = json_array(object, "chatdata")) {
        page.messages.reserve(rows->size());
        for (const json::value& value : *rows) {
            auto row = parse_row(value);
            if (!row) {
                return std::move(row).error();
            }
            page.messages.push_back(std::move(*row));
        }
    }
    std::ranges::stable_sort(page.messages, {}, &archive::PulledMessage::seq);
    return page;
}

}  // namespace leadbridge::wecom
