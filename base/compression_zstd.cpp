#include <zstd.h>

#include <new>
#include <stdexcept>

#include "base/compression.h"

namespace leadbridge {

namespace {

struct Free {
    void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }

    void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

std::size_t must(std::size_t code) {
    if (ZSTD_isError(code) != 0U) {
        throw std::runtime_error(std::string("zstd: ") + ZSTD_getErrorName(code));
    }
    return code;
}

}  // namespace

struct Packer::State {
    std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
    std::string room = std::string(ZSTD_CStreamOutSize(), '\0');

    void run(std::string_view clear, ZSTD_EndDirective how, std::string& out) {
        ZSTD_inBuffer in{clear.data(), clear.size(), 0};
        for (;;) {
            ZSTD_outBuffer piece{room.data(), room.size(), 0};
            const std::size_t left = must(ZSTD_compressStream2(context.get(), &piece, &in, how));
            out.append(room, 0, piece.pos);
            if (how == ZSTD_e_end ? left == 0 : in.pos == in.size) {
                return;
            }
        }
    }
};

Packer::Packer(int level) : state_(std::make_unique<State>()) {
    if (!state_->context) {
        throw std::bad_alloc();
    }
    must(ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_compressionLevel, level));
}

Packer::~Packer() = default;

void Packer::pack(std::string_view clear, std::string& out) {
    state_->run(clear, ZSTD_e_continue, out);
}

void Packer::finish(std::string& out) {
    state_->run({}, ZSTD_e_end, out);
}

struct Unpacker::State {
    std::unique_ptr<ZSTD_DCtx, Free> context{ZSTD_createDCtx()};
    std::string room = std::string(ZSTD_DStreamOutSize(), '\0');
    bool ended = false;
};

Unpacker::Unpacker() : state_(std::make_unique<State>()) {
    if (!state_->context) {
        throw std::bad_alloc();
    }
}

Unpacker::~Unpacker() = default;

Status Unpacker::unpack(
    std::string_view packed, const std::function<void(std::string_view)>& give
) {
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    bool full = false;  // what is unpacked did not fit: there may be more without more input
    while (in.pos < in.size || full) {
        if (state_->ended) {
            return Error{ErrorCode::corrupt, "packed bytes go on behind their end"};
        }
        ZSTD_outBuffer piece{state_->room.data(), state_->room.size(), 0};
        const std::size_t left = ZSTD_decompressStream(state_->context.get(), &piece, &in);
        if (ZSTD_isError(left) != 0U) {
            return Error{ErrorCode::corrupt, "packed bytes are damaged"};
        }
        give(std::string_view(state_->room.data(), piece.pos));
        state_->ended = left == 0;
        full = piece.pos == piece.size && !state_->ended;
    }
    return {};
}

bool Unpacker::ended() const noexcept {
    return state_->ended;
}

}  // namespace leadbridge
