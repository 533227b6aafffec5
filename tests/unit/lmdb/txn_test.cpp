// SPDX-License-Identifier: Apache-2.0
//
// Transactions: limits, threads, ends, and what a refusal leaves behind.
#include <thread>

#include "lmdb/cursor.hpp"
#include "lmdb/env.hpp"
#include "lmdb_support.hpp"
#include "probe_process.hpp"
#include "support/catch.hpp"

using namespace milepost;
using namespace milepost::lmdb;
using namespace milepost::lmdb::test;

namespace {

struct Store {
  TempDir dir;
  std::unique_ptr<Env> env = Env::open(small_store(dir.path())).value();
  Table runs = env->table("runs").value();
  Table index = env->table("index").value();

  void put(std::string_view key, std::string_view value) {
    auto txn = env->begin_write().value();
    REQUIRE(txn.put(runs, bytes(key), bytes(value)).has_value());
    REQUIRE(txn.commit().has_value());
  }
  std::optional<std::string> get(std::string_view key) {
    auto txn = env->begin_read().value();
    const auto value = txn.get(runs, bytes(key)).value();
    if (!value) return std::nullopt;
    return std::string(as_text(*value));
  }
};

template <typename T>
Errc code_of(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  CHECK_FALSE(result.error().message.empty());
  CHECK_FALSE(result.error().advice.empty());
  return result.error().code;
}

}  // namespace

TEST_CASE("a committed pair is read back, an aborted one is not", "[lmdb][txn]") {
  Store store;
  store.put("a", "1");
  {
    auto txn = store.env->begin_write().value();
    REQUIRE(txn.put(store.runs, bytes("b"), bytes("2")).has_value());
    CHECK(as_text(**txn.get(store.runs, bytes("b"))) == "2");
  }
  CHECK(store.get("a") == "1");
  CHECK(store.get("b") == std::nullopt);
  CHECK(store.env->begin_read().value().count(store.runs).value() == 1);
}

TEST_CASE("a read transaction keeps its moment", "[lmdb][txn]") {
  Store store;
  store.put("a", "1");
  auto before = store.env->begin_read().value();
  store.put("a", "2");
  auto after = store.env->begin_read().value();
  CHECK(as_text(**before.get(store.runs, bytes("a"))) == "1");
  CHECK(as_text(**after.get(store.runs, bytes("a"))) == "2");
  CHECK(after.id() == before.id() + 1);
}

TEST_CASE("keys have 1 to 511 bytes and values at most 1 MiB", "[lmdb][txn][limits]") {
  Store store;
  auto txn = store.env->begin_write().value();
  const std::string longest(kKeySizeMax, 'k');
  const std::string largest(kValueSizeMax, 'v');
  CHECK(txn.put(store.runs, bytes("1"), bytes("")).has_value());
  CHECK(txn.put(store.runs, bytes(longest), bytes(largest)).has_value());
  CHECK(code_of(txn.put(store.runs, bytes(""), bytes("v"))) == Errc::invalid_argument);
  CHECK(code_of(txn.put(store.runs, bytes(longest + "k"), bytes("v"))) == Errc::invalid_argument);
  CHECK(code_of(txn.put(store.runs, bytes("2"), bytes(largest + "v"))) == Errc::invalid_argument);
  CHECK(code_of(txn.put_if_absent(store.runs, bytes(""), bytes("v"))) == Errc::invalid_argument);
  CHECK(code_of(txn.append(store.runs, bytes(longest + "k"), bytes("v"))) ==
        Errc::invalid_argument);
  CHECK(code_of(txn.erase(store.runs, bytes(""))) == Errc::invalid_argument);
  CHECK(code_of(txn.get(store.runs, bytes(longest + "k"))) == Errc::invalid_argument);
  auto cursor = Cursor::open(txn, store.runs).value();
  CHECK(code_of(cursor.put(bytes(""), bytes("v"))) == Errc::invalid_argument);
  CHECK(code_of(cursor.put(bytes("2"), bytes(largest + "v"))) == Errc::invalid_argument);
  CHECK(code_of(cursor.seek(bytes(""))) == Errc::invalid_argument);
  CHECK(code_of(cursor.seek(bytes(longest + "k"))) == Errc::invalid_argument);
  // Refusals do not spoil their neighbours.
  REQUIRE(txn.commit().has_value());
  auto read = store.env->begin_read().value();
  CHECK((**read.get(store.runs, bytes("1"))).empty());
  CHECK((**read.get(store.runs, bytes(longest))).size() == kValueSizeMax);
  Bytes value;
  CHECK(read.find(store.runs, bytes(longest), value) == Lookup::found);
  CHECK(value.size() == kValueSizeMax);
  CHECK(read.find(store.runs, bytes("0"), value) == Lookup::absent);
  CHECK(read.find(store.runs, bytes(""), value) == Lookup::failed);
  CHECK(read.find(store.runs, bytes(longest + "k"), value) == Lookup::failed);
  CHECK(read.count(store.runs).value() == 2);
}

TEST_CASE("put_if_absent writes once and hands back what was there", "[lmdb][txn]") {
  Store store;
  auto txn = store.env->begin_write().value();
  CHECK(txn.put_if_absent(store.runs, bytes("k"), bytes("first")).value() == std::nullopt);
  const auto there = txn.put_if_absent(store.runs, bytes("k"), bytes("second")).value();
  REQUIRE(there.has_value());
  CHECK(as_text(*there) == "first");
  REQUIRE(txn.commit().has_value());
  CHECK(store.get("k") == "first");
}

TEST_CASE("append takes rising keys only", "[lmdb][txn]") {
  Store store;
  auto txn = store.env->begin_write().value();
  CHECK(txn.append(store.runs, bytes("b"), bytes("1")).has_value());
  CHECK(code_of(txn.append(store.runs, bytes("a"), bytes("2"))) == Errc::invalid_argument);
  CHECK(code_of(txn.append(store.runs, bytes("b"), bytes("2"))) == Errc::invalid_argument);
  CHECK(txn.append(store.runs, bytes("c"), bytes("3")).has_value());
  REQUIRE(txn.commit().has_value());
  CHECK(store.get("a") == std::nullopt);
  CHECK(store.get("b") == "1");
  CHECK(store.get("c") == "3");
}

TEST_CASE("erase says whether there was a key", "[lmdb][txn]") {
  Store store;
  store.put("k", "v");
  auto txn = store.env->begin_write().value();
  CHECK(txn.erase(store.runs, bytes("k")).value());
  CHECK_FALSE(txn.erase(store.runs, bytes("k")).value());
  REQUIRE(txn.commit().has_value());
  CHECK(store.get("k") == std::nullopt);
}

TEST_CASE("a write transaction refuses every other thread and stays usable on its own",
          "[lmdb][txn][threads]") {
  Store store;
  auto txn = store.env->begin_write().value();
  auto cursor = Cursor::open(txn, store.runs).value();
  REQUIRE(cursor.put(bytes("a"), bytes("1")).has_value());
  std::vector<Errc> codes;
  std::thread([&] {
    const auto note = [&](const auto& result) {
      codes.push_back(result ? Errc::closed : result.error().code);
    };
    note(txn.put(store.runs, bytes("b"), bytes("2")));
    note(txn.get(store.runs, bytes("a")));
    note(txn.erase(store.runs, bytes("a")));
    note(txn.count(store.runs));
    note(cursor.next());
    note(cursor.put(bytes("c"), bytes("3")));
    note(cursor.erase_current());
    note(Cursor::open(txn, store.runs));
    note(txn.commit());
  }).join();
  CHECK(codes == std::vector<Errc>(9, Errc::internal));
  REQUIRE(txn.commit().has_value());
  CHECK(store.get("a") == "1");
  CHECK(store.get("b") == std::nullopt);
  store.put("d", "4");  // The writer's mutex was let go.
}

TEST_CASE("a write transaction dropped on another thread is ended by its own",
          "[lmdb][txn][threads]") {
  Store store;
  auto txn = store.env->begin_write().value();
  REQUIRE(txn.put(store.runs, bytes("a"), bytes("1")).has_value());
  std::thread([&] {
    { const WriteTxn gone = std::move(txn); }
    CHECK(store.env->begin_write(in(std::chrono::milliseconds(1))).error().code == Errc::busy);
  }).join();
  store.put("b", "2");
  CHECK(store.get("a") == std::nullopt);
  CHECK(store.get("b") == "2");
}

TEST_CASE("a second write transaction is refused on the same thread and waits on others",
          "[lmdb][txn][threads]") {
  Store store;
  auto first = store.env->begin_write().value();
  CHECK(code_of(store.env->begin_write(in(std::chrono::milliseconds(1)))) == Errc::internal);
  Errc other = Errc::closed;
  std::thread([&] {
    const auto late = store.env->begin_write(in(std::chrono::milliseconds(5)));
    if (!late) other = late.error().code;
  }).join();
  CHECK(other == Errc::busy);
  bool done = false;
  std::thread waiting([&] {
    auto txn = store.env->begin_write();
    done = txn && txn->put(store.runs, bytes("w"), bytes("1")) && txn->commit();
  });
  REQUIRE(first.commit().has_value());
  waiting.join();
  CHECK(done);
}

TEST_CASE("cursors and transactions are dead after commit and abort", "[lmdb][txn]") {
  Store store;
  store.put("a", "1");
  auto txn = store.env->begin_write().value();
  auto cursor = Cursor::open(txn, store.runs).value();
  REQUIRE(cursor.first().value());
  SECTION("commit") { REQUIRE(txn.commit().has_value()); }
  SECTION("abort") { txn.abort(); }
  CHECK_FALSE(txn);
  CHECK(code_of(cursor.next()) == Errc::internal);
  CHECK(code_of(cursor.erase_current()) == Errc::internal);
  CHECK(code_of(cursor.put(bytes("b"), bytes("2"))) == Errc::internal);
  CHECK(code_of(txn.put(store.runs, bytes("b"), bytes("2"))) == Errc::internal);
  CHECK(code_of(txn.commit()) == Errc::internal);
  // Also when the next transaction is open on the same thread.
  auto next = store.env->begin_write().value();
  CHECK(code_of(cursor.first()) == Errc::internal);
  CHECK(next.put(store.runs, bytes("c"), bytes("3")).has_value());
}

TEST_CASE("a read transaction may move between threads and its cursors die with it",
          "[lmdb][txn][threads]") {
  Store store;
  store.put("a", "1");
  auto txn = store.env->begin_read().value();
  auto cursor = Cursor::open(txn, store.runs).value();
  std::thread([&, moved = std::move(txn)]() mutable {
    if (!cursor.first().value()) std::abort();
    ReadTxn mine = std::move(moved);
    mine.end();
  }).join();
  CHECK(code_of(cursor.next()) == Errc::internal);
  CHECK(code_of(txn.get(store.runs, bytes("a"))) == Errc::internal);
  auto again = store.env->begin_read().value();
  CHECK(code_of(cursor.first()) == Errc::internal);
  auto fresh = Cursor::open(again, store.runs).value();
  CHECK(fresh.first().value());
  CHECK(code_of(fresh.put(bytes("b"), bytes("2"))) == Errc::internal);
}

TEST_CASE("one thread may hold many read transactions, up to the pool, then waits", "[lmdb][txn]") {
  TempDir dir;
  EnvOptions options = small_store(dir.path());
  options.read_slots = 4;
  auto env = Env::open(options).value();
  std::vector<ReadTxn> held;
  for (int i = 0; i < 4; ++i) held.push_back(env->begin_read().value());
  CHECK(code_of(env->begin_read(in(std::chrono::milliseconds(1)))) == Errc::busy);
  bool got = false;
  std::thread waiting([&] { got = env->begin_read().has_value(); });
  held.pop_back();
  waiting.join();
  CHECK(got);
  // With transactions alive nothing is closed.
  CHECK(code_of(env->close(in(std::chrono::milliseconds(1)))) == Errc::busy);
  CHECK(held.front().count(*env->table("runs")).has_value());
  held.clear();
  CHECK(env->close().has_value());
}

TEST_CASE("a store whose transactions outlive it leaves LMDB open rather than free it",
          "[lmdb][txn]") {
  TempDir dir;
  Probe probe({"leak", dir.path()});
  CHECK(probe.line().find("log LMDB's handle stays open") == 0);
  CHECK(probe.line().rfind("error -7 ", 0) == 0);
  CHECK(probe.wait() == 0);
}

TEST_CASE("a table lost behind our back is corrupt, never empty", "[lmdb][txn]") {
  TempDir dir;
  {
    auto env = Env::open(small_store(dir.path())).value();
    auto txn = env->begin_write().value();
    REQUIRE(txn.put(*env->table("runs"), bytes("k"), bytes("v")).has_value());
    REQUIRE(txn.commit().has_value());
  }
  EnvOptions options = small_store(dir.path());
  auto env = Env::open(options).value();
  const Table runs = env->table("runs").value();
  Probe probe({"drop_table", dir.path()});
  REQUIRE(probe.line() == "ok");
  REQUIRE(probe.wait() == 0);
  auto txn = env->begin_read().value();
  Bytes value;
  CHECK(code_of(txn.get(runs, bytes("k"))) == Errc::corrupt);
  CHECK(txn.find(runs, bytes("k"), value) == Lookup::failed);
  CHECK(code_of(txn.count(runs)) == Errc::corrupt);
  CHECK(code_of(env->begin_write()) == Errc::corrupt);
  auto cursor = Cursor::open(txn, runs);
  CHECK(code_of(cursor->first()) == Errc::corrupt);
}

TEST_CASE("threads that read while one writes see whole commits only", "[lmdb][txn][concurrency]") {
  Store store;
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<int> reads{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 4; ++t) {
    readers.emplace_back([&] {
      std::uint64_t last = 0;
      while (!stop || reads < 100) {
        auto txn = store.env->begin_read();
        if (!txn) {
          ++wrong;
          break;
        }
        const auto a = txn->get(store.runs, bytes("a"));
        const auto b = txn->get(store.index, bytes("b"));
        if (!a || !b || a->has_value() != b->has_value()) {
          ++wrong;
        } else if (*a && as_text(**a) != as_text(**b)) {
          ++wrong;
        }
        if (txn->id() < last) ++wrong;
        last = txn->id();
        ++reads;
      }
    });
  }
  for (unsigned long i = 0; i < 100; ++i) {
    auto txn = store.env->begin_write().value();
    REQUIRE(txn.put(store.runs, bytes("a"), bytes(numbered(i))).has_value());
    REQUIRE(txn.put(store.index, bytes("b"), bytes(numbered(i))).has_value());
    REQUIRE(txn.commit().has_value());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
}

TEST_CASE("reads of short-lived threads use few reader slots", "[lmdb][txn]") {
  Store store;
  for (int i = 0; i < 200; ++i) {
    std::thread([&] { static_cast<void>(store.env->begin_read().value()); }).join();
  }
  CHECK(store.env->stats().value().readers_used <= 32);
}
