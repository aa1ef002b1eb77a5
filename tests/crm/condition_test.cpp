#include "crm/nurture/condition.h"

#include <gtest/gtest.h>

namespace leadbridge::crm {
namespace {

std::string nested(int depth) {
    std::string text = R"({"tag": "1"})";
    for (int i = 1; i < depth; ++i) {
        text = R"({"not": )" + text + "}";
    }
    return text;
}

TEST(Condition, ReadsTheExampleOfTheInterface) {
    Result<Condition> c = parse_condition(
        R"({"all": [{"tag": "12"}, {"not": {"tag": "13"}}, {"any": [{"field": "stage", "op": "in", "value": ["quoted"]},
            {"event": "messages_seen", "within": "7d", "count": {"gte": 3}}]}]})"
    );
    ASSERT_TRUE(c.has_value()) << c.error().message;
    EXPECT_EQ(condition_depth(*c), 3);
    EXPECT_EQ(condition_terms(*c), 4);
    const Condition& event = c->children[2].children[1];
    EXPECT_EQ(event.event.kind, "messages_seen");
    EXPECT_EQ(event.event.within_ms, 7LL * 86'400'000);
    EXPECT_EQ(event.event.at_least, 3);
    EXPECT_FALSE(event.event.at_most.has_value());
}

TEST(Condition, CanonicalTextParsesToItself) {
    for (std::string_view text :
         {R"({"all":[]})",
          R"({"any":[]})",
          R"({"segment":"5"})",
          R"({"field":"created","op":"before","value":"2026-01-02T03:04:05.006Z"})",
          R"({"field":"last_touch","op":"within","value":"2w"})",
          R"({"field":"gender","op":"gte","value":1})",
          R"({"field":"owner","op":"not_in","value":["7","8"]})",
          R"({"field":"phone","op":"exists","value":false})",
          R"({"event":"form_submitted","within":"90m","count":{"lte":2}})",
          R"({"field":"name","op":"contains","value":"李\"\\%"})"}) {
        Result<Condition> once = parse_condition(text);
        ASSERT_TRUE(once.has_value()) << text << ": " << once.error().message;
        Result<Condition> twice = parse_condition(condition_text(*once));
        ASSERT_TRUE(twice.has_value()) << condition_text(*once);
        EXPECT_EQ(condition_text(*once), condition_text(*twice));
    }
}

TEST(Condition, DepthAndTermsAreBounded) {
    EXPECT_TRUE(parse_condition(nested(8)).has_value());
    EXPECT_EQ(parse_condition(nested(9)).error().reason, "condition_too_deep");
    EXPECT_EQ(parse_condition(nested(500)).error().reason, "condition_too_deep");
    auto terms = [](int n, std::string_view term) {
        std::string text = R"({"all": [)";
        for (int i = 0; i < n; ++i) {
            text += (i == 0 ? "" : ",") + std::string(term);
        }
        return text + "]}";
    };
    EXPECT_TRUE(parse_condition(terms(100, R"({"tag": "1"})")).has_value());
    EXPECT_EQ(
        parse_condition(terms(101, R"({"tag": "1"})")).error().reason, "condition_too_many_terms"
    );
    EXPECT_EQ(
        parse_condition(terms(101, R"({"any": []})")).error().reason, "condition_too_many_terms"
    );
}

struct Refused {
    std::string_view text;
    std::string_view at;
    std::string_view reason;
};

class ConditionRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ConditionRefuses, NamingPlaceAndReason) {
    Result<Condition> c = parse_condition(GetParam().text);
    ASSERT_FALSE(c.has_value());
    EXPECT_EQ(c.error().reason, GetParam().reason);
    EXPECT_TRUE(c.error().message.starts_with(std::string(GetParam().at) + ": "))
        << c.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    ConditionRefuses,
    testing::Values(
        Refused{"", "/", "condition_not_json"},
        Refused{"{", "/", "condition_not_json"},
        Refused{"{\"tag\": \"\xff\"}", "/", "condition_not_json"},
        Refused{"[]", "/", "condition_not_an_object"},
        Refused{"{}", "/", "condition_unknown_term"},
        Refused{R"({"tags": "1"})", "/", "condition_unknown_term"},
        Refused{R"({"all": {}})", "/all", "condition_not_a_list"},
        Refused{R"({"all": [], "any": []})", "/", "condition_unknown_member"},
        Refused{R"({"all": [{"tag": "1"}, 5]})", "/all/1", "condition_not_an_object"},
        Refused{R"({"not": [{"tag": "1"}]})", "/not", "condition_not_an_object"},
        Refused{R"({"tag": 1})", "/tag", "condition_bad_id"},
        Refused{R"({"tag": "01"})", "/tag", "condition_bad_id"},
        Refused{R"({"tag": "1", "x": 2})", "/", "condition_unknown_member"},
        Refused{R"({"field": "age", "op": "eq", "value": 3})", "/field", "condition_unknown_field"},
        Refused{R"({"field": "stage", "op": "gte", "value": "a"})", "/op", "condition_unknown_op"},
        Refused{R"({"field": "stage", "value": "a"})", "/op", "condition_unknown_op"},
        Refused{R"({"field": "stage", "op": "eq"})", "/value", "condition_value_missing"},
        Refused{R"({"field": "stage", "op": "eq", "value": ""})", "/value", "condition_bad_value"},
        Refused{R"({"field": "stage", "op": "in", "value": "a"})", "/value", "condition_bad_value"},
        Refused{R"({"field": "stage", "op": "in", "value": []})", "/value", "condition_bad_value"},
        Refused{
            R"({"field": "stage", "op": "in", "value": ["a", 1]})",
            "/value/1",
            "condition_bad_value"},
        Refused{
            R"({"field": "status", "op": "eq", "value": "open"})", "/value", "condition_bad_value"},
        Refused{
            R"({"field": "gender", "op": "gte", "value": 1.5})", "/value", "condition_bad_value"},
        Refused{
            R"({"field": "created", "op": "eq", "value": "2026-01-02T03:04:05Z"})",
            "/op",
            "condition_unknown_op"},
        Refused{
            R"({"field": "created", "op": "after", "value": "yesterday"})",
            "/value",
            "condition_bad_value"},
        Refused{
            R"({"field": "created", "op": "within", "value": "7 days"})",
            "/value",
            "condition_bad_value"},
        Refused{
            R"({"field": "phone", "op": "exists", "value": "yes"})",
            "/value",
            "condition_bad_value"},
        Refused{R"({"event": "Messages Seen"})", "/event", "condition_bad_event"},
        Refused{R"({"event": "x", "within": "0d"})", "/within", "condition_bad_value"},
        Refused{R"({"event": "x", "count": 3})", "/count", "condition_bad_value"},
        Refused{R"({"event": "x", "count": {"gte": -1}})", "/count/gte", "condition_bad_value"},
        Refused{R"({"event": "x", "count": {"eq": 1}})", "/count", "condition_unknown_member"}
    )
);

TEST(Condition, SpansHaveOneUnitAndAnEnd) {
    EXPECT_EQ(parse_span("45s"), 45'000);
    EXPECT_EQ(parse_span("2w"), 2LL * 7 * 86'400'000);
    EXPECT_EQ(parse_span("3660d"), 3660LL * 86'400'000);
    for (std::string_view bad :
         {"",
          "d",
          "7",
          "7D",
          "-1d",
          "+1d",
          "1.5d",
          "3661d",
          "99999999999999999999s",
          "1d1h",
          " 1d"}) {
        EXPECT_EQ(parse_span(bad), std::nullopt) << bad;
    }
}

TEST(Condition, EveryFieldIsListedOnceAndFound) {
    for (const ConditionField& field : condition_fields()) {
        EXPECT_EQ(find_condition_field(field.name), &field);
    }
    EXPECT_EQ(find_condition_field("Stage"), nullptr);
}

}  // namespace
}  // namespace leadbridge::crm
