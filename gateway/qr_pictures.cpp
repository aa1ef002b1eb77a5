#include "gateway/qr_pictures.h"

#include <utility>

#include "base/http_client.h"

namespace leadbridge::gateway {

namespace {

constexpr std::size_t largest = 256 << 10;
constexpr std::size_t most_kept = 64;
constexpr std::int64_t kept_ms = 3'600'000;
constexpr std::int64_t wait_ms = 3'000;

}  // namespace

QrPictures::QrPictures(const Clock& clock, Fetch fetch) : clock_(clock), fetch_(std::move(fetch)) {}

QrPictures::Ptr QrPictures::kept(const std::string& url) {
    auto kept = kept_.lock();
    const auto found = kept->find(url);
    return found != kept->end() && found->second.until > clock_.now() ? found->second.picture
                                                                      : nullptr;
}

Result<QrPictures::Ptr> QrPictures::get(const std::string& url) {
    if (auto found = kept(url)) {
        return found;
    }
    const std::unique_lock turn(fetching_, std::try_to_lock);
    if (!turn) {
        return Error{
            ErrorCode::limited, "another picture is being fetched; try again", "qr_busy", 0, 1'000};
    }
    auto fetched = fetch_(url);
    if (!fetched) {
        return std::move(fetched).error();
    }
    auto picture = std::make_shared<const QrPicture>(std::move(*fetched));
    auto kept = kept_.lock();
    if (kept->size() >= most_kept) {
        kept->clear();
    }
    (*kept)[url] = {picture, clock_.now() + kept_ms};
    return picture;
}

Result<QrPicture> fetch_qr_picture(const std::string& url) {
    HttpCall call;
    call.url = url;
    call.max_redirects = 3;
    call.max_body_bytes = largest;
    call.connect_timeout_ms = wait_ms;
    call.timeout_ms = wait_ms;
    call.reach = Reach::outside;
    auto reply = make_http_client()->call(call);
    std::string type = reply ? std::string(reply->headers.get("Content-Type")) : std::string();
    type = type.substr(0, type.find(';'));
    // Nothing else goes out under our own address: an SVG from elsewhere could carry a script.
    const bool plain = type == "image/png" || type == "image/jpeg";
    if (!reply || reply->status != 200 || !plain) {
        return Error{
            ErrorCode::permanent,
            "WeCom's picture of the code could not be fetched; try again, or renew the channel",
            "qr_unreachable"};
    }
    return QrPicture{std::move(type), std::move(reply->body)};
}

}  // namespace leadbridge::gateway
