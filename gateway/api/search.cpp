// GET search: people, their leads, channels by one text. Everything is narrowed by the Viewer.

#include <algorithm>

#include "crm/leads/channel.h"
#include "crm/nurture/contact_query.h"
#include "crm/nurture/lead_query.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

constexpr int most = 8;
constexpr std::size_t longest = 100;

bool holds(const std::string& text, const std::string& q) {
    const auto same = [](char a, char b) {
        const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
        return low(a) == low(b);
    };
    return std::search(text.begin(), text.end(), q.begin(), q.end(), same) != text.end();
}

// What of the contact the text met.
std::string_view match_of(Snapshot& s, const crm::ContactRow& row, const std::string& q) {
    if (holds(row.contact.name, q)) {
        return "name";
    }
    if (holds(row.remark, q)) {
        return "remark";
    }
    for (const auto kind :
         {crm::IdentityKind::phone, crm::IdentityKind::email, crm::IdentityKind::external_userid}) {
        const auto identity = crm::normalise({kind, q});
        if (identity &&
            crm::find_contact_id(s, row.contact.corp, kind, identity->value) == row.contact.id) {
            return kind == crm::IdentityKind::phone   ? "phone"
                   : kind == crm::IdentityKind::email ? "email"
                                                      : "external_userid";
        }
    }
    return "id";
}

json::array contacts_json(
    Snapshot& s, const std::vector<crm::ContactRow>& rows, const std::string& q
) {
    json::array out;
    for (const crm::ContactRow& row : rows) {
        out.push_back(json::object{
            {"id", row.contact.id.str()},
            {"name", row.contact.name},
            {"remark", row.remark},
            {"avatar", row.contact.avatar},
            {"company", row.contact.company},
            {"owner",
             row.contact.owner ? json::value(row.contact.owner.str()) : json::value(nullptr)},
            {"owner_name", row.owner_name},
            {"match", match_of(s, row, q)}});
    }
    return out;
}

json::array leads_json(
    Snapshot& s, const crm::Viewer& viewer, const std::vector<crm::ContactRow>& rows
) {
    json::array out;
    for (const crm::ContactRow& row : rows) {
        crm::LeadFilter filter;
        filter.contact = row.contact.id;
        for (const crm::Lead& lead : crm::list_leads(s, viewer, filter, {0, 1}).items) {
            out.push_back(json::object{
                {"id", lead.id.str()},
                {"contact", lead.contact.str()},
                {"contact_name", lead.contact_name},
                {"status", to_string(lead.status)},
                {"owner", lead.owner ? json::value(lead.owner.str()) : json::value(nullptr)}});
        }
    }
    return out;
}

json::array channels_json(Snapshot& s, const crm::Viewer& viewer, const std::string& q) {
    json::array out;
    for (const crm::Channel& channel : crm::ChannelStore::list(s, viewer, {0, 200}).items) {
        if (out.size() < most && holds(channel.name, q)) {
            out.push_back(json::object{{"id", channel.id.str()}, {"name", channel.name}});
        }
    }
    return out;
}

}  // namespace

Result<Response> search(const ApiServices& services, const ApiRequest& request) {
    const std::string q(request.query("q"));
    if (q.empty() || q.size() > longest) {
        return Error{ErrorCode::invalid, "q must be 1 to 100 bytes", "bad_q"};
    }
    const crm::Viewer& viewer = request.viewer();
    crm::ContactPageQuery query;
    query.find.q = q;
    query.sort = crm::ContactSort::last_touch;
    query.limit = most;
    auto page =
        crm::ContactQueries(services.core, services.bitmaps, services.clock).page(viewer, query);
    if (!page) {
        return std::move(page).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        std::vector<crm::ContactRow> rows = page->items;
        if (const auto id = parse_id(q)) {  // the id of a contact itself
            if (const auto contact = crm::find_contact(s, viewer, crm::ContactId{*id})) {
                rows.push_back(crm::ContactRow{*contact, {}, {}, {}, false});
            }
        }
        return Response::json(
            200,
            to_text(json::object{
                {"contacts", contacts_json(s, rows, q)},
                {"leads", leads_json(s, viewer, rows)},
                {"channels",
                 request.caller().may(crm::Permission::channels_read) ? channels_json(s, viewer, q)
                                                                      : json::array{}}})
        );
    });
}

}  // namespace leadbridge::gateway
