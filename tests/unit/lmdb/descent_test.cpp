// SPDX-License-Identifier: Apache-2.0
//
// The quick search must come up with what LMDB has under a key or with nothing, whatever commits,
// moves of the map and reopenings lie between two of them, and must survive pages that say
// anything at all. Its speed is measured elsewhere.
#include "lmdb/descent.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "lmdb/env.hpp"
#include "lmdb_support.hpp"
#include "support/catch.hpp"

using namespace milepost;
using namespace milepost::lmdb;
using namespace milepost::lmdb::test;

namespace {

std::string key_of(unsigned long number) { return "key---" + numbered(number); }

std::string value_of(unsigned long number, char mark = 'v') {
  return numbered(number) + std::string(number % 200, mark);
}

struct Store {
  explicit Store(std::uint64_t map_size = 64u << 20) {
    EnvOptions options = small_store(dir.path());
    options.map_size_start = map_size;
    env = Env::open(std::move(options)).value();
    runs = env->table("runs").value();
    index = env->table("index").value();
  }
  /// Even numbers below 2 * count.
  void fill(unsigned long count, char mark = 'v') const {
    auto txn = env->begin_write().value();
    for (unsigned long i = 0; i < count; ++i) {
      REQUIRE(txn.put(runs, bytes(key_of(2 * i)), bytes(value_of(2 * i, mark))).has_value());
    }
    REQUIRE(txn.commit().has_value());
  }
  TempDir dir;
  std::unique_ptr<Env> env;
  Table runs;
  Table index;
};

/// The same place in the map, not just the same bytes.
bool is_what_lmdb_has(const ReadTxn& txn, const Table& table, Bytes key, Bytes quick) {
  Bytes slow;
  if (txn.find(table, key, slow) != Lookup::found) return quick.empty();
  return quick.data() == slow.data() && quick.size() == slow.size();
}

}  // namespace

TEST_CASE("the quick search finds what LMDB has, and nothing else", "[lmdb][descent]") {
  const unsigned long count = GENERATE(1ul, 2ul, 20ul, 2'000ul, 60'000ul);
  const Store store;
  store.fill(count);
  const auto txn = store.env->begin_read().value();
  std::mt19937_64 random(count);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> keys;
    std::vector<Bytes> views;
    const std::size_t many = random() % (kSideBySideMax + 1);
    for (std::size_t i = 0; i < many; ++i) keys.push_back(key_of(random() % (2 * count + 4)));
    for (const std::string& key : keys) views.push_back(bytes(key));
    std::vector<Bytes> values(many);
    txn.find_quickly(store.runs, views, values);
    for (std::size_t i = 0; i < many; ++i) {
      REQUIRE(is_what_lmdb_has(txn, store.runs, views[i], values[i]));
      REQUIRE(is_what_lmdb_has(txn, store.runs, views[i], txn.find_quickly(store.runs, views[i])));
    }
  }
}

TEST_CASE("the quick search leaves to LMDB what it does not know", "[lmdb][descent]") {
  const Store store;
  store.fill(5'000);
  {
    auto txn = store.env->begin_write().value();
    // A value on pages of its own, and a key of another size.
    REQUIRE(txn.put(store.runs, bytes(key_of(77)), bytes(std::string(9'000, 'x'))).has_value());
    REQUIRE(txn.put(store.index, bytes("short"), bytes("1")).has_value());
    REQUIRE(txn.put(store.index, bytes(key_of(1)), bytes("2")).has_value());
    REQUIRE(txn.commit().has_value());
  }
  const auto txn = store.env->begin_read().value();
  CHECK(txn.find_quickly(store.runs, bytes(key_of(77))).empty());
  CHECK(txn.find_quickly(store.runs, bytes("key")).empty());
  CHECK(txn.find_quickly(store.runs, bytes(key_of(78))).size() == value_of(78).size());
  CHECK(txn.find_quickly(store.index, bytes("short")).empty());
  const std::string long_key = key_of(78) + "and more";
  CHECK(txn.find_quickly(store.runs, bytes(long_key)).empty());
  const std::vector<Bytes> too_many(kSideBySideMax + 1, bytes("key"));
  std::vector<Bytes> values(too_many.size(), bytes("stale"));
  txn.find_quickly(store.runs, too_many, values);
  for (const Bytes value : values) CHECK(value.empty());
}

TEST_CASE("the quick search sees the commit its transaction sees", "[lmdb][descent]") {
  const Store store;
  CHECK(store.env->begin_read().value().find_quickly(store.runs, bytes(key_of(0))).empty());
  for (char mark = 'a'; mark <= 'f'; ++mark) {
    store.fill(static_cast<unsigned long>(mark - 'a' + 1) * 500, mark);
    const auto before = store.env->begin_read().value();
    store.fill(100, '#');
    const auto after = store.env->begin_read().value();
    CHECK(as_text(before.find_quickly(store.runs, bytes(key_of(198)))) == value_of(198, mark));
    CHECK(as_text(after.find_quickly(store.runs, bytes(key_of(198)))) == value_of(198, '#'));
    CHECK(is_what_lmdb_has(before, store.runs, bytes(key_of(400)),
                           before.find_quickly(store.runs, bytes(key_of(400)))));
  }
}

TEST_CASE("the quick search follows a map that moves", "[lmdb][descent]") {
  const Store store(1u << 20);
  store.fill(100);
  for (int growth = 0; growth < 6; ++growth) {
    // The slot's notes are of this commit and this map, and the next map has the same commit.
    const std::string key = key_of(40);
    {
      const auto txn = store.env->begin_read().value();
      REQUIRE(
          is_what_lmdb_has(txn, store.runs, bytes(key), txn.find_quickly(store.runs, bytes(key))));
    }
    REQUIRE(store.env->grow(in(std::chrono::seconds(10))).has_value());
    const auto txn = store.env->begin_read().value();
    REQUIRE(as_text(txn.find_quickly(store.runs, bytes(key))) == value_of(40));
    REQUIRE(
        is_what_lmdb_has(txn, store.runs, bytes(key), txn.find_quickly(store.runs, bytes(key))));
  }
}

TEST_CASE("the quick search survives pages of noise", "[lmdb][descent]") {
  constexpr std::size_t kPages = 8;
  constexpr std::size_t kPage = 4096;
  // Exactly as large as it says: a sanitizer sees the first byte too far.
  struct alignas(kPage) Pages {
    std::array<std::byte, kPages * kPage> bytes;
  };
  const auto pages = std::make_unique<Pages>();
  std::mt19937_64 random(Catch::rngSeed());
  INFO("seed " << Catch::rngSeed());
  std::array<std::string, kSideBySideMax> texts;
  std::array<Bytes, kSideBySideMax> keys;
  std::array<Bytes, kSideBySideMax> values;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    texts[i] = std::string(kQuickKeySize, static_cast<char>(random()));
    keys[i] = bytes(texts[i]);
  }
  for (int round = 0; round < 2'000; ++round) {
    for (std::size_t i = 0; i < pages->bytes.size(); i += 8) {
      const std::uint64_t word = random();
      std::memcpy(pages->bytes.data() + i, &word, 8);
    }
    for (std::size_t page = 0; page < kPages; ++page) {
      std::byte* const at = pages->bytes.data() + page * kPage;
      const std::uint16_t flags = random() % 2 == 0 ? 1 : 2;
      const auto lower = static_cast<std::uint16_t>(random() % 4'200);
      std::memcpy(at + 10, &flags, 2);
      std::memcpy(at + 12, &lower, 2);
      // Keys of the right size, pages that exist and offsets in bounds, so that the way goes on.
      for (std::size_t node = 16; node + 8 < kPage; node += 8) {
        const std::uint64_t number = random() % (kPages + 1);
        const std::uint64_t word = number | std::uint64_t{kQuickKeySize} << 48;
        if (random() % 4 != 0) std::memcpy(at + node, &word, 8);
      }
      for (std::size_t offset = 16; offset < 400; offset += 2) {
        const auto to = static_cast<std::uint16_t>(random() % (kPage + 64) / 8 * 8);
        std::memcpy(at + offset, &to, 2);
      }
    }
    TreePlace tree;
    tree.map = pages->bytes.data();
    tree.pages = kPages;
    tree.page_size = kPage;
    tree.root = random() % (kPages + 2);
    tree.depth = static_cast<unsigned>(random() % 40);
    find_in_tree(tree, keys, values);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const Bytes alone = find_in_tree(tree, keys[i]);
      REQUIRE(alone.data() == values[i].data());
      REQUIRE(alone.size() == values[i].size());
    }
  }
}
