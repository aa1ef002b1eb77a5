// leadbridge-archive-worker SDK_FILE DATA_LIMIT_BYTES PARENT_PID
// Holds the vendor's archive library for one corp and answers frames (archive_frames.h) on
// stdin/stdout. Links libc and dl only; uses nothing of the C++ library at run time. Ends with its
// parent, on a closed stdin, or on a frame it cannot read.

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "connectors/wecom/archive_frames.h"

namespace {

namespace frames = leadbridge::wecom::frames;
using frames::Field;
using frames::Frame;

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

struct Worker {
    const char* sdk_file;
    int out;  // the real stdout; descriptor 1 is given away, in case the library prints
    Library library;
    Sdk* sdk;
};

bool read_all(void* data, size_t size) {
    char* at = static_cast<char*>(data);
    while (size > 0) {
        const ssize_t n = read(STDIN_FILENO, at, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        size -= static_cast<size_t>(n);
    }
    return true;
}

bool write_all(int fd, const unsigned char* at, size_t size) {
    while (size > 0) {
        const ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        size -= static_cast<size_t>(n);
    }
    return true;
}

bool send_frame(const Worker& worker, const Frame& request, const Field* fields, size_t count) {
    const size_t size = frames::frame_bytes(fields, count);
    unsigned char* bytes = static_cast<unsigned char*>(malloc(size));
    if (bytes == nullptr) {
        return false;
    }
    const auto type = static_cast<unsigned char>(request.type | frames::reply_bit);
    frames::write(bytes, request.id, type, fields, count);
    const bool sent = write_all(worker.out, bytes, size);
    free(bytes);
    return sent;
}

Field text_field(const char* text) {
    return {reinterpret_cast<const unsigned char*>(text), strlen(text)};
}

bool reply_error(const Worker& worker, const Frame& request, int code, const char* text) {
    unsigned char number[8];
    frames::put_u64(number, static_cast<unsigned long long>(static_cast<long long>(code)));
    const Field fields[] = {{number, 8}, text_field(text)};
    return send_frame(worker, request, fields, 2);
}

// rest: the fields after the code.
bool reply(const Worker& worker, const Frame& request, const Field* rest, size_t count) {
    unsigned char number[8] = {};
    Field fields[frames::max_fields] = {{number, 8}};
    for (size_t i = 0; i < count; ++i) {
        fields[i + 1] = rest[i];
    }
    if (frames::frame_bytes(fields, count + 1) > frames::max_reply) {
        return reply_error(worker, request, frames::reply_too_large, "reply too large");
    }
    return send_frame(worker, request, fields, count + 1);
}

// A zero-terminated copy of a field for the library; nullptr when memory is refused or a zero
// stands inside.
char* copy_text(const Field& field) {
    if (field.size != 0 && memchr(field.data, 0, field.size) != nullptr) {
        return nullptr;
    }
    char* text = static_cast<char*>(malloc(field.size + 1));
    if (text != nullptr) {
        if (field.size != 0) {
            memcpy(text, field.data, field.size);
        }
        text[field.size] = '\0';
    }
    return text;
}

// The text fields of one request, freed when it is answered. Keys and secrets are wiped.
struct Texts {
    char* at[frames::max_fields] = {};
    bool ok = true;

    Texts(const Frame& frame, const size_t* which, size_t count) {
        for (size_t i = 0; i < count; ++i) {
            at[i] = copy_text(frame.field[which[i]]);
            ok = ok && at[i] != nullptr;
        }
    }

    Texts(const Texts&) = delete;
    Texts& operator=(const Texts&) = delete;

    ~Texts() {
        for (char* text : at) {
            if (text != nullptr) {
                explicit_bzero(text, strlen(text));
                free(text);
            }
        }
    }
};

struct Symbol {
    const char* name;
    void** place;
};

// 0 or a WorkerCode with `text` filled in.
int load_library(Worker& worker, char* text, size_t text_size) {
    void* handle = dlopen(worker.sdk_file, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        const char* why = dlerror();
        snprintf(text, text_size, "%s", why == nullptr ? "dlopen failed" : why);
        return frames::sdk_not_loaded;
    }
    Library& lib = worker.library;
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
    return 0;
}

bool answer_hello(Worker& worker, const Frame& request) {
    const size_t which[] = {0, 1};
    const Texts texts(request, which, 2);
    if (!texts.ok || worker.sdk != nullptr) {
        return reply_error(
            worker, request, frames::bad_request, "hello needs corpid and secret, once"
        );
    }
    char text[1024];
    if (worker.library.new_sdk == nullptr) {
        const int code = load_library(worker, text, sizeof text);
        if (code != 0) {
            worker.library = Library{};
            return reply_error(worker, request, code, text);
        }
    }
    Sdk* sdk = worker.library.new_sdk();
    const int code = sdk == nullptr ? 0 : worker.library.init(sdk, texts.at[0], texts.at[1]);
    if (sdk == nullptr || code != 0) {
        if (sdk != nullptr) {
            worker.library.destroy_sdk(sdk);
        }
        snprintf(text, sizeof text, "%d", code);
        return reply_error(worker, request, frames::init_failed, text);
    }
    worker.sdk = sdk;
    unsigned char version[8];
    frames::put_u64(version, frames::protocol_version);
    const Field field{version, 8};
    return reply(worker, request, &field, 1);
}

bool reply_slice(Worker& worker, const Frame& request, int code, Slice* slice) {
    const Library& lib = worker.library;
    if (code != 0) {
        return reply_error(worker, request, code, "");
    }
    const int length = lib.slice_len(slice);
    const char* content = lib.slice_content(slice);
    const Field field{
        reinterpret_cast<const unsigned char*>(content),
        content == nullptr || length < 0 ? 0 : static_cast<size_t>(length)};
    return reply(worker, request, &field, 1);
}

bool answer_pull(Worker& worker, const Frame& request) {
    const size_t which[] = {2, 3};
    const Texts texts(request, which, 2);
    Slice* slice = texts.ok ? worker.library.new_slice() : nullptr;
    if (slice == nullptr) {
        return reply_error(worker, request, frames::bad_request, "pull");
    }
    const int code = worker.library.get_chat_data(
        worker.sdk,
        frames::number(request.field[0]),
        static_cast<unsigned int>(frames::number(request.field[1])),
        texts.at[0],
        texts.at[1],
        static_cast<int>(frames::number(request.field[4])),
        slice
    );
    const bool sent = reply_slice(worker, request, code, slice);
    worker.library.free_slice(slice);
    return sent;
}

bool answer_decrypt(Worker& worker, const Frame& request) {
    const size_t which[] = {0, 1};
    const Texts texts(request, which, 2);
    Slice* slice = texts.ok ? worker.library.new_slice() : nullptr;
    if (slice == nullptr) {
        return reply_error(worker, request, frames::bad_request, "decrypt");
    }
    const int code = worker.library.decrypt_data(texts.at[0], texts.at[1], slice);
    const bool sent = reply_slice(worker, request, code, slice);
    worker.library.free_slice(slice);
    return sent;
}

size_t length_of(const char* data, int length) {
    return data == nullptr || length < 0 ? 0 : static_cast<size_t>(length);
}

bool answer_media(Worker& worker, const Frame& request) {
    const size_t which[] = {0, 1, 2, 3};
    const Texts texts(request, which, 4);
    const Library& lib = worker.library;
    MediaData* media = texts.ok ? lib.new_media() : nullptr;
    if (media == nullptr) {
        return reply_error(worker, request, frames::bad_request, "media");
    }
    const int timeout = static_cast<int>(frames::number(request.field[4]));
    const int code = lib.get_media_data(
        worker.sdk, texts.at[0], texts.at[1], texts.at[2], texts.at[3], timeout, media
    );
    bool sent = false;
    if (code != 0) {
        sent = reply_error(worker, request, code, "");
    } else {
        unsigned char finished[8];
        frames::put_u64(finished, lib.media_finished(media) != 0 ? 1 : 0);
        const char* index = lib.media_index(media);
        const char* data = lib.media_data(media);
        const Field fields[] = {
            {reinterpret_cast<const unsigned char*>(index),
             length_of(index, lib.media_index_len(media))},
            {finished, 8},
            {reinterpret_cast<const unsigned char*>(data),
             length_of(data, lib.media_data_len(media))},
        };
        sent = reply(worker, request, fields, 3);
    }
    lib.free_media(media);
    return sent;
}

// False = the worker ends.
bool answer(Worker& worker, const Frame& request) {
    const size_t wanted[] = {0, 2, 5, 2, 5, 0};
    if (!request.ok || request.type < frames::hello || request.type > frames::quit ||
        request.fields != wanted[request.type]) {
        reply_error(worker, request, frames::bad_request, "unreadable frame");
        return false;
    }
    if (request.type == frames::quit) {
        reply(worker, request, nullptr, 0);
        return false;
    }
    if (request.type == frames::hello) {
        return answer_hello(worker, request);
    }
    if (worker.sdk == nullptr) {
        return reply_error(worker, request, frames::not_ready, "no successful hello");
    }
    switch (request.type) {
        case frames::pull:
            return answer_pull(worker, request);
        case frames::decrypt:
            return answer_decrypt(worker, request);
        default:
            return answer_media(worker, request);
    }
}

void serve(Worker& worker) {
    for (;;) {
        unsigned char size_field[frames::size_bytes];
        if (!read_all(size_field, sizeof size_field)) {
            return;
        }
        const size_t size = frames::get_u32(size_field);
        if (size < frames::header_bytes || size > frames::max_request) {
            fprintf(stderr, "leadbridge-archive-worker: frame of %zu bytes refused\n", size);
            return;
        }
        unsigned char* body = static_cast<unsigned char*>(malloc(size));
        if (body == nullptr || !read_all(body, size)) {
            free(body);
            return;
        }
        const bool go_on = answer(worker, frames::parse(body, size));
        explicit_bzero(body, size);
        free(body);
        if (!go_on) {
            return;
        }
    }
}

void close_others() {
    DIR* dir = opendir("/proc/self/fd");
    if (dir == nullptr) {
        return;
    }
    while (const dirent* entry = readdir(dir)) {
        const int fd = atoi(entry->d_name);
        if (fd > STDERR_FILENO && fd != dirfd(dir)) {
            close(fd);
        }
    }
    closedir(dir);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

void limit_memory(unsigned long long bytes) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);  // a core would hold keys and chats
    // A sanitizer's shadow counts as data; the parent watches the resident size in any case.
    const rlimit data{bytes, bytes};
    if (bytes > 0 && !sanitized && setrlimit(RLIMIT_DATA, &data) != 0) {
        fprintf(stderr, "leadbridge-archive-worker: memory cap refused: %s\n", strerror(errno));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        fputs("usage: leadbridge-archive-worker SDK_FILE DATA_LIMIT_BYTES PARENT_PID\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != static_cast<pid_t>(atol(argv[3]))) {
        return 1;  // the parent went before the line above
    }
    signal(SIGPIPE, SIG_IGN);
    close_others();
    limit_memory(strtoull(argv[2], nullptr, 10));
    Worker worker{argv[1], fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), Library{}, nullptr};
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (worker.out < 0 || nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) {
        return 1;
    }
    serve(worker);
    if (worker.sdk != nullptr) {
        worker.library.destroy_sdk(worker.sdk);
    }
    return 0;
}
