#pragma once
// The state of the local WeCom: corps, members, contacts, tags, ways, mass sends, media, chats.
// Held in memory behind one lock (sandbox.h); everything here is called with it held.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/rng.h"
#include "connectors/sandbox/archive_encoding.h"

namespace leadbridge::sandbox {

struct Member {
    std::string userid;
    std::string name;
    std::vector<std::int64_t> departments{1};
    int status = 1;  // 1 active, 4 not activated, 5 left
    bool real_named = true;
};

struct Department {
    std::int64_t id = 1;
    std::string name;
    std::int64_t parent = 0;
};

struct Tag {
    std::string id;
    std::string name;
    std::int64_t order = 0;
    UnixMillis created_ms = 0;
};

struct TagGroup {
    std::string id;
    std::string name;
    std::int64_t order = 0;
    UnixMillis created_ms = 0;
    std::vector<Tag> tags;
};

struct ContactWay {
    std::string config_id;
    int type = 2;
    int scene = 2;
    std::string state;
    std::string remark;
    std::vector<std::string> users;
    bool skip_verify = true;
    UnixMillis created_ms = 0;
};

struct Person {
    std::string external_userid;
    std::string name;
    std::string avatar;
    int type = 1;
    int gender = 0;
    std::string unionid;
    std::string phone;  // known to the person, put into forms and remarks
};

struct Follow {
    std::string userid;
    std::string external_userid;
    std::string remark;
    std::string description;
    std::string state;
    std::vector<std::string> remark_mobiles;
    std::set<std::string> tags;
    UnixMillis created_ms = 0;
    int add_way = 1;
    bool half = false;  // the member has not confirmed yet
    bool deleted_by_contact = false;
    bool chatting = false;  // they have talked: no welcome any more
};

struct WelcomeCode {
    std::string code;
    std::string userid;
    std::string external_userid;
    UnixMillis issued_ms = 0;
    int sends = 0;  // accepted sends: the promise is at most one
    UnixMillis sent_ms = 0;
    std::string text;
};

struct MassTask {
    std::string msgid;
    std::string sender;
    std::vector<std::string> recipients;
    std::string content;  // JSON of text and attachments as sent
    UnixMillis created_ms = 0;
    bool confirmed = false;
    bool cancelled = false;
    UnixMillis confirmed_ms = 0;
    std::map<std::string, int>
        status;  // external_userid -> 0 unsent, 1 sent, 2 not a friend, 3 capped
    std::vector<UnixMillis> reminders;
};

struct MediaFile {
    std::string type;
    std::string name;
    std::string bytes;
    UnixMillis created_ms = 0;
};

struct GroupChat {
    std::string chat_id;
    std::string name;
    std::string owner;
    UnixMillis created_ms = 0;
    std::vector<std::string> members;
    std::int64_t version = 1;
};

struct ArchiveKeyPair {
    int version = 1;
    std::shared_ptr<const crypto::RsaKey> key;  // shared with tests that read the private half
};

struct SignInCode {
    std::string userid;  // of a member, else
    std::string openid;  // of somebody outside
    UnixMillis made_ms = 0;
};

struct Token {
    std::string kind;  // "app" | "contacts" | "archive"
    UnixMillis expires_ms = 0;
};

struct CallbackTarget {
    std::string url;
    std::string token;
    std::string encoding_aes_key;
};

struct Company {
    std::string corpid;
    std::string name;
    std::int64_t agent_id = 1'000'002;
    std::map<std::string, std::string> secrets;       // kind -> secret
    std::map<std::string, CallbackTarget> callbacks;  // name -> target
    std::map<std::string, Member> members;
    std::map<std::int64_t, Department> departments;
    std::map<std::string, TagGroup> tag_groups;
    std::map<std::string, ContactWay> ways;
    std::map<std::string, Person> people;
    std::map<std::pair<std::string, std::string>, Follow> follows;  // (userid, external_userid)
    std::map<std::string, WelcomeCode> welcomes;
    std::map<std::string, MassTask> tasks;
    std::map<std::string, MediaFile> media;
    std::map<std::string, GroupChat> groups;
    std::map<std::string, Token> tokens;
    std::map<std::string, SignInCode> sign_in_codes;
    std::vector<ArchiveRow> archive;
    std::map<std::string, std::string> archive_media;  // sdkfileid -> bytes
    std::vector<ArchiveKeyPair> archive_keys;
    std::vector<std::string> member_messages;               // message/send texts, oldest first
    std::map<std::string, UnixMillis> member_message_seen;  // for enable_duplicate_check
    std::map<std::string, std::deque<UnixMillis>> calls;    // api -> times within the last minute
    std::map<std::string, int> in_flight;                   // api -> calls now
    std::map<std::string, std::int64_t> call_counts;
    std::map<std::string, std::int64_t> peak_per_minute;

    Follow* follow(const std::string& userid, const std::string& external_userid);
    Tag* tag(const std::string& id, TagGroup** group = nullptr);
    std::size_t tag_count() const;
};

struct Fault {
    std::string api;   // path below /cgi-bin/, or "*", or "archive"
    std::string kind;  // "timeout_after" | "timeout_before" | "http_500" | "errcode" | "slow" |
                       // "truncate" | "close"
    std::int64_t value = 0;  // errcode, or ms for slow
    double probability = 1.0;
    std::int64_t remaining = -1;  // calls it still hits; -1 = no end
    std::string corpid;           // "" = every corp
};

struct Limits {
    std::int64_t calls_per_minute = 10'000;  // per corp and API: WeCom's basic limit (page 90454)
    int concurrency = 0;                     // per corp and API, 0 = none (45033)
    std::int64_t latency_ms = 0;             // real ms added to every answer
    std::int64_t token_ttl_s = 7'200;
    int media_ttl_s = 3 * 24 * 3'600;
    std::int64_t cap_per_contact_month = 0;  // 0 = days in month
};

struct World {
    std::map<std::string, Company> companies;
    std::vector<Fault> faults;
    Limits limits;
    std::int64_t next_number = 1;

    Company* company(const std::string& corpid);
    // "prefix" + a number that never repeats in this world.
    std::string fresh(const std::string& prefix);
};

}  // namespace leadbridge::sandbox
