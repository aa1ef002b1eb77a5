// /api/v1/segments

#include "crm/nurture/segment.h"

#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/api/views.h"

namespace leadbridge::gateway {

namespace {

json::object segment_json(const crm::Segment& segment) {
    auto condition = parse_json(segment.condition);
    return json::object{
        {"id", segment.id.str()},
        {"name", segment.name},
        {"condition", condition ? std::move(*condition) : json::value(nullptr)},
        {"created", time_json(segment.created_ms)},
        {"updated", time_json(segment.updated_ms)}};
}

Result<crm::SegmentEdit> edit_of(const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return at_condition(std::move(body).error());
    }
    crm::SegmentEdit edit;
    edit.name = body->text_opt("name");
    if (body->has("condition")) {
        edit.condition = body->raw("condition");
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return edit;
}

crm::SegmentStore store_of(const ApiServices& services) {
    return crm::SegmentStore(services.bitmaps, services.clock, services.ids);
}

}  // namespace

Result<Response> list_segments(const ApiServices& services, const ApiRequest& request) {
    return read_page(services, request, [&](Snapshot& s, const crm::Page& page) {
        return page_response(crm::SegmentStore::list(s, request.viewer(), page), segment_json);
    });
}

Result<Response> get_segment(const ApiServices& services, const ApiRequest& request) {
    return read_one<crm::SegmentId>(services, request, [&](Snapshot& s, crm::SegmentId id) {
        return one_response(
            crm::SegmentStore::find(s, request.viewer(), id), "segment", segment_json
        );
    });
}

Result<Response> create_segment(const ApiServices& services, const ApiRequest& request) {
    const auto make = [&](Transaction& tx, const crm::SegmentEdit& edit) -> Result<Response> {
        auto segment = store_of(services).create(tx, request.viewer(), edit);
        if (!segment) {
            return at_condition(std::move(segment).error());
        }
        return created_response(
            segment_json(*segment), segment->version, "/api/v1/segments/" + segment->id.str()
        );
    };
    return create_one(services, request, edit_of, make);
}

Result<Response> patch_segment(const ApiServices& services, const ApiRequest& request) {
    const auto change = [&](Transaction& tx, Edited<crm::SegmentId> at, const crm::SegmentEdit& edit
                        ) -> Result<Response> {
        auto segment = store_of(services).update(tx, request.viewer(), at.id, edit, at.version);
        if (!segment) {
            return at_condition(std::move(segment).error());
        }
        return object_response(segment_json(*segment), segment->version);
    };
    return edit_one<crm::SegmentId>(services, request, edit_of, change);
}

Result<Response> delete_segment(const ApiServices& services, const ApiRequest& request) {
    return remove_one<crm::SegmentId>(
        services,
        request,
        [&](Transaction& tx, Edited<crm::SegmentId> at) {
            return store_of(services).remove(tx, request.viewer(), at.id, at.version);
        }
    );
}

Result<Response> preview_segment(const ApiServices& services, const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return at_condition(std::move(body).error());
    }
    const std::string condition = body->raw("condition");
    if (condition.empty()) {
        body->fault("condition", "is required");
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    auto preview = store_of(services).preview(services.core, request.viewer(), condition);
    if (!preview) {
        return at_condition(std::move(preview).error());
    }
    json::array sample;
    for (const crm::Contact& contact : preview->sample) {
        sample.push_back(contact_json(contact));
    }
    return Response::json(
        200, to_text(json::object{{"count", preview->count}, {"sample", std::move(sample)}})
    );
}

}  // namespace leadbridge::gateway
