"""Hostile HTTP at the real program: what it answers, and that nothing it acknowledged is lost."""

import base64
import hashlib
import json
import os
import socket
import struct
import subprocess
import time
import unittest
import urllib.parse

from bridge import Http, HttpError, Scene, eventually

CORP = "wwSYSTEMTEST0001"
XML = {"Content-Type": "text/xml"}
JSON = {"Content-Type": "application/json"}


def seal(key43, clear, receive_id):
    """WeCom's envelope: AES-256-CBC, PKCS#7 to 32 bytes, by the openssl program."""
    key = base64.b64decode(key43 + "=")
    plain = os.urandom(16) + struct.pack(">I", len(clear)) + clear + receive_id.encode()
    pad = 32 - len(plain) % 32
    done = subprocess.run(
        ["openssl", "enc", "-aes-256-cbc", "-nopad", "-K", key.hex(), "-iv", key[:16].hex()],
        input=plain + bytes([pad]) * pad, capture_output=True, check=True)
    return base64.b64encode(done.stdout).decode()


class HostileHttp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scene = Scene("http")
        cls.wecom = cls.scene.wecom()
        cls.daemon = cls.scene.daemon(cls.wecom)
        cls.api = cls.daemon.api
        cls.company = cls.daemon.companies[CORP]
        cls.http = Http(cls.daemon.port)
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.scene.close()

    # -- WeCom's side --

    def clear(self, what="subscribe", **more):
        """A clear event nobody has sent before."""
        type(self).count += 1
        fields = {"Event": what, "EventKey": f"test-{self.count}", **more}
        inner = "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in fields.items())
        return (f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
                f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[event]]></MsgType>{inner}</xml>").encode()

    def signed(self, sealed, age=0, token=None, timestamp=None):
        timestamp = str(int(time.time()) - age) if timestamp is None else timestamp
        parts = sorted([token or self.company["token"], timestamp, "nonce", sealed])
        return {"msg_signature": hashlib.sha1("".join(parts).encode()).hexdigest(), "timestamp": timestamp, "nonce": "nonce"}

    def path(self, query, corp=CORP, name=""):
        query = urllib.parse.urlencode(query) if isinstance(query, dict) else query
        return f"/callback/wecom/{corp}{name}?{query}"

    def sealed(self, clear, receive_id=CORP, key=None):
        return seal(key or self.company["encoding_aes_key"], clear, receive_id)

    def deliver(self, clear, age=0, receive_id=CORP, corp=CORP):
        sealed = self.sealed(clear, receive_id)
        body = f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return self.http.raw("POST", self.path(self.signed(sealed, age), corp), body, XML)

    def post(self, body, query, headers=XML):
        return self.http.raw("POST", self.path(query), body, headers)[0]

    def rows(self, **query):
        return self.api.all("inbox", **query)

    def total(self):
        return len(self.rows())

    def shown(self, text, **query):
        """The inbox row whose body has this text."""
        for row in self.rows(**query):
            whole = self.api.get(f'inbox/{row["id"]}')
            if text in whole["body"]:
                return whole
        return None

    def marked(self, clear):
        return f"test-{self.count}"

    # -- callbacks --

    def test_a_good_event_is_stored_before_it_is_answered(self):
        clear = self.clear("change_external_contact", ChangeType="edit_external_contact", UserID="sample1", ExternalUserID="wmNOBODY")
        status, _, body = self.deliver(clear)
        self.assertEqual((status, body), (200, b""))
        self.assertIsNotNone(self.shown(self.marked(clear)))
        # The same clear text in another envelope is the same event.
        before = self.total()
        self.assertEqual(self.deliver(clear)[0], 200)
        self.assertEqual(self.total(), before)

    def test_what_is_not_proven_is_refused_alike(self):
        before = self.total()
        sealed = self.sealed(self.clear())
        body = f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        good = self.signed(sealed)
        answers = {
            "wrong signature": self.http.raw("POST", self.path({**good, "msg_signature": "0" * 40}), body, XML),
            "other token": self.http.raw("POST", self.path(self.signed(sealed, token="another")), body, XML),
            "unknown corp": self.http.raw("POST", self.path(good, corp="wwNOBODY"), body, XML),
            "unknown callback": self.http.raw("POST", self.path(good, name="/nothing"), body, XML),
            "receive id": self.deliver(self.clear(), receive_id="wwSOMEBODYELSE1"),
            "other key": self.wrong_key(),
            "not base64": self.http.raw("POST", self.path(self.signed("!!!!")), "<xml><Encrypt>!!!!</Encrypt></xml>", XML),
            "beyond an hour": self.deliver(self.clear(), age=3_700),
            "from the future": self.deliver(self.clear(), age=-3_700),
            "beyond 64 bits": self.http.raw("POST", self.path(self.signed(sealed, timestamp="9" * 30)), body, XML),
            "no time": self.http.raw("POST", self.path(self.signed(sealed, timestamp="soon")), body, XML),
        }
        for what, (status, _, text) in answers.items():
            self.assertEqual((status, text), (403, b""), what)
        self.assertEqual(self.total(), before)

    def wrong_key(self):
        key = base64.b64encode(bytes(range(32))).decode().rstrip("=")
        sealed = seal(key, self.clear(), CORP)
        return self.http.raw("POST", self.path(self.signed(sealed)), f"<xml><Encrypt>{sealed}</Encrypt></xml>", XML)

    def test_envelopes_that_can_be_read_two_ways(self):
        before = self.total()
        one, two = self.sealed(self.clear()), self.sealed(self.clear())
        good = self.signed(one)
        body = f"<xml><Encrypt>{one}</Encrypt></xml>"
        plain = urllib.parse.urlencode(good)
        for key in good:
            self.assertEqual(self.post(body, plain + f"&{key}={good[key]}"), 400, f"{key} twice")
            self.assertEqual(self.post(body, {k: v for k, v in good.items() if k != key}), 400, f"no {key}")
        self.assertEqual(self.post(f"<xml><Encrypt>{one}</Encrypt><Encrypt>{two}</Encrypt></xml>", good), 400)
        dtd = '<!DOCTYPE xml [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]>'
        self.assertEqual(self.post(dtd + body, good), 400)
        self.assertEqual(self.post("<!DOCTYPE xml SYSTEM 'file:///etc/passwd'>" + body, good), 400)
        self.assertEqual(self.post("<xml>" * 200 + body + "</xml>" * 200, good), 400)
        self.assertEqual(self.post("", good), 400)
        self.assertIn(self.post("hello", good), (400, 415))
        self.assertEqual(self.post("<xml><Encrypt>\xff</Encrypt></xml>".encode("latin-1"), good), 400)
        self.assertEqual(self.http.raw("PUT", self.path(good), body, XML)[0], 405)
        self.assertEqual(self.total(), before)
        self.assertEqual(self.post(body, good), 200)
        self.assertEqual(self.total(), before + 1)

    def test_the_console_check_takes_its_plus_signs(self):
        for n in range(200):
            sealed = self.sealed(b"1234567890")
            if "+" in sealed:
                break
        self.assertIn("+", sealed)
        query = self.signed(sealed)
        status, _, body = self.http.raw("GET", self.path({**query, "echostr": sealed}))
        self.assertEqual((status, body), (200, b"1234567890"))
        # A plus that nobody escaped stands for itself: base64 knows no space.
        raw = urllib.parse.urlencode(query) + "&echostr=" + sealed.replace("/", "%2F").replace("=", "%3D")
        self.assertEqual(self.http.raw("GET", self.path(raw))[2], b"1234567890")
        spaced = urllib.parse.urlencode(query) + "&echostr=" + urllib.parse.quote(sealed.replace("+", " "), safe="")
        self.assertEqual(self.http.raw("GET", self.path(spaced))[0], 403)
        self.assertEqual(self.http.raw("GET", self.path(raw + "&echostr=x"))[0], 400)
        self.assertEqual(self.http.raw("GET", self.path(query))[0], 400)
        bad = urllib.parse.urlencode(query) + "&echostr=%zz"
        self.assertEqual(self.http.raw("GET", self.path(bad))[0], 400)

    def test_the_console_check_opens_no_event(self):
        """Whoever saw an envelope pass must not have it opened for him."""
        sealed = self.sealed(self.clear("change_external_contact", WelcomeCode="CODE"))
        status, _, body = self.http.raw("GET", self.path({**self.signed(sealed), "echostr": sealed}))
        self.assertEqual(status, 403)
        self.assertNotIn(b"CODE", body)

    # -- tokens and corps --

    def test_a_token_named_like_an_id_shields_nobody(self):
        stolen = self.api.post("tokens", {"name": "stolen", "scopes": ["read"]})
        self.api.post("tokens", {"name": stolen["id"], "scopes": ["read"]})
        self.api.call("DELETE", f'/api/v1/tokens/{stolen["id"]}')
        status, _, _ = self.http.raw("GET", "/api/v1/me", headers={"Authorization": f'Bearer {stolen["token"]}'})
        self.assertEqual(status, 401)

    def test_secrets_do_not_follow_to_a_new_address(self):
        corp = next(c for c in self.api.get("corps")["items"] if c["corp_id"] == CORP)
        with self.assertRaises(HttpError) as refused:
            self.patch(f'corps/{corp["id"]}', {"api_base": "https://example.com"})
        self.assertEqual(refused.exception.status, 422)

    def test_a_token_of_one_corp_names_no_library(self):
        corp = next(c for c in self.api.get("corps")["items"] if c["corp_id"] == CORP)
        token = self.api.post("tokens", {"name": "of-one-corp", "scopes": ["admin"], "corp": corp["id"]})["token"]
        path = f'/api/v1/corps/{corp["id"]}'
        mine = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        _, headers, _ = self.http.raw("GET", path, headers=mine)
        status, _, _ = self.http.raw("PATCH", path, b'{"archive": {"sdk": "/tmp/other.so"}}', {**mine, "If-Match": headers["ETag"]})
        self.assertEqual(status, 403)

    def test_late_but_signed_is_taken_with_an_alarm(self):
        def stale():
            return self.daemon.metrics().get('leadbridge_callbacks_total{result="stale"}', 0)

        before = stale()
        clear = self.clear()
        self.assertEqual(self.deliver(clear, age=1_800)[0], 200)
        self.assertEqual(stale(), before + 1)
        self.assertIsNotNone(self.shown(self.marked(clear)))
        self.assertIn("a stale callback was taken", self.daemon.log_text())

    def test_what_nobody_knows_is_parked_and_can_be_replayed(self):
        clear = self.clear("an_event_of_tomorrow")
        self.assertEqual(self.deliver(clear)[0], 200)
        row = eventually(lambda: self.shown(self.marked(clear), state="parked"), what="the parked event")
        self.assertTrue(row["reason"])
        self.api.post(f'inbox/{row["id"]}/replay')
        eventually(lambda: self.api.get(f'inbox/{row["id"]}')["state"] == "parked", what="parked again")
        for text in (b"this is no XML", b"<xml><Event>broken", "<xml>\u4f60".encode() + b"\xff</xml>"):
            self.assertEqual(self.deliver(text)[0], 200)
        eventually(lambda: len(self.rows(state="parked", kind="malformed")) == 3, what="three texts nobody can read")
        many = ("inbox", "replay", "--state", "parked", "--kind", "malformed")
        self.assertEqual(self.daemon.command(*many).strip(), "replayed 3 of 3")
        eventually(lambda: len(self.rows(state="parked", kind="malformed")) == 3, what="parked again, all three")
        for wrong in ((), (row["id"], "--state", "parked")):
            self.assertEqual(self.daemon.command("inbox", "replay", *wrong, good=False).returncode, 2)

    # -- forms --

    def source(self, name, **more):
        made = self.api.post("sources", {
            "name": name, "kind": "generic", "auth": {"kind": "path", "secrets": ["secret-of-the-http-test"]}, **more})
        return made, f'/hook/{made["id"]}/secret-of-the-http-test'

    def patch(self, path, body):
        _, headers, _ = self.api.raw("GET", "/api/v1/" + path)
        return self.api.call("PATCH", "/api/v1/" + path, body, {"If-Match": headers["ETag"]})

    def test_form_without_mapped_fields_waits_for_its_map(self):
        made, hook = self.source("unmapped", map={"id": "/id", "phone": "/phone"})
        body = json.dumps({"id": "u1", "phone": "", "contact": {"mobile": "19900000077"}})
        self.assertEqual(self.http.raw("POST", hook, body, JSON)[0], 200)
        row = eventually(
            lambda: [r for r in self.rows(state="parked") if r["source"] == made["id"]], what="the parked form")[0]
        self.assertEqual(row["reason"], "no_mapped_fields")
        self.assertIn("19900000077", self.api.get(f'inbox/{row["id"]}')["body"])
        self.assertEqual(self.api.get("contacts", q="8619900000077")["items"], [])
        self.patch(f'sources/{made["id"]}', {"map": {"id": "/id", "phone": "/contact/mobile"}})
        self.api.post(f'inbox/{row["id"]}/replay')
        contact = eventually(lambda: self.api.get("contacts", q="8619900000077")["items"], what="the contact")[0]
        self.assertEqual(len(self.api.get("leads", contact=contact["id"])["items"]), 1)
        # Once more changes nothing.
        self.api.post(f'inbox/{row["id"]}/replay')
        eventually(lambda: self.api.get(f'inbox/{row["id"]}')["state"] == "done", what="the replay")
        self.assertEqual(len(self.api.get("leads", contact=contact["id"])["items"]), 1)

    def test_forms_that_cannot_be_read(self):
        made, hook = self.source("unreadable", map={"id": "/id", "phone": "/phone"})

        def of_source():
            return [r for r in self.rows() if r["source"] == made["id"]]

        for body in (b"{", b'{"id":"\xff"}', b"[" * 5_000 + b"]" * 5_000, b'{"id":1}x'):
            self.assertEqual(self.http.raw("POST", hook, body, JSON)[0], 400, body[:20])
        self.assertEqual(self.http.raw("POST", f'/hook/{made["id"]}/wrong', b"{}", JSON)[0], 403)
        self.assertEqual(self.http.raw("POST", "/hook/12345/x", b"{}", JSON)[0], 403)
        self.assertEqual(self.http.raw("POST", "/hook/../x", b"{}", JSON)[0], 403)
        self.assertEqual(of_source(), [])
        good = json.dumps({"id": "r1", "phone": "19900000088"})
        self.assertEqual(self.http.raw("POST", hook, good, JSON)[0], 200)
        self.assertEqual(len(of_source()), 1)

    # -- sizes, time, the API --

    def too_big(self, path, headers, chunked=False):
        """The status of 10 MB, which comes before they are all sent; None where the rest was cut off first."""
        with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=20) as s:
            size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {10 << 20}"
            head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
            s.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}{size}\r\n\r\n".encode())
            if not chunked:
                return int(s.recv(100).split()[1])
            try:
                for _ in range(160):
                    s.sendall(b"10000\r\n" + b" " * (64 << 10) + b"\r\n")
                return int(s.recv(100).split()[1])
            except OSError:
                return None

    def test_ten_megabytes_are_refused(self):
        made, hook = self.source("big")
        token = {"Authorization": f"Bearer {self.api.token}"}
        self.assertEqual(self.too_big(hook, JSON), 413)
        self.assertEqual(self.too_big("/api/v1/tags", {**JSON, **token}), 413)
        self.assertEqual(self.too_big(self.path(self.signed("x")), XML), 413)
        for path, headers in ((hook, JSON), ("/api/v1/tags", {**JSON, **token})):
            self.assertIn(self.too_big(path, headers, chunked=True), (413, None), path)
        status, _, _ = self.http.raw("POST", hook, b"{" + b" " * (1 << 20) + b"}", JSON)
        self.assertEqual(status, 413)
        self.assertEqual([r for r in self.rows() if r["source"] == made["id"]], [])
        self.assertEqual(self.http.raw("GET", "/healthz")[0], 200)

    def refused(self, method, path, body):
        with self.assertRaises(HttpError) as got:
            self.api.call(method, "/api/v1/" + path, body)
        return got.exception.status, json.loads(got.exception.body)

    def test_too_deep_a_condition_names_the_field(self):
        condition = {"all": []}
        for _ in range(9):
            condition = {"all": [condition]}
        for path, body in (("segments/preview", {}), ("segments", {"name": "deep"}), ("pushes", {"name": "deep", "content": {"text": "x"}})):
            status, problem = self.refused("POST", path, {**body, "condition": condition})
            self.assertEqual((status, problem["code"]), (422, "condition_too_deep"), path)
            self.assertTrue(problem["errors"][0]["field"].startswith("condition"), problem)
        self.assertEqual(self.api.get("segments")["items"], [])

    def test_bytes_that_are_no_text(self):
        token = {"Authorization": f"Bearer {self.api.token}"}
        self.assertEqual(self.http.raw("POST", "/api/v1/tags", b'{"group":"g","name":"\xff"}', {**JSON, **token})[0], 400)
        self.assertEqual(self.http.raw("POST", "/api/v1/tags", b"[" * 100_000, {**JSON, **token})[0], 422)
        for target in ("/api/v1/contacts?q=%ff%fe", "/api/v1/leads?stage=%00", "/api/v1/contacts/%00", "/api/v1/inbox?kind=%ff"):
            status, _, body = self.http.raw("GET", target, headers=token)
            self.assertIn(status, (200, 400, 404), target)
            body.decode()
        self.assertEqual(self.http.raw("GET", "/api/v1/leads?%zz", headers=token)[0], 400)
        self.assertEqual(self.http.raw("GET", "/api/v1/../v1/leads", headers=token)[0], 404)

    def test_head_answers_without_a_body(self):
        with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=10) as s:
            s.sendall(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            got = b""
            while piece := s.recv(4096):
                got += piece
        self.assertTrue(got.startswith(b"HTTP/1.1 200 "), got)
        self.assertTrue(got.endswith(b"\r\n\r\n"), got)

    def test_slow_clients_hold_nobody_up(self):
        slow = []
        try:
            for n in range(300):
                s = socket.create_connection(("127.0.0.1", self.daemon.port), timeout=10)
                half = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: " if n % 2 else (
                    b"POST " + self.path(self.signed("x")).encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n<xml>")
                s.sendall(half)
                slow.append(s)
            began = time.monotonic()
            for n in range(20):
                clear = self.clear()
                self.assertEqual(self.deliver(clear)[0], 200)
                slow[n].sendall(b"x")
            self.assertEqual(Http(self.daemon.port).raw("GET", "/healthz")[0], 200)
            self.assertLess(time.monotonic() - began, 10)
        finally:
            for s in slow:
                s.close()
        self.assertIsNotNone(self.shown(self.marked(clear)))


if __name__ == "__main__":
    unittest.main()
