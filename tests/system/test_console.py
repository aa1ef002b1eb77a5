"""The console's files as the real program answers them: from --ui-dir, and from memory where it was built in."""

import gzip
import pathlib
import re
import unittest

from bridge import Http, Scene

SAMPLE = pathlib.Path(__file__).resolve().parents[1] / "data" / "console"


class Console(unittest.TestCase):
    def start(self, *more):
        self.scene = Scene("console")
        self.addCleanup(self.scene.close)
        wecom = self.scene.wecom()
        daemon = self.scene.daemon(wecom)
        if more:
            daemon.stop()
            daemon.args += [str(a) for a in more]
            daemon.start()
        return Http(daemon.port)

    def test_a_folder_is_served_below_its_two_paths_only(self):
        http = self.start("--ui-dir", SAMPLE)
        status, headers, _ = http.raw("GET", "/")
        self.assertEqual((status, headers["Location"]), (302, "/console/"))
        page = (SAMPLE / "desk" / "index.html").read_bytes()
        for path in ("/console/", "/console/contacts/12?view=3"):
            status, headers, body = http.raw("GET", path)
            self.assertEqual((status, body, headers["Cache-Control"]), (200, page, "no-cache"), path)
            self.assertIn("script-src 'self';", headers["Content-Security-Policy"])
        self.assertEqual(http.raw("GET", "/console/", headers={"If-None-Match": headers["ETag"]})[0], 304)
        status, headers, body = http.raw("HEAD", "/console/")
        self.assertEqual((status, body, headers["Content-Length"]), (200, b"", str(len(page))))
        for path in ("/console/../../archive_messages.json", "/console/%2e%2e/%2e%2e/lead_cases.json"):
            self.assertEqual(http.raw("GET", path)[2], page, path)
        status, headers, _ = http.raw("GET", "/api/v1/nothing")
        self.assertEqual((status, headers["Content-Type"]), (404, "application/problem+json"))
        self.assertEqual(http.raw("GET", "/nothing")[0], 404)

    def test_the_built_one_comes_from_memory(self):
        http = self.start()
        status, headers, _ = http.raw("GET", "/")
        if status == 200:
            self.skipTest("this program was built without a console")
        _, headers, packed = http.raw("GET", "/console/", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(headers["Content-Encoding"], "gzip")
        _, plain_headers, plain = http.raw("GET", "/console/")
        self.assertNotIn("Content-Encoding", plain_headers)
        self.assertEqual(gzip.decompress(packed), plain)
        self.assertNotEqual(headers["ETag"], plain_headers["ETag"])
        assets = re.findall(r'(?:src|href)="(/console/assets/[^"]+)"', plain.decode())
        told = 0
        for asset in assets:
            status, headers, body = http.raw("GET", asset)
            self.assertEqual((status, headers["Cache-Control"]), (200, "public, max-age=31536000, immutable"), asset)
            told += len(body)
        self.assertGreater(told, 100_000, assets)
        self.assertEqual(http.raw("GET", "/console/assets/none.js")[0], 404)


if __name__ == "__main__":
    unittest.main()
