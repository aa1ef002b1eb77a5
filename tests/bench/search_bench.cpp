// Searching 1,000,000 archived messages: indexing behind the archive (read, open, cut, key, store),
// first pages and counts. Gates of the storage design: 25,000 messages/s, 20 hits in 5 ms, a count
// in 20 ms, the index at most 1.5 times its text.
//
// The corpus: 20,000 words of two or three of 3,000 ideographs, drawn by Zipf's law (exponent 1),
// 4 to 14 words a message with a comma now and then, one message in eight with a number; 200
// members, 20,000 contacts, one conversation each.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "archive/media_detail.h"
#include "archive/message.h"
#include "archive/message_search.h"
#include "archive/search_document.h"
#include "archive/search_indexer.h"
#include "archive/search_text.h"
#include "base/rng.h"
#include "base/sqlite_token_index.h"
#include "base/text_fold.h"
#include "tests/base/temp_database.h"

namespace leadbridge::archive {
namespace {

constexpr std::int64_t members = 200;
constexpr std::int64_t contacts = 20'000;
constexpr std::size_t words_known = 20'000;
constexpr std::int64_t per_transaction = 5'000;
const CorpId corp{1};

std::int64_t messages() {
    const char* given = std::getenv("LEADBRIDGE_BENCH_MESSAGES");
    return given != nullptr ? std::atoll(given) : 1'000'000;
}

class Corpus {
public:
    Corpus() {
        double sum = 0;
        for (std::size_t i = 0; i < words_known; ++i) {
            std::string word;
            for (std::uint64_t n = 2 + rng_.below(2); n > 0; --n) {
                // The characters are skewed as well: the product of two uniform numbers.
                append_utf8(
                    word, static_cast<char32_t>(0x4E00 + 3'000.0 * rng_.unit() * rng_.unit())
                );
            }
            words_.push_back(std::move(word));
            sum += 1.0 / static_cast<double>(i + 1);
            weight_.push_back(sum);
        }
    }

    const std::string& word(std::size_t rank) const { return words_[rank]; }

    std::string text() {
        std::string out;
        for (std::uint64_t n = 4 + rng_.below(11); n > 0; --n) {
            const double at = rng_.unit() * weight_.back();
            out += words_[static_cast<std::size_t>(
                std::lower_bound(weight_.begin(), weight_.end(), at) - weight_.begin()
            )];
            out += rng_.below(6) == 0 ? "，" : "";
        }
        return rng_.below(8) == 0 ? out + std::to_string(rng_.below(1'000'000)) : out;
    }

private:
    SeededRng rng_{11};
    std::vector<std::string> words_;
    std::vector<double> weight_;
};

std::string member(std::int64_t n) {
    return fmt::format("sample{}", n);
}

std::string contact(std::int64_t n) {
    return fmt::format("wmSAMPLE{:024}", n);
}

struct Fixture {
    ManualClock clock;
    TempDatabase core{
        {{"vault", Vault::migrations()}}, SqliteWriterMode::on_caller_for_tests, &clock};
    TempDatabase archive{
        {{"archive", migrations()}}, SqliteWriterMode::on_caller_for_tests, &clock};
    TempDir folder;
    SeededRng rng{7};
    Metrics metrics;
    IdSource ids{clock, 0};
    std::unique_ptr<Vault> vault =
        Vault::open(core.db(), clock, rng, Secret(std::string(32, 'k'))).value();
    std::unique_ptr<BlobStore> blobs = open_directory_blobs(folder.file("blobs"), *vault);
    MessageStore store{archive.db(), *vault, *blobs, [](const crm::Viewer&) {
                           return std::optional(std::vector<std::string>{
                               member(1), member(2), member(3), member(4), member(5)});
                       }};
    Corpus corpus;
    std::int64_t text_bytes = 0;
    std::unique_ptr<TokenIndex> index = open();
    std::unique_ptr<MessageSearch> search =
        std::make_unique<MessageSearch>(archive.db(), *vault, *index, store);

    std::unique_ptr<TokenIndex> open() {
        SqliteTokenOptions options;
        options.folder = folder.path();
        return open_sqlite_token_index(options);
    }

    Fixture() {
        for (std::int64_t at = 0; at < messages(); at += per_transaction) {
            const auto done = archive.db().write<bool>([&](Transaction& tx) -> Result<bool> {
                for (std::int64_t n = at + 1; n <= std::min(messages(), at + per_transaction);
                     ++n) {
                    add(tx, n);
                }
                return true;
            });
            benchmark::DoNotOptimize(done.has_value());
            clock.advance(500);
        }
        const auto done = archive.db().write<bool>([&](Transaction& tx) -> Result<bool> {
            tx.execute(
                "INSERT INTO archive_pull(corp_id, message_n) VALUES(?, ?)", {corp, messages()}
            );
            for (std::int64_t n = 0; n < contacts; ++n) {
                tx.execute(
                    "INSERT INTO conversation(id, corp_id, key, kind, userid, external_userid, "
                    "roomid, first_ms, last_ms, messages, last_from_contact) VALUES(?, ?, ?, 1, ?, "
                    "?, '', 0, 0, 0, 0)",
                    {n + 1, corp, contact(n), member(n % members), contact(n)}
                );
                tx.execute(
                    "INSERT INTO conversation_participant(corp_id, participant, conversation_id, "
                    "side) VALUES(?, ?, ?, 1)",
                    {corp, member(n % members), n + 1}
                );
            }
            return true;
        });
        benchmark::DoNotOptimize(done.has_value());
    }

    void add(Transaction& tx, std::int64_t n) {
        const auto chat = static_cast<std::int64_t>(rng.below(contacts));
        const std::string text = corpus.text();
        text_bytes += static_cast<std::int64_t>(text.size());
        const std::string raw = fmt::format(
            R"({{"msgid":"m{0}","action":"send","from":"{1}","tolist":["{2}"],"roomid":"","msgtime":{3},"msgtype":"text","text":{{"content":"{4}"}}}})",
            n,
            member(chat % members),
            contact(chat),
            clock.now(),
            text
        );
        const std::int64_t id = ids.next();
        const std::string body = vault->seal(corp, raw, body_place(id));
        const std::string summary = vault->seal(corp, text, summary_place(id));
        tx.execute(
            "INSERT INTO message(id, corp_id, seq, msgid, at_ms, conversation_id, type, action, "
            "sender, side, recalled_ms, summary, body, n) VALUES(?, ?, ?, ?, ?, ?, 'text', "
            "'send', ?, 1, 0, ?, ?, ?)",
            {id,
             corp,
             n,
             "m" + std::to_string(n),
             clock.now(),
             chat + 1,
             member(chat % members),
             Blob{summary},
             Blob{body},
             n}
        );
    }

    crm::Viewer everyone() const { return crm::Viewer::daemon(corp); }

    crm::Viewer team() const { return {corp, crm::MemberId{5}, crm::Scope::team, "member:5"}; }
};

Fixture& fixture() {
    static Fixture f;
    return f;
}

void index_everything(benchmark::State& state) {
    Fixture& f = fixture();
    SearchIndexer indexer({f.archive.db(), *f.vault, f.clock, f.metrics, *f.index}, [] {
        return std::vector<crm::CorpDirectory::Ptr>{};
    });
    for (auto _ : state) {
        while (indexer.index_some(corp) > 0) {
        }
    }
    state.SetItemsProcessed(messages());
    state.counters["text_bytes"] = static_cast<double>(f.text_bytes);
    state.counters["index_bytes"] = static_cast<double>(f.index->size_bytes());
    state.counters["ratio"] =
        static_cast<double>(f.index->size_bytes()) / static_cast<double>(f.text_bytes);
}

BENCHMARK(index_everything)->Iterations(1)->Unit(benchmark::kSecond)->UseRealTime();

struct Question {
    const char* name;
    std::string q;
    SearchFilter filter;
    bool team = false;
};

std::vector<Question> questions() {
    const Corpus& c = fixture().corpus;
    const std::string one = c.word(0).substr(0, 3);
    return {
        {"common character", one, {}},
        {"common word", c.word(0), {}},
        {"rare word", c.word(15'000), {}},
        {"two common words", c.word(1) + " " + c.word(2), {}},
        {"phrase of two words", c.word(0) + c.word(1), {}},
        {"number", "4711", {}},
        {"common word, one member", c.word(0), {.member = member(7)}},
        {"common word, one contact", c.word(0), {.people = {{contact(7)}}}},
        {"common word, a team of five", c.word(0), {}, true},
        {"nothing", c.word(19'990) + c.word(19'991) + c.word(3), {}},
    };
}

void ask(benchmark::State& state, bool count) {
    Fixture& f = fixture();
    const Question asked = questions()[static_cast<std::size_t>(state.range(0))];
    const crm::Viewer viewer = asked.team ? f.team() : f.everyone();
    const SearchQuery query{asked.q, asked.filter, 0, 20};
    std::int64_t n = 0;
    for (auto _ : state) {
        n = count ? f.search->count(viewer, query)->value
                  : static_cast<std::int64_t>(f.search->page(viewer, query)->items.size());
    }
    state.SetLabel(asked.name);
    state.counters["found"] = static_cast<double>(n);
}

void first_page(benchmark::State& state) {
    ask(state, false);
}

void count(benchmark::State& state) {
    ask(state, true);
}

BENCHMARK(first_page)->DenseRange(0, 9)->Unit(benchmark::kMillisecond);
BENCHMARK(count)->DenseRange(0, 9)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace leadbridge::archive
