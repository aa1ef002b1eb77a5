"""WeCom's chat toolbar: a member signs in from it, gets a signature that WeCom would accept, and the card of whom it follows."""

import hashlib
import re
import unittest
import urllib.parse

from bridge import Http, Scene, eventually
from test_people import PASSWORD, Browser

CORP = "wwSYSTEMTEST0001"


class Side(unittest.TestCase):
    def setUp(self):
        self.scene = Scene("side")
        self.wecom = self.scene.wecom()
        self.daemon = self.scene.daemon(self.wecom)

    def tearDown(self):
        broken = any(error for case, error in self._outcome.result.failures + self._outcome.result.errors if case is self)
        if self.scene.close(keep=broken):
            print("kept", self.scene.folder)

    def admin(self):
        link = eventually(lambda: re.search(r"/console/first\?code=(\w+)", self.daemon.log_text()), what="the first-start link")
        admin = Browser(self.daemon.port)
        self.assertEqual(admin.send("POST", "auth/first", {"code": link[1], "name": "anna", "password": PASSWORD})[0], 200)
        eventually(
            lambda: (m := admin.send("GET", "members")[2]["items"]) and m[0]["departments"], what="the members' departments")
        admin.send("PUT", "departments/roles", {"items": [{"department": "1", "role": "sales"}]})
        return admin

    def member(self, userid):
        """As the page does it: to WeCom and back to /side/, then code and state to auth/wecom."""
        browser = Browser(self.daemon.port)
        start = browser.send("GET", f"auth/wecom/start?page=side&way=app&corp={CORP}")
        page = urllib.parse.urlsplit(start[1]["Location"])
        self.assertEqual(page.path, "/connect/oauth2/authorize")
        back = Http(self.wecom.port).raw("GET", f"{page.path}?{page.query}&userid={userid}")
        to = urllib.parse.urlsplit(back[1]["Location"])
        query = {k: v[0] for k, v in urllib.parse.parse_qs(to.query).items()}
        self.assertEqual((to.path, query.pop("corp")), ("/side/", CORP))
        self.assertEqual(browser.send("POST", "auth/wecom", query)[0], 200)
        return browser

    def ticket(self, path, **query):
        """From WeCom itself, with the app's own secret."""
        http = Http(self.wecom.port)
        secret = self.daemon.companies[CORP]["secrets"]["app"]
        token = http.get("/cgi-bin/gettoken", corpid=CORP, corpsecret=secret)["access_token"]
        answer = http.get("/cgi-bin/" + path, access_token=token, **query)
        self.assertEqual((answer["errcode"], answer["errmsg"], answer["expires_in"]), (0, "ok", 7200))
        return answer["ticket"]

    def test_signatures_are_those_of_wecoms_own_tickets(self):
        admin = self.admin()
        toolbar = lambda: next(s for s in admin.send("GET", "setup/steps")[2]["items"] if s["id"] == "toolbar")
        self.assertEqual(admin.send("POST", "setup/steps/toolbar/test")[2]["status"], "warning")
        sample = self.member("sample1")
        url = f"http://127.0.0.1:{self.daemon.port}/side/?corp={CORP}"
        status, _, got = sample.send("GET", "side/signature?" + urllib.parse.urlencode({"url": url + "#/card"}))
        self.assertEqual(status, 200, got)
        self.assertEqual((got["corp_id"], got["agent_id"], got["url"]), (CORP, 1000002, url))
        self.assertEqual(toolbar()["status"], "ok", "the wizard's step is done by the first member")
        self.assertEqual(admin.send("POST", "setup/steps/toolbar/test")[2]["status"], "ok")
        tickets = {"config": self.ticket("get_jsapi_ticket"), "agent": self.ticket("ticket/get", type="agent_config")}
        self.assertNotEqual(tickets["config"], tickets["agent"])
        for kind, ticket in tickets.items():
            text = f'jsapi_ticket={ticket}&noncestr={got[kind]["nonce"]}&timestamp={got[kind]["timestamp"]}&url={url}'
            self.assertEqual(hashlib.sha1(text.encode()).hexdigest(), got[kind]["signature"], kind)
        asked = lambda: self.wecom.state(CORP)["calls"]
        before = asked()
        for _ in range(5):
            again = sample.send("GET", "side/signature?" + urllib.parse.urlencode({"url": url}))[2]
            self.assertNotEqual(again["config"]["nonce"], got["config"]["nonce"])
        for path in ("get_jsapi_ticket", "ticket/get"):
            self.assertEqual(asked()[path], before[path], "tickets are kept")
        foreign = sample.send("GET", "side/signature?" + urllib.parse.urlencode({"url": "https://elsewhere.example/side/"}))
        self.assertEqual((foreign[0], foreign[2]["code"]), (422, "foreign_url"))

    def test_the_card_is_for_who_follows(self):
        admin = self.admin()
        mine, other = self.member("sample1"), self.member("sample2")
        friend = self.wecom.do("scan", corpid=CORP, userid="sample1", name="示例客户小满")["scans"][0]["external_userid"]
        card = lambda browser, who=friend: browser.send("GET", "side/contact?external_userid=" + who)
        got = eventually(lambda: (c := card(mine))[0] == 200 and c[2]["contact"]["name"] and c[2]["leads"] and c[2], what="the card with its lead")
        self.assertEqual(got["contact"]["name"], "示例客户小满")
        self.assertEqual((got["follow"]["userid"], got["follow"]["live"]), ("sample1", True))
        self.assertEqual(got["leads"][0]["lead"]["status"], "new")
        refused = card(other)
        self.assertEqual((refused[0], refused[2]["code"]), (403, "not_following"))
        self.assertEqual(refused[2]["owner"], got["owner_name"])
        self.assertNotIn("示例客户小满", str(refused[2]))
        self.assertEqual(card(admin)[2]["code"], "member_missing")
        self.assertEqual(card(mine, "wmNOBODY")[2]["code"], "contact_unknown")

        # A friend that no callback told of is fetched by the asking itself.
        self.wecom.do("delivery", shuffle_ms=100_000_000)
        late = self.wecom.do("scan", corpid=CORP, userid="sample2", name="迟到的朋友")["scans"][0]["external_userid"]
        got = eventually(lambda: (c := card(other, late))[0] == 200 and c[2], seconds=40, what="the friend that was fetched")
        self.assertEqual(got["contact"]["name"], "迟到的朋友")


if __name__ == "__main__":
    unittest.main()
