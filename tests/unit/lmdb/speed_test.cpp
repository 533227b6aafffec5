// SPDX-License-Identifier: Apache-2.0
//
// What the wrapper costs over raw LMDB: hidden, run with `[.speed]`; and that a warm read
// allocates nothing, which always runs.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <lmdb.h>
#include <new>
#include <random>

#include "lmdb/env.hpp"
#include "lmdb_support.hpp"
#include "support/catch.hpp"

using namespace milepost;
using namespace milepost::lmdb;
using namespace milepost::lmdb::test;

#if !MILEPOST_TEST_SANITIZED
namespace {

thread_local bool t_counting = false;
thread_local unsigned long t_allocations = 0;

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (t_counting) ++t_allocations;
  if (void* const place = std::malloc(size)) return place;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* place) noexcept { std::free(place); }
[[gnu::noinline]] void operator delete(void* place, std::size_t) noexcept { std::free(place); }
#endif

namespace {

template <typename F>
double nanoseconds_each(unsigned long count, F&& body) {
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto from = std::chrono::steady_clock::now();
    for (unsigned long i = 0; i < count; ++i) body(i);
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - from;
    best = std::min(best, taken.count() / static_cast<double>(count));
  }
  return best;
}

void fill(Env& env, unsigned long count) {
  auto txn = env.begin_write().value();
  for (unsigned long i = 0; i < count; ++i) {
    REQUIRE(txn.append(*env.table("runs"), bytes(numbered(i)), bytes("a value of some bytes"))
                .has_value());
  }
  REQUIRE(txn.commit().has_value());
}

}  // namespace

TEST_CASE("a warm read allocates nothing", "[lmdb][speed]") {
#if MILEPOST_TEST_SANITIZED
  WARN("not run: the sanitizer has replaced operator new");
#else
  TempDir dir;
  auto env = Env::open(small_store(dir.path())).value();
  fill(*env, 1000);
  const Table runs = env->table("runs").value();
  const std::string there = numbered(500);
  static_cast<void>(env->begin_read().value());
  unsigned long found = 0;
  t_counting = true;
  for (int i = 0; i < 100; ++i) {
    auto txn = env->begin_read();
    Bytes value;
    if (txn && txn->find(runs, bytes(there), value) == Lookup::found) ++found;
    if (txn && txn->find(runs, bytes("x"), value) == Lookup::absent) ++found;
    if (const auto got = txn->get(runs, bytes(there)); got && *got) ++found;
  }
  t_counting = false;
  CHECK(found == 300);
  CHECK(t_allocations == 0);
#endif
}

TEST_CASE("what a read costs over raw LMDB", "[.speed]") {
  TempDir dir;
  auto env = Env::open(small_store(dir.path())).value();
  constexpr unsigned long kRows = 10'000;
  constexpr unsigned long kCount = 400'000;
  fill(*env, kRows);
  const Table runs = env->table("runs").value();
  std::vector<std::string> keys;
  std::mt19937 random(7);
  for (int i = 0; i < 4096; ++i) keys.push_back(numbered(random() % kRows));
  unsigned long bad = 0;
  const double ours = nanoseconds_each(kCount, [&](unsigned long i) {
    auto txn = env->begin_read();
    Bytes value;
    if (!txn || txn->find(runs, bytes(keys[i % 4096]), value) != Lookup::found) ++bad;
  });
  const double ours_get = nanoseconds_each(kCount, [&](unsigned long i) {
    auto txn = env->begin_read();
    if (!txn) return;
    const auto value = txn->get(runs, bytes(keys[i % 4096]));
    if (!value || !*value) ++bad;
  });
  const double ours_empty = nanoseconds_each(kCount, [&](unsigned long) {
    if (!env->begin_read()) ++bad;
  });
  REQUIRE(env->close().has_value());

  MDB_env* raw = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi dbi = 0;
  REQUIRE(mdb_env_create(&raw) == 0);
  REQUIRE(mdb_env_set_maxdbs(raw, 4) == 0);
  REQUIRE(mdb_env_open(raw, dir.path().c_str(), MDB_NOTLS | MDB_RDONLY, 0600) == 0);
  REQUIRE(mdb_txn_begin(raw, nullptr, MDB_RDONLY, &txn) == 0);
  MDB_dbi other = 0;
  REQUIRE(mdb_dbi_open(txn, "runs", 0, &dbi) == 0);
  REQUIRE(mdb_dbi_open(txn, "index", 0, &other) == 0);
  REQUIRE(mdb_dbi_open(txn, "meta", 0, &other) == 0);
  REQUIRE(mdb_txn_commit(txn) == 0);
  REQUIRE(mdb_txn_begin(raw, nullptr, MDB_RDONLY, &txn) == 0);
  mdb_txn_reset(txn);
  const double theirs = nanoseconds_each(kCount, [&](unsigned long i) {
    MDB_val key{keys[i % 4096].size(), keys[i % 4096].data()};
    MDB_val value{};
    if (mdb_txn_renew(txn) != 0 || mdb_get(txn, dbi, &key, &value) != 0) ++bad;
    mdb_txn_reset(txn);
  });
  const double theirs_empty = nanoseconds_each(kCount, [&](unsigned long) {
    if (mdb_txn_renew(txn) != 0) ++bad;
    mdb_txn_reset(txn);
  });
  mdb_txn_abort(txn);
  mdb_env_close(raw);
  CHECK(bad == 0);
  std::printf(
      "begin+end        %6.1f ns   raw renew+reset     %6.1f ns\n"
      "begin+find+end   %6.1f ns   raw renew+get+reset %6.1f ns\n"
      "begin+get+end    %6.1f ns\n",
      ours_empty, theirs_empty, ours, theirs, ours_get);
}
