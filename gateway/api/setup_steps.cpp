// Steps of the setup that look at our own tables, and how a step's result is kept.

#include <algorithm>

#include "connectors/wecom/contact_sync.h"
#include "gateway/api/setup.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

json::object shown(const Finding& finding) {
    return json::object{
        {"code", finding.check},
        {"verdict", to_string(finding.verdict)},
        {"cause", finding.what},
        {"place", finding.place},
        {"fix", finding.fix}};
}

// worst of the findings; without any the step does not apply
std::string_view status_of(const std::vector<Finding>& findings) {
    if (findings.empty()) {
        return "skipped";
    }
    Verdict worst = Verdict::ok;
    for (const Finding& finding : findings) {
        worst = std::max(worst, finding.verdict);
    }
    return to_string(worst);
}

Finding members_finding(Snapshot& s, CorpId corp) {
    const std::int64_t n =
        s.number("SELECT COUNT(*) FROM member WHERE corp_id = ? AND customer_contact = 1", {corp});
    if (n > 0) {
        return {
            Verdict::ok, "corp.members", std::to_string(n) + " members may have customers", "", ""};
    }
    return {
        Verdict::broken,
        "corp.members",
        "no member of this corp may have customers",
        "客户与上下游 › 客户联系 › 权限配置",
        "give members customer contact permission, then sync"};
}

Finding sync_finding(Snapshot& s, CorpId corp) {
    const auto run = wecom::last_sync_run(s, corp);
    if (!run) {
        return {
            Verdict::warning,
            "corp.sync",
            "nothing was synced yet",
            "POST /api/v1/sync",
            "start it"};
    }
    const std::string count = std::to_string(run->contacts) + " friendships read";
    if (run->finished_ms == 0) {
        return {
            Verdict::warning,
            "corp.sync",
            "running: " + count + ", " + std::to_string(run->members_done) + " of " +
                std::to_string(run->members_total) + " members",
            "",
            "wait for it"};
    }
    if (!run->error.empty()) {
        return {
            Verdict::broken,
            "corp.sync",
            run->error,
            "GET /api/v1/sync",
            "mend it and start again"};
    }
    return {Verdict::ok, "corp.sync", count, "", ""};
}

constexpr std::string_view toolbar_place =
    "客户与上下游 › 客户联系 › 聊天工具 › 聊天工具栏管理 › 配置应用页面";

Finding toolbar_finding(Snapshot& s, CorpId corp, const std::string& public_url) {
    if (s.exists("SELECT 1 FROM side_opened WHERE corp_id = ?", {corp})) {
        return ok("corp.toolbar", "a member has opened the toolbar's page");
    }
    if (public_url.empty()) {
        return warning(
            "corp.toolbar",
            "server.public_url is not set: the page has no address to enter in WeCom",
            "server.public_url",
            "set it to the https address of this console"
        );
    }
    return warning(
        "corp.toolbar",
        "no member has opened the toolbar's page yet",
        std::string(toolbar_place),
        "enter " + public_url + "/side/ there, then open it beside a chat with a customer"
    );
}

}  // namespace

Finding own_finding(
    Snapshot& s, CorpId corp, std::string_view step, const std::string& public_url
) {
    if (step == "toolbar") {
        return toolbar_finding(s, corp, public_url);
    }
    return step == "members" ? members_finding(s, corp) : sync_finding(s, corp);
}

std::string keep_step(
    Transaction& tx,
    CorpId corp,
    std::string_view step,
    const std::vector<Finding>& findings,
    UnixMillis now
) {
    json::array list;
    for (const Finding& finding : findings) {
        list.push_back(shown(finding));
    }
    std::string result = to_text(json::object{
        {"id", step},
        {"status", status_of(findings)},
        {"findings", std::move(list)},
        {"tested", time_json(now)}});
    tx.execute(
        "INSERT INTO setup_step(corp_id, step, result, tested_ms) VALUES(?,?,?,?) ON "
        "CONFLICT(corp_id, step) DO UPDATE SET result = excluded.result, tested_ms = "
        "excluded.tested_ms",
        {corp, step, result, now}
    );
    tx.changed({corp, "setup", corp.value, "updated"});
    return result;
}

Status note_toolbar_opened(const ApiServices& services, const ApiRequest& request) {
    const crm::Viewer viewer = request.viewer();
    const auto known = services.core.read<bool>([&](Snapshot& s) -> Result<bool> {
        return s.exists("SELECT 1 FROM side_opened WHERE corp_id = ?", {viewer.corp});
    });
    if (!viewer.member || !known || *known) {
        return known ? Status{} : Status{known.error()};
    }
    auto noted = services.core.write<int>([&](Transaction& tx) -> Result<int> {
        const UnixMillis now = services.clock.now();
        tx.execute(
            "INSERT INTO side_opened(corp_id, member_id, opened_ms) VALUES(?,?,?) ON "
            "CONFLICT(corp_id) DO NOTHING",
            {viewer.corp, viewer.member, now}
        );
        const Finding found = own_finding(tx, viewer.corp, "toolbar", services.public_url);
        (void)keep_step(tx, viewer.corp, "toolbar", {found}, now);
        return 0;
    });
    return noted ? Status{} : Status{std::move(noted).error()};
}

}  // namespace leadbridge::gateway
