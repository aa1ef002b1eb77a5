// /api/v1/leads

#include "crm/leads/lead.h"

#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"
#include "gateway/idempotency.h"

namespace leadbridge::gateway {

namespace {

Result<crm::LeadFilter> filter_of(const ApiRequest& request) {
    crm::LeadFilter filter;
    if (auto status = request.query_opt("status")) {
        filter.status = crm::parse_lead_status(*status);
        if (!filter.status) {
            return Error{
                ErrorCode::invalid,
                "status must be unassigned, new, following, converted or invalid",
                "bad_status"};
        }
    }
    auto owner = query_id<crm::MemberId>(request, "owner");
    auto channel = query_id<crm::ChannelId>(request, "channel");
    auto tag = query_id<crm::TagId>(request, "tag");
    auto contact = query_id<crm::ContactId>(request, "contact");
    if (!owner) {
        return std::move(owner).error();
    }
    if (!channel) {
        return std::move(channel).error();
    }
    if (!tag) {
        return std::move(tag).error();
    }
    if (!contact) {
        return std::move(contact).error();
    }
    filter.owner = *owner;
    filter.channel = *channel;
    filter.tag = *tag;
    filter.contact = *contact;
    filter.stage = request.query("stage");
    filter.q = request.query("q");
    return filter;
}

Result<Response> lead_response(Snapshot& s, const ApiRequest& request, crm::LeadId id) {
    return one_response(crm::find_lead(s, request.viewer(), id), "lead", lead_json);
}

// One act on one lead: the version from If-Match where given, the body's fields, then the lead as
// it stands.
using Act =
    std::function<Status(Transaction&, crm::LeadDesk&, crm::LeadId, crm::LeadDesk::IfVersion)>;

Result<Response> act(const ApiServices& services, const ApiRequest& request, const Act& fn) {
    auto id = request.id_as<crm::LeadId>();
    if (!id) {
        return std::move(id).error();
    }
    auto version = if_match_opt(request);
    if (!version) {
        return std::move(version).error();
    }
    return write_once(services.core, services.clock, request, [&](Transaction& tx) {
        crm::LeadDesk desk(services.crm());
        return after(fn(tx, desk, *id, *version), [&] { return lead_response(tx, request, *id); });
    });
}

}  // namespace

Result<Response> list_leads(const ApiServices& services, const ApiRequest& request) {
    auto filter = filter_of(request);
    if (!filter) {
        return std::move(filter).error();
    }
    return read_page(services, request, [&](Snapshot& s, const crm::Page& page) {
        return page_response(crm::list_leads(s, request.viewer(), *filter, page), lead_json);
    });
}

Result<Response> get_lead(const ApiServices& services, const ApiRequest& request) {
    return read_one<crm::LeadId>(services, request, [&](Snapshot& s, crm::LeadId id) {
        return lead_response(s, request, id);
    });
}

Result<Response> patch_lead(const ApiServices& services, const ApiRequest& request) {
    if (auto match = request.if_match(); !match) {
        return std::move(match).error();
    }
    auto stage = read_body(request, [](Body& body) { return body.required("stage"); });
    if (!stage) {
        return std::move(stage).error();
    }
    return act(
        services,
        request,
        [&](Transaction& tx, crm::LeadDesk& desk, crm::LeadId id, crm::LeadDesk::IfVersion version
        ) { return desk.set_stage(tx, request.viewer(), id, *stage, version); }
    );
}

Result<Response> claim_lead(const ApiServices& services, const ApiRequest& request) {
    return act(
        services,
        request,
        [&](Transaction& tx, crm::LeadDesk& desk, crm::LeadId id, crm::LeadDesk::IfVersion version
        ) { return desk.claim(tx, request.viewer(), id, version); }
    );
}

Result<Response> assign_lead(const ApiServices& services, const ApiRequest& request) {
    auto to = read_body(request, [](Body& body) {
        const crm::MemberId owner{body.id("owner")};
        if (!owner) {
            body.fault("owner", "is required");
        }
        return owner;
    });
    if (!to) {
        return std::move(to).error();
    }
    return act(
        services,
        request,
        [&](Transaction& tx, crm::LeadDesk& desk, crm::LeadId id, crm::LeadDesk::IfVersion version
        ) { return desk.assign(tx, request.viewer(), id, *to, version); }
    );
}

namespace {

Result<std::string> reason_of(const ApiRequest& request) {
    return read_body(request, [](Body& body) { return body.text("reason"); });
}

}  // namespace

Result<Response> return_lead(const ApiServices& services, const ApiRequest& request) {
    auto reason = reason_of(request);
    if (!reason) {
        return std::move(reason).error();
    }
    return act(
        services,
        request,
        [&](Transaction& tx, crm::LeadDesk& desk, crm::LeadId id, crm::LeadDesk::IfVersion version
        ) { return desk.give_back(tx, request.viewer(), id, *reason, version); }
    );
}

Result<Response> convert_lead(const ApiServices& services, const ApiRequest& request) {
    return act(
        services,
        request,
        [&](Transaction& tx, crm::LeadDesk& desk, crm::LeadId id, crm::LeadDesk::IfVersion version
        ) { return desk.convert(tx, request.viewer(), id, version); }
    );
}

Result<Response> invalidate_lead(const ApiServices& services, const ApiRequest& request) {
    auto reason = reason_of(request);
    if (!reason) {
        return std::move(reason).error();
    }
    return act(
        services,
        request,
        [&](Transaction& tx, crm::LeadDesk& desk, crm::LeadId id, crm::LeadDesk::IfVersion version
        ) { return desk.invalidate(tx, request.viewer(), id, *reason, version); }
    );
}

}  // namespace leadbridge::gateway
