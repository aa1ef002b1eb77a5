// Condition JSON: refused, or a tree that its own text gives back.
#include <cstdlib>

#include "crm/nurture/condition.h"

using namespace leadbridge;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto condition = crm::parse_condition({reinterpret_cast<const char*>(data), size});
    if (!condition) {
        return 0;
    }
    const std::string text = crm::condition_text(*condition);
    const auto again = crm::parse_condition(text);
    if (!again || crm::condition_text(*again) != text) {
        std::abort();
    }
    return 0;
}
