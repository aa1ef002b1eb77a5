"""Faults on purpose: kill -9, duplicates, reordering, timeouts after acceptance. The history checker judges.

LEADBRIDGE_FULL=1 runs the acceptances at their stated size; otherwise a fixed sample of each.
"""

import random
import threading
import time
import unittest

from bridge import FULL, Http, Scene, eventually
from history import History

SEED = 20261121


class Faults(unittest.TestCase):
    def setUp(self):
        self.scene = Scene("faults")
        self.random = random.Random(SEED)

    def tearDown(self):
        broken = any(error for case, error in self._outcome.result.failures + self._outcome.result.errors if case is self)
        if self.scene.close(keep=broken):
            print("kept", self.scene.folder)

    def kill_and_restart(self, daemon, times, every):
        """Kills the daemon at random moments and starts it again; returns the thread."""

        def run():
            for _ in range(times):
                time.sleep(self.random.uniform(every / 2, every * 1.5))
                daemon.kill()
                daemon.start()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def make_channel(self, api, members):
        tag = api.post("tags", {"group": "来源", "name": "扫码", "kind": "wecom"})
        made = api.post("channels", {
            "name": "扫码", "kind": "contact_way", "members": members, "tags": [tag["id"]], "welcome": {"text": "您好{contact}"}})
        channel = eventually(lambda: (c := api.get(f'channels/{made["id"]}'))["sync"] == "ready" and c, 30, what="the channel")
        return channel, tag

    def test_friend_adds_survive_kills_duplicates_and_reordering(self):
        corps, adds, kills = (4, 20_000, 10) if FULL else (2, 400, 3)
        corpids = [f"wwSYSTEMTEST{n:04}" for n in range(corps)]
        wecom = self.scene.wecom(seed=SEED)
        daemon = self.scene.daemon(wecom, corpids)
        channels = {corpid: self.make_channel(daemon.api.of(corpid), ["sample1", "sample2"]) for corpid in corpids}
        # What was not accepted is repeated: twenty attempts bridge a restart.
        wecom.do("delivery", duplicate_percent=20, shuffle_ms=2_000, attempts=20, retry_ms=500)
        killer = self.kill_and_restart(daemon, kills, 8 if FULL else 2)
        people = {corpid: {} for corpid in corpids}
        batch = 100 if FULL else 20
        for _ in range(adds // corps // batch):
            for corpid in corpids:
                for scan in wecom.do("scan", corpid=corpid, state=channels[corpid][0]["state"], count=batch)["scans"]:
                    people[corpid][scan["external_userid"]] = scan["userid"]
            time.sleep(0.3 if FULL else 0.1)
        killer.join()
        wecom.quiet(300)
        history = History(wecom, daemon)
        for corpid in corpids:
            api = daemon.api.of(corpid)
            eventually(lambda: not api.get("inbox", state="ready")["items"], 300, 0.5, what="an empty inbox")
            eventually(lambda: not api.get("jobs", queue="wecom.mark_tag")["items"], 900, 1, what="no tag to carry to WeCom")
            eventually(lambda: not api.get("jobs", queue="wecom.refetch_contact")["items"], 900, 1, what="no contact to fetch")
            self.assertEqual(wecom.deliveries()["given_up"], 0)
            accepted = history.accepted_are_stored(corpid)
            history.require(accepted == set(people[corpid]), f"{corpid}: {len(accepted)} accepted of {len(people[corpid])}")
            history.drained(corpid)
            history.at_most_one_welcome(corpid)
            history.limits_kept(corpid)
            self.judge_leads(history, api, corpid, people[corpid], channels[corpid])
            self.judge_tags(history, wecom, api, corpid, people[corpid], channels[corpid][1])
        history.verdict()

    def judge_leads(self, history, api, corpid, people, channel):
        """The oracle: one open lead each, of this channel, owned by the member who was added."""
        members = {m["id"]: m["userid"] for m in api.all("members")}
        leads = api.all("leads")
        history.require(len(leads) == len(people), f"{corpid}: {len(leads)} leads of {len(people)} people")
        wrong = [l["id"] for l in leads if l["status"] != "new" or l["first_source"]["channel"] != channel[0]["id"]]
        history.require(not wrong, f"{corpid}: leads with another status or channel: {wrong[:3]}")
        owners = sorted(members.get(l["owner"], "-") for l in leads)
        history.require(owners == sorted(people.values()), f"{corpid}: owners differ from the members who were added")

    def judge_tags(self, history, wecom, api, corpid, people, tag):
        wecom_id = api.get(f'tags/{tag["id"]}')["wecom_id"]
        tagged = {f["external_userid"] for f in wecom.state(corpid)["follows"] if wecom_id in f["tags"]}
        history.require(set(people) <= tagged, f"{corpid}: {len(set(people) - tagged)} friendships lack the tag at WeCom")
        here = api.post("segments/preview", {"condition": {"tag": tag["id"]}})["count"]
        history.require(here == len(people), f"{corpid}: {here} contacts carry the tag here, {len(people)} should")

    def test_a_push_reaches_nobody_twice(self):
        members, recipients, kills = (20, 3_000, 8) if FULL else (3, 90, 3)
        corpid = "wwSYSTEMTEST0001"
        wecom = self.scene.wecom(seed=SEED)
        daemon = self.scene.daemon(wecom, [corpid], members=members)
        channel, tag = self.make_channel(daemon.api, [f"sample{n}" for n in range(1, members + 1)])
        wecom.do("scan", corpid=corpid, state=channel["state"], count=recipients, with_welcome_code=False)
        eventually(
            lambda: daemon.api.post("segments/preview", {"condition": {"tag": tag["id"]}})["count"] == recipients, 300, 0.5,
            what="everybody in the segment")
        eventually(lambda: not daemon.api.get("jobs", queue="wecom.mark_tag")["items"], 600, 0.5, what="no tag to carry to WeCom")
        # Half of the tasks are made, but nobody hears of it.
        wecom.do("faults", faults=[
            {"api": "externalcontact/add_msg_template", "kind": "timeout_after", "percent": 50, "count": max(1, members // 2)},
            {"api": "externalcontact/add_msg_template", "kind": "http_500", "percent": 20, "count": 3}])
        push = daemon.api.post("pushes", {"name": "新品", "condition": {"tag": tag["id"]}, "content": {"text": "新品资料"}})
        daemon.api.post(f'pushes/{push["id"]}/submit')
        killer = self.kill_and_restart(daemon, kills, 3)
        killer.join()

        def counts():
            return daemon.api.get(f'pushes/{push["id"]}')["counts"]

        # The unknown ones are looked up after 60 s, 5 min and 15 min.
        eventually(lambda: (c := counts())["unknown"] == 0 and c["pending"] == 0 and c["planned"] == recipients, 1_500, 1, what="no doubt left")
        wecom.do("confirm-task", corpid=corpid)
        eventually(lambda: counts()["waiting"] == 0, 1_200, 1, what="all outcomes")
        history = History(wecom, daemon)
        reached = history.tasks_unique(corpid)
        history.require(len(reached) == recipients, f"{len(reached)} of {recipients} are in a task")
        history.require(counts()["delivered"] == recipients, f"outcomes: {counts()}")
        history.limits_kept(corpid)
        history.verdict()

    def test_the_archive_loses_nothing_to_kills(self):
        total, kills = (5_000, 6) if FULL else (300, 3)
        corpid = "wwSYSTEMTEST0001"
        wecom = self.scene.wecom(seed=SEED)
        daemon = self.scene.daemon(wecom, [corpid], archive=True, key_versions=1)
        person = wecom.do("scan", corpid=corpid, userid="sample1")["scans"][0]["external_userid"]
        media = 0
        killer = self.kill_and_restart(daemon, kills, 3 if FULL else 1.5)
        for part in range(3):  # three key versions
            for _ in range(10):
                wecom.do(
                    "chat", corpid=corpid, **{"from": person}, to=["sample1"], text="请问", count=total // 30 - 1, notify=False)
                wecom.do(
                    "chat", corpid=corpid, **{"from": person}, to=["sample1"], msgtype="image", media_bytes=str(self.random.randrange(1, 1_500_000)))
                media += 1
            if part < 2:
                rotated = wecom.do("rotate-archive-key", corpid=corpid)
                self.teach_key(daemon, corpid, rotated["archive_keys"][-1], killer)
        killer.join()
        expected = total // 30 * 30
        api = daemon.api
        eventually(lambda: int(api.get("archive/health")["seq"]) == expected, 300, 0.5, what="everything pulled")
        eventually(
            lambda: not api.get("archive/health")["waiting_keys"] and api.get("archive/health")["retrying"] == 0, 120, 0.5,
            what="everything opened")
        eventually(lambda: api.get("archive/health")["media_waiting"] == 0, 300, 0.5, what="all files")
        health = api.get("archive/health")
        history = History(wecom, daemon)
        history.messages_whole(corpid, expected)
        for what in ("undecryptable", "media_lost", "media_refused", "untold"):
            history.require(health[what] == 0, f"{what}: {health[what]}")
        history.verdict()

    def teach_key(self, daemon, corpid, key, killer):
        """Adds a private key by API, as an admin would, however often the daemon is killed meanwhile."""

        def add():
            try:
                corp = next(c for c in daemon.api.get("corps")["items"] if c["corp_id"] == corpid)
                _, headers, _ = daemon.api.raw("GET", f'/api/v1/corps/{corp["id"]}')
                daemon.api.call(
                    "PATCH", f'/api/v1/corps/{corp["id"]}', {"archive": {"private_keys": [key]}}, {"If-Match": headers["ETag"]})
                return True
            except (OSError, AssertionError, Exception) as error:  # killed meanwhile: once more
                self.last = error
                return False

        # Corps of the settings file are written again at each start, so the file learns the key too.
        text = daemon.config.read_text()
        file = self.scene.folder / f'{corpid}-{key["version"]}.pem'
        file.write_text(key["private_pem"])
        file.chmod(0o600)
        daemon.config.write_text(text.replace("private_keys = [", f'private_keys = [{{ version = {key["version"]}, file = "{file}" }}, '))
        eventually(add, 60, 0.2, what="the new key")

    def test_an_hour_without_wecom_burns_no_tries(self):
        corpid = "wwSYSTEMTEST0001"
        wecom = self.scene.wecom(seed=SEED)
        daemon = self.scene.daemon(wecom, [corpid])
        channel, tag = self.make_channel(daemon.api, ["sample1"])
        wecom.do("faults", faults=[{"api": "*", "kind": "http_500"}])
        wecom.do("scan", corpid=corpid, state=channel["state"], count=20)
        eventually(lambda: len(daemon.api.get("leads")["items"]) == 20, 30, what="leads without WeCom")
        time.sleep(10)
        jobs = daemon.api.all("jobs", queue="wecom.mark_tag")
        self.assertTrue(jobs)
        self.assertLess(max(j["tries"] for j in jobs), 4, "tries are burnt while WeCom is down")
        wecom.do("faults", faults=[])
        eventually(lambda: not daemon.api.all("jobs", queue="wecom.mark_tag"), 180, 0.5, what="everything carried out afterwards")
        history = History(wecom, daemon)
        history.drained(corpid)
        history.verdict()

    def test_tokens_that_end_early_are_renewed_once(self):
        corpid = "wwSYSTEMTEST0001"
        wecom = self.scene.wecom(seed=SEED)
        daemon = self.scene.daemon(wecom, [corpid])
        channel, _ = self.make_channel(daemon.api, ["sample1"])
        eventually(lambda: wecom.state(corpid)["calls"].get("gettoken"), what="a first token")
        before = wecom.state(corpid)["calls"]["gettoken"]
        wecom.do("expire-tokens", corpid=corpid)
        wecom.do("scan", corpid=corpid, state=channel["state"], count=30)
        eventually(lambda: sum(w["sends"] for w in wecom.state(corpid)["welcomes"]) == 30, 30, what="thirty welcomes")
        eventually(lambda: not daemon.api.all("jobs", queue="wecom.mark_tag"), 60, what="thirty tags")
        self.assertLessEqual(wecom.state(corpid)["calls"]["gettoken"] - before, 2)

    def test_a_burst_over_the_limit_parks_and_recovers(self):
        corpid = "wwSYSTEMTEST0001"
        wecom = self.scene.wecom(seed=SEED)
        daemon = self.scene.daemon(wecom, [corpid])
        channel, tag = self.make_channel(daemon.api, ["sample1"])
        wecom.do("faults", faults=[{"api": "externalcontact/mark_tag", "kind": "errcode", "value": 45033, "count": 3}])
        wecom.do("scan", corpid=corpid, state=channel["state"], count=30)
        eventually(
            lambda: len([f for f in wecom.state(corpid)["follows"] if f["tags"]]) == 30, 120, 0.5, what="thirty tags after 45033")
        history = History(wecom, daemon)
        history.drained(corpid)
        history.verdict()


if __name__ == "__main__":
    unittest.main()
