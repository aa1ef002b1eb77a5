// The 17 functions of libWeWorkFinanceSdk_C.so (developer.work.weixin.qq.com/document/path/91774)
// against the local WeCom. Names and types are the vendor's; see README.md.

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "connectors/sandbox/fake_sdk/cipher.h"
#include "connectors/sandbox/fake_sdk/http_get.h"

namespace {

constexpr int bad_parameter = 10000;
constexpr int network = 10001;

std::string text_of(const char* text) {
    return text == nullptr ? std::string() : std::string(text);
}

char* copy_of(const std::string& text) {
    char* out = static_cast<char*>(std::malloc(text.size() + 1));
    if (out != nullptr) {
        std::memcpy(out, text.c_str(), text.size() + 1);
    }
    return out;
}

fake_sdk::Reply ask(
    const char* proxy, const char* passwd, const std::string& target, int timeout_s
) {
    const std::string password = text_of(passwd);
    const std::string authorization = password.empty() ? "" : "Basic " + fake_sdk::base64(password);
    return fake_sdk::http_get(text_of(proxy), target, authorization, timeout_s);
}

// What the server wants this call to come to: 0 = its body is good.
int verdict(const fake_sdk::Reply& reply) {
    if (!reply.ok) {
        return network;
    }
    if (reply.header("X-Sdk-Crash") == "1") {
        std::abort();
    }
    if (const std::string hang = reply.header("X-Sdk-Hang"); !hang.empty()) {
        sleep(static_cast<unsigned>(std::atoi(hang.c_str())));
    }
    if (const int code = std::atoi(reply.header("X-Sdk-Error").c_str()); code != 0) {
        return code;
    }
    return reply.status == 200 ? 0 : network;
}

}  // namespace

extern "C" {

struct WeWorkFinanceSdk_t {
    std::string corpid;
    std::string secret;
};

struct Slice_t {
    char* buf;
    int len;
};

struct MediaData_t {
    char* outindexbuf;
    int out_len;
    char* data;
    int data_len;
    int is_finish;
};

WeWorkFinanceSdk_t* NewSdk() {
    return new WeWorkFinanceSdk_t{};
}

int Init(WeWorkFinanceSdk_t* sdk, const char* corpid, const char* secret) {
    if (sdk == nullptr || text_of(corpid).empty() || text_of(secret).empty()) {
        return bad_parameter;
    }
    sdk->corpid = corpid;
    sdk->secret = secret;
    return 0;
}

void DestroySdk(WeWorkFinanceSdk_t* sdk) {
    delete sdk;
}

int GetChatData(
    WeWorkFinanceSdk_t* sdk,
    unsigned long long seq,
    unsigned int limit,
    const char* proxy,
    const char* passwd,
    int timeout,
    Slice_t* out
) {
    if (sdk == nullptr || out == nullptr || limit == 0 || limit > 1'000) {
        return bad_parameter;
    }
    const std::string target =
        "/sandbox/archive/chatdata?corpid=" + fake_sdk::percent(sdk->corpid) +
        "&secret=" + fake_sdk::percent(sdk->secret) + "&seq=" + std::to_string(seq) +
        "&limit=" + std::to_string(limit);
    const auto reply = ask(proxy, passwd, target, timeout);
    if (const int code = verdict(reply); code != 0) {
        return code;
    }
    out->buf = copy_of(reply.body);
    out->len = static_cast<int>(reply.body.size());
    return 0;
}

int DecryptData(const char* encrypt_key, const char* encrypt_msg, Slice_t* out) {
    if (out == nullptr) {
        return bad_parameter;
    }
    const auto opened = fake_sdk::open_message(text_of(encrypt_key), text_of(encrypt_msg));
    if (opened.code == 0) {
        out->buf = copy_of(opened.text);
        out->len = static_cast<int>(opened.text.size());
    }
    return opened.code;
}

int GetMediaData(
    WeWorkFinanceSdk_t* sdk,
    const char* indexbuf,
    const char* sdk_fileid,
    const char* proxy,
    const char* passwd,
    int timeout,
    MediaData_t* out
) {
    if (sdk == nullptr || out == nullptr || text_of(sdk_fileid).empty()) {
        return bad_parameter;
    }
    const std::string target = "/sandbox/archive/media?corpid=" + fake_sdk::percent(sdk->corpid) +
                               "&secret=" + fake_sdk::percent(sdk->secret) +
                               "&fileid=" + fake_sdk::percent(sdk_fileid) +
                               "&index=" + fake_sdk::percent(text_of(indexbuf));
    const auto reply = ask(proxy, passwd, target, timeout);
    if (const int code = verdict(reply); code != 0) {
        return code;
    }
    const std::string next = reply.header("X-Next-Index");
    out->outindexbuf = copy_of(next);
    out->out_len = static_cast<int>(next.size());
    out->data = copy_of(reply.body);
    out->data_len = static_cast<int>(reply.body.size());
    out->is_finish = reply.header("X-Finish") == "1" ? 1 : 0;
    return 0;
}

Slice_t* NewSlice() {
    return new Slice_t{};
}

void FreeSlice(Slice_t* slice) {
    if (slice != nullptr) {
        std::free(slice->buf);
        delete slice;
    }
}

char* GetContentFromSlice(Slice_t* slice) {
    return slice->buf;
}

int GetSliceLen(Slice_t* slice) {
    return slice->len;
}

MediaData_t* NewMediaData() {
    return new MediaData_t{};
}

void FreeMediaData(MediaData_t* media) {
    if (media != nullptr) {
        std::free(media->outindexbuf);
        std::free(media->data);
        delete media;
    }
}

char* GetOutIndexBuf(MediaData_t* media) {
    return media->outindexbuf;
}

char* GetData(MediaData_t* media) {
    return media->data;
}

int GetIndexLen(MediaData_t* media) {
    return media->out_len;
}

int GetDataLen(MediaData_t* media) {
    return media->data_len;
}

int IsMediaDataFinish(MediaData_t* media) {
    return media->is_finish;
}

}  // extern "C"
