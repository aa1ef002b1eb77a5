"""People in browsers against the real program: first start, sign-in by password and by WeCom, roles, revoking, leaving."""

import http.client
import json
import re
import subprocess
import unittest
import urllib.parse

from bridge import Http, Scene, eventually

CORP = "wwSYSTEMTEST0001"
PASSWORD = "correct horse battery 1"


class Browser(Http):
    """Keeps cookies and sends what the page sends."""

    def __init__(self, port):
        super().__init__(port)
        self.cookies, self.csrf = {}, ""

    def send(self, method, path, body=None):
        headers = {"Content-Type": "application/json", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if self.csrf:
            headers["X-CSRF-Token"] = self.csrf
        target = path if path.startswith("/") else "/api/v1/" + path
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, target, None if body is None else json.dumps(body).encode(), headers)
        reply = connection.getresponse()
        status, got, text = reply.status, dict(reply.getheaders()), reply.read()
        for header in reply.headers.get_all("Set-Cookie") or []:
            name, value = header.split(";")[0].split("=", 1)
            self.cookies[name] = value
        connection.close()
        parsed = json.loads(text) if text and "json" in got.get("Content-Type", "") else text
        if isinstance(parsed, dict) and parsed.get("csrf_token"):
            self.csrf = parsed["csrf_token"]
        return status, got, parsed

    def sign_in(self, name, password=PASSWORD):
        return self.send("POST", "auth/local", {"name": name, "password": password})


class People(unittest.TestCase):
    def setUp(self):
        self.scene = Scene("people")
        self.wecom = self.scene.wecom()
        self.daemon = self.scene.daemon(self.wecom)

    def tearDown(self):
        broken = any(error for case, error in self._outcome.result.failures + self._outcome.result.errors if case is self)
        if self.scene.close(keep=broken):
            print("kept", self.scene.folder)

    def browser(self):
        return Browser(self.daemon.port)

    def ok(self, answer, status=200):
        self.assertEqual(answer[0], status, answer)
        return answer[2]

    def first_admin(self):
        link = eventually(lambda: re.search(r"/console/first\?code=(\w+)", self.daemon.log_text()), what="the first-start link")
        admin = self.browser()
        me = self.ok(admin.send("POST", "auth/first", {"code": link[1], "name": "anna", "password": PASSWORD}))
        self.assertEqual(me["role"], "admin")
        self.assertNotIn(PASSWORD, self.daemon.log_text())
        return admin, link[1]

    def test_first_start_then_roles_then_revoke(self):
        admin, code = self.first_admin()
        again = self.browser().send("POST", "auth/first", {"code": code, "name": "eve", "password": PASSWORD})
        self.assertEqual((again[0], again[2]["code"]), (403, "bad_first_code"))
        self.assertEqual(self.ok(admin.send("GET", "me"))["user"]["name"], "anna")

        eventually(lambda: admin.send("GET", "members")[2]["items"], what="the members")
        corp = admin.send("GET", "me")[2]["corps"][0]["id"]
        made = self.ok(admin.send("POST", "users", {
            "name": "sam", "role": "sales", "corp": corp, "userid": "sample1", "password": PASSWORD}), 201)
        sales = self.browser()
        me = self.ok(sales.sign_in("sam"))
        self.assertEqual((me["role"], me["user"]["member"]["userid"], me["user"]["scope"]), ("sales", "sample1", "self"))
        refused = sales.send("GET", "users")
        self.assertEqual((refused[0], refused[2]["code"]), (403, "permission_missing"))
        self.assertIn("users.admin", refused[2]["detail"])
        self.ok(sales.send("GET", "contacts"))
        sales.csrf, kept = "", sales.csrf
        self.assertEqual(sales.send("POST", "auth/logout")[2]["code"], "bad_csrf_token")
        sales.csrf = kept

        session = self.ok(admin.send("GET", f'sessions?user={made["id"]}'))["items"][0]
        self.ok(admin.send("DELETE", f'sessions/{session["id"]}'), 204)
        self.assertEqual(sales.send("GET", "me")[2]["code"], "session_ended")
        acts = [entry["action"] for entry in self.ok(admin.send("GET", "audit?limit=200"))["items"]]
        for act in ("user.create", "session.create", "session.end"):
            self.assertIn(act, acts)

    def test_wecom_signs_members_in_and_nobody_else(self):
        admin, _ = self.first_admin()
        eventually(
            lambda: (m := admin.send("GET", "members")[2]["items"]) and m[0]["departments"], what="the members' departments")

        def come(browser, who, **more):
            start = browser.send("GET", "auth/wecom/start?" + urllib.parse.urlencode({"way": "qr", **more}))
            self.assertEqual(start[0], 302, start)
            page = urllib.parse.urlsplit(start[1]["Location"])
            shown = Http(self.wecom.port).raw("GET", f"{page.path}?{page.query}")
            self.assertEqual(shown[0], 200)
            self.assertIn("sample1", shown[2].decode())
            back = Http(self.wecom.port).raw("GET", f"{page.path}?{page.query}&{urllib.parse.urlencode(who)}")
            to = urllib.parse.urlsplit(back[1]["Location"])
            self.assertEqual(to.path, "/console/login")
            return {k: v[0] for k, v in urllib.parse.parse_qs(to.query).items()}

        member = self.browser()
        back = come(member, {"userid": "sample1"})
        stranger = self.browser().send("POST", "auth/wecom", back)
        self.assertEqual(stranger[2]["code"], "bad_state", "another browser")
        self.assertEqual(member.send("POST", "auth/wecom", back)[2]["code"], "no_role")
        self.assertEqual(member.send("POST", "auth/wecom", back)[2]["code"], "bad_state", "a state counts once")
        self.ok(admin.send("PUT", "departments/roles", {"items": [{"department": "1", "role": "sales"}]}))
        me = self.ok(member.send("POST", "auth/wecom", come(member, {"userid": "sample1"}, way="app")))
        self.assertEqual((me["role"], me["user"]["member"]["userid"]), ("sales", "sample1"))
        used = come(member, {"userid": "sample1"})
        self.ok(member.send("POST", "auth/wecom", used))
        outsider = self.browser()
        refused = outsider.send("POST", "auth/wecom", come(outsider, {"openid": "somebody"}))
        self.assertEqual((refused[0], refused[2]["code"]), (403, "not_a_member"))

        # Who leaves is out, by the callback alone.
        self.assertEqual(member.send("GET", "me")[0], 200)
        self.wecom.do("member", corpid=CORP, delete="sample1")
        eventually(lambda: member.send("GET", "me")[0] == 401, what="the leaver's session to end")

    def test_the_commands_for_users(self):
        command = self.daemon.command
        add = lambda *args: subprocess.run(
            [*self.daemon.args[:3], "user", *args], input=PASSWORD + "\n", capture_output=True, text=True, timeout=60)
        self.assertEqual(add("add", "root", "--role", "admin").returncode, 0)
        self.assertNotEqual(add("add", "root", "--role", "admin").returncode, 0)
        bad = add("add", "other", "--role", "emperor")
        self.assertIn("role", bad.stderr)
        listed = json.loads(command("user", "list", "--json"))
        self.assertEqual([u["name"] for u in listed["items"]], ["root"])
        browser = self.browser()
        self.ok(browser.sign_in("root"))
        self.assertEqual(add("passwd", "root").returncode, 0)
        self.assertEqual(browser.send("GET", "me")[0], 401, "a new password ends all sessions")
        last = self.daemon.command("user", "disable", "root", good=False)
        self.assertIn("last admin", last.stderr)


if __name__ == "__main__":
    unittest.main()
