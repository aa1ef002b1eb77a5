#include "base/http_response_writer.h"

#include <utility>

namespace leadbridge {

namespace {

constexpr std::size_t inline_body_bytes =
    32 << 10;  // smaller bodies are copied behind their head: one write

}  // namespace

void HttpResponseWriter::begin(Response response, const ResponseFrame& frame, Body body) {
    written_ = 0;
    head_.clear();
    body_.clear();
    append_head(head_, response, frame);
    if (body == Body::leave_out || !may_have_body(response.status)) {
        return;
    }
    if (response.body.size() <= inline_body_bytes) {
        head_ += response.body;
    } else {
        body_ = std::move(response.body);
    }
}

std::string_view HttpResponseWriter::next() const {
    if (written_ < head_.size()) {
        return std::string_view(head_).substr(written_, piece_bytes);
    }
    return std::string_view(body_).substr(written_ - head_.size(), piece_bytes);
}

bool HttpResponseWriter::wrote(std::size_t n) {
    const std::size_t before = written_;
    written_ += n;
    return written_ / piece_bytes != before / piece_bytes;
}

void HttpResponseWriter::end() {
    if (body_.capacity() > inline_body_bytes) {
        body_ = std::string{};
    }
}

}  // namespace leadbridge
