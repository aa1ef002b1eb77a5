#include "crm/contacts/tag_moves.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/json.h"
#include "crm/contacts/contact_tag_rows.h"
#include "crm/contacts/tag.h"
#include "crm/outbox.h"
#include "crm/staff/viewer_scope.h"

namespace leadbridge::crm {

namespace {

struct LivingTag {
    TagId id;
    std::string wecom_id;  // "" = ours alone
};

std::optional<LivingTag> living_tag(Snapshot& s, CorpId corp, TagId id) {
    return s.one(
        "SELECT id, kind, wecom_id FROM tag WHERE corp_id = ? AND id = ? AND deleted_ms = 0",
        {corp, id},
        [](const Row& row) {
            const bool wecom = static_cast<TagKind>(row.integer(1)) == TagKind::wecom;
            return LivingTag{row.id<TagId>(0), wecom ? row.str(2) : std::string()};
        }
    );
}

enum class Way { put, take };

// One contact's tags being changed; tells WeCom once per friendship at the end.
class Hand {
public:
    Hand(
        Transaction& tx,
        const CrmServices& services,
        const Viewer& viewer,
        ContactId contact,
        std::vector<Follow> follows
    )
        : tx_(tx),
          services_(services),
          viewer_(viewer),
          contact_(contact),
          now_(services.clock.now()),
          follows_(std::move(follows)) {}

    // Where it changed; nothing when the contact was as wanted.
    std::optional<TagStep> put(const LivingTag& tag) {
        TagStep step{tag.id, false, {}};
        bool carried = false;
        for (const Follow& follow : follows_) {
            if (!tag.wecom_id.empty() && follow.live) {
                carried = true;
                mark(Way::put, tag, follow, step);
            }
        }
        if (!carried && !owns(tag.id)) {
            step.own = true;
        }
        return settle(Way::put, tag, std::move(step));
    }

    std::optional<TagStep> take(const LivingTag& tag) {
        TagStep step{tag.id, owns(tag.id), {}};
        for (const Follow& follow : follows_) {
            if (!tag.wecom_id.empty()) {
                mark(Way::take, tag, follow, step);
            }
        }
        return settle(Way::take, tag, std::move(step));
    }

    // Only there where a step was taken before.
    void again(Way way, const LivingTag& tag, const TagStep& where) {
        TagStep step{tag.id, where.own && owns(tag.id) == (way == Way::take), {}};
        for (const Follow& follow : follows_) {
            if (!tag.wecom_id.empty() &&
                std::find(where.follows.begin(), where.follows.end(), follow.id) !=
                    where.follows.end()) {
                mark(way, tag, follow, step);
            }
        }
        (void)settle(way, tag, std::move(step));
    }

    void finish() {
        for (const auto& [id, mark] : marks_) {
            put_job(tx_, services_.jobs, viewer_.corp, mark, 0);
        }
        note("tagged", added_);
        note("untagged", removed_);
    }

private:
    bool owns(TagId tag) const {
        return tx_.exists(
            "SELECT 1 FROM contact_tag WHERE corp_id = ? AND contact_id = ? AND tag_id = ? AND own "
            "= 1",
            {viewer_.corp, contact_, tag}
        );
    }

    bool has(TagId tag) const {
        return tx_.exists(
            "SELECT 1 FROM contact_tag WHERE corp_id = ? AND contact_id = ? AND tag_id = ?",
            {viewer_.corp, contact_, tag}
        );
    }

    void mark(Way way, const LivingTag& tag, const Follow& follow, TagStep& step) {
        const bool carries = tx_.exists(
            "SELECT 1 FROM follow_tag WHERE corp_id = ? AND follow_id = ? AND personal = 0 AND "
            "name = ? AND set_ms >= 0",
            {viewer_.corp, follow.id, tag.wecom_id}
        );
        if (carries == (way == Way::put)) {
            return;
        }
        if (way == Way::put) {
            mark_follow_tag(tx_, viewer_.corp, follow.id, tag.wecom_id, now_);
        } else {
            unmark_follow_tag(tx_, viewer_.corp, follow.id, tag.wecom_id, now_);
        }
        step.follows.push_back(follow.id);
        if (follow.live) {
            MarkTag& to = marks_[follow.id];
            to.userid = follow.userid;
            to.external_userid = follow.external_userid;
            (way == Way::put ? to.add_tags : to.remove_tags).push_back(tag.wecom_id);
        }
    }

    std::optional<TagStep> settle(Way way, const LivingTag& tag, TagStep step) {
        if (!step.own && step.follows.empty()) {
            return std::nullopt;
        }
        const bool had = has(tag.id);
        if (step.own && way == Way::put) {
            set_own_tag(tx_, viewer_.corp, contact_, tag.id);
        } else if (step.own) {
            clear_own_tag(tx_, viewer_.corp, contact_, tag.id);
        }
        if (!step.follows.empty()) {
            derive_tag(tx_, viewer_.corp, contact_, tag.id, tag.wecom_id);
        }
        if (had != has(tag.id)) {
            (had ? removed_ : added_).push_back(tag.id);
        }
        return step;
    }

    void note(std::string_view kind, const std::vector<TagId>& tags) {
        note_tags(tx_, services_.ids, viewer_.corp, contact_, kind, tags, viewer_.actor, now_);
    }

    Transaction& tx_;
    const CrmServices& services_;
    const Viewer& viewer_;
    const ContactId contact_;
    const UnixMillis now_;
    const std::vector<Follow> follows_;
    std::map<FollowId, MarkTag> marks_;
    std::vector<TagId> added_;
    std::vector<TagId> removed_;
};

Result<Hand> hand_on(
    Transaction& tx, const CrmServices& services, const Viewer& viewer, ContactId contact
) {
    const auto visible = find_contact(tx, viewer, contact);
    if (!visible) {
        return Error{ErrorCode::not_found, "there is no such contact"};
    }
    std::vector<Follow> follows = follows_of(tx, viewer, visible->id);
    std::erase_if(follows, [&](const Follow& f) { return !sees_member(tx, viewer, f.member); });
    return Hand(tx, services, viewer, visible->id, std::move(follows));
}

json::array steps_json(const std::vector<TagStep>& steps) {
    json::array out;
    for (const TagStep& step : steps) {
        json::array follows;
        for (const FollowId follow : step.follows) {
            follows.push_back(json::value(follow.str()));
        }
        out.push_back(json::object{
            {"tag", step.tag.str()}, {"own", step.own}, {"follows", std::move(follows)}});
    }
    return out;
}

std::vector<TagStep> steps_of(const json::object& from, std::string_view key) {
    std::vector<TagStep> out;
    const json::array* list = json_array(from, key);
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const json::object& item = (*list)[i].as_object();
        TagStep step{
            TagId{parse_id(json_string(item, "tag")).value_or(0)}, json_bool(item, "own"), {}};
        if (const json::array* follows = json_array(item, "follows")) {
            for (const json::value& follow : *follows) {
                step.follows.emplace_back(parse_id(follow.as_string()).value_or(0));
            }
        }
        out.push_back(std::move(step));
    }
    return out;
}

}  // namespace

Result<TagMoves> change_tags(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId contact,
    const std::vector<TagId>& add,
    const std::vector<TagId>& remove
) {
    auto hand = hand_on(tx, services, viewer, contact);
    if (!hand) {
        return std::move(hand).error();
    }
    std::vector<std::pair<Way, LivingTag>> wanted;  // all looked up before anything is written
    for (const auto* list : {&add, &remove}) {
        for (const TagId id : *list) {
            const auto tag = living_tag(tx, viewer.corp, id);
            if (!tag) {
                return Error{ErrorCode::rule_broken, "tags: there is no tag " + id.str(), "tags"};
            }
            wanted.emplace_back(list == &add ? Way::put : Way::take, *tag);
        }
    }
    TagMoves out;
    for (const auto& [way, tag] : wanted) {
        auto step = way == Way::put ? hand->put(tag) : hand->take(tag);
        if (step) {
            (way == Way::put ? out.added : out.removed).push_back(std::move(*step));
        }
    }
    hand->finish();
    return out;
}

Status undo_tags(
    Transaction& tx,
    const CrmServices& services,
    const Viewer& viewer,
    ContactId contact,
    const TagMoves& change
) {
    auto hand = hand_on(tx, services, viewer, contact);
    if (!hand) {
        return std::move(hand).error();
    }
    std::vector<std::tuple<Way, LivingTag, const TagStep*>> wanted;
    for (const auto* steps : {&change.added, &change.removed}) {
        for (const TagStep& step : *steps) {
            const auto tag = living_tag(tx, viewer.corp, step.tag);
            if (!tag) {
                return Error{ErrorCode::conflict, "the tag was removed since", "tag_removed"};
            }
            wanted.emplace_back(steps == &change.added ? Way::take : Way::put, *tag, &step);
        }
    }
    for (const auto& [way, tag, step] : wanted) {
        hand->again(way, tag, *step);
    }
    hand->finish();
    return {};
}

std::string tag_moves_text(const TagMoves& change) {
    return to_text(json::object{
        {"added", steps_json(change.added)}, {"removed", steps_json(change.removed)}});
}

Result<TagMoves> parse_tag_moves(std::string_view text) {
    auto value = parse_json(text);
    if (!value || !value->is_object()) {
        return Error{ErrorCode::internal, "a kept change of tags cannot be read"};
    }
    return TagMoves{
        steps_of(value->get_object(), "added"), steps_of(value->get_object(), "removed")};
}

}  // namespace leadbridge::crm
