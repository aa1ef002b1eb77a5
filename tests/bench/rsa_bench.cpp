// RSA-2048 decryption as the archive does it: pages of sealed random keys through RsaPool with as
// many threads as cores. deploy/bench sets it against `openssl speed -multi N rsa2048` in the same
// run (design figure: 3,900 a second and core).
#include <benchmark/benchmark.h>

#include <thread>
#include <vector>

#include "archive/decryptor.h"

namespace leadbridge::archive {
namespace {

constexpr std::size_t page = 500;  // PullOptions::page_limit

void decrypt_pages(benchmark::State& state) {
    const crypto::RsaKey key = crypto::RsaKey::generate(2'048);
    const std::string random_key =
        crypto::base64(key.encrypt_pkcs1("0123456789abcdef0123456789abcdef").value());
    const std::vector<SealedKey> sealed(page, SealedKey{&key, random_key});
    RsaPool pool(static_cast<int>(std::thread::hardware_concurrency()));
    for (auto _ : state) {
        const auto opened = pool.decrypt(sealed);
        if (!opened.front() || !opened.back()) {
            state.SkipWithError("a key did not open");
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(page));
}

BENCHMARK(decrypt_pages)->UseRealTime()->MinTime(2.0)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace leadbridge::archive
