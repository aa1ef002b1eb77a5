#pragma once
// A database with corps and sources in it, a clock that stands still, and WeCom's side of the
// callback crypto.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>

#include "base/rng.h"
#include "base/vault.h"
#include "connectors/connector.h"
#include "connectors/wecom/callback_crypto.h"
#include "crm/contacts/contact.h"
#include "crm/staff/corp.h"
#include "crm/staff/source.h"
#include "crm/staff/staff.h"
#include "tests/base/temp_database.h"

namespace leadbridge {

inline constexpr std::string_view test_token = "bridgeToken2026";
inline constexpr std::string_view test_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

class InboundFixture : public ::testing::Test {
protected:
    InboundFixture()
        : store(
              {{"vault", Vault::migrations()},
               {"staff", crm::staff_migrations()},
               {"contacts", crm::contacts_migrations()}}
          ),
          ids(store.clock, 0),
          vault(std::move(*Vault::open(store.db(), store.clock, rng, Secret(std::string(32, 'k'))))
          ),
          corp_store(*vault, store.clock, ids),
          source_store(*vault, store.clock, ids) {
        corp = add_corp("ww0123456789abcdef", {callback("app", {}), callback("bot", {""})});
        corps = std::make_unique<crm::CorpDirectory>(store.db(), corp_store);
        corps->refresh();
        sources = std::make_unique<crm::SourceDirectory>(store.db(), source_store);
        sources->refresh();
    }

    static crm::CorpCallback callback(std::string name, std::vector<std::string> receive_ids) {
        crm::CorpCallback out;
        out.name = std::move(name);
        out.token = Secret(std::string(test_token));
        out.encoding_aes_key = Secret(std::string(test_key));
        out.receive_ids = std::move(receive_ids);
        return out;
    }

    CorpId add_corp(const std::string& wecom_id, std::vector<crm::CorpCallback> callbacks) {
        crm::Corp row;
        row.wecom_id = wecom_id;
        row.name = "示例公司";
        row.app_secret = Secret("sample-app-secret");
        row.agent_id = 1000002;
        row.callbacks = std::move(callbacks);
        auto id =
            store.db().write<CorpId>([&](Transaction& tx) { return corp_store.put(tx, row); });
        if (!id) {
            throw std::runtime_error(id.error().message);
        }
        return *id;
    }

    crm::SourceId add_source(
        const std::string& kind, const std::string& auth, const std::string& map = "{}"
    ) {
        crm::Source row;
        row.name = "官网表单";
        row.kind = kind;
        row.auth = Secret(auth);
        row.map = map;
        row.owner_userid = "zhangsan";
        auto id = store.db().write<crm::SourceId>([&](Transaction& tx) {
            return source_store.create(tx, crm::Viewer::daemon(corp), row);
        });
        if (!id) {
            throw std::runtime_error(id.error().message);
        }
        sources->refresh();
        return *id;
    }

    // ---- WeCom's side

    wecom::CallbackCrypto wecom_side() const {
        return *wecom::CallbackCrypto::make(
            Secret(std::string(test_token)), Secret(std::string(test_key)), {"x"}
        );
    }

    std::int64_t now_s() const { return store.clock.now() / 1'000; }

    static Request with_query(
        Method method, const std::string& path, const std::string& raw_query
    ) {
        Request request;
        request.method = method;
        request.path = path;
        request.raw_query = raw_query;
        request.query = Query::parse(raw_query).value_or(Query{});
        request.remote_address = "203.0.113.7";
        return request;
    }

    Request signed_event(
        const std::string& clear,
        const std::string& path,
        const std::string& receive_id,
        const std::string& timestamp,
        bool as_json = false
    ) {
        const auto side = wecom_side();
        const std::string encrypt = side.seal(clear, rng.bytes(16), receive_id);
        auto request = with_query(
            Method::post,
            path,
            "msg_signature=" + side.sign(timestamp, "nonce1", encrypt) + "&timestamp=" + timestamp +
                "&nonce=nonce1"
        );
        request.body = as_json ? "{\"encrypt\":\"" + encrypt + "\"}"
                               : "<xml><ToUserName><![CDATA[ww]]></ToUserName><Encrypt><![CDATA[" +
                                     encrypt + "]]></Encrypt></xml>";
        return request;
    }

    Request signed_event(const std::string& clear) {
        return signed_event(
            clear,
            "/callback/wecom/ww0123456789abcdef",
            "ww0123456789abcdef",
            std::to_string(now_s())
        );
    }

    // ---- what came out of receive()

    static int status(const ReceiveResult& result) {
        const auto* answer = std::get_if<Response>(&result);
        return answer == nullptr ? std::get<Received>(result).reply.status : answer->status;
    }

    static bool accepted(const ReceiveResult& result) {
        return std::holds_alternative<Received>(result);
    }

    static InboxRow row_of(const Received& received, const Connector& connector) {
        InboxRow row;
        row.id = 42;
        row.corp = received.corp;
        row.connector = std::string(connector.name());
        row.kind = received.kind;
        row.key = received.key;
        row.body = received.body;
        row.source_id = received.source_id;
        row.received_ms = 1'760'000'200'000;
        return row;
    }

    TempDatabase store;
    SeededRng rng{7};
    IdSource ids;
    std::unique_ptr<Vault> vault;
    crm::CorpStore corp_store;
    crm::SourceStore source_store;
    CorpId corp;
    std::unique_ptr<crm::CorpDirectory> corps;
    std::unique_ptr<crm::SourceDirectory> sources;
};

}  // namespace leadbridge
