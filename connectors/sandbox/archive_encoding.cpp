#include "connectors/sandbox/archive_encoding.h"

#include <stdexcept>

#include "base/json.h"

namespace leadbridge::sandbox {

namespace {

constexpr std::size_t block = 16;
constexpr std::size_t check_bytes = 8;

template <class T>
T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error("sandbox archive: " + result.error().message);
    }
    return std::move(result).value();
}

}  // namespace

ArchiveRow seal_archive_row(
    const crypto::RsaKey& key,
    int key_version,
    std::int64_t seq,
    std::string_view msgid,
    std::string_view message_json,
    Rng& rng
) {
    const std::string random_key = rng.token(32);
    std::string plain = crypto::sha256(message_json).substr(0, check_bytes);
    plain += message_json;
    const std::size_t padding = block - plain.size() % block;
    plain.append(padding, static_cast<char>(padding));
    const std::string iv = rng.bytes(block);
    ArchiveRow row;
    row.seq = seq;
    row.msgid = msgid;
    row.key_version = key_version;
    row.encrypt_random_key = crypto::base64(must(key.encrypt_pkcs1(random_key)));
    row.encrypt_chat_msg = crypto::base64(
        iv + must(crypto::aes256_cbc_encrypt(crypto::sha256(random_key), iv, plain))
    );
    return row;
}

std::string chatdata_json(
    const std::vector<ArchiveRow>& rows, int errcode, std::string_view errmsg
) {
    json::object root{{"errcode", errcode}, {"errmsg", errmsg}};
    if (errcode == 0) {
        json::array list;
        for (const ArchiveRow& row : rows) {
            list.push_back(json::object{
                {"seq", row.seq},
                {"msgid", row.msgid},
                {"publickey_ver", row.key_version},
                {"encrypt_random_key", row.encrypt_random_key},
                {"encrypt_chat_msg", row.encrypt_chat_msg},
            });
        }
        root["chatdata"] = std::move(list);
    }
    return to_text(root);
}

}  // namespace leadbridge::sandbox
