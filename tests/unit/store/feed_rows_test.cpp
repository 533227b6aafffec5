// SPDX-License-Identifier: Apache-2.0
//
// The feed's rows in LMDB: dense, trimmed by whole blocks, blanked up to a forget and no further,
// and without gaps whatever the retention was meanwhile.
#include "store/feed_rows.hpp"

#include "lmdb/env.hpp"
#include "store/feed_reader.hpp"
#include "store/schema.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/temp_directory.hpp"
#include "unit/store/support.hpp"

namespace milepost::store {
namespace {

using test::code_of;
using test::effect;
using test::effects;
using test::id;
using test::ok;

/// A store that has nothing but a feed.
class Feed {
 public:
  explicit Feed(std::uint64_t retention) : rows(retention) {
    lmdb::EnvOptions options;
    options.directory = folder_ / "store";
    options.map_size_start = 16u << 20;
    options.tables = {"changes"};
    env_ = lmdb::Env::open(options).value();
    changes_ = env_->table("changes").value();
    meta_ = env_->table("meta").value();
  }

  Result<void> write(std::span<const EffectPtr> some) {
    auto txn = env_->begin_write().value();
    if (auto done = rows.write(txn, changes_, meta_, some); !done) return done;
    newest = some.back().sequence();
    return txn.commit();
  }
  Result<void> write(std::uint64_t first, std::uint64_t count) {
    return write(effects(first, count));
  }

  /// Sequence and kind of what stands behind `after`.
  Result<std::vector<std::pair<std::uint64_t, core::EffectKind>>> read(std::uint64_t after,
                                                                       std::size_t limit = 1'000) {
    std::vector<std::pair<std::uint64_t, core::EffectKind>> seen;
    const auto txn = env_->begin_read().value();
    auto done = read_changes(moment(txn), after, limit,
                             [&](std::uint64_t sequence, std::span<const std::byte> bytes) {
                               seen.emplace_back(sequence, core::view_effect(bytes).kind);
                             });
    if (!done) return done.error();
    return seen;
  }
  [[nodiscard]] std::uint64_t first() {
    const auto txn = env_->begin_read().value();
    return read_feed_first(moment(txn)).value();
  }
  [[nodiscard]] std::uint64_t blocks() {
    return env_->begin_read().value().count(changes_).value();
  }
  /// Whether everything from the first on to the newest is there.
  [[nodiscard]] bool is_dense() {
    std::uint64_t next = first();
    const auto seen = read(next - 1, 1'000'000).value();
    for (const auto& each : seen) {
      if (each.first != next++) return false;
    }
    return next == newest + 1;
  }

  FeedRows rows;
  std::uint64_t newest = 0;

 private:
  FeedMoment moment(const lmdb::ReadTxn& txn) {
    const auto value = txn.get(meta_, lmdb::as_bytes(kMetaFeedFloor)).value();
    return {.txn = txn,
            .changes = changes_,
            .floor = value ? read_feed_floor(*value).value() : 0,
            .newest = newest};
  }

  test::TempDirectory folder_;
  std::unique_ptr<lmdb::Env> env_;
  lmdb::Table changes_{};
  lmdb::Table meta_{};
};

TEST_CASE("every effect is in the feed, in order, from any position", "[store][feed_rows]") {
  Feed feed(1'000'000);
  CHECK(feed.first() == 0);
  CHECK(feed.read(0).value().empty());
  std::uint64_t next = 1;
  for (const std::uint64_t count : {1u, 2u, 300u, 1u, 77u}) {
    REQUIRE(ok(feed.write(next, count)));
    next += count;
  }
  CHECK(feed.first() == 1);
  for (std::uint64_t after = 0; after < feed.newest; after += 7) {
    const auto seen = feed.read(after, 25).value();
    REQUIRE(seen.size() == std::min<std::uint64_t>(25, feed.newest - after));
    for (std::size_t i = 0; i < seen.size(); ++i) REQUIRE(seen[i].first == after + 1 + i);
  }
  CHECK(feed.read(feed.newest).value().empty());
  CHECK(feed.read(feed.newest + 5).value().empty());
  CHECK(feed.read(0, 0).value().empty());
}

TEST_CASE("at least the retention is kept, and older positions are too_old with the beginning",
          "[store][feed_rows]") {
  Feed feed(100);
  for (std::uint64_t first = 1; first <= 1'000; first += 10) {
    REQUIRE(ok(feed.write(first, 10)));
    const std::uint64_t oldest = feed.first();
    REQUIRE(oldest <= std::max<std::uint64_t>(1, feed.newest < 100 ? 1 : feed.newest - 99));
    REQUIRE(feed.is_dense());
  }
  // Whole blocks go: here of ten effects each.
  CHECK(feed.first() == 901);
  const auto refused = feed.read(899);
  REQUIRE(code_of(refused) == Errc::too_old);
  CHECK(refused.error().message.find("901") != std::string::npos);
  CHECK(feed.read(900).value().size() == 100);
}

TEST_CASE("a block goes with its last effect, not with its first", "[store][feed_rows]") {
  Feed feed(1);
  REQUIRE(ok(feed.write(1, 10)));
  CHECK(feed.first() == 1);  // the tenth is kept, and with it its block
  REQUIRE(ok(feed.write(11, 1)));
  CHECK(feed.first() == 11);
}

TEST_CASE("a retention that was lowered is reached little by little, always without gaps",
          "[store][feed_rows]") {
  Feed feed(1'000'000);
  for (std::uint64_t first = 1; first <= 3'000; ++first) REQUIRE(ok(feed.write(first, 1)));
  REQUIRE(feed.blocks() == 3'000);
  feed.rows = FeedRows(10);
  REQUIRE(ok(feed.write(3'001, 1)));
  CHECK(feed.blocks() > 1'900);  // no batch deletes without bound
  CHECK(feed.is_dense());
  REQUIRE(ok(feed.write(3'002, 1)));
  REQUIRE(ok(feed.write(3'003, 1)));
  CHECK(feed.blocks() == 10);
  CHECK(feed.first() == 2'994);
  CHECK(feed.is_dense());
}

TEST_CASE("with retention 0 every position but the newest is too_old", "[store][feed_rows]") {
  Feed feed(0);
  REQUIRE(ok(feed.write(1, 50)));
  CHECK(feed.blocks() == 0);
  CHECK(feed.first() == 0);
  CHECK(code_of(feed.read(0)) == Errc::too_old);
  CHECK(code_of(feed.read(49)) == Errc::too_old);
  CHECK(feed.read(50).value().empty());
}

TEST_CASE("a feed that was switched off and on again begins behind the gap", "[store][feed_rows]") {
  Feed feed(1'000'000);
  for (std::uint64_t first = 1; first <= 2'500; ++first) REQUIRE(ok(feed.write(first, 1)));
  feed.rows = FeedRows(0);
  REQUIRE(ok(feed.write(2'501, 20)));
  CHECK(feed.blocks() > 1'000);  // most of it still lies there, and nobody gets it
  CHECK(feed.first() == 0);
  CHECK(code_of(feed.read(2'499)) == Errc::too_old);
  CHECK(code_of(feed.read(2'519)) == Errc::too_old);
  feed.rows = FeedRows(1'000'000);
  REQUIRE(ok(feed.write(2'521, 5)));
  CHECK(feed.first() == 2'521);
  CHECK(feed.is_dense());
  for (const std::uint64_t after : {0u, 1'700u, 2'499u, 2'500u, 2'519u}) {
    CAPTURE(after);
    const auto refused = feed.read(after);
    REQUIRE(code_of(refused) == Errc::too_old);
    CHECK(refused.error().message.find("2521") != std::string::npos);
  }
  CHECK(feed.read(2'520).value().size() == 5);
  // What lies below goes, whatever the retention.
  REQUIRE(ok(feed.write(2'526, 1)));
  REQUIRE(ok(feed.write(2'527, 1)));
  CHECK(feed.blocks() == 3);
}

TEST_CASE("a forget blanks what stands before it, in its batch and in those before",
          "[store][feed_rows]") {
  Feed feed(1'000'000);
  REQUIRE(ok(feed.write(1, 40)));
  auto batch = effects(41, 3);
  batch.push_back(EffectPtr::make_forget({id(2, 2), Uuid{}, 44}, 44));
  for (const EffectPtr& later : effects(45, 2)) batch.push_back(later);
  REQUIRE(ok(feed.write(batch)));
  REQUIRE(ok(feed.write(47, 3)));
  const auto seen = feed.read(0).value();
  REQUIRE(seen.size() == 49);
  for (const auto& [sequence, kind] : seen) {
    CAPTURE(sequence);
    if (sequence < 44) REQUIRE(kind == core::EffectKind::blank);
    if (sequence == 44) REQUIRE(kind == core::EffectKind::forget);
    // Made after it: the profile came back.
    if (sequence > 44) REQUIRE(kind == core::EffectKind::put);
  }
}

TEST_CASE("a forget leaves other profiles, other organizations and removals alone",
          "[store][feed_rows]") {
  Feed feed(1'000'000);
  auto batch = effects(1, 3);  // of profile id(2, 2)
  batch.push_back(EffectPtr::make_removal(core::EffectKind::erase, id(1), 4));
  batch.push_back(EffectPtr::make_forget({id(9, 2), Uuid{}, 5}, 5));
  batch.push_back(EffectPtr::make_forget({id(2, 2), id(7), 6}, 6));
  REQUIRE(ok(feed.write(batch)));
  const auto seen = feed.read(0).value();
  for (std::size_t i = 0; i < 3; ++i) CHECK(seen[i].second == core::EffectKind::put);
  CHECK(seen[3].second == core::EffectKind::erase);
}

TEST_CASE("a forget leaves runs whole that were made at its bound or later", "[store][feed_rows]") {
  Feed feed(1'000'000);
  std::vector<EffectPtr> batch;
  core::RecordView record;
  record.profile_id = id(2, 2);
  for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
    record.run_id = id(sequence);
    record.created_sequence = record.sequence = sequence;
    batch.push_back(EffectPtr::make(record));
  }
  batch.push_back(EffectPtr::make_forget({id(2, 2), Uuid{}, 3}, 5));
  REQUIRE(ok(feed.write(batch)));
  const auto seen = feed.read(0).value();
  REQUIRE(seen.size() == 5);
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(seen[i].second == (i < 2 ? core::EffectKind::blank : core::EffectKind::put));
  }
}

}  // namespace
}  // namespace milepost::store
