#include "gateway/console_assets.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>

#include "base/compression.h"
#include "base/crypto.h"
#include "gateway/problem.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t max_unpacked = 32 << 20;
constexpr std::string_view for_good = "public, max-age=31536000, immutable";

struct Page {
    std::string_view root;    // of the URL
    std::string_view folder;  // in the build
};

constexpr std::array pages = {Page{"/console", "desk"}, Page{"/side", "side"}};

// The page a path belongs to; null = neither.
const Page* page_of(std::string_view path) {
    const auto* found = std::find_if(pages.begin(), pages.end(), [&](const Page& page) {
        return path.starts_with(page.root) &&
               (path.size() == page.root.size() || path[page.root.size()] == '/');
    });
    return found == pages.end() ? nullptr : found;
}

std::string index_of(const Page& page) {
    return std::string(page.root) + "/index.html";
}

std::string_view content_type(std::string_view path) {
    struct Type {
        std::string_view end;
        std::string_view type;
    };

    static constexpr std::array types = {
        Type{".html", "text/html; charset=utf-8"},
        Type{".js", "text/javascript; charset=utf-8"},
        Type{".mjs", "text/javascript; charset=utf-8"},
        Type{".css", "text/css; charset=utf-8"},
        Type{".svg", "image/svg+xml"},
        Type{".png", "image/png"},
        Type{".jpg", "image/jpeg"},
        Type{".webp", "image/webp"},
        Type{".ico", "image/x-icon"},
        Type{".json", "application/json"},
        Type{".webmanifest", "application/manifest+json"},
        Type{".woff2", "font/woff2"},
        Type{".txt", "text/plain; charset=utf-8"}};
    const auto* found = std::find_if(types.begin(), types.end(), [&](const Type& type) {
        return path.ends_with(type.end);
    });
    return found == types.end() ? "application/octet-stream" : found->type;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    return first == std::string_view::npos
               ? std::string_view{}
               : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Calls fn(item) for each item of a comma-separated field.
template <class Fn>
void each_item(std::string_view list, Fn fn) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        fn(trimmed(list.substr(0, comma)));
        list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    }
}

// RFC 9110, 12.5.3; a weight of zero ("q=0", "q=0.000") refuses.
bool takes_gzip(std::string_view accept) {
    bool named = false;
    bool gzip = false;
    bool any = false;
    each_item(accept, [&](std::string_view item) {
        const auto semicolon = item.find(';');
        const std::string_view coding = trimmed(item.substr(0, semicolon));
        const std::string_view weight = semicolon == std::string_view::npos
                                            ? std::string_view{}
                                            : trimmed(item.substr(semicolon + 1));
        const bool refused = (weight.starts_with("q=0") || weight.starts_with("Q=0")) &&
                             weight.find_first_of("123456789") == std::string_view::npos;
        if (coding == "gzip" || coding == "x-gzip") {
            named = true;
            gzip = !refused;
        } else if (coding == "*") {
            any = !refused;
        }
    });
    return named ? gzip : any;
}

bool is_known(std::string_view if_none_match, std::string_view etag) {
    bool known = trimmed(if_none_match) == "*";
    each_item(if_none_match, [&](std::string_view item) {
        known = known || item == etag || (item.starts_with("W/") && item.substr(2) == etag);
    });
    return known;
}

// Only what may stand in an authority goes into a header of ours.
std::string_view plain_host(std::string_view host) {
    const bool plain = std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
    });
    return plain ? host : std::string_view{};
}

std::string content_policy(const Page& page, const Request& request) {
    const std::string common =
        "; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'";
    if (page.folder == "desk") {
        return "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
               "connect-src 'self'" +
               common;
    }
    // The toolbar's page loads WeCom's SDK, which loads more from these two. Old Safari does not
    // take 'self' for a WebSocket.
    const std::string wecom = " https://res.wx.qq.com https://open.work.weixin.qq.com";
    const std::string host(plain_host(request.headers.get("Host")));
    const std::string live = host.empty() ? "" : " wss://" + host;
    return "default-src 'self'; script-src 'self'" + wecom +
           "; style-src 'self'; img-src 'self' data:" + wecom + "; connect-src 'self'" + live +
           wecom + "; frame-src" + wecom + common;
}

Response redirect(std::string_view to) {
    Response response = Response::empty(308);
    response.headers.set("Location", std::string(to));
    response.headers.set("Cache-Control", "no-cache");
    return response;
}

}  // namespace

struct ConsoleAssets::Found {
    std::string path;
    Stored stored = Stored::plain;
    std::string hash;
    std::string_view bytes;  // embedded ...
    std::string read;        // ... or read just now
    bool on_disk = false;

    std::string_view content() const { return on_disk ? std::string_view(read) : bytes; }
};

namespace {

// A browser that names the bytes it has gets 304, else them, in the form it takes.
template <class Found>
Response response_of(const Found& found, const Request& request) {
    const bool packed =
        found.stored == Stored::gzip && takes_gzip(request.headers.get("Accept-Encoding"));
    // Two forms of one file are two representations: each has its own tag.
    const std::string etag = "\"" + found.hash + (packed ? "-gz\"" : "\"");
    const bool known = is_known(request.headers.get("If-None-Match"), etag);
    Response response = Response::empty(known ? 304 : 200);
    response.headers.set("ETag", etag);
    if (found.stored == Stored::gzip) {
        response.headers.set("Vary", "Accept-Encoding");
    }
    const bool hashed = found.path.find("/assets/") != std::string::npos && !found.on_disk;
    response.headers.set("Cache-Control", std::string(hashed ? for_good : "no-cache"));
    if (known) {
        return response;
    }
    response.headers.set("Content-Type", std::string(content_type(found.path)));
    if (packed) {
        response.headers.set("Content-Encoding", "gzip");
    }
    if (packed || found.stored == Stored::plain) {
        response.body = found.content();
        return response;
    }
    auto plain = gunzip(found.content(), max_unpacked);
    if (!plain) {
        throw std::runtime_error(
            found.path + " of the console is damaged in this program: " + plain.error().message
        );
    }
    response.body = *std::move(plain);
    return response;
}

}  // namespace

ConsoleAssets::ConsoleAssets(std::filesystem::path folder) : folder_(std::move(folder)) {
    if (std::none_of(pages.begin(), pages.end(), [&](const Page& page) {
            return std::filesystem::exists(folder_ / page.folder / "index.html");
        })) {
        throw std::runtime_error(
            "--ui-dir " + folder_.string() +
            " has neither desk/index.html nor side/index.html; deploy/console build makes them in "
            "build/console"
        );
    }
}

bool ConsoleAssets::present() const {
    return find(index_of(pages.front())).has_value();
}

std::optional<ConsoleAssets::Found> ConsoleAssets::find(std::string_view path) const {
    if (!folder_.empty()) {
        return find_on_disk(path);
    }
    const auto asset = std::find_if(assets_.begin(), assets_.end(), [&](const EmbeddedAsset& a) {
        return a.path == path;
    });
    if (asset == assets_.end()) {
        return std::nullopt;
    }
    return Found{std::string(path), asset->stored, std::string(asset->hash), asset->bytes, {}};
}

// Only plain names, and only what stands inside the folder when every link is followed.
std::optional<ConsoleAssets::Found> ConsoleAssets::find_on_disk(std::string_view path) const {
    const Page* page = page_of(path);
    const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-' || c == '/';
    });
    if (page == nullptr || !plain || path.find("/.") != std::string_view::npos) {
        return std::nullopt;
    }
    std::error_code ec;
    const auto root = std::filesystem::canonical(folder_ / page->folder, ec);
    if (ec) {
        return std::nullopt;
    }
    const std::string inside(path.substr(std::min(path.size(), page->root.size() + 1)));
    const auto file = std::filesystem::canonical(root / inside, ec);
    const auto [end, ignored] = std::mismatch(root.begin(), root.end(), file.begin(), file.end());
    if (ec || end != root.end() || !std::filesystem::is_regular_file(file, ec)) {
        return std::nullopt;
    }
    std::ifstream in(file, std::ios::binary);
    Found found;
    found.path = path;
    found.read.assign(std::istreambuf_iterator<char>(in), {});
    found.hash = crypto::hex(crypto::sha256(found.read)).substr(0, 32);
    found.on_disk = true;
    return found;
}

std::optional<Response> ConsoleAssets::answer(const Request& request) const {
    const Page* page = page_of(request.path);
    if (page == nullptr) {
        return std::nullopt;
    }
    const auto index = find(index_of(*page));
    if (!index) {
        return std::nullopt;
    }
    Response response;
    const std::string_view inside = std::string_view(request.path).substr(page->root.size());
    if (request.method != Method::get && request.method != Method::head) {
        response = problem(
            Error{ErrorCode::invalid, "pages are only read", "method_not_allowed"},
            request.request_id
        );
        response.status = 405;
        response.headers.set("Allow", "GET, HEAD");
    } else if (inside.empty()) {
        response = redirect(std::string(page->root) + "/");
    } else if (const auto file = find(request.path)) {
        response = response_of(*file, request);
    } else if (inside.starts_with("/assets/")) {
        // A hashed file of another build: index.html in its place would be kept for good.
        response = problem(
            Error{ErrorCode::not_found, "this build of the console has no such file", "no_asset"},
            request.request_id
        );
        response.headers.set("Cache-Control", "no-cache");
    } else {
        response = response_of(*index, request);
    }
    response.headers.set("Content-Security-Policy", content_policy(*page, request));
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Referrer-Policy", "same-origin");
    response.headers.set("Cross-Origin-Opener-Policy", "same-origin");
    return response;
}

}  // namespace leadbridge::gateway
