#include "base/crypto.h"

#include <gtest/gtest.h>

#include <future>
#include <vector>

namespace leadbridge::crypto {
namespace {

std::string bytes(std::string_view text) {
    return unhex(text).value();
}

TEST(CryptoDigest, MatchesPublishedVectors) {
    EXPECT_EQ(hex(md5("abc")), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    EXPECT_EQ(
        hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(CryptoDigest, HmacMatchesRfc2202And4231) {
    const std::string key(20, '\x0b');
    EXPECT_EQ(hex(hmac_sha1(key, "Hi There")), "b617318655057264e28bc0b6fb378c8ef146be00");
    EXPECT_EQ(
        hex(hmac_sha256(key, "Hi There")),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    );
    EXPECT_EQ(
        hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    EXPECT_EQ(
        hex(hmac_sha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
    );
    EXPECT_EQ(
        hex(hmac_sha256(
            std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"
        )),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ) << "a key longer than a block";
}

TEST(CryptoDigest, StreamingEqualsOneShotAndCanBeReadBetween) {
    Digest digest("sha256");
    digest.update("a");
    EXPECT_EQ(digest.current(), sha256("a"));
    digest.update("");
    digest.update("bc");
    EXPECT_EQ(digest.finish(), sha256("abc"));
    EXPECT_THROW(Digest("sha512-of-nobody"), std::runtime_error);
}

TEST(CryptoDerive, HkdfMatchesRfc5869) {
    EXPECT_EQ(
        hex(hkdf_sha256(
            std::string(22, '\x0b'),
            bytes("000102030405060708090a0b0c"),
            bytes("f0f1f2f3f4f5f6f7f8f9"),
            42
        )),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    );
    EXPECT_EQ(
        hex(hkdf_sha256(std::string(22, '\x0b'), "", "", 42)),
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    );
}

TEST(CryptoDerive, ScryptMatchesRfc7914AndRefusesNonsense) {
    EXPECT_EQ(
        hex(scrypt("", "", 16, 1, 1, 64)),
        "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
        "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
    );
    EXPECT_EQ(
        hex(scrypt("password", "NaCl", 1024, 8, 16, 64)),
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    );
    EXPECT_THROW(scrypt("p", "s", 15, 1, 1, 16), std::runtime_error);
    EXPECT_THROW(scrypt("p", "s", 1ULL << 30, 8, 1, 16), std::runtime_error);
}

TEST(CryptoText, EqualInConstantTimeIsStillEquality) {
    EXPECT_TRUE(equal_constant_time("", {}));
    EXPECT_TRUE(equal_constant_time("same", "same"));
    EXPECT_FALSE(equal_constant_time("same", "samE"));
    EXPECT_FALSE(equal_constant_time("same", "same "));
}

TEST(CryptoText, HexBothWays) {
    EXPECT_EQ(hex(std::string_view("\x00\xff\x10", 3)), "00ff10");
    EXPECT_EQ(unhex("00Ff10").value(), std::string("\x00\xff\x10", 3));
    EXPECT_EQ(unhex("").value(), "");
    for (const char* wrong : {"0", "0g", "g0", " 0", "0x", "\xc3\xa9"}) {
        EXPECT_FALSE(unhex(wrong)) << wrong;
    }
}

TEST(CryptoText, Base64MatchesRfc4648) {
    const std::vector<std::pair<std::string, std::string>> vectors{
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/"},
    };
    for (const auto& [plain, coded] : vectors) {
        EXPECT_EQ(base64(plain), coded);
        EXPECT_EQ(unbase64(coded).value(), plain);
    }
    EXPECT_EQ(base64url("\xfb\xff\xbf"), "-_-_");
    EXPECT_EQ(base64url("f"), "Zg");
    EXPECT_EQ(unbase64url("Zg").value(), "f");
}

TEST(CryptoText, Base64RefusesWhatIsNotExactlyIt) {
    for (const char* wrong :
         {"Zg",
          "Zg=",
          "Z===",
          "====",
          "Zg==Zg==",
          "Zm 9",
          "Zm9\n",
          "Zm9v\n",
          "-_-_",
          "Zh==",
          "Z=g="}) {
        EXPECT_FALSE(unbase64(wrong)) << wrong;
    }
    for (const char* wrong : {"Zg==", "+/+/", "Z", "Zh"}) {
        EXPECT_FALSE(unbase64url(wrong)) << wrong;
    }
    EXPECT_EQ(unbase64("Zh==", Base64Tail::lenient).value(), "f");
}

constexpr std::string_view nist_key =
    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";

TEST(CryptoCbc, MatchesNistSp80038a) {
    const std::string key = bytes(nist_key);
    const std::string iv = bytes("000102030405060708090a0b0c0d0e0f");
    const std::string plain =
        bytes("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    const std::string cipher =
        bytes("f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d");
    EXPECT_EQ(aes256_cbc_encrypt(key, iv, plain).value(), cipher);
    EXPECT_EQ(aes256_cbc_decrypt(key, iv, cipher).value(), plain);
    EXPECT_EQ(aes256_cbc_decrypt(key, iv, "").value(), "");
}

TEST(CryptoCbc, RefusesWrongSizes) {
    const std::string key(32, 'k');
    const std::string iv(16, 'i');
    EXPECT_FALSE(aes256_cbc_decrypt(key, iv, std::string(17, 'x')));
    EXPECT_FALSE(aes256_cbc_encrypt(key, iv, std::string(15, 'x')));
    EXPECT_FALSE(aes256_cbc_decrypt(std::string(31, 'k'), iv, std::string(16, 'x')));
    EXPECT_FALSE(aes256_cbc_decrypt(key, std::string(12, 'i'), std::string(16, 'x')));
}

TEST(CryptoGcm, MatchesMcGrewViegaVectors) {
    const std::string zero_key(32, '\0');
    const std::string zero_nonce(12, '\0');
    EXPECT_EQ(
        hex(aes256_gcm_seal(zero_key, zero_nonce, "", "").value()),
        "530f8afbc74536b9a963b4f1c4cb738b"
    );
    EXPECT_EQ(
        hex(aes256_gcm_seal(zero_key, zero_nonce, std::string(16, '\0'), "").value()),
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    );
    EXPECT_EQ(
        hex(aes256_gcm_seal(
                bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
                bytes("cafebabefacedbaddecaf888"),
                bytes("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595"
                      "6809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"),
                bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2")
        )
                .value()),
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10"
        "56828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"
    );
}

TEST(CryptoGcm, OpensOnlyWhatWasSealed) {
    const std::string key(32, 'k');
    const std::string nonce(12, 'n');
    const std::string sealed = aes256_gcm_seal(key, nonce, "hello", "place").value();
    EXPECT_EQ(aes256_gcm_open(key, nonce, sealed, "place").value(), "hello");
    const auto moved = aes256_gcm_open(key, nonce, sealed, "elsewhere");
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().code, ErrorCode::corrupt);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string damaged = sealed;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        EXPECT_FALSE(aes256_gcm_open(key, nonce, damaged, "place")) << i;
    }
    EXPECT_FALSE(aes256_gcm_open(key, nonce, sealed.substr(0, 15), "place"));
    EXPECT_FALSE(aes256_gcm_open(key, nonce, "", "place"));
    EXPECT_FALSE(aes256_gcm_open(key, std::string(16, 'n'), sealed, "place"));
}

class CryptoRsa : public testing::Test {
protected:
    static const RsaKey& key() {
        static const RsaKey made = RsaKey::generate(2048);
        return made;
    }
};

TEST_F(CryptoRsa, EncryptsWithThePublicHalfAndDecryptsWithThePrivate) {
    const auto public_key = RsaKey::from_public_pem(key().public_pem());
    const auto private_key = RsaKey::from_private_pem(key().private_pem().reveal());
    ASSERT_TRUE(public_key && private_key);
    const std::string secret(32, 's');
    const auto cipher = public_key->encrypt_pkcs1(secret);
    ASSERT_TRUE(cipher);
    EXPECT_EQ(cipher->size(), 256U);
    EXPECT_EQ(private_key->decrypt_pkcs1(*cipher).value(), secret);
    EXPECT_NE(public_key->encrypt_pkcs1(secret).value(), *cipher) << "the padding is random";
    EXPECT_FALSE(public_key->decrypt_pkcs1(*cipher)) << "a public key decrypts nothing";
    EXPECT_THROW(public_key->private_pem(), std::runtime_error);
}

TEST_F(CryptoRsa, RefusesWhatDoesNotFit) {
    const RsaKey other = RsaKey::generate(2048);
    const std::string cipher = other.encrypt_pkcs1("for another").value();
    const auto clear = key().decrypt_pkcs1(cipher);
    EXPECT_TRUE(!clear || *clear != "for another");
    EXPECT_FALSE(key().decrypt_pkcs1("short"));
    EXPECT_FALSE(key().decrypt_pkcs1(""));
    EXPECT_FALSE(key().encrypt_pkcs1(std::string(246, 'x'))) << "at most 245 bytes fit";
    EXPECT_TRUE(key().encrypt_pkcs1(std::string(245, 'x')));
}

TEST_F(CryptoRsa, RefusesTextsThatAreNoKey) {
    for (const std::string& wrong :
         {std::string(),
          std::string("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
          std::string(200'000, 'A'),
          key().public_pem()}) {
        EXPECT_FALSE(RsaKey::from_private_pem(wrong));
    }
    EXPECT_FALSE(RsaKey::from_public_pem(key().private_pem().reveal()));
    const auto weak = RsaKey::from_private_pem(RsaKey::generate(512).private_pem().reveal());
    ASSERT_FALSE(weak);
    EXPECT_EQ(weak.error().code, ErrorCode::unsupported);
}

TEST_F(CryptoRsa, OneKeyServesManyThreads) {
    const std::string cipher = key().encrypt_pkcs1("shared").value();
    std::vector<std::future<std::string>> results;
    for (int i = 0; i < 4; ++i) {
        results.push_back(std::async(std::launch::async, [&] {
            std::string last;
            for (int n = 0; n < 20; ++n) {
                last = key().decrypt_pkcs1(cipher).value();
            }
            return last;
        }));
    }
    for (auto& result : results) {
        EXPECT_EQ(result.get(), "shared");
    }
}

}  // namespace
}  // namespace leadbridge::crypto
