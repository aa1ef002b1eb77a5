// GET channels/{id}/qr.svg and qr.png. WeCom hands out its code as a picture (qr_code is the
// picture's URL, page 92572), so a real code is that picture, fetched under the rules for foreign
// URLs; as SVG it is wrapped, to be printed at any size. The local WeCom has no pictures: its code
// is drawn here.

#include <charconv>

#include "base/crypto.h"
#include "base/qr_code.h"
#include "crm/leads/channel.h"
#include "gateway/api/handlers.h"
#include "gateway/api/support.h"
#include "gateway/qr_pictures.h"

namespace leadbridge::gateway {

namespace {

Result<crm::Channel> ready_channel(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::ChannelId>();
    if (!id) {
        return std::move(id).error();
    }
    auto channel = services.core.read<crm::Channel>([&](Snapshot& s) -> Result<crm::Channel> {
        auto found = crm::ChannelStore::find(s, request.viewer(), *id);
        return found ? Result<crm::Channel>(std::move(*found))
                     : Result<crm::Channel>(not_found("channel"));
    });
    if (channel && channel->qr_code.empty()) {
        return Error{
            ErrorCode::conflict,
            "WeCom has not made the code yet: sync and sync_error of the channel say why",
            "channel_not_ready"};
    }
    return channel;
}

Response picture(std::string type, std::string bytes) {
    Response out;
    out.status = 200;
    out.headers.set("Content-Type", std::move(type));
    out.body = std::move(bytes);
    return out;
}

bool drawn_here(const ApiServices& services, CorpId corp) {
    const auto found = services.corp_directory.find(corp);
    return found != nullptr && found->loopback();
}

}  // namespace

Result<Response> get_channel_qr_svg(const ApiServices& services, const ApiRequest& request) {
    auto channel = ready_channel(services, request);
    if (!channel) {
        return std::move(channel).error();
    }
    if (drawn_here(services, request.corp())) {
        auto code = make_qr_code(channel->qr_code);
        return code ? Result<Response>(picture("image/svg+xml", qr_svg(*code)))
                    : Result<Response>(std::move(code).error());
    }
    const auto image = services.qr_pictures.get(channel->qr_code);
    if (!image) {
        return image.error();
    }
    return picture(
        "image/svg+xml",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\"><image width=\"100\" "
        "height=\"100\" href=\"data:" +
            (*image)->type + ";base64," + crypto::base64((*image)->bytes) + "\"/></svg>"
    );
}

Result<Response> get_channel_qr_png(const ApiServices& services, const ApiRequest& request) {
    int size = 512;
    if (const auto text = request.query_opt("size")) {
        const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), size);
        if (ec != std::errc{} || end != text->data() + text->size() || size < 128 || size > 2'048) {
            return Error{ErrorCode::invalid, "size must be a number from 128 to 2048", "bad_size"};
        }
    }
    auto channel = ready_channel(services, request);
    if (!channel) {
        return std::move(channel).error();
    }
    if (drawn_here(services, request.corp())) {
        auto code = make_qr_code(channel->qr_code);
        return code ? Result<Response>(picture("image/png", qr_png(*code, size)))
                    : Result<Response>(std::move(code).error());
    }
    const auto image = services.qr_pictures.get(channel->qr_code);
    return image ? Result<Response>(picture((*image)->type, (*image)->bytes))
                 : Result<Response>(image.error());
}

}  // namespace leadbridge::gateway
