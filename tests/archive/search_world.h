#pragma once
// An archive with its search index; messages come in as they do in life.

#include "archive/message_search.h"
#include "archive/search_indexer.h"
#include "base/sqlite_token_index.h"
#include "tests/archive/archive_world.h"

namespace leadbridge::archive {

struct SearchWorld : ArchiveWorld {
    TempDir folder;
    std::unique_ptr<TokenIndex> index = open_index();
    std::unique_ptr<SearchIndexer> indexer = make_indexer();

    std::unique_ptr<TokenIndex> open_index() {
        SqliteTokenOptions index_options;
        index_options.folder = folder.path();
        index_options.format = search_format_for_tests;
        index_options.durability = SqliteDurability::none_for_tests;
        return open_sqlite_token_index(index_options);
    }

    std::unique_ptr<SearchIndexer> make_indexer() {
        return std::make_unique<SearchIndexer>(
            SearchIndexServices{archive.db(), *vault, clock, metrics, *index},
            [] { return std::vector<crm::CorpDirectory::Ptr>{}; }
        );
    }

    // A new process.
    void reopen_index() {
        indexer.reset();
        index.reset();
        index = open_index();
        indexer = make_indexer();
    }

    void index_all() {
        while (indexer->index_some(corp) > 0) {
        }
    }

    MessageSearch search() { return {archive.db(), *vault, *index, store}; }

    crm::Viewer everyone() { return crm::Viewer::daemon(corp); }

    crm::Viewer limited(std::vector<std::string> userids) {
        visible = std::move(userids);
        return {corp, crm::MemberId{5}, crm::Scope::self, "member:5"};
    }

    // msgids of every page, newest first.
    std::vector<std::string> find(
        const crm::Viewer& viewer, const std::string& q, SearchFilter filter = {}, int limit = 20
    ) {
        std::vector<std::string> out;
        SearchQuery query{q, std::move(filter), 0, limit};
        do {
            const auto page = search().page(viewer, query);
            if (!page) {
                return {page.error().reason};
            }
            for (const SearchHit& hit : page->items) {
                out.push_back(hit.context.message.msgid);
            }
            query.below = page->next;
        } while (query.below != 0);
        return out;
    }

    std::vector<std::string> find(const std::string& q, SearchFilter filter = {}) {
        return find(everyone(), q, std::move(filter));
    }

    std::int64_t behind() { return search().behind(corp).value(); }

    MessageId id_of(const std::string& msgid) {
        return MessageId{count("SELECT id FROM message WHERE msgid = '" + msgid + "'")};
    }

    static constexpr const char* search_format_for_tests = "1";
};

}  // namespace leadbridge::archive
