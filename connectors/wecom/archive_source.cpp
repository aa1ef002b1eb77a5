#include "connectors/wecom/archive_source.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "base/guarded.h"
#include "base/log.h"
#include "connectors/wecom/archive_codec.h"
#include "connectors/wecom/archive_frames.h"

namespace leadbridge::wecom {

namespace {

using Fields = WorkerProcess::Fields;

std::string number_field(std::uint64_t value) {
    std::string bytes(8, '\0');
    frames::put_u64(reinterpret_cast<unsigned char*>(bytes.data()), value);
    return bytes;
}

std::uint64_t field_number(const std::string& field) {
    return frames::number({reinterpret_cast<const unsigned char*>(field.data()), field.size()});
}

}  // namespace

struct FinanceSdkProcess::State {
    struct Running {
        std::unique_ptr<WorkerProcess> worker;
        int failures = 0;
        std::int64_t not_before_ms = 0;  // steady
    };

    SpawnThread& spawner;
    const Clock& clock;
    Rng& rng;
    const FinanceSdkOptions options;
    const int cancel_fd;
    Guarded<Running> running;

    std::int64_t deadline_ms() const { return options.timeout_s * 1'000LL + options.margin_ms; }

    Error failed(Running& run, Error error) {
        run.worker.reset();
        ++run.failures;
        const std::int64_t delay = options.restart.delay_ms(run.failures, rng);
        run.not_before_ms = clock.steady_ms() + delay;
        error.retry_after_ms = delay;
        return error;
    }

    Status start(Running& run) {
        if (run.worker && run.worker->alive()) {
            return {};
        }
        if (const auto wait = run.not_before_ms - clock.steady_ms(); run.failures > 0 && wait > 0) {
            return Error{
                ErrorCode::retry_later,
                "the archive worker is restarted later",
                "restarting",
                0,
                wait};
        }
        auto worker = WorkerProcess::start(spawner, options.worker, cancel_fd);
        if (!worker) {
            return failed(run, std::move(worker).error());
        }
        run.worker = std::move(*worker);
        auto hello = run.worker->ask(
            frames::hello, {options.corpid, options.secret.reveal()}, deadline_ms()
        );
        if (!hello) {
            return failed(run, std::move(hello).error());
        }
        if (hello->size() != 1 || field_number(hello->front()) != frames::protocol_version) {
            return failed(
                run,
                {ErrorCode::permanent,
                 "leadbridge-archive-worker is of another version: install both together",
                 "worker_version"}
            );
        }
        return {};
    }

    Result<Fields> ask(std::uint8_t type, const std::vector<std::string_view>& fields) {
        auto run = running.lock();
        if (auto started = start(*run); !started) {
            return std::move(started).error();
        }
        auto reply = run->worker->ask(type, fields, deadline_ms());
        if (!run->worker->alive()) {
            if (reply.error().reason != "cancelled") {
                log::warn(
                    "archive",
                    "the SDK worker died",
                    {{"corp", options.corpid}, {"why", reply.error().message}}
                );
            }
            return failed(*run, std::move(reply).error());
        }
        if (reply) {
            run->failures = 0;
        }
        const auto cap = static_cast<std::int64_t>(options.worker.memory_cap_bytes);
        if (cap > 0 && run->worker->resident_bytes() > cap) {
            log::warn(
                "archive",
                "the SDK worker outgrew its memory cap and is replaced",
                {{"corp", options.corpid}}
            );
            run->worker.reset();
        }
        return reply;
    }
};

FinanceSdkProcess::FinanceSdkProcess(
    SpawnThread& spawner, const Clock& clock, Rng& rng, FinanceSdkOptions options
) {
    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        throw std::runtime_error(
            "no eventfd for the archive worker: too many open files; raise the limit (ulimit -n)"
        );
    }
    state_ = std::unique_ptr<State>(new State{spawner, clock, rng, std::move(options), fd, {}});
}

FinanceSdkProcess::~FinanceSdkProcess() {
    rest();
    close(state_->cancel_fd);
}

Result<archive::PulledPage> FinanceSdkProcess::pull(std::int64_t seq, int limit) {
    const FinanceSdkOptions& o = state_->options;
    const std::string seq_field = number_field(static_cast<std::uint64_t>(seq));
    const std::string limit_field = number_field(static_cast<std::uint64_t>(limit));
    const std::string timeout = number_field(static_cast<std::uint64_t>(o.timeout_s));
    auto reply = state_->ask(
        frames::pull, {seq_field, limit_field, o.proxy, o.proxy_password.reveal(), timeout}
    );
    if (!reply) {
        return std::move(reply).error();
    }
    return parse_chat_page(reply->empty() ? "" : reply->front());
}

Result<std::string> FinanceSdkProcess::decrypt(
    std::string_view random_key, std::string_view message
) {
    auto reply = state_->ask(frames::decrypt, {random_key, message});
    if (!reply) {
        return std::move(reply).error();
    }
    return reply->empty() ? std::string{} : std::move(reply->front());
}

Result<archive::MediaChunk> FinanceSdkProcess::media(
    std::string_view fileid, std::string_view index
) {
    const FinanceSdkOptions& o = state_->options;
    const std::string timeout = number_field(static_cast<std::uint64_t>(o.timeout_s));
    auto reply =
        state_->ask(frames::media, {index, fileid, o.proxy, o.proxy_password.reveal(), timeout});
    if (!reply) {
        return std::move(reply).error();
    }
    if (reply->size() != 3) {
        return Error{
            ErrorCode::retry_later, "GetMediaData: reply without bytes", "worker_protocol"};
    }
    return archive::MediaChunk{
        std::move((*reply)[2]), std::move((*reply)[0]), field_number((*reply)[1]) != 0};
}

void FinanceSdkProcess::rest() {
    auto run = state_->running.lock();
    if (run->worker && run->worker->alive()) {
        (void)run->worker->ask(frames::quit, {}, 500);  // whatever it answers, it is reaped below
    }
    run->worker.reset();
}

void FinanceSdkProcess::cancel() {
    (void)eventfd_write(state_->cancel_fd, 1);
}

pid_t FinanceSdkProcess::pid() const {
    auto run = state_->running.lock();
    return run->worker ? run->worker->pid() : -1;
}

std::unique_ptr<archive::ArchiveSource> FinanceSdkFactory::open(
    const crm::Corp& corp, archive::SourceRole /*both take a process of their own*/
) {
    FinanceSdkOptions options;
    options.worker = {worker_executable_, corp.archive.sdk};
    options.corpid = corp.wecom_id;
    options.secret = corp.archive.secret;
    options.proxy = corp.archive.proxy;
    options.proxy_password = corp.archive.proxy_password;
    options.timeout_s = corp.archive.timeout_s;
    return std::make_unique<FinanceSdkProcess>(spawner_, clock_, rng_, std::move(options));
}

}  // namespace leadbridge::wecom
