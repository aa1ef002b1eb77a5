#pragma once
// How the local WeCom seals archived chats: the way in to what fake_sdk's DecryptData opens. Not
// the vendor's cipher, which is secret; the outer part (RSA) is the true one. The format is written
// down in connectors/sandbox/fake_sdk/README.md.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/rng.h"

namespace leadbridge::sandbox {

struct ArchiveRow {  // one row of GetChatData, as it goes into the JSON
    std::int64_t seq = 0;
    std::string msgid;
    int key_version = 0;
    std::string encrypt_random_key;
    std::string encrypt_chat_msg;
};

// key: the customer's public key of key_version. message_json: the clear message, its msgid
// included.
ArchiveRow seal_archive_row(
    const crypto::RsaKey& key,
    int key_version,
    std::int64_t seq,
    std::string_view msgid,
    std::string_view message_json,
    Rng& rng
);

// {"errcode":0,"errmsg":"ok","chatdata":[...]} or, with errcode != 0, an error without rows.
std::string chatdata_json(
    const std::vector<ArchiveRow>& rows, int errcode = 0, std::string_view errmsg = "ok"
);

}  // namespace leadbridge::sandbox
