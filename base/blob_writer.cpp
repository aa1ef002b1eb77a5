#include <unistd.h>

#include <cstdio>
#include <utility>

#include "base/blob_format.h"
#include "base/crypto.h"

namespace leadbridge::blob_format {

namespace {

namespace fs = std::filesystem;

class Writer final : public BlobWriter {
public:
    Writer(Vault& vault, CorpId corp, fs::path corp_directory, std::string name, File file)
        : vault_(vault),
          corp_(corp),
          directory_(std::move(corp_directory)),
          name_(std::move(name)),
          file_(std::move(file)) {
        resume();
    }

    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    ~Writer() override {
        if (open_ && !pending_.empty()) {
            try {
                write_chunk();
            } catch (const std::exception&) {  // what is lost here is asked for again by the next
                                               // writer
            }
        }
    }

    std::int64_t size() const override {
        return chunks_ * static_cast<std::int64_t>(chunk_size) +
               static_cast<std::int64_t>(pending_.size());
    }

    Status append(std::string_view bytes) override {
        if (!open_) {
            return closed();
        }
        while (!bytes.empty()) {
            const std::string_view part = bytes.substr(0, chunk_size - pending_.size());
            pending_ += part;
            md5_.update(part);
            sha256_.update(part);
            bytes.remove_prefix(part.size());
            if (pending_.size() == chunk_size) {
                end_ = write_chunk();
                ++chunks_;
                pending_.clear();
            }
        }
        return {};
    }

    std::string md5_hex() override { return crypto::hex(md5_.current()); }

    Result<BlobInfo> finish() override {
        if (!open_) {
            return closed();
        }
        BlobInfo info{crypto::hex(sha256_.current()), size()};
        std::int64_t end = pending_.empty() ? end_ : write_chunk();
        const std::string trailer =
            vault_.seal(corp_, std::to_string(info.size) + ":" + info.hash, end_place(name_));
        file_.write(end, trailer + u32(trailer.size()));
        end += static_cast<std::int64_t>(trailer.size() + 4);
        file_.truncate(end);
        file_.sync();
        const fs::path folder = directory_ / info.hash.substr(0, 2);
        make_directory(folder);
        // An equal blob that is already there is replaced as a whole: kept once, and healed should
        // it be damaged.
        if (::rename(file_.path().c_str(), (folder / info.hash).c_str()) != 0) {
            fail_on_file("rename", file_.path());
        }
        open_ = false;
        sync_directory(folder);
        return info;
    }

    void discard() override {
        if (open_) {
            open_ = false;
            ::unlink(file_.path().c_str());
        }
    }

private:
    static Error closed() {
        return Error{ErrorCode::conflict, "this upload is finished or discarded"};
    }

    // Seals what is pending behind the last whole chunk; returns where the file then ends.
    std::int64_t write_chunk() {
        const std::string sealed = vault_.seal(corp_, pending_, chunk_place(name_, chunks_));
        file_.write(end_, u32(sealed.size()) + sealed);
        return end_ + static_cast<std::int64_t>(sealed.size() + 4);
    }

    void resume() {
        const std::string start = header(name_);
        if (file_.read(0, start.size()) != start) {
            file_.truncate(0);
            file_.write(0, start);
        }
        end_ = static_cast<std::int64_t>(start.size());
        for (;;) {
            const std::string frame = read_frame(file_, end_);
            auto clear = frame.empty() ? Result<std::string>{Error{}}
                                       : vault_.open(corp_, frame, chunk_place(name_, chunks_));
            if (!clear || clear->empty() || clear->size() > chunk_size) {
                break;
            }
            md5_.update(*clear);
            sha256_.update(*clear);
            if (clear->size() < chunk_size) {  // the short tail of an upload that was put aside
                pending_ = std::move(*clear);
                break;
            }
            ++chunks_;
            end_ += static_cast<std::int64_t>(frame.size() + 4);
        }
        file_.truncate(pending_.empty() ? end_ : file_.size());
    }

    Vault& vault_;
    const CorpId corp_;
    const fs::path directory_;
    const std::string name_;
    File file_;
    bool open_ = true;
    std::string pending_;      // less than a chunk, not (or only as a tail) in the file
    std::int64_t chunks_ = 0;  // whole chunks in the file
    std::int64_t end_ = 0;     // where they end
    crypto::Digest md5_{"md5"};
    crypto::Digest sha256_{"sha256"};
};

}  // namespace

std::unique_ptr<BlobWriter> resume_writer(
    Vault& vault, CorpId corp, fs::path corp_directory, std::string name, File file
) {
    return std::make_unique<Writer>(
        vault, corp, std::move(corp_directory), std::move(name), std::move(file)
    );
}

}  // namespace leadbridge::blob_format
