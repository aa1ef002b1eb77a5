#include "connectors/wecom/welcome.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "crm/contacts/content.h"
#include "crm/leads/channel.h"
#include "crm/staff/member.h"
#include "tests/connectors/wecom_room.h"

namespace leadbridge::wecom {
namespace {

const std::string send_name = "externalcontact/send_welcome_msg";
const std::string get_name = "externalcontact/get";

// Passes everything on, but can refuse writes.
class RefusingDatabase final : public Database {
public:
    explicit RefusingDatabase(Database& inner) : inner_(inner) {}

    std::atomic<bool> refuses{false};
    std::atomic<int> refused{0};

    bool append(AppendRow row, std::function<void(AppendOutcome)> done) override {
        return inner_.append(std::move(row), std::move(done));
    }

    std::shared_ptr<void> on_change(std::function<void()> wake) override {
        return inner_.on_change(std::move(wake));
    }

    void migrate(std::span<const RoomMigrations> rooms) override { inner_.migrate(rooms); }

    DatabaseStats stats() override { return inner_.stats(); }

    Transaction* current() noexcept override { return inner_.current(); }

protected:
    Status run_write(const std::function<bool(Transaction&)>& fn) override {
        if (refuses) {
            ++refused;
            return Error{ErrorCode::overloaded, "the queue is full"};
        }
        auto result = inner_.write<bool>([&](Transaction& tx) -> Result<bool> {
            if (!fn(tx)) {
                return Error{ErrorCode::internal, "rolled back"};
            }
            return true;
        });
        return result || result.error().message == "rolled back" ? Status{}
                                                                 : Status{result.error()};
    }

    void run_read(const std::function<void(Snapshot&)>& fn) override {
        (void)inner_.read<bool>([&](Snapshot& s) -> Result<bool> {
            fn(s);
            return true;
        });
    }

private:
    Database& inner_;
};

class Welcome : public testing::Test {
protected:
    Welcome() : room(SqliteWriterMode::own_thread) {
        room.clock.set(1'800'000'000'000);
        room.edit(room.corp).default_welcome =
            crm::encode_content({.text = "你好", .attachments = {}});
        make_lane();
    }

    void make_lane() { make_lane(room.db.db()); }

    void make_lane(Database& core) {
        lane = std::make_unique<WelcomeLane>(
            core,
            room.jobs,
            *room.vault,
            room.api,
            room.media,
            room.clock,
            room.rng,
            room.db.metrics
        );
    }

    std::string event(
        const std::string& type,
        const std::string& state,
        const std::string& code,
        const std::string& external_userid = "wm1"
    ) {
        return "<xml><ToUserName>ww</ToUserName><FromUserName>sys</FromUserName><CreateTime>" +
               std::to_string(room.clock.now() / 1'000) +
               "</CreateTime><MsgType>event</MsgType><Event>change_external_contact</Event>"
               "<ChangeType>" +
               type + "</ChangeType><UserID>anna</UserID><ExternalUserID>" + external_userid +
               "</ExternalUserID><State>" + state + "</State>" +
               (code.empty() ? "" : "<WelcomeCode>" + code + "</WelcomeCode>") + "</xml>";
    }

    std::string added(const std::string& state = "", const std::string& code = "CODE") {
        return event("add_external_contact", state, code);
    }

    std::optional<WelcomeRow> row(std::int64_t inbox_id) {
        return room.read<std::optional<WelcomeRow>>([&](Snapshot& s) {
            return find_welcome(s, room.corp, inbox_id);
        });
    }

    // Waits for the lane in real time; with `step`, its clock goes on meanwhile.
    WelcomeRow settled(std::int64_t inbox_id, std::int64_t step = 0) {
        for (int i = 0; i < 2'000; ++i) {
            const auto found = row(inbox_id);
            if (found && found->state != WelcomeState::intent) {
                return *found;
            }
            room.clock.advance(step);
            std::this_thread::sleep_for(std::chrono::milliseconds(step > 0 ? 5 : 2));
        }
        ADD_FAILURE() << "no outcome for " << inbox_id;
        return {};
    }

    std::string sent_text(std::size_t n = 0) {
        const auto calls = room.wecom.calls(send_name);
        return n < calls.size() ? json_string(*json_object(calls[n].body, "text"), "content") : "";
    }

    crm::Channel channel(const std::string& text) {
        crm::ChannelEdit edit;
        edit.name = "春季展会";
        edit.members = {"anna"};
        edit.welcome = crm::Welcome{text, {}};
        crm::Channel made;
        room.write([&](Transaction& tx) {
            crm::MemberFact fact;
            fact.userid = "anna";
            fact.name = "安娜";
            fact.customer_contact = true;
            crm::MemberStore(room.clock, room.ids).put(tx, room.corp, fact);
            made = *crm::ChannelStore(room.services.crm())
                        .create(tx, crm::Viewer::daemon(room.corp), edit);
        });
        return made;
    }

    // Until the store has refused so often, by the lane's own clock.
    void refused(const RefusingDatabase& store, int times) {
        for (int i = 0; i < 2'000 && store.refused < times; ++i) {
            room.clock.advance(100);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        ASSERT_GE(store.refused, times);
    }

    WecomRoom room;
    std::unique_ptr<WelcomeLane> lane;
};

TEST_F(Welcome, the_corps_default_is_sent_with_the_code) {
    room.clock.advance(400);
    lane->start(room.corp, 1, added());
    const auto done = settled(1);
    EXPECT_EQ(done.state, WelcomeState::sent);
    EXPECT_EQ(done.tries, 1);
    EXPECT_EQ(done.age_ms, 400);
    EXPECT_EQ(done.error, "");
    EXPECT_EQ(sent_text(), "你好");
    EXPECT_EQ(room.wecom.calls(send_name)[0].text("welcome_code"), "CODE");
}

TEST_F(Welcome, the_channel_of_the_state_chooses_the_text) {
    const auto c = channel("{contact}好，我是{member}，来自{channel} {unknown}");
    room.befriend("anna", "wm1", c.state);
    room.wecom.on(get_name, [](const FakeCall&) {
        return ok({{"external_contact", json::object{{"external_userid", "wm1"}, {"name", "王五"}}}}
        );
    });
    lane->start(room.corp, 1, added(c.state));
    EXPECT_EQ(settled(1).channel, c.id);
    EXPECT_EQ(sent_text(), "王五好，我是安娜，来自春季展会 {unknown}");
}

TEST_F(Welcome, an_unknown_state_gets_the_default) {
    channel("never");
    lane->start(room.corp, 1, added("wb:1:4285486"));
    EXPECT_EQ(settled(1).state, WelcomeState::sent);
    EXPECT_EQ(sent_text(), "你好");
}

TEST_F(Welcome, a_name_that_cannot_be_had_in_a_second_is_replaced) {
    const auto c = channel("{contact}好");
    std::atomic<bool> go{false};
    room.wecom.on(get_name, [&](const FakeCall&) {
        for (int i = 0; i < 3'000 && !go; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return errcode(84061);
    });
    const auto began = std::chrono::steady_clock::now();
    lane->start(room.corp, 1, added(c.state));
    EXPECT_EQ(settled(1).state, WelcomeState::sent);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1'800));
    EXPECT_EQ(sent_text(), "您好");
    go = true;
    lane->stop();
}

TEST_F(Welcome, a_text_without_the_name_asks_nobody) {
    lane->start(room.corp, 1, added());
    settled(1);
    EXPECT_EQ(room.wecom.count(get_name), 0);
}

TEST_F(Welcome, the_same_event_twice_is_one_message) {
    lane->start(room.corp, 1, added());
    lane->start(room.corp, 1, added());
    settled(1);
    lane->start(room.corp, 1, added());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(room.wecom.count(send_name), 1);
}

TEST_F(Welcome, half_and_full_add_use_the_first_code) {
    std::set<std::string> welcomed;
    room.wecom.on(send_name, [&](const FakeCall&) {
        return welcomed.insert("wm1").second ? ok() : errcode(41051);
    });
    lane->start(room.corp, 1, event("add_half_external_contact", "", "HALF"));
    EXPECT_EQ(settled(1).state, WelcomeState::sent);
    lane->start(room.corp, 2, event("add_external_contact", "", "FULL"));
    EXPECT_EQ(settled(2).state, WelcomeState::already_chatting);
}

TEST_F(Welcome, nothing_configured_is_skipped) {
    room.edit(room.corp).default_welcome.clear();
    lane->start(room.corp, 1, added());
    EXPECT_EQ(settled(1).state, WelcomeState::skipped);
    EXPECT_EQ(room.wecom.count(send_name), 0);
}

TEST_F(Welcome, an_event_that_comes_too_late_is_not_sent) {
    const auto text = added();
    room.clock.advance(18'000);
    lane->start(room.corp, 1, text);
    EXPECT_EQ(settled(1).state, WelcomeState::too_late);
    EXPECT_EQ(room.wecom.count(send_name), 0);
}

TEST_F(Welcome, waits_for_a_store_that_refuses_for_a_moment) {
    RefusingDatabase store(room.db.db());
    make_lane(store);
    store.refuses = true;
    lane->start(room.corp, 1, added());
    refused(store, 2);
    EXPECT_EQ(room.wecom.count(send_name), 0) << "nothing is sent before its intent is stored";
    store.refuses = false;
    EXPECT_EQ(settled(1, 100).state, WelcomeState::sent);
    EXPECT_EQ(room.wecom.count(send_name), 1);
    lane.reset();
}

TEST_F(Welcome, a_store_that_refuses_until_the_code_is_dead_costs_the_welcome_and_says_so) {
    RefusingDatabase store(room.db.db());
    make_lane(store);
    store.refuses = true;
    lane->start(room.corp, 1, added());
    refused(store, 1);
    room.clock.advance(20'000);
    store.refuses = false;
    EXPECT_EQ(settled(1, 100).state, WelcomeState::too_late);
    EXPECT_EQ(room.wecom.count(send_name), 0);
    lane.reset();
}

TEST_F(Welcome, another_app_sending_is_waited_for) {
    room.wecom.next(send_name, 41096, 3);
    lane->start(room.corp, 1, added());
    const auto done = settled(1, 50);
    EXPECT_EQ(done.state, WelcomeState::sent);
    EXPECT_EQ(done.tries, 4);
}

TEST_F(Welcome, repeats_end_at_the_deadline) {
    room.wecom.on(send_name, [](const FakeCall&) { return errcode(41096); });
    lane->start(room.corp, 1, added());
    const auto done = settled(1, 200);
    EXPECT_EQ(done.state, WelcomeState::too_late);
    EXPECT_GE(done.tries, 5);
    EXPECT_GE(done.updated_ms, done.deadline_ms);
    EXPECT_LT(done.updated_ms, done.event_ms + 22'000);
}

TEST_F(Welcome, already_chatting_is_done) {
    room.wecom.next(send_name, 41051);
    lane->start(room.corp, 1, added());
    EXPECT_EQ(settled(1).state, WelcomeState::already_chatting);
    EXPECT_EQ(room.wecom.count(send_name), 1);
}

TEST_F(Welcome, a_dead_code_gives_up) {
    room.wecom.next(send_name, 41050);
    lane->start(room.corp, 1, added());
    EXPECT_EQ(settled(1).state, WelcomeState::too_late);
    EXPECT_EQ(room.wecom.count(send_name), 1);
}

TEST_F(Welcome, a_timeout_is_repeated_and_a_used_code_then_means_probably_sent) {
    for (const int code : {41050, 41051}) {
        room.wecom.next(send_name, Fault::lost_answer);
        room.wecom.next(send_name, code);
        lane->start(room.corp, code, added());
        const auto done = settled(code, 50);
        EXPECT_EQ(done.state, WelcomeState::probably_sent);
        EXPECT_TRUE(done.in_doubt);
    }
}

TEST_F(Welcome, a_refused_connection_leaves_no_doubt) {
    room.wecom.next(send_name, Fault::refused, 2);
    room.wecom.next(send_name, 41051);
    lane->start(room.corp, 1, added());
    EXPECT_EQ(settled(1, 50).state, WelcomeState::already_chatting);
}

TEST_F(Welcome, a_lost_request_is_repeated_until_it_arrives) {
    room.wecom.next(send_name, Fault::lost_request, 2);
    lane->start(room.corp, 1, added());
    EXPECT_EQ(settled(1, 50).state, WelcomeState::sent);
}

TEST_F(Welcome, a_refusal_for_good_fails) {
    room.wecom.next(send_name, 48002);
    lane->start(room.corp, 1, added());
    const auto done = settled(1);
    EXPECT_EQ(done.state, WelcomeState::failed);
    EXPECT_NE(done.error.find("48002"), std::string::npos);
}

TEST_F(Welcome, consent_that_brings_a_code_sends_with_it) {
    const auto c = channel("展会欢迎");
    room.wecom.next(send_name, 41053);
    lane->start(room.corp, 1, added(c.state, "FIRST"));
    EXPECT_EQ(settled(1).state, WelcomeState::waiting_consent);
    room.clock.advance(300'000);
    lane->start(room.corp, 2, event("msg_audit_approved", "", "SECOND"));
    EXPECT_EQ(settled(2).state, WelcomeState::sent);
    EXPECT_EQ(sent_text(1), "展会欢迎");
    EXPECT_EQ(room.wecom.calls(send_name)[1].text("welcome_code"), "SECOND");
    EXPECT_EQ(row(1)->state, WelcomeState::skipped);
}

TEST_F(Welcome, consent_without_a_code_uses_the_old_one_while_it_lives) {
    room.wecom.next(send_name, 41053);
    lane->start(room.corp, 1, added());
    settled(1);
    room.clock.advance(5'000);
    lane->consent_given(room.corp, "anna", "wm1");
    for (int i = 0; i < 1'000 && row(1)->state == WelcomeState::waiting_consent; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    EXPECT_EQ(row(1)->state, WelcomeState::sent);
    EXPECT_EQ(room.wecom.calls(send_name)[1].text("welcome_code"), "CODE");
}

TEST_F(Welcome, consent_after_a_welcome_sends_no_second_one) {
    lane->start(room.corp, 1, added());
    settled(1);
    lane->start(room.corp, 2, event("msg_audit_approved", "", "SECOND"));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(room.wecom.count(send_name), 1);
    EXPECT_FALSE(row(2));
}

TEST_F(Welcome, a_restart_goes_on_with_what_was_being_sent) {
    room.wecom.hang("https://first.test");
    lane->start(room.corp, 1, added());
    for (int i = 0; i < 1'000 && !row(1); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    ASSERT_TRUE(row(1));
    EXPECT_EQ(row(1)->state, WelcomeState::intent);
    std::thread stopping([&] { lane->stop(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    room.wecom.release();
    stopping.join();
    ASSERT_EQ(row(1)->state, WelcomeState::intent);  // its repeat was dropped by the stop

    room.wecom.next(send_name, 41051);
    make_lane();
    lane->recover({room.corp});
    EXPECT_EQ(settled(1).state, WelcomeState::probably_sent);
}

TEST_F(Welcome, a_restart_after_the_deadline_says_so) {
    room.wecom.next(send_name, Fault::refused, 100);
    lane->start(room.corp, 1, added());
    for (int i = 0; i < 1'000 && room.wecom.count(send_name) == 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    lane->stop();
    room.clock.advance(60'000);
    make_lane();
    lane->recover({room.corp});
    const auto done = settled(1);
    // Nobody knows whether the last try was carried out: the doubt is not recorded as "not sent".
    EXPECT_EQ(done.state, WelcomeState::probably_sent);
    EXPECT_NE(done.error.find("stopped"), std::string::npos);
}

TEST_F(Welcome, the_code_is_sealed_and_wiped) {
    room.wecom.next(send_name, 41053);
    lane->start(room.corp, 1, added("", "VERY-SECRET-CODE"));
    settled(1);
    const auto stored = room.read<std::string>([&](Snapshot& s) {
        return s
            .one(
                "SELECT code FROM welcome WHERE corp_id=? AND inbox_id=1",
                {room.corp},
                [](const Row& r) { return std::string(r.blob(0)); }
            )
            .value_or("");
    });
    EXPECT_FALSE(stored.empty());
    EXPECT_EQ(stored.find("VERY-SECRET-CODE"), std::string::npos);
    lane->start(room.corp, 2, event("add_external_contact", "", "C2", "wm2"));
    settled(2);
    EXPECT_TRUE(room.read<bool>([&](Snapshot& s) {
        return s.exists(
            "SELECT 1 FROM welcome WHERE corp_id=? AND inbox_id=2 AND code IS NULL", {room.corp}
        );
    }));
}

TEST_F(Welcome, attachments_go_with_their_media_ids) {
    room.wecom.on("media/upload", [](const FakeCall&) {
        return ok({{"media_id", "MEDIA"}, {"created_at", "1"}});
    });
    const auto media =
        *room.media.add(room.corp, MediaKind::image, "a.png", "image/png", "123456789");
    crm::Welcome content{"看图", {}};
    content.attachments.push_back(attachment(crm::AttachmentKind::image, media));
    content.attachments.push_back(attachment(crm::AttachmentKind::link));
    content.attachments.back().title = "官网";
    content.attachments.back().url = "https://example.com";
    room.edit(room.corp).default_welcome = crm::encode_content(content);

    // Before the upload the rest is sent without it.
    lane->start(room.corp, 1, added());
    const auto first = settled(1);
    EXPECT_EQ(first.state, WelcomeState::sent);
    EXPECT_NE(first.error.find("attachment"), std::string::npos);
    EXPECT_EQ(room.wecom.calls(send_name)[0].body.at("attachments").as_array().size(), 1U);

    room.drain();
    lane->start(room.corp, 2, event("add_external_contact", "", "C2", "wm2"));
    EXPECT_EQ(settled(2).error, "");
    const auto attachments = room.wecom.calls(send_name)[1].body.at("attachments").as_array();
    ASSERT_EQ(attachments.size(), 2U);
    EXPECT_EQ(to_text(attachments[0]), R"({"msgtype":"image","image":{"media_id":"MEDIA"}})");

    room.wecom.next(send_name, 40007);  // the id died meanwhile
    lane->start(room.corp, 3, event("add_external_contact", "", "C3", "wm3"));
    EXPECT_EQ(settled(3, 10).state, WelcomeState::sent);
}

// --- bulkheads ---

TEST_F(Welcome, keeps_its_time_while_every_other_corp_hangs) {
    std::vector<CorpId> others;
    for (int i = 0; i < 30; ++i) {
        const auto name = "hanging" + std::to_string(i);
        others.push_back(room.add_corp(name));
        room.edit(others.back()).default_welcome = room.edit(room.corp).default_welcome;
        room.wecom.hang("https://" + name + ".test");
    }
    std::int64_t inbox_id = 1'000;
    for (int round = 0; round < 10; ++round) {
        for (const auto other : others) {
            lane->start(other, ++inbox_id, added());
        }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const auto began = std::chrono::steady_clock::now();
    for (std::int64_t i = 1; i <= 20; ++i) {
        lane->start(
            room.corp,
            i,
            event("add_external_contact", "", "C" + std::to_string(i), "wm" + std::to_string(i))
        );
    }
    for (std::int64_t i = 1; i <= 20; ++i) {
        EXPECT_EQ(settled(i).state, WelcomeState::sent);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1'500));
    std::thread stopping([&] { lane->stop(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    room.wecom.release();
    stopping.join();
}

TEST_F(Welcome, a_corp_that_was_quick_and_then_hangs_leaves_room_for_others) {
    std::vector<CorpId> others;
    std::int64_t inbox_id = 1'000;
    for (int i = 0; i < 12; ++i) {
        others.push_back(room.add_corp("quick" + std::to_string(i)));
        room.edit(others.back()).default_welcome = room.edit(room.corp).default_welcome;
    }
    for (int round = 0; round < 20; ++round) {  // every one of them earns its full share
        for (const auto other : others) {
            lane->start(other, ++inbox_id, added());
        }
    }
    for (int i = 0; i < 2'500 && room.wecom.count(send_name) < 240; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    for (int i = 0; i < 12; ++i) {
        room.wecom.hang("https://quick" + std::to_string(i) + ".test");
    }
    for (int round = 0; round < 20; ++round) {
        for (const auto other : others) {
            lane->start(other, ++inbox_id, added());
        }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const auto began = std::chrono::steady_clock::now();
    lane->start(room.corp, 1, added());
    EXPECT_EQ(settled(1).state, WelcomeState::sent);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(800));
    std::thread stopping([&] { lane->stop(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    room.wecom.release();
    stopping.join();
}

}  // namespace
}  // namespace leadbridge::wecom
