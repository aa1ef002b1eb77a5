#pragma once
// Reading a question about contacts out of a body. For .cpp files of gateway/api only.

#include "crm/nurture/contact_query.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

// The fields condition and q.
crm::ContactFind contact_find_of(Body& body);

}  // namespace leadbridge::gateway
