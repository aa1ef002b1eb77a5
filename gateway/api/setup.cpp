// /api/v1/setup: the doctor's findings as steps, each tested for real and kept with its time.

#include <algorithm>
#include <array>

#include "connectors/wecom/contact_sync.h"
#include "crm/staff/audit.h"
#include "gateway/api/handlers.h"
#include "gateway/api/setup.h"
#include "gateway/api/support.h"
#include "gateway/doctor.h"
#include "gateway/verify_files.h"

namespace leadbridge::gateway {

namespace {

// A step and how the names of its checks begin. Steps without checks look at our own tables.
struct StepRow {
    std::string_view id;
    std::array<std::string_view, 5> checks;
};

constexpr std::array steps{
    StepRow{
        "corp", {"corp.app", "corp.token", "corp.network", "corp.contacts_secret", "corp.clock"}},
    StepRow{"customer_contact", {"corp.customer_contact", "", "", "", ""}},
    StepRow{"callbacks", {"corp.callback", "", "", "", ""}},
    StepRow{"domain", {}},
    StepRow{"members", {}},
    StepRow{"archive", {"corp.archive", "", "", "", ""}},
    StepRow{"first_sync", {}}};

bool belongs(const StepRow& step, std::string_view check) {
    return std::any_of(step.checks.begin(), step.checks.end(), [&](std::string_view begin) {
        return !begin.empty() && check.starts_with(begin);
    });
}

json::object shown(const Finding& finding) {
    return json::object{
        {"code", finding.check},
        {"verdict", to_string(finding.verdict)},
        {"cause", finding.what},
        {"place", finding.place},
        {"fix", finding.fix}};
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

json::object untested(std::string_view id) {
    return json::object{
        {"id", id}, {"status", "untested"}, {"findings", json::array{}}, {"tested", nullptr}};
}

Result<std::vector<Finding>> findings_of(
    const ApiServices& services, const crm::Corp& corp, const StepRow& step
) {
    std::vector<Finding> out;
    if (step.id == "domain") {
        const auto files = services.core.read<std::vector<VerifyFile>>(
            [&](Snapshot& s) -> Result<std::vector<VerifyFile>> { return verify_files(s, corp.id); }
        );
        return files ? services.corp_doctor.check_domain(*files)
                     : Result<std::vector<Finding>>(files.error());
    }
    if (step.checks[0].empty()) {
        auto read = services.core.read<int>([&](Snapshot& s) -> Result<int> {
            out.push_back(
                step.id == "members" ? members_finding(s, corp.id) : sync_finding(s, corp.id)
            );
            return 0;
        });
        return read ? Result<std::vector<Finding>>(std::move(out))
                    : Result<std::vector<Finding>>(std::move(read).error());
    }
    auto all = services.corp_doctor.check(corp);
    if (!all) {
        return std::move(all).error();
    }
    for (Finding& finding : *all) {
        if (belongs(step, finding.check)) {
            out.push_back(std::move(finding));
        }
    }
    return out;
}

}  // namespace

std::span<const Migration> setup_migrations() {
    static constexpr std::array all{
        Migration{
            1,
            "CREATE TABLE setup_step(corp_id INTEGER NOT NULL, step TEXT NOT NULL, result TEXT "
            "NOT NULL, tested_ms INTEGER NOT NULL, PRIMARY KEY(corp_id, step));"},
        Migration{
            2,
            "CREATE TABLE verify_file(corp_id INTEGER NOT NULL, name TEXT NOT NULL, content TEXT "
            "NOT NULL, added_ms INTEGER NOT NULL, PRIMARY KEY(corp_id, name));"
            "CREATE UNIQUE INDEX verify_file_name ON verify_file(name);"}};
    return all;
}

Result<Response> list_setup_steps(const ApiServices& services, const ApiRequest& request) {
    const auto corp = services.corp_directory.find(request.corp());
    if (corp == nullptr) {
        return not_found("corp");
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        json::array items;
        for (const StepRow& step : steps) {
            const auto kept = s.one(
                "SELECT result FROM setup_step WHERE corp_id = ? AND step = ?",
                {corp->id, step.id},
                [](const Row& row) { return row.str(0); }
            );
            auto result = parse_json(kept.value_or(""));
            items.push_back(
                result && result->is_object() ? std::move(result->get_object()) : untested(step.id)
            );
        }
        json::array urls;
        for (const crm::CorpCallback& callback : corp->callbacks) {
            urls.push_back(json::object{
                {"name", callback.name},
                {"path", "/callback/wecom/" + corp->wecom_id + "/" + callback.name}});
        }
        return Response::json(
            200,
            to_text(json::object{
                {"corp", corp->id.str()},
                {"callback_urls", std::move(urls)},
                {"last_callback",
                 time_json(s.number(
                     "SELECT COALESCE(MAX(recv_ms), 0) FROM inbox WHERE corp_id = ? AND connector "
                     "= 'wecom'",
                     {corp->id}
                 ))},
                {"items", std::move(items)}})
        );
    });
}

Result<Response> test_setup_step(const ApiServices& services, const ApiRequest& request) {
    const auto corp = services.corp_directory.find(request.corp());
    const auto step = std::find_if(steps.begin(), steps.end(), [&](const StepRow& row) {
        return row.id == request.param("step");
    });
    if (corp == nullptr || step == steps.end()) {
        return not_found("step");
    }
    auto findings = findings_of(services, *corp, *step);
    if (!findings) {
        return std::move(findings).error();
    }
    json::array list;
    for (const Finding& finding : *findings) {
        list.push_back(shown(finding));
    }
    const UnixMillis now = services.clock.now();
    const std::string result = to_text(json::object{
        {"id", step->id},
        {"status", status_of(*findings)},
        {"findings", std::move(list)},
        {"tested", time_json(now)}});
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        tx.execute(
            "INSERT INTO setup_step(corp_id, step, result, tested_ms) VALUES(?,?,?,?) ON "
            "CONFLICT(corp_id, step) DO UPDATE SET result = excluded.result, tested_ms = "
            "excluded.tested_ms",
            {corp->id, step->id, result, now}
        );
        tx.changed({corp->id, "setup", corp->id.value, "updated"});
        return Response::json(200, result);
    });
}

namespace {

Response domain_response(const ApiServices& services, const std::vector<VerifyFile>& files) {
    json::array items;
    for (const VerifyFile& file : files) {
        items.push_back(json::object{
            {"name", file.name}, {"content", file.content}, {"added", time_json(file.added_ms)}});
    }
    return Response::json(
        200, to_text(json::object{{"url", services.public_url}, {"files", std::move(items)}})
    );
}

void note_verify_file(
    Transaction& tx,
    const ApiServices& services,
    const ApiRequest& request,
    std::string_view action,
    std::string_view name
) {
    const std::string told = to_text(json::object{{"name", name}});
    crm::record_audit(
        tx, services.audit(), request.viewer(), {action, "corp", request.corp().value, {}, told}
    );
    tx.changed({request.corp(), "setup", request.corp().value, "updated"});
}

}  // namespace

Result<Response> get_setup_domain(const ApiServices& services, const ApiRequest& request) {
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return domain_response(services, verify_files(s, request.corp()));
    });
}

Result<Response> put_setup_file(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const VerifyFile file{
        std::string(request.param("name")), body->required("content"), services.clock.now()};
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        if (Status put = put_verify_file(tx, request.corp(), file); !put) {
            return std::move(put).error();
        }
        note_verify_file(tx, services, request, "setup.file", file.name);
        return domain_response(services, verify_files(tx, request.corp()));
    });
}

Result<Response> delete_setup_file(const ApiServices& services, const ApiRequest& request) {
    const std::string_view name = request.param("name");
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        if (!remove_verify_file(tx, request.corp(), name)) {
            return not_found("file");
        }
        note_verify_file(tx, services, request, "setup.file_gone", name);
        return no_content();
    });
}

}  // namespace leadbridge::gateway
