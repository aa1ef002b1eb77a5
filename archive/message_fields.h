#pragma once
// Shared by the archive's message readers: a tolerant view of a JSON object, and the pieces several
// types have in common.

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "archive/message.h"

namespace leadbridge::archive {

inline constexpr std::size_t max_message_bytes = 16U << 20;

// ASCII only.
std::string lower(std::string_view text);

// A JSON object whose keys are found without case. Absent or of another type = empty or 0. Views
// the object.
class Fields {
public:
    explicit Fields(const boost::json::object* object) : object_(object) {}

    static Fields of(const boost::json::value& value);

    const boost::json::value* find(std::string_view key) const;
    std::string text(std::string_view key) const;
    std::int64_t number(std::string_view key) const;
    double real(std::string_view key) const;
    Fields object(std::string_view key) const;
    const boost::json::array& array(std::string_view key
    ) const;  // an empty one when it is not there
    std::vector<std::string> texts(std::string_view key) const;

    bool there() const { return object_ != nullptr; }

private:
    const boost::json::object* object_;
};

MediaRef read_media(
    const Fields& f, std::string kind, std::string_view size_key, std::string_view extension
);
MediaRef read_voice(const Fields& f);
LinkBody read_link(const Fields& f);

struct Parts {
    std::vector<Part> parts;
    std::vector<MediaRef> media;
    int files = 0;  // of media, those that have a file id
};

// The items of a chat record or a mixed message, nested ones flattened, within bounds.
Parts read_parts(const Fields& body);

// What a message says beside its envelope, as JSON that a browser may show: without file ids,
// numbers beyond doubles as text. "" when it is longer than people read.
std::string other_fields(const boost::json::object& message);

}  // namespace leadbridge::archive
