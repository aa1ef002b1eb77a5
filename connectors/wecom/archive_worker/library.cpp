#include "connectors/wecom/archive_worker/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "connectors/wecom/archive_frames.h"

namespace leadbridge::wecom::worker {

namespace {

struct Symbol {
    const char* name;
    void** place;
};

}  // namespace

int load_library(const char* file, Library& library, char* text, size_t text_size) {
    void* handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* why = dlerror();
        snprintf(text, text_size, "%s", why == nullptr ? "dlopen failed" : why);
        return frames::sdk_not_loaded;
    }
    Library lib{};
    const Symbol symbols[] = {
        {"NewSdk", reinterpret_cast<void**>(&lib.new_sdk)},
        {"Init", reinterpret_cast<void**>(&lib.init)},
        {"GetChatData", reinterpret_cast<void**>(&lib.get_chat_data)},
        {"DecryptData", reinterpret_cast<void**>(&lib.decrypt_data)},
        {"GetMediaData", reinterpret_cast<void**>(&lib.get_media_data)},
        {"DestroySdk", reinterpret_cast<void**>(&lib.destroy_sdk)},
        {"NewSlice", reinterpret_cast<void**>(&lib.new_slice)},
        {"FreeSlice", reinterpret_cast<void**>(&lib.free_slice)},
        {"GetContentFromSlice", reinterpret_cast<void**>(&lib.slice_content)},
        {"GetSliceLen", reinterpret_cast<void**>(&lib.slice_len)},
        {"NewMediaData", reinterpret_cast<void**>(&lib.new_media)},
        {"FreeMediaData", reinterpret_cast<void**>(&lib.free_media)},
        {"GetOutIndexBuf", reinterpret_cast<void**>(&lib.media_index)},
        {"GetData", reinterpret_cast<void**>(&lib.media_data)},
        {"GetIndexLen", reinterpret_cast<void**>(&lib.media_index_len)},
        {"GetDataLen", reinterpret_cast<void**>(&lib.media_data_len)},
        {"IsMediaDataFinish", reinterpret_cast<void**>(&lib.media_finished)},
    };
    size_t at = 0;
    text[0] = '\0';
    for (const Symbol& symbol : symbols) {
        *symbol.place = dlsym(handle, symbol.name);
        if (*symbol.place == nullptr && at + strlen(symbol.name) + 2 < text_size) {
            const int n = snprintf(text + at, text_size - at, at == 0 ? "%s" : " %s", symbol.name);
            at += static_cast<size_t>(n);
        }
    }
    if (at != 0) {
        dlclose(handle);
        return frames::symbols_missing;
    }
    library = lib;
    return 0;
}

}  // namespace leadbridge::wecom::worker
