// SPDX-License-Identifier: Apache-2.0
//
// A cursor against std::map, by random operations that a printed seed replays.
#include "lmdb/cursor.hpp"

#include <cstdlib>
#include <map>
#include <random>

#include "lmdb/env.hpp"
#include "lmdb_support.hpp"
#include "support/catch.hpp"

using namespace milepost;
using namespace milepost::lmdb;
using namespace milepost::lmdb::test;

namespace {

using Model = std::map<std::string, std::string>;

unsigned seed() {
  const char* const given = std::getenv("MILEPOST_TEST_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                          : std::random_device()();
}

struct Walker {
  Cursor cursor;
  Model& model;
  std::mt19937& random;
  enum class At { nowhere, pair, gap } at = At::nowhere;
  std::string key;  // Where the cursor stands or, at a gap, stood.

  std::string some_key() {
    return numbered(random() % 400) + std::string(random() % 3 == 0 ? 300 : 3, 'k');
  }
  std::string some_value() { return std::string(random() % 900, static_cast<char>(random())); }

  void expect(const Result<bool>& moved, Model::iterator it) {
    REQUIRE(moved.has_value());
    REQUIRE(*moved == (it != model.end()));
    REQUIRE(cursor.valid() == *moved);
    at = *moved ? At::pair : At::nowhere;
    if (!*moved) return;
    key = it->first;
    REQUIRE(as_text(cursor.key()) == it->first);
    REQUIRE(as_text(cursor.value()) == it->second);
  }

  void forward() {
    const auto it = at == At::nowhere ? model.begin()
                    : at == At::pair  ? model.upper_bound(key)
                                      : model.lower_bound(key);
    expect(cursor.next(), it);
  }
  void backward() {
    auto it = at == At::nowhere ? model.end() : model.lower_bound(key);
    it = it == model.begin() ? model.end() : std::prev(it);
    expect(cursor.prev(), it);
  }
  void write(WriteTxn& txn, const Table& table) {
    const std::string k = some_key();
    const std::string v = some_value();
    switch (random() % 8) {
      case 0:
      case 1:
        REQUIRE(cursor.put(bytes(k), bytes(v)).has_value());
        model[k] = v;
        expect(true, model.find(k));
        break;
      case 2: {
        const auto there = cursor.put_if_absent(bytes(k), bytes(v)).value();
        const bool fresh = model.emplace(k, v).second;
        REQUIRE(there.has_value() == !fresh);
        if (there) REQUIRE(as_text(*there) == model[k]);
        expect(true, model.find(k));
        break;
      }
      case 3:
        if (at != At::pair || model.count(key) == 0) break;
        REQUIRE(cursor.replace_current(bytes(v)).has_value());
        model[key] = v;
        expect(true, model.find(key));
        break;
      case 4:
      case 5:
        if (at != At::pair || model.count(key) == 0) break;
        REQUIRE(cursor.erase_current().has_value());
        model.erase(key);
        at = At::gap;
        break;
      case 6:
        REQUIRE(txn.put(table, bytes(k), bytes(v)).has_value());
        model[k] = v;
        break;
      default:
        REQUIRE(txn.erase(table, bytes(k)).value() == (model.erase(k) > 0));
        break;
    }
    if (at == At::pair && model.count(key) == 0) at = At::gap;  // Erased past the cursor.
  }
  void step(WriteTxn& txn, const Table& table) {
    switch (random() % 10) {
      case 0:
        return expect(cursor.first(), model.begin());
      case 1:
        return expect(cursor.last(), model.empty() ? model.end() : std::prev(model.end()));
      case 2: {
        const std::string k = some_key();
        return expect(cursor.seek(bytes(k)), model.lower_bound(k));
      }
      case 3: {
        const std::string k = some_key();
        return expect(cursor.find(bytes(k)), model.find(k));
      }
      case 4:
        return backward();
      case 5:
      case 6:
        return forward();
      default:
        return write(txn, table);
    }
  }
};

}  // namespace

TEST_CASE("a cursor agrees with a sorted map through any mix of moves and writes",
          "[lmdb][cursor][random]") {
  const unsigned number = seed();
  INFO("MILEPOST_TEST_SEED=" << number);
  std::mt19937 random(number);
  TempDir dir;
  EnvOptions options = small_store(dir.path());
  auto env = Env::open(options).value();
  const Table runs = env->table("runs").value();
  Model model;
  for (int round = 0; round < 30; ++round) {
    auto txn = env->begin_write().value();
    Walker walker{Cursor::open(txn, runs).value(), model, random};
    for (int i = 0; i < 300; ++i) walker.step(txn, runs);
    REQUIRE(txn.commit().has_value());
    auto read = env->begin_read().value();
    auto cursor = Cursor::open(read, runs).value();
    for (const auto& [key, value] : model) {
      REQUIRE(cursor.next().value());
      REQUIRE(as_text(cursor.key()) == key);
      REQUIRE(as_text(cursor.value()) == value);
    }
    REQUIRE_FALSE(cursor.next().value());
  }
}

TEST_CASE("erasing while walking in either direction visits each neighbour once",
          "[lmdb][cursor]") {
  TempDir dir;
  auto env = Env::open(small_store(dir.path())).value();
  const Table runs = env->table("runs").value();
  constexpr unsigned long kCount = 3000;
  for (const bool forward : {true, false}) {
    auto txn = env->begin_write().value();
    for (unsigned long i = 0; i < kCount; ++i) {
      REQUIRE(txn.put(runs, bytes(numbered(i)), bytes("v")).has_value());
    }
    auto cursor = Cursor::open(txn, runs).value();
    unsigned long seen = 0;
    const auto move = [&] { return forward ? cursor.next() : cursor.prev(); };
    while (move().value()) {
      const unsigned long expected = forward ? seen : kCount - 1 - seen;
      REQUIRE(as_text(cursor.key()) == numbered(expected));
      if (seen % 3 != 0) REQUIRE(cursor.erase_current().has_value());
      ++seen;
    }
    CHECK(seen == kCount);
    CHECK(txn.count(runs).value() == kCount / 3);
  }
}

TEST_CASE("a cursor on an empty table stands nowhere", "[lmdb][cursor]") {
  TempDir dir;
  auto env = Env::open(small_store(dir.path())).value();
  const Table runs = env->table("runs").value();
  auto txn = env->begin_read().value();
  auto cursor = Cursor::open(txn, runs).value();
  CHECK_FALSE(cursor.first().value());
  CHECK_FALSE(cursor.last().value());
  CHECK_FALSE(cursor.next().value());
  CHECK_FALSE(cursor.prev().value());
  CHECK_FALSE(cursor.seek(bytes("a")).value());
  CHECK_FALSE(cursor.valid());
  CHECK(cursor.key().empty());
  Cursor moved = std::move(cursor);
  CHECK(cursor.first().error().code == Errc::internal);
  CHECK_FALSE(moved.first().value());
}
