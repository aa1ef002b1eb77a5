"""The main job, told as a conversation: scan, lead, welcome, chat, push."""

import unittest

from bridge import Scene, eventually
from history import History

CORP = "wwSYSTEMTEST0001"


class MainJob(unittest.TestCase):
    def setUp(self):
        self.scene = Scene("main")
        self.wecom = self.scene.wecom()
        self.daemon = self.scene.daemon(self.wecom, archive=True)
        self.api = self.daemon.api

    def tearDown(self):
        broken = any(error for _, error in self._outcome.result.failures + self._outcome.result.errors if _ is self)
        if self.scene.close(keep=broken):
            print("kept", self.scene.folder)

    def channel(self, name="展会", welcome="{contact}您好，我是{member}", members=("sample1",)):
        tag = self.api.post("tags", {"group": "来源", "name": name, "kind": "wecom"})
        inner = self.api.post("tags", {"group": "内部", "name": name})
        made = self.api.post("channels", {
            "name": name, "kind": "contact_way", "members": list(members), "tags": [tag["id"], inner["id"]],
            "welcome": {"text": welcome}})
        channel = eventually(
            lambda: (c := self.api.get(f'channels/{made["id"]}'))["sync"] == "ready" and c, what="the channel at WeCom")
        return channel, tag, inner

    def scan(self, channel, **how):
        scan = self.wecom.do("scan", corpid=CORP, state=channel["state"], **how)["scans"][0]
        return scan["external_userid"], scan["userid"]

    def contact(self, external):
        return eventually(lambda: self.api.get("contacts", q=external)["items"], what=f"contact {external}")[0]

    def welcome_of(self, external):
        return [w for w in self.wecom.state(CORP)["welcomes"] if w["external_userid"] == external]

    def test_scan_becomes_a_tagged_lead_with_owner_and_welcome(self):
        channel, tag, inner = self.channel()
        external, userid = self.scan(channel, name="示例客户一")
        contact = self.contact(external)
        lead = eventually(lambda: self.api.get("leads", contact=contact["id"])["items"], what="the lead")[0]
        self.assertEqual(lead["status"], "new")
        self.assertEqual(lead["first_source"]["channel"], channel["id"])
        members = self.api.get("members")["items"]
        self.assertIn(lead["owner"], [m["id"] for m in members], members)
        owner = {m["id"]: m["userid"] for m in members}[lead["owner"]]
        self.assertEqual(owner, userid)
        card = self.api.get(f'contacts/{contact["id"]}')
        self.assertEqual({t["id"] for t in card["tags"]}, {tag["id"], inner["id"]})
        sent = eventually(lambda: [w for w in self.welcome_of(external) if w["sends"]], what="the welcome")
        self.assertEqual(sent[0]["sends"], 1)
        self.assertIn("我是", sent[0]["text"])
        # The WeCom tag is set there too, on the friendship.
        wecom_id = eventually(lambda: self.api.get(f'tags/{tag["id"]}')["wecom_id"], what="the tag at WeCom")
        eventually(
            lambda: [f for f in self.wecom.state(CORP)["follows"] if f["external_userid"] == external and wecom_id in f["tags"]],
            what="the tag on the friendship at WeCom")

    def test_the_same_scan_again_changes_nothing(self):
        channel, _, _ = self.channel()
        self.wecom.do("delivery", duplicate_percent=100)
        external, _ = self.scan(channel)
        contact = self.contact(external)
        self.wecom.quiet()
        self.assertEqual(len(self.api.get("leads", contact=contact["id"])["items"]), 1)
        history = History(self.wecom, self.daemon)
        history.at_most_one_welcome(CORP)
        history.verdict()

    def test_half_add_and_add_are_one_touch(self):
        channel, _, _ = self.channel()
        external, userid = self.scan(channel, half_first=True)
        self.wecom.do("confirm-add", corpid=CORP, userid=userid, external_userid=external)
        contact = self.contact(external)
        eventually(
            lambda: not self.api.get(f'contacts/{contact["id"]}')["follows"][0]["half"], what="the confirmed friendship")
        self.assertEqual(len(self.api.get("leads", contact=contact["id"])["items"]), 1)
        eventually(lambda: sum(w["sends"] for w in self.welcome_of(external)) == 1, what="one welcome")

    def test_friend_lost_and_friend_deleted_are_told_apart(self):
        channel, _, _ = self.channel()
        one, member = self.scan(channel)
        two, _ = self.scan(channel)
        contacts = [self.contact(one), self.contact(two)]
        self.wecom.do("delete", corpid=CORP, userid=member, external_userid=one, by="contact")
        self.wecom.do("delete", corpid=CORP, userid=member, external_userid=two, by="member")

        def ended(contact):
            follow = self.api.get(f'contacts/{contact["id"]}')["follows"][0]
            return not follow["live"] and follow["ended_by"]

        self.assertEqual(eventually(lambda: ended(contacts[0])), "contact_deleted")
        self.assertEqual(eventually(lambda: ended(contacts[1])), "member_deleted")

    def test_a_phrase_is_found_where_it_was_said(self):
        channel, _, _ = self.channel()
        external, userid = self.scan(channel)
        contact = self.contact(external)
        for text in ("请问含税吗？", "年底前签合同，含税价 Invoice 2026 👍", "好的"):
            self.wecom.do("chat", corpid=CORP, **{"from": userid}, to=[external], text=text)

        def search(q, **filters):
            return self.api.post("archive/search", {"q": q, "filter": filters, "total": True})

        found = eventually(lambda: (page := search("含税价")) and page["items"] and page, 30, what="the phrase")
        self.assertEqual(found["total"], {"value": 1, "relation": "eq"})
        hit = found["items"][0]
        self.assertEqual([hit["text"][m["first"]:m["first"] + m["length"]] for m in hit["highlights"]], ["含税价"])
        self.assertEqual((hit["before"]["summary"], hit["after"]["summary"]), ("请问含税吗？", "好的"))
        self.assertEqual((hit["conversation"]["userid"], hit["conversation"]["contact"]), (userid, contact["id"]))
        around = self.api.get(f'archive/conversations/{hit["conversation"]["id"]}/messages?around={hit["message"]["id"]}&limit=2')
        self.assertEqual([m["summary"] for m in around["items"]], ["好的", hit["message"]["summary"], "请问含税吗？"])
        self.assertEqual(len(search("含税")["items"]), 2)
        self.assertEqual(len(search("invoice 合同", contact=contact["id"], member=userid, types=["text"])["items"]), 1)
        self.assertEqual(search("含税", sender=external)["items"], [])
        self.assertEqual(len(search("👍", recalled=False)["items"]), 1)
        eventually(lambda: self.api.get("archive/health")["search_behind"] == 0, what="the index caught up")
        # Nothing of it stands readable on the disk.
        for file in self.daemon.data.glob("fts-*.db*"):
            self.assertNotIn("Invoice".lower().encode(), file.read_bytes().lower())
            self.assertNotIn("含税".encode(), file.read_bytes())

    def test_chat_is_archived_on_the_contact(self):
        channel, _, _ = self.channel()
        external, userid = self.scan(channel)
        contact = self.contact(external)
        self.wecom.do("chat", corpid=CORP, **{"from": external}, to=[userid], text="请问多少钱？")
        said = self.wecom.do("chat", corpid=CORP, **{"from": userid}, to=[external], text="明天给您报价")
        self.wecom.do("chat", corpid=CORP, **{"from": external}, to=[userid], msgtype="file", media_bytes="700000", fileext="pdf")

        def messages():
            found = self.api.get(f'contacts/{contact["id"]}/messages')["items"]
            return found if len(found) == 3 else None

        file, answer, question = eventually(messages, 30, what="three messages")
        talk = next(t for t in self.api.get("archive/conversations")["items"] if t["external_userid"] == external)
        named = self.api.get(f'contacts/{contact["id"]}')["name"]  # by now it is known
        self.assertEqual((talk["contact"], talk["contact_name"]), (contact["id"], named))
        self.assertEqual((question["side"], answer["side"]), ("contact", "member"))
        self.assertEqual(answer["content"]["content"], "明天给您报价")
        media = eventually(
            lambda: (m := self.api.get(f'contacts/{contact["id"]}/messages')["items"][0]["media"])[0]["state"] == "stored" and m[0],
            what="the file")
        status, headers, data = self.api.raw("GET", f'/api/v1/archive/media/{media["id"]}')
        self.assertEqual((status, len(data)), (200, 700000))
        status, headers, data = self.api.raw("GET", f'/api/v1/archive/media/{media["id"]}', headers={"Range": "bytes=10-19"})
        self.assertEqual((status, len(data), headers["Content-Range"]), (206, 10, "bytes 10-19/700000"))
        self.wecom.do("chat", corpid=CORP, **{"from": userid}, to=[external], msgtype="revoke", action="recall", body={"pre_msgid": said["msgid"]})
        eventually(
            lambda: [m for m in self.api.get(f'contacts/{contact["id"]}/messages')["items"] if m["msgid"] == said["msgid"] and m["recalled"]],
            what="the recall on the original")
        # crm knows that they talk: the lead moves from new to following.
        eventually(
            lambda: self.api.get("leads", contact=contact["id"])["items"][0]["status"] == "following", what="the lead following")

    def test_segment_gets_a_push_and_every_outcome_is_known(self):
        channel, tag, _ = self.channel(members=("sample1", "sample2"))
        people = [self.scan(channel) for _ in range(6)]
        for external, _ in people:
            self.contact(external)
        eventually(
            lambda: self.api.post("segments/preview", {"condition": {"tag": tag["id"]}})["count"] == 6, what="six in the segment")
        gone, member = people[0]
        self.wecom.do("delete", corpid=CORP, userid=member, external_userid=gone, by="contact")
        eventually(
            lambda: not self.api.get(f'contacts/{self.contact(gone)["id"]}')["follows"][0]["live"], what="one friend lost")
        path = f'contacts/{self.contact(people[5][0])["id"]}'
        _, headers, _ = self.api.raw("GET", "/api/v1/" + path)
        self.api.call("PATCH", "/api/v1/" + path, {"opted_out": True}, {"If-Match": headers["ETag"]})
        self.assertIn("opted_out", [event["kind"] for event in self.api.get(path + "/timeline")["items"]])
        push = self.api.post("pushes", {"name": "新品", "condition": {"tag": tag["id"]}, "content": {"text": "新品资料"}})
        self.api.post(f'pushes/{push["id"]}/submit')

        def counts():
            return self.api.get(f'pushes/{push["id"]}')["counts"]

        eventually(lambda: counts()["waiting"] == 4, what="four wait for their members")
        self.assertEqual(counts()["excluded"], {"lost": 1, "opted_out": 1})
        # Another one deletes the member before the send: WeCom reports "not a friend".
        self.wecom.do("delete", corpid=CORP, userid=people[1][1], external_userid=people[1][0], by="contact")
        self.assertGreaterEqual(self.wecom.do("confirm-task", corpid=CORP)["confirmed"], 1)
        eventually(lambda: counts()["waiting"] == 0, 90, what="all outcomes")
        self.assertEqual((counts()["delivered"], counts()["not_friend"]), (3, 1))
        self.assertEqual(eventually(lambda: self.api.get(f'pushes/{push["id"]}')["status"]), "done")
        history = History(self.wecom, self.daemon)
        history.tasks_unique(CORP)
        history.verdict()

    def test_form_becomes_a_lead_and_later_joins_the_friend(self):
        source = self.api.post("sources", {
            "name": "官网表单", "kind": "generic", "auth": {"kind": "path", "secrets": ["formsecret-of-the-test-0001"]},
            "map": {"id": "/id", "name": "/name", "phone": "/phone", "unionid": "/unionid"}})
        hook = f'/hook/{source["id"]}/formsecret-of-the-test-0001'
        body = b'{"id":"f-1","name":"\xe7\xa4\xba\xe4\xbe\x8b","phone":"19900000001","unionid":"union-1"}'
        status, _, _ = self.api.raw("POST", hook, body, {"Content-Type": "application/json"})
        self.assertEqual(status, 200)
        contact = eventually(lambda: self.api.get("contacts", q="8619900000001")["items"], what="the form's contact")[0]
        self.assertEqual(self.api.get("leads", contact=contact["id"])["items"][0]["first_source"]["kind"], "form")
        self.assertEqual(self.api.raw("POST", f'/hook/{source["id"]}/wrong', body)[0], 403)
        # The same person adds a member later: the unionid proves it.
        channel, _, _ = self.channel()
        external, _ = self.scan(channel, unionid="union-1")
        joined = eventually(
            lambda: (c := self.contact(external)) and len(self.api.get("contacts")["items"]) == 1 and c, 30, what="one contact")
        self.assertEqual(len([l for l in self.api.get("leads", contact=joined["id"])["items"] if l["status"] in ("new", "unassigned", "following")]), 1)


if __name__ == "__main__":
    unittest.main()
