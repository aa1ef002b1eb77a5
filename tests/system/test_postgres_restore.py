"""PostgreSQL's own way back, as docs/operations.md has it: pg_basebackup, archived WAL, a moment to go back to."""

import glob
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from bridge import POSTGRES, Scene, eventually

CORP = "wwSYSTEMTEST0001"
BINS = sorted(glob.glob("/usr/lib/postgresql/*/bin"))


class Server:
    """A server with archived WAL, in a folder of its own; as the user postgres where we are root, whom it refuses."""

    def __init__(self):
        self.bin = pathlib.Path(BINS[-1])
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="leadbridge-pitr-"))
        self.wal = self.folder / "wal"
        self.user = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self.run("mkdir", self.wal)
        self.proc = None

    def run(self, *args):
        done = subprocess.run([*self.user, *map(str, args)], capture_output=True, text=True, cwd=self.folder, timeout=120)
        if done.returncode != 0:
            raise AssertionError(f"{args}: {done.stderr}")
        return done.stdout.strip()

    def make(self, data):
        self.run(self.bin / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        archive = f"archive_mode = on\narchive_command = 'test ! -f {self.wal}/%f && cp %p {self.wal}/%f'\n"
        self.append(data / "postgresql.conf", f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nfsync = off\n{archive}")

    def append(self, file, text):
        with open(file, "a", encoding="utf-8") as out:
            out.write(text)

    def start(self, data):
        self.log = open(self.folder / "server.log", "ab")
        self.proc = subprocess.Popen(
            [*self.user, "setpriv", "--pdeathsig", "QUIT", str(self.bin / "postgres"), "-D", str(data)],
            cwd=self.folder, stdout=self.log, stderr=self.log)
        eventually(lambda: self.takes_writes(), 60, what="the server")

    def takes_writes(self):
        try:
            return self.sql("SELECT pg_is_in_recovery()", "postgres") == "f"
        except AssertionError:
            return False

    def sql(self, text, database="leadbridge"):
        return self.run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres", "-d", database, "-c", text)

    def lose(self):
        self.proc.send_signal(signal.SIGQUIT)
        self.proc.wait(30)
        self.log.close()

    def close(self):
        if self.proc and self.proc.poll() is None:
            self.lose()
        shutil.rmtree(self.folder, ignore_errors=True)


@unittest.skipIf(POSTGRES or not BINS, "has a server of its own; deploy/setup --tests installs PostgreSQL")
class PostgresRestore(unittest.TestCase):
    def setUp(self):
        self.scene = Scene("pitr")
        self.server = Server()

    def tearDown(self):
        broken = any(error for case, error in self._outcome.result.failures + self._outcome.result.errors if case is self)
        if self.scene.close(keep=broken):
            print("kept", self.scene.folder)
        self.server.close()

    def scan(self):
        return self.wecom.do("scan", corpid=CORP, state="")["scans"][0]["external_userid"]

    def contacts(self, external):
        return self.daemon.api.get("contacts", q=external)["items"]

    def test_a_moment_comes_back_with_all_that_was_acknowledged_before_it(self):
        first = self.server.folder / "first"
        self.server.make(first)
        self.server.start(first)
        self.server.sql("CREATE DATABASE leadbridge", "postgres")
        self.wecom = self.scene.wecom()
        url = f"postgresql://postgres@/leadbridge?host={self.server.folder}"
        self.daemon = self.scene.daemon(self.wecom, extra=f'[database]\nurl = "{url}"')
        before_the_copy = self.scan()
        eventually(lambda: self.contacts(before_the_copy), what="the first contact")

        copy = self.server.folder / "copy"
        self.server.run(self.server.bin / "pg_basebackup", "-h", self.server.folder, "-U", "postgres", "-D", copy, "-c", "fast", "-X", "none")
        self.server.run(self.server.bin / "pg_verifybackup", "-n", copy)
        after_the_copy = self.scan()
        eventually(lambda: self.contacts(after_the_copy), what="the second contact")
        self.wecom.quiet()
        moment = self.server.sql("SELECT now()")
        time.sleep(1.1)  # the moment stands between commits
        too_late = self.scan()
        eventually(lambda: self.contacts(too_late), what="the third contact")
        segment = self.server.sql("SELECT pg_walfile_name(pg_switch_wal())")
        eventually(lambda: (self.server.wal / segment).exists(), what="the archived WAL")

        self.daemon.kill()
        self.server.lose()
        shutil.rmtree(first)
        self.server.append(
            copy / "postgresql.auto.conf",
            f"restore_command = 'cp {self.server.wal}/%f %p'\nrecovery_target_time = '{moment}'\nrecovery_target_action = 'promote'\n")
        self.server.run("touch", copy / "recovery.signal")
        self.server.start(copy)
        for index in self.daemon.data.glob("fts-*.db*"):
            index.unlink()
        self.daemon.start()
        self.assertTrue(self.contacts(before_the_copy))
        self.assertTrue(self.contacts(after_the_copy))
        self.assertEqual(self.contacts(too_late), [])
        # It works on, and what came since is fetched as far as WeCom still has it.
        new = self.scan()
        eventually(lambda: self.contacts(new), what="a contact after the restore")
        self.daemon.api.post("sync", {"kind": "full"})
        eventually(lambda: self.contacts(too_late), 120, what="the one who came after the moment")


if __name__ == "__main__":
    unittest.main()
