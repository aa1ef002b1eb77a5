// The rest of MessageStore: files, consent, what does not flow, and who is visible.

#include "archive/conversation.h"
#include "archive/media_detail.h"
#include "archive/message_store.h"
#include "crm/staff/member.h"

namespace leadbridge::archive {

namespace {

constexpr std::string_view media_columns =
    "SELECT id, message_id, kind, size, state, received, reason, detail, conversation_id, "
    "blob_size FROM media ";

}  // namespace

VisibleUserids visible_by_members(Database& core) {
    return [&core](const crm::Viewer& viewer) -> std::optional<std::vector<std::string>> {
        if (viewer.scope == crm::Scope::all) {
            return std::nullopt;
        }
        auto found = core.read<std::vector<std::string>>(
            [&](Snapshot& s) -> Result<std::vector<std::string>> {
                std::vector<std::string> userids;
                crm::Page page{.before = 0, .limit = 200};
                do {
                    const auto members = crm::MemberStore::list(s, viewer, page);
                    for (const crm::Member& member : members.items) {
                        userids.push_back(member.userid);
                    }
                    page.before = members.next;
                } while (page.before != 0);
                return userids;
            }
        );
        return found.value_or({});
    };
}

MediaView MessageStore::read_media_row(CorpId corp, const Row& row) const {
    MediaView view;
    view.id = row.id<MediaId>(0);
    view.message = row.id<MessageId>(1);
    view.kind = row.str(2);
    view.size = row.integer(3);
    view.state = static_cast<MediaState>(row.integer(4));
    view.received = row.integer(5);
    if (view.state == MediaState::stored) {
        view.size = row.integer(9);
    }
    view.reason = row.str(6);
    const auto detail = vault_.open(corp, row.blob(7), media_place(view.id.value));
    if (const auto ref = detail ? decode_media_detail(*detail) : Result<MediaRef>(detail.error())) {
        view.filename = ref->filename;
        view.extension = ref->extension;
    }
    return view;
}

Result<MediaView> MessageStore::media(const crm::Viewer& viewer, MediaId id) const {
    const Scope scope = scope_of(viewer);
    return archive_.read<MediaView>([&](Snapshot& s) -> Result<MediaView> {
        std::int64_t conversation = 0;
        auto view = s.one(
            std::string(media_columns) + "WHERE corp_id = ? AND id = ?",
            {viewer.corp, id},
            [&](const Row& row) {
                conversation = row.integer(8);
                return read_media_row(viewer.corp, row);
            }
        );
        if (!view || !sees(s, viewer.corp, scope, conversation)) {
            return Error{ErrorCode::not_found, "media not found"};
        }
        return std::move(*view);
    });
}

Result<std::string> MessageStore::media_bytes(
    const crm::Viewer& viewer, MediaId id, std::int64_t offset, std::int64_t length
) const {
    auto view = media(viewer, id);
    if (!view) {
        return std::move(view).error();
    }
    if (view->state != MediaState::stored) {
        return Error{
            ErrorCode::conflict,
            "this file is not in the archive: " + std::string(to_string(view->state)),
            "media_" + std::string(to_string(view->state))};
    }
    auto hash = archive_.read<std::string>([&](Snapshot& s) -> Result<std::string> {
        return s
            .one(
                "SELECT blob_hash FROM media WHERE corp_id = ? AND id = ?",
                {viewer.corp, id},
                [](const Row& r) { return r.str(0); }
            )
            .value_or("");
    });
    return hash ? blobs_.read(viewer.corp, *hash, offset, length) : hash;
}

std::optional<bool> MessageStore::consent(
    const crm::Viewer& viewer, std::string_view external_userid, std::string_view peer
) const {
    const std::string key = participant_key(peer);
    auto found =
        archive_.read<std::optional<bool>>([&](Snapshot& s) -> Result<std::optional<bool>> {
            return s.one(
                "SELECT agreed FROM consent WHERE corp_id = ? AND external_userid = ? AND peer = ?",
                {viewer.corp, external_userid, key},
                [](const Row& row) { return row.flag(0); }
            );
        });
    return found.value_or(std::nullopt);
}

ArchiveBacklog MessageStore::backlog(CorpId corp) const {
    auto found = archive_.read<ArchiveBacklog>([&](Snapshot& s) -> Result<ArchiveBacklog> {
        ArchiveBacklog b;
        s.each(
            "SELECT seq, pulled_ms, caught_up_ms FROM archive_pull WHERE corp_id = ?",
            {corp},
            [&](const Row& row) {
                b.seq = row.integer(0);
                b.last_pull_ms = row.integer(1);
                b.caught_up_ms = row.integer(2);
                return Visit::stop;
            }
        );
        b.waiting_keys = s.all(
            "SELECT key_version, COUNT(*) FROM envelope WHERE corp_id = ? AND state = 2 GROUP BY "
            "key_version ORDER BY key_version",
            {corp},
            [](const Row& row) {
                return WaitingKey{static_cast<int>(row.integer(0)), row.integer(1)};
            }
        );
        b.retrying =
            s.number("SELECT COUNT(*) FROM envelope WHERE corp_id = ? AND state = 3", {corp});
        b.undecryptable =
            s.number("SELECT COUNT(*) FROM envelope WHERE corp_id = ? AND state = 4", {corp});
        b.media_waiting =
            s.number("SELECT COUNT(*) FROM media WHERE corp_id = ? AND state = 0", {corp});
        b.media_lost =
            s.number("SELECT COUNT(*) FROM media WHERE corp_id = ? AND state = 2", {corp});
        b.media_refused =
            s.number("SELECT COUNT(*) FROM media WHERE corp_id = ? AND state = 3", {corp});
        b.gaps_lost =
            s.number("SELECT COUNT(*) FROM archive_gap WHERE corp_id = ? AND lost = 1", {corp});
        b.gaps_seen =
            s.number("SELECT COUNT(*) FROM archive_gap WHERE corp_id = ? AND lost = 0", {corp});
        b.untold = s.number("SELECT COUNT(*) FROM seen WHERE corp_id = ? AND reason <> ''", {corp});
        return b;
    });
    return found.value_or({});
}

}  // namespace leadbridge::archive
