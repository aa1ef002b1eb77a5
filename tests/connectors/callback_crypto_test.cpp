#include "connectors/wecom/callback_crypto.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/crypto.h"
#include "base/json.h"
#include "base/rng.h"
#include "connectors/wecom/jssdk_signature.h"

namespace leadbridge::wecom {
namespace {

const json::object& vectors() {
    static const json::value all = [] {
        std::ifstream in(LEADBRIDGE_TEST_DATA "/callback_vectors.json");
        const std::string text((std::istreambuf_iterator<char>(in)), {});
        auto parsed = parse_json(text);
        return parsed ? *parsed : json::value(json::object());
    }();
    return all.as_object();
}

CallbackCrypto crypto_of(const json::object& vector, std::vector<std::string> receive_ids) {
    auto made = CallbackCrypto::make(
        Secret(json_string(vector, "token")),
        Secret(json_string(vector, "encoding_aes_key")),
        std::move(receive_ids)
    );
    EXPECT_TRUE(made);
    return *made;
}

CallbackCrypto plain_crypto(std::vector<std::string> receive_ids = {"ww1"}) {
    return *CallbackCrypto::make(
        Secret("token"),
        Secret("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
        std::move(receive_ids)
    );
}

const std::string key32 =
    *crypto::unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
const std::string random16 = "0123456789abcdef";

// Encrypts a frame as it stands, so that tests can damage what seal() would get right.
std::string raw(const std::string& frame) {
    return crypto::base64(*crypto::aes256_cbc_encrypt(key32, key32.substr(0, 16), frame));
}

TEST(CallbackCrypto, opens_and_makes_every_positive_vector) {
    const auto* list = json_array(vectors(), "vectors");
    ASSERT_NE(list, nullptr);
    ASSERT_EQ(list->size(), 12U);
    for (const auto& entry : *list) {
        const auto& v = entry.as_object();
        SCOPED_TRACE(json_string(v, "name"));
        const std::string encrypt = json_string(v, "encrypt");
        const std::string timestamp = json_string(v, "timestamp");
        const std::string nonce = json_string(v, "nonce");
        const auto c = crypto_of(v, {json_string(v, "receiveid")});
        EXPECT_EQ(c.sign(timestamp, nonce, encrypt), json_string(v, "msg_signature"));
        EXPECT_TRUE(c.verify(json_string(v, "msg_signature"), timestamp, nonce, encrypt));
        const auto opened = c.open(encrypt);
        ASSERT_TRUE(opened);
        EXPECT_EQ(*opened, json_string(v, "plaintext"));
        EXPECT_EQ(
            c.seal(
                json_string(v, "plaintext"),
                *crypto::unhex(json_string(v, "random16_hex")),
                json_string(v, "receiveid")
            ),
            encrypt
        );
    }
}

TEST(CallbackCrypto, refuses_every_negative_vector_with_one_error) {
    const auto* list = json_array(vectors(), "negative");
    ASSERT_NE(list, nullptr);
    ASSERT_EQ(list->size(), 9U);
    std::string text;
    for (const auto& entry : *list) {
        const auto& v = entry.as_object();
        SCOPED_TRACE(json_string(v, "name"));
        if (json_string(v, "name") == "bad_signature") {
            const auto& base = vectors().at("vectors").as_array().at(1).as_object();
            const auto c = crypto_of(base, {json_string(base, "receiveid")});
            EXPECT_FALSE(c.verify(
                json_string(v, "msg_signature"),
                json_string(base, "timestamp"),
                json_string(base, "nonce"),
                json_string(base, "encrypt")
            ));
            continue;
        }
        const auto c = crypto_of(v, {"ww0123456789abcdef"});
        const std::string encrypt = json_string(v, "encrypt");
        EXPECT_TRUE(c.verify(
            json_string(v, "msg_signature"),
            json_string(v, "timestamp"),
            json_string(v, "nonce"),
            encrypt
        ));
        const auto opened = c.open(encrypt);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
        text = text.empty() ? opened.error().message : text;
        EXPECT_EQ(opened.error().message, text);
    }
}

TEST(CallbackCrypto, verifies_upper_case_hex_and_nothing_else) {
    const auto c = plain_crypto();
    std::string signature = c.sign("1", "n", "x");
    EXPECT_TRUE(c.verify(signature, "1", "n", "x"));
    std::string upper = signature;
    for (char& ch : upper) {
        ch = ch >= 'a' && ch <= 'f' ? static_cast<char>(ch - 'a' + 'A') : ch;
    }
    EXPECT_TRUE(c.verify(upper, "1", "n", "x"));
    EXPECT_FALSE(c.verify("", "1", "n", "x"));
    EXPECT_FALSE(c.verify(signature + " ", "1", "n", "x"));
    EXPECT_FALSE(c.verify(signature.substr(1), "1", "n", "x"));
    EXPECT_FALSE(c.verify(signature, "01", "n", "x"));
    // The parts are joined without separator: moving a byte over a border of neighbours must still
    // not pass for others.
    EXPECT_FALSE(c.verify(signature, "1", "n", "y"));
}

TEST(CallbackCrypto, knows_several_receive_ids_and_the_empty_one) {
    const auto for_two = plain_crypto({"ww1", ""});
    EXPECT_TRUE(for_two.open(for_two.seal("hello", random16, "ww1")));
    EXPECT_TRUE(for_two.open(for_two.seal("hello", random16, "")));
    EXPECT_FALSE(for_two.open(for_two.seal("hello", random16, "WW1")));
    EXPECT_FALSE(for_two.open(for_two.seal("hello", random16, "ww12")));
    const auto wrong = plain_crypto({"ww1"}).open(for_two.seal("hello", random16, ""));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().reason, "receive_id");
    EXPECT_FALSE(plain_crypto({}).open(for_two.seal("hello", random16, "")));
}

TEST(CallbackCrypto, opens_every_length_of_padding) {
    const auto c = plain_crypto();
    for (std::size_t n = 0; n < 70; ++n) {
        const std::string message(n, 'x');
        const auto opened = c.open(c.seal(message, random16, "ww1"));
        ASSERT_TRUE(opened) << n;
        EXPECT_EQ(*opened, message);
    }
}

TEST(CallbackCrypto, refuses_damaged_frames) {
    const auto c = plain_crypto({"ww1", ""});
    const std::string good = random16 + std::string("\0\0\0\1", 4) + "m" + "ww1";  // 24 bytes
    EXPECT_TRUE(c.open(raw(good + std::string(8, '\x08'))));
    EXPECT_FALSE(c.open(raw(good + std::string(7, '\x07') + '\x08')));  // unequal pad bytes
    EXPECT_FALSE(c.open(raw(good + std::string(7, '\x08') + '\0')));    // pad 0
    EXPECT_FALSE(c.open(raw(good + std::string(7, '!') + '!')));        // pad 33
    EXPECT_FALSE(c.open(raw(std::string(16, '\x20'))));                 // pad longer than all
    EXPECT_FALSE(c.open(raw(std::string(32, '\x20'))));                 // nothing but pad
    EXPECT_FALSE(
        c.open(raw(random16 + std::string("\0\0\0\5", 4) + "m" + "ww1" + std::string(8, '\x08')))
    );  // length one too long
    EXPECT_FALSE(
        c.open(raw(random16 + std::string("\xff\xff\xff\xec", 4) + "mww1" + std::string(8, '\x08')))
    );  // wraps to a legal size in 32 bits
    EXPECT_FALSE(c.open(""));
    EXPECT_FALSE(c.open("===="));
}

TEST(CallbackCrypto, names_the_setting_that_cannot_be_used) {
    const std::string key(43, 'a');
    const auto reason = [](const std::string& token, const std::string& aes) {
        auto made = CallbackCrypto::make(Secret(token), Secret(aes), {"ww1"});
        return made ? "" : made.error().reason;
    };
    EXPECT_EQ(reason("t", key), "");
    EXPECT_EQ(reason("", key), "token");
    EXPECT_EQ(reason("t", key + "="), "encoding_aes_key");
    EXPECT_EQ(reason("t", std::string(42, 'a')), "encoding_aes_key");
    EXPECT_EQ(reason("t", std::string(42, 'a') + "!"), "encoding_aes_key");
}

TEST(Envelope, reads_encrypt_in_every_form_it_comes_in) {
    const auto text = [](std::string_view body) { return read_envelope(body).value_or("refused"); };
    EXPECT_EQ(
        text("<xml><ToUserName><![CDATA[ww]]></ToUserName><AgentID/><Encrypt><![CDATA[AB=]]>"
             "</Encrypt></xml>"),
        "AB="
    );
    EXPECT_EQ(text("\xEF\xBB\xBF\n <xml>\n<Encrypt>AB=</Encrypt>\n</xml>"), "AB=");
    EXPECT_EQ(text("<xml><Encrypt><![CDATA[AB]]><![CDATA[C=]]></Encrypt></xml>"), "ABC=");
    EXPECT_EQ(text(R"( {"encrypt":"AB="})"), "AB=");
    EXPECT_EQ(text("\xEF\xBB\xBF{\"ToUserName\":\"gh\",\"Encrypt\":\"AB=\"}"), "AB=");
}

TEST(Envelope, refuses_what_could_be_read_in_two_ways) {
    const auto code = [](std::string_view body) {
        auto read = read_envelope(body);
        return read ? ErrorCode::internal : read.error().code;
    };
    EXPECT_EQ(code("<xml><Encrypt>A</Encrypt><Encrypt>B</Encrypt></xml>"), ErrorCode::invalid);
    EXPECT_EQ(code(R"({"encrypt":"A","encrypt":"B"})"), ErrorCode::invalid);
    EXPECT_EQ(code(R"({"encrypt":"A","Encrypt":"B"})"), ErrorCode::invalid);
    EXPECT_EQ(code("<xml><Encrypt></Encrypt></xml>"), ErrorCode::invalid);
    EXPECT_EQ(code("<xml></xml>"), ErrorCode::invalid);
    EXPECT_EQ(code("<xml><Encrypt>A</xml>"), ErrorCode::invalid);
    EXPECT_EQ(code(R"({"encrypt":5})"), ErrorCode::invalid);
    EXPECT_EQ(code(R"({"a":{"encrypt":"A"}})"), ErrorCode::invalid);
    EXPECT_EQ(
        code("<!DOCTYPE x [<!ENTITY a \"b\">]><xml><Encrypt>&a;</Encrypt></xml>"),
        ErrorCode::invalid
    );
    EXPECT_EQ(code("encrypt=A"), ErrorCode::unsupported);
    EXPECT_EQ(code(""), ErrorCode::invalid);
    EXPECT_EQ(
        code("<xml><Encrypt>" + std::string(1 << 20, 'A') + "</Encrypt></xml>"),
        ErrorCode::too_large
    );
}

TEST(Envelope, seals_replies_that_open_again) {
    SeededRng rng(1);
    const auto c = plain_crypto();
    const std::string reply = seal_reply(c, EnvelopeForm::xml, "<xml/>", "ww1", 1760000000, rng);
    const auto encrypt = read_envelope(reply);
    ASSERT_TRUE(encrypt);
    EXPECT_EQ(c.open(*encrypt).value_or("refused"), "<xml/>");
    const auto as_json =
        parse_json(seal_reply(c, EnvelopeForm::json, "{}", "ww1", 1760000000, rng));
    ASSERT_TRUE(as_json);
    const auto& object = as_json->as_object();
    EXPECT_TRUE(c.verify(
        json_string(object, "msgsignature"),
        "1760000000",
        json_string(object, "nonce"),
        json_string(object, "encrypt")
    ));
}

TEST(Signatures, match_the_vectors_of_jssdk_and_official_account) {
    for (const auto& entry : *json_array(vectors(), "jsapi_signature")) {
        const auto& v = entry.as_object();
        const std::string url = json_string(v, "url");
        for (const std::string& suffix : {std::string(), std::string("#/contact/7")}) {
            EXPECT_EQ(
                jssdk_signature(
                    json_string(v, "ticket"),
                    json_string(v, "noncestr"),
                    json_int(v, "timestamp"),
                    url + suffix
                ),
                json_string(v, "signature")
            );
        }
    }
    for (const auto& entry : *json_array(vectors(), "official_account_plain_signature")) {
        const auto& v = entry.as_object();
        EXPECT_EQ(
            plain_signature(
                json_string(v, "token"), json_string(v, "timestamp"), json_string(v, "nonce")
            ),
            json_string(v, "signature")
        );
    }
}

}  // namespace
}  // namespace leadbridge::wecom
