"""The history checker: holds what clients were told against what the sandbox saw and what the store has.

Every fault and load test ends here. acknowledged ⊆ stored; effects unique; order per contact; WeCom's limits kept.
"""

import collections


class History:
    def __init__(self, wecom, daemon):
        self.wecom, self.daemon = wecom, daemon
        self.faults = []

    def require(self, good, text):
        if not good:
            self.faults.append(text)

    def drained(self, corpid):
        """Nothing waits in the inbox, and nothing is dead."""
        api = self.daemon.api.of(corpid)
        for state in ("ready", "dead"):
            rows = api.all("inbox", state=state)
            self.require(not rows, f"{corpid}: {len(rows)} inbox rows are {state}: {rows[:3]}")
        dead = api.all("jobs", state="dead")
        self.require(not dead, f"{corpid}: {len(dead)} dead jobs: {dead[:3]}")

    def accepted_are_stored(self, corpid):
        """A callback that was answered 200 has become a friendship on the contact; each contact has exactly one row."""
        api = self.daemon.api.of(corpid)
        accepted = {
            line["subject"]
            for line in self.wecom.journal_lines()
            if line["what"] == "callback" and line["accepted"] and line["corpid"] == corpid
            and line["event"] in ("add_external_contact", "add_half_external_contact")
        }
        stored = collections.Counter()
        for contact in api.all("contacts"):
            card = api.get(f'contacts/{contact["id"]}')
            for identity in card["identities"]:
                if identity["kind"] == "external_userid":
                    stored[identity["value"]] += 1
        self.require(accepted <= set(stored), f"{corpid}: acknowledged but not stored: {sorted(accepted - set(stored))[:5]}")
        self.require(all(n == 1 for n in stored.values()), f"{corpid}: contacts stored twice: {[k for k, n in stored.items() if n > 1][:5]}")
        return accepted

    def at_most_one_welcome(self, corpid):
        for welcome in self.wecom.state(corpid)["welcomes"]:
            self.require(welcome["sends"] <= 1, f"{corpid}: welcome sent {welcome['sends']} times to {welcome['external_userid']}")

    def tasks_unique(self, corpid, content=None):
        """No recipient is in two mass-send tasks of equal content that a member could still send or has sent."""
        seen = collections.Counter()
        for task in self.wecom.state(corpid)["tasks"]:
            if task["cancelled"] or (content and content not in task["content"]):
                continue
            for external in task["status"]:
                seen[(task["content"], external)] += 1
        doubled = [key for key, n in seen.items() if n > 1]
        self.require(not doubled, f"{corpid}: {len(doubled)} recipients are in two tasks: {doubled[:3]}")
        return {external for _, external in seen}

    def limits_kept(self, corpid, per_minute=10_000):
        state = self.wecom.state(corpid)
        self.require(state["calls"].get("over_limit", 0) == 0, f"{corpid}: {state['calls'].get('over_limit')} calls over WeCom's limit")
        for api, peak in state["peak_per_minute"].items():
            self.require(peak <= per_minute, f"{corpid}: {peak} calls of {api} within a minute")

    def messages_whole(self, corpid, expected):
        """Every message exactly once, rising by seq."""
        api = self.daemon.api.of(corpid)
        ids = collections.Counter()
        for conversation in api.all("archive/conversations"):
            before = None
            for message in api.all(f'archive/conversations/{conversation["id"]}/messages'):
                ids[message["msgid"]] += 1
                seq = int(message["seq"])
                self.require(before is None or seq < before, f"{corpid}: seq {seq} after {before}")
                before = seq
        self.require(len(ids) == expected, f"{corpid}: {len(ids)} messages archived, {expected} were said")
        self.require(all(n == 1 for n in ids.values()), f"{corpid}: messages archived twice")

    def verdict(self):
        if self.faults:
            raise AssertionError("the history does not hold:\n  " + "\n  ".join(self.faults))
