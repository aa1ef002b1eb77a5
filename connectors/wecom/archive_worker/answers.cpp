#include "connectors/wecom/archive_worker/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/wecom/archive_worker/replies.h"

namespace leadbridge::wecom::worker {

using frames::Field;
using frames::Frame;

namespace {

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

bool answer_hello(Worker& worker, const Frame& request) {
    const size_t which[] = {0, 1};
    const Texts texts(request, which, 2);
    if (!texts.ok || worker.sdk != nullptr) {
        return reply_error(
            worker.out, request, frames::bad_request, "hello needs corpid and secret, once"
        );
    }
    char text[1024];
    if (worker.library.new_sdk == nullptr) {
        const int code = load_library(worker.sdk_file, worker.library, text, sizeof text);
        if (code != 0) {
            return reply_error(worker.out, request, code, text);
        }
    }
    Sdk* sdk = worker.library.new_sdk();
    const int code = sdk == nullptr ? 0 : worker.library.init(sdk, texts.at[0], texts.at[1]);
    if (sdk == nullptr || code != 0) {
        if (sdk != nullptr) {
            worker.library.destroy_sdk(sdk);
        }
        snprintf(text, sizeof text, "%d", code);
        return reply_error(worker.out, request, frames::init_failed, text);
    }
    worker.sdk = sdk;
    unsigned char version[8];
    frames::put_u64(version, frames::protocol_version);
    const Field field{version, 8};
    return reply(worker.out, request, &field, 1);
}

bool reply_slice(Worker& worker, const Frame& request, int code, Slice* slice) {
    const Library& lib = worker.library;
    if (code != 0) {
        return reply_error(worker.out, request, code, "");
    }
    const int length = lib.slice_len(slice);
    const char* content = lib.slice_content(slice);
    const Field field{
        reinterpret_cast<const unsigned char*>(content),
        content == nullptr || length < 0 ? 0 : static_cast<size_t>(length)};
    return reply(worker.out, request, &field, 1);
}

bool answer_pull(Worker& worker, const Frame& request) {
    const size_t which[] = {2, 3};
    const Texts texts(request, which, 2);
    Slice* slice = texts.ok ? worker.library.new_slice() : nullptr;
    if (slice == nullptr) {
        return reply_error(worker.out, request, frames::bad_request, "pull");
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
        return reply_error(worker.out, request, frames::bad_request, "decrypt");
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
        return reply_error(worker.out, request, frames::bad_request, "media");
    }
    const int timeout = static_cast<int>(frames::number(request.field[4]));
    const int code = lib.get_media_data(
        worker.sdk, texts.at[0], texts.at[1], texts.at[2], texts.at[3], timeout, media
    );
    bool sent = false;
    if (code != 0) {
        sent = reply_error(worker.out, request, code, "");
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
        sent = reply(worker.out, request, fields, 3);
    }
    lib.free_media(media);
    return sent;
}

}  // namespace

bool answer(Worker& worker, const Frame& request) {
    const size_t wanted[] = {0, 2, 5, 2, 5, 0};
    if (!request.ok || request.type < frames::hello || request.type > frames::quit ||
        request.fields != wanted[request.type]) {
        reply_error(worker.out, request, frames::bad_request, "unreadable frame");
        return false;
    }
    if (request.type == frames::quit) {
        reply(worker.out, request, nullptr, 0);
        return false;
    }
    if (request.type == frames::hello) {
        return answer_hello(worker, request);
    }
    if (worker.sdk == nullptr) {
        return reply_error(worker.out, request, frames::not_ready, "no successful hello");
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

}  // namespace leadbridge::wecom::worker
