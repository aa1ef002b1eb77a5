#include "connectors/wecom/contact_sync_rows.h"

#include "crm/outbox.h"
#include "crm/staff/member.h"

namespace leadbridge::wecom::sync_rows {

namespace {

constexpr std::string_view columns =
    "id,corp_id,kind,stage,members_total,position,contacts,unlicensed,started_ms,finished_ms,error,"
    "width,cursor,restarts";

Run read(const Row& row) {
    Run run;
    run.view.id = row.integer(0);
    run.view.corp = row.id<CorpId>(1);
    run.view.kind = static_cast<SyncKind>(row.integer(2));
    run.view.stage = static_cast<SyncStage>(row.integer(3));
    run.view.members_total = static_cast<int>(row.integer(4));
    run.view.members_done = static_cast<int>(row.integer(5));
    run.view.contacts = row.integer(6);
    run.view.unlicensed = static_cast<int>(row.integer(7));
    run.view.started_ms = row.integer(8);
    run.view.finished_ms = row.integer(9);
    run.view.error = row.str(10);
    run.width = static_cast<int>(row.integer(11));
    run.cursor = row.str(12);
    run.restarts = static_cast<int>(row.integer(13));
    return run;
}

std::string select(std::string_view rest) {
    return "SELECT " + std::string(columns) + " FROM contact_sync_run WHERE corp_id=? " +
           std::string(rest);
}

Status put(
    Transaction& tx,
    const WecomServices& services,
    const Run& run,
    UnixMillis at,
    std::string key,
    crm::TouchBody body
) {
    crm::Touch touch;
    touch.corp = run.view.corp;
    touch.at = at;
    touch.key = std::move(key);
    touch.body = std::move(body);
    auto applied = crm::intake(tx, services.intake(), touch);
    return applied ? Status{} : Status{std::move(applied).error()};
}

}  // namespace

Run create(Transaction& tx, CorpId corp, std::int64_t id, SyncKind kind, UnixMillis now) {
    Run run;
    run.view.id = id;
    run.view.corp = corp;
    run.view.kind = kind;
    run.view.started_ms = now;
    tx.execute(
        "INSERT INTO contact_sync_run(id,corp_id,kind,stage,members_total,position,width,cursor,"
        "restarts,contacts,unlicensed,started_ms,finished_ms,error) "
        "VALUES(?,?,?,?,0,0,?,'',0,0,0,?,0,'')",
        {id, corp, kind, SyncStage::members, full_width, now}
    );
    return run;
}

std::optional<Run> find(Snapshot& s, CorpId corp, std::int64_t id) {
    return s.one(select("AND id=?"), {corp, id}, read);
}

std::optional<Run> unfinished(Snapshot& s, CorpId corp) {
    return s.one(select("AND finished_ms=0 ORDER BY id LIMIT 1"), {corp}, read);
}

std::optional<Run> last(Snapshot& s, CorpId corp) {
    return s.one(select("ORDER BY id DESC LIMIT 1"), {corp}, read);
}

void save(Transaction& tx, const Run& run) {
    tx.execute(
        "UPDATE contact_sync_run SET stage=?,members_total=?,position=?,width=?,cursor=?,"
        "restarts=?,contacts=?,unlicensed=?,finished_ms=?,error=? WHERE corp_id=? AND id=?",
        {run.view.stage,
         run.view.members_total,
         run.view.members_done,
         run.width,
         run.cursor,
         run.restarts,
         run.view.contacts,
         run.view.unlicensed,
         run.view.finished_ms,
         run.view.error,
         run.view.corp,
         run.view.id}
    );
    tx.changed({run.view.corp, "contact_sync", run.view.id, "updated"});
}

bool place_member(Transaction& tx, const Run& run, const std::string& userid, int place) {
    const auto key = crm::userid_key(userid);
    const auto covered = tx.one(
        "SELECT covered_ms FROM contact_sync_member WHERE corp_id=? AND userid_key=?",
        {run.view.corp, key},
        [](const Row& row) { return row.integer(0); }
    );
    const bool wanted = run.view.kind == SyncKind::full || !covered || *covered == 0;
    tx.execute(
        "INSERT INTO contact_sync_member(corp_id,userid_key,userid,listed_run,run_id,place,"
        "covered_ms,unlicensed) VALUES(?,?,?,?,?,?,0,0) "
        "ON CONFLICT(corp_id,userid_key) DO UPDATE SET userid=excluded.userid,"
        "listed_run=excluded.listed_run,run_id=excluded.run_id,place=excluded.place,unlicensed=0",
        {run.view.corp, key, userid, run.view.id, wanted ? run.view.id : 0, place}
    );
    return wanted;
}

std::vector<std::string> drop_unlisted(Transaction& tx, const Run& run) {
    return tx.all(
        "DELETE FROM contact_sync_member WHERE corp_id=? AND listed_run<>? RETURNING userid",
        {run.view.corp, run.view.id},
        [](const Row& row) { return row.str(0); }
    );
}

std::vector<std::string> members_at(Snapshot& s, const Run& run, int place, int count) {
    return s.all(
        "SELECT userid FROM contact_sync_member WHERE corp_id=? AND run_id=? AND place>=? AND "
        "place<? ORDER BY place",
        {run.view.corp, run.view.id, place, place + count},
        [](const Row& row) { return row.str(0); }
    );
}

void mark_covered(Transaction& tx, const Run& run, int count, UnixMillis now) {
    tx.execute(
        "UPDATE contact_sync_member SET covered_ms=? WHERE corp_id=? AND run_id=? AND place>=? AND "
        "place<? AND unlicensed=0",
        {now, run.view.corp, run.view.id, run.view.members_done, run.view.members_done + count}
    );
}

int mark_unlicensed(Transaction& tx, const Run& run, const std::vector<std::string>& userids) {
    std::int64_t marked = 0;
    for (const auto& userid : userids) {
        marked += tx.execute(
            "UPDATE contact_sync_member SET unlicensed=1 WHERE corp_id=? AND userid_key=? AND "
            "run_id=? AND unlicensed=0",
            {run.view.corp, crm::userid_key(userid), run.view.id}
        );
    }
    return static_cast<int>(marked);
}

std::string sweepable_member(Snapshot& s, const Run& run, int place) {
    return s
        .one(
            "SELECT userid FROM contact_sync_member WHERE corp_id=? AND run_id=? AND place=? AND "
            "covered_ms>=? AND unlicensed=0",
            {run.view.corp, run.view.id, place, run.view.started_ms},
            [](const Row& row) { return row.str(0); }
        )
        .value_or("");
}

Status apply(
    Transaction& tx,
    const WecomServices& services,
    const Run& run,
    const crm::ContactFetched& contact,
    UnixMillis at
) {
    const auto& userid = contact.follows.front().userid;
    return put(
        tx,
        services,
        run,
        at,
        "sync:" + std::to_string(run.view.id) + ':' + contact.external_userid + ':' +
            crm::userid_key(userid),
        contact
    );
}

Status apply_gone(
    Transaction& tx,
    const WecomServices& services,
    const Run& run,
    const std::string& userid,
    const std::string& external_userid
) {
    return put(
        tx,
        services,
        run,
        run.view.started_ms,
        "sync-gone:" + std::to_string(run.view.id) + ':' + external_userid + ':' +
            crm::userid_key(userid),
        crm::FollowGone{userid, external_userid}
    );
}

}  // namespace leadbridge::wecom::sync_rows

namespace leadbridge::wecom {

std::string_view to_string(SyncKind kind) noexcept {
    return kind == SyncKind::full ? "full" : "incremental";
}

std::string_view to_string(SyncStage stage) noexcept {
    switch (stage) {
        case SyncStage::members:
            return "members";
        case SyncStage::contacts:
            return "contacts";
        case SyncStage::sweep:
            return "sweep";
        case SyncStage::done:
            return "done";
        case SyncStage::failed:
            return "failed";
    }
    return "";
}

std::int64_t start_contact_sync(
    Transaction& tx, const WecomServices& services, CorpId corp, SyncKind kind
) {
    const auto running = sync_rows::unfinished(tx, corp);
    const auto id = running ? running->view.id : services.ids.next();
    if (!running) {
        sync_rows::create(tx, corp, id, kind, services.clock.now());
    }
    crm::put_job(tx, services.jobs, corp, crm::SyncContacts{id});
    return id;
}

std::optional<SyncRun> find_sync_run(Snapshot& s, CorpId corp, std::int64_t id) {
    const auto run = sync_rows::find(s, corp, id);
    return run ? std::optional{run->view} : std::nullopt;
}

std::optional<SyncRun> last_sync_run(Snapshot& s, CorpId corp) {
    const auto run = sync_rows::last(s, corp);
    return run ? std::optional{run->view} : std::nullopt;
}

}  // namespace leadbridge::wecom
