"""Who of a channel's members receives: caps, rota, backups, and a member that WeCom refuses."""

import time
import unittest

from bridge import Scene, eventually

CORP = "wwSYSTEMTEST0001"
MONDAY_2354 = 1772466840000  # 2026-03-02 23:54 in Shanghai


class ChannelLimits(unittest.TestCase):
    def setUp(self):
        self.scene = Scene("limits")

    def tearDown(self):
        broken = any(error for _, error in self._outcome.result.failures + self._outcome.result.errors if _ is self)
        if self.scene.close(keep=broken):
            print("kept", self.scene.folder)

    def company(self, **options):
        self.wecom = self.scene.wecom(**options)
        self.daemon = self.scene.daemon(self.wecom, **options)
        self.api = self.daemon.api

    def channel(self, **what):
        made = self.api.post("channels", {"name": "展会", "kind": "contact_way", **what})
        return eventually(
            lambda: (c := self.api.get(f'channels/{made["id"]}'))["sync"] == "ready" and c, what="the channel at WeCom")

    def at_wecom(self, channel):
        return sorted(next(w["users"] for w in self.wecom.state(CORP)["ways"] if w["state"] == channel["state"]))

    def serving(self, channel):
        return self.api.get(f'channels/{channel["id"]}/serving')

    def scan(self, channel):
        return self.wecom.do("scan", corpid=CORP, state=channel["state"])["scans"][0]["userid"]

    def swaps(self, channel):
        return [(s["userid"], s["act"], s["why"]) for s in self.api.all(f'channels/{channel["id"]}/swaps')]

    def test_the_third_scan_of_the_day_goes_to_the_backup_and_the_next_day_all_are_back(self):
        clock = self.scene.folder / "clock"
        clock.write_text(f"{int(time.time() * 1000)} {MONDAY_2354} 10\n")  # midnight comes in 36 s
        self.company(clock=clock)
        channel = self.channel(members=["sample1"], limits={
            "members": [{"userid": "sample1", "daily_cap": 2}], "backups": ["sample2"]})
        self.assertEqual(self.at_wecom(channel), ["sample1"])

        self.assertEqual(self.scan(channel), "sample1")
        self.assertEqual(self.scan(channel), "sample1")
        eventually(lambda: self.at_wecom(channel) == ["sample2"], what="the backup in the code")
        self.assertEqual(self.scan(channel), "sample2")
        now = eventually(lambda: (s := self.serving(channel))["people"][1]["adds_today"] == 1 and s, what="the third add")
        self.assertEqual((now["users"], now["by"], now["until"]), (["sample2"], "backups", "2026-03-02T16:00:00.000Z"))
        self.assertEqual(
            [(p["duty"], p["adds_today"], p["daily_cap"]) for p in now["people"]], [("full", 2, 2), ("serves", 1, None)])
        self.assertEqual(self.swaps(channel), [("sample2", "in", "backup"), ("sample1", "out", "full")])

        eventually(lambda: self.at_wecom(channel) == ["sample1"], 60, what="sample1 back after midnight")
        swaps = eventually(lambda: (s := self.api.get(f'channels/{channel["id"]}/swaps')["items"])[0]["why"] == "back" and s,
                           what="the history")
        self.assertLess(swaps[0]["at"], "2026-03-02T16:01:00", "within 60 s of midnight")
        self.assertEqual(self.swaps(channel)[:2], [("sample1", "in", "back"), ("sample2", "out", "stands_by")])
        self.assertEqual(self.scan(channel), "sample1")
        audit = self.api.all("audit", action="channel.serve")
        self.assertEqual(len(audit), 2, audit)

    def test_a_member_that_wecom_refuses_leaves_the_code_to_the_others(self):
        self.company()
        self.wecom.do("member", corpid=CORP, userid="sample2", name="示例成员2", real_named=False)
        channel = self.channel(members=["sample1", "sample2", "sample3"])
        self.assertEqual(self.at_wecom(channel), ["sample1", "sample3"])
        now = self.serving(channel)
        self.assertEqual([p["duty"] for p in now["people"]], ["serves", "refused", "serves"])
        self.assertIn("41054", now["people"][1]["reason"])
        self.assertIn(self.scan(channel), ("sample1", "sample3"))

        # He has shown his passport; an edit gives him another chance.
        self.wecom.do("member", corpid=CORP, userid="sample2", name="示例成员2")
        path = f'/api/v1/channels/{channel["id"]}'
        tag = self.api.raw("GET", path)[1]["ETag"]
        self.api.call("PATCH", path, {"limits": {"members": [{"userid": "sample3", "daily_cap": 5}]}}, {"If-Match": tag})
        eventually(lambda: self.at_wecom(channel) == ["sample1", "sample2", "sample3"], what="all in the code")
        eventually(lambda: self.swaps(channel) == [("sample2", "in", "back")], what="the history")


if __name__ == "__main__":
    unittest.main()
