// What most tests include, compiled once by the presets that only check; see deploy/cmake/precompiled.h.
#pragma once

#include <gtest/gtest.h>

#include "deploy/cmake/precompiled.h"
