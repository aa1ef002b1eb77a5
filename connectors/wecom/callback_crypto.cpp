#include "connectors/wecom/callback_crypto.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/crypto.h"
#include "base/json.h"
#include "base/xml.h"

namespace leadbridge::wecom {

namespace {

constexpr std::size_t max_body = 1 << 20;
constexpr std::size_t frame_head = 20;  // random16 and length
constexpr std::size_t max_pad = 32;
constexpr std::string_view uniform_text = "the callback cannot be opened";

Error refusal(std::string_view reason) {
    return Error{ErrorCode::corrupt, std::string(uniform_text), std::string(reason)};
}

template <std::size_t n>
std::string sorted_sha1(std::array<std::string_view, n> parts) {
    std::sort(parts.begin(), parts.end());
    std::string all;
    for (auto part : parts) {
        all += part;
    }
    return crypto::hex(crypto::sha1(all));
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return out;
}

// Length without padding, or 0 when the padding is wrong. The block is 32, not AES's 16, and every
// byte is checked: the official samples look at the last one only.
std::size_t unpadded_length(std::string_view plain) {
    const auto pad = static_cast<std::size_t>(static_cast<unsigned char>(plain.back()));
    if (pad == 0 || pad > max_pad || pad > plain.size()) {
        return 0;
    }
    unsigned difference = 0;
    for (char c : plain.substr(plain.size() - pad)) {
        difference |=
            static_cast<unsigned>(static_cast<unsigned char>(c)) ^ static_cast<unsigned>(pad);
    }
    return difference == 0 ? plain.size() - pad : 0;
}

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (char c : bytes) {
        value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
}

Result<std::string> read_xml_envelope(std::string_view body) {
    auto root = parse_xml(body);
    if (!root) {
        return std::move(root).error();
    }
    if (root->count("Encrypt") != 1 || root->value("Encrypt").empty()) {
        return Error{ErrorCode::invalid, "the envelope must hold one Encrypt element"};
    }
    return std::string(root->value("Encrypt"));
}

// A parser keeps one of two equal keys; which one depends on the parser, so two are refused. Base64
// holds no quotes.
std::size_t count_encrypt_keys(std::string_view body) {
    const std::string text = lower(body);
    std::size_t found = 0;
    for (auto at = text.find("\"encrypt\""); at != std::string::npos;
         at = text.find("\"encrypt\"", at + 1)) {
        ++found;
    }
    return found;
}

Result<std::string> read_json_envelope(std::string_view body) {
    auto root = parse_json(body);
    if (!root) {
        return std::move(root).error();
    }
    if (!root->is_object() || count_encrypt_keys(body) != 1) {
        return Error{ErrorCode::invalid, "the envelope must hold one encrypt field"};
    }
    for (const auto* key : {"encrypt", "Encrypt"}) {
        const auto* value = root->as_object().if_contains(key);
        if (value != nullptr && value->is_string() && !value->as_string().empty()) {
            return std::string(value->as_string());
        }
    }
    return Error{ErrorCode::invalid, "the envelope must hold one encrypt field"};
}

}  // namespace

Result<CallbackCrypto> CallbackCrypto::make(
    Secret token, const Secret& encoding_aes_key, std::vector<std::string> receive_ids
) {
    if (token.empty()) {
        return Error{ErrorCode::invalid, "token is empty", "token"};
    }
    if (encoding_aes_key.reveal().size() != 43) {
        return Error{
            ErrorCode::invalid, "encoding_aes_key must have 43 characters", "encoding_aes_key"};
    }
    // The last character carries 4 useful bits; WeCom generates keys whose other bits are set.
    auto key =
        crypto::unbase64(std::string(encoding_aes_key.reveal()) + "=", crypto::Base64Tail::lenient);
    if (!key || key->size() != 32) {
        return Error{
            ErrorCode::invalid, "encoding_aes_key is not base64 of 32 bytes", "encoding_aes_key"};
    }
    CallbackCrypto made;
    made.token_ = std::move(token);
    made.key_ = Secret(std::move(*key));
    made.receive_ids_ = std::move(receive_ids);
    return made;
}

std::string CallbackCrypto::sign(
    std::string_view timestamp, std::string_view nonce, std::string_view encrypt
) const {
    return sorted_sha1<4>({token_.reveal(), timestamp, nonce, encrypt});
}

bool CallbackCrypto::verify(
    std::string_view signature,
    std::string_view timestamp,
    std::string_view nonce,
    std::string_view encrypt
) const {
    return crypto::equal_constant_time(sign(timestamp, nonce, encrypt), lower(signature));
}

Result<std::string> CallbackCrypto::open(std::string_view encrypt) const {
    auto cipher = crypto::unbase64(encrypt);
    if (!cipher || cipher->empty() || cipher->size() % 16 != 0) {
        return refusal("cipher");
    }
    auto plain = crypto::aes256_cbc_decrypt(key_.reveal(), key_.reveal().substr(0, 16), *cipher);
    if (!plain || plain->empty()) {
        return refusal("cipher");
    }
    const std::size_t total = unpadded_length(*plain);
    if (total < frame_head) {
        return refusal("cipher");
    }
    const std::string_view frame = std::string_view(*plain).substr(0, total);
    const std::uint64_t length = big_endian(frame.substr(16, 4));
    if (length > total - frame_head) {
        return refusal("cipher");
    }
    const auto message_length = static_cast<std::size_t>(length);
    const std::string_view receive_id = frame.substr(frame_head + message_length);
    if (std::find(receive_ids_.begin(), receive_ids_.end(), receive_id) == receive_ids_.end()) {
        return refusal("receive_id");
    }
    return std::string(frame.substr(frame_head, message_length));
}

std::string CallbackCrypto::seal(
    std::string_view message, std::string_view random16, std::string_view receive_id
) const {
    assert(random16.size() == 16 && message.size() <= 0xffffffffU);
    std::string plain(random16);
    for (int shift = 24; shift >= 0; shift -= 8) {
        plain += static_cast<char>(static_cast<unsigned char>(message.size() >> shift & 0xffU));
    }
    plain += message;
    plain += receive_id;
    const std::size_t pad = max_pad - plain.size() % max_pad;
    plain.append(pad, static_cast<char>(pad));
    auto cipher = crypto::aes256_cbc_encrypt(key_.reveal(), key_.reveal().substr(0, 16), plain);
    assert(cipher);
    return crypto::base64(*cipher);
}

Result<std::string> read_envelope(std::string_view body) {
    if (body.size() > max_body) {
        return Error{ErrorCode::too_large, "the body is larger than 1 MiB"};
    }
    if (body.starts_with("\xEF\xBB\xBF")) {
        body.remove_prefix(3);
    }
    const auto first = body.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return Error{ErrorCode::invalid, "the body is empty"};
    }
    body.remove_prefix(first);
    if (body.front() == '<') {
        return read_xml_envelope(body);
    }
    if (body.front() == '{') {
        return read_json_envelope(body);
    }
    return Error{ErrorCode::unsupported, "the body is neither XML nor JSON"};
}

std::string seal_reply(
    const CallbackCrypto& crypto,
    EnvelopeForm form,
    std::string_view message,
    std::string_view receive_id,
    std::int64_t unix_seconds,
    Rng& rng
) {
    const std::string encrypt = crypto.seal(message, rng.bytes(16), receive_id);
    const std::string timestamp = std::to_string(unix_seconds);
    const std::string nonce = rng.token(16);
    const std::string signature = crypto.sign(timestamp, nonce, encrypt);
    if (form == EnvelopeForm::json) {
        json::object out;
        out["encrypt"] = encrypt;
        out["msgsignature"] = signature;
        out["timestamp"] = unix_seconds;
        out["nonce"] = nonce;
        return to_text(out);
    }
    return "<xml><Encrypt><![CDATA[" + encrypt + "]]></Encrypt><MsgSignature><![CDATA[" +
           signature + "]]></MsgSignature><TimeStamp>" + timestamp +
           "</TimeStamp><Nonce><![CDATA[" + nonce + "]]></Nonce></xml>";
}

std::string plain_signature(
    std::string_view token, std::string_view timestamp, std::string_view nonce
) {
    return sorted_sha1<3>({token, timestamp, nonce});
}

}  // namespace leadbridge::wecom
