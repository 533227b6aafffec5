// SPDX-License-Identifier: Apache-2.0
//
// Runs on their way from the recent map to LMDB, with no budget to keep them in the map: whoever
// asks at that very moment finds them all the same.
#include <array>
#include <atomic>
#include <vector>

#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/steps.hpp"
#include "support/temp_directory.hpp"
#include "support/threads.hpp"

namespace milepost {
namespace {

using test::id;

/// Writes runs, and tells how many steps are acknowledged: two for each run.
class Steps {
 public:
  Steps(Tracker& tracker, std::size_t runs) : tracker_(tracker), runs_(runs) {}

  void write() {
    for (std::size_t number = 0; number < runs_; ++number) {
      const Uuid run = id(number);
      if (!tracker_.create(test::request(run)).value().applied()) ++wrong_;
      acknowledged_.store(2 * number + 1, std::memory_order_release);
      if (!tracker_.start(run, {.owner = "me"}).value().applied()) ++wrong_;
      acknowledged_.store(2 * number + 2, std::memory_order_release);
    }
    ended_ = true;
  }

  /// Asks for one of the runs written last, again and again.
  void read(std::size_t back) {
    while (!ended_) {
      const std::size_t known = acknowledged_.load(std::memory_order_acquire);
      if (known <= 2 * back) continue;
      const std::size_t step = known - 2 * back;
      const auto seen = tracker_.get(id((step - 1) / 2)).value();
      const bool started = step % 2 == 0;
      if (!seen || (started && seen->status == RunStatus::queued)) ++wrong_;
      ++reads_;
    }
  }

  [[nodiscard]] std::size_t wrong() const { return wrong_; }
  [[nodiscard]] std::size_t reads() const { return reads_; }

 private:
  Tracker& tracker_;
  const std::size_t runs_;
  std::atomic<std::size_t> acknowledged_{0};
  std::atomic<bool> ended_{false};
  std::atomic<std::size_t> wrong_{0};
  std::atomic<std::size_t> reads_{0};
};

TEST_CASE("a run that leaves the recent map while somebody asks for it is found",
          "[map][concurrency]") {
  const test::TempDirectory folder;
  OpenOptions options;
  options.directory = folder / "store";
  options.map_size_start = kMapSizeMin;
  options.recent_bytes_max = 0;
  options.publish_interval = std::chrono::milliseconds(1);
  options.journal_segment_bytes = 256u << 10;
  options.journal_bytes_max = 4u << 20;
  Tracker tracker = Tracker::open(options).value();
  Steps steps(tracker, test::kThreadSanitizer ? 500 : 4'000);
  test::Threads threads;
  threads.start([&] { steps.write(); });
  for (const std::size_t back : {0u, 0u, 1u, 3u, 10u, 30u}) {
    threads.start([&, back] { steps.read(back); });
  }
  threads.join();
  CHECK(steps.reads() > 0);
  CHECK(steps.wrong() == 0);
}

}  // namespace
}  // namespace milepost
