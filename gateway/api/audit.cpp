// /api/v1/audit

#include "crm/staff/audit.h"

#include "gateway/api/csv.h"
#include "gateway/api/handlers.h"
#include "gateway/api/masking.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t max_export = 50'000;
constexpr int export_page = 200;

json::object audit_json(const crm::AuditEntry& entry) {
    const auto parsed = [](const std::string& text) {
        auto value = parse_json(text);
        return value ? std::move(*value) : json::value(nullptr);
    };
    return json::object{
        {"id", std::to_string(entry.id)},
        {"at", time_json(entry.at)},
        {"actor", entry.actor},
        {"action", entry.action},
        {"object", entry.object},
        {"object_id", std::to_string(entry.object_id)},
        {"before", parsed(entry.before)},
        {"after", parsed(entry.after)}};
}

Result<UnixMillis> time_of(const ApiRequest& request, std::string_view name) {
    const auto text = request.query_opt(name);
    if (!text) {
        return 0;
    }
    if (auto time = parse_rfc3339(*text)) {
        return *time;
    }
    return Error{
        ErrorCode::invalid,
        std::string(name) + " must be an RFC 3339 time",
        "bad_" + std::string(name)};
}

Result<crm::AuditFilter> audit_filter(const ApiRequest& request) {
    auto object_id = query_id<Id<struct AuditObjectTag>>(request, "object_id");
    if (!object_id) {
        return std::move(object_id).error();
    }
    auto from = time_of(request, "from");
    if (!from) {
        return std::move(from).error();
    }
    auto until = time_of(request, "until");
    if (!until) {
        return std::move(until).error();
    }
    crm::AuditFilter filter;
    filter.object = request.query("object");
    filter.object_id = *object_id ? (*object_id)->value : 0;
    filter.actor = request.query("actor");
    filter.action = request.query("action");
    filter.from_ms = *from;
    filter.until_ms = *until;
    // Who works for the whole machine also sees what was done to it.
    filter.machine = request.caller().corp ? crm::MachineActs::without : crm::MachineActs::with;
    return filter;
}

}  // namespace

Result<Response> list_audit(const ApiServices& services, const ApiRequest& request) {
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    auto filter = audit_filter(request);
    if (!filter) {
        return std::move(filter).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return page_response(crm::list_audit(s, request.viewer(), *filter, *page), audit_json);
    });
}

// The path names no corp, so the viewer's is 0 with a token of all corps: the machine's own rows.
Result<Response> list_machine_audit(const ApiServices& services, const ApiRequest& request) {
    if (request.corp()) {
        return Error{
            ErrorCode::forbidden, "only a token of all corps sees the machine", "corp_scope"};
    }
    return list_audit(services, request);
}

// Looking at everything at once is an act of its own.
Result<Response> export_audit(const ApiServices& services, const ApiRequest& request) {
    auto filter = audit_filter(request);
    if (!filter) {
        return std::move(filter).error();
    }
    std::string csv(csv_mark);
    csv_line(csv, {"at", "actor", "action", "object", "object_id", "before", "after"});
    std::size_t rows = 0;
    const bool clear = request.caller().may(crm::Permission::contacts_phones);
    const auto shown = [&](const std::string& text) { return clear ? text : mask_text(text); };
    auto read = services.core.read<int>([&](Snapshot& s) -> Result<int> {
        crm::Page page{0, export_page};
        do {
            const auto part = crm::list_audit(s, request.viewer(), *filter, page);
            for (const crm::AuditEntry& entry : part.items) {
                const std::string object_id = std::to_string(entry.object_id);
                csv_line(
                    csv,
                    {rfc3339(entry.at),
                     entry.actor,
                     entry.action,
                     entry.object,
                     object_id,
                     shown(entry.before),
                     shown(entry.after)}
                );
            }
            rows += part.items.size();
            page.before = part.next;
        } while (page.before != 0 && rows < max_export);
        return 0;
    });
    if (!read) {
        return std::move(read).error();
    }
    const std::string after = to_text(json::object{{"rows", rows}});
    auto noted = services.core.write<int>([&](Transaction& tx) -> Result<int> {
        crm::record_audit(
            tx, services.audit(), request.viewer(), {"audit.export", "audit", 0, {}, after}
        );
        return 0;
    });
    if (!noted) {
        return std::move(noted).error();
    }
    Response response = Response::text(200, std::move(csv));
    response.headers.set("Content-Type", "text/csv; charset=utf-8");
    response.headers.set("Content-Disposition", "attachment; filename=\"audit.csv\"");
    return response;
}

}  // namespace leadbridge::gateway
