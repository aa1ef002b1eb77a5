"""deploy/bench console: what the pages of the console cost on 10,000, 100,000 and 1,000,000 contacts with five archived messages each.

The data directories are made once by console_load and kept (build/bench-console, LEADBRIDGE_BENCH_DATA) until the program that makes
them or a migration changes. LEADBRIDGE_BENCH_SIZES names other numbers of contacts, LEADBRIDGE_BENCH_CALLS how often each call is made
in each round. First the server: every list and detail call of the pages, the sizes interleaved. Then Chromium on the largest.
"""

import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

from bridge import Http, Process, eventually, free_port
from console_calls import CALLS, UNASKED, Sample

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SIZES = [int(n) for n in os.environ.get("LEADBRIDGE_BENCH_SIZES", "10000,100000,1000000").split(",")]
CALLS_EACH = int(os.environ.get("LEADBRIDGE_BENCH_CALLS", "20"))
DATA = pathlib.Path(os.environ.get("LEADBRIDGE_BENCH_DATA", ROOT / "build/bench-console"))
MESSAGES_EACH = 5
ALLOWED = 2.0  # times a page of the smallest company
NOISE_MS = 1.0  # a difference below it is no finding
PASSWORD = "every page once more"


def version():
    """Changes with whatever decides what a data directory holds."""
    patterns = ["tests/bench/console_*", "*/migrations.cpp", "*/*/migrations.cpp", "*/schema.cpp"]
    sources = sorted(path for pattern in patterns for path in ROOT.glob(pattern))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


class Company(Process):
    """A daemon on a data directory of its own, with an admin and a salesperson."""

    def __init__(self, binaries, contacts):
        self.contacts, self.binaries = contacts, binaries
        self.data = DATA / f"c{contacts}"
        self.port = free_port()
        DATA.mkdir(parents=True, exist_ok=True)
        self.config = DATA / f"c{contacts}.toml"
        self.config.write_text(
            f'[server]\nlisten = "127.0.0.1:{self.port}"\ndata_dir = "{self.data}"\n[log]\nlevel = "warn"\nformat = "json"\n')
        args = [binaries / "leadbridge", "--config", self.config, "serve", "--ui-dir", ROOT / "build/console"]
        super().__init__(DATA, f"c{contacts}", args)

    def command(self, *args, text=None):
        done = subprocess.run(
            [str(self.binaries / "leadbridge"), "--config", str(self.config), *args], input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{args}: {done.stderr}")
        return done.stdout

    def make(self, say):
        stamp = self.data / "made-by"
        if stamp.exists() and stamp.read_text() == version():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir()
        self.command("migrate")
        messages = self.contacts * MESSAGES_EACH
        out = subprocess.run(
            [str(self.binaries / "console_load"), str(self.data), str(self.contacts), str(messages)],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        self.command("user", "add", "bench-admin", "--role", "admin", text=PASSWORD + "\n")
        self.command("user", "add", "bench-sales", "--role", "sales", "--member", "bench001", text=PASSWORD + "\n")
        stamp.write_text(version())
        size = sum(path.stat().st_size for path in self.data.glob("*.db")) / 1e9
        say(f"  made {self.contacts:,} contacts and {messages:,} messages in {json.loads(out)['seconds']:.0f} s, {size:.1f} GB")

    def start(self):
        self.sample = Sample(self.data, self.contacts)  # before the daemon has the file
        super().start()
        eventually(self.alive, 600, 0.2, what="the daemon")
        self.people = {name: self.sign_in(name) for name in ("admin", "sales")}
        eventually(self.indexed, 1_800, 1, what="the search index")
        return self

    def indexed(self):
        return json.loads(self.people["admin"].raw("GET", "/api/v1/archive/health")[2])["search_behind"] == 0

    def alive(self):
        if self.proc.poll() is not None:
            raise AssertionError("the daemon ended: " + self.log_text()[-2000:])
        try:
            return Http(self.port).raw("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def sign_in(self, name):
        origin = f"http://127.0.0.1:{self.port}"
        body = json.dumps({"name": f"bench-{name}", "password": PASSWORD})
        status, headers, text = Http(self.port).raw(
            "POST", "/api/v1/auth/local", body, {"Content-Type": "application/json", "Origin": origin})
        if status != 200:
            raise AssertionError(f"sign-in: {status} {text}")
        cookie = headers["Set-Cookie"].split(";")[0]
        csrf = json.loads(text).get("csrf_token", "")
        return Http(self.port, {"Cookie": cookie, "X-CSRF-Token": csrf, "Origin": origin, "Content-Type": "application/json"})

    def timed(self, call, rng):
        """Milliseconds of one call with arguments of its own, and how many objects it answered."""
        method, path, body = call.ask(self.sample, rng)
        data = None if body is None else json.dumps(body).encode()
        http = self.people[call.who]
        began = time.perf_counter()
        status, _, text = http.raw(method, "/api/v1/" + path, data)
        took = (time.perf_counter() - began) * 1_000
        if status != 200:
            raise AssertionError(f"{method} {path} {body}: {status} {text.decode()[:300]}")
        return took, objects(json.loads(text))


def objects(answer):
    inside = answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else []
    return isinstance(answer, dict) + sum(objects(part) for part in inside)


def p95(times):
    return sorted(times)[int(len(times) * 0.95)]


def uncovered():
    """Calls that the pages read with and that have no line here."""
    pattern = re.compile(r"api\.(GET|POST)\('/api/v1/([^']*)'")
    asked = set()
    for path in (ROOT / "console/desk/src").rglob("*"):
        if path.suffix in (".ts", ".vue"):
            asked |= {f"{method} {name}" for method, name in pattern.findall(path.read_text())}
    return sorted(asked - {call.of for call in CALLS} - UNASKED)


def measure(companies, rounds):
    times = {(call.name, company.contacts): [] for call in CALLS for company in companies}
    sizes = {key: 0 for key in times}
    for call in CALLS:
        for company in companies:
            for _ in range(2):  # the first builds what is kept in memory
                company.timed(call, random.Random(1))
    for n in range(rounds):
        for call in CALLS:
            for company in companies:
                rng = random.Random(f"{call.name} {n}")
                for _ in range(CALLS_EACH):
                    took, n = company.timed(call, rng)
                    times[call.name, company.contacts].append(took)
                    sizes[call.name, company.contacts] += n
    return times, sizes


def server(companies, rounds, say):
    say(f"server p95 in ms of {rounds * CALLS_EACH} calls each, interleaved; on loopback from Python, which is part of it")
    say(f"  {'':52}" + "".join(f"{c.contacts:>11,}" for c in companies) + f"{'ratio':>8}")
    times, sizes = measure(companies, rounds)
    over = []
    for call in CALLS:
        row = [p95(times[call.name, company.contacts]) for company in companies]
        ratio = row[-1] / row[0]
        # A page that so small a company cannot fill is compared by what it holds.
        given = [sizes[call.name, company.contacts] for company in companies]
        fuller = max(given[-1] / given[0], 1.0)
        bad = ratio > ALLOWED * fuller and row[-1] - row[0] * ALLOWED > NOISE_MS
        mark = " over" if bad and call.paged else " (counts)" if bad else f" (holds {fuller:.1f} times as much)" if fuller > 1.1 else ""
        over += [call.name] if bad and call.paged else []
        say(f"  {call.name:52}" + "".join(f"{ms:11.1f}" for ms in row) + f"{ratio:8.1f}{mark}")
    say(f"  a page of {companies[-1].contacts:,} at most {ALLOWED:g} times one of {companies[0].contacts:,}: "
        + (f"{len(over)} over: {', '.join(over)}" if over else "all"))
    for name in uncovered():
        say(f"  not measured: {name}")


def browser(company, rounds, say):
    if not pathlib.Path("/usr/bin/chromium").exists():
        say("browser: no /usr/bin/chromium; skipped")
        return
    subprocess.run([ROOT / "deploy/console", "build"], check=True, stdout=subprocess.DEVNULL)
    say(f"Chromium on {company.contacts:,} contacts, medians of {rounds}")
    script = ["scripts/bench.mjs", f"http://127.0.0.1:{company.port}", "bench-admin", PASSWORD, str(rounds)]
    for args in (script, ["scripts/sizes.mjs"]):
        done = subprocess.run([ROOT / "deploy/console", "run", "node", *args], stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
        for line in done.stdout.splitlines():
            say("  " + line)
        if done.returncode != 0:
            say(f"  {args[0]} ended with {done.returncode}")


def bench_console(binaries, rounds, say):
    companies = [Company(binaries, contacts) for contacts in SIZES]
    for company in companies:
        company.make(say)
    started = []
    try:
        for company in companies:
            started.append(company.start())
        server(companies, rounds, say)
        browser(companies[-1], rounds, say)
    finally:
        for company in started:
            company.stop()
