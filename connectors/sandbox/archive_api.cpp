#include "connectors/sandbox/archive_api.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "connectors/sandbox/faults.h"

namespace leadbridge::sandbox {

namespace {

constexpr std::size_t chunk_bytes = 512 << 10;
constexpr std::size_t max_page = 1'000;

Response sdk_error(int code) {
    Response response = Response::text(200, "");
    response.headers.set("X-Sdk-Error", std::to_string(code));
    return response;
}

const Company* company_of(World& world, const Request& request) {
    const Company* corp = world.company(std::string(request.query.get("corpid")));
    const bool known =
        corp != nullptr && corp->secrets.at("archive") == request.query.get("secret");
    return known ? corp : nullptr;
}

Response chat_data(const Company& corp, const Request& request) {
    const std::int64_t after = parse_id(request.query.get("seq")).value_or(0);
    const auto limit = std::min(
        static_cast<std::size_t>(parse_id(request.query.get("limit")).value_or(100)), max_page
    );
    // seq is the position + 1: nothing is ever taken out.
    const std::size_t from = std::min(static_cast<std::size_t>(after), corp.archive.size());
    const std::size_t end = std::min(corp.archive.size(), from + limit);
    const std::vector<ArchiveRow> rows(
        corp.archive.begin() + static_cast<std::ptrdiff_t>(from),
        corp.archive.begin() + static_cast<std::ptrdiff_t>(end)
    );
    return Response::json(200, chatdata_json(rows));
}

// "Range:bytes=524288-1048575" or "" for the start.
std::size_t chunk_start(std::string_view index) {
    const std::size_t equals = index.find('=');
    if (equals == std::string_view::npos) {
        return 0;
    }
    const std::string_view range = index.substr(equals + 1);
    return static_cast<std::size_t>(parse_id(range.substr(0, range.find('-'))).value_or(0));
}

Response media_chunk(const Company& corp, const Request& request) {
    const auto it = corp.archive_media.find(std::string(request.query.get("fileid")));
    if (it == corp.archive_media.end()) {
        return sdk_error(10'005);
    }
    const std::string& bytes = it->second;
    const std::size_t start = std::min(chunk_start(request.query.get("index")), bytes.size());
    const std::size_t end = std::min(bytes.size(), start + chunk_bytes);
    Response response = Response::text(200, bytes.substr(start, end - start));
    response.headers.set("Content-Type", "application/octet-stream");
    response.headers.set("X-Finish", end == bytes.size() ? "1" : "0");
    response.headers.set(
        "X-Next-Index",
        end == bytes.size() ? "" : fmt::format("Range:bytes={}-{}", end, end + chunk_bytes - 1)
    );
    return response;
}

}  // namespace

std::string append_chat(
    World& world, Company& corp, const ChatLine& line, UnixMillis now, Rng& rng
) {
    const bool outside = line.from.starts_with("wm") || line.from.starts_with("wo") ||
                         std::any_of(line.to.begin(), line.to.end(), [](const std::string& id) {
                             return id.starts_with("wm") || id.starts_with("wo");
                         });
    const std::string msgid =
        line.msgid.empty() ? world.fresh("sandboxchat") + (outside ? "_external" : "") : line.msgid;
    auto body = parse_json(line.body_json, JsonLimits{1 << 20, 16});
    json::object message{
        {"msgid", msgid},
        {"action", line.action},
        {"from", line.from},
        {"tolist", json::array(line.to.begin(), line.to.end())},
        {"roomid", line.roomid},
        {"msgtime", now},
        {"msgtype", line.msgtype},
        {line.body_key.empty() ? line.msgtype : line.body_key,
         body ? std::move(*body) : json::value(json::object{})}};
    const ArchiveKeyPair& key = corp.archive_keys.back();
    const auto seq = static_cast<std::int64_t>(corp.archive.size()) + 1;
    corp.archive.push_back(
        seal_archive_row(*key.key, key.version, seq, msgid, to_text(message), rng)
    );
    return msgid;
}

std::string add_archive_media(World& world, Company& corp, std::string bytes) {
    std::string id = world.fresh("sandboxfile");
    corp.archive_media[id] = std::move(bytes);
    return id;
}

Response answer_archive(World& world, const Request& request, UnixMillis, Rng& rng) {
    const Company* corp = company_of(world, request);
    if (corp == nullptr) {
        return sdk_error(10'000);
    }
    if (const auto fault = next_fault(world, "archive", corp->corpid, rng)) {
        if (fault->kind == "errcode") {
            return sdk_error(static_cast<int>(fault->value));
        }
        Response response = Response::text(200, "");
        response.headers.set(
            fault->kind == "slow" ? "X-Sdk-Hang" : "X-Sdk-Crash",
            std::to_string(std::max<std::int64_t>(1, fault->value / 1'000))
        );
        return response;
    }
    return request.path.ends_with("/media") ? media_chunk(*corp, request)
                                            : chat_data(*corp, request);
}

}  // namespace leadbridge::sandbox
