// Bulk work: what it changes, what it leaves, that it goes on after a crash, and that its undo puts
// back exactly what was.

#include "crm/operations/operation_runner.h"

#include "crm/leads/lead_undo.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

class Operations : public testing::Test {
protected:
    Operations() : runner(w.db(), w.jobs, w.clock(), w.ids, 3) {
        for (int i = 0; i < 10; ++i) {
            const std::string external = "wm" + std::to_string(i);
            w.take(w.clock().now() + i, CrmWorld::add("sample1", external));
            people.push_back(w.friend_id(external));
        }
        internal = w.tag("inner");
        wecom = w.tag("outer", TagKind::wecom, "et1");
    }

    OrdSet everybody() {
        OrdSet out;
        for (const ContactId id : people) {
            out.add(static_cast<std::uint32_t>(w.contact(id).ord));
        }
        return out;
    }

    OperationId start(const BulkAction& action) {
        const auto made = w.write([&](Transaction& tx) {
            return OperationStore(w.services()).start(tx, w.daemon(), action, {everybody(), "{}"});
        });
        EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
        return made ? made->id : OperationId{};
    }

    Operation get(OperationId id) {
        return *w.read([&](Snapshot& s) { return OperationStore::find(s, w.daemon(), id); });
    }

    Result<Operation> undo(OperationId id) {
        return w.write([&](Transaction& tx) {
            return OperationStore(w.services()).undo(tx, w.daemon(), id);
        });
    }

    Result<Operation> cancel(OperationId id) {
        return w.write([&](Transaction& tx) {
            return OperationStore(w.services()).cancel(tx, w.daemon(), id);
        });
    }

    void put(ContactId contact, std::vector<TagId> tags) {
        EXPECT_TRUE(w.write([&](Transaction& tx) {
            return put_tags(tx, w.services(), w.daemon(), contact, tags);
        }));
    }

    std::string tag_rows() {  // everything that tags are made of
        std::string out;
        for (const std::string& line : w.read([&](Snapshot& s) {
                 return s.all(
                     "SELECT contact_id || ':' || tag_id || ':' || own || ':' || from_follow FROM "
                     "contact_tag ORDER BY 1",
                     ParamList{},
                     [](const Row& row) { return row.str(0); }
                 );
             })) {
            out += line + "\n";
        }
        return out + std::to_string(w.number("SELECT SUM(uses) FROM tag"));
    }

    CrmWorld w;
    OperationRunner runner;
    std::vector<ContactId> people;
    TagId internal, wecom;
};

TEST_F(Operations, TagAddChangesThoseWithoutItAndUndoLeavesTheOthers) {
    put(people[0], {internal});
    put(people[1], {wecom});
    const std::string before = tag_rows();
    const std::size_t marks = w.waiting<MarkTag>().size();
    const OperationId id = start({OperationKind::tag_add, {internal, wecom}});
    EXPECT_EQ(get(id).state, OperationState::queued);
    EXPECT_EQ(runner.run(w.corp, id), OperationRunner::Step::finished);
    const Operation done = get(id);
    EXPECT_EQ(done.state, OperationState::done);
    EXPECT_EQ(done.total, 10);
    EXPECT_EQ(done.done, 10);
    EXPECT_EQ(done.changed, 10);  // the first lacked one of the two, the second the other
    EXPECT_EQ(done.failed, 0);
    for (const ContactId person : people) {
        EXPECT_EQ(w.tag_names(person), (std::vector<std::string>{"inner", "outer"}));
    }
    const auto told = w.waiting<MarkTag>();
    EXPECT_EQ(told.size() - marks, 9U);  // WeCom knew it of one
    EXPECT_EQ(told.back().add_tags, std::vector<std::string>{"et1"});

    ASSERT_TRUE(undo(id).has_value());
    EXPECT_EQ(get(id).state, OperationState::undoing);
    EXPECT_EQ(runner.run(w.corp, id), OperationRunner::Step::finished);
    EXPECT_EQ(get(id).state, OperationState::undone);
    EXPECT_EQ(get(id).undone, 10);
    EXPECT_EQ(tag_rows(), before);
    const auto taken = w.waiting<MarkTag>();
    EXPECT_EQ(taken.size() - told.size(), 9U);
    EXPECT_EQ(taken.back().remove_tags, std::vector<std::string>{"et1"});
    EXPECT_EQ(undo(id).error().reason, "operation_state");
}

TEST_F(Operations, TagRemoveIsPutBackWhereItWas) {
    for (std::size_t i = 0; i < 4; ++i) {
        put(people[i], i % 2 == 0 ? std::vector{internal, wecom} : std::vector{wecom});
    }
    const std::string before = tag_rows();
    const OperationId id = start({OperationKind::tag_remove, {internal, wecom}});
    runner.run(w.corp, id);
    EXPECT_EQ(get(id).changed, 4);
    EXPECT_TRUE(w.tag_names(people[0]).empty());
    ASSERT_TRUE(undo(id).has_value());
    runner.run(w.corp, id);
    EXPECT_EQ(tag_rows(), before);
}

TEST_F(Operations, GoesOnAfterACrashAndDoesNothingTwice) {
    const OperationId id = start({OperationKind::tag_add, {wecom}});
    EXPECT_EQ(runner.run(w.corp, id, nullptr, 2), OperationRunner::Step::more);
    EXPECT_EQ(get(id).done, 6);
    EXPECT_EQ(get(id).state, OperationState::running);
    OperationRunner another(w.db(), w.jobs, w.clock(), w.ids, 3);
    EXPECT_EQ(another.run(w.corp, id), OperationRunner::Step::finished);
    EXPECT_EQ(another.run(w.corp, id), OperationRunner::Step::finished);
    EXPECT_EQ(get(id).done, 10);
    EXPECT_EQ(get(id).changed, 10);
    EXPECT_EQ(w.waiting<MarkTag>().size(), 10U);
    ASSERT_TRUE(undo(id).has_value());
    EXPECT_EQ(runner.run(w.corp, id, nullptr, 1), OperationRunner::Step::more);
    EXPECT_EQ(get(id).undone, 3);
    runner.run(w.corp, id);
    EXPECT_EQ(get(id).undone, 10);
}

TEST_F(Operations, CancelKeepsWhatIsDoneAndThatCanBeUndone) {
    const OperationId id = start({OperationKind::tag_add, {internal}});
    runner.run(w.corp, id, nullptr, 1);
    EXPECT_EQ(undo(id).error().reason, "operation_state");  // it runs
    ASSERT_TRUE(cancel(id).has_value());
    EXPECT_EQ(runner.run(w.corp, id), OperationRunner::Step::finished);
    EXPECT_EQ(get(id).done, 3);
    EXPECT_EQ(cancel(id).error().reason, "operation_state");
    ASSERT_TRUE(undo(id).has_value());
    runner.run(w.corp, id);
    EXPECT_TRUE(w.tag_names(people[0]).empty());
}

TEST_F(Operations, AssignsOpenLeadsGroupsFailuresAndUndoesUnlessChangedSince) {
    const MemberId other = w.member("other");
    const auto lead_of = [&](std::size_t i) {
        return *w.read([&](Snapshot& s) { return lead_of_contact(s, w.corp, people[i]); });
    };
    LeadDesk desk(w.services());
    ASSERT_TRUE(w.write([&](Transaction& tx) {
        return desk.invalidate(tx, w.daemon(), lead_of(0).lead, "rival", {});
    }));
    const LeadBefore before = lead_of(1);
    const OperationId id = start({OperationKind::assign, {}, other});
    runner.run(w.corp, id);
    const Operation done = get(id);
    EXPECT_EQ(done.changed, 9);
    EXPECT_EQ(done.failed, 1);
    ASSERT_EQ(done.failures.size(), 1U);
    EXPECT_EQ(done.failures[0], (std::pair<std::string, std::int64_t>("lead_closed", 1)));
    const FailurePage failures = w.read([&](Snapshot& s) {
        return OperationStore::failures(s, w.daemon(), id, "", {}, 50);
    });
    ASSERT_EQ(failures.items.size(), 1U);
    EXPECT_EQ(failures.items[0].contact, people[0]);
    EXPECT_EQ(lead_of(1).owner, other);

    ASSERT_TRUE(w.write([&](Transaction& tx) {
        return desk.set_stage(tx, w.daemon(), lead_of(2).lead, "quoted", {});
    }));
    ASSERT_TRUE(undo(id).has_value());
    runner.run(w.corp, id);
    EXPECT_EQ(get(id).undone, 8);
    EXPECT_EQ(get(id).undo_failed, 1);
    EXPECT_EQ(lead_of(1).owner, before.owner);
    EXPECT_EQ(lead_of(1).status, before.status);
    EXPECT_EQ(lead_of(1).owner_auto, before.owner_auto);
    EXPECT_EQ(lead_of(2).owner, other);
    EXPECT_EQ(lead_of(2).stage, "quoted");
}

TEST_F(Operations, RefusesActionsThatCannotBeAndHidesThoseOfOthers) {
    const auto refused = [&](const BulkAction& action) {
        const auto made = w.write([&](Transaction& tx) {
            return OperationStore(w.services()).start(tx, w.daemon(), action, {everybody(), "{}"});
        });
        return made ? std::string() : made.error().reason;
    };
    EXPECT_EQ(refused({OperationKind::tag_add, {}}), "bad_field");
    EXPECT_EQ(refused({OperationKind::tag_add, {TagId{9}}}), "bad_field");
    EXPECT_EQ(refused({OperationKind::assign, {}, MemberId{9}}), "bad_field");
    EXPECT_EQ(refused({OperationKind::give_back, {}, {}, ""}), "bad_field");
    const OperationId id = start({OperationKind::tag_add, {internal}});
    const Viewer sales{w.corp, w.member("sample1"), Scope::self, "user:sales"};
    EXPECT_FALSE(w.read([&](Snapshot& s) { return OperationStore::find(s, sales, id); }));
    EXPECT_TRUE(w.read([&](Snapshot& s) { return OperationStore::list(s, sales, {}).items; }
    ).empty());
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM audit WHERE action = 'operation.start'"), 1);
    EXPECT_GE(w.number("SELECT COUNT(*) FROM change_log WHERE topic = 'operations'"), 1);
}

}  // namespace
}  // namespace leadbridge::crm
