"""The list and detail calls of the console's pages, as deploy/bench console makes them."""

import json
import random
import sqlite3
import urllib.parse


class Sample:
    """Ids and names to ask with, read before the daemon starts; drawn by ordinal, so they are spread over the whole company."""

    def __init__(self, data, contacts):
        core = sqlite3.connect(f"file:{data}/core.db?mode=ro", uri=True)
        archive = sqlite3.connect(f"file:{data}/archive.db?mode=ro", uri=True)
        rng = random.Random(7)
        ords = rng.sample(range(contacts), 200)
        marks = ",".join("?" * len(ords))
        these = f"(SELECT id FROM contact WHERE ord IN ({marks}))"
        found = core.execute(f"SELECT id, name FROM contact WHERE ord IN ({marks}) AND merged_into = 0", ords).fetchall()
        self.contacts = [str(row[0]) for row in found]
        self.names = [row[1] for row in found]
        self.long = self.column(core, "SELECT id FROM contact WHERE ord % 5000 = 0")
        self.phones = self.column(core, f"SELECT value FROM identity WHERE kind = 3 AND contact_id IN {these}", ords)
        self.externals = self.column(core, f"SELECT value FROM identity WHERE kind = 1 AND contact_id IN {these}", ords)
        self.leads = self.column(core, f"SELECT id FROM lead WHERE contact_id IN {these}", ords)
        self.remarks = self.column(core, f"SELECT remark FROM follow WHERE remark <> '' AND contact_id IN {these}", ords)
        self.tags = self.column(core, "SELECT id FROM tag ORDER BY uses DESC")
        self.members = self.column(core, "SELECT id FROM member")
        self.channels = self.column(core, "SELECT id FROM channel")
        self.segments = self.column(core, "SELECT id FROM segment")
        self.sources = self.column(core, "SELECT id FROM source")
        self.pushes = self.column(core, "SELECT id FROM push")
        self.users = self.column(core, "SELECT id FROM user_account")
        self.corps = self.column(core, "SELECT id FROM corp")
        self.conversations = self.column(archive, "SELECT id FROM conversation ORDER BY id LIMIT 2000")
        self.long_conversations = self.column(
            core, "SELECT conversation FROM chat_summary WHERE contact_id IN (SELECT id FROM contact WHERE ord % 5000 = 0)")
        core.close()
        archive.close()

    @staticmethod
    def column(db, sql, params=()):
        return [str(row[0]) for row in db.execute(sql, params)]


class Call:
    def __init__(self, name, method, path, ask=None, body=None, who="admin", paged=True):
        """ask(sample, rng) gives what stands for {} in path; body likewise. paged: a page of a list or one record; else it counts."""
        self.name, self.method, self.path, self.who, self.paged = name, method, path, who, paged
        self.fill, self.body = ask, body
        self.of = f"{method} {path.split('?')[0]}"

    def ask(self, sample, rng):
        path = self.path
        if self.fill is not None:
            given = urllib.parse.quote(self.fill(sample, rng), safe="")
            path = path[:path.index("{")] + given + path[path.index("}") + 1:]
        return self.method, path, None if self.body is None else self.body(sample, rng)


def one(field):
    return lambda sample, rng: rng.choice(getattr(sample, field))


def listed(name, path="contacts/query", who="admin", paged=True, **fixed):
    """A query; what of its body is callable is asked for each time."""
    def body(sample, rng):
        return {key: value(sample, rng) if callable(value) else value for key, value in fixed.items()}
    return Call(name, "POST", path, body=body, who=who, paged=paged)


def counted(name, path="contacts/query", **fixed):
    return listed(f"{name}: how many", path, paged=False, limit=1, total=True, **fixed)


def tag(n):
    return lambda sample, rng: {"tag": sample.tags[(n + rng.randrange(20)) % len(sample.tags)]}


def two_tags(sample, rng):
    return {"all": [tag(0)(sample, rng), {"not": tag(40)(sample, rng)}]}


def within(field, value):
    return {"field": field, "op": "within", "value": value}


def part(field, size):
    return lambda sample, rng: rng.choice(getattr(sample, field))[:size]


def contains(field, value):
    return lambda sample, rng: {"field": field, "op": "contains", "value": value(sample, rng)}


def segment(sample, rng):
    return {"segment": rng.choice(sample.segments)}


QUIET = {"not": within("last_touch", "30d")}
UNOWNED = {"field": "owner", "op": "exists", "value": False}

CALLS = [
    Call("home", "GET", "home"),
    Call("home, a salesperson", "GET", "home", who="sales"),
    Call("home: feed", "GET", "events?limit=30"),
    listed("contacts, newest first", sort="-created", limit=50),
    listed("contacts, newest first, a salesperson", who="sales", sort="-created", limit=50),
    listed("contacts, last touched", sort="-last_touch", limit=50),
    listed("contacts, by name", sort="name", limit=50),
    listed("contacts, a tag", condition=tag(0), sort="-created", limit=50),
    listed("contacts, a tag, last touched", condition=tag(0), sort="-last_touch", limit=50),
    listed("contacts, a tag without another", condition=two_tags, sort="-created", limit=50),
    listed("contacts, new in 7 days", condition=within("created", "7d"), sort="-created", limit=50),
    listed("contacts, without an owner", condition=UNOWNED, sort="-created", limit=50),
    listed("contacts, quiet for 30 days, by touch", condition=QUIET, sort="last_touch", limit=50),
    listed("contacts, company contains", condition=contains("company", lambda s, r: r.choice(["科技", "餐饮"])), sort="-created", limit=50),
    listed("contacts, name contains", condition=contains("name", part("names", 2)), sort="-created", limit=50),
    listed("contacts, search a surname", q=part("names", 1), sort="-created", limit=50),
    listed("contacts, search two characters", q=part("names", 2), sort="-created", limit=50),
    listed("contacts, search two, last touched", q=part("names", 2), sort="-last_touch", limit=50),
    listed("contacts, search a name", q=part("names", 9), sort="-created", limit=50),
    listed("contacts, search a remark", q=one("remarks"), sort="-created", limit=50),
    listed("contacts, search a phone", q=one("phones"), sort="-created", limit=50),
    listed("contacts, search what is not there", q="饕餮饕餮", sort="-created", limit=50),
    listed("contacts, search two, a salesperson", who="sales", q=part("names", 2), sort="-created", limit=50),
    counted("contacts"),
    counted("contacts, a tag without another", condition=two_tags),
    counted("contacts, new in 7 days", condition=within("created", "7d")),
    counted("contacts, quiet for 30 days", condition=QUIET),
    counted("contacts, name contains", condition=contains("name", part("names", 2))),
    counted("contacts, search a surname", q=part("names", 1)),
    counted("contacts, search two characters", q=part("names", 2)),
    Call("palette: search two characters", "GET", "search?q={}", part("names", 2)),
    Call("palette: search a name", "GET", "search?q={}", one("names")),
    Call("palette: search a phone", "GET", "search?q={}", one("phones")),
    Call("contacts by q", "GET", "contacts?limit=6&q={}", one("names")),
    Call("contact", "GET", "contacts/{id}", one("contacts")),
    Call("contact, of a long story", "GET", "contacts/{id}", one("long")),
    Call("contact: timeline", "GET", "contacts/{id}/timeline?limit=30", one("contacts")),
    Call("contact: timeline of a long story", "GET", "contacts/{id}/timeline?limit=30", one("long")),
    Call("contact: messages", "GET", "contacts/{id}/messages?limit=30", one("contacts")),
    Call("contact: messages of a long story", "GET", "contacts/{id}/messages?limit=30", one("long")),
    Call("contact: leads", "GET", "leads?limit=20&contact={}", one("contacts")),
    listed("leads, last touched", "leads/query", limit=50),
    listed("leads, last touched, a salesperson", "leads/query", who="sales", limit=50),
    listed("leads, following", "leads/query", status=["following"], limit=50),
    listed("leads, of an owner", "leads/query", owner=lambda s, r: [r.choice(s.members)], limit=50),
    listed("leads, of a channel", "leads/query", channel=lambda s, r: [r.choice(s.channels)], limit=50),
    listed("leads, of contacts with a tag", "leads/query", condition=tag(0), limit=50),
    listed("leads, search two characters", "leads/query", q=part("names", 2), limit=50),
    listed("leads, board", "leads/board", limit=30),
    listed("leads, board, a salesperson", "leads/board", who="sales", limit=30),
    counted("leads", "leads/query"),
    counted("leads, of contacts with a tag", "leads/query", condition=tag(0)),
    Call("lead", "GET", "leads/{id}", one("leads")),
    Call("channels", "GET", "channels?limit=50&days=7"),
    Call("channel", "GET", "channels/{id}", one("channels")),
    Call("channel: who serves", "GET", "channels/{id}/serving", one("channels")),
    Call("channel: swaps", "GET", "channels/{id}/swaps?limit=20", one("channels")),
    Call("channel: statistics", "GET", "channels/{id}/stats", one("channels"), paged=False),
    Call("sources", "GET", "sources?limit=50"),
    Call("source", "GET", "sources/{id}", one("sources")),
    Call("tags", "GET", "tags"),
    Call("tag", "GET", "tags/{id}", one("tags")),
    Call("tags: sync", "GET", "tags/sync"),
    Call("segments", "GET", "segments?limit=50"),
    Call("segment", "GET", "segments/{id}", one("segments")),
    listed("segment: preview", "segments/preview", condition=two_tags),
    listed("segments: overlap", "segments/overlap", a=segment, b=segment),
    Call("pushes", "GET", "pushes?limit=20"),
    Call("push", "GET", "pushes/{id}", one("pushes")),
    Call("push: members", "GET", "pushes/{id}/members", one("pushes"), paged=False),
    Call("push: recipients", "GET", "pushes/{id}/recipients?limit=50", one("pushes")),
    Call("push: batches", "GET", "pushes/{id}/batches?limit=50", one("pushes")),
    Call("conversations", "GET", "archive/conversations?limit=50"),
    listed("archive: search a word", "archive/search", q=lambda s, r: r.choice(["优惠", "发货", "方案", "多少钱"]), limit=20),
    listed("archive: search, a salesperson", "archive/search", who="sales", q=lambda s, r: r.choice(["优惠", "发货", "方案"]), limit=20),
    Call("conversations, a salesperson", "GET", "archive/conversations?limit=50", who="sales"),
    Call("conversations, of one person", "GET", "archive/conversations?limit=50&participant={}", one("externals")),
    Call("conversation: messages", "GET", "archive/conversations/{id}/messages?limit=50", one("conversations")),
    Call("conversation: messages of a long one", "GET", "archive/conversations/{id}/messages?limit=50", one("long_conversations")),
    Call("archive: health", "GET", "archive/health"),
    Call("system: health", "GET", "health"),
    Call("system: inbox", "GET", "inbox?limit=50"),
    Call("system: jobs", "GET", "jobs?limit=50"),
    Call("system: sync", "GET", "sync"),
    Call("audit", "GET", "audit?limit=50"),
    Call("members", "GET", "members?limit=200"),
    Call("departments", "GET", "departments"),
    Call("users", "GET", "users?limit=50"),
    Call("user", "GET", "users/{id}", one("users")),
    Call("tokens", "GET", "tokens"),
    Call("sessions", "GET", "sessions"),
    Call("me", "GET", "me"),
    Call("roles", "GET", "roles"),
    Call("departments: roles", "GET", "departments/roles"),
    Call("corps", "GET", "corps"),
    Call("corp", "GET", "corps/{id}", one("corps")),
    Call("setup: steps", "GET", "setup/steps"),
    Call("setup: domain", "GET", "setup/domain"),
    Call("views", "GET", "views?page=contacts"),
]

# Writes, what only a sandbox has, and records that this company has none of.
UNASKED = {
    "GET inbox/{id}", "GET operations/{id}", "GET operations/{id}/failures", "GET sandbox", "POST bulk", "POST channels",
    "POST contacts/{id}/notes", "POST contacts/{id}/reveal", "POST corps", "POST inbox/{id}/drop", "POST inbox/{id}/park", "POST inbox/{id}/replay",
    "POST jobs/{id}/drop", "POST jobs/{id}/retry", "POST leads/{id}/assign", "POST leads/{id}/claim", "POST leads/{id}/convert",
    "POST leads/{id}/invalidate", "POST leads/{id}/return", "POST me/password", "POST me/totp", "POST me/totp/confirm",
    "POST operations/{id}/cancel", "POST operations/{id}/undo", "POST pushes", "POST pushes/estimate",
    "POST pushes/{id}/batches/{batch}/decide", "POST pushes/{id}/cancel", "POST pushes/{id}/remind", "POST pushes/{id}/submit",
    "POST sandbox/{act}", "POST segments", "POST setup/steps/{step}/test", "POST sources", "POST sources/{id}/rotate",
    "POST sync", "POST tags", "POST tags/merge", "POST tokens", "POST users", "POST users/{id}/unlock", "POST views"}
