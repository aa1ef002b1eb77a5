#pragma once
// One running leadbridge-archive-worker: spawned, asked, killed. Speaks archive_frames.h. Linux
// only.

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connectors/wecom/spawn_thread.h"

namespace leadbridge::wecom {

struct WorkerOptions {
    std::string executable;  // path of leadbridge-archive-worker
    std::string sdk;         // path of the library
    std::uint64_t memory_cap_bytes =
        512ULL << 20;  // RLIMIT_DATA of the worker, and the resident size at which it is replaced
};

// Not thread-safe, except cancel's descriptor.
class WorkerProcess {
public:
    // Error{permanent, "worker_missing"} when the executable cannot be started. cancel_fd: readable
    // = give up waiting, -1 = none.
    static Result<std::unique_ptr<WorkerProcess>> start(
        SpawnThread& spawner, const WorkerOptions& options, int cancel_fd
    );
    ~WorkerProcess();  // kills and reaps

    using Fields = std::vector<std::string>;
    // Fields of the reply after the code. After an Error whose reason is sdk_crashed, sdk_hanging,
    // worker_protocol or cancelled the process is dead (alive() is false). deadline_ms is real
    // time.
    Result<Fields> ask(
        std::uint8_t type, const std::vector<std::string_view>& fields, std::int64_t deadline_ms
    );

    bool alive() const noexcept { return pid_ > 0; }

    std::int64_t resident_bytes() const;

    pid_t pid() const noexcept { return pid_; }

private:
    WorkerProcess(pid_t pid, int fd, int cancel_fd) : pid_(pid), fd_(fd), cancel_fd_(cancel_fd) {}

    struct Deadline;
    Status wait_for(short events, const Deadline& deadline);
    Status send(std::string_view bytes, const Deadline& deadline);
    Status receive(char* data, std::size_t size, const Deadline& deadline);
    Result<std::string> exchange(std::string_view request, const Deadline& deadline);
    Error dead(std::string_view reason);

    pid_t pid_;
    int fd_;
    const int cancel_fd_;
    std::uint32_t next_id_ = 1;
};

}  // namespace leadbridge::wecom
