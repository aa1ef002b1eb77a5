// Bodies of forms under every preset, and maps as a stranger might write them: whatever comes, no
// crash, every field bounded.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "connectors/forms/form_mapper.h"
#include "connectors/forms/signature.h"
#include "connectors/forms/source_config.h"

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

const std::vector<leadbridge::forms::SourceConfig>& presets() {
    static const auto all = [] {
        std::vector<leadbridge::forms::SourceConfig> out;
        for (const auto name : leadbridge::forms::preset_names()) {
            out.push_back(*leadbridge::forms::read_source_config(
                name, R"({"secrets":["abcdefgh"]})", "{}", ""
            ));
        }
        return out;
    }();
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace leadbridge;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Request request;
    request.body = std::string(text);
    request.headers.set("Stripe-Signature", std::string(text.substr(0, 200)));
    request.headers.set("webhook-signature", std::string(text.substr(0, 200)));
    for (const auto& config : presets()) {
        const auto form = forms::map_form(config.map, text, {});
        if (form) {
            require(form->delivery_id.size() <= 2'000 && form->form.name.size() <= 4'000);
            require(is_utf8(form->form.name) && form->form.answers.size() <= 200);
            require(form->submitted_ms >= 0);
        }
        require(forms::refuse(config.auth, request, "", 1'760'000'000'000).has_value());
    }
    (void)forms::read_source_config("generic", R"({"kind":"none"})", text, "");
    (void)forms::read_source_config("generic", text, "{}", "");
    return 0;
}
