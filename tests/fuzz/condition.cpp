// Any bytes as a condition: refused or read, never more; what is read comes back from its canonical
// text unchanged.
#include <cstdlib>
#include <string_view>

#include "crm/nurture/condition.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace leadbridge::crm;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto condition = parse_condition(text);
    if (!condition) {
        if (condition.error().message.empty() || condition.error().reason.empty()) {
            std::abort();
        }
        return 0;
    }
    const ConditionLimits limits;
    const std::string canonical = condition_text(*condition);
    const auto again = parse_condition(canonical, stored_condition_limits);
    if (condition_depth(*condition) > limits.depth || condition_terms(*condition) > limits.terms ||
        !again || condition_text(*again) != canonical) {
        std::abort();
    }
    return 0;
}
