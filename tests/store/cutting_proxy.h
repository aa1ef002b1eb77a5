#pragma once
// Stands between a client and a PostgreSQL server on Unix sockets and loses a connection at the
// worst moments.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"

namespace leadbridge {

class CuttingProxy {
public:
    enum class Cut {
        never,
        before_commit,  // the server hears nothing after its answer to BEGIN
        after_commit,   // the server commits, the client hears nothing of it
        everything,     // nobody gets through
    };

    // server: conninfo with host=<directory>; folder: of the new socket.
    CuttingProxy(const std::string& server, const std::string& folder);
    ~CuttingProxy();
    CuttingProxy(const CuttingProxy&) = delete;
    CuttingProxy& operator=(const CuttingProxy&) = delete;

    // Cuts the next `times` connections that come to that point.
    void cut(Cut where, int times);

    int cuts() const { return cuts_; }

private:
    void serve();
    void pass(int client);
    // False: cut.
    bool carry(int from, int to, bool to_server, bool& begun);
    bool use_up(Cut where);

    const std::string server_path_;
    const std::string path_;
    int listener_ = -1;
    std::atomic<Cut> where_{Cut::never};
    std::atomic<int> left_{0};
    std::atomic<int> cuts_{0};
    std::atomic<bool> closing_{false};
    Guarded<std::vector<std::thread>> passing_;
    std::thread thread_;
};

}  // namespace leadbridge
