#pragma once
// Whether a post comes from whom it says. All comparisons are in constant time over every
// configured secret (rotation).
//   github   X-Hub-Signature-256: sha256=hex(HMAC-SHA256(secret, body))         hmac  the same in a
//   header of choice stripe   Stripe-Signature: t=..,v1=hex(HMAC-SHA256(secret, t "." body)) std
//   webhook-id, -timestamp, -signature (standardwebhooks.com) jdy      X-JDY-Signature: sha1(nonce
//   ":" body ":" secret ":" timestamp)      feishu X-Lark-Signature: sha256(timestamp nonce secret
//   body) wjx      sign = sha1(activity index secret), without the answers             fanqier sign
//   = sha1(data time secret)

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/http_types.h"
#include "base/result.h"
#include "base/secret.h"
#include "connectors/forms/source_config.h"

namespace leadbridge::forms {

enum class Refusal : std::uint8_t { address, signature, too_old };

// nullopt: the request may be believed. path_secret: what stood behind the source's id in the path.
// Of feishu only the signature is checked here; a request without one is refused, its challenge is
// the connector's affair.
std::optional<Refusal> refuse(
    const FormAuth& auth, const Request& request, std::string_view path_secret, UnixMillis now
);

bool address_allowed(const FormAuth& auth, std::string_view remote_address);

// Feishu's sealed body {"encrypt": ".."} opened with one of the secrets; AES-256-CBC, key =
// SHA-256(secret), iv in front. Error{corrupt}, always the same.
Result<std::string> feishu_open(const std::vector<Secret>& secrets, std::string_view encrypt);

}  // namespace leadbridge::forms
