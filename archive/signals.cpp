#include "archive/signals.h"

#include <algorithm>
#include <array>

namespace leadbridge::archive {

namespace {

// What may stand behind the question word or mark: spaces, closing punctuation, and the usual
// softeners.
constexpr auto trailing =
    std::to_array<std::string_view>({" ",  "\n", "\r",   "\t",     "。",     "！",     "!",
                                     ".",  "~",  "～",   "，",     ",",      "…",      "呀",
                                     "啊", "哈", "谢谢", "[微笑]", "[呲牙]", "[玫瑰]", "🙏"});

constexpr auto endings = std::to_array<std::string_view>(
    {"?",
     "？",
     "吗",
     "呢",
     "么",
     "嘛",
     "多少",
     "多少钱",
     "怎么样",
     "如何",
     "能否",
     "行不行",
     "可不可以",
     "好不好",
     "是不是",
     "有没有"}
);

constexpr auto openings = std::to_array<std::string_view>(
    {"请问",
     "想问",
     "问一下",
     "咨询一下",
     "怎么",
     "什么时候",
     "多少钱",
     "how ",
     "what ",
     "when ",
     "how much"}
);

constexpr auto promise_when =
    std::to_array<std::string_view>({"稍后", "稍等", "一会儿", "一会", "待会", "回头", "晚点",
                                     "今天", "今晚", "明天",   "明早", "后天", "下周", "周一",
                                     "周二", "周三", "周四",   "周五", "马上", "尽快", "下午",
                                     "上午", "晚上", "月底",   "这就"});

constexpr auto promise_what = std::to_array<std::string_view>(
    {"给您",
     "给你",
     "发您",
     "发你",
     "回复您",
     "回复你",
     "联系您",
     "联系你",
     "回您",
     "回你",
     "安排",
     "寄出",
     "寄给",
     "发货",
     "报价",
     "答复",
     "告诉您",
     "告诉你"}
);

std::string_view trimmed(std::string_view text) {
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view tail : trailing) {
            if (text.size() > tail.size() && text.ends_with(tail)) {
                text.remove_suffix(tail.size());
                again = true;
            }
        }
    }
    return text;
}

}  // namespace

bool is_question(std::string_view text) {
    const std::string_view end = trimmed(text);
    const auto ends = [&](std::string_view word) { return end.ends_with(word); };
    const auto begins = [&](std::string_view word) { return text.starts_with(word); };
    return std::ranges::any_of(endings, ends) || std::ranges::any_of(openings, begins);
}

bool is_promise(std::string_view text) {
    if (is_question(text)) {
        return false;  // "明天给您送过去可以吗" asks
    }
    for (const std::string_view when : promise_when) {
        const std::size_t at = text.find(when);
        if (at == std::string_view::npos) {
            continue;
        }
        const std::string_view after = text.substr(at);
        if (std::ranges::any_of(promise_what, [&](std::string_view what) {
                return after.find(what) != std::string_view::npos;
            })) {
            return true;
        }
    }
    return false;
}

std::vector<std::string> signals_of(std::span<const Said> said, ContactWaiting contact_waiting) {
    bool waiting = contact_waiting == ContactWaiting::yes;
    bool asked = false;
    bool answered = false;
    bool promised = false;
    for (const Said& one : said) {
        if (one.side == Side::contact) {
            waiting = true;
            if (!one.text.empty()) {
                asked = is_question(one.text);
            }
        } else if (one.side == Side::member) {
            answered = answered || waiting;
            waiting = false;
            promised = promised || is_promise(one.text);
        }
    }
    std::vector<std::string> signals;
    if (asked) {
        signals.emplace_back("asked");
    }
    if (answered) {
        signals.emplace_back("answered");
    }
    if (promised) {
        signals.emplace_back("promised");
    }
    return signals;
}

}  // namespace leadbridge::archive
