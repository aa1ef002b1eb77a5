// /api/v1/setup: the doctor's findings as steps, each tested for real and kept with its time.

#include <algorithm>
#include <array>

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
    StepRow{"toolbar", {}},
    StepRow{"archive", {"corp.archive", "", "", "", ""}},
    StepRow{"first_sync", {}}};

bool belongs(const StepRow& step, std::string_view check) {
    return std::any_of(step.checks.begin(), step.checks.end(), [&](std::string_view begin) {
        return !begin.empty() && check.starts_with(begin);
    });
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
            out.push_back(own_finding(s, corp.id, step.id, services.public_url));
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
            "CREATE UNIQUE INDEX verify_file_name ON verify_file(name);"},
        Migration{
            3,
            "CREATE TABLE side_opened(corp_id INTEGER NOT NULL PRIMARY KEY, member_id INTEGER NOT "
            "NULL, opened_ms INTEGER NOT NULL);"}};
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
    return services.core.write<Response>([&](Transaction& tx) -> Result<Response> {
        return Response::json(
            200, keep_step(tx, corp->id, step->id, *findings, services.clock.now())
        );
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
