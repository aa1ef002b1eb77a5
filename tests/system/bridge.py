"""The actors of the system tests: a local WeCom and a daemon, each a real process, and a client of the API."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

BIN = pathlib.Path(os.environ.get("LEADBRIDGE_BIN", "build/release/bin")).resolve()
FULL = os.environ.get("LEADBRIDGE_FULL") == "1"


POSTGRES = os.environ.get("LEADBRIDGE_TEST_ENGINE") == "postgres"  # on the server of deploy/checks/with_postgres


class Postgres:
    """A database of its own on the server that LEADBRIDGE_TEST_POSTGRES names."""

    def __init__(self):
        self.server = dict(part.split("=", 1) for part in os.environ["LEADBRIDGE_TEST_POSTGRES"].split())
        self.name = f"leadbridge_{os.getpid()}_{os.urandom(4).hex()}"
        self.sql(f"CREATE DATABASE {self.name}", "postgres")
        self.url = f'postgresql://{self.server["user"]}@/{self.name}?host={urllib.parse.quote(self.server["host"], safe="")}'

    def sql(self, text, database=None):
        done = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.server["host"], "-U", self.server["user"],
             "-d", database or self.name, "-c", text], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"{text}: {done.stderr}")
        return done.stdout.strip()

    def toml(self):
        return f'[database]\nurl = "{self.url}"\n'

    def synced(self):
        return self.sql("SHOW fsync") == "on"

    def dump(self):
        done = subprocess.run(
            ["pg_dump", "-h", self.server["host"], "-U", self.server["user"], self.name], capture_output=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(done.stderr.decode())
        return done.stdout

    def drop(self):
        self.sql(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)", "postgres")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def eventually(check, seconds=20, every=0.05, what="the condition"):
    """The first true answer of check(); AssertionError with the last answer when time is over."""
    end = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in {seconds} s; last: {answer!r}")
        time.sleep(every)


class HttpError(AssertionError):
    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


class Http:
    """One keep-alive connection to a server of ours."""

    def __init__(self, port, headers=None):
        self.port, self.headers, self.conn = port, headers or {}, None

    def raw(self, method, path, body=None, headers=None, timeout=30):
        for fresh in (False, True):
            if self.conn is None or fresh:
                self.conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
            try:
                self.conn.request(method, path, body, {**self.headers, **(headers or {})})
                reply = self.conn.getresponse()
                return reply.status, dict(reply.getheaders()), reply.read()
            except (ConnectionError, http.client.HTTPException, OSError):
                self.conn.close()
                self.conn = None
                if fresh:
                    raise

    def call(self, method, path, body=None, headers=None):
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        status, got, text = self.raw(method, path, data, {"Content-Type": "application/json", **(headers or {})})
        if status >= 400:
            raise HttpError(status, text.decode(errors="replace"))
        return json.loads(text) if text else None

    def get(self, path, **query):
        query = {k: v for k, v in query.items() if v is not None}
        return self.call("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path, body=None, **headers):
        return self.call("POST", path, {} if body is None else body, headers)


class Process:
    def __init__(self, folder, name, args):
        self.folder, self.name, self.args, self.proc = folder, name, [str(a) for a in args], None

    def start(self):
        self.log = open(self.folder / f"{self.name}.log", "ab")
        self.proc = subprocess.Popen(self.args, stdout=self.log, stderr=self.log, cwd=self.folder)
        return self

    def log_text(self):
        return (self.folder / f"{self.name}.log").read_text(errors="replace")

    def kill(self):
        """kill -9: nothing is said goodbye to."""
        self.proc.kill()
        self.proc.wait()
        self.log.close()

    def stop(self, seconds=30):
        if self.proc is None or self.proc.poll() is not None:
            return self.proc.returncode if self.proc else None
        self.proc.send_signal(signal.SIGTERM)
        try:
            return self.proc.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop in {seconds} s")


class WeCom(Process):
    """The local WeCom (`leadbridge sandbox`)."""

    def __init__(self, folder, seed=1, clock=None):
        self.port = free_port()
        self.journal = folder / "wecom.journal"
        super().__init__(
            folder, "wecom", [BIN / "leadbridge", "sandbox", "--port", self.port, "--seed", seed, "--journal", self.journal,
                              *(["--clock", clock] if clock else [])])
        self.http = Http(self.port)

    def start(self):
        super().start()
        eventually(lambda: self.alive(), what="the local WeCom")
        return self

    def alive(self):
        try:
            return self.http.raw("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def do(self, act, **what):
        return self.http.post("/sandbox/" + act, what)

    def state(self, corpid):
        return self.http.get("/sandbox/state", corpid=corpid)

    def deliveries(self):
        return self.http.get("/sandbox/delivery")

    def quiet(self, seconds=60):
        return eventually(lambda: self.deliveries()["open"] == 0, seconds, what="all callbacks delivered or given up")

    def journal_lines(self):
        if not self.journal.exists():
            return []
        return [json.loads(line) for line in self.journal.read_text().splitlines() if line]


class Daemon(Process):
    """`leadbridge serve` with corps on the local WeCom."""

    def __init__(self, folder, wecom, corpids, archive=False, members=3, extra="", key_versions=1, clock=None):
        self.port, self.wecom, self.corpids = free_port(), wecom, corpids
        self.data = folder / "data"
        self.postgres = Postgres() if POSTGRES else None
        text = f'[server]\nlisten = "127.0.0.1:{self.port}"\ndata_dir = "{self.data}"\n[log]\nlevel = "debug"\nformat = "json"\n'
        if self.postgres:
            text += self.postgres.toml()
        text += f"{extra}\n"
        self.companies = {}
        for corpid in corpids:
            company = wecom.do(
                "companies", corpid=corpid, name=f"示例公司 {corpid}", members=members, archive_key_versions=key_versions,
                callback_base=f"http://127.0.0.1:{self.port}/callback/wecom/{corpid}")
            self.companies[corpid] = company
            text += self.corp_toml(folder, company, archive)
        self.config = folder / "leadbridge.toml"
        self.config.write_text(text)
        super().__init__(
            folder, "daemon", [BIN / "leadbridge", "--config", self.config, "serve", *(["--clock", clock] if clock else [])])
        self.api = None

    def corp_toml(self, folder, company, archive):
        corpid = company["corpid"]
        text = f'''
[[corp]]
corp_id = "{corpid}"
name = "{company["name"]}"
api_base = "http://127.0.0.1:{self.wecom.port}"
[corp.app]
agent_id = {company["agent_id"]}
secret = "{company["secrets"]["app"]}"
[corp.contacts]
secret = "{company["secrets"]["contacts"]}"
'''
        for name in ("app", "contacts", "archive"):
            text += f'''[[corp.callback]]
name = "{name}"
token = "{company["token"]}"
encoding_aes_key = "{company["encoding_aes_key"]}"
'''
        if archive:
            keys = []
            for key in company["archive_keys"]:
                file = folder / f'{corpid}-{key["version"]}.pem'
                file.write_text(key["private_pem"])
                file.chmod(0o600)
                keys.append(f'{{ version = {key["version"]}, file = "{file}" }}')
            text += f'''[corp.archive]
enabled = true
secret = "{company["secrets"]["archive"]}"
sdk = "{BIN / "libleadbridge_fake_sdk.so"}"
proxy = "http://127.0.0.1:{self.wecom.port}"
poll_s = 1
private_keys = [{", ".join(keys)}]
'''
        return text

    def start(self):
        super().start()
        eventually(self.ready, 60, what="the daemon")
        if self.api is None:
            token = self.command("token", "create", "--name", "test", "--scope", "admin").strip()
            self.api = Api(self.port, token)
        return self

    def ready(self):
        if self.proc.poll() is not None:
            raise AssertionError("the daemon ended: " + self.log_text()[-2000:])
        try:
            status, _, _ = Http(self.port).raw("GET", "/healthz")
            return status == 200
        except OSError:
            return False

    def command(self, *args, good=True):
        done = subprocess.run(
            [str(BIN / "leadbridge"), "--config", str(self.config), *map(str, args)], capture_output=True, text=True, timeout=120)
        if good and done.returncode != 0:
            raise AssertionError(f"{args}: {done.returncode}: {done.stderr}")
        return done.stdout if good else done

    def metrics(self):
        _, _, text = Http(self.port).raw("GET", "/metrics")
        out = {}
        for line in text.decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                out[name] = float(value)
        return out


class Api(Http):
    def __init__(self, port, token, corp=None):
        headers = {"Authorization": f"Bearer {token}"}
        if corp:
            headers["X-LeadBridge-Corp"] = corp
        super().__init__(port, headers)
        self.token = token

    def of(self, corp):
        return Api(self.port, self.token, corp)

    def get(self, path, **query):
        return super().get("/api/v1/" + path, **query)

    def post(self, path, body=None, **headers):
        return super().post("/api/v1/" + path, body, **headers)

    def all(self, path, **query):
        items, cursor = [], None
        while True:
            page = self.get(path, limit=200, cursor=cursor, **query)
            items += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return items


class Scene:
    """A folder for one test, gone when it was good, kept when it was not."""

    def __init__(self, name):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"leadbridge-{name}-"))
        self.actors = []
        self.databases = []

    def postgres(self):
        self.databases.append(Postgres())
        return self.databases[-1]

    def wecom(self, **options):
        self.actors.append(WeCom(self.folder, **options).start())
        return self.actors[-1]

    def daemon(self, wecom, corpids=("wwSYSTEMTEST0001",), **options):
        self.actors.append(Daemon(self.folder, wecom, list(corpids), **options).start())
        return self.actors[-1]

    def close(self, keep=False):
        for actor in reversed(self.actors):
            try:
                actor.stop()
            except AssertionError:
                keep = True
        for database in self.databases + [a.postgres for a in self.actors if getattr(a, "postgres", None)]:
            database.drop()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        return keep
