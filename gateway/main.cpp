// leadbridge: one program. `serve` is the daemon; every other command asks it through its local
// socket, or opens the installation itself when no daemon runs. See gateway/app.h for what the
// daemon is made of and in which order.

#include "gateway/commands/command_line.h"

int main(int argc, char** argv) {
    return leadbridge::gateway::run_command_line(argc, argv);
}
