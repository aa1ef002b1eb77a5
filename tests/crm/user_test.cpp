// People: passwords, codes, lockout, sessions, roles by department.

#include "crm/staff/user.h"

#include "crm/staff/login.h"
#include "crm/staff/query.h"
#include "tests/crm/crm_world.h"

namespace leadbridge::crm {
namespace {

constexpr PasswordCost cheap{4, 1, 1};
const std::string good_password = "correct horse 1";

struct PeopleWorld : CrmWorld {
    PeopleWorld() : desk({store.db(), store.clock, ids, rng, *vault, cheap}) {
        corp = ids.next_as<CorpId>();
    }

    UserId user(const std::string& name, Role role, MemberId member = {}) {
        UserEdit edit{name, role, member ? corp : CorpId{}, member, std::nullopt, false};
        const auto hash = desk.hash(good_password, name);
        const auto id = write([&](Transaction& tx) -> Result<UserId> {
            UserStore users(store.clock, ids);
            auto made = users.create(tx, edit);
            if (!made) {
                return made;
            }
            if (Status set = users.set_password(tx, *made, *hash, {}); !set) {
                return set.error();
            }
            return made;
        });
        EXPECT_TRUE(id) << (id ? "" : id.error().message);
        return id ? *id : UserId{};
    }

    std::string reason(const Result<SignedIn>& in) { return in ? "" : in.error().reason; }

    Result<SignedIn> enter(
        const std::string& name,
        const std::string& password,
        const std::string& code = "",
        const std::string& ip = "127.0.0.1"
    ) {
        return desk.by_password(name, password, code, {ip, "test"});
    }

    bool holds(const SignedIn& in) {
        return read([&](Snapshot& s) {
            return SessionStore::find(s, in.session.token.reveal(), clock().now()).has_value();
        });
    }

    LoginDesk desk;
};

TEST(Password, IsVerifiedAndNothingElse) {
    SeededRng rng(1);
    const std::string hash = hash_password(rng, good_password, cheap);
    EXPECT_TRUE(hash.starts_with("scrypt$4$1$1$"));
    EXPECT_TRUE(verify_password(hash, good_password));
    EXPECT_FALSE(verify_password(hash, good_password + " "));
    EXPECT_NE(hash, hash_password(rng, good_password, cheap)) << "a salt of its own";
    for (const std::string bad : {"", "scrypt$", "scrypt$99$8$1$AA$AA", "plain$4$1$1$AA$AA"}) {
        EXPECT_FALSE(verify_password(bad, good_password)) << bad;
    }
}

TEST(Password, TheSimplestAreRefused) {
    EXPECT_TRUE(check_password(good_password, "anna"));
    EXPECT_FALSE(check_password("short", "anna"));
    EXPECT_FALSE(check_password("aaaaaaaaaaaa", "anna"));
    EXPECT_FALSE(check_password("Anna.Example", "anna.example"));
    EXPECT_TRUE(check_password("十个汉字也是一个密码", "anna")) << "characters count, not bytes";
}

TEST(Password, DelayGrowsAndEnds) {
    EXPECT_EQ(lock_ms(0), 0);
    EXPECT_EQ(lock_ms(4), 0);
    EXPECT_EQ(lock_ms(5), 30'000);
    EXPECT_EQ(lock_ms(6), 60'000);
    EXPECT_EQ(lock_ms(9), 480'000);
    EXPECT_EQ(lock_ms(10), 900'000);
    EXPECT_EQ(lock_ms(1'000), 900'000);
}

// RFC 6238, appendix B, SHA-1.
TEST(Totp, VectorsOfTheRfc) {
    const std::string secret = "12345678901234567890";
    const std::pair<std::int64_t, std::string_view> vectors[] = {
        {59, "94287082"},
        {1'111'111'109, "07081804"},
        {1'111'111'111, "14050471"},
        {1'234'567'890, "89005924"},
        {2'000'000'000, "69279037"},
        {20'000'000'000, "65353130"}};
    for (const auto& [seconds, code] : vectors) {
        EXPECT_EQ(totp::code(secret, seconds / totp::step_s, 8), code) << seconds;
    }
    EXPECT_EQ(totp::base32("foobar"), "MZXW6YTBOI");  // RFC 4648, section 10
}

TEST(Totp, ACodeCountsOnceAndNotForLong) {
    const std::string secret = "12345678901234567890";
    const UnixMillis now = 1'760'000'000'000;
    const std::int64_t step = now / 30'000;
    const std::string code = totp::code(secret, step);
    EXPECT_EQ(totp::match(secret, code, now, 0), step);
    EXPECT_EQ(totp::match(secret, code, now + 30'000, 0), step) << "clocks differ a little";
    EXPECT_FALSE(totp::match(secret, code, now + 90'000, 0));
    EXPECT_FALSE(totp::match(secret, code, now, step)) << "taken already";
    EXPECT_FALSE(totp::match(secret, "", now, 0));
}

TEST(Login, FailedTriesLockTheNameForALongerAndLongerTime) {
    PeopleWorld w;
    w.user("anna", Role::admin);
    for (const std::string name : {"anna", "nobody"}) {
        for (int i = 0; i < 5; ++i) {
            EXPECT_EQ(w.reason(w.enter(name, "wrong password")), "bad_login") << name << i;
        }
        const auto locked = w.enter(name, good_password);
        EXPECT_EQ(w.reason(locked), "locked") << name << ": the right password does not help";
        EXPECT_EQ(locked.error().retry_after_ms, 30'000);
    }
    w.clock().advance(30'000);
    EXPECT_EQ(w.reason(w.enter("ANNA", "wrong password")), "bad_login");
    EXPECT_EQ(w.enter("anna", good_password).error().retry_after_ms, 60'000);
    w.clock().advance(60'000);
    EXPECT_TRUE(w.enter("Anna", good_password)) << "a name without regard to case";
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM login_failure WHERE name_key LIKE 'anna%'"), 0);
}

TEST(Login, AStrangersTriesHoldUpOnlyHisAddress) {
    PeopleWorld w;
    w.user("anna", Role::admin);
    for (int i = 0; i < 6; ++i) {
        (void)w.enter("anna", "wrong password", "", "203.0.113.9");
    }
    EXPECT_EQ(w.reason(w.enter("anna", good_password, "", "203.0.113.9")), "locked");
    EXPECT_TRUE(w.enter("anna", good_password));
    EXPECT_EQ(w.reason(w.enter("anna\n127.0.0.1", "wrong password")), "bad_login");
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM login_failure"), 0)
        << "a name cannot be made to look like another one's address";
}

TEST(Login, VeryManyTriesFromEverywhereHoldUpTheName) {
    PeopleWorld w;
    w.user("anna", Role::admin);
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Result<int> {
        for (int i = 0; i < 505; ++i) {
            LoginFailures::add(tx, "anna", "203.0.113." + std::to_string(i), w.clock().now());
        }
        return 0;
    }));
    EXPECT_EQ(w.reason(w.enter("anna", good_password)), "locked");
}

TEST(Login, OneTimeCodesAreAskedForOnceConfirmed) {
    PeopleWorld w;
    const UserId anna = w.user("anna", Role::admin);
    const Viewer viewer = Viewer::daemon(CorpId{});
    ASSERT_TRUE(w.desk.begin_totp(viewer, anna));
    EXPECT_TRUE(w.enter("anna", good_password)) << "not confirmed yet";
    const std::string sealed =
        w.read([&](Snapshot& s) { return UserStore::totp_of(s, anna).sealed; });
    const std::string secret =
        w.vault->open(CorpId{}, sealed, "user:" + anna.str() + ":totp").value();
    EXPECT_FALSE(w.desk.confirm_totp(viewer, anna, "000000"));
    const auto code = [&] { return totp::code(secret, w.clock().now() / 30'000); };
    ASSERT_TRUE(w.desk.confirm_totp(viewer, anna, code()));
    EXPECT_EQ(w.reason(w.enter("anna", good_password)), "totp_required");
    EXPECT_EQ(w.reason(w.enter("anna", good_password, code())), "bad_totp") << "taken to confirm";
    w.clock().advance(30'000);
    EXPECT_TRUE(w.enter("anna", good_password, code()));
    EXPECT_EQ(w.reason(w.enter("anna", good_password, code())), "bad_totp") << "taken";
    EXPECT_FALSE(w.desk.remove_totp(viewer, anna, "000000"));
    w.clock().advance(30'000);
    EXPECT_TRUE(w.desk.remove_totp(viewer, anna, code()));
    EXPECT_TRUE(w.enter("anna", good_password));
}

TEST(Login, TheFirstCodeWorksOnceAndOnlyWithoutAnAdmin) {
    PeopleWorld w;
    const auto old = w.desk.make_first_code();
    const auto code = w.desk.make_first_code();
    ASSERT_TRUE(old && code);
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM first_code"), 1);
    const auto first = [&](const Secret& text, const std::string& name) {
        return w.desk.first(text.reveal(), name, good_password, {});
    };
    EXPECT_EQ(w.reason(first(*old, "anna")), "bad_first_code") << "a newer one was made";
    EXPECT_EQ(w.desk.first(code->reveal(), "anna", "short", {}).error().reason, "password");
    const auto in = first(*code, "anna");
    ASSERT_TRUE(in);
    EXPECT_EQ(in->user.role, Role::admin);
    EXPECT_EQ(w.reason(first(*code, "berta")), "bad_first_code");
    EXPECT_FALSE(w.desk.make_first_code());
}

TEST(Session, EndsByIdlenessAndByAge) {
    PeopleWorld w;
    w.user("anna", Role::admin);
    const auto in = *w.enter("anna", good_password);
    const auto seen = [&] {
        ASSERT_TRUE(w.write([&](Transaction& tx) -> Result<int> {
            SessionStore::seen(tx, in.session.id, "127.0.0.1", w.clock().now());
            return 0;
        }));
    };
    w.clock().advance(session_idle_ms - 1);
    EXPECT_TRUE(w.holds(in));
    w.clock().advance(1);
    EXPECT_FALSE(w.holds(in)) << "idle";
    const auto other = *w.enter("anna", good_password);
    EXPECT_NE(other.session.token.reveal(), in.session.token.reveal());
    for (std::int64_t age = 0; age < session_age_ms; age += session_idle_ms / 2) {
        EXPECT_TRUE(w.holds(other)) << age;
        w.clock().advance(session_idle_ms / 2);
        ASSERT_TRUE(w.write([&](Transaction& tx) -> Result<int> {
            SessionStore::seen(tx, other.session.id, "127.0.0.1", w.clock().now());
            return 0;
        }));
    }
    EXPECT_FALSE(w.holds(other)) << "too old, however busy";
    seen();
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM user_session"), 2);
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Result<std::int64_t> {
        return SessionStore::forget(tx, w.clock().now(), 100);
    }));
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM user_session"), 0);
}

TEST(Session, ThePasswordsChangeAndTheUsersEndEndIt) {
    PeopleWorld w;
    const UserId anna = w.user("anna", Role::admin);
    w.user("berta", Role::admin);
    const auto mine = *w.enter("anna", good_password);
    const auto other = *w.enter("anna", good_password);
    const Viewer viewer = Viewer::daemon(CorpId{});
    EXPECT_FALSE(w.desk.change_password(viewer, anna, mine.session.id, "wrong one", "another 12345")
    );
    ASSERT_TRUE(
        w.desk.change_password(viewer, anna, mine.session.id, good_password, "another 12345")
    );
    EXPECT_TRUE(w.holds(mine));
    EXPECT_FALSE(w.holds(other));
    UserPatch off;
    off.disabled = true;
    ASSERT_TRUE(w.write([&](Transaction& tx) {
        return UserStore(w.clock(), w.ids).patch(tx, anna, off, std::nullopt);
    }));
    EXPECT_FALSE(w.holds(mine));
    EXPECT_EQ(w.reason(w.enter("anna", "another 12345")), "user_disabled");
}

TEST(Session, ALeaversSessionEndsWithTheMember) {
    PeopleWorld w;
    const MemberId member = w.member("zhang");
    w.user("zhang", Role::sales, member);
    const auto in = *w.enter("zhang", good_password);
    EXPECT_TRUE(w.holds(in));
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Result<int> {
        MemberStore(w.clock(), w.ids).set_left(tx, w.corp, "zhang");
        return 0;
    }));
    EXPECT_FALSE(w.holds(in));
    EXPECT_EQ(w.number("SELECT COUNT(*) FROM user_session"), 0);
    EXPECT_EQ(w.reason(w.enter("zhang", good_password)), "user_disabled");
    EXPECT_EQ(w.reason(w.desk.by_member(w.corp, "zhang", {})), "member_left");
}

TEST(Login, AMemberNeedsAUserOrADepartmentsRole) {
    PeopleWorld w;
    const MemberId member = w.member("li");
    EXPECT_EQ(w.reason(w.desk.by_member(w.corp, "stranger", {})), "not_a_member");
    EXPECT_EQ(w.reason(w.desk.by_member(w.corp, "li", {})), "no_role");
    const auto departments = [&](std::vector<DepartmentRole> roles) {
        return w.write([&](Transaction& tx) { return put_department_roles(tx, w.corp, roles); });
    };
    ASSERT_TRUE(w.write([&](Transaction& tx) -> Result<int> {
        MemberStore members(w.clock(), w.ids);
        members.put_department(tx, w.corp, {1, "公司", 0});
        members.put_department(tx, w.corp, {2, "销售", 1});
        MemberFact fact;
        fact.userid = "li";
        fact.departments = {2};
        members.put(tx, w.corp, fact);
        return 0;
    }));
    EXPECT_FALSE(departments({{99, Role::sales}}));
    ASSERT_TRUE(departments({{1, Role::readonly}}));
    const auto in = w.desk.by_member(w.corp, "LI", {});
    ASSERT_TRUE(in) << in.error().message;
    EXPECT_EQ(in->user.role, Role::readonly);
    EXPECT_EQ(in->user.member, member);
    EXPECT_TRUE(in->user.provisioned);
    ASSERT_TRUE(departments({{1, Role::readonly}, {2, Role::sales}}));
    EXPECT_EQ(w.desk.by_member(w.corp, "li", {})->user.role, Role::sales) << "the nearest counts";
    const auto role = [&] {
        return w.read([&](Snapshot& s) {
            return SessionStore::role(s, in->session.id, w.clock().now());
        });
    };
    EXPECT_EQ(role(), Role::sales) << "in a session that was there before, too";
    ASSERT_TRUE(departments({}));
    EXPECT_FALSE(role());
    EXPECT_FALSE(w.holds(*in)) << "who lost the role is out at once";
    EXPECT_EQ(w.reason(w.desk.by_member(w.corp, "li", {})), "no_role") << "taken away again";
}

TEST(User, TheLastAdminStays) {
    PeopleWorld w;
    const UserId anna = w.user("anna", Role::admin);
    const auto patch = [&](UserId id, const UserPatch& change) {
        return w.write([&](Transaction& tx) {
            return UserStore(w.clock(), w.ids).patch(tx, id, change, std::nullopt);
        });
    };
    const auto remove = [&](UserId id) {
        return w.write([&](Transaction& tx) { return UserStore(w.clock(), w.ids).remove(tx, id); });
    };
    UserPatch off;
    off.disabled = true;
    UserPatch less;
    less.role = Role::manager;
    EXPECT_EQ(patch(anna, off).error().reason, "last_admin");
    EXPECT_EQ(patch(anna, less).error().reason, "last_admin");
    EXPECT_EQ(remove(anna).error().reason, "last_admin");
    w.user("berta", Role::admin);
    EXPECT_TRUE(patch(anna, less));
    EXPECT_TRUE(remove(anna));
}

TEST(User, WhoSeesLessThanAllNeedsAMember) {
    PeopleWorld w;
    const auto make = [&](const UserEdit& edit) {
        return w.write([&](Transaction& tx) { return UserStore(w.clock(), w.ids).create(tx, edit); }
        );
    };
    UserEdit edit{"wang", Role::sales, w.corp, {}, std::nullopt, false};
    EXPECT_EQ(make(edit).error().reason, "member");
    edit.member = w.member("wang");
    EXPECT_TRUE(make(edit));
    edit.name = "wang2";
    EXPECT_EQ(make(edit).error().reason, "member_taken");
    edit.member = {};
    edit.scope = Scope::all;
    EXPECT_TRUE(make(edit));
    EXPECT_EQ(make(edit).error().reason, "user_name_taken");
}

TEST(Permission, NamesAndRolesGoBothWays) {
    for (const Permission permission : all_permissions()) {
        EXPECT_EQ(permission_of(to_string(permission)), permission);
        EXPECT_TRUE(allows(Role::admin, permission)) << to_string(permission);
    }
    EXPECT_FALSE(permission_of("contacts.steal"));
    EXPECT_EQ(role_of("compliance"), Role::compliance);
    EXPECT_FALSE(role_of("root"));
    EXPECT_EQ(scope_of(Role::sales, MemberId{1}), Scope::self);
    EXPECT_EQ(scope_of(Role::manager, MemberId{1}), Scope::subtree);
    EXPECT_EQ(scope_of(Role::manager, MemberId{}), Scope::all);
}

TEST(Audit, MachineActsAndFilters) {
    PeopleWorld w;
    const auto note = [&](CorpId corp, const std::string& actor, const std::string& action) {
        w.clock().advance(1'000);
        ASSERT_TRUE(w.write([&](Transaction& tx) -> Result<int> {
            const Viewer viewer{corp, {}, Scope::all, actor};
            record_audit(tx, {w.clock(), w.ids}, viewer, {action, "thing", 1});
            return 0;
        }));
    };
    const UnixMillis begin = w.clock().now();
    for (int i = 0; i < 3; ++i) {
        note(w.corp, "user:a", "lead.assign");
        note(CorpId{}, "user:b", "user.create");
    }
    const auto count = [&](AuditFilter filter, int limit = 50) {
        return w.read([&](Snapshot& s) {
            std::size_t n = 0;
            std::int64_t last = 0;
            Page page{0, limit};
            do {
                const auto part = list_audit(s, Viewer::daemon(w.corp), filter, page);
                for (const AuditEntry& entry : part.items) {
                    EXPECT_TRUE(last == 0 || entry.id < last) << "newest first, none twice";
                    last = entry.id;
                }
                n += part.items.size();
                page.before = part.next;
            } while (page.before != 0);
            return n;
        });
    };
    AuditFilter all;
    all.machine = MachineActs::with;
    EXPECT_EQ(count({}), 3U);
    EXPECT_EQ(count(all), 6U);
    EXPECT_EQ(count(all, 1), 6U);
    EXPECT_EQ(count(all, 4), 6U);
    AuditFilter filter = all;
    filter.actor = "user:b";
    EXPECT_EQ(count(filter), 3U);
    filter = all;
    filter.action = "lead";
    EXPECT_EQ(count(filter), 3U);
    filter.action = "lead.assign";
    EXPECT_EQ(count(filter), 3U);
    filter.action = "lea";
    EXPECT_EQ(count(filter), 0U);
    filter = all;
    filter.from_ms = begin + 2'000;
    filter.until_ms = begin + 5'000;
    EXPECT_EQ(count(filter), 3U);
}

}  // namespace
}  // namespace leadbridge::crm
