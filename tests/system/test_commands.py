"""The commands as an admin meets them: what they do, and what they say when something is wrong."""

import json
import os
import pathlib
import subprocess
import unittest

from bridge import BIN, POSTGRES, Daemon, Process, Scene, eventually, free_port

CORP = "wwSYSTEMTEST0001"


class Commands(unittest.TestCase):
    def setUp(self):
        self.scene = Scene("commands")

    def tearDown(self):
        broken = any(error for case, error in self._outcome.result.failures + self._outcome.result.errors if case is self)
        if self.scene.close(keep=broken):
            print("kept", self.scene.folder)

    def run_program(self, *args, config=None, env=None):
        words = [str(BIN / "leadbridge")] + (["--config", str(config)] if config else []) + [str(a) for a in args]
        return subprocess.run(
            words, capture_output=True, text=True, timeout=60, cwd=self.scene.folder, env={**os.environ, **(env or {})})

    def write(self, name, text):
        path = self.scene.folder / name
        path.write_text(text)
        return path

    def refused(self, done, *words, code=1):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr + done.stdout)

    def minimal(self, extra="", port=None):
        database = self.scene.postgres().toml() if POSTGRES else ""
        return self.write(
            "minimal.toml",
            f'[server]\nlisten = "127.0.0.1:{port or free_port()}"\ndata_dir = "{self.scene.folder}/data"\n{database}{extra}')

    def test_wrong_use_exits_with_2(self):
        self.refused(self.run_program(), code=2)
        self.refused(self.run_program("dance"), code=2)
        self.refused(self.run_program("corp", "add"), "corp_id", code=2)

    def test_an_unknown_setting_names_the_nearest(self):
        config = self.minimal('[log]\nlevle = "info"\n')
        self.refused(self.run_program("migrate", config=config), "levle", "level")

    def test_a_missing_settings_file_is_named(self):
        self.refused(self.run_program("migrate", config=self.scene.folder / "nowhere.toml"), "nowhere.toml")

    def test_a_missing_key_file_is_named(self):
        config = self.minimal(f'[[corp]]\ncorp_id = "{CORP}"\nname = "x"\n[corp.app]\nagent_id = 1\nsecret_file = "gone.secret"\n')
        self.refused(self.run_program("migrate", config=config), "gone.secret")

    def test_migrate_then_token_without_a_daemon(self):
        config = self.minimal()
        self.assertEqual(self.run_program("migrate", config=config).returncode, 0)
        made = self.run_program("token", "create", "--name", "t", "--scope", "read", config=config)
        self.assertTrue(made.stdout.startswith("lbt_"), made.stderr)
        listed = json.loads(self.run_program("token", "list", "--json", config=config).stdout)
        self.assertEqual([t["name"] for t in listed["items"]], ["t"])
        self.assertNotIn(made.stdout.strip(), json.dumps(listed))
        self.assertEqual(self.run_program("token", "revoke", "t", config=config).returncode, 0)
        self.refused(self.run_program("token", "create", "--name", "u", "--scope", "everything", config=config), "scope")

    def test_a_wrong_master_key_is_refused(self):
        config = self.minimal()
        self.run_program("token", "list", config=config)
        key = self.scene.folder / "data" / "master.key"
        key.unlink()
        done = self.run_program("token", "list", config=config)
        self.refused(done, "key")

    def test_a_readable_master_key_is_refused(self):
        config = self.minimal()
        self.run_program("token", "list", config=config)
        (self.scene.folder / "data" / "master.key").chmod(0o644)
        self.refused(self.run_program("token", "list", config=config), "master.key")

    def test_a_second_daemon_is_refused_and_names_the_first(self):
        wecom = self.scene.wecom()
        daemon = self.scene.daemon(wecom)
        self.refused(self.run_program("serve", config=daemon.config), str(daemon.proc.pid))
        self.refused(self.run_program("migrate", config=daemon.config), str(daemon.proc.pid))

    def test_a_taken_port_is_named(self):
        wecom = self.scene.wecom()
        config = self.minimal(port=wecom.port)
        self.refused(self.run_program("serve", config=config), str(wecom.port))

    def test_a_foreign_clock_never_drives_a_real_corp(self):
        clock = self.write("clock", "1760000000000 1760000000000 10\n")
        config = self.minimal(f'[[corp]]\ncorp_id = "{CORP}"\nname = "x"\napi_base = "https://qyapi.weixin.qq.com"\n[corp.app]\nagent_id = 1\nsecret = "s"\n')
        self.refused(self.run_program("serve", "--clock", clock, config=config), "loopback")

    def test_corps_are_added_changed_and_removed_while_it_serves(self):
        wecom = self.scene.wecom()
        daemon = self.scene.daemon(wecom)
        company = wecom.do("companies", corpid="wwSECOND", name="第二", members=1, callback_base=f"http://127.0.0.1:{daemon.port}/callback/wecom/wwSECOND")
        for name, value in (("secret", company["secrets"]["app"]), ("token", company["token"]), ("aes", company["encoding_aes_key"])):
            self.write(name, value + "\n")
        daemon.command(
            "corp", "add", "wwSECOND", "--name", "第二", "--api-base", f"http://127.0.0.1:{wecom.port}", "--agent-id", company["agent_id"],
            "--app-secret-file", self.scene.folder / "secret", "--token-file", self.scene.folder / "token", "--aes-key-file", self.scene.folder / "aes")
        self.assertIn("wwSECOND", daemon.command("corp", "list"))
        # Effective without a restart: a scan of the new corp becomes a lead.
        wecom.do("scan", corpid="wwSECOND", userid="sample1")
        eventually(lambda: daemon.api.of("wwSECOND").get("leads")["items"], what="a lead of the new corp")
        checked = daemon.command("corp", "check", "wwSECOND")
        self.assertIn("corp.token", checked)
        self.assertNotIn(company["secrets"]["app"], checked)
        self.write("secret", "wrong\n")
        daemon.command("corp", "set", "wwSECOND", "--app-secret-file", self.scene.folder / "secret")
        broken = daemon.command("doctor", good=False)
        self.assertEqual(broken.returncode, 1)
        self.assertIn("40001", broken.stdout)
        refused = daemon.command("corp", "remove", "wwSECOND", good=False)
        self.assertEqual(refused.returncode, 1, "a corp with contacts must not go by accident")
        daemon.command("corp", "remove", "wwSECOND", "--with-data", "wwSECOND")
        self.assertNotIn("wwSECOND", daemon.command("corp", "list"))

    # Of the machine and the corp: a server of the tests that syncs nothing is not held against them.
    def doctor(self, daemon):
        items = json.loads(daemon.command("doctor", "--json", good=False).stdout)["items"]
        unsynced = POSTGRES and not daemon.postgres.synced()
        return [item for item in items if not (unsynced and item["check"] == "machine.database")]

    def test_doctor_is_content_with_a_working_corp(self):
        wecom = self.scene.wecom()
        daemon = self.scene.daemon(wecom, archive=True)
        items = self.doctor(daemon)
        self.assertEqual([item for item in items if item["verdict"] == "broken"], [])
        self.assertIn("corp.archive.keys", [item["check"] for item in items])
        done = daemon.command("doctor", good=False)
        self.assertEqual(done.returncode, 1 if POSTGRES and not daemon.postgres.synced() else 0, done.stdout)
        self.assertIn("corp.archive.keys", done.stdout)
        self.assertIn("corp.archive.keys", done.stdout)

    def test_doctor_asks_for_the_secrets_that_are_set(self):
        wecom = self.scene.wecom()
        daemon = self.scene.daemon(wecom, archive=True)
        good = self.doctor(daemon)
        verdicts = {item["check"]: item["verdict"] for item in good}
        for check in ("machine.port", "corp.contacts_secret", "corp.archive.secret"):
            self.assertEqual(verdicts.get(check), "ok", good)
        self.write("secret", "wrong\n")
        daemon.command("corp", "set", CORP, "--contacts-secret-file", self.scene.folder / "secret",
                       "--archive-secret-file", self.scene.folder / "secret")
        items = self.doctor(daemon)
        broken = {item["check"]: item for item in items if item["verdict"] == "broken"}
        self.assertEqual(set(broken), {"corp.contacts_secret", "corp.archive.secret"}, items)
        for item in broken.values():
            self.assertTrue(item["place"] and item["fix"], item)

    def test_the_master_key_is_rotated_while_nothing_runs(self):
        wecom = self.scene.wecom()
        daemon = self.scene.daemon(wecom)
        new_key = self.scene.folder / "new.key"
        self.refused(self.run_program("key", "rotate", "--new-key-file", new_key, config=daemon.config), str(daemon.proc.pid))
        wecom.do("scan", corpid=CORP, userid="sample1")
        row = eventually(lambda: daemon.api.get("inbox")["items"], what="a sealed row")[0]
        daemon.stop()
        before = (daemon.data / "master.key").read_text()
        done = self.run_program("key", "rotate", "--new-key-file", new_key, config=daemon.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((daemon.data / "master.key.old").read_text(), before)
        self.assertEqual((daemon.data / "master.key").read_text(), new_key.read_text())
        daemon.start()
        self.assertTrue(daemon.api.get(f'inbox/{row["id"]}')["body"])
        self.assertEqual([item for item in self.doctor(daemon) if item["verdict"] == "broken"], [])

    def test_a_corp_is_set_without_the_api(self):
        wecom = self.scene.wecom()
        daemon = self.scene.daemon(wecom, extra="")
        daemon.command("corp", "set", CORP, "--default-welcome", "您好", "--calls-per-minute", "600", "--concurrency", "2",
                       "--push-cap", "7_per_week", "--remove-callback", "archive")
        corp = daemon.api.get("corps")["items"][0]
        self.assertEqual(corp["default_welcome"]["text"], "您好")
        self.assertEqual((corp["limits"]["concurrency"], corp["limits"]["push_cap"]), (2, "7_per_week"))
        self.assertEqual(sorted(c["name"] for c in corp["callbacks"]), ["app", "contacts"])
        self.refused(daemon.command("source", "add", "--name", "x", good=False), "--auth")
        token = daemon.command("token", "create", "--name", "named", "--scope", "read", "--corp", CORP).strip()
        self.assertTrue(token.startswith("lbt_"))

    def test_addresses_are_shown_whole(self):
        config = self.write("public.toml", f'[server]\nlisten = "127.0.0.1:{free_port()}"\npublic_url = "https://bridge.example.com/"\n'
                            f'data_dir = "{self.scene.folder}/data"\n')
        self.write("secret", "sample-secret\n")
        added = self.run_program("corp", "add", CORP, "--name", "x", "--agent-id", "1", "--app-secret-file", self.scene.folder / "secret", config=config)
        self.assertIn(f"https://bridge.example.com/callback/wecom/{CORP}/app", added.stdout, added.stderr)
        made = self.run_program("source", "add", "--name", "s", "--auth", '{"kind":"path","secrets":["0123456789abcdef"]}', config=config)
        self.assertIn("https://bridge.example.com/hook/", made.stdout, made.stderr)

    def test_parked_rows_and_dead_jobs_are_shown_and_handled(self):
        wecom = self.scene.wecom()
        daemon = self.scene.daemon(wecom)
        clear = f"<xml><ToUserName>{CORP}</ToUserName><FromUserName>sys</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>never_heard_of</Event></xml>"
        wecom.do("raw-event", corpid=CORP, clear=clear)
        row = eventually(lambda: json.loads(daemon.command("inbox", "list", "--state", "parked", "--json"))["items"], what="a parked row")[0]
        self.assertEqual(row["reason"], "unknown_event")
        self.assertIn("never_heard_of", daemon.command("inbox", "show", row["id"]))
        daemon.command("inbox", "replay", row["id"])
        eventually(lambda: json.loads(daemon.command("inbox", "list", "--state", "parked", "--json"))["items"], what="parked again")
        daemon.command("inbox", "drop", row["id"])
        self.assertEqual(json.loads(daemon.command("inbox", "list", "--state", "parked", "--json"))["items"], [])

    def test_secrets_stay_out_of_the_log(self):
        wecom = self.scene.wecom()
        daemon = self.scene.daemon(wecom, archive=True)
        person = wecom.do("scan", corpid=CORP, userid="sample1", phone="19900001234")["scans"][0]
        wecom.do("chat", corpid=CORP, **{"from": person["external_userid"]}, to=["sample1"], text="秘密的话")
        eventually(lambda: daemon.api.get("archive/conversations")["items"], 30, what="the chat")
        daemon.stop()
        log = daemon.log_text()
        company = daemon.companies[CORP]
        secrets = [*company["secrets"].values(), company["encoding_aes_key"], company["token"], person["welcome_code"],
                   person["external_userid"], daemon.api.token, "秘密的话", "access_token=", "PRIVATE KEY"]
        for secret in secrets:
            self.assertNotIn(secret, log)
        # Nor in clear in the files: what people wrote and what opens WeCom is sealed.
        if POSTGRES:  # where it writes bytes in hex
            stored = {"the database": daemon.postgres.dump()}
        else:
            stored = {name: (daemon.data / name).read_bytes() for name in ("core.db", "archive.db")}
        for place, data in stored.items():
            for secret in [*company["secrets"].values(), company["encoding_aes_key"], person["welcome_code"], "秘密的话"]:
                self.assertNotIn(secret.encode(), data, f"{place} holds a secret in clear")
                self.assertNotIn(secret.encode().hex().encode(), data, f"{place} holds a secret in clear")

    def test_a_missing_or_crashing_sdk_takes_nobody_down(self):
        wecom = self.scene.wecom()
        daemon = Daemon(self.scene.folder, wecom, [CORP], archive=True)
        text = daemon.config.read_text()
        daemon.config.write_text(text.replace("libleadbridge_fake_sdk.so", "nowhere.so"))
        self.scene.actors.append(daemon.start())
        wecom.do("scan", corpid=CORP, userid="sample1")
        eventually(lambda: daemon.api.get("leads")["items"], what="a lead without an archive")
        self.assertEqual(daemon.command("doctor", good=False).returncode, 1)
        daemon.stop()
        daemon.config.write_text(text)
        wecom.do("faults", faults=[{"api": "archive", "kind": "crash", "count": 2}])
        daemon.start()
        wecom.do("chat", corpid=CORP, **{"from": "wmSANDBOX0000000000001"}, to=["sample1"], text="hello")
        eventually(lambda: daemon.api.get("archive/conversations")["items"], 60, what="the chat after two crashes of the library")


if __name__ == "__main__":
    unittest.main()
