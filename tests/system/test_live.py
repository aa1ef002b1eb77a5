"""The live channel of the real program: a scan shows up, a reconnect misses nothing, others' topics stay closed."""

import unittest

from bridge import Scene, eventually
from live_socket import LiveSocket, Refused

CORP = "wwSYSTEMTEST0001"


def subscribed(frame):
    return frame.get("op") == "subscribed"


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scene = Scene("live")
        cls.wecom = cls.scene.wecom()
        cls.daemon = cls.scene.daemon(cls.wecom)
        cls.api = cls.daemon.api

    @classmethod
    def tearDownClass(cls):
        cls.scene.close()

    def socket(self, token=None, **headers):
        return LiveSocket(self.daemon.port, {"Authorization": f"Bearer {token or self.api.token}", **headers})

    def scan(self):
        self.wecom.do("scan", corpid=CORP, userid="sample1", state="")

    def test_a_scan_shows_up_and_a_reconnect_misses_nothing(self):
        live = self.socket()
        live.follow("leads")
        seq = live.until(subscribed)[-1]["seq"]
        self.scan()
        told = live.until(lambda f: f.get("topic") == "leads" and f.get("type") == "created")[-1]
        self.assertEqual(self.api.get("leads/" + told["id"])["id"], told["id"])
        self.assertIsNone(told["patch"])
        self.assertGreater(int(told["seq"]), int(seq))
        live.close()

        known = {lead["id"] for lead in self.api.all("leads")}
        self.scan()
        fresh = eventually(lambda: {lead["id"] for lead in self.api.all("leads")} - known, what="the second lead")
        back = self.socket()
        back.follow("leads", told["seq"])
        frames = back.until(subscribed)
        self.assertEqual({f["id"] for f in frames[:-1] if f["type"] == "created"}, fresh)
        back.close()

        stale = self.socket()
        stale.follow("leads", "999999999")
        self.assertEqual(stale.next(), {"op": "resync", "topic": "leads"})
        stale.close()

    def test_who_may_not_is_refused(self):
        with self.assertRaises(Refused) as nobody:
            LiveSocket(self.daemon.port)
        self.assertEqual(nobody.exception.status, 401)
        with self.assertRaises(Refused) as wrong:
            self.socket(token="nonsense")
        self.assertEqual(wrong.exception.status, 401)
        self.assertEqual(self.api.raw("GET", "/api/v1/live")[0], 426)
        live = self.socket()
        live.follow("contact:1")
        self.assertEqual(live.next(), {"op": "refused", "topic": "contact:1", "code": "not_found"})
        live.follow("everything")
        self.assertEqual(live.next()["code"], "unknown_topic")
        live.say("shout")
        self.assertIsNone(live.next())
        self.assertEqual(live.code, 1008)

    def test_a_revoked_token_is_cut_off(self):
        made = self.api.post("tokens", {"name": "short", "scopes": ["read"]})
        live = self.socket(token=made["token"])
        live.follow("leads")
        live.until(subscribed)
        self.assertEqual(self.daemon.metrics()["leadbridge_live_sockets"] >= 1, True)
        self.api.call("DELETE", "/api/v1/tokens/" + made["id"])
        while live.next() is not None:
            pass
        self.assertEqual(live.code, 4401)


class LiveStop(unittest.TestCase):
    def test_a_stop_says_goodbye(self):
        scene = Scene("live-stop")
        try:
            daemon = scene.daemon(scene.wecom())
            live = LiveSocket(daemon.port, {"Authorization": f"Bearer {daemon.api.token}"})
            live.follow("leads")
            live.until(subscribed)
            daemon.proc.terminate()
            while live.next() is not None:
                pass
            self.assertEqual(live.code, 1001)
            self.assertEqual(daemon.stop(), 0)
        finally:
            scene.close()


if __name__ == "__main__":
    unittest.main()
