#pragma once
// A tiny server in the shape of connectors/sandbox/fake_sdk/README.md, and the paths of the built
// worker and library.

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/http_server.h"
#include "base/metrics.h"
#include "connectors/sandbox/archive_encoding.h"
#include "connectors/wecom/archive_source.h"

namespace leadbridge::wecom {

inline std::string built(const std::string& name) {
    return std::string(LEADBRIDGE_BIN_DIR) + "/" + name;
}

class SdkServer {
public:
    struct World {
        std::vector<sandbox::ArchiveRow> rows;
        std::map<std::string, std::string> files;
        std::size_t chunk = 512U << 10;
        std::string chat_header;  // "X-Sdk-Error: 10001" on the next chatdata calls
        std::string chat_value;
        int errcode = 0;
        std::string last_authorization;
        int calls = 0;
    };

    SdkServer()
        : server_(any_port(), clock_, metrics_, [this](Request&& request, Responder responder) {
              responder.respond(answer(request));
          }) {
        server_.start();
    }

    ~SdkServer() { server_.stop(0); }

    std::string proxy() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }

    Guarded<World> world;

private:
    static HttpServerOptions any_port() {
        HttpServerOptions options;
        options.port = 0;
        return options;
    }

    Response answer(const Request& request) {
        auto w = world.lock();
        ++w->calls;
        w->last_authorization = request.headers.get("Authorization");
        if (request.path == "/sandbox/archive/chatdata") {
            const auto seq = std::stoll(std::string(request.query.get("seq")));
            const auto limit = std::stoul(std::string(request.query.get("limit")));
            std::vector<sandbox::ArchiveRow> page;
            for (const auto& row : w->rows) {
                if (row.seq > seq && page.size() < limit) {
                    page.push_back(row);
                }
            }
            Response response = Response::json(
                200, sandbox::chatdata_json(page, w->errcode, w->errcode == 0 ? "ok" : "no")
            );
            if (!w->chat_header.empty()) {
                response.headers.set(w->chat_header, w->chat_value);
            }
            return response;
        }
        return media(*w, request);
    }

    static Response media(World& w, const Request& request) {
        const auto found = w.files.find(std::string(request.query.get("fileid")));
        Response response = Response::text(200, "");
        if (found == w.files.end()) {
            response.headers.set("X-Sdk-Error", "10010");
            return response;
        }
        const std::string index(request.query.get("index"));
        const std::size_t at = index.empty() ? 0 : std::stoul(index.substr(index.find('=') + 1));
        response.body = found->second.substr(at, w.chunk);
        const std::size_t end = at + response.body.size();
        const bool finished = end >= found->second.size();
        response.headers.set("X-Finish", finished ? "1" : "0");
        response.headers.set(
            "X-Next-Index",
            finished
                ? ""
                : "Range:bytes=" + std::to_string(end) + "-" + std::to_string(end + w.chunk - 1)
        );
        return response;
    }

    SystemClock clock_;
    Metrics metrics_;
    HttpServer server_;
};

struct SdkWorld {
    SystemClock clock;
    SeededRng rng{3};
    SpawnThread spawner;
    SdkServer server;

    FinanceSdkOptions options() {
        FinanceSdkOptions o;
        o.worker.executable = built("leadbridge-archive-worker");
        o.worker.sdk = built("libleadbridge_fake_sdk.so");
        o.corpid = "ww-sample";
        o.secret = Secret("sample-secret");
        o.proxy = server.proxy();
        o.timeout_s = 2;
        o.margin_ms = 500;
        o.restart = {20, 50, 0};
        return o;
    }
};

}  // namespace leadbridge::wecom
