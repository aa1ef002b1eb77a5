#pragma once
// Keyset paging by id, newest first.

#include <cstdint>
#include <vector>

namespace leadbridge::crm {

struct Page {
    std::int64_t before = 0;  // the id after which the next page goes on; 0 = from the newest
    int limit = 50;           // 1..200, silently brought into this range
};

template <class T>
struct PageOf {
    std::vector<T> items;
    std::int64_t next = 0;  // `before` of the next page; 0 = there is none
};

}  // namespace leadbridge::crm
