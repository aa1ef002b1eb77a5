#include "connectors/forms/form_mapper.h"

#include <gtest/gtest.h>

#include "connectors/forms/presets.h"

namespace leadbridge::forms {
namespace {

SourceConfig config(
    std::string_view kind, std::string_view map = "{}", std::string_view auth = R"({"kind":"none"})"
) {
    auto read = read_source_config(kind, auth, map, "");
    if (!read) {
        ADD_FAILURE() << read.error().message;
        return {};
    }
    return *read;
}

MappedForm mapped(const SourceConfig& source, std::string_view body, const Headers& headers = {}) {
    auto out = map_form(source.map, body, headers);
    if (!out) {
        ADD_FAILURE() << out.error().message;
        return {};
    }
    return *out;
}

std::string identity(const MappedForm& form, crm::IdentityKind kind) {
    for (const auto& one : form.form.identities) {
        if (one.kind == kind) {
            return one.value;
        }
    }
    return "";
}

std::string answer(const MappedForm& form, std::string_view question) {
    for (const auto& one : form.form.answers) {
        if (one.question == question) {
            return one.answer;
        }
    }
    return "";
}

using crm::IdentityKind;

TEST(FormMapper, generic_json_and_form_bodies_mean_the_same) {
    const auto source = config("generic");
    for (const std::string_view body :
         {std::string_view(
              R"({"name":" 王小明 ","phone":13800000001,"email":"a@b.cn","unionid":"oU1","state":"b1","company":"示例"})"
          ),
          std::string_view("name=+%E7%8E%8B%E5%B0%8F%E6%98%8E+&phone=13800000001&email=a%40b.cn&"
                           "unionid=oU1&state=b1&company=%E7%A4%BA%E4%BE%8B")}) {
        const auto form = mapped(source, body);
        EXPECT_TRUE(form.mapped);
        EXPECT_EQ(form.form.name, "王小明");
        EXPECT_EQ(identity(form, IdentityKind::phone), "13800000001");
        EXPECT_EQ(identity(form, IdentityKind::email), "a@b.cn");
        EXPECT_EQ(identity(form, IdentityKind::unionid), "oU1");
        EXPECT_EQ(form.form.state, "b1");
        EXPECT_EQ(form.form.company, "示例");
        EXPECT_EQ(form.delivery_id, "");
        EXPECT_EQ(form.submitted_ms, 0);
    }
}

TEST(FormMapper, own_pointers_with_fallbacks_joins_and_escapes) {
    const auto source = config("generic", R"({"phone":["/a/tel","/list/1"],"name":"/a~1b/c~0d",
        "id":["header:X-Id",["/x","/y"]],"submitted_at":"/t","time_format":"unix"})");
    const std::string_view body =
        R"({"a/b":{"c~d":"李"},"list":["0","139"],"x":"p","y":7,"t":"1760000000"})";
    const auto form = mapped(source, body);
    EXPECT_EQ(form.form.name, "李");
    EXPECT_EQ(identity(form, IdentityKind::phone), "139");
    EXPECT_EQ(form.delivery_id, "p/7");
    EXPECT_EQ(form.submitted_ms, 1'760'000'000'000);
    Headers headers;
    headers.set("x-id", "D1");
    EXPECT_EQ(mapped(source, body, headers).delivery_id, "D1");
    EXPECT_EQ(mapped(source, R"({"x":"p"})").delivery_id, "");  // a join needs all its parts
}

TEST(FormMapper, times) {
    const auto at = [](std::string_view format, const std::string& value) {
        return mapped(
                   config(
                       "generic",
                       R"({"submitted_at":"/t","time_format":")" + std::string(format) + "\"}"
                   ),
                   "{\"t\":" + value + "}"
        )
            .submitted_ms;
    };
    EXPECT_EQ(at("auto", "1760000000"), 1'760'000'000'000);
    EXPECT_EQ(at("auto", "\"1760000000123\""), 1'760'000'000'123);
    EXPECT_EQ(at("auto", "\"2025-10-09T08:53:20Z\""), 1'760'000'000'000);
    EXPECT_EQ(at("auto", "\"2025-10-09 16:53:20\""), 1'760'000'000'000);  // Asia/Shanghai
    EXPECT_EQ(at("local", "\"2025-10-09 16:53:20\""), 1'760'000'000'000);
    EXPECT_EQ(at("unix_ms", "1760000000123"), 1'760'000'000'123);
    EXPECT_EQ(at("rfc3339", "\"2025-10-09 16:53:20\""), 0);
    for (const auto* absurd :
         {"-5", "\"soon\"", "99999999999999999999", "0", "null", "\"9999-01-01T00:00:00Z\""}) {
        EXPECT_EQ(at("auto", absurd), 0) << absurd;
    }
}

TEST(FormMapper, jinshuju) {
    const auto source = config(
        "jinshuju",
        R"({"phone":"/entry/field_2","name":"/entry/field_1","labels":{"field_3":"行业"}})"
    );
    const auto form =
        mapped(source, R"({"form":"PXmEGx","form_name":"预约试用","entry":{"serial_number":123,
        "field_1":"王小明","field_2":"13800000001","field_3":["教育","软件"],"field_4":{"province":"上海","city":"浦东"},
        "x_field_1":"b1k9","creator_name":"","created_at":"2025-10-09T08:53:20Z","updated_at":"2025-10-09T08:53:20Z",
        "info_remote_ip":"1.2.3.4"}})");
    EXPECT_EQ(form.delivery_id, "PXmEGx/123/2025-10-09T08:53:20Z");
    EXPECT_EQ(form.form.form_name, "预约试用");
    EXPECT_EQ(form.form.state, "b1k9");
    EXPECT_EQ(form.form.name, "王小明");
    EXPECT_EQ(identity(form, IdentityKind::phone), "13800000001");
    EXPECT_EQ(form.submitted_ms, 1'760'000'000'000);
    EXPECT_EQ(answer(form, "行业"), "教育, 软件");
    EXPECT_EQ(answer(form, "field_4"), "上海 浦东");
    EXPECT_EQ(answer(form, "info_remote_ip"), "");
}

TEST(FormMapper, wjx) {
    const auto form = mapped(
        config("wjx", R"({"name":"/q1","phone":"/q2"})"), R"({"activity":"5657754","name":"满意度",
        "timetaken":"12","submittime":"2025-10-09 16:53:20","q1":"王小明","q2":"13800000001","q3":"1,2","joinid":"10001",
        "index":"15","totalvalue":"0","sojumpparm":"b1k9","sign":"x"})"
    );
    EXPECT_EQ(form.delivery_id, "5657754/10001");
    EXPECT_EQ(form.form.form_name, "满意度");
    EXPECT_EQ(form.form.state, "b1k9");
    EXPECT_EQ(form.submitted_ms, 1'760'000'000'000);
    EXPECT_EQ(form.form.answers.size(), 3U);
    EXPECT_EQ(answer(form, "q3"), "1,2");
}

TEST(FormMapper, tencent_survey) {
    const auto source =
        config("tencent_survey", R"({"questions":{"phone":["q-2"],"name":["姓名"]}})");
    const std::string body =
        R"({"id":"33cc555f","object":"Answer","action":"answer.create","created_at":"2025-10-09 17:00:00",
        "payload":{"survey_id":5356056,"answer_id":7,"openid":"b1k9","ended_at":"2025-10-09 16:53:20",
        "answer":[{"id":"p-1","questions":[{"id":"q-1","type":"text","title":"姓名","text":"王小明"},
        {"id":"q-2","type":"text","text":"13800000001"},
        {"id":"q-3","type":"checkbox","options":[{"id":"o1","checked":0,"text":"A"},{"id":"o2","checked":1,"text":"B"},
        {"id":"o3","checked":1,"text":"C"}]}]}]}})";
    const auto form = mapped(source, body);
    EXPECT_EQ(form.delivery_id, "33cc555f");
    EXPECT_EQ(form.form.name, "王小明");
    EXPECT_EQ(identity(form, IdentityKind::phone), "13800000001");
    EXPECT_EQ(
        identity(form, IdentityKind::openid), ""
    );  // their openid is a field of the link, not WeChat's
    EXPECT_EQ(form.form.state, "b1k9");
    EXPECT_EQ(answer(form, "q-3"), "B, C");
    EXPECT_EQ(form.submitted_ms, 1'760'000'000'000);
    EXPECT_FALSE(form.skipped);
    EXPECT_TRUE(mapped(source, R"({"action":"answer.delete"})").skipped);
}

TEST(FormMapper, fanqier_jiandaoyun_baidu_and_ads) {
    const auto fanqier = mapped(
        config("fanqier", R"({"name":"/data/values/0","phone":"/data/values/1"})"),
        R"({"data":"{\"_id\":\"f1\",\"form\":\"F\",\"values\":[\"张三\",\"13800000002\"]}",
                                   "time":"1760003000123","sign":"x"})"
    );
    EXPECT_EQ(fanqier.delivery_id, "f1");
    EXPECT_EQ(identity(fanqier, IdentityKind::phone), "13800000002");
    EXPECT_EQ(fanqier.submitted_ms, 1'760'003'000'123);
    EXPECT_EQ(config("fanqier").ack, "success");

    const auto jdy_source = config("jiandaoyun", R"({"phone":"/data/_widget_1"})");
    const auto jdy =
        mapped(jdy_source, R"({"op":"data_create","data":{"_id":"65a0","_widget_1":"138",
        "createTime":"2025-10-09T08:53:20.000Z","updateTime":"2025-10-09T08:53:20.000Z"}})");
    EXPECT_EQ(jdy.delivery_id, "data_create/65a0/2025-10-09T08:53:20.000Z");
    EXPECT_FALSE(jdy.skipped);
    EXPECT_TRUE(mapped(jdy_source, R"({"op":"data_test","data":{}})").skipped);

    const auto baidu = mapped(
        config("baidu"), R"({"clueId":"c1","commitTime":"2025-10-09 16:53:20",
        "cluePhoneNumber":"138","formDetail":[{"type":"name","value":"张三"},{"type":"city","name":"城市","value":"上海"}]})"
    );
    EXPECT_EQ(baidu.form.name, "张三");
    EXPECT_EQ(answer(baidu, "城市"), "上海");

    const auto ocean = mapped(
        config("oceanengine", "{}", R"({"kind":"none"})"),
        R"({"message_id":"m1","data":"{\"telphone\":\"138\",\"name\":\"张三\"}"})"
    );
    EXPECT_EQ(identity(ocean, IdentityKind::phone), "138");

    const auto ads = mapped(
        config("tencent_ads"),
        "leads_id=77&leads_name=%E5%BC%A0%E4%B8%89&leads_telephone=138"
        "&leads_create_time=2025-10-09+16%3A53%3A20&bundle=%7B%22q%22%3A%22a%22%7D"
    );
    EXPECT_EQ(ads.delivery_id, "77");
    EXPECT_EQ(answer(ads, "q"), "a");
    EXPECT_EQ(ads.submitted_ms, 1'760'000'000'000);
}

TEST(FormMapper, without_mapped_fields_nothing_is_invented) {
    const auto form = mapped(config("generic"), R"({"something":"else","phone":"  ","name":null})");
    EXPECT_FALSE(form.mapped);
    EXPECT_TRUE(form.form.identities.empty());
}

TEST(FormMapper, hostile_bodies) {
    const auto source = config("generic", R"({"answers":""})");
    for (const std::string& body :
         {std::string(),
          std::string("   "),
          std::string("{"),
          std::string("{\"a\":1}x"),
          std::string("<xml/>"),
          std::string("just text"),
          std::string("a=%zz"),
          std::string("a=%ff%fe"),
          std::string("=&=&\xff=1"),
          std::string(100, '['),
          std::string(2 << 20, '{')}) {
        EXPECT_FALSE(map_form(source.map, body, {})) << body.substr(0, 20);
    }
    std::string many;
    for (int i = 0; i < 2'000; ++i) {
        many += "k" + std::to_string(i) + "=v&";
    }
    EXPECT_FALSE(map_form(source.map, many, {}));
    // Long values are cut, long lists end.
    std::string big = R"({"name":")";
    for (int i = 0; i < 1'000; ++i) {
        big += "王";
    }
    big += R"(","list":[)";
    for (int i = 0; i < 1'000; ++i) {
        big += (i == 0 ? "" : ",") + std::string(R"({"q":"x"})");
    }
    big += "]}";
    const auto form = mapped(source, big);
    EXPECT_EQ(form.form.name.size(), 300U);
    for (const auto& one : form.form.answers) {
        EXPECT_LE(one.answer.size(), 4'000U);
    }
    EXPECT_LE(
        mapped(source, "[" + std::string(R"({"id":"a","value":"b"})") + "]").form.answers.size(), 1U
    );
    EXPECT_TRUE(
        map_form(source.map, R"({"phone":{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":"x"}}}}}}}}})", {})
            .has_value()
    );
}

TEST(SourceConfig, names_the_field_that_is_wrong) {
    const auto reason =
        [](std::string_view auth, std::string_view map = "{}", std::string_view kind = "generic") {
            auto read = read_source_config(kind, auth, map, "");
            return read ? std::string() : read.error().reason;
        };
    EXPECT_EQ(reason(R"({"kind":"path","secrets":["abcd"]})"), "");
    EXPECT_EQ(reason(R"({"kind":"path","secret":"abcd"})"), "");
    EXPECT_EQ(
        reason("{}"), "auth.secrets"
    );  // a source of which anybody could be the sender is only made on purpose
    EXPECT_EQ(reason(R"({"kind":"none"})"), "");
    EXPECT_EQ(reason(R"({"kind":"magic"})"), "auth.kind");
    EXPECT_EQ(reason(R"({"kind":"header","secrets":["abcd"]})"), "auth.header");
    EXPECT_EQ(reason(R"({"kind":"path","secrets":["ab"]})"), "auth.secrets");
    EXPECT_EQ(reason(R"({"kind":"path","secrets":[5]})"), "auth.secrets");
    EXPECT_EQ(reason(R"({"kind":"none","allow_ips":["everywhere"]})"), "auth.allow_ips");
    EXPECT_EQ(reason(R"({"kind":"none","tolerance_s":-1})"), "auth.tolerance_s");
    EXPECT_EQ(reason(R"({"kind":"none","colour":"red"})"), "auth.colour");
    EXPECT_EQ(reason("[]"), "auth");
    EXPECT_EQ(reason("{", "{}"), "auth");
    EXPECT_EQ(reason(R"({"kind":"none"})", R"({"phone":"no slash"})"), "map.phone");
    EXPECT_EQ(reason(R"({"kind":"none"})", R"({"phone":[[]]})"), "map.phone");
    EXPECT_EQ(reason(R"({"kind":"none"})", R"({"phone":"header:X"})"), "map.phone");
    EXPECT_EQ(reason(R"({"kind":"none"})", R"({"id":"header:X"})"), "");
    EXPECT_EQ(reason(R"({"kind":"none"})", R"({"time_zone":"Mars/North"})"), "map.time_zone");
    EXPECT_EQ(reason(R"({"kind":"none"})", R"({"time_format":"iso"})"), "map.time_format");
    EXPECT_EQ(reason(R"({"kind":"none"})", R"({"telephone":"/x"})"), "map.telephone");
    EXPECT_EQ(reason(R"({"kind":"none"})", R"({"skip":{"pointer":"/x"}})"), "map.skip");
    EXPECT_EQ(reason(R"({"token":"tk"})", "{}", "feishu"), "");
}

TEST(SourceConfig, every_preset_reads_and_unknown_kinds_are_generic) {
    for (const auto name : preset_names()) {
        auto read = read_source_config(name, R"({"secrets":["abcdefgh"]})", "{}", "");
        ASSERT_TRUE(read) << name << ": " << read.error().message;
        EXPECT_EQ(read->preset, name);
    }
    EXPECT_EQ(config("whatever").preset, "generic");
    EXPECT_EQ(read_source_config("fanqier", R"({"secrets":["abcd"]})", "{}", "OK")->ack, "OK");
}

}  // namespace
}  // namespace leadbridge::forms
