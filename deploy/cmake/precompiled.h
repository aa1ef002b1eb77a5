// What most files include, compiled once by all presets but release, which thereby shows that no
// file relies on it.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/result.h"
