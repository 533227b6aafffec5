// SPDX-License-Identifier: Apache-2.0
//
// Views under a clock of the test's: who ends them, when, and what they say then.
#include "store/lmdb_view.hpp"

#include <future>

#include "support/steady_clock.hpp"
#include "support/threads.hpp"
#include "unit/store/tables_bed.hpp"

namespace milepost::store {
namespace {

using namespace std::chrono_literals;
using milepost::test::code_of;
using milepost::test::Gate;
using milepost::test::ManualSteadyClock;
using milepost::test::Threads;
using test::at;
using test::id;
using test::ok;
using test::record_of;
using test::TablesBed;

constexpr auto kAge = 100ms;

class ViewsBed : public TablesBed {
 public:
  ViewsBed() { write({record_of(id(1), RunStatus::queued, at("2023-11-07T05:31:56Z"), 7)}); }

  [[nodiscard]] std::unique_ptr<View> open() { return try_open().value(); }
  [[nodiscard]] Result<std::unique_ptr<View>> try_open() {
    return LmdbView::open(env(), stored(), tables(), registry, Deadline::max());
  }
  /// As a host holds it.
  [[nodiscard]] std::unique_ptr<View> hand_out() {
    auto view = open();
    view->hand_out().value();  // also from threads, where assertions may not be made
    return view;
  }
  [[nodiscard]] std::uint32_t reads_active() { return env().stats().value().reads_active; }

  ManualSteadyClock clock;
  std::shared_ptr<ViewRegistry> registry = std::make_shared<ViewRegistry>(kAge, clock);
};

constexpr auto kNobody = [](const core::RecordView&) {};

/// What every question is answered with; the same for all of them.
Errc answer_of(const View& view) {
  const std::vector<Errc> codes{
      code_of(view.find(id(1), kNobody)),
      code_of(view.find_many(std::array{id(1)}, [](std::size_t, const core::RecordView&) {})),
      code_of(view.list({.limit = 1}, kNobody)),
      code_of(view.completed({.limit = 1}, kNobody)),
      code_of(view.orphans(9, std::nullopt, 1, kNobody)),
      code_of(view.scan(std::nullopt, 1, kNobody)),
      code_of(view.counts(std::nullopt, std::nullopt)),
      code_of(view.feed_first())};
  for (const Errc code : codes) CHECK(code == codes.front());
  return codes.front();
}

TEST_CASE("a view that nobody handed out has no age", "[store][view]") {
  ViewsBed bed;
  const auto view = bed.open();
  bed.clock.step(24h);
  bed.registry->end_expired();
  CHECK(answer_of(*view) == Errc{});
  CHECK(bed.registry->held() == 0);
}

TEST_CASE("a view that was handed out ends at its age, for whoever looks first", "[store][view]") {
  ViewsBed bed;
  const auto view = bed.hand_out();
  CHECK(bed.registry->held() == 1);
  const std::uint32_t reads = bed.reads_active();
  bed.clock.step(kAge - 1ns);
  bed.registry->end_expired();
  CHECK(answer_of(*view) == Errc{});
  bed.clock.step(1ns);
  SECTION("the view itself") { CHECK(answer_of(*view) == Errc::snapshot_expired); }
  SECTION("the writer") { bed.registry->end_expired(); }
  SECTION("the next view") { (void)bed.open(); }
  CHECK(bed.reads_active() == reads - 1);
  CHECK(bed.registry->held() == 0);
  CHECK(answer_of(*view) == Errc::snapshot_expired);
  bed.clock.step(-1h);
  CHECK(answer_of(*view) == Errc::snapshot_expired);
}

TEST_CASE("a view shows the commit it began with", "[store][view]") {
  ViewsBed bed;
  const auto before = bed.open();
  bed.write({record_of(id(2), RunStatus::failed, at("2023-11-07T05:31:56Z"), 8)});
  bed.remove(id(1));
  const auto after = bed.open();
  CHECK(before->counts(std::nullopt, std::nullopt).value() == Counts{.queued = 1});
  CHECK(after->counts(std::nullopt, std::nullopt).value() == Counts{.failed = 1});
  CHECK(before->find(id(1), kNobody).value());
  CHECK_FALSE(before->find(id(2), kNobody).value());
  CHECK_FALSE(after->find(id(1), kNobody).value());
  CHECK(before->sequence() == 7);
}

TEST_CASE("a view in the middle of a call is not ended, and nobody waits for it", "[store][view]") {
  ViewsBed bed;
  const auto view = bed.hand_out();
  const auto other = bed.hand_out();
  bool visited = false;
  const auto found = view->find(id(1), [&](const core::RecordView& record) {
    bed.clock.step(kAge);
    // From another thread, as the writer's is. It would never come back if it waited.
    std::async(std::launch::async, [&] {
      bed.registry->end_expired();
      CHECK(bed.registry->held() == 1);
      CHECK(answer_of(*bed.hand_out()) == Errc{});
    }).get();
    visited = record.sequence == 7;
  });
  CHECK(found.value());
  CHECK(visited);
  CHECK(answer_of(*other) == Errc::snapshot_expired);
  CHECK(answer_of(*view) == Errc::snapshot_expired);
}

TEST_CASE("when the store closes every view is closed, after the calls under way",
          "[store][view]") {
  ViewsBed bed;
  const auto idle = bed.open();
  const auto handed_out = bed.hand_out();
  const auto expired = bed.hand_out();
  Gate inside;
  Gate go_on;
  Threads threads;
  std::atomic<bool> answered{false};
  std::atomic<bool> ended{false};
  threads.start([&] {
    answered = idle->find(id(1),
                          [&](const core::RecordView&) {
                            inside.open();
                            go_on.wait();
                          })
                   .value();
  });
  inside.wait();
  threads.start([&] {
    bed.registry->end_all();
    ended = true;
  });
  threads.wait_until_asleep();
  CHECK_FALSE(ended);
  go_on.open();
  threads.join();
  CHECK(answered);
  CHECK(answer_of(*idle) == Errc::closed);
  CHECK(answer_of(*handed_out) == Errc::closed);
  CHECK(bed.reads_active() == 0);
  CHECK(bed.registry->held() == 0);
  CHECK(code_of(bed.try_open()) == Errc::closed);
  CHECK(bed.reads_active() == 0);
  CHECK(ok(bed.env().close()));
}

TEST_CASE("a view that expired before the store closed says so", "[store][view]") {
  ViewsBed bed;
  const auto view = bed.hand_out();
  bed.clock.step(kAge);
  bed.registry->end_expired();
  bed.registry->end_all();
  CHECK(answer_of(*view) == Errc::snapshot_expired);
}

TEST_CASE("views may outlive their store and their registry's owner", "[store][view]") {
  std::unique_ptr<View> view;
  {
    ViewsBed bed;
    view = bed.hand_out();
    bed.registry->end_all();
  }
  CHECK(answer_of(*view) == Errc::closed);
  CHECK(view->sequence() == 7);
}

TEST_CASE("the map grows once the views past their age are ended", "[store][view][map]") {
  ViewsBed bed;
  const auto view = bed.hand_out();
  const std::uint64_t before = bed.env().map_size();
  const auto soon = [] { return std::chrono::steady_clock::now() + 20ms; };
  CHECK(code_of(bed.env().grow(soon())) == Errc::busy);
  bed.registry->end_expired();
  CHECK(code_of(bed.env().grow(soon())) == Errc::busy);
  CHECK(answer_of(*view) == Errc{});
  bed.clock.step(kAge);
  bed.registry->end_expired();
  CHECK(ok(bed.env().grow(std::chrono::steady_clock::now() + 10s)));
  CHECK(bed.env().map_size() == 2 * before);
  CHECK(answer_of(*view) == Errc::snapshot_expired);
}

TEST_CASE("views are opened, asked, expired and dropped by many threads at once",
          "[store][view][concurrency]") {
  ViewsBed bed;
  Threads threads;
  std::atomic<int> working{3};
  for (int reader = 0; reader < 3; ++reader) {
    threads.start([&] {
      for (int i = 0; i < 500; ++i) {
        const auto view = bed.hand_out();
        for (int look = 0; look < 3; ++look) {
          const Errc code = code_of(view->list({.limit = 1}, kNobody));
          if (code != Errc{} && code != Errc::snapshot_expired) std::abort();
        }
      }
      --working;
    });
  }
  threads.start([&] {
    while (working > 0) {
      bed.clock.step(kAge / 3);
      bed.registry->end_expired();
      if (bed.registry->held() > 3) std::abort();
    }
  });
  threads.join();
  CHECK(bed.registry->held() == 0);
  CHECK(bed.reads_active() == 0);
}

}  // namespace
}  // namespace milepost::store
