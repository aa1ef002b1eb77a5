"""What the real program answers against gateway/openapi.json: status, headers, media type and body."""

import base64
import copy
import hashlib
import hmac
import json
import pathlib
import re
import struct
import time
import unittest
import urllib.parse

import jsonschema

from bridge import Http, Scene, eventually

CORP = "wwSYSTEMTEST0001"
FILE = pathlib.Path(__file__).parents[2] / "gateway" / "openapi.json"
# Requests other than GET that change nothing anybody is answerable for; every other one stands in an audit log.
ASKS = re.compile(
    r"/(query|board|preview|estimate|overlap|test|check|search)$|^/api/v1/(auth|views|archive/replay)\b|^/api/v1/corps$|^/(callback|hook)/")


class Description:
    def __init__(self, text):
        self.doc = json.loads(text)
        self.resolver = jsonschema.RefResolver("", self.doc)
        self.operations = {
            (method, path): operation
            for path, methods in self.doc["paths"].items() for method, operation in methods.items()}

    def resolve(self, thing):
        return self.resolver.resolve(thing["$ref"])[1] if "$ref" in thing else thing

    def validate(self, schema, value):
        checker = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return [f'{"/".join(map(str, e.absolute_path))}: {e.message[:300]}' for e in checker.iter_errors(value)]

    def operation(self, method, target):
        """The described path of a request; a literal one goes before one with a parameter."""
        path = target.split("?")[0]
        fits = [p for m, p in self.operations
                if m == method and re.fullmatch(re.sub(r"\\\{[^}]*\}", "[^/]+", re.escape(p)), path)]
        return min(fits, key=lambda p: p.count("{"), default=None)

    def faults(self, method, target, status, headers, text):
        path = self.operation(method, target)
        if path is None:
            return ["not described"]
        responses = self.operations[method, path]["responses"]
        described = responses.get(str(status))
        if described is None:
            return [f"{status} is not described"]
        described = self.resolve(described)
        headers = {k.lower(): v for k, v in headers.items()}
        out = []
        for name, header in described.get("headers", {}).items():
            if name in ("ETag", "Location", "Content-Range") and name.lower() not in headers:
                out.append(f"no {name}")
            if name.lower() in headers and "schema" in self.resolve(header):
                out += self.validate(self.resolve(header)["schema"], headers[name.lower()])
        for name in ("etag", "location"):
            if name in headers and name not in [n.lower() for n in described.get("headers", {})]:
                out.append(f"{name} is not described")
        content = described.get("content")
        if not content:
            return out + ([f"a body of {len(text)} bytes is not described"] if text else [])
        media = headers.get("content-type", "").split(";")[0]
        if media not in content:
            return out + [f"{media} is not described"]
        if media.endswith("json"):
            out += self.validate(content[media].get("schema", {}), json.loads(text))
        return out

    def body_faults(self, method, target, body):
        """Of a request that was taken."""
        content = self.operations[method, self.operation(method, target)].get("requestBody", {}).get("content", {})
        return self.validate(content["application/json"].get("schema", {}), body) if content else ["no body is described"]


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scene = Scene("openapi")
        cls.wecom = cls.scene.wecom()
        cls.daemon = cls.scene.daemon(cls.wecom, archive=True)
        cls.api = cls.daemon.api
        cls.described = Description(FILE.read_text())
        cls.called = set()

    @classmethod
    def tearDownClass(cls):
        cls.scene.close()

    def call(self, method, target, body=None, expect=None, headers=None, raw=None, api=None):
        """One request, its answer held against the file; (status, headers, parsed body)."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})} if data is not None else headers
        full = target if target.startswith("/") else "/api/v1/" + target
        path = self.described.operation(method, full)
        answerable = method != "get" and path is not None and not ASKS.search(path)
        before = self.last_acts() if answerable else None
        status, got, text = (api or self.api).raw(method.upper(), full, data, sent)
        where = f"{method} {target} {status}"
        self.assertEqual(self.described.faults(method, full, status, got, text), [], f"{where}: {text[:600]!r}")
        self.assertIn("X-Request-Id", got, where)
        if expect is not None:
            self.assertEqual(status, expect, f"{where}: {text[:600]!r}")
        if body is not None and status < 300:
            self.assertEqual(self.described.body_faults(method, full, body), [], where)
        if status < 400:
            self.called.add((method, path))
            if answerable:
                self.assertNotEqual(self.last_acts(), before, f"{where} is in no audit log")
        parsed = json.loads(text) if text and "json" in got.get("Content-Type", "") else text
        return status, got, parsed

    def last_acts(self):
        """The newest entries of people in the corp's audit log and in the machine's."""
        logs = [json.loads(self.api.raw("GET", f"/api/v1/{log}?limit=20&corp={CORP}")[2])["items"] for log in ("audit", "machine/audit")]
        return [next((act["id"] for act in log if act["actor"] != "daemon"), "") for log in logs]

    def get(self, target, expect=200):
        return self.call("get", target, expect=expect)[2]

    def post(self, target, body=None, expect=201, **headers):
        return self.call("post", target, body, expect, headers)[2]

    def patch(self, target, body):
        etag = self.call("get", target, expect=200)[1]["ETag"]
        return self.call("patch", target, body, 200, {"If-Match": etag})[2]

    def remove(self, target):
        self.call("delete", target, expect=428)
        etag = self.call("get", target, expect=200)[1]["ETag"]
        self.call("delete", target, expect=412, headers={"If-Match": '"v99999"'})
        self.call("delete", target, expect=204, headers={"If-Match": etag})

    def first(self, target):
        return self.get(target)["items"][0]

    def company(self):
        """Something of everything, as it comes about."""
        tag = self.post("tags", {"group": "来源", "name": "展会", "kind": "wecom", "order": 2})
        inner = self.post("tags", {"group": "内部", "name": "重要"})
        gone = self.post("tags", {"group": "内部", "name": "旧"})
        self.patch(f'tags/{inner["id"]}', {"name": "很重要"})
        channel = self.post("channels", {
            "name": "展会", "kind": "contact_way", "members": ["sample1"], "tags": [tag["id"], inner["id"]], "skip_verify": True,
            "welcome": {"text": "您好{contact}", "attachments": [{"kind": "link", "title": "资料", "url": "https://example.com/"}]}})
        channel = eventually(
            lambda: (c := self.get(f'channels/{channel["id"]}'))["sync"] == "ready" and c, what="the channel at WeCom")
        scan = self.wecom.do("scan", corpid=CORP, state=channel["state"], count=3)["scans"]
        lost = scan[2]
        eventually(lambda: len(self.get("contacts")["items"]) == 3, what="three contacts")
        self.wecom.do("delete", corpid=CORP, userid=lost["userid"], external_userid=lost["external_userid"], by="contact")
        person = scan[0]
        self.wecom.do("chat", corpid=CORP, **{"from": person["external_userid"]}, to=[person["userid"]], text="请问多少钱？")
        self.wecom.do("chat", corpid=CORP, **{"from": person["external_userid"]}, to=[person["userid"]], msgtype="file", media_bytes="70000", fileext="pdf")
        self.post("sync", {"kind": "full"})
        return tag, inner, gone, channel, person

    def test_1_every_operation_answers_as_described(self):
        tag, inner, gone, channel, person = self.company()
        self.call("get", "openapi.json", expect=200)
        self.get("me")
        corp = self.first("corps")
        self.get(f'corps/{corp["id"]}')
        self.patch(f'corps/{corp["id"]}', {"name": "示例公司甲", "limits": {"push_cap": "7_per_week"}, "default_welcome": {"text": "您好"}})
        self.post(f'corps/{corp["id"]}/check', expect=200)
        for listed in ("channels", "tags", "segments", "pushes", "sources", "leads", "contacts", "events", "inbox", "jobs", "members",
                       "departments", "tokens", "audit", "archive/conversations"):
            self.get(listed)
        self.patch(f'channels/{channel["id"]}', {
            "name": "展会二", "members": ["sample1", "sample2"], "limits": {
                "members": [{"userid": "sample1", "daily_cap": 1, "rota": [{"weekday": 1, "from": 0, "to": 1440}]}], "backups": ["sample3"]}})
        eventually(lambda: self.get(f'channels/{channel["id"]}/swaps')["items"], what="the swaps of the channel")
        self.get(f'channels/{channel["id"]}/serving')
        self.get(f'channels/{channel["id"]}/stats')
        self.get("channels?days=7")
        self.contacts(person, inner, gone)
        self.leads()
        self.segments_and_pushes(tag)
        self.sources(inner)
        self.archive(person)
        self.queues()
        self.staff()
        self.people(person)
        self.console(tag, inner, channel)
        self.remove(f'tags/{tag["id"]}')
        self.remove(f'channels/{channel["id"]}')
        self.another_corp()
        self.outside()

    def contacts(self, person, inner, gone):
        contact = self.first(f'contacts?q={person["external_userid"]}')
        path = f'contacts/{contact["id"]}'
        card = self.get(path)
        self.assertTrue(card["identities"] and card["follows"] and card["tags"], card)
        self.patch(path, {"company": "示例公司", "gender": 1})
        self.assertTrue(self.patch(path, {"opted_out": True})["opted_out"])
        self.assertFalse(self.patch(path, {"opted_out": False})["opted_out"])
        etag = self.call("get", path, expect=200)[1]["ETag"]
        tags = {"tags": [inner["id"], gone["id"]]}
        self.call("put", path + "/tags", tags, 428)
        self.call("put", path + "/tags", tags, 200, {"If-Match": etag})
        self.call("put", path + "/tags", {"tags": []}, 412, {"If-Match": etag})
        self.post("tags/merge", {"from": gone["id"], "into": inner["id"]}, 200)
        self.post(path + "/notes", {"text": "喜欢茶"})
        timeline = self.get(path + "/timeline?limit=1")
        self.assertTrue(timeline["next_cursor"])
        self.get(path + "/timeline?limit=1&cursor=" + timeline["next_cursor"])
        self.assertEqual({"note"}, {event["kind"] for event in self.get(path + "/timeline?about=note")["items"]})
        self.assertEqual({"note", "tagged", "untagged"}, {e["kind"] for e in self.get(path + "/timeline?about=tag,note")["items"]} | {"untagged"})
        self.get(path + "/timeline?about=tag,weather", 400)
        event = self.first("events")
        self.get("events?after=" + str(int(event["id"]) - 1))

    def leads(self):
        lead = self.first("leads")
        path = f'leads/{lead["id"]}'
        self.get(path)
        self.patch(path, {"stage": "quoted"})
        member = self.first("members")
        self.post(path + "/assign", {"owner": member["id"]}, 200)
        self.post(path + "/return", {"reason": "忙"}, 200)
        self.call("post", path + "/claim")
        self.post(path + "/assign", {"owner": member["id"]}, 200)
        self.post(path + "/convert", expect=200)
        other = self.first("leads?status=new") if self.get("leads?status=new")["items"] else self.first("leads?status=following")
        self.post(f'leads/{other["id"]}/invalidate', {"reason": "同行"}, 200)

    def segments_and_pushes(self, tag):
        condition = {"all": [{"tag": tag["id"]}, {"not": {"field": "stage", "op": "in", "value": ["lost"]}}]}
        preview = self.post("segments/preview", {"condition": condition}, 200)
        self.assertGreaterEqual(preview["count"], 2)
        segment = self.post("segments", {"name": "展会", "condition": condition})
        self.patch(f'segments/{segment["id"]}', {"name": "展会客户"})
        push = self.post("pushes", {"name": "新品", "segment_id": segment["id"], "content": {"text": "新品资料"}})
        path = f'pushes/{push["id"]}'
        self.patch(path, {"name": "新品二"})
        self.post(path + "/submit", expect=200)
        counts = eventually(
            lambda: (c := self.get(path)["counts"])["waiting"] and c, 30, what="recipients who wait for their member")
        self.assertTrue(counts["excluded"], counts)
        self.get(path + "/recipients")
        self.get(path + "/recipients?outcome=waiting")
        self.assertFalse(self.get(path + "/recipients?counted=unknown")["items"])
        batch = self.get(path + "/batches")["items"][0]
        # Nothing is in doubt here: there is nothing to decide.
        self.call("post", f'{path}/batches/{batch["id"]}/decide', {"msgid": ""}, 409)
        self.call("post", path + "/remind")
        self.post(path + "/cancel", expect=200)
        alone = self.post("segments", {"name": "alle", "condition": {"any": []}})
        self.remove(f'segments/{alone["id"]}')

    def sources(self, inner):
        source = self.post("sources", {
            "name": "官网", "kind": "generic", "auth": {"kind": "path", "secrets": ["secret-of-the-openapi-test"]},
            "map": {"id": "/id", "name": "/name", "phone": "/phone", "answers": "/answers"}, "tags": [inner["id"]], "owner": "sample1"})
        path = f'sources/{source["id"]}'
        self.patch(path, {"enabled": True, "ack": "ok"})
        tried = self.call("post", path + "/test", raw=b'{"name":"A","phone":"19900000001","answers":{"q":"a"}}', expect=200)[2]
        self.assertTrue(tried["mapped"] and tried["identities"] and tried["answers"], tried)
        hook = source["hook"] + "/secret-of-the-openapi-test"
        self.assertEqual(self.api.raw("POST", hook, b'{"id":"1","phone":"19900000002"}')[0], 200)
        self.assertEqual(self.api.raw("POST", hook, b'{"id":"2"}')[0], 200)
        eventually(lambda: self.get("inbox?state=parked")["items"], what="the form without a phone")
        self.assertEqual(2, len(self.get(f'inbox?source={source["id"]}')["items"]))
        self.assertFalse(self.get("inbox?source=77")["items"])
        tag = {"If-Match": self.call("get", path, expect=200)[1]["ETag"]}
        self.call("post", path + "/rotate", {"secret": "another-secret", "keep_former": False}, 200, tag)
        self.assertNotEqual(self.api.raw("POST", hook, b'{"id":"3","phone":"19900000002"}')[0], 200)
        self.remove(path)

    def archive(self, person):
        def arrived():
            contact = self.first(f'contacts?q={person["external_userid"]}')
            found = self.get(f'contacts/{contact["id"]}/messages')["items"]
            media = [m for message in found for m in message["media"] if m["state"] == "stored"]
            return media and len(found) == 2 and media[0]

        media = eventually(arrived, 30, what="both messages and the file")
        conversation = self.first("archive/conversations?kind=single")
        self.get(f'archive/conversations/{conversation["id"]}/messages?limit=1')
        found = self.post("archive/search", {"q": "", "filter": {"conversation": conversation["id"], "recalled": False}, "limit": 1, "total": True}, 200)
        hit = eventually(lambda: self.post("archive/search", {"filter": {"has_file": True, "external_userid": person["external_userid"]}}, 200)["items"], 20, what="the file")[0]
        self.get(f'archive/conversations/{hit["conversation"]["id"]}/messages?around={hit["message"]["id"]}&limit=2')
        page = self.get(f'archive/conversations/{hit["conversation"]["id"]}/messages?limit=1')
        if page["next_cursor"]:
            self.get(f'archive/conversations/{hit["conversation"]["id"]}/messages?direction=newer&cursor={page["next_cursor"]}')
        self.call("post", "archive/search", {"cursor": found["next_cursor"] or "bad", "filter": {}}, expect=422)
        self.call("post", "archive/search", {"q": "。。。"}, expect=422)
        self.call("get", f'archive/media/{media["id"]}', expect=200)
        self.call("get", f'archive/media/{media["id"]}', headers={"Range": "bytes=5-9"}, expect=206)
        self.group_talk(person)
        self.get("archive/health")
        self.call("post", "archive/replay", expect=200)

    def group_talk(self, person):
        chat = self.wecom.do("group", corpid=CORP, owner=person["userid"], name="示例交流群", members=[person["external_userid"]])["chat_id"]
        video = {"msgtype": "video", "media_bytes": "5000", "fileext": "mp4"}
        self.wecom.do("chat", corpid=CORP, **{"from": person["external_userid"]}, to=[person["userid"]], roomid=chat, **video)
        talk = eventually(
            lambda: next((one for one in self.get("archive/conversations?kind=group")["items"] if one["room_name"]), None), 30, what="the group by its name")
        self.assertEqual(("示例交流群", chat, ""), (talk["room_name"], talk["roomid"], talk["contact_name"]))
        message = eventually(
            lambda: next((one for one in self.get(f'archive/conversations/{talk["id"]}/messages')["items"] if one["media"][0]["state"] == "stored"), None),
            30, what="the video")
        contact = self.first(f'contacts?q={person["external_userid"]}')
        self.assertEqual(contact["name"], message["sender_name"])
        status, headers, _ = self.api.raw("GET", f'/api/v1/archive/media/{message["media"][0]["id"]}', headers={"Range": "bytes=0-"})
        self.assertEqual((200, "video/mp4"), (status, headers["Content-Type"]))

    def queues(self):
        parked = self.first("inbox?state=parked")
        path = f'inbox/{parked["id"]}'
        self.get(path)
        self.post(path + "/park", {"reason": "looked at"}, 409)
        self.post(path + "/drop", expect=204)
        self.post(path + "/replay", expect=204)
        eventually(lambda: self.get("inbox?state=parked")["items"], what="parked again")
        meant = {"state": "parked", "kind": parked["kind"], "source": parked["source"]}
        self.assertEqual({"matched": 1, "dropped": 0}, self.api.post("inbox/drop", {**meant, "dry_run": True}))
        self.assertEqual({"matched": 1, "dropped": 1}, self.post("inbox/drop", {"ids": [parked["id"]]}, 200))
        self.assertEqual({"matched": 1, "replayed": 1}, self.post("inbox/replay", {**meant, "state": "dropped"}, 200))
        self.post("inbox/replay", {"state": "done"}, 422)
        self.call("post", "jobs/1/retry", expect=404)
        self.call("post", "jobs/1/drop", expect=404)

    def staff(self):
        self.get("sync")
        self.call("post", "media?kind=file&name=a.pdf", raw=b"%PDF-sample", headers={"Content-Type": "application/pdf"}, expect=201)
        made = self.post("tokens", {"name": "child", "scopes": ["read"]})
        self.get("tokens")
        self.call("delete", f'tokens/{made["id"]}', expect=204)
        self.assertTrue(self.get("audit?limit=200")["items"])
        self.assertIn("token.revoke", [act["action"] for act in self.get("machine/audit")["items"]])

    def people(self, person):
        outside, password = Http(self.daemon.port), "correct horse battery 1"
        page = lambda *args, **named: self.call(*args, api=outside, **named)
        page("get", "auth/methods", expect=200)
        code = re.search(r"/console/first\?code=(\w+)", self.daemon.log_text())[1]
        status, got, me = page("post", "auth/first", {"code": code, "name": "anna", "password": password}, 200)
        mine = {"Cookie": got["Set-Cookie"].split(";")[0], "X-CSRF-Token": me["csrf_token"]}
        own = lambda *args, **named: self.call(*args, headers={**mine, **named.pop("more", {})}, api=outside, **named)[2]
        own("get", "me", expect=200)
        own("get", "roles", expect=200)
        secret = base64.b32decode((text := own("post", "me/totp", expect=200)["secret"]) + "=" * (-len(text) % 8))

        def one_time(step):
            mac = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
            at = mac[19] & 15
            return "%06d" % ((struct.unpack(">I", mac[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000)

        step = int(time.time()) // 30
        own("post", "me/totp/confirm", {"code": one_time(step - 1)}, expect=204)
        page("post", "auth/local", {"name": "anna", "password": password}, 401)
        own("delete", "me/totp", {"code": one_time(step)}, expect=204)
        page("post", "auth/local", {"name": "anna", "password": password}, 200)
        own("post", "me/password", {"current": password, "password": password + "2"}, expect=204)
        made = own("post", "users", {"name": "rita", "role": "readonly", "password": password}, expect=201)
        self.patch(f'users/{made["id"]}', {"role": "compliance", "disabled": False})
        own("get", "users", expect=200)
        own("post", f'users/{made["id"]}/unlock', expect=200)
        status, got, _ = page("post", "auth/local", {"name": "rita", "password": password}, 200)
        session = own("get", f'sessions?user={made["id"]}', expect=200)["items"][0]
        own("delete", f'sessions/{session["id"]}', expect=204)
        own("delete", "sessions", expect=200)
        own("delete", f'users/{made["id"]}', expect=204)
        own("get", "departments/roles", expect=200)
        own("put", "departments/roles", {"items": [{"department": "1", "role": "sales"}]}, expect=200)
        contact = self.first(f'contacts?q={person["external_userid"]}')
        own("post", f'contacts/{contact["id"]}/reveal', {"field": "phone", "reason": "test"}, expect=200)
        own("get", "audit/export", expect=200)
        acts = {entry["action"] for entry in self.api.all("audit")}
        written = {
            "channel.create", "channel.update", "contact.note", "contact.reveal", "contact.tags", "contact.update", "corp.update",
            "inbox.drop", "inbox.drop_many", "inbox.replay", "inbox.replay_many", "lead.assign", "lead.convert", "media.upload", "push.cancel", "push.create", "push.submit",
            "push.update", "role.departments", "segment.create", "segment.remove", "session.create", "source.create", "source.remove",
            "sync.start", "tag.create", "tag.merge", "token.create", "token.revoke", "user.create", "user.delete", "user.password",
            "user.update"}
        self.assertEqual(written - acts, set(), "every write is in the audit log")
        self.get("audit?actor=user:anna&action=session&from=2020-01-01T00:00:00Z")
        start = page("get", "auth/wecom/start?way=qr", expect=302)[1]
        to = urllib.parse.urlsplit(start["Location"])
        back = Http(self.wecom.port).raw("GET", f"{to.path}?{to.query}&userid=sample1")[1]["Location"]
        brought = {k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(back).query).items()}
        page("post", "auth/wecom", brought, 200, {"Cookie": start["Set-Cookie"].split(";")[0]})
        self.toolbar(own, page, password)
        own("post", "auth/logout", expect=204)

    def toolbar(self, own, page, password):
        """What the page in WeCom's chat toolbar asks, of a user who is the member sample2."""
        corp, sample = self.first("corps"), next(m for m in self.get("members")["items"] if m["userid"] == "sample2")
        own("post", "users", {"name": "sela", "role": "sales", "corp": corp["id"], "member": sample["id"], "password": password}, expect=201)
        member = {"Cookie": page("post", "auth/local", {"name": "sela", "password": password}, 200)[1]["Set-Cookie"].split(";")[0]}
        ask = lambda target, expect=None: page("get", target, headers=member, expect=expect)
        here = f"http://127.0.0.1:{self.daemon.port}/side/"
        self.assertTrue(ask("side/signature?url=" + urllib.parse.quote(here), 200)[2]["agent"]["signature"])
        ask("side/signature?url=https://example.com/side/", 422)
        friend = self.wecom.do("scan", corpid=CORP, userid="sample2")["scans"][0]["external_userid"]
        card = eventually(lambda: (got := ask(f"side/contact?external_userid={friend}"))[0] == 200 and got[2], what="the card")
        self.assertEqual(card["follow"]["member"], sample["id"])
        ask("side/contact?external_userid=wmNobody", 404)
        self.call("get", f"side/contact?external_userid={friend}", expect=403)  # a token is no member
        chat = self.wecom.do("group", corpid=CORP, owner="sample2", name="示例群", members=[friend])["chat_id"]
        eventually(lambda: ask(f"side/group?chat_id={chat}")[0] == 200, what="the group")

    def console(self, tag, inner, channel):
        condition = {"all": [{"any": [{"tag": tag["id"]}, {"tag": inner["id"]}]}, {"field": "added", "op": "exists", "value": True}]}
        page = self.post("contacts/query", {"condition": condition, "sort": "-last_touch", "limit": 1, "total": True}, 200)
        self.assertTrue(page["next_cursor"] and page["total"]["value"] > 1, page)
        self.post("contacts/query", {"condition": condition, "sort": "-last_touch", "cursor": page["next_cursor"]}, 200)
        self.post("leads/query", {"status": ["converted", "invalid"], "total": True, "q": "示例", "sort": "-created"}, 200)
        self.post("leads/board", {"limit": 2}, 200)
        bulk = {"query": {"condition": condition}, "query_hash": page["query_hash"], "expected_count": page["total"]["value"],
                "action": {"kind": "tag_remove", "tags": [inner["id"]]}}
        self.post("bulk", {**bulk, "expected_count": 77}, 409)
        operation = self.post("bulk", bulk, 202)
        path = f'operations/{operation["id"]}'
        eventually(lambda: self.get(path)["state"] == "done", 20, what="the operation")
        self.get("operations")
        self.get(path + "/failures?reason=no_lead")
        self.post(path + "/cancel", expect=409)
        self.post(path + "/undo", expect=202)
        eventually(lambda: self.get(path)["state"] == "undone", 20, what="its undo")
        self.get("home")
        health = self.get("health")
        self.assertGreater(health["latency"]["callback_ms"]["count"], 2)
        self.assertIn("externalcontact/get", [one["api"] for one in health["wecom"]["quotas"] if one["per_minute"] > 0])
        self.get("search?q=" + urllib.parse.quote("示例"))
        self.get("tags/sync")
        self.post("segments/overlap", {"a": {"tag": tag["id"]}, "b": {"tag": inner["id"]}}, 200)
        self.post("pushes/estimate", {"condition": condition, "content": {"text": "新品"}}, 200)
        self.get(f'pushes/{self.first("pushes")["id"]}/members')
        self.get(f'channels/{channel["id"]}/stats?days=7')
        for picture in ("qr.svg", "qr.png?size=256"):
            self.call("get", f'channels/{channel["id"]}/{picture}', expect=200)
        self.get("setup/steps")
        for step in ("corp", "customer_contact", "callbacks", "domain", "members", "toolbar", "archive", "first_sync"):
            self.post(f"setup/steps/{step}/test", expect=200)
        name = "WW_verify_AbCd1234.txt"
        self.assertEqual(404, self.api.raw("GET", "/" + name)[0])
        self.call("put", f"setup/domain/files/{name}", {"content": "AbCd1234"}, 200)
        self.get("setup/domain")
        self.assertEqual((200, b"AbCd1234"), self.api.raw("GET", "/" + name)[::2])
        self.call("delete", f"setup/domain/files/{name}", expect=204)
        view = self.post("views", {"page": "contacts", "name": "我的", "body": {"f": condition}})
        self.get("views?page=contacts")
        self.post("views", {"page": "contacts", "name": "我的", "body": {}}, 409)
        self.call("patch", f'views/{view["id"]}', {"shared": True}, 200, {"If-Match": '"v1"'})
        self.call("delete", f'views/{view["id"]}', expect=204)
        self.call("get", "sandbox", expect=404)

    def another_corp(self):
        made = self.post("corps", {
            "corp_id": "wwSYSTEMTEST0002", "name": "另一示例公司", "api_base": f"http://127.0.0.1:{self.wecom.port}", "agent_id": 1000002,
            "app_secret": "sample-secret", "limits": {"calls_per_minute": 100, "concurrency": 2}})
        self.call("get", "leads", expect=400)
        self.assertIn("corp.create", [act["action"] for act in self.get("audit?corp=wwSYSTEMTEST0002")["items"]])  # of its own log
        self.call("delete", f'corps/{made["id"]}?with_data=wwSYSTEMTEST0002', expect=204)

    def outside(self):
        for path in ("/healthz", "/readyz", "/metrics"):
            self.call("get", path, expect=200)
        self.assertIn(self.call("get", "/")[0], (200, 302))  # the page of a program without a console, or its console
        self.call("get", f"/callback/wecom/{CORP}", expect=400)
        self.call("post", f"/callback/wecom/{CORP}/app?" + urllib.parse.urlencode(
            {"msg_signature": "x", "timestamp": "1", "nonce": "n"}), raw=b"<xml><Encrypt>x</Encrypt></xml>", expect=403)
        self.call("post", "/hook/1", raw=b"{}", expect=403)

    def test_2_refusals_are_described(self):
        token = {"Authorization": "Bearer nobody"}
        for method, path in self.described.operations:
            if not path.startswith("/api/v1/") or "security" not in self.described.operations[method, path]:
                continue
            if not self.described.operations[method, path]["security"]:
                continue
            target = path.replace("{id}", "12345").replace("{batch}", "12345").replace("{step}", "corp").replace("{act}", "scan").replace("{name}", "WW_verify_a.txt")
            self.call(method, target, headers=token, expect=401)
        self.call("get", "leads?limit=0", expect=400)
        self.call("get", "leads?corp=wwNOBODY", expect=404)
        self.call("get", "leads/12345", expect=404)
        self.call("patch", "leads/12345", {"stage": "x"}, 428)
        self.call("patch", "leads/12345", {"stage": "x"}, 412, {"If-Match": "*"})
        self.call("post", "tags", {"group": "g"}, 422)
        self.call("post", "tags", {"group": "g", "name": "n", "more": 1}, 422)
        self.call("post", "tags", raw=b"<xml/>", headers={"Content-Type": "text/xml"}, expect=415)
        self.call("post", "tags", raw=b" " * ((1 << 20) + 1), expect=413)
        self.call("post", "corps", {"corp_id": CORP, "name": "x"}, 409)

    def test_3_every_operation_was_called(self):
        """Runs last: what nobody called with success is not known to be as described."""
        # A token is no member who could claim; nothing is dead, waiting or in doubt here that could be parked, retried,
        # dropped or decided; an operation is over before anybody could cancel it; `serve` without --sandbox has no panel.
        refused_here = {("post", "/api/v1/" + path) for path in (
            "leads/{id}/claim", "inbox/{id}/park", "jobs/{id}/retry", "jobs/{id}/drop",
            "pushes/{id}/batches/{batch}/decide", "operations/{id}/cancel", "sandbox/{act}")}
        refused_here.add(("get", "/api/v1/sandbox"))
        operations = {(m, p) for m, p in self.described.operations if p.startswith("/api/v1/")}
        self.assertEqual(operations - self.called, refused_here)

    def test_0_the_program_serves_this_file(self):
        status, _, text = self.api.raw("GET", "/api/v1/openapi.json")
        self.assertEqual((status, json.loads(text)), (200, json.loads(FILE.read_text())))

    def test_0_drift_would_be_noticed(self):
        other = Description(FILE.read_text())
        me = {"actor": "a", "corps": [], "access": "read", "role": None, "permissions": [], "csrf_token": None, "user": None,
              "session": None}
        answer = lambda body: other.faults("get", "/api/v1/me", 200, {"Content-Type": "application/json"}, json.dumps(body))
        self.assertEqual(answer(me), [])
        self.assertTrue(answer({**me, "more": 1}))
        self.assertTrue(answer({"actor": "a"}))
        self.assertTrue(answer({"actor": 1, "corps": []}))


if __name__ == "__main__":
    unittest.main()
