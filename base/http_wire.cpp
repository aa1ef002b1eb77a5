#include "base/http_wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "base/log.h"

namespace leadbridge {

namespace {

struct StatusName {
    int status;
    std::string_view phrase;
    std::string_view code;  // of problem+json
};

constexpr std::array status_names{
    StatusName{200, "OK", ""},
    StatusName{201, "Created", ""},
    StatusName{202, "Accepted", ""},
    StatusName{204, "No Content", ""},
    StatusName{206, "Partial Content", ""},
    StatusName{301, "Moved Permanently", ""},
    StatusName{302, "Found", ""},
    StatusName{303, "See Other", ""},
    StatusName{304, "Not Modified", ""},
    StatusName{307, "Temporary Redirect", ""},
    StatusName{308, "Permanent Redirect", ""},
    StatusName{400, "Bad Request", "invalid"},
    StatusName{401, "Unauthorized", "unauthenticated"},
    StatusName{403, "Forbidden", "forbidden"},
    StatusName{404, "Not Found", "not_found"},
    StatusName{405, "Method Not Allowed", "method_not_allowed"},
    StatusName{406, "Not Acceptable", "unsupported"},
    StatusName{408, "Request Timeout", "timeout"},
    StatusName{409, "Conflict", "conflict"},
    StatusName{410, "Gone", "gone"},
    StatusName{412, "Precondition Failed", "stale"},
    StatusName{413, "Content Too Large", "too_large"},
    StatusName{415, "Unsupported Media Type", "unsupported"},
    StatusName{416, "Range Not Satisfiable", "invalid"},
    StatusName{417, "Expectation Failed", "unsupported"},
    StatusName{422, "Unprocessable Content", "rule_broken"},
    StatusName{428, "Precondition Required", "precondition_missing"},
    StatusName{429, "Too Many Requests", "limited"},
    StatusName{431, "Request Header Fields Too Large", "too_large"},
    StatusName{500, "Internal Server Error", "internal"},
    StatusName{501, "Not Implemented", "unsupported"},
    StatusName{502, "Bad Gateway", "bad_gateway"},
    StatusName{503, "Service Unavailable", "overloaded"},
    StatusName{504, "Gateway Timeout", "timeout"},
    StatusName{505, "HTTP Version Not Supported", "unsupported"},
};

const StatusName* find_status(int status) noexcept {
    const auto* found =
        std::find_if(status_names.begin(), status_names.end(), [&](const auto& name) {
            return name.status == status;
        });
    return found == status_names.end() ? nullptr : found;
}

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool same_word(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return lower(x) == lower(y);
           });
}

std::string_view trimmed(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_server_owned(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 5> owned{
        "content-length", "transfer-encoding", "connection", "date", "x-request-id"};
    return std::any_of(owned.begin(), owned.end(), [&](std::string_view o) {
        return same_word(o, name);
    });
}

bool is_token(std::string_view name) noexcept {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

bool is_clean_value(std::string_view value) noexcept {
    return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string_view reason_phrase(int status) noexcept {
    const StatusName* name = find_status(status);
    return name == nullptr ? std::string_view{} : name->phrase;
}

std::string http_date(UnixMillis time) {
    constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = time / 1000;
    std::tm tm{};
    gmtime_r(&seconds, &tm);
    const auto two = [](int n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
    return std::string(days[static_cast<std::size_t>(tm.tm_wday)]) + ", " + two(tm.tm_mday) + " " +
           months[static_cast<std::size_t>(tm.tm_mon)] + " " + std::to_string(1900 + tm.tm_year) +
           " " + two(tm.tm_hour) + ":" + two(tm.tm_min) + ":" + two(tm.tm_sec) + " GMT";
}

Response problem_response(int status, std::string_view request_id) {
    const StatusName* name = find_status(status);
    Response response{status, {}, {}};
    response.headers.add("Content-Type", "application/problem+json");
    if (status == 503) {
        response.headers.add("Retry-After", "1");
    }
    response.body.append(R"({"type":"about:blank","title":")");
    response.body.append(name == nullptr ? "Error" : name->phrase);
    response.body.append(R"(","status":)").append(std::to_string(status));
    response.body.append(R"(,"code":")").append(name == nullptr ? "error" : name->code);
    response.body.append(R"(","request_id":")").append(request_id).append("\"}");
    return response;
}

Method method_of(std::string_view name) noexcept {
    constexpr std::array known{
        Method::get,
        Method::head,
        Method::post,
        Method::put,
        Method::patch,
        Method::del,
        Method::options};
    const auto* found =
        std::find_if(known.begin(), known.end(), [&](Method m) { return to_string(m) == name; });
    return found == known.end() ? Method::other : *found;
}

bool set_target(Request& request, std::string_view target) {
    for (const std::string_view scheme :
         {std::string_view("http://"), std::string_view("https://")}) {
        if (target.size() > scheme.size() && same_word(target.substr(0, scheme.size()), scheme)) {
            target.remove_prefix(std::min(target.find_first_of("/?", scheme.size()), target.size())
            );
            request.path = "/";  // unless it names one
        }
    }
    const auto question = std::min(target.find('?'), target.size());
    if (question > 0) {
        request.path = target.substr(0, question);
    }
    const bool asterisk = request.path == "*" && request.method == Method::options;
    if (target.find('#') != std::string_view::npos ||
        !(request.path.starts_with('/') || asterisk)) {
        return false;
    }
    request.raw_query = target.substr(std::min(question + 1, target.size()));
    auto query = Query::parse(request.raw_query);
    if (!query) {
        return false;
    }
    request.query = *std::move(query);
    return true;
}

bool has_ambiguous_bytes(std::string_view block) noexcept {
    if (block.find('\0') != std::string_view::npos) {
        return true;
    }
    for (auto cr = block.find('\r'); cr != std::string_view::npos; cr = block.find('\r', cr + 1)) {
        const char next = cr + 1 < block.size() ? block[cr + 1] : '\0';
        const char after = cr + 2 < block.size() ? block[cr + 2] : '\0';
        if (next != '\n' || after == ' ' || after == '\t') {
            return true;
        }
    }
    for (auto lf = block.find('\n'); lf != std::string_view::npos; lf = block.find('\n', lf + 1)) {
        if (lf == 0 || block[lf - 1] != '\r') {
            return true;
        }
    }
    return false;
}

int refused_framing(const Headers& headers, int version) noexcept {
    int hosts = 0;
    int lengths = 0;
    int encodings = 0;
    for (const auto& [name, value] : headers.all()) {
        if (same_word(name, "host")) {
            ++hosts;
        } else if (same_word(name, "content-length")) {
            ++lengths;
            if (value.empty() || value.find_first_not_of("0123456789") != std::string::npos) {
                return 400;  // "5, 5" is legal, and read as 5 by some and as nothing by others
            }
        } else if (same_word(name, "transfer-encoding")) {
            ++encodings;
            if (!same_word(value, "chunked")) {
                return 501;
            }
        } else if (same_word(name, "expect") && !same_word(value, "100-continue")) {
            return 417;
        }
    }
    const bool host_ok = hosts == 1 || (hosts == 0 && version == 10);
    const bool length_ok = lengths + encodings <= 1 && !(encodings > 0 && version == 10);
    return host_ok && length_ok ? 0 : 400;
}

std::string normal_address(std::string_view address) {
    const std::string text(address);
    in6_addr raw{};
    std::array<char, INET6_ADDRSTRLEN> out{};
    if (inet_pton(AF_INET, text.c_str(), &raw) == 1) {
        return text;
    }
    if (inet_pton(AF_INET6, text.c_str(), &raw) != 1) {
        return {};
    }
    inet_ntop(AF_INET6, &raw, out.data(), out.size());
    const std::string normal = out.data();
    constexpr std::string_view mapped = "::ffff:";
    const bool is_mapped = normal.starts_with(mapped) && normal.find('.') != std::string::npos;
    return is_mapped ? normal.substr(mapped.size()) : normal;
}

std::string client_address(
    std::string_view peer, const Headers& headers, const std::vector<std::string>& trusted_proxies
) {
    std::string client = normal_address(peer);
    const auto is_trusted = [&](const std::string& address) {
        return std::any_of(
            trusted_proxies.begin(),
            trusted_proxies.end(),
            [&](const std::string& proxy) { return normal_address(proxy) == address; }
        );
    };
    if (trusted_proxies.empty() || !is_trusted(client)) {
        return client;
    }
    const auto& fields = headers.all();
    for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
        if (!same_word(field->first, "x-forwarded-for")) {
            continue;
        }
        std::string_view list = field->second;
        while (!list.empty()) {
            const auto comma = list.rfind(',');
            const auto entry = comma == std::string_view::npos ? list : list.substr(comma + 1);
            list = comma == std::string_view::npos ? std::string_view{} : list.substr(0, comma);
            std::string hop = normal_address(trimmed(entry));
            if (hop.empty()) {
                return client;  // whoever wrote this is not to be believed further
            }
            client = std::move(hop);
            if (!is_trusted(client)) {
                return client;
            }
        }
    }
    return client;
}

bool may_have_body(int status) noexcept {
    return status >= 200 && status != 204 && status != 304;
}

void append_head(std::string& out, const Response& response, const ResponseFrame& frame) {
    out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    out.append(reason_phrase(response.status)).append("\r\n");
    for (const auto& [name, value] : response.headers.all()) {
        if (is_server_owned(name)) {
            continue;
        }
        if (!is_token(name) || !is_clean_value(value)) {
            log::error(
                "http_server", "a response header with a line break or a bad name was left out"
            );
            continue;
        }
        append_field(out, name, value);
    }
    append_field(out, "Date", frame.date);
    append_field(out, "X-Request-Id", frame.request_id);
    if (!frame.keep_alive) {
        append_field(out, "Connection", "close");
    } else if (frame.version_10) {
        append_field(out, "Connection", "keep-alive");
    }
    if (may_have_body(response.status)) {
        append_field(out, "Content-Length", std::to_string(response.body.size()));
    }
    out.append("\r\n");
}

}  // namespace leadbridge
