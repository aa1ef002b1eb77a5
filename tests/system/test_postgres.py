"""What is PostgreSQL's own in the commands and the daemon: run.py below deploy/checks/with_postgres."""

import os
import re
import shutil
import subprocess
import unittest

from bridge import BIN, Api, Http, HttpError, Process, Scene, eventually, free_port

CORP = "wwSYSTEMTEST0001"


@unittest.skipIf("LEADBRIDGE_TEST_POSTGRES" not in os.environ, "needs deploy/checks/with_postgres")
class OnPostgres(unittest.TestCase):
    def setUp(self):
        self.scene = Scene("postgres")
        self.database = self.scene.postgres()

    def tearDown(self):
        broken = any(error for case, error in self._outcome.result.failures + self._outcome.result.errors if case is self)
        if self.scene.close(keep=broken):
            print("kept", self.scene.folder)

    def settings(self, name="data", port=None, url=None):
        path = self.scene.folder / f"{name}.toml"
        path.write_text(f'[server]\nlisten = "127.0.0.1:{port or free_port()}"\ndata_dir = "{self.scene.folder / name}"\n'
                        f'[database]\nurl = "{url or self.database.url}"\n')
        return path

    def run_program(self, config, *args):
        return subprocess.run([str(BIN / "leadbridge"), "--config", str(config), *args], capture_output=True, text=True, timeout=60)

    def serve(self, config, name, *args):
        daemon = Process(self.scene.folder, name, [BIN / "leadbridge", "--config", config, "serve", *args]).start()
        self.scene.actors.append(daemon)
        return daemon

    def up(self, daemon, port):
        def answers():
            if daemon.proc.poll() is not None:
                raise AssertionError("the daemon ended: " + daemon.log_text()[-2000:])
            try:
                return Http(port).raw("GET", "/healthz")[0] == 200
            except OSError:
                return False

        eventually(answers, 60, what="the daemon")

    def test_backup_and_restore_name_the_way(self):
        config = self.settings()
        for command in ("backup", "restore"):
            done = self.run_program(config, command, str(self.scene.folder / "backup"))
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("pg_basebackup", done.stderr)
        self.assertFalse((self.scene.folder / "backup").exists())

    def test_one_daemon_serves_a_database(self):
        port = free_port()
        first = self.serve(self.settings(port=port), "first")
        self.up(first, port)
        done = self.run_program(self.settings("other"), "serve")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("another LeadBridge serves this database", done.stderr)
        first.stop()
        # With the key of another installation it is refused, too.
        done = self.run_program(self.settings("other"), "token", "list")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("key", done.stderr)

    def test_a_server_that_is_away_is_named(self):
        done = self.run_program(self.settings(url="postgresql://nobody@/none?host=%2Fnowhere"), "migrate")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("PostgreSQL cannot be reached", done.stderr)

    def test_doctor_tells_of_the_server(self):
        config = self.settings()
        shutil.rmtree(self.scene.folder / "data", ignore_errors=True)
        done = self.run_program(config, "doctor")
        line = next(line for line in done.stdout.splitlines() if "machine.database" in line)
        for word in ("PostgreSQL ", "UTF8", "synchronous_commit on"):
            self.assertIn(word, line)
        self.assertEqual(line.split()[0], "ok" if self.database.synced() else "broken", line)

    def test_the_sample_company_has_schemas_of_its_own(self):
        self.assertEqual(self.run_program(self.settings(), "migrate").returncode, 0)
        self.database.sql("CREATE TABLE core.kept_for_the_test(n int)")
        for round_ in ("first", "second"):  # the second begins anew
            port, local = free_port(), free_port()
            daemon = self.serve(self.settings(port=port), "sandbox-" + round_, "--sandbox", "--sandbox-port", local)
            token = eventually(lambda: re.search(r"Bearer (\S+)'", daemon.log_text()), 60, what="the token").group(1)
            api = Api(port, token)

            def leads():
                try:
                    return len(api.get("leads")["items"])
                except HttpError:  # the company comes after the token
                    return 0

            eventually(lambda: leads() >= 3, 60, what="leads of the sample company")
            self.assertEqual(daemon.stop(), 0)
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM core.lead"), "0")
        self.assertEqual(self.database.sql("SELECT COUNT(*) FROM core.kept_for_the_test"), "0")
        self.assertNotEqual(self.database.sql("SELECT COUNT(*) FROM sandbox_core.lead"), "0")


if __name__ == "__main__":
    unittest.main()
