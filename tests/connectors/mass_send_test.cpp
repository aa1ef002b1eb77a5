#include "connectors/wecom/mass_send.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crm/nurture/push.h"
#include "crm/nurture/push_planner.h"
#include "crm/staff/member.h"
#include "tests/connectors/wecom_room.h"

namespace leadbridge::wecom {
namespace {

const std::string add_name = "externalcontact/add_msg_template";
const std::string list_name = "externalcontact/get_groupmsg_list_v2";
const std::string task_name = "externalcontact/get_groupmsg_task";
const std::string result_name = "externalcontact/get_groupmsg_send_result";
const std::string cancel_name = "externalcontact/cancel_groupmsg_send";
const std::string remind_name = "externalcontact/remind_groupmsg_send";

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t hour = 60 * minute;

struct Task {
    std::string msgid;
    std::vector<std::string> senders;
    std::string text;
    std::string creator;
    std::vector<std::string> targets;
    UnixMillis made = 0;
    bool confirmed = false;
    bool cancelled = false;
};

// WeCom's side of mass sends, over the FakeWecom.
class MassSend : public testing::Test {
protected:
    MassSend()
        : bitmaps(room.db.db(), room.clock),
          pushes(room.services.crm()),
          planner(room.db.db(), bitmaps, room.jobs, room.clock, room.ids) {
        room.clock.set(1'800'000'000'000);
        for (auto& handler : planner.handlers()) {
            room.handlers.push_back(handler);
        }
        room.wecom.on("externalcontact/get", [](const FakeCall&) { return errcode(40058); });
        room.wecom.on(add_name, [this](const FakeCall& call) { return add(call); });
        room.wecom.on(list_name, [this](const FakeCall& call) { return list(call); });
        room.wecom.on(task_name, [this](const FakeCall& call) { return task(call); });
        room.wecom.on(result_name, [this](const FakeCall& call) { return result(call); });
        room.wecom.on(cancel_name, [this](const FakeCall& call) { return cancel(call); });
    }

    std::string add(const FakeCall& call) {
        if (before_accept) {
            before_accept();
        }
        Task t;
        t.msgid = "msg-" + std::to_string(tasks.size() + 1);
        t.senders = {call.text("sender")};
        t.text = json_string(call.body.at("text").as_object(), "content");
        t.made = room.clock.now();
        for (const auto& item : call.body.at("external_userid").as_array()) {
            t.targets.emplace_back(item.as_string().c_str());
        }
        tasks.push_back(t);
        if (after_accept) {
            after_accept();
        }
        return ok({{"msgid", t.msgid}, {"fail_list", json::array{}}});
    }

    std::string list(const FakeCall& call) const {
        const auto from = json_int(call.body, "start_time") * 1'000;
        const auto to = json_int(call.body, "end_time") * 1'000;
        const auto skip = call.text("cursor").empty() ? 0U : std::stoul(call.text("cursor"));
        json::array rows;
        std::size_t seen = 0;
        bool more = false;
        for (const auto& t : tasks) {
            if (t.made < from || t.made > to || hidden.contains(t.msgid) || ++seen <= skip) {
                continue;
            }
            if (rows.size() == 2) {  // small pages
                more = true;
                break;
            }
            json::object row{
                {"msgid", t.msgid},
                {"create_time", std::to_string(t.made / 1'000)},
                {"text", json::object{{"content", t.text}}}};
            if (!t.creator.empty()) {
                row["creator"] = t.creator;
            }
            rows.emplace_back(std::move(row));
        }
        const auto next = more ? std::to_string(skip + 2) : std::string{};
        return ok({{"group_msg_list", std::move(rows)}, {"next_cursor", next}});
    }

    Task* find(const std::string& msgid) {
        const auto it = std::find_if(tasks.begin(), tasks.end(), [&](const Task& t) {
            return t.msgid == msgid;
        });
        return it == tasks.end() ? nullptr : &*it;
    }

    std::string task(const FakeCall& call) {
        const auto* t = find(call.text("msgid"));
        if (t == nullptr) {
            return errcode(41047);
        }
        json::array rows;
        for (const auto& sender : t->senders) {
            rows.emplace_back(json::object{
                {"userid", sender},
                {"status", t->confirmed ? 2 : 0},
                {"send_time", room.clock.now() / 1'000}});
        }
        return ok({{"task_list", std::move(rows)}});
    }

    std::string result(const FakeCall& call) {
        const auto* t = find(call.text("msgid"));
        json::array rows;
        for (const auto& target : t->targets) {
            int status = t->confirmed ? 1 : 0;
            status = outcome.contains(target) ? outcome[target] : status;
            rows.emplace_back(json::object{
                {"external_userid", target}, {"userid", call.text("userid")}, {"status", status}});
        }
        return ok({{"send_list", std::move(rows)}});
    }

    std::string cancel(const FakeCall& call) {
        auto* t = find(call.text("msgid"));
        if (t == nullptr || t->cancelled) {
            return errcode(t == nullptr ? 41047 : 41093);
        }
        t->cancelled = true;
        return ok();
    }

    void people(const std::string& member, int n) {
        room.write([&](Transaction& tx) {
            crm::MemberFact fact;
            fact.userid = member;
            fact.status = crm::MemberStatus::active;
            fact.customer_contact = true;
            crm::MemberStore(room.clock, room.ids).put(tx, room.corp, fact);
        });
        for (int i = 0; i < n; ++i) {
            const auto id = "wm-" + member + '-' + std::to_string(i);
            room.befriend(member, id);
            everybody.push_back(id);
        }
    }

    crm::PushId push(const std::string& text = "新品上架") {
        crm::PushEdit edit;
        edit.name = "Sample push";
        edit.condition = R"({"all":[]})";
        edit.content = crm::MessageContent{text, {}};
        crm::PushId id;
        room.write([&](Transaction& tx) {
            id = pushes.create(tx, viewer(), edit)->id;
            ASSERT_TRUE(pushes.submit(tx, viewer(), id, std::nullopt));
        });
        EXPECT_EQ(planner.plan(room.corp, id), crm::PushPlanner::Step::planned);
        return id;
    }

    crm::PushCounts counts(crm::PushId id) {
        return room.read<crm::PushCounts>([&](Snapshot& s) {
            return crm::PushLedger::counts(s, room.corp, id);
        });
    }

    std::vector<crm::BatchView> batches(crm::PushId id) {
        return room.read<std::vector<crm::BatchView>>([&](Snapshot& s) {
            return crm::PushLedger::batches_of(s, room.corp, id);
        });
    }

    crm::RecipientState state(crm::PushId id) { return batches(id).at(0).state; }

    crm::RemindState reminder(crm::PushId id) { return batches(id).at(0).remind; }

    // Standing tasks per recipient.
    std::map<std::string, int> standing() const {
        std::map<std::string, int> out;
        for (const auto& t : tasks) {
            for (const auto& target : t.targets) {
                out[target] += t.cancelled || !t.creator.empty() ? 0 : 1;
            }
        }
        return out;
    }

    void expect_one_task_each() {
        const auto found = standing();
        for (const auto& person : everybody) {
            EXPECT_EQ(found.contains(person) ? found.at(person) : 0, 1) << person;
        }
    }

    crm::Viewer viewer() const { return crm::Viewer::daemon(room.corp); }

    WecomRoom room;
    crm::TagBitmaps bitmaps;
    crm::PushStore pushes;
    crm::PushPlanner planner;
    std::vector<Task> tasks;
    std::set<std::string> hidden;  // not listed yet
    std::map<std::string, int> outcome;
    std::vector<std::string> everybody;
    std::function<void()> before_accept;
    std::function<void()> after_accept;
};

using State = crm::RecipientState;

TEST_F(MassSend, every_recipient_ends_with_an_outcome) {
    people("anna", 3);
    people("bob", 2);
    const auto id = push();
    room.run_for(2 * minute);
    ASSERT_EQ(tasks.size(), 2U);
    expect_one_task_each();
    EXPECT_EQ(counts(id).waiting, 5);
    outcome = {{"wm-anna-0", 2}, {"wm-anna-1", 3}};
    for (auto& t : tasks) {
        t.confirmed = true;
    }
    room.run_for(24 * hour);
    const auto done = counts(id);
    EXPECT_EQ(done.delivered, 3);
    EXPECT_EQ(done.not_friend, 1);
    EXPECT_EQ(done.capped, 1);
    EXPECT_EQ(done.waiting, 0);
    EXPECT_TRUE(room.jobs_in("wecom.push_poll").empty());
}

class MassSendLost : public MassSend, public testing::WithParamInterface<Fault> {};

TEST_P(MassSendLost, an_accepted_batch_without_an_answer_is_found) {
    people("anna", 2);
    room.wecom.next(add_name, GetParam());
    const auto id = push();
    room.run_for(30'000);
    EXPECT_EQ(state(id), State::unknown);
    EXPECT_EQ(tasks.size(), 1U);
    room.run_for(hour);
    EXPECT_EQ(state(id), State::submitted);
    EXPECT_EQ(batches(id)[0].msgid, "msg-1");
    expect_one_task_each();
}

INSTANTIATE_TEST_SUITE_P(
    EveryWay, MassSendLost, testing::Values(Fault::lost_answer, Fault::status_500, Fault::truncated)
);

TEST_F(MassSend, unknown_is_not_sent_again_before_three_looks) {
    people("anna", 2);
    room.wecom.next(add_name, Fault::lost_request);
    const auto id = push();
    room.run_for(14 * minute);
    EXPECT_EQ(room.wecom.count(add_name), 1);
    EXPECT_EQ(state(id), State::unknown);
    EXPECT_EQ(counts(id).unknown, 2);
    room.run_for(30 * minute);
    EXPECT_EQ(room.wecom.count(add_name), 2);
    EXPECT_EQ(state(id), State::submitted);
    expect_one_task_each();
}

TEST_F(MassSend, a_task_that_is_listed_late_is_still_found) {
    people("anna", 2);
    room.wecom.next(add_name, Fault::lost_answer);
    hidden = {"msg-1"};
    const auto id = push();
    room.run_for(4 * minute);
    EXPECT_EQ(state(id), State::unknown);
    hidden.clear();
    room.run_for(30 * minute);
    EXPECT_EQ(state(id), State::submitted);
    EXPECT_EQ(room.wecom.count(add_name), 1);
}

TEST_F(MassSend, two_candidates_wait_for_a_person) {
    people("anna", 2);
    after_accept = [this] {
        auto twin = tasks.back();
        twin.msgid = "twin";
        tasks.push_back(twin);
    };
    room.wecom.next(add_name, Fault::lost_answer);
    const auto id = push();
    room.run_for(2 * hour);
    EXPECT_EQ(state(id), State::for_review);
    EXPECT_EQ(counts(id).unknown, 2);
    EXPECT_EQ(room.wecom.count(add_name), 1);
    EXPECT_EQ(room.wecom.count(cancel_name), 0);
}

TEST_F(MassSend, tasks_of_others_are_not_taken_for_ours) {
    people("anna", 2);
    const auto now = room.clock.now();
    tasks.push_back({"other-text", {"anna"}, "别的", "", {"x"}, now, false, false});
    tasks.push_back({"other-sender", {"bob"}, "新品上架", "", {"x"}, now, false, false});
    tasks.push_back({"two-senders", {"anna", "bob"}, "新品上架", "", {"x"}, now, false, false});
    tasks.push_back({"long-ago", {"anna"}, "新品上架", "", {"x"}, now - hour, false, false});
    room.wecom.next(add_name, Fault::lost_answer);
    const auto id = push();
    room.run_for(10 * minute);
    ASSERT_EQ(state(id), State::submitted);
    EXPECT_EQ(batches(id)[0].msgid, "msg-5");
}

TEST_F(MassSend, still_dispatching_asks_later) {
    people("anna", 2);
    room.wecom.next(add_name, Fault::lost_answer);
    room.wecom.next(task_name, 41063, 3);
    const auto id = push();
    room.run_for(4 * minute);
    EXPECT_EQ(state(id), State::submitted);
    EXPECT_EQ(room.wecom.count(add_name), 1);
}

TEST_F(MassSend, a_crash_before_the_request_doubles_nothing) {
    people("anna", 3);
    int crashes = 1;
    before_accept = [&] {
        if (crashes-- > 0) {
            throw std::runtime_error("killed");
        }
    };
    const auto id = push();
    room.run_for(2 * hour);
    EXPECT_EQ(state(id), State::submitted);
    expect_one_task_each();
}

TEST_F(MassSend, a_crash_after_acceptance_doubles_nothing) {
    people("anna", 3);
    int crashes = 1;
    after_accept = [&] {
        if (crashes-- > 0) {
            throw std::runtime_error("killed");
        }
    };
    const auto id = push();
    room.run_for(2 * hour);
    EXPECT_EQ(state(id), State::submitted);
    expect_one_task_each();
    EXPECT_EQ(tasks.size(), 1U);
}

TEST_F(MassSend, a_restart_makes_open_intents_unknown) {
    people("anna", 2);
    after_accept = [] { throw std::runtime_error("killed"); };
    const auto id = push();
    room.drain();
    EXPECT_EQ(state(id), State::intent);
    after_accept = nullptr;
    room.write([&](Transaction& tx) {
        EXPECT_EQ(room.ledger.recover_intents(tx, crm::PushLedger::Lost::all), 1);
    });
    EXPECT_EQ(state(id), State::unknown);
    room.run_for(5 * minute);
    EXPECT_EQ(state(id), State::submitted);
    expect_one_task_each();
}

TEST_F(MassSend, a_doubled_task_is_cancelled_and_counted) {
    people("anna", 2);
    const auto id = push();
    room.run_for(5'000);
    ASSERT_EQ(tasks.size(), 1U);
    auto twin = tasks[0];
    twin.msgid = "twin";
    auto by_hand = tasks[0];
    by_hand.msgid = "by-hand";
    by_hand.creator = "boss";
    tasks.push_back(twin);
    tasks.push_back(by_hand);
    room.run_for(10 * minute);
    EXPECT_FALSE(find("msg-1")->cancelled);
    EXPECT_TRUE(find("twin")->cancelled);
    EXPECT_FALSE(find("by-hand")->cancelled);
    EXPECT_EQ(counts(id).doubled_tasks, 1);
    expect_one_task_each();
}

TEST_F(MassSend, what_was_certainly_not_sent_is_sent_later) {
    people("anna", 2);
    room.wecom.next(add_name, 45009);
    room.wecom.next(add_name, 60020);
    room.wecom.next(add_name, Fault::refused, 4);
    const auto id = push();
    room.run_for(30 * minute);
    EXPECT_EQ(state(id), State::submitted);
    expect_one_task_each();
    EXPECT_EQ(
        room.wecom.count(list_name), room.wecom.count(result_name)
    );  // no look-up of an unknown outcome
}

TEST_F(MassSend, a_holder_whose_time_is_over_does_not_send) {
    people("anna", 2);
    room.run_for(hour);
    room.clock.advance(3 * hour);  // the token has ended
    int slow = 1;
    room.wecom.before_token = [&] {
        if (slow-- > 0) {
            room.clock.advance(90'000);
        }
    };
    const auto id = push();
    room.drain();
    EXPECT_EQ(room.wecom.count(add_name), 0);
    room.run_for(10 * minute);
    EXPECT_EQ(state(id), State::submitted);
    expect_one_task_each();
}

TEST_F(MassSend, a_refusal_is_the_outcome_of_its_recipients) {
    people("anna", 2);
    room.wecom.next(add_name, 41048);
    const auto id = push();
    room.run_for(hour);
    EXPECT_EQ(state(id), State::rejected);
    EXPECT_EQ(batches(id)[0].errcode, 41048);
    EXPECT_EQ(counts(id).rejected, 2);
    EXPECT_EQ(room.wecom.count(add_name), 1);
}

TEST_F(MassSend, a_cancelled_push_is_cancelled_upstream) {
    people("anna", 2);
    people("bob", 1);
    const auto id = push();
    room.run_for(5'000);
    ASSERT_EQ(tasks.size(), 2U);
    tasks[0].cancelled = true;  // somebody did it by hand: 41093
    room.write([&](Transaction& tx) { ASSERT_TRUE(pushes.cancel(tx, viewer(), id)); });
    room.run_for(hour);
    EXPECT_TRUE(tasks[1].cancelled);
    EXPECT_EQ(counts(id).cancelled, 3);
}

TEST_F(MassSend, a_batch_found_after_its_push_was_cancelled_is_cancelled_too) {
    people("anna", 2);
    room.wecom.next(add_name, Fault::lost_answer);
    const auto id = push();
    room.run_for(5'000);
    room.write([&](Transaction& tx) { ASSERT_TRUE(pushes.cancel(tx, viewer(), id)); });
    room.run_for(2 * hour);
    ASSERT_EQ(tasks.size(), 1U);
    EXPECT_TRUE(tasks[0].cancelled);
    EXPECT_EQ(counts(id).cancelled, 2);
}

TEST_F(MassSend, a_reminder_goes_once_per_command_and_never_again_when_in_doubt) {
    people("anna", 2);
    const auto id = push();
    room.run_for(5'000);
    room.wecom.next(remind_name, Fault::lost_answer);
    room.write([&](Transaction& tx) { ASSERT_TRUE(pushes.remind(tx, viewer(), id)); });
    room.run_for(hour);
    EXPECT_EQ(room.wecom.count(remind_name), 1);
    EXPECT_EQ(reminder(id), crm::RemindState::unknown);
}

TEST_F(MassSend, a_reminder_cut_off_by_a_crash_is_shown_and_not_repeated) {
    people("anna", 2);
    people("bob", 2);
    const auto id = push();
    room.run_for(5'000);
    std::vector<std::string> reminded;
    room.wecom.on(remind_name, [&](const FakeCall& call) {
        reminded.push_back(call.text("msgid"));
        if (reminded.size() == 1) {
            throw std::runtime_error("killed after");
        }
        return errcode(0);
    });
    room.write([&](Transaction& tx) { ASSERT_TRUE(pushes.remind(tx, viewer(), id)); });
    room.run_for(hour);
    ASSERT_EQ(reminded.size(), 2U);
    EXPECT_NE(reminded[0], reminded[1]);
    EXPECT_EQ(reminder(id), crm::RemindState::unknown);
    // Another command reminds all of them again.
    room.write([&](Transaction& tx) { ASSERT_TRUE(pushes.remind(tx, viewer(), id)); });
    room.run_for(hour);
    EXPECT_EQ(reminded.size(), 4U);
    EXPECT_EQ(reminder(id), crm::RemindState::sent);
}

TEST_F(MassSend, faults_of_every_kind_at_every_point_leave_one_task_each) {
    for (int m = 0; m < 12; ++m) {
        people("member" + std::to_string(m), 3);
    }
    SeededRng dice(20'260'101);
    before_accept = [&] {
        if (dice.below(6) == 0) {
            throw std::runtime_error("killed before");
        }
    };
    after_accept = [&] {
        if (dice.below(6) == 0) {
            throw std::runtime_error("killed after");
        }
    };
    for (const auto fault :
         {Fault::lost_answer,
          Fault::lost_request,
          Fault::status_500,
          Fault::refused,
          Fault::truncated}) {
        room.wecom.next(add_name, fault, 2);
        room.wecom.next(list_name, fault == Fault::refused ? Fault::refused : Fault::status_500);
    }
    room.wecom.next(add_name, -1);
    room.wecom.next(add_name, 45033, 2);
    const auto id = push();
    room.run_for(12 * hour);
    expect_one_task_each();
    const auto c = counts(id);
    EXPECT_EQ(c.waiting, 36);
    EXPECT_EQ(c.unknown, 0);
}

}  // namespace
}  // namespace leadbridge::wecom
