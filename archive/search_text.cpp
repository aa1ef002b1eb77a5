#include "archive/search_text.h"

#include <algorithm>

namespace leadbridge::archive {

namespace {

// Lines of a text; what is empty leaves no line.
class Lines {
public:
    Lines& add(const std::string& line) {
        if (!line.empty()) {
            text_ += text_.empty() ? line : "\n" + line;
        }
        return *this;
    }

    Lines& add(const std::vector<std::string>& lines) {
        for (const std::string& line : lines) {
            add(line);
        }
        return *this;
    }

    Lines& add(const std::vector<Part>& parts) {
        for (const Part& part : parts) {
            add(part.text);
        }
        return *this;
    }

    // Names of files that no part shows.
    Lines& add(const std::vector<MediaRef>& media) {
        for (const MediaRef& ref : media) {
            if (text_.find(ref.filename) == std::string::npos) {
                add(ref.filename);
            }
        }
        return *this;
    }

    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

template <class... F>
struct Overload : F... {
    using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

}  // namespace

std::string search_text_of(const Message& message) {
    Lines lines;
    std::visit(
        Overload{
            [&](const TextBody& b) { lines.add(b.content); },
            [&](const MarkdownBody& b) { lines.add(b.content); },
            [&](const MixedBody& b) { lines.add(b.parts).add(b.media); },
            [&](const ChatRecordBody& b) { lines.add(b.title).add(b.parts).add(b.media); },
            [&](const LinkBody& b) { lines.add(b.title).add(b.description); },
            [&](const TodoBody& b) { lines.add(b.title).add(b.content); },
            [&](const FileBody& b) { lines.add(b.media.filename); },
            [&](const VideoBody& b) { lines.add(b.media.filename); },
            [&](const ImageBody& b) { lines.add(b.media.filename); },
            [&](const DocShareBody& b) { lines.add(b.media.filename); },
            [&](const VoiceCallBody& b) { lines.add(b.shown_files); },
            [&](const DiskFileBody& b) { lines.add(b.filename); },
            [&](const LocationBody& b) { lines.add(b.title).add(b.address); },
            [&](const MiniProgramBody& b) {
                lines.add(b.display_name).add(b.title).add(b.description);
            },
            [&](const CardBody& b) { lines.add(b.corp_name); },
            [&](const VoteBody& b) { lines.add(b.title).add(b.items); },
            [&](const CollectBody& b) { lines.add(b.title).add(b.room_name).add(b.questions); },
            [&](const RedPacketBody& b) { lines.add(b.wish); },
            [&](const MeetingBody& b) { lines.add(b.topic).add(b.address).add(b.remarks); },
            [&](const MeetingNoticeBody& b) { lines.add(b.content); },
            [&](const DocBody& b) { lines.add(b.title); },
            [&](const NewsBody& b) {
                for (const LinkBody& item : b.items) {
                    lines.add(item.title).add(item.description);
                }
            },
            [&](const CalendarBody& b) { lines.add(b.title).add(b.place).add(b.remarks); },
            [&](const ChannelsFeedBody& b) { lines.add(b.name).add(b.description); },
            [](const auto&) {},
        },
        message.body
    );
    return lines.take();
}

bool has_file(const Message& message) {
    if (std::holds_alternative<DiskFileBody>(message.body)) {
        return true;
    }
    const auto media = media_of(message);
    return std::ranges::any_of(media, [](const MediaRef& ref) { return ref.kind != "emotion"; });
}

}  // namespace leadbridge::archive
