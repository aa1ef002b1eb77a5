#pragma once
// The doctor: what is broken, where to look in the WeCom admin console, and how to mend it. Each
// check asks the real thing.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "archive/source.h"
#include "base/clock.h"
#include "base/http_client.h"
#include "config/settings.h"
#include "crm/staff/corp.h"
#include "gateway/finding.h"
#include "gateway/verify_files.h"

namespace leadbridge::gateway {

// The machine: data directory, key files, backups, clock, port. A port that our own daemon holds is
// in order.
std::vector<Finding> check_machine(const config::Settings& settings);

// One corp: secrets and trusted address, clock against WeCom's, customer contact permission,
// callbacks, archive library, secret and keys. Thread-safe.
class CorpDoctor {
public:
    // public_url: how WeCom reaches this machine, without a slash at the end; "" = not known.
    CorpDoctor(
        HttpClient& http,
        archive::ArchiveSourceFactory& archive,
        const Clock& clock,
        std::string public_url
    )
        : http_(http), archive_(archive), clock_(clock), public_url_(std::move(public_url)) {}

    // Asks WeCom, for some seconds when it does not answer; so only one runs at a time, and the
    // other web workers stay free for callbacks. Error{limited} while one runs.
    Result<std::vector<Finding>> check(const crm::Corp& corp);
    // The trusted domain and its files, fetched over server.public_url. One at a time, too.
    Result<std::vector<Finding>> check_domain(const std::vector<VerifyFile>& files);

private:
    using Busy = std::unique_ptr<std::atomic_flag, void (*)(std::atomic_flag*)>;
    Result<Busy> begin();

    HttpClient& http_;
    archive::ArchiveSourceFactory& archive_;
    const Clock& clock_;
    const std::string public_url_;
    std::atomic_flag busy_;
};

// URL or path that WeCom calls: what is pasted into its console.
std::string callback_address(
    const std::string& public_url, const std::string& wecom_id, const std::string& name
);

}  // namespace leadbridge::gateway
