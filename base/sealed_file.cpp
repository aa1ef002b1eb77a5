#include "base/sealed_file.h"

#include <fcntl.h>

#include "base/compression.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/little_endian.h"

namespace leadbridge {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view magic = "LBSEAL1\n";
constexpr std::size_t salt_size = 32;
constexpr std::size_t piece_size = 1 << 20;
constexpr std::size_t tag_size = 16;
constexpr std::size_t key_size = 32;

File make_new(const fs::path& path) {
    File file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), path);
    if (file.fd() < 0) {
        fail_on_file("make", path);
    }
    return file;
}

File open_old(const fs::path& path) {
    File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path);
    if (file.fd() < 0) {
        fail_on_file("open", path);
    }
    return file;
}

enum class Place : bool { more, last };

// Key, nonces and bounds of one file's pieces.
class Pieces {
public:
    Pieces(const Secret& master, std::string salt, std::string_view role)
        : key_(backup_key(master, salt)), bound_(std::move(salt) + std::string(role)) {}

    std::string seal(std::int64_t index, Place place, std::string_view plain) const {
        auto sealed =
            crypto::aes256_gcm_seal(key_.reveal(), nonce(index), plain, bound(index, place));
        if (!sealed) {
            throw std::runtime_error("sealing failed: " + sealed.error().message);
        }
        return std::move(*sealed);
    }

    Result<std::string> open(std::int64_t index, Place place, std::string_view sealed) const {
        return crypto::aes256_gcm_open(key_.reveal(), nonce(index), sealed, bound(index, place));
    }

private:
    static std::string nonce(std::int64_t index) {
        std::string out(12, '\0');
        for (std::size_t i = 0; i < 8; ++i) {
            out[i] = static_cast<char>(static_cast<std::uint64_t>(index) >> (8 * i) & 255U);
        }
        return out;
    }

    std::string bound(std::int64_t index, Place place) const {
        return bound_ + ":" + std::to_string(index) + (place == Place::last ? ":last" : ":more");
    }

    Secret key_;
    std::string bound_;
};

class PieceWriter {
public:
    PieceWriter(const File& file, const Pieces& pieces, std::string_view head)
        : file_(file), pieces_(pieces), at_(static_cast<std::int64_t>(head.size())) {
        file_.write(0, head);
    }

    // Whole pieces of what waits, but never the last one.
    void take(std::string& waiting) {
        std::size_t from = 0;
        for (; waiting.size() - from > piece_size; from += piece_size) {
            put(Place::more, std::string_view(waiting).substr(from, piece_size));
        }
        waiting.erase(0, from);
    }

    std::int64_t finish(std::string_view rest) {
        put(Place::last, rest);
        file_.sync();
        return at_;
    }

private:
    void put(Place place, std::string_view plain) {
        const std::string sealed = pieces_.seal(index_++, place, plain);
        file_.write(at_, u32(sealed.size()) + sealed);
        at_ += static_cast<std::int64_t>(sealed.size()) + 4;
    }

    const File& file_;
    const Pieces& pieces_;
    std::int64_t at_;
    std::int64_t index_ = 0;
};

Error damaged(const fs::path& path, const std::string& what) {
    return Error{ErrorCode::corrupt, path.string() + ": " + what, "backup_damaged"};
}

Error given_up(const fs::path& path) {
    return Error{ErrorCode::conflict, path.string() + ": given up", "given_up"};
}

// The piece at `at`; empty when it is not whole.
std::string read_piece(const File& file, std::int64_t at) {
    const std::string prefix = file.read(at, 4);
    const std::size_t length = prefix.size() == 4 ? u32(prefix) : 0;
    if (length < tag_size || length > piece_size + tag_size) {
        return {};
    }
    std::string sealed = file.read(at + 4, length);
    return sealed.size() == length ? sealed : std::string{};
}

// Where the clear bytes go.
struct ClearFile {
    File file;
    crypto::Digest digest{"sha256"};
    std::int64_t size = 0;

    void add(std::string_view bytes) {
        file.write(size, bytes);
        digest.update(bytes);
        size += static_cast<std::int64_t>(bytes.size());
    }
};

Status open_pieces(
    const File& in, const Pieces& pieces, ClearFile& out, const KeepGoing& keep_going
) {
    const std::int64_t end = in.size();
    std::int64_t at = magic.size() + salt_size;
    Unpacker unpacker;
    for (std::int64_t index = 0;; ++index) {
        const std::string sealed = read_piece(in, at);
        if (sealed.empty()) {
            return damaged(in.path(), "it is cut short");
        }
        at += static_cast<std::int64_t>(sealed.size()) + 4;
        const Place place = at == end ? Place::last : Place::more;
        auto plain = pieces.open(index, place, sealed);
        if (!plain) {
            return damaged(
                in.path(),
                index == 0 ? "it does not open: damaged, put in another's place, or of another "
                             "master key"
                           : "piece " + std::to_string(index) + " does not open: damaged or cut"
            );
        }
        if (!unpacker.unpack(*plain, [&](std::string_view bytes) { out.add(bytes); })) {
            return damaged(in.path(), "what is in it cannot be unpacked");
        }
        if (keep_going && !keep_going(out.size)) {
            return given_up(in.path());
        }
        if (place == Place::last) {
            return unpacker.ended() ? Status{}
                                    : Status{damaged(in.path(), "its content has no end")};
        }
    }
}

}  // namespace

std::string backup_key(const Secret& master, std::string_view salt) {
    return crypto::hkdf_sha256(master.reveal(), salt, "leadbridge backup", key_size);
}

std::string master_key_print(const Secret& master) {
    return crypto::hex(
        crypto::hkdf_sha256(master.reveal(), "", "leadbridge master key print for people", 8)
    );
}

Result<SealedInfo> seal_file(
    const fs::path& clear,
    const fs::path& sealed,
    const Secret& master,
    std::string_view role,
    Rng& rng,
    const KeepGoing& keep_going
) {
    const File in = open_old(clear);
    const File out = make_new(sealed);
    const std::string salt = rng.bytes(salt_size);
    const Pieces pieces(master, salt, role);
    PieceWriter writer(out, pieces, std::string(magic) + salt);
    Packer packer;
    crypto::Digest digest("sha256");
    std::string waiting;
    SealedInfo info;
    for (;;) {
        const std::string bytes = in.read(info.clear_bytes, piece_size);
        if (bytes.empty()) {
            break;
        }
        info.clear_bytes += static_cast<std::int64_t>(bytes.size());
        digest.update(bytes);
        packer.pack(bytes, waiting);
        writer.take(waiting);
        if (keep_going && !keep_going(info.clear_bytes)) {
            return given_up(sealed);
        }
    }
    packer.finish(waiting);
    writer.take(waiting);
    info.file_bytes = writer.finish(waiting);
    info.sha256 = crypto::hex(digest.finish());
    return info;
}

Result<SealedInfo> open_sealed_file(
    const fs::path& sealed,
    const fs::path& clear,
    const Secret& master,
    std::string_view role,
    const KeepGoing& keep_going
) {
    const File in = open_old(sealed);
    const std::string head = in.read(0, magic.size() + salt_size);
    if (head.size() != magic.size() + salt_size || !head.starts_with(magic)) {
        return damaged(sealed, "it is not a sealed file of LeadBridge, or its head is damaged");
    }
    const Pieces pieces(master, head.substr(magic.size()), role);
    ClearFile out{make_new(clear)};
    if (Status opened = open_pieces(in, pieces, out, keep_going); !opened) {
        return opened.error();
    }
    out.file.sync();
    return SealedInfo{out.size, in.size(), crypto::hex(out.digest.finish())};
}

}  // namespace leadbridge
