// What people read of a message: its files, its words, one line for lists.

#include <fmt/core.h>

#include "archive/message.h"
#include "base/utf8.h"

namespace leadbridge::archive {

namespace {

template <class... F>
struct Overload : F... {
    using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;

constexpr std::size_t summary_bytes = 300;

std::string human_size(std::int64_t bytes) {
    if (bytes < 1'024) {
        return fmt::format("{} B", bytes);
    }
    if (bytes < 1'024 * 1'024) {
        return fmt::format("{} KB", (bytes + 512) / 1'024);
    }
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / (1'024.0 * 1'024.0));
}

std::string clock_time(std::int64_t seconds) {
    return seconds < 60 ? fmt::format("{}″", seconds)
                        : fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

// Line breaks and tabs become spaces; cut between characters.
std::string one_line(std::string_view text) {
    std::string line(utf8_prefix(text, summary_bytes));
    const bool cut = line.size() < text.size();
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < 0x20) {
            c = ' ';
        }
    }
    return cut ? line + "…" : line;
}

std::string labelled(std::string_view label, std::string_view text) {
    const std::string line = one_line(text);
    return line.empty() ? fmt::format("[{}]", label) : fmt::format("[{}] {}", label, line);
}

std::string with_size(std::string_view text, const MediaRef& media) {
    if (media.size <= 0) {
        return std::string(text);
    }
    return text.empty() ? human_size(media.size)
                        : fmt::format("{} {}", text, human_size(media.size));
}

std::string join(std::string_view a, std::string_view b) {
    return a.empty() || b.empty() ? fmt::format("{}{}", a, b) : fmt::format("{} {}", a, b);
}

std::string parts_text(const std::vector<Part>& parts) {
    std::string out;
    for (const Part& part : parts) {
        if (!part.text.empty()) {
            out += out.empty() ? part.text : "\n" + part.text;
        }
    }
    return out;
}

constexpr std::string_view channels_kind(std::int64_t type) {
    return type == 4 ? "视频号视频" : type == 9 ? "视频号直播" : "视频号动态";
}

}  // namespace

std::vector<MediaRef> media_of(const Message& message) {
    std::vector<MediaRef> media = std::visit(
        []<class B>(const B& body) -> std::vector<MediaRef> {
            if constexpr (requires { body.media.fileid; }) {
                return {body.media};
            } else if constexpr (requires { body.media; }) {
                return body.media;
            } else {
                return {};
            }
        },
        message.body
    );
    std::erase_if(media, [](const MediaRef& ref) { return ref.fileid.empty(); });
    return media;
}

std::string text_of(const Message& message) {
    return std::visit(
        Overload{
            [](const TextBody& b) { return b.content; },
            [](const MarkdownBody& b) { return b.content; },
            [](const MixedBody& b) { return parts_text(b.parts); },
            [](const ChatRecordBody& b) { return join(b.title, "\n" + parts_text(b.parts)); },
            [](const LinkBody& b) { return join(b.title, b.description); },
            [](const TodoBody& b) { return join(b.title, b.content); },
            [](const FileBody& b) { return b.media.filename; },
            [](const LocationBody& b) { return join(b.title, b.address); },
            [](const MiniProgramBody& b) { return join(b.title, b.description); },
            [](const VoteBody& b) { return b.title; },
            [](const CollectBody& b) { return b.title; },
            [](const MeetingBody& b) { return join(b.topic, b.remarks); },
            [](const CalendarBody& b) { return join(b.title, b.remarks); },
            [](const DocBody& b) { return b.title; },
            [](const DiskFileBody& b) { return b.filename; },
            [](const auto&) { return std::string{}; },
        },
        message.body
    );
}

std::string summary_of(const Message& message) {
    return std::visit(
        Overload{
            [](const TextBody& b) { return one_line(b.content); },
            [](const MarkdownBody& b) { return one_line(b.content); },
            [](const ImageBody& b) { return labelled("图片", with_size("", b.media)); },
            [](const VoiceBody& b) { return labelled("语音", clock_time(b.media.play_seconds)); },
            [](const VideoBody& b) {
                return labelled("视频", with_size(clock_time(b.media.play_seconds), b.media));
            },
            [](const EmotionBody& b) { return labelled("表情", b.animated ? "GIF" : "PNG"); },
            [](const FileBody& b) {
                return labelled("文件", with_size(b.media.filename, b.media));
            },
            [](const RevokeBody&) { return std::string("[撤回了一条消息]"); },
            [](const ConsentBody& b) {
                return std::string(b.agreed ? "[同意会话存档]" : "[不同意会话存档]");
            },
            [](const CardBody& b) { return labelled("名片", join(b.corp_name, b.userid)); },
            [](const LocationBody& b) { return labelled("位置", join(b.title, b.address)); },
            [](const LinkBody& b) { return labelled("链接", b.title); },
            [](const MiniProgramBody& b) {
                return labelled("小程序", join(b.display_name, b.title));
            },
            [](const ChatRecordBody& b) {
                return labelled("聊天记录", fmt::format("{} ({} 条)", b.title, b.parts.size()));
            },
            [](const MixedBody& b) { return labelled("图文消息", parts_text(b.parts)); },
            [](const TodoBody& b) { return labelled("待办", join(b.title, b.content)); },
            [](const VoteBody& b) { return labelled(b.joined ? "参与投票" : "投票", b.title); },
            [](const CollectBody& b) { return labelled("填表", b.title); },
            [](const RedPacketBody& b) { return labelled("红包", b.wish); },
            [](const MeetingBody& b) { return labelled("会议", b.topic); },
            [](const MeetingNoticeBody& b) { return labelled("会议通知", b.content); },
            [](const DocBody& b) { return labelled("在线文档", b.title); },
            [](const NewsBody& b) {
                return labelled("图文", b.items.empty() ? "" : b.items.front().title);
            },
            [](const CalendarBody& b) { return labelled("日程", b.title); },
            [](const VoiceCallBody&) { return std::string("[语音通话存档]"); },
            [](const DocShareBody& b) { return labelled("通话共享文档", b.media.filename); },
            [](const ChannelsFeedBody& b) {
                return labelled(channels_kind(b.type), join(b.name, b.description));
            },
            [](const CallBody& b) {
                return labelled(b.video ? "视频通话" : "语音通话", clock_time(b.seconds));
            },
            [](const DiskFileBody& b) { return labelled("微盘文件", b.filename); },
            [](const SwitchBody&) { return std::string("[切换企业]"); },
            [&](const UnknownBody&) { return labelled("未知消息", message.type); },
        },
        message.body
    );
}

}  // namespace leadbridge::archive
