// Corp, members, tags, channels, sources and segments: equal for every size.

#include <fmt/format.h>

#include "crm/contacts/contact.h"
#include "crm/nurture/segment.h"
#include "crm/staff/corp.h"
#include "crm/staff/list_text.h"
#include "crm/staff/member.h"
#include "crm/staff/source.h"
#include "tests/bench/console_load.h"

namespace leadbridge::bench {

namespace {

template <class T>
T must(Result<T> result) {
    if (!result) {
        throw DatabaseError(result.error().message);
    }
    return std::move(*result);
}

void load_members(Load& load, Transaction& tx) {
    crm::MemberStore store(load.clock, load.ids);
    for (std::int64_t d = 1; d <= departments; ++d) {
        store.put_department(tx, load.corp, {d, fmt::format("销售{}部", d), d == 1 ? 0 : 1});
    }
    for (std::int64_t m = 0; m < members; ++m) {
        crm::MemberFact fact;
        fact.userid = Plan::member_userid(m);
        fact.name = Plan::member_name(m);
        fact.status = crm::MemberStatus::active;
        fact.customer_contact = true;
        fact.departments = std::vector<std::int64_t>{1 + m % departments};
        load.member_ids.push_back(store.put(tx, load.corp, fact).value);
    }
}

// As the sync leaves them; uses are counted when the contacts are there.
void load_tags(Load& load, Transaction& tx) {
    for (const int kind : {2, 1}) {  // WeCom's, ours
        const bool wecom = kind == 2;
        std::vector<std::int64_t> groups;
        for (std::int64_t g = 0; g < tag_groups; ++g) {
            groups.push_back(load.ids.next());
            tx.execute(
                "INSERT INTO tag_group(id, corp_id, name, kind, wecom_id, sort) "
                "VALUES(?,?,?,?,?,?)",
                {groups.back(),
                 load.corp,
                 fmt::format("分组{}", g + 1),
                 kind,
                 wecom ? fmt::format("egbench{}", g) : "",
                 g}
            );
        }
        for (std::int64_t t = 0; t < (wecom ? wecom_tags : own_tags); ++t) {
            const auto number = static_cast<std::int64_t>(load.tag_ids.size());
            load.tag_ids.push_back(load.ids.next());
            tx.execute(
                "INSERT INTO tag(id, corp_id, group_id, name, kind, wecom_id, sort, uses, sync, "
                "error, version, merged_into, deleted_ms) VALUES(?,?,?,?,?,?,?,0,0,'',1,0,0)",
                {load.tag_ids.back(),
                 load.corp,
                 groups[static_cast<std::size_t>(t % tag_groups)],
                 fmt::format("标签{}", number + 1),
                 kind,
                 wecom ? tag_wecom_id(number) : "",
                 t}
            );
        }
    }
}

void load_channels(Load& load, Transaction& tx) {
    for (std::int64_t c = 0; c < channels; ++c) {
        load.channel_ids.push_back(load.ids.next());
        const std::string in_charge = crm::strings_text({Plan::member_userid(c)});
        tx.execute(
            "INSERT INTO channel(id, corp_id, name, kind, state, config_id, qr_code, members, "
            "tag_ids, skip_verify, welcome, sync, sync_error, version, created_ms, removed_ms) "
            "VALUES(?,?,?,1,?,?,'',?,?,1,'{}',1,'',1,?,0)",
            {load.channel_ids.back(),
             load.corp,
             fmt::format("渠道{}", c + 1),
             fmt::format("b{}", c),
             fmt::format("bench{}", c),
             in_charge,
             crm::ids_text({load.tag_ids[0]}),
             load.plan.start()}
        );
    }
}

void load_sources(Load& load, Transaction& tx) {
    crm::SourceStore store(load.vault, load.clock, load.ids);
    for (std::int64_t n = 0; n < sources; ++n) {
        crm::Source source;
        source.name = fmt::format("表单{}", n + 1);
        source.kind = "generic";
        source.map = R"({"name":"/name","phone":"/phone"})";
        (void)must(store.create(tx, crm::Viewer::daemon(load.corp), source));
    }
}

void load_segments(Load& load, Transaction& tx) {
    for (std::size_t n = 0; n < 20; ++n) {
        const std::string condition = fmt::format(
            R"({{"all":[{{"tag":"{}"}},{{"not":{{"tag":"{}"}}}}]}})",
            load.tag_ids[n],
            load.tag_ids[n + 40]
        );
        tx.execute(
            "INSERT INTO segment(id, corp_id, name, body, version, created_ms, updated_ms) "
            "VALUES(?,?,?,?,1,?,?)",
            {load.ids.next(),
             load.corp,
             fmt::format("人群{}", n + 1),
             condition,
             load.clock.now(),
             load.clock.now()}
        );
    }
}

}  // namespace

// Without secrets and at an address where nobody answers: nothing is synchronised over it.
void load_company(Load& load) {
    write(load.core, [&](Transaction& tx) {
        crm::Corp corp;
        corp.wecom_id = "wwBENCHCONSOLE01";
        corp.name = "示例公司";
        corp.api_base = "http://127.0.0.1:9";
        load.corp = must(crm::CorpStore(load.vault, load.clock, load.ids).put(tx, corp));
        load_members(load, tx);
        load_tags(load, tx);
        load_channels(load, tx);
        load_sources(load, tx);
        load_segments(load, tx);
    });
}

}  // namespace leadbridge::bench
