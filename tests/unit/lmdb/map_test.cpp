// SPDX-License-Identifier: Apache-2.0
//
// The map: growth behind the gate, growth by another process, its cap, the address space.
#include <atomic>
#include <thread>

#include "lmdb/env.hpp"
#include "lmdb_support.hpp"
#include "probe_process.hpp"
#include "support/catch.hpp"

using namespace milepost;
using namespace milepost::lmdb;
using namespace milepost::lmdb::test;

namespace {

EnvOptions tiny(const std::string& directory) {
  EnvOptions options = small_store(directory);
  options.map_size_start = kMapSizeMin;
  options.map_size_max = 64u << 20;
  return options;
}

// The group of a growing store: run again as a whole after each growth.
Result<void> put_group(Env& env, unsigned long first, unsigned long count, bool use_reserve) {
  const std::string value(2000, 'v');
  const Table runs = env.table("runs").value();
  for (;;) {
    auto txn = env.begin_write();
    if (!txn) return txn.error();
    Result<void> done;
    for (unsigned long i = first; done && i < first + count; ++i) {
      done = txn->put(runs, bytes(numbered(i)), bytes(value));
    }
    // A failed put spoils the commit too: it tells the first failure.
    auto committed = txn->commit();
    if (committed) return committed;
    if (committed.error().code != Errc::map_full) return committed;
    if (auto grown = env.grow(std::nullopt, use_reserve); !grown) return grown;
  }
}

}  // namespace

TEST_CASE("the map grows by doubling and the group is run again whole", "[lmdb][map]") {
  TempDir dir;
  auto env = Env::open(tiny(dir.path())).value();
  CHECK(env->map_size() == kMapSizeMin);
  const Table runs = env->table("runs").value();
  for (unsigned long first = 0; first < 4000; first += 500) {
    REQUIRE(put_group(*env, first, 500, false).has_value());
    auto txn = env->begin_read().value();
    REQUIRE(txn.count(runs).value() == first + 500);
  }
  CHECK(env->map_size() == 16 * kMapSizeMin);
  CHECK(env->stats().value().map_size == env->map_size());
  REQUIRE(env->close().has_value());
  // The stored size counts when it is larger than the configured one.
  env = Env::open(tiny(dir.path())).value();
  CHECK(env->map_size() == 16 * kMapSizeMin);
  CHECK(env->begin_read().value().count(runs).value() == 4000);
}

TEST_CASE("a failed put fails the commit with its own error and applies nothing", "[lmdb][map]") {
  TempDir dir;
  auto env = Env::open(tiny(dir.path())).value();
  const Table runs = env->table("runs").value();
  const std::string value(kValueSizeMax, 'v');
  auto txn = env->begin_write().value();
  REQUIRE(txn.put(runs, bytes("small"), bytes("1")).has_value());
  const auto put = txn.put(runs, bytes("large"), bytes(value));
  REQUIRE_FALSE(put.has_value());
  CHECK(put.error().code == Errc::map_full);
  const auto committed = txn.commit();
  REQUIRE_FALSE(committed.has_value());
  CHECK(committed.error().code == Errc::map_full);
  CHECK(committed.error().applied == Applied::no);
  CHECK(committed.error().retry_safe);
  CHECK(env->begin_read().value().count(runs).value() == 0);
  REQUIRE(env->grow().has_value());
  REQUIRE(env->grow().has_value());
  auto again = env->begin_write().value();
  REQUIRE(again.put(runs, bytes("large"), bytes(value)).has_value());
  CHECK(again.commit().has_value());
}

TEST_CASE("growth waits for readers, and is busy when they stay", "[lmdb][map]") {
  TempDir dir;
  auto env = Env::open(tiny(dir.path())).value();
  auto reader = env->begin_read().value();
  const auto late = env->grow(in(std::chrono::milliseconds(2)));
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == Errc::busy);
  CHECK(late.error().retry_safe);
  CHECK(env->map_size() == kMapSizeMin);
  // The gate is open again, for readers old and new.
  CHECK(reader.count(*env->table("runs")).has_value());
  CHECK(env->begin_read(in(std::chrono::milliseconds(1))).has_value());
  std::atomic<bool> grown{false};
  std::thread growing([&] { grown = env->grow().has_value(); });
  // While somebody waits for the gate new readers wait as well; the gate opens once we end.
  while (env->begin_read(in(std::chrono::milliseconds(0))).has_value()) std::this_thread::yield();
  CHECK_FALSE(grown);
  reader.end();
  growing.join();
  CHECK(grown);
  CHECK(env->map_size() == 2 * kMapSizeMin);
  CHECK(env->begin_read().has_value());
}

TEST_CASE("growth is refused to the thread that writes", "[lmdb][map]") {
  TempDir dir;
  auto env = Env::open(tiny(dir.path())).value();
  auto txn = env->begin_write().value();
  CHECK(env->grow(in(std::chrono::milliseconds(1))).error().code == Errc::internal);
  REQUIRE(txn.commit().has_value());
  CHECK(env->grow().has_value());
}

TEST_CASE("readers run on while the map grows to its cap", "[lmdb][map][concurrency]") {
  TempDir dir;
  EnvOptions options = tiny(dir.path());
  options.map_size_max = 1ull << 30;
  auto env = Env::open(options).value();
  REQUIRE(put_group(*env, 0, 200, false).has_value());
  const Table runs = env->table("runs").value();
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!stop) {
        auto txn = env->begin_read();
        if (!txn) {
          ++wrong;
          return;
        }
        for (unsigned long i = 0; i < 200; i += 20) {
          const auto value = txn->get(runs, bytes(numbered(i)));
          if (!value || !*value || (**value)[1999] != std::byte{'v'}) ++wrong;
        }
      }
    });
  }
  int grown = 0;
  while (env->grow().has_value()) ++grown;
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
  CHECK(grown >= 9);
}

TEST_CASE("at the cap writes are map_full and a reserve is left for those who free space",
          "[lmdb][map]") {
  TempDir dir;
  EnvOptions options = tiny(dir.path());
  options.map_size_max = 4u << 20;
  auto env = Env::open(options).value();
  unsigned long stored = 0;
  Result<void> done;
  while ((done = put_group(*env, stored, 50, false))) stored += 50;
  CHECK(done.error().code == Errc::map_full);
  CHECK(done.error().applied == Applied::no);
  CHECK(env->map_size() < options.map_size_max);
  const Table runs = env->table("runs").value();
  CHECK(env->begin_read().value().count(runs).value() == stored);
  REQUIRE(env->grow(std::nullopt, true).has_value());
  CHECK(env->map_size() <= options.map_size_max);
  auto txn = env->begin_write().value();
  for (unsigned long i = 0; i < stored; ++i) REQUIRE(txn.erase(runs, bytes(numbered(i))).value());
  REQUIRE(txn.commit().has_value());
  CHECK(env->grow(std::nullopt, true).error().code == Errc::map_full);
  CHECK(put_group(*env, 0, 50, false).has_value());
}

TEST_CASE("a map that grew into its reserve keeps as much free for those who free space",
          "[lmdb][map]") {
  TempDir dir;
  EnvOptions options = tiny(dir.path());
  options.map_size_max = 4u << 20;
  auto env = Env::open(options).value();
  const Table runs = env->table("runs").value();
  // Below the reserve nothing is kept back beside it.
  {
    auto txn = env->begin_write().value();
    CHECK(txn.check_reserve().has_value());
  }
  while (env->grow(std::nullopt, true)) {
  }
  REQUIRE(env->map_size() == options.map_size_max);
  const std::string value(2000, 'v');
  unsigned long stored = 0;
  Result<void> kept;
  while (kept) {
    auto txn = env->begin_write().value();
    for (unsigned long i = 0; i < 20; ++i) {
      REQUIRE(txn.put(runs, bytes(numbered(stored + i)), bytes(value)).has_value());
    }
    kept = txn.check_reserve();
    if (!kept) break;
    REQUIRE(txn.commit().has_value());
    stored += 20;
  }
  CHECK(kept.error().code == Errc::map_full);
  CHECK_FALSE(kept.error().advice.empty());
  const std::uint64_t reserve = options.map_size_max / kMapReserveShare;
  const auto stats = env->stats().value();
  CHECK(stats.map_size - stats.used_bytes + stats.free_pages * stats.page_size >= reserve);
  CHECK(stored * value.size() > options.map_size_max / 3);
  // Who frees space may use it, and then there is room again.
  auto txn = env->begin_write().value();
  for (unsigned long i = 0; i < stored / 2; ++i) {
    REQUIRE(txn.erase(runs, bytes(numbered(i))).value());
  }
  CHECK(txn.check_reserve().has_value());
  CHECK(txn.commit().has_value());
  CHECK_FALSE(txn.check_reserve().has_value());  // over
}

TEST_CASE("the map starts below the reserve even if start equals the cap", "[lmdb][map]") {
  TempDir dir;
  EnvOptions options = tiny(dir.path());
  options.map_size_start = options.map_size_max = 16u << 20;
  auto env = Env::open(options).value();
  CHECK(env->map_size() == 15u << 20);
  CHECK(env->grow().error().code == Errc::map_full);
  CHECK(env->grow(std::nullopt, true).has_value());
  CHECK(env->map_size() == 16u << 20);
}

TEST_CASE("growth by another process is invisible to readers here", "[lmdb][map][processes]") {
  TempDir dir;
  REQUIRE(Env::open(tiny(dir.path())).has_value());
  EnvOptions options = tiny(dir.path());
  options.read_only = true;
  auto env = Env::open(options).value();
  const std::uint64_t before = env->map_size();
  const Table runs = env->table("runs").value();
  CHECK(env->begin_read().value().count(runs).value() == 0);
  auto held = env->begin_read().value();
  Probe writer({"grow", dir.path(), "30"});
  REQUIRE(writer.line().rfind("ok ", 0) == 0);
  // A snapshot of this process keeps the map where it is.
  const auto blocked = env->begin_read(in(std::chrono::milliseconds(5)));
  REQUIRE_FALSE(blocked.has_value());
  CHECK(blocked.error().code == Errc::busy);
  held.end();
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      auto txn = env->begin_read();
      if (txn && txn->count(runs).value() == 300) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 4);
  CHECK(env->map_size() > before);
  auto txn = env->begin_read().value();
  CHECK((**txn.get(runs, bytes("grown" + numbered(299)))).size() == 100'000);
  writer.tell("done");
  CHECK(writer.wait() == 0);
}

TEST_CASE("growth that does not fit the address space leaves the store as it was",
          "[lmdb][map][processes]") {
  TempDir dir;
#if MILEPOST_TEST_SANITIZED
  WARN("not run: sanitizers need the address space that this test takes away");
#else
  Probe probe({"grow_without_space", dir.path()});
  CHECK(probe.line().rfind("error -26 ", 0) == 0);
  CHECK(probe.line() == "ok value");
  CHECK(probe.line() == "ok");
  CHECK(probe.wait() == 0);
#endif
}

TEST_CASE("address space is tried without keeping it", "[lmdb][map]") {
  for (int i = 0; i < 100; ++i) CHECK(address_space_for(1ull << 32));
  CHECK_FALSE(address_space_for(1ull << 62));
}
