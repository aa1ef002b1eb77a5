#pragma once
// The daemon's local socket (data_dir/control.sock, mode 0600): commands send API requests through
// it, so that the daemon alone writes its database. One request per connection:
// {"method","path","query","headers","body"} as one JSON line, answered by
// {"status","headers","body"}. Whoever may open the socket is the machine's admin.

#include <functional>
#include <memory>
#include <string>

#include "base/http_types.h"
#include "base/result.h"

namespace leadbridge::gateway {

// data_dir/control.sock, or a name under $XDG_RUNTIME_DIR where that path is too long for a socket
// address.
std::string control_socket_path(const std::string& data_dir);

class ControlSocket {
public:
    // Listens at once; throws std::runtime_error naming the path. handler runs on the socket's own
    // thread, one request at a time.
    ControlSocket(std::string path, std::function<Response(const Request&)> handler);
    ~ControlSocket();

private:
    struct State;
    std::unique_ptr<State> state_;
};

// Asks the daemon. Error{retry_later} when none listens there.
Result<Response> ask_daemon(const std::string& path, const Request& request);

}  // namespace leadbridge::gateway
