#pragma once
// The vendor's archive library, loaded at run time.

#include <stddef.h>

namespace leadbridge::wecom::worker {

// The vendor's C ABI (developer.work.weixin.qq.com/document/path/91774), restated.
struct Sdk;

struct Slice {
    char* buf;
    int len;
};

struct MediaData {
    char* outindexbuf;
    int out_len;
    char* data;
    int data_len;
    int is_finish;
};

struct Library {
    Sdk* (*new_sdk)();
    int (*init)(Sdk*, const char*, const char*);
    int (*get_chat_data
    )(Sdk*, unsigned long long, unsigned int, const char*, const char*, int, Slice*);
    int (*decrypt_data)(const char*, const char*, Slice*);
    int (*get_media_data
    )(Sdk*, const char*, const char*, const char*, const char*, int, MediaData*);
    void (*destroy_sdk)(Sdk*);
    Slice* (*new_slice)();
    void (*free_slice)(Slice*);
    char* (*slice_content)(Slice*);
    int (*slice_len)(Slice*);
    MediaData* (*new_media)();
    void (*free_media)(MediaData*);
    char* (*media_index)(MediaData*);
    char* (*media_data)(MediaData*);
    int (*media_index_len)(MediaData*);
    int (*media_data_len)(MediaData*);
    int (*media_finished)(MediaData*);
};

// 0, or a WorkerCode with the cause in `text`; the library is untouched then.
int load_library(const char* file, Library& library, char* text, size_t text_size);

}  // namespace leadbridge::wecom::worker
