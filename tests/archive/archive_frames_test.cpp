// The protocol as bytes, the codec of replies, and what the worker does with nonsense.

#include "connectors/wecom/archive_frames.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "connectors/wecom/archive_codec.h"
#include "tests/archive/sdk_server.h"

namespace leadbridge::wecom {
namespace {

const unsigned char* raw(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

std::string frame(std::uint8_t type, const std::vector<std::string>& fields, std::uint32_t id = 1) {
    std::vector<frames::Field> views;
    for (const auto& field : fields) {
        views.push_back({raw(field), field.size()});
    }
    std::string bytes(frames::frame_bytes(views.data(), views.size()), '\0');
    frames::write(
        reinterpret_cast<unsigned char*>(bytes.data()), id, type, views.data(), views.size()
    );
    return bytes;
}

frames::Frame parse(const std::string& whole) {
    return frames::parse(raw(whole) + 4, whole.size() - 4);
}

TEST(ArchiveFrames, RoundTrip) {
    const std::string bytes =
        frame(frames::media, {"", "FILE", std::string("a\0b", 3)}, 0xFEDCBA98U);
    EXPECT_EQ(frames::get_u32(raw(bytes)), bytes.size() - 4);
    const auto back = parse(bytes);
    ASSERT_TRUE(back.ok);
    EXPECT_EQ(back.id, 0xFEDCBA98U);
    EXPECT_EQ(back.type, frames::media);
    ASSERT_EQ(back.fields, 3U);
    EXPECT_EQ(back.field[0].size, 0U);
    EXPECT_EQ(back.field[2].size, 3U);
}

TEST(ArchiveFrames, EveryCutAndEveryExcessIsRefused) {
    const std::string bytes = frame(frames::hello, {"corp", "secret"});
    for (std::size_t n = 4; n < bytes.size(); ++n) {
        EXPECT_FALSE(parse(bytes.substr(0, n)).ok) << n;
    }
    EXPECT_FALSE(parse(bytes + "x").ok);
    std::string many = bytes;
    many[9] = 7;  // more fields than a frame may have
    EXPECT_FALSE(parse(many).ok);
    std::string flags = bytes;
    flags[10] = 1;
    EXPECT_FALSE(parse(flags).ok);
    std::string huge = bytes;
    huge.replace(12, 4, "\xFF\xFF\xFF\xFF");
    EXPECT_FALSE(parse(huge).ok);
}

TEST(ArchiveFrames, NumbersAreEightBytes) {
    const std::string eight("\x01\x02\x00\x00\x00\x00\x00\x80", 8);
    EXPECT_EQ(frames::number({raw(eight), 8}), 0x8000000000000201ULL);
    EXPECT_EQ(frames::number({raw(eight), 7}, 5), 5U);
}

// Starts the worker by hand, says `bytes`, and returns what it answers until it ends.
std::string talk(const std::string& bytes) {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    const std::string executable = built("leadbridge-archive-worker");
    const std::string library = built("libleadbridge_fake_sdk.so");
    const std::string parent = std::to_string(getpid());
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 0);
        dup2(ends[1], 1);
        execl(
            executable.c_str(), executable.c_str(), library.c_str(), "0", parent.c_str(), nullptr
        );
        _exit(127);
    }
    close(ends[1]);
    EXPECT_EQ(
        send(ends[0], bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size())
    );
    shutdown(ends[0], SHUT_WR);
    std::string answer;
    std::array<char, 4'096> buffer{};
    for (ssize_t n = 0; (n = read(ends[0], buffer.data(), buffer.size())) > 0;) {
        answer.append(buffer.data(), static_cast<std::size_t>(n));
    }
    close(ends[0]);
    int status = 0;
    waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return answer;
}

std::int64_t code_of(const std::string& answer) {
    const auto reply = parse(answer);
    return reply.ok ? static_cast<std::int64_t>(frames::number(reply.field[0])) : 999;
}

TEST(ArchiveWorker, EndsQuietlyOnAClosedInput) {
    EXPECT_EQ(talk(""), "");
    EXPECT_EQ(talk("abc"), "");
}

TEST(ArchiveWorker, RefusesWhatItCannotRead) {
    EXPECT_EQ(talk(std::string("\xFF\xFF\xFF\x7F", 4) + "rest"), "");  // a frame beyond the limit
    EXPECT_EQ(talk(std::string("\x01\x00\x00\x00x", 5)), "");          // smaller than a header
    EXPECT_EQ(code_of(talk(frame(99, {}))), frames::bad_request);
    EXPECT_EQ(code_of(talk(frame(frames::pull, {"too", "few"}))), frames::bad_request);
}

TEST(ArchiveWorker, AnswersNothingBeforeHello) {
    EXPECT_EQ(code_of(talk(frame(frames::decrypt, {"k", "m"}, 7))), frames::not_ready);
    EXPECT_EQ(parse(talk(frame(frames::decrypt, {"k", "m"}, 7))).id, 7U);
}

TEST(ArchiveWorker, AnswersQuit) {
    const auto reply = parse(talk(frame(frames::quit, {})));
    EXPECT_TRUE(reply.ok);
    EXPECT_EQ(reply.type, frames::quit | frames::reply_bit);
}

TEST(ArchiveCodec, APageIsSortedAndBigNumbersStayWhole) {
    const auto page =
        parse_chat_page(
            R"({"errcode":0,"errmsg":"ok","chatdata":[{"seq":9223372036854775807,"msgid":"b","publickey_ver":2,"encrypt_random_key":"k","encrypt_chat_msg":"m"},{"seq":5,"msgid":"a"}]})"
        )
            .value();
    ASSERT_EQ(page.messages.size(), 2U);
    EXPECT_EQ(page.messages[0].seq, 5);
    EXPECT_EQ(page.messages[1].seq, INT64_MAX);
    EXPECT_EQ(page.messages[1].key_version, 2);
}

TEST(ArchiveCodec, NothingLeftIsAnEmptyPage) {
    EXPECT_TRUE(
        parse_chat_page(R"({"errcode":0,"errmsg":"ok","chatdata":[]})").value().messages.empty()
    );
    EXPECT_TRUE(parse_chat_page(R"({"errcode":0,"errmsg":"ok"})").value().messages.empty());
}

TEST(ArchiveCodec, AHalfReadablePageIsNoPage) {
    EXPECT_FALSE(
        parse_chat_page(R"({"errcode":0,"chatdata":[{"seq":1},{"msgid":"no seq"}]})").has_value()
    );
    EXPECT_FALSE(parse_chat_page(R"({"errcode":0,"chatdata":[7]})").has_value());
    EXPECT_FALSE(parse_chat_page(R"({"errcode":0,"chatdata":[{"seq":1)").has_value());
    EXPECT_FALSE(parse_chat_page("[]").has_value());
    EXPECT_EQ(parse_chat_page("").error().code, ErrorCode::retry_later);
    EXPECT_EQ(
        parse_chat_page(R"({"errcode":301052,"errmsg":"expired"})").error().reason,
        "service_expired"
    );
}

}  // namespace
}  // namespace leadbridge::wecom
