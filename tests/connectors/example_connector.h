#pragma once
// A whole connector in one file: an appointment desk that posts JSON to /hook-desk/{wecom_id} and
// signs it with HMAC-SHA256. docs/connectors.md walks through it.

#include <string>
#include <string_view>

#include "base/crypto.h"
#include "base/json.h"
#include "connectors/connector.h"
#include "connectors/dedupe_key.h"
#include "crm/staff/corp.h"

namespace leadbridge {

class DeskConnector final : public Connector {
public:
    DeskConnector(const crm::CorpDirectory& corps, Secret secret)
        : corps_(corps), secret_(std::move(secret)) {}

    std::string_view name() const noexcept override { return "desk"; }

    // 1. Verify over the raw bytes. 2. Read only what the key needs. 3. Hand over; nothing is
    // stored or called here.
    ReceiveResult receive(const Request& request) override {
        const auto corp = corps_.find_wecom(request.path.substr(request.path.rfind('/') + 1));
        const auto expected = crypto::hex(crypto::hmac_sha256(secret_.reveal(), request.body));
        if (!corp || request.headers.count("X-Desk-Signature") != 1 ||
            !crypto::equal_constant_time(request.headers.get("X-Desk-Signature"), expected)) {
            return Response::empty(403);
        }
        const auto body = parse_json(request.body);
        if (!body || !body->is_object()) {
            return Response::empty(400);
        }
        const auto& booking = body->as_object();
        Received out;
        out.corp = corp->id;
        out.kind = "desk.booking";
        out.key = dedupe_key(json_int(booking, "at_ms"), name(), json_string(booking, "id"));
        out.object = "phone:" + json_string(booking, "phone");
        out.body = request.body;
        out.reply = Response::text(200, "ok");
        return out;
    }

    // The sealed body comes back, perhaps years later: every error is a Parked that a person can
    // read.
    Decoded decode(const InboxRow& row) override {
        const auto body = parse_json(row.body);
        if (!body || !body->is_object()) {
            return Parked{"malformed", "the booking is no JSON object"};
        }
        const auto& booking = body->as_object();
        const std::string phone = json_string(booking, "phone");
        if (phone.empty()) {
            return Parked{"no_mapped_fields", "the booking names no phone"};
        }
        crm::FormSubmitted form;
        form.form_name = "appointment";
        form.name = json_string(booking, "name");
        form.identities.push_back({crm::IdentityKind::phone, phone});
        form.answers.push_back({"wish", json_string(booking, "wish")});

        crm::Touch touch;
        touch.corp = row.corp;
        touch.at = json_int(booking, "at_ms", row.received_ms);
        touch.key = crypto::hex(row.key) + ":0";
        touch.inbox_id = row.id;
        touch.body = std::move(form);
        return std::vector<crm::Touch>{std::move(touch)};
    }

private:
    const crm::CorpDirectory& corps_;
    const Secret secret_;
};

}  // namespace leadbridge
