#include "tests/connectors/example_connector.h"

#include <fstream>

#include "tests/connectors/inbound_fixture.h"

namespace leadbridge {
namespace {

class ExampleConnectorTest : public InboundFixture {
protected:
    ExampleConnectorTest() : desk(*corps, Secret("desk-secret")) {}

    static Request booking(const std::string& body, const std::string& secret = "desk-secret") {
        auto request = with_query(Method::post, "/hook-desk/ww0123456789abcdef", "");
        request.body = body;
        request.headers.set("X-Desk-Signature", crypto::hex(crypto::hmac_sha256(secret, body)));
        return request;
    }

    DeskConnector desk;
};

TEST_F(ExampleConnectorTest, turns_a_signed_post_into_a_touch) {
    const auto result = desk.receive(
        booking(R"({"id":"b1","at_ms":1760000000000,"name":"王小明","phone":"138","wish":"demo"})")
    );
    ASSERT_TRUE(accepted(result));
    const auto& received = std::get<Received>(result);
    EXPECT_EQ(received.corp, corp);
    const auto decoded = desk.decode(row_of(received, desk));
    const auto& touch = std::get<std::vector<crm::Touch>>(decoded).at(0);
    EXPECT_EQ(touch.at, 1'760'000'000'000);
    EXPECT_EQ(std::get<crm::FormSubmitted>(touch.body).identities.at(0).value, "138");
}

TEST_F(ExampleConnectorTest, refuses_parks_and_recognises_a_repeat) {
    EXPECT_EQ(status(desk.receive(booking(R"({"id":"b1"})", "wrong"))), 403);
    EXPECT_EQ(status(desk.receive(booking("no json"))), 400);
    const auto first = std::get<Received>(desk.receive(booking(R"({"id":"b1","at_ms":5})")));
    const auto again = std::get<Received>(desk.receive(booking(R"({"at_ms":5,"id":"b1"})")));
    EXPECT_EQ(first.key, again.key);
    EXPECT_EQ(std::get<Parked>(desk.decode(row_of(first, desk))).reason, "no_mapped_fields");
}

// docs/connectors.md promises it.
TEST(ExampleConnector, is_a_hundred_lines_at_most) {
    std::ifstream in(LEADBRIDGE_TEST_DATA "/../connectors/example_connector.h");
    ASSERT_TRUE(in.is_open());
    int lines = 0;
    for (std::string line; std::getline(in, line);) {
        ++lines;
    }
    EXPECT_LE(lines, 100);
}

}  // namespace
}  // namespace leadbridge
