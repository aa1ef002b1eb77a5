// /api/v1/pushes

#include "crm/nurture/push.h"

#include "gateway/api/handlers.h"
#include "gateway/api/support.h"

namespace leadbridge::gateway {

namespace {

json::object counts_json(const crm::PushCounts& counts) {
    json::object excluded;
    for (const auto& [reason, n] : counts.excluded) {
        excluded[reason] = n;
    }
    return json::object{
        {"planned", counts.planned},
        {"excluded", std::move(excluded)},
        {"pending", counts.pending},
        {"unknown", counts.unknown},
        {"waiting", counts.waiting},
        {"delivered", counts.delivered},
        {"not_friend", counts.not_friend},
        {"capped", counts.capped},
        {"rejected", counts.rejected},
        {"cancelled", counts.cancelled},
        {"doubled_tasks", counts.doubled_tasks}};
}

json::value parsed(const std::string& text) {
    auto value = parse_json(text);
    return value ? std::move(*value) : json::value(nullptr);
}

json::object push_json(const crm::Push& push) {
    return json::object{
        {"id", push.id.str()},
        {"name", push.name},
        {"status", crm::to_string(push.status)},
        {"segment", push.segment ? json::value(push.segment.str()) : json::value(nullptr)},
        {"condition", push.condition.empty() ? json::value(nullptr) : parsed(push.condition)},
        {"content", parsed(crm::encode_content(push.content))},
        {"schedule", time_json(push.schedule_ms)},
        {"created", time_json(push.created_ms)},
        {"created_by", push.created_by},
        {"submitted", time_json(push.submitted_ms)},
        {"finished", time_json(push.finished_ms)}};
}

Response push_response(Snapshot& s, const crm::Push& push, int status = 200) {
    json::object out = push_json(push);
    out["counts"] = counts_json(crm::PushLedger::counts(s, push.corp, push.id));
    return status == 201 ? created_response(out, push.version, "/api/v1/pushes/" + push.id.str())
                         : object_response(out, push.version);
}

Result<crm::PushEdit> edit_of(const ApiRequest& request) {
    auto body = Body::of(request);
    if (!body) {
        return at_condition(std::move(body).error());
    }
    crm::PushEdit edit;
    edit.name = body->text_opt("name");
    if (body->has("segment_id")) {
        edit.segment = crm::SegmentId{body->id("segment_id")};
    }
    if (body->has("condition")) {
        edit.condition = body->raw("condition");
    }
    if (body->has("content")) {
        auto content = crm::decode_content(body->raw("content"));
        if (!content) {
            return std::move(content).error();
        }
        edit.content = std::move(*content);
    }
    if (body->has("schedule")) {
        edit.schedule_ms = body->time("schedule");
    }
    if (Status status = body->finish(); !status) {
        return std::move(status).error();
    }
    return edit;
}

json::object recipient_json(const crm::PushRecipient& recipient) {
    return json::object{
        {"contact", recipient.contact.str()},
        {"contact_name", recipient.contact_name},
        {"state", crm::to_string(recipient.state)},
        {"outcome", crm::to_string(recipient.outcome)},
        {"reason", recipient.reason},
        {"sender", recipient.sender ? json::value(recipient.sender.str()) : json::value(nullptr)},
        {"sender_userid", recipient.sender_userid},
        {"batch", recipient.batch ? json::value(recipient.batch.str()) : json::value(nullptr)},
        {"msgid", recipient.msgid},
        {"error", recipient.error},
        {"at", time_json(recipient.outcome_ms)}};
}

template <class E>
std::optional<E> parse_enum(std::string_view text, E last) {
    for (int i = 0; i <= static_cast<int>(last); ++i) {
        if (crm::to_string(static_cast<E>(i)) == text) {
            return static_cast<E>(i);
        }
    }
    return std::nullopt;
}

using PushAct = std::function<Result<crm::Push>(Transaction&, crm::PushStore&, crm::PushId)>;

Result<Response> act(const ApiServices& services, const ApiRequest& request, const PushAct& fn) {
    auto id = request.id_as<crm::PushId>();
    if (!id) {
        return std::move(id).error();
    }
    return write_once(
        services.core,
        services.clock,
        request,
        [&](Transaction& tx) -> Result<Response> {
            crm::PushStore store(services.crm());
            auto push = fn(tx, store, *id);
            if (!push) {
                return at_condition(std::move(push).error());
            }
            return push_response(tx, *push);
        }
    );
}

}  // namespace

Result<Response> list_pushes(const ApiServices& services, const ApiRequest& request) {
    std::optional<crm::PushStatus> status;
    if (auto text = request.query_opt("status")) {
        status = parse_enum(*text, crm::PushStatus::cancelled);
        if (!status) {
            return Error{ErrorCode::invalid, "status is not one of a push", "bad_status"};
        }
    }
    return read_page(services, request, [&](Snapshot& s, const crm::Page& page) {
        return page_response(crm::PushStore::list(s, request.viewer(), status, page), push_json);
    });
}

Result<Response> get_push(const ApiServices& services, const ApiRequest& request) {
    return read_one<crm::PushId>(services, request, [&](Snapshot& s, crm::PushId id) {
        const auto push = crm::PushStore::find(s, request.viewer(), id);
        return push ? Result<Response>(push_response(s, *push))
                    : Result<Response>(not_found("push"));
    });
}

Result<Response> create_push(const ApiServices& services, const ApiRequest& request) {
    const auto make = [&](Transaction& tx, const crm::PushEdit& edit) -> Result<Response> {
        auto push = crm::PushStore(services.crm()).create(tx, request.viewer(), edit);
        if (!push) {
            return at_condition(std::move(push).error());
        }
        return push_response(tx, *push, 201);
    };
    return create_one(services, request, edit_of, make);
}

Result<Response> patch_push(const ApiServices& services, const ApiRequest& request) {
    auto version = request.if_match();
    if (!version) {
        return std::move(version).error();
    }
    auto edit = edit_of(request);
    if (!edit) {
        return std::move(edit).error();
    }
    return act(services, request, [&](Transaction& tx, crm::PushStore& store, crm::PushId id) {
        return store.update(tx, request.viewer(), id, *edit, *version);
    });
}

Result<Response> submit_push(const ApiServices& services, const ApiRequest& request) {
    auto version = if_match_opt(request);
    if (!version) {
        return std::move(version).error();
    }
    return act(services, request, [&](Transaction& tx, crm::PushStore& store, crm::PushId id) {
        return store.submit(tx, request.viewer(), id, *version);
    });
}

Result<Response> cancel_push(const ApiServices& services, const ApiRequest& request) {
    return act(services, request, [&](Transaction& tx, crm::PushStore& store, crm::PushId id) {
        return store.cancel(tx, request.viewer(), id);
    });
}

Result<Response> remind_push(const ApiServices& services, const ApiRequest& request) {
    return act(
        services,
        request,
        [&](Transaction& tx, crm::PushStore& store, crm::PushId id) -> Result<crm::Push> {
            if (Status status = store.remind(tx, request.viewer(), id); !status) {
                return std::move(status).error();
            }
            auto push = crm::PushStore::find(tx, request.viewer(), id);
            return push ? Result<crm::Push>(std::move(*push))
                        : Result<crm::Push>(not_found("push"));
        }
    );
}

Result<Response> list_push_recipients(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::PushId>();
    if (!id) {
        return std::move(id).error();
    }
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    crm::RecipientFilter filter;
    filter.reason = request.query("reason");
    if (auto text = request.query_opt("state")) {
        filter.state = parse_enum(*text, crm::RecipientState::cancelled);
        if (!filter.state) {
            return Error{ErrorCode::invalid, "state is not one of a recipient", "bad_state"};
        }
    }
    if (auto text = request.query_opt("outcome")) {
        filter.outcome = parse_enum(*text, crm::Outcome::cancelled);
        if (!filter.outcome) {
            return Error{ErrorCode::invalid, "outcome is not one of a recipient", "bad_outcome"};
        }
    }
    if (auto text = request.query_opt("counted")) {
        filter.counted = parse_enum(*text, crm::RecipientCount::excluded);
        if (!filter.counted) {
            return Error{ErrorCode::invalid, "counted is not a count of a push", "bad_counted"};
        }
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        if (!crm::PushStore::find(s, request.viewer(), *id)) {
            return not_found("push");
        }
        const crm::RecipientPage list = crm::PushStore::recipients(
            s, request.viewer(), *id, filter, crm::ContactId{page->before}, page->limit
        );
        return page_response(
            crm::PageOf<crm::PushRecipient>{list.items, list.next.value}, recipient_json
        );
    });
}

namespace {

json::object batch_json(const crm::BatchView& batch) {
    return json::object{
        {"id", batch.batch.str()},
        {"sender_userid", batch.sender},
        {"state", crm::to_string(batch.state)},
        {"attempt", batch.attempt},
        {"msgid", batch.msgid},
        {"errcode", batch.errcode},
        {"recipients", batch.recipients},
        {"settled", batch.settled},
        {"intent", time_json(batch.intent_ms)},
        {"submitted", time_json(batch.submitted_ms)},
        {"confirmed", time_json(batch.confirmed_ms)},
        {"reminder", crm::to_string(batch.remind)}};
}

}  // namespace

Result<Response> list_push_batches(const ApiServices& services, const ApiRequest& request) {
    auto id = request.id_as<crm::PushId>();
    if (!id) {
        return std::move(id).error();
    }
    auto page = page_of(request);
    if (!page) {
        return std::move(page).error();
    }
    return services.core.read<Response>([&](Snapshot& s) -> Result<Response> {
        if (!crm::PushStore::find(s, request.viewer(), *id)) {
            return not_found("push");
        }
        crm::PageOf<crm::BatchView> out;
        out.items = crm::PushLedger::batches_of(
            s, request.corp(), *id, crm::BatchId{page->before}, page->limit
        );
        if (static_cast<int>(out.items.size()) == page->limit) {
            out.next = out.items.back().batch.value;
        }
        return page_response(out, batch_json);
    });
}

// A person looked into WeCom's 群发助手 and says which task a doubtful batch is, or that it was not
// submitted.
Result<Response> decide_push_batch(const ApiServices& services, const ApiRequest& request) {
    auto batch = request.id_as<crm::BatchId>("batch");
    if (!batch) {
        return std::move(batch).error();
    }
    auto msgid = read_body(request, [](Body& body) {
        auto text = body.text_opt("msgid");
        if (!text) {
            body.fault("msgid", "is required; \"\" says that the batch was not submitted");
        }
        return text.value_or("");
    });
    if (!msgid) {
        return std::move(msgid).error();
    }
    return act(
        services,
        request,
        [&](Transaction& tx, crm::PushStore&, crm::PushId id) -> Result<crm::Push> {
            auto push = crm::PushStore::find(tx, request.viewer(), id);
            const auto known = crm::PushLedger::batch(tx, request.corp(), *batch);
            if (!push || !known || known->push != id) {
                return not_found("push_batch");
            }
            crm::PushLedger ledger(services.jobs, services.clock, services.ids);
            if (Status status = ledger.decide_review(tx, request.corp(), *batch, *msgid); !status) {
                return std::move(status).error();
            }
            const std::string after = to_text(json::object{{"msgid", *msgid}});
            crm::record_audit(
                tx,
                services.audit(),
                request.viewer(),
                {"push.decide_batch", "push_batch", batch->value, "", after}
            );
            return std::move(*push);
        }
    );
}

}  // namespace leadbridge::gateway
