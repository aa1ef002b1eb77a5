"""The restore drill: a backup is made while callbacks come in, the machine is lost, the backup is put back."""

import datetime
import http.client
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time
import unittest

from bridge import BIN, POSTGRES, Http, Scene, eventually
from history import History

CORP = "wwSYSTEMTEST0001"
FORM = {"id": "f-1", "name": "示例", "phone": "19900000001"}


class Relay:
    """Between WeCom and the daemon: keeps every callback that was accepted, to send it once more."""

    def __init__(self, wecom):
        self.wecom, self.target, self.accepted = wecom, None, []
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try:
                    status, text = relay.forward(self.command, self.path, body)
                except (OSError, http.client.HTTPException):
                    self.close_connection = True
                    return  # nobody there: WeCom repeats it
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __getattr__(self, name):
        return getattr(self.wecom, name)

    def do(self, act, **what):
        if act == "companies":
            port = what["callback_base"].split("/")[2].split(":")[1]
            self.target = int(port)
            what["callback_base"] = what["callback_base"].replace(f":{port}/", f":{self.server.server_port}/")
        return self.wecom.do(act, **what)

    def forward(self, method, path, body):
        conn = http.client.HTTPConnection("127.0.0.1", self.target, timeout=30)
        conn.request(method, path, body, {"Content-Type": "text/xml"})
        reply = conn.getresponse()
        text = reply.read()
        if method == "POST" and reply.status == 200:
            self.accepted.append((path, body))
        return reply.status, text


@unittest.skipIf(POSTGRES, "PostgreSQL's own tools do it")
class RestoreDrill(unittest.TestCase):
    def setUp(self):
        self.scene = Scene("restore")
        self.wecom = self.scene.wecom()
        self.relay = Relay(self.wecom)
        self.daemon = self.scene.daemon(self.relay, archive=True, members=2)
        self.api = self.daemon.api
        self.dir = self.scene.folder / "backups"

    def tearDown(self):
        self.relay.server.shutdown()
        broken = any(error for case, error in self._outcome.result.failures + self._outcome.result.errors if case is self)
        if self.scene.close(keep=broken):
            print("kept", self.scene.folder)

    def command(self, *args, env=None):
        words = [str(BIN / "leadbridge"), "--config", str(self.daemon.config), *map(str, args)]
        return subprocess.run(words, capture_output=True, text=True, timeout=120, env={**os.environ, **(env or {})})

    def refused(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def channel(self):
        self.tag = self.api.post("tags", {"group": "来源", "name": "展会", "kind": "wecom"})
        made = self.api.post("channels", {
            "name": "展会", "kind": "contact_way", "members": ["sample1"], "tags": [self.tag["id"]], "welcome": {"text": "您好"}})
        return eventually(lambda: (c := self.api.get(f'channels/{made["id"]}'))["sync"] == "ready" and c, 30, what="the channel")

    def scan(self, state, count=1):
        return [s["external_userid"] for s in self.wecom.do("scan", corpid=CORP, state=state, count=count)["scans"]]

    def chat(self, external, **what):
        self.said = getattr(self, "said", 0) + 1
        return self.wecom.do("chat", corpid=CORP, **{"from": external}, to=["sample1"], **{"text": f"第{self.said}句", **what})

    def contact(self, external):
        return eventually(lambda: self.api.get("contacts", q=external)["items"], 30, what=f"contact {external}")[0]

    def file_of(self, contact):
        """The bytes of the one file in the chat, once it is stored."""

        def stored():
            for message in self.api.get(f'contacts/{contact["id"]}/messages')["items"]:
                for media in message["media"]:
                    if media["state"] == "stored":
                        return media["id"]
            return None

        media = eventually(stored, 30, what="the file")
        status, _, data = self.api.raw("GET", f"/api/v1/archive/media/{media}")
        self.assertEqual(status, 200, data[:200])
        return data

    def post_form(self):
        return self.api.raw("POST", self.hook, json.dumps(FORM).encode(), {"Content-Type": "application/json"})[0]

    def counts(self, push):
        return self.api.get(f'pushes/{push["id"]}')["counts"]

    def soon(self, seconds):
        return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def live(self):
        """A company at work; answers who was there before the backup."""
        channel = self.channel()
        source = self.api.post("sources", {
            "name": "官网表单", "kind": "generic", "auth": {"kind": "path", "secrets": ["formsecret-of-the-test-0001"]},
            "map": {"id": "/id", "name": "/name", "phone": "/phone"}})
        self.hook = f'/hook/{source["id"]}/formsecret-of-the-test-0001'
        self.assertEqual(self.post_form(), 200)
        people = self.scan(channel["state"], 6)
        for external in people:
            self.contact(external)
            self.chat(external)
        self.chat(people[0], msgtype="file", media_bytes="700000", fileext="pdf")
        eventually(
            lambda: self.api.post("segments/preview", {"condition": {"tag": self.tag["id"]}})["count"] == 6, 30, what="six in the segment")
        eventually(lambda: not self.api.get("jobs", queue="wecom.mark_tag")["items"], 60, what="the tags at WeCom")
        self.assertEqual(len(self.file_of(self.contact(people[0]))), 700_000)
        return channel, people

    def hammer(self, state):
        """Scans until told to stop; answers the thread, the flag and those scanned."""
        stop, seen = threading.Event(), []
        http_of_its_own = Http(self.wecom.port)

        def run():
            while not stop.is_set():
                scans = http_of_its_own.post("/sandbox/scan", {"corpid": CORP, "state": state, "count": 2})["scans"]
                seen.extend(s["external_userid"] for s in scans)
                time.sleep(0.02)

        thread = threading.Thread(target=run)
        thread.start()
        return thread, stop, seen

    def wipe(self):
        """The disk is lost, the key is not: it was kept apart."""
        key = (self.daemon.data / "master.key").read_bytes()
        shutil.rmtree(self.daemon.data)
        self.daemon.data.mkdir(mode=0o700)
        return key

    def put_key(self, key):
        file = self.daemon.data / "master.key"
        file.write_bytes(key)
        file.chmod(0o600)

    def test_everything_acknowledged_before_the_backup_comes_back(self):
        channel, people = self.live()
        before = self.file_of(self.contact(people[0]))
        # Due after the backup and sent by the installation that is lost.
        push = self.api.post("pushes", {
            "name": "新品", "condition": {"tag": self.tag["id"]}, "content": {"text": "新品资料"}, "schedule": self.soon(12)})
        self.api.post(f'pushes/{push["id"]}/submit')
        self.wecom.quiet()
        old_callbacks = list(self.relay.accepted)

        thread, stop, during = self.hammer(channel["state"])
        eventually(lambda: len(during) > 20, what="callbacks coming in")
        made = self.daemon.command("backup", self.dir)
        stop.set()
        thread.join()
        self.assertIn("master key", made)
        folder = pathlib.Path(made.splitlines()[0])
        self.assertEqual(sorted(p.name for p in folder.iterdir()), ["archive.db.lbb", "blobs.txt", "core.db.lbb", "manifest.json"])
        self.assertFalse([p for p in self.daemon.data.iterdir() if p.name.startswith("scratch")], "clear copies are left")
        self.assertIn("never verified", self.command("doctor").stdout)
        self.assertIn("is whole", self.daemon.command("backup", "verify", self.dir, "--full"))
        self.assertNotIn("never verified", self.command("doctor").stdout)
        self.assertGreater(self.daemon.metrics()["leadbridge_backup_verified_timestamp_seconds"], 1_700_000_000)

        # Life goes on, and some of it happens after the backup.
        after = self.scan(channel["state"], 3)
        self.contact(after[-1])
        for external in people[:2] + after:
            self.chat(external)
        eventually(lambda: self.counts(push)["waiting"] > 0, 60, what="the push at WeCom")
        tasks = len(self.wecom.state(CORP)["tasks"])
        self.refused(self.command("restore", self.dir), "is held by another LeadBridge")

        self.daemon.kill()
        key = self.wipe()
        self.refused(self.command("restore", self.dir), "master key", "print is")
        self.put_key(b"A" * 43 + b"=\n")
        self.refused(self.command("restore", self.dir), "was made with the master key whose print is")
        self.assertEqual([p.name for p in self.daemon.data.iterdir()], ["master.key"], "something was touched")
        self.put_key(key)
        self.assertIn("restored", self.daemon.command("restore", self.dir))
        self.daemon.start()

        history = History(self.wecom, self.daemon)
        known = {i["value"] for c in self.api.all("contacts") for i in self.api.get(f'contacts/{c["id"]}')["identities"]}
        history.require(set(people) <= known, f"{len(set(people) - known)} of those before the backup are gone")
        self.assertEqual(self.file_of(self.contact(people[0])), before)
        self.assertEqual(len(self.api.get("contacts", q="8619900000001")["items"]), 1)
        # The archive pulls on from where the copy stood; those who came later are fetched because they chat.
        eventually(lambda: int(self.api.get("archive/health")["seq"]) == self.said, 60, what="everything pulled again")
        eventually(lambda: self.api.get("archive/health")["media_waiting"] == 0, 60, what="all files")
        history.messages_whole(CORP, self.said)
        for external in after:
            found = self.contact(external)
            eventually(lambda: self.api.get("leads", contact=found["id"])["items"], 60, what="a lead of who came after the backup")
        self.repeats_change_nothing(old_callbacks, people)
        eventually(lambda: self.counts(push)["waiting"] + self.counts(push)["delivered"] >= 6, 150, 0.5, what="the task found at WeCom")
        self.assertEqual(len(self.wecom.state(CORP)["tasks"]), tasks, "the push was sent again")
        history.tasks_unique(CORP)
        history.at_most_one_welcome(CORP)
        history.drained(CORP)
        history.verdict()

    def repeats_change_nothing(self, callbacks, people):
        rows = lambda: (len(self.api.all("leads")), len(self.api.all("inbox")))
        eventually(lambda: not self.api.get("inbox", state="ready")["items"], 60, what="an empty inbox")
        eventually(lambda: not self.api.get("jobs", queue="wecom.refetch_contact")["items"], 60, what="no contact to fetch")
        before = rows()
        self.assertGreaterEqual(len(callbacks), len(people))
        for path, body in callbacks:
            status, _ = self.relay.forward("POST", path, body)
            self.assertEqual(status, 200, path)
        self.assertEqual(self.post_form(), 200)
        eventually(lambda: not self.api.get("inbox", state="ready")["items"], 60, what="an empty inbox")
        self.assertEqual(rows(), before, "a repeat was taken for new")

    def test_a_backup_that_is_damaged_is_refused_and_nothing_is_touched(self):
        self.live()
        folder = pathlib.Path(self.daemon.command("backup", self.dir).splitlines()[0])
        again = pathlib.Path(self.daemon.command("backup", self.dir).splitlines()[0])
        self.assertNotEqual(folder, again)
        self.daemon.stop()
        # Without a daemon the command does it by itself.
        self.assertIn("databases", self.daemon.command("backup", self.dir))
        standing = sorted(p.name for p in self.daemon.data.iterdir())
        for name in ("core.db.lbb", "blobs.txt", "manifest.json"):
            file = folder / name
            good = file.read_bytes()
            bad = bytearray(good)
            bad[len(bad) // 2] ^= 1
            file.write_bytes(bad)
            self.refused(self.command("backup", "verify", folder), name)
            self.refused(self.command("restore", folder), name)
            file.write_bytes(good)
        blob = next(p for p in (self.dir / "blobs").rglob("*") if p.is_file())
        good = blob.read_bytes()
        blob.write_bytes(good[:-1] + b"x")
        self.assertEqual(self.command("backup", "verify", folder).returncode, 0)
        self.refused(self.command("backup", "verify", folder, "--full"), blob.name)
        blob.unlink()
        self.refused(self.command("backup", "verify", folder), blob.name)
        self.assertEqual(sorted(p.name for p in self.daemon.data.iterdir()), standing)
        # A restore over an installation puts that aside, and fetches the file that is lost.
        told = self.daemon.command("restore", folder)
        self.assertIn("1 files to fetch again", told)
        aside = [p for p in self.daemon.data.iterdir() if p.name.startswith("before-restore-")]
        self.assertEqual(len(aside), 1)
        self.assertTrue((aside[0] / "core.db").exists() and (aside[0] / "blobs").is_dir())
        self.daemon.start()
        eventually(lambda: self.api.get("archive/health")["media_waiting"] == 0, 60, what="the file")
        self.assertEqual(self.api.get("archive/health")["media_lost"], 0)


if __name__ == "__main__":
    unittest.main()
