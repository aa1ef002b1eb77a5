#include "base/json.h"

#include <gtest/gtest.h>

namespace leadbridge {
namespace {

json::object object(std::string_view text) {
    return parse_json(text).value().as_object();
}

TEST(Json, RefusesWhatIsNotOneValue) {
    for (const std::string& text :
         {std::string(),
          std::string("{"),
          std::string("{}x"),
          std::string("{} {}"),
          std::string("{'a':1}"),
          std::string("[1,]"),
          std::string("nul"),
          std::string("01"),
          std::string("\"\x01\""),
          std::string("\"\xff\""),
          std::string("\"\xc0\xaf\""),
          std::string("\"\\ud800\""),
          std::string("\"\xed\xa0\x80\""),
          std::string("{\"a\":1}\0", 8),
          std::string("// c\n1"),
          std::string("NaN")}) {
        const auto parsed = parse_json(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, ErrorCode::invalid) << text;
    }
}

TEST(Json, HoldsItsLimits) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(parse_json(nested(32)));
    const auto deep = parse_json(nested(33));
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error().code, ErrorCode::too_large);
    EXPECT_FALSE(parse_json(std::string(500'000, '[')));
    EXPECT_TRUE(parse_json(nested(3), {.max_depth = 3}));
    EXPECT_FALSE(parse_json(nested(4), {.max_depth = 3}));

    const auto large = parse_json("\"" + std::string(1 << 20, 'x') + "\"");
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, ErrorCode::too_large);
}

TEST(Json, SkipsABomAndRoundTrips) {
    const auto value = parse_json("\xEF\xBB\xBF {\"a\": [1, \"中\", null, true, 0.5]} ");
    ASSERT_TRUE(value);
    EXPECT_EQ(to_text(*value), "{\"a\":[1,\"中\",null,true,5E-1]}");
    EXPECT_EQ(parse_json(to_text(*value)).value(), *value);
}

TEST(Json, RefusesNumbersThatCannotBeWrittenAgain) {
    const std::string huge = std::string(120, '9') + "E202";
    EXPECT_FALSE(parse_json(huge).has_value());
    EXPECT_FALSE(parse_json(R"({"a":[1,{"b":)" + huge + "}]}").has_value());
    EXPECT_TRUE(parse_json("[1e308, -1e308, 1e-400]").has_value());
}

TEST(Json, ReadersForgiveNumbersAsStrings) {
    const auto o = object(
        R"({"s":"x","n":12,"sn":"-34","f":3.0,"g":3.5,"big":18446744073709551615,"b":true,"sb":"false",
            "one":"1","zero":0,"null":null,"a":[1],"o":{},"huge":1e300,"junk":"12x"})"
    );
    EXPECT_EQ(json_string(o, "s"), "x");
    EXPECT_EQ(json_string(o, "n"), "12");
    EXPECT_EQ(json_string(o, "big"), "18446744073709551615");
    EXPECT_EQ(json_string(o, "null", "f"), "f");
    EXPECT_EQ(json_string(o, "a", "f"), "f");
    EXPECT_EQ(json_string(o, "absent", "f"), "f");
    EXPECT_EQ(json_int(o, "n"), 12);
    EXPECT_EQ(json_int(o, "sn"), -34);
    EXPECT_EQ(json_int(o, "f"), 3);
    EXPECT_EQ(json_int(o, "g", 7), 7);
    EXPECT_EQ(json_int(o, "big", 7), 7);
    EXPECT_EQ(json_int(o, "huge", 7), 7);
    EXPECT_EQ(json_int(o, "junk", 7), 7);
    EXPECT_EQ(json_int(o, "b", 7), 7);
    EXPECT_TRUE(json_bool(o, "b"));
    EXPECT_FALSE(json_bool(o, "sb", true));
    EXPECT_TRUE(json_bool(o, "one"));
    EXPECT_FALSE(json_bool(o, "zero", true));
    EXPECT_TRUE(json_bool(o, "junk", true));
    ASSERT_NE(json_array(o, "a"), nullptr);
    EXPECT_EQ(json_array(o, "o"), nullptr);
    EXPECT_NE(json_object(o, "o"), nullptr);
    EXPECT_EQ(json_object(o, "absent"), nullptr);
}

TEST(Json, PointersFollowRfc6901) {
    const auto root =
        parse_json(R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"k\"l":6," ":7,"m~n":8})")
            .value();
    const auto at = [&](std::string_view pointer) {
        const json::value* found = json_pointer(root, pointer);
        return found == nullptr ? std::string("nothing") : to_text(*found);
    };
    EXPECT_EQ(json_pointer(root, ""), &root);
    EXPECT_EQ(at("/foo"), R"(["bar","baz"])");
    EXPECT_EQ(at("/foo/0"), R"("bar")");
    EXPECT_EQ(at("/"), "0");
    EXPECT_EQ(at("/a~1b"), "1");
    EXPECT_EQ(at("/c%d"), "2");
    EXPECT_EQ(at("/k\"l"), "6");
    EXPECT_EQ(at("/ "), "7");
    EXPECT_EQ(at("/m~0n"), "8");
    for (const char* nothing :
         {"foo",
          "/foo/2",
          "/foo/-",
          "/foo/00",
          "/foo/-1",
          "/absent",
          "/foo/0/x",
          "/m~n",
          "/m~2n",
          "/m~",
          "/foo/99999999999999999999999"}) {
        EXPECT_EQ(at(nothing), "nothing") << nothing;
    }
}

TEST(Json, IdsAreStrings) {
    EXPECT_EQ(to_text(json::value(id_json(CorpId{9007199254740993}))), "\"9007199254740993\"");
}

}  // namespace
}  // namespace leadbridge
