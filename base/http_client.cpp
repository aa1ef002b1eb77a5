#include "base/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <mutex>
#include <stdexcept>

#include "base/guarded.h"
#include "base/http_transfer.h"

namespace leadbridge {

namespace {

constexpr std::size_t max_idle_handles = 64;
// Kept connections are used for this long only: servers close idle ones after 30 s or more, and a
// request that meets the closing cannot be told from one that was processed.
constexpr long max_idle_connection_s = 20;

struct CurlDeleter {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};

struct SlistDeleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

struct MimeDeleter {
    void operator()(curl_mime* mime) const noexcept { curl_mime_free(mime); }
};

using Handle = std::unique_ptr<CURL, CurlDeleter>;
using Slist = std::unique_ptr<curl_slist, SlistDeleter>;
using Mime = std::unique_ptr<curl_mime, MimeDeleter>;

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
    check_option(curl_easy_setopt(handle, option, value), option);
}

bool is_header_safe(std::string_view name, std::string_view value) {
    const bool clean_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
    return clean_name &&
           value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

Result<Slist> header_list(const HttpCall& call) {
    Slist list;
    const auto append = [&](const std::string& line) {
        curl_slist* grown = curl_slist_append(list.get(), line.c_str());
        if (grown == nullptr) {
            throw std::bad_alloc();
        }
        static_cast<void>(list.release());
        list.reset(grown);
    };
    for (const auto& [name, value] : call.headers.all()) {
        if (!is_header_safe(name, value)) {
            return Error{
                ErrorCode::invalid, "a request header has a bad name or a line break in its value"};
        }
        // "Name;" is how libcurl sends a header without a value; "Name:" would drop it.
        append(value.empty() ? name + ";" : name + ": " + value);
    }
    if (call.headers.has("Content-Length") || call.headers.has("Transfer-Encoding")) {
        return Error{
            ErrorCode::invalid,
            "Content-Length and Transfer-Encoding are the client's own; do not set them"};
    }
    if (!call.headers.has("Expect")) {
        append("Expect:");  // else bodies over 1 MiB wait a second for a 100 that few servers send
    }
    if (call.parts.empty() && !call.headers.has("Content-Type")) {
        append("Content-Type:");  // else libcurl calls every body a form
    }
    return list;
}

Mime form(CURL* handle, const std::vector<FormPart>& parts) {
    Mime mime(curl_mime_init(handle));
    for (const FormPart& part : parts) {
        curl_mimepart* out = curl_mime_addpart(mime.get());
        bool ok = out != nullptr && curl_mime_name(out, part.name.c_str()) == CURLE_OK &&
                  curl_mime_data(out, part.data.data(), part.data.size()) == CURLE_OK;
        ok = ok &&
             (part.filename.empty() || curl_mime_filename(out, part.filename.c_str()) == CURLE_OK);
        ok = ok && (part.content_type.empty() ||
                    curl_mime_type(out, part.content_type.c_str()) == CURLE_OK);
        if (!ok) {
            throw std::bad_alloc();
        }
    }
    return mime;
}

void set_method(CURL* handle, const HttpCall& call, curl_mime* mime) {
    if (mime != nullptr) {
        set(handle, CURLOPT_MIMEPOST, mime);
    } else if (call.method == Method::head) {
        set(handle, CURLOPT_NOBODY, 1L);
    } else if (is_safe(call.method) || (call.method == Method::del && call.body.empty())) {
        set(handle, CURLOPT_HTTPGET, 1L);
    } else {
        set(handle, CURLOPT_POST, 1L);
        set(handle, CURLOPT_POSTFIELDS, call.body.data()
        );  // not copied: call outlives the transfer
        set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    }
    const bool implied =
        call.method == Method::get || call.method == Method::head || call.method == Method::post;
    if (!implied) {
        set(handle, CURLOPT_CUSTOMREQUEST, std::string(to_string(call.method)).c_str());
    }
}

void set_limits(CURL* handle, const HttpCall& call) {
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call.connect_timeout_ms));
    set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout_ms));
    set(handle, CURLOPT_MAXAGE_CONN, max_idle_connection_s);
    set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(handle, CURLOPT_FOLLOWLOCATION, call.max_redirects > 0 ? 1L : 0L);
    set(handle, CURLOPT_MAXREDIRS, static_cast<long>(std::max(call.max_redirects, 0)));
    const char* protocols = call.reach == Reach::outside ? "https" : "http,https";
    set(handle, CURLOPT_PROTOCOLS_STR, protocols);
    set(handle, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
    set(handle, CURLOPT_PROXY, ""
    );  // a proxy of the environment would make the address checks void
    set(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    set(handle, CURLOPT_USERAGENT, "LeadBridge");
}

class CurlClient final : public HttpClient {
public:
    explicit CurlClient(HttpClientOptions options) : options_(std::move(options)) {}

    Result<HttpReply> call(const HttpCall& call) override {
        if (call.method == Method::other || (!call.parts.empty() && is_safe(call.method))) {
            return Error{ErrorCode::invalid, "this method cannot be sent, or not with a form"};
        }
        if (call.url.find('\0') != std::string::npos) {
            return Error{ErrorCode::invalid, "the URL contains a zero byte"};
        }
        const auto headers = header_list(call);
        if (!headers) {
            return headers.error();
        }
        Handle handle = take();
        auto result = perform(handle.get(), call, headers->get());
        give_back(std::move(handle));
        return result;
    }

private:
    Result<HttpReply> perform(CURL* handle, const HttpCall& call, curl_slist* headers) {
        HttpTransfer transfer{call, handle, {}};
        std::array<char, CURL_ERROR_SIZE> detail{};
        const Mime mime = call.parts.empty() ? Mime{} : form(handle, call.parts);
        set_limits(handle, call);
        watch_transfer(transfer);
        set_method(handle, call, mime.get());
        if (!options_.ca_file.empty()) {
            set(handle, CURLOPT_CAINFO, options_.ca_file.c_str());
        }
        set(handle, CURLOPT_HTTPHEADER, headers);
        set(handle, CURLOPT_ERRORBUFFER, detail.data());
        set(handle, CURLOPT_URL, call.url.c_str());
        const CURLcode code = curl_easy_perform(handle);
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_reset(handle);  // keeps connections, forgets every pointer into this frame
        if (code != CURLE_OK) {
            return transfer_failure(code, transfer, detail.data());
        }
        transfer.reply.status = static_cast<int>(status);
        return std::move(transfer.reply);
    }

    // The handle used last has the warmest connections.
    Handle take() {
        {
            auto idle = idle_.lock();
            if (!idle->empty()) {
                Handle handle = std::move(idle->back());
                idle->pop_back();
                return handle;
            }
        }
        Handle handle(curl_easy_init());
        if (!handle) {
            throw std::bad_alloc();
        }
        return handle;
    }

    void give_back(Handle handle) {
        auto idle = idle_.lock();
        if (idle->size() < max_idle_handles) {
            idle->push_back(std::move(handle));
        }
    }

    const HttpClientOptions options_;
    Guarded<std::vector<Handle>> idle_;
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client(HttpClientOptions options) {
    init_http_client();
    return std::make_unique<CurlClient>(std::move(options));
}

void init_http_client() {
    static std::once_flag once;
    std::call_once(once, [] {
        std::signal(SIGPIPE, SIG_IGN);
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
            throw std::runtime_error("libcurl cannot start; check its installation");
        }
    });
}

}  // namespace leadbridge
