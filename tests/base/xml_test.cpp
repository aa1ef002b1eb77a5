#include "base/xml.h"

#include <gtest/gtest.h>

namespace leadbridge {
namespace {

std::string nested(int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) {
        text += "<a>";
    }
    for (int i = 0; i < depth; ++i) {
        text += "</a>";
    }
    return text;
}

TEST(Xml, ReadsACallbackBody) {
    const auto root = parse_xml(
        "<xml><ToUserName><![CDATA[ww123]]></ToUserName>\n <AgentID>1000002</AgentID>\n"
        "<Empty></Empty><Self/><Item>1</Item><Item>2</Item></xml>"
    );
    ASSERT_TRUE(root);
    EXPECT_EQ(root->name, "xml");
    EXPECT_EQ(root->value("ToUserName"), "ww123");
    EXPECT_EQ(root->value("AgentID"), "1000002");
    EXPECT_TRUE(root->has("Empty"));
    EXPECT_TRUE(root->has("Self"));
    EXPECT_EQ(root->value("Absent"), "");
    EXPECT_EQ(root->child("Absent"), nullptr);
    EXPECT_EQ(root->count("Item"), 2U);
    EXPECT_EQ(root->value("Item"), "1");
    EXPECT_EQ(root->text, "") << "spaces between elements are no text";
}

TEST(Xml, JoinsTextAndSplitCdata) {
    const auto value = [](const std::string& inner) {
        return std::string(parse_xml("<x><v>" + inner + "</v></x>").value().value("v"));
    };
    EXPECT_EQ(value("<![CDATA[a]]]]><![CDATA[>b]]>"), "a]]>b");
    EXPECT_EQ(value("a<![CDATA[b]]>c"), "abc");
    EXPECT_EQ(value("<![CDATA[<b>&amp;</b>]]>"), "<b>&amp;</b>");
    EXPECT_EQ(value("&lt;&amp;&gt;&quot;&apos;&#65;&#x4e2d;"), "<&>\"'A中");
    EXPECT_EQ(value("\n<![CDATA[y]]>\n"), "y");
    EXPECT_EQ(value(" "), " ");
    EXPECT_EQ(value("a<!-- <c> & -->b"), "ab");
    EXPECT_EQ(value("<![CDATA[😀]]>"), "😀");
}

std::string shape(const XmlElement& element) {
    std::string out = element.name + "(" + element.text;
    for (const XmlElement& child : element.children) {
        out += "," + shape(child);
    }
    return out + ")";
}

// A leading comment takes the text past the quick reader of flat bodies: both ways must agree.
TEST(Xml, TheQuickReaderOfFlatBodiesAgreesWithTheParser) {
    const auto both = [](const std::string& text) {
        const auto quick = parse_xml(text);
        const auto full = parse_xml("<!-- -->" + text);
        EXPECT_EQ(quick.has_value(), full.has_value()) << text;
        if (quick && full) {
            EXPECT_EQ(shape(*quick), shape(*full)) << text;
        }
    };
    const std::string body =
        "<xml><A1><![CDATA[x ]]></A1>\n\t<B_>12</B_> <C></C><C> </C><D> a>b </D>"
        "<E><![CDATA[]]></E></xml>\r\n";
    both(body);
    for (std::size_t i = 0; i < body.size(); ++i) {
        both(body.substr(0, i));
        both(body.substr(i));
        for (const char c : std::string_view("<>&/! \r\n]-[a1\"'")) {
            std::string changed = body;
            changed[i] = c;
            both(changed);
            both(body.substr(0, i) + c + body.substr(i));
        }
        both(body.substr(0, i) + "<n/>" + body.substr(i));
        both(body.substr(0, i) + "]]>" + body.substr(i));
        both(body.substr(0, i) + "&amp;" + body.substr(i));
        both(body.substr(0, i) + body.substr(i + 1));
    }
    both("<xml></xml>");
    both("<xml> </xml>");
    both("<xml>text<a>1</a></xml>");
}

TEST(Xml, SkipsBomDeclarationAndComments) {
    EXPECT_TRUE(parse_xml("\xEF\xBB\xBF<xml/>"));
    EXPECT_TRUE(parse_xml("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xml/>\n"));
    EXPECT_TRUE(parse_xml("<!-- first --><xml/><!-- last -->"));
    EXPECT_TRUE(parse_xml("<xml a=\"1 > 0\"><b/></xml>"));
}

TEST(Xml, RefusesDtdsEntitiesAndInstructions) {
    const std::string laughs =
        "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;&lol;\">]>"
        "<xml>&lol2;</xml>";
    const std::string external =
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>";
    for (const std::string& text :
         {laughs,
          external,
          std::string("<!doctype html><xml/>"),
          std::string("<xml><!DOCTYPE a></xml>"),
          std::string("<xml>&lol;</xml>"),
          std::string("<xml>&nbsp;</xml>"),
          std::string("<xml>a & b</xml>"),
          std::string("<xml>&#0;</xml>"),
          std::string("<xml>&#xD800;</xml>"),
          std::string("<xml>&#x110000;</xml>"),
          std::string("<xml>&#99999999999999999999;</xml>"),
          std::string("<xml>&#-1;</xml>"),
          std::string("<xml a=\"&lol;\"/>"),
          std::string("<?php echo 1 ?><xml/>"),
          std::string("<xml><?xml-stylesheet href=\"a\"?></xml>"),
          std::string("<xml/><?xml version=\"1.0\"?>")}) {
        const auto parsed = parse_xml(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, ErrorCode::invalid) << text;
    }
}

TEST(Xml, RefusesWhatIsNotOneWholeTree) {
    for (const char* text :
         {"",
          " ",
          "text",
          "<",
          "<xml",
          "<xml>",
          "</xml>",
          "<xml></xmI>",
          "<a><b></a></b>",
          "<a/><b/>",
          "<a/>text",
          "text<a/>",
          "<a></a></a>",
          "<xml><![CDATA[open</xml>",
          "<xml><!-- open</xml>",
          "<![CDATA[x]]><xml/>",
          "<xml a=\"open></xml>",
          "<>",
          "< a/>",
          "{\"a\":1}"}) {
        EXPECT_FALSE(parse_xml(text)) << text;
    }
}

TEST(Xml, RefusesBytesThatAreNotUtf8) {
    for (const std::string& text :
         {std::string("<xml>\xff</xml>"),
          std::string("<xml>\xc0\xaf</xml>"),
          std::string("<xml>\xed\xa0\x80</xml>"),
          std::string("<xml>\xe4\xb8</xml>"),
          std::string("<xml>a\0b</xml>", 14),
          std::string("\xff\xfe<\0x\0/\0>\0", 10)}) {
        EXPECT_FALSE(parse_xml(text));
    }
}

TEST(Xml, HoldsItsLimits) {
    EXPECT_TRUE(parse_xml(nested(32)));
    const auto deep = parse_xml(nested(33));
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error().code, ErrorCode::too_large);
    EXPECT_FALSE(parse_xml(nested(100'000)));
    EXPECT_TRUE(parse_xml("<a><b><c/></b></a>", {.max_depth = 3}));
    EXPECT_FALSE(parse_xml("<a><b><c/></b></a>", {.max_depth = 2}));

    std::string many = "<a>";
    for (int i = 0; i < 20'000; ++i) {
        many += "<b/>";
    }
    EXPECT_FALSE(parse_xml(many + "</a>"));
    EXPECT_TRUE(parse_xml(many + "</a>", {.max_elements = 20'001}));

    const auto large = parse_xml("<a>" + std::string(1 << 20, 'x') + "</a>");
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, ErrorCode::too_large);
}

TEST(Xml, EscapedTextComesBackAsItWas) {
    const std::string text = "a<b>&\"'\t\n中文😀]]>";
    EXPECT_EQ(parse_xml("<x>" + xml_escape(text) + "</x>").value().text, text);
    EXPECT_EQ(xml_escape(std::string_view("a\0\x01\x1f b", 6)), "a b");
}

}  // namespace
}  // namespace leadbridge
