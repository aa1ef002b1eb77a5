#pragma once
// The daemon's local socket (data_dir/control.sock, mode 0600): commands send API requests through
// it, so that the daemon alone writes its database. One request per connection:
// {"method","path","query","headers","body"} as one JSON line, answered by
// {"status","headers","body"}. Whoever may open the socket is the machine's admin.

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "base/http_types.h"
#include "base/result.h"

namespace leadbridge::gateway {

// data_dir/control.sock, or a name under $XDG_RUNTIME_DIR where that path is too long for a socket
// address.
std::string control_socket_path(const std::string& data_dir);

struct ControlSocketOptions {
    int request_ms = 5'000;  // until a command has said what it wants; then it is given up
};

class ControlSocket {
public:
    // Listens at once; throws std::runtime_error naming the path. handler runs on the socket's own
    // thread, one request at a time.
    ControlSocket(
        std::string path,
        std::function<Response(const Request&)> handler,
        ControlSocketOptions options = {}
    );
    ~ControlSocket();

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Whether a command of user `asking` may send its secrets to a program of user `answering`: to
// root, to itself, and root to anybody.
bool trusted_peer(uid_t answering, uid_t asking) noexcept;

// Asks the daemon. Error{forbidden} when the program there is not to be trusted. Error{retry_later}
// when none listens there.
Result<Response> ask_daemon(const std::string& path, const Request& request);

}  // namespace leadbridge::gateway
