#pragma once
// WeCom's pictures of channel codes (page 92572), fetched under the rules for foreign URLs and kept
// for an hour. One is fetched at a time: a page full of codes must not take all web workers.
// Thread-safe.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"

namespace leadbridge::gateway {

struct QrPicture {
    std::string type;  // image/png or image/jpeg
    std::string bytes;
};

class QrPictures {
public:
    using Ptr = std::shared_ptr<const QrPicture>;
    using Fetch = std::function<Result<QrPicture>(const std::string& url)>;

    explicit QrPictures(const Clock& clock, Fetch fetch);

    // Error: permanent qr_unreachable; limited qr_busy (retry_after_ms) while another is fetched.
    Result<Ptr> get(const std::string& url);

private:
    struct Kept {
        Ptr picture;
        UnixMillis until = 0;
    };

    Ptr kept(const std::string& url);

    const Clock& clock_;
    const Fetch fetch_;
    std::mutex fetching_;
    Guarded<std::map<std::string, Kept>> kept_;
};

// Waits 3 s at most.
Result<QrPicture> fetch_qr_picture(const std::string& url);

}  // namespace leadbridge::gateway
