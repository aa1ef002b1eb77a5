#pragma once
// Signature that lets a page use WeCom's JS-SDK (document/path/90506; wx.config and wx.agentConfig
// differ only in the ticket).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/crypto.h"

namespace leadbridge::wecom {

// url: the page's address without '#' and what follows; it must be the one the browser shows, byte
// for byte.
inline std::string jssdk_signature(
    std::string_view ticket, std::string_view nonce, std::int64_t unix_seconds, std::string_view url
) {
    std::string text = "jsapi_ticket=";
    text += ticket;
    text += "&noncestr=";
    text += nonce;
    text += "&timestamp=";
    text += std::to_string(unix_seconds);
    text += "&url=";
    text += url.substr(0, url.find('#'));
    return crypto::hex(crypto::sha1(text));
}

}  // namespace leadbridge::wecom
