#include "tests/bench/console_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace leadbridge::bench {

namespace {

// The common ones often, as in life: 王李张刘陈 are a third of all.
constexpr std::array<std::string_view, 50> surnames{
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡",
    "朱", "高", "林", "何", "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐",
    "冯", "于", "董", "萧", "程", "曹", "袁", "邓", "许", "傅", "沈", "曾", "彭",
    "吕", "苏", "卢", "蒋", "蔡", "贾", "丁", "魏", "薛", "叶", "阎"};
constexpr std::string_view given =
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉玲健雪建国志华小红梅鑫波宁婷宇浩凯欣怡佳"
    "嘉子轩梓涵晨雨诗思琪俊博天一泽瑞皓然睿峰哲翔龙飞翰林森云海江山川东南北春夏秋冬安康乐成功业新星"
    "月"
    "阳光彩虹晴岚竹菊荷莲蓉琴棋书画墨砚笔锋锐钢铁铜银金珠宝玉瑶琳琅珊瑚";
constexpr std::array<std::string_view, 12> trades{
    "科技", "贸易", "餐饮", "教育", "装饰", "医疗", "物流", "服饰", "地产", "文化", "电子", "食品"};
constexpr std::array<std::string_view, 10> cities{
    "北京", "上海", "广州", "深圳", "杭州", "成都", "武汉", "南京", "西安", "苏州"};
constexpr std::array<std::string_view, 8> sentences{
    "您好，请问这个多少钱？",
    "在的，这款现在有活动，我发您看一下。",
    "好的，我和家人商量一下再回复您。",
    "今天可以发货吗？",
    "可以的，下午四点前下单当天发出。",
    "上次说的方案能再优惠一点吗？",
    "已经为您申请了专属优惠，请查收。",
    "谢谢，辛苦了！"};

std::uint64_t mixed(std::uint64_t x) {  // splitmix64
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
}

std::uint64_t draw(std::int64_t of, std::uint64_t purpose) {
    return mixed(static_cast<std::uint64_t>(of) * 1'000'003U + mixed(purpose));
}

// Falls towards the end: the product of two uniform numbers.
std::int64_t skewed(std::int64_t of, std::uint64_t purpose, std::int64_t bound) {
    const auto unit = [](std::uint64_t x) { return static_cast<double>(x >> 11U) * 0x1p-53; };
    const double both = unit(draw(of, purpose)) * unit(draw(of, purpose + 500));
    return std::min(bound - 1, static_cast<std::int64_t>(both * static_cast<double>(bound)));
}

std::string_view given_character(std::int64_t contact, std::uint64_t purpose) {
    constexpr auto n = static_cast<std::int64_t>(given.size() / 3);  // each is three bytes
    return given.substr(static_cast<std::size_t>(skewed(contact, purpose, n)) * 3, 3);
}

template <class List>
std::string_view one_of(const List& list, std::int64_t contact, std::uint64_t purpose) {
    const auto n = static_cast<std::int64_t>(list.size());
    return list[static_cast<std::size_t>(Plan::pick(contact, purpose, n))];
}

}  // namespace

std::int64_t Plan::pick(std::int64_t contact, std::uint64_t purpose, std::int64_t bound) {
    return static_cast<std::int64_t>(draw(contact, purpose) % static_cast<std::uint64_t>(bound));
}

UnixMillis Plan::came(std::int64_t contact) const {
    return start_ + (now_ - start_) * contact / contacts_;
}

UnixMillis Plan::said(std::int64_t message) const {
    return start_ + (now_ - start_) * message / messages_;
}

// One message in twenty is in one of the long chats, which are as long in a company of any size.
std::int64_t Plan::speaker(std::int64_t message) const {
    constexpr std::int64_t long_chat_every = 5'000;
    const std::int64_t there = std::max<std::int64_t>(1, message * contacts_ / messages_);
    if (pick(message, 21, 20) == 0) {
        return pick(message, 22, (there + long_chat_every - 1) / long_chat_every) * long_chat_every;
    }
    return there - 1 - skewed(message, 23, there);  // rather with those who came lately
}

bool Plan::by_contact(std::int64_t message) {
    return pick(message, 24, 2) == 0;
}

std::string Plan::words(std::int64_t message) {
    return std::string(one_of(sentences, message, 25));
}

std::string Plan::member_userid(std::int64_t member) {
    return fmt::format("bench{:03}", member);
}

std::string Plan::member_name(std::int64_t member) {
    return fmt::format(
        "{}{}", surnames[static_cast<std::size_t>(member) % surnames.size()], "经理"
    );
}

std::int64_t Plan::member_of(std::int64_t contact) {
    return pick(contact, 1, members);
}

std::string Plan::name(std::int64_t contact) {
    constexpr auto n = static_cast<std::int64_t>(surnames.size());
    std::string out(surnames[static_cast<std::size_t>(skewed(contact, 2, n))]);
    out += given_character(contact, 3);
    if (pick(contact, 4, 3) > 0) {
        out += given_character(contact, 5);
    }
    if (pick(contact, 6, 10) == 0) {
        out += pick(contact, 7, 2) == 0 ? "先生" : "女士";
    }
    return out;
}

std::string Plan::remark(std::int64_t contact) {
    if (pick(contact, 8, 4) > 0) {
        return {};
    }
    return fmt::format(
        "{}-{}{}", name(contact), one_of(cities, contact, 9), one_of(trades, contact, 10)
    );
}

std::string Plan::company(std::int64_t contact) {
    if (pick(contact, 11, 3) > 0) {
        return {};
    }
    const std::string_view city = one_of(cities, contact, 9);
    const std::string_view trade = one_of(trades, contact, 10);
    return fmt::format("{}{}{}有限公司", city, given_character(contact, 12), trade);
}

std::string Plan::external_userid(std::int64_t contact) {
    return fmt::format("wm{:016x}{:014x}", draw(contact, 13), draw(contact, 14) >> 8U);
}

std::string Plan::phone(std::int64_t contact) {
    if (pick(contact, 15, 3) > 0) {
        return {};
    }
    return fmt::format(
        "8613{:09}", (contact * 7'368'787 + 123'456'789) % 1'000'000'000
    );  // no two equal
}

std::vector<std::int64_t> Plan::tags(std::int64_t contact) {
    std::vector<std::int64_t> out;
    const std::int64_t n = pick(contact, 16, 6);
    for (std::int64_t i = 0; i < n; ++i) {
        out.push_back(skewed(contact, 100 + static_cast<std::uint64_t>(i), wecom_tags + own_tags));
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace leadbridge::bench
