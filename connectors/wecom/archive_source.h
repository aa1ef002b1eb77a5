#pragma once
// archive::ArchiveSource over the vendor's Finance SDK, which runs in leadbridge-archive-worker:
// one process per source, started by the first call, replaced after a crash, a hang (killed at the
// deadline) or when it has grown past its memory cap.

#include <cstdint>
#include <memory>
#include <string>

#include "archive/source.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/rng.h"
#include "base/secret.h"
#include "connectors/wecom/archive_worker_process.h"

namespace leadbridge::wecom {

struct FinanceSdkOptions {
    WorkerOptions worker;
    std::string corpid;
    Secret secret;
    std::string proxy;      // "", "http://ip:port", "socks5://ip:port"
    Secret proxy_password;  // "", "user:pass"
    int timeout_s = 5;      // the library's own
    std::int64_t margin_ms =
        10'000;  // beyond timeout_s before the worker is taken for hanging and killed
    Backoff restart{
        1'000, 60'000, 0.2};  // between starts after failures; the first start is at once
};

class FinanceSdkProcess final : public archive::ArchiveSource {
public:
    FinanceSdkProcess(
        SpawnThread& spawner, const Clock& clock, Rng& rng, FinanceSdkOptions options
    );
    ~FinanceSdkProcess() override;

    Result<archive::PulledPage> pull(std::int64_t seq, int limit) override;
    Result<std::string> decrypt(std::string_view random_key, std::string_view message) override;
    Result<archive::MediaChunk> media(std::string_view fileid, std::string_view index) override;
    void rest() override;
    void cancel() override;

    pid_t pid() const;  // of the running worker, -1 when there is none; for tests and diagnosis

private:
    struct State;
    std::unique_ptr<State> state_;
};

class FinanceSdkFactory final : public archive::ArchiveSourceFactory {
public:
    // worker_executable: path of leadbridge-archive-worker.
    FinanceSdkFactory(std::string worker_executable, const Clock& clock, Rng& rng)
        : worker_executable_(std::move(worker_executable)), clock_(clock), rng_(rng) {}

    std::unique_ptr<archive::ArchiveSource> open(const crm::Corp& corp, archive::SourceRole role)
        override;

private:
    const std::string worker_executable_;
    const Clock& clock_;
    Rng& rng_;
    SpawnThread spawner_;
};

}  // namespace leadbridge::wecom
