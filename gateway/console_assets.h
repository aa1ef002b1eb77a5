#pragma once
// The console's built files, answered from memory: below /console/ the desk, below /side/ the page
// of WeCom's chat toolbar. gzip as stored, plain for clients that do not take it; ETag and 304;
// hashed files are kept by browsers for good, HTML is asked for each time. A path of the page's own
// router gets its index.html. Thread-safe.

#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

#include "base/http_types.h"

namespace leadbridge::gateway {

enum class Stored : std::uint8_t { plain, gzip };

struct EmbeddedAsset {
    std::string_view path;  // of the URL: "/console/assets/app-1a2b.js"
    Stored stored;
    std::string_view hash;  // names the bytes
    std::string_view bytes;
};

// What this program was built with, sorted by page and path; empty when there was no built console
// (deploy/console build makes it).
std::span<const EmbeddedAsset> embedded_console() noexcept;

class ConsoleAssets {
public:
    explicit ConsoleAssets(std::span<const EmbeddedAsset> assets) : assets_(assets) {}

    // For development: the files of FOLDER/desk and FOLDER/side as they are on the disk now, never
    // cached. Throws std::runtime_error when the folder has neither.
    explicit ConsoleAssets(std::filesystem::path folder);

    // Is there a desk?
    bool present() const;
    // Nothing when the path is neither below /console nor /side, or that page is not there.
    std::optional<Response> answer(const Request& request) const;

private:
    struct Found;
    std::optional<Found> find(std::string_view path) const;
    std::optional<Found> find_on_disk(std::string_view path) const;

    std::span<const EmbeddedAsset> assets_;
    std::filesystem::path folder_;
};

}  // namespace leadbridge::gateway
