#pragma once

// The program's commands (docs/commands.md). Exit codes: 0 done, 1 failed, 2 wrong use. Errors go
// to stderr in one line.

namespace leadbridge::gateway {

int run_command_line(int argc, char** argv);

}  // namespace leadbridge::gateway
