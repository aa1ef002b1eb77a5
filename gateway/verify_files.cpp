#include "gateway/verify_files.h"

#include <algorithm>

#include "base/http_client.h"

namespace leadbridge::gateway {

namespace {

constexpr std::string_view name_begin = "WW_verify_";
constexpr std::string_view name_end = ".txt";
constexpr std::size_t longest_code = 64;
constexpr std::size_t longest_content = 256;
constexpr std::string_view place = "应用管理 › 自建应用 › 网页授权及JS-SDK › 设置可信域名";

bool is_code(std::string_view text) {
    return !text.empty() && text.size() <= longest_code &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
           });
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t from = text.find_first_not_of(blanks);
    return from == std::string_view::npos
               ? std::string_view()
               : text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

Finding address_finding(const std::string& public_url) {
    if (public_url.empty()) {
        return {
            Verdict::warning,
            "corp.domain.url",
            "server.public_url is not set: nobody knows which domain this is",
            "leadbridge.toml › server.public_url",
            "set it to the address people open, like https://crm.example.com"};
    }
    if (!public_url.starts_with("https://")) {
        return {
            Verdict::warning,
            "corp.domain.url",
            public_url + " is not https: WeCom opens pages there with a warning, or not at all",
            "leadbridge.toml › server.public_url",
            "put TLS in front and name the https address"};
    }
    return {Verdict::ok, "corp.domain.url", public_url, "", ""};
}

Finding file_finding(HttpClient& http, const std::string& public_url, const VerifyFile& file) {
    HttpCall call;
    call.url = public_url + "/" + file.name;
    call.timeout_ms = 5'000;
    call.max_body_bytes = 4'096;
    const auto reply = http.call(call);
    if (reply && reply->status == 200 && trimmed(reply->body) == file.content) {
        return {Verdict::ok, "corp.domain.file", call.url, "", ""};
    }
    const std::string what = !reply ? reply.error().message
                             : reply->status == 200
                                 ? "another text came back"
                                 : "the answer was " + std::to_string(reply->status);
    return {
        Verdict::broken,
        "corp.domain.file",
        call.url + ": " + what,
        "the proxy before this machine",
        "let it pass /WW_verify_*.txt on to LeadBridge"};
}

}  // namespace

bool is_verify_name(std::string_view name) noexcept {
    return name.starts_with(name_begin) && name.ends_with(name_end) &&
           name.size() > name_begin.size() + name_end.size() &&
           is_code(name.substr(name_begin.size(), name.size() - name_begin.size() - name_end.size())
           );
}

std::vector<VerifyFile> verify_files(Snapshot& s, CorpId corp) {
    return s.all(
        "SELECT name, content, added_ms FROM verify_file WHERE corp_id = ? ORDER BY name",
        {corp},
        [](const Row& row) {
            return VerifyFile{row.str(0), row.str(1), row.integer(2)};
        }
    );
}

std::optional<std::string> verify_content(Snapshot& s, std::string_view name) {
    if (!is_verify_name(name)) {
        return std::nullopt;
    }
    return s.one("SELECT content FROM verify_file WHERE name = ?", {name}, [](const Row& row) {
        return row.str(0);
    });
}

Status put_verify_file(Transaction& tx, CorpId corp, const VerifyFile& file) {
    if (!is_verify_name(file.name)) {
        return Error{
            ErrorCode::rule_broken,
            "name: must be as WeCom gave it, like WW_verify_AbCd1234.txt",
            "name"};
    }
    const std::string_view content = trimmed(file.content);
    const bool printable =
        std::all_of(content.begin(), content.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (content.empty() || content.size() > longest_content || !printable) {
        return Error{
            ErrorCode::rule_broken, "content: must be the one line of the file", "content"};
    }
    if (tx.exists("SELECT 1 FROM verify_file WHERE name = ? AND corp_id <> ?", {file.name, corp})) {
        return Error{ErrorCode::conflict, "another corp has a file of this name", "name_taken"};
    }
    tx.execute(
        "INSERT INTO verify_file(corp_id, name, content, added_ms) VALUES(?,?,?,?) ON "
        "CONFLICT(corp_id, name) DO UPDATE SET content = excluded.content, added_ms = "
        "excluded.added_ms",
        {corp, file.name, content, file.added_ms}
    );
    return {};
}

bool remove_verify_file(Transaction& tx, CorpId corp, std::string_view name) {
    return tx.execute("DELETE FROM verify_file WHERE corp_id = ? AND name = ?", {corp, name}) > 0;
}

std::vector<Finding> check_domain(
    HttpClient& http, const std::string& public_url, const std::vector<VerifyFile>& files
) {
    std::vector<Finding> out{address_finding(public_url)};
    if (files.empty()) {
        out.push_back(
            {Verdict::warning,
             "corp.domain.file",
             "no verify file is stored: WeCom does not trust the domain for signing in and JS-SDK",
             std::string(place),
             "download the file there and store it here"}
        );
    }
    for (const VerifyFile& file : files) {
        if (!public_url.empty()) {
            out.push_back(file_finding(http, public_url, file));
        }
    }
    return out;
}

}  // namespace leadbridge::gateway
