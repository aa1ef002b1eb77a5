// leadbridge-archive-worker SDK_FILE DATA_LIMIT_BYTES PARENT_PID
// Holds the vendor's archive library for one corp and answers frames (archive_frames.h) on
// stdin/stdout. Links libc and dl only; uses nothing of the C++ library at run time. Ends with its
// parent, on a closed stdin, or on a frame it cannot read.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "connectors/wecom/archive_frames.h"
#include "connectors/wecom/archive_worker/answers.h"
#include "connectors/wecom/archive_worker/replies.h"

namespace {

namespace frames = leadbridge::wecom::frames;
using namespace leadbridge::wecom::worker;

void serve(Worker& worker) {
    for (;;) {
        unsigned char size_field[frames::size_bytes];
        if (!read_all(size_field, sizeof size_field)) {
            return;
        }
        const size_t size = frames::get_u32(size_field);
        if (size < frames::header_bytes || size > frames::max_request) {
            fprintf(stderr, "leadbridge-archive-worker: frame of %zu bytes refused\n", size);
            return;
        }
        unsigned char* body = static_cast<unsigned char*>(malloc(size));
        if (body == nullptr || !read_all(body, size)) {
            free(body);
            return;
        }
        const bool go_on = answer(worker, frames::parse(body, size));
        explicit_bzero(body, size);
        free(body);
        if (!go_on) {
            return;
        }
    }
}

void close_others() {
    DIR* dir = opendir("/proc/self/fd");
    if (dir == nullptr) {
        return;
    }
    while (const dirent* entry = readdir(dir)) {
        const int fd = atoi(entry->d_name);
        if (fd > STDERR_FILENO && fd != dirfd(dir)) {
            close(fd);
        }
    }
    closedir(dir);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

void limit_memory(unsigned long long bytes) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);  // a core would hold keys and chats
    // A sanitizer's shadow counts as data; the parent watches the resident size in any case.
    const rlimit data{bytes, bytes};
    if (bytes > 0 && !sanitized && setrlimit(RLIMIT_DATA, &data) != 0) {
        fprintf(stderr, "leadbridge-archive-worker: memory cap refused: %s\n", strerror(errno));
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        fputs("usage: leadbridge-archive-worker SDK_FILE DATA_LIMIT_BYTES PARENT_PID\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != static_cast<pid_t>(atol(argv[3]))) {
        return 1;  // the parent went before the line above
    }
    signal(SIGPIPE, SIG_IGN);
    close_others();
    limit_memory(strtoull(argv[2], nullptr, 10));
    Worker worker{argv[1], fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), Library{}, nullptr};
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (worker.out < 0 || nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) {
        return 1;
    }
    serve(worker);
    if (worker.sdk != nullptr) {
        worker.library.destroy_sdk(worker.sdk);
    }
    return 0;
}
