// What most tests include, compiled once by all presets but release; see
// deploy/cmake/precompiled.h.
#pragma once

#include <gtest/gtest.h>

#include "deploy/cmake/precompiled.h"
