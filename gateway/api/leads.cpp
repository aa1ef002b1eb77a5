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
    const auto lead = crm::find_lead(s, request.viewer(), id);
    if (!lead) {
        return not_found("lead");
    }
    return object_response(lead_json(*lead), lead->version);
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
    crm::LeadDesk::IfVersion version;
    if (request.http().headers.has("If-Match")) {
        auto match = request.if_match();
        if (!match) {
            return std::move(match).error();
        }
        version = *match;
    }
    return write_once(
        services.core,
        services.clock,
        request,
        [&](Transaction& tx) -> Result<Response> {
            crm::LeadDesk desk(services.crm());
            if (Status status = fn(tx, desk, *id, version); !status) {
                return std::move(status).error();
            }
            return lead_response(tx, request, *id);
        }
    );
}

}  // namespace

Result<Response> list_leads(const ApiServices& services, const ApiRequest& request) {
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    auto filter = filter_of(request);
    if (!filter) {
        return std::move(filter).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        return page_response(crm::list_leads(s, request.viewer(), *filter, *page), lead_json);
    });
}

Result<Response> get_lead(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::LeadId>();
    if (!id) {
        return std::move(id).error();
    }
    return services.core.read<Response>([&](Snapshot& s) { return lead_response(s, request, *id); }
    );
}

Result<Response> patch_lead(const ApiServices& services, const ApiRequest& request) {
    if (auto match = request.if_match(); !match) {
        return std::move(match).error();
    }
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const std::string stage = body->required("stage");
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return act(
        services,
        request,
        [&](Transaction& tx, crm::LeadDesk& desk, crm::LeadId id, crm::LeadDesk::IfVersion version
        ) { return desk.set_stage(tx, request.viewer(), id, stage, version); }
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
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    const crm::MemberId to{body->id("owner")};
    if (!to) {
        body->fault("owner", "is required");
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return act(
        services,
        request,
        [&](Transaction& tx, crm::LeadDesk& desk, crm::LeadId id, crm::LeadDesk::IfVersion version
        ) { return desk.assign(tx, request.viewer(), id, to, version); }
    );
}

namespace {

Result<std::string> reason_of(const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return std::move(body).error();
    }
    std::string reason = body->text("reason");
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return reason;
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
