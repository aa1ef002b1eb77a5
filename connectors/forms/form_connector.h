#pragma once
// Forms and other inbound webhooks: POST /hook/{source_id}[/{secret}], GET and POST for challenges.
// The source's row says how the sender proves himself and where the fields stand
// (connectors/forms/source_config.h). Unknown source, switched off, wrong proof: one 403.
//   leadbridge_hooks_total{result} accepted | challenge | unknown | misconfigured | refused |
//   too_old | bad_request | too_large

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "connectors/connector.h"
#include "connectors/forms/source_config.h"
#include "crm/staff/source.h"

namespace leadbridge::forms {

struct FormConnectorOptions {
    std::size_t max_body = 1 << 20;
    std::int64_t repeat_window_ms = 60'000;  // of a source that gives neither delivery id nor time
};

class FormConnector final : public Connector {
public:
    FormConnector(
        const crm::SourceDirectory& sources,
        const Clock& clock,
        Metrics& metrics,
        FormConnectorOptions options = {}
    );

    std::string_view name() const noexcept override { return "forms"; }

    ReceiveResult receive(const Request& request) override;
    // "no_mapped_fields", "no_source" and "malformed" are parked; replay them after the map was put
    // right.
    Decoded decode(const InboxRow& row) override;

private:
    enum class Verdict : std::uint8_t {
        accepted,
        challenge,
        unknown,
        misconfigured,
        refused,
        too_old,
        bad_request,
        too_large
    };

    struct Known {  // a version of a source and what was read from it
        crm::SourceDirectory::Ptr source;
        std::shared_ptr<const SourceConfig> config;  // null: it cannot be used
    };

    std::optional<Response> challenge(const Request& request, const SourceConfig& config);
    ReceiveResult post(const Request& request, const Known& known, std::string_view path_secret);
    ReceiveResult feishu(const Request& request, const Known& known);
    ReceiveResult accept(std::string body, const Request& request, const Known& known);
    Known find(std::int64_t source_id);
    void count(Verdict verdict);
    Response answer(Verdict verdict, int status);

    const crm::SourceDirectory& sources_;
    const Clock& clock_;
    const FormConnectorOptions options_;
    std::vector<Counter*> counters_;  // by Verdict
    Guarded<std::map<std::int64_t, Known>>
        read_;  // configurations by source, replaced when the row changed
};

}  // namespace leadbridge::forms
