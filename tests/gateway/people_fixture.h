#pragma once
// People with sessions, as browsers use the API.

#include <map>

#include "crm/staff/login.h"
#include "gateway/sessions.h"
#include "tests/gateway/api_fixture.h"

namespace leadbridge::gateway {

struct Browser {
    std::string token;
    std::string csrf;
    crm::UserId user;
};

class PeopleTest : public ApiTest {
protected:
    // A user of this role, with a member of the corp where the role needs one, signed in.
    Browser person(const std::string& name, crm::Role role, CorpId corp = {}) {
        const ApiServices& s = app->services();
        auto made = s.core.write<Browser>([&](Transaction& tx) -> Result<Browser> {
            crm::UserEdit edit;
            edit.name = name;
            edit.role = role;
            edit.corp = corp;
            if (corp) {
                edit.member = crm::MemberStore(s.clock, s.ids).ensure(tx, corp, name);
            }
            auto id = crm::UserStore(s.clock, s.ids).create(tx, edit);
            if (!id) {
                return std::move(id).error();
            }
            return Browser{"", "", *id};
        });
        EXPECT_TRUE(made) << (made ? "" : made.error().message);
        return sign_in(made->user);
    }

    Browser sign_in(crm::UserId user) {
        const ApiServices& s = app->services();
        auto session = s.core.write<Browser>([&](Transaction& tx) -> Result<Browser> {
            auto in = crm::SessionStore(s.clock, s.ids, s.rng).create(tx, user, "password", {});
            return Browser{std::string(in.token.reveal()), "", user};
        });
        Browser out = *session;
        out.csrf = s.sessions.of_session(out.token, "").value().csrf;
        return out;
    }

    static Extra cookie(const Browser& browser) {
        return {{"Cookie", "other=1; leadbridge_session=" + browser.token}};
    }

    // As the page does it.
    Got browse(
        const Browser& browser,
        Method method,
        const std::string& target,
        const std::string& body = "",
        Extra extra = {}
    ) {
        extra.insert(extra.begin(), {"Cookie", "leadbridge_session=" + browser.token});
        extra.insert(extra.begin(), {"X-CSRF-Token", browser.csrf});
        return call(method, target, "", body, extra);
    }
};

}  // namespace leadbridge::gateway
