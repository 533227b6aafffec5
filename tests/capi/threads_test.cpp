// SPDX-License-Identifier: Apache-2.0
//
// Threads over the C ABI: one tracker for all, results handed from one to another, closing in the
// midst of it.
#include "support/threads.hpp"

#include <array>
#include <atomic>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

#include "milepost/milepost.h"

namespace milepost::test {
namespace {

constexpr unsigned kThreads = 4;

milepost_id c_id(std::uint64_t number) {
  const Uuid uuid = id(number);
  milepost_id made;
  std::memcpy(made.bytes, uuid.data, sizeof made.bytes);
  return made;
}

/// A small store, opened, and closed when the test is over unless it was before.
class Store {
 public:
  Store() {
    milepost_open_options options;
    (void)milepost_open_options_init(&options, sizeof options);
    const std::string directory = folder_ / "store";
    options.directory = {directory.data(), directory.size()};
    options.map_size_start = 1u << 20;
    options.journal_segment_bytes = 256u << 10;
    options.journal_bytes_max = 4u << 20;
    REQUIRE(milepost_tracker_open(&options, &tracker, nullptr) == MILEPOST_OK);
  }
  ~Store() { (void)milepost_tracker_close(tracker, nullptr); }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  void create(std::uint64_t number) const {
    milepost_command command;
    (void)milepost_command_init(&command, sizeof command);
    command.kind = MILEPOST_COMMAND_CREATE;
    command.has_run_id = 1;
    command.run_id = c_id(number);
    milepost_outcome outcome{.struct_size = sizeof outcome};
    REQUIRE(milepost_tracker_create(tracker, &command, 10'000, &outcome, nullptr, 0, nullptr) ==
            MILEPOST_OK);
  }

  milepost_tracker tracker{};

 private:
  TempDirectory folder_;
};

template <typename Body>
void in_threads(const Body& body) {
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) threads.emplace_back([&body, t] { body(t); });
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("of those who race to start a run over the C ABI one is told applied",
          "[capi][concurrency]") {
  constexpr std::uint64_t kRuns = 50;
  const Store store;
  for (std::uint64_t i = 0; i < kRuns; ++i) store.create(i);
  std::array<std::atomic<int>, kRuns> applied{};
  std::atomic<int> wrong{0};
  in_threads([&](unsigned t) {
    const std::string owner = "worker-" + std::to_string(t);
    milepost_step_options step;
    (void)milepost_step_options_init(&step, sizeof step);
    step.owner = {owner.data(), owner.size()};
    std::array<char, MILEPOST_RUN_TEXT_MAX> text{};
    for (std::uint64_t i = 0; i < kRuns; ++i) {
      const milepost_id run = c_id(i);
      milepost_outcome outcome{.struct_size = sizeof outcome};
      const milepost_status status = milepost_tracker_start(store.tracker, &run, &step, &outcome,
                                                            text.data(), text.size(), nullptr);
      if (status != MILEPOST_OK) ++wrong;
      if (outcome.applied == 1) ++applied[i];
      // Whoever won, everybody sees the same owner.
      const bool mine = std::string_view(outcome.run.owner.data, outcome.run.owner.size) == owner;
      if (mine != (outcome.applied == 1)) ++wrong;
    }
  });
  CHECK(wrong == 0);
  for (const auto& count : applied) CHECK(count == 1);
}

TEST_CASE("results made by one thread are read and freed by others", "[capi][concurrency]") {
  const Store store;
  for (std::uint64_t i = 0; i < 5; ++i) store.create(i);
  std::array<std::atomic<std::uint64_t>, 8> board{};
  std::atomic<int> wrong{0};
  in_threads([&](unsigned t) {
    for (unsigned i = 0; i < 200; ++i) {
      milepost_runs made{};
      if (milepost_tracker_list(store.tracker, nullptr, nullptr, &made, nullptr) != MILEPOST_OK ||
          milepost_runs_size(made) != 5) {
        ++wrong;
      }
      const milepost_runs other{board[(i + t) % board.size()].exchange(made.value)};
      milepost_run run{.struct_size = sizeof run};
      const milepost_status read = milepost_runs_get(other, 4, &run, nullptr);
      if (read != MILEPOST_OK && other.value != 0) ++wrong;
      milepost_runs_free(other);
      if (milepost_runs_size(other) != 0) ++wrong;
    }
  });
  for (const auto& left : board) milepost_runs_free({left.load()});
  CHECK(wrong == 0);
}

TEST_CASE("a tracker is closed in the midst of everything", "[capi][concurrency]") {
  for (int round = 0; round < (kThreadSanitizer ? 5 : 20); ++round) {
    Store store;
    store.create(1);
    std::atomic<unsigned> in{0};
    std::atomic<int> wrong{0};
    std::thread closer([&] {
      while (in.load() != kThreads) std::this_thread::yield();
      if (milepost_tracker_close(store.tracker, nullptr) != MILEPOST_OK) ++wrong;
    });
    in_threads([&](unsigned t) {
      const milepost_id run_id = c_id(1);
      milepost_status status = MILEPOST_OK;
      ++in;
      while (status == MILEPOST_OK) {
        if (t == 0) {
          milepost_run run{.struct_size = sizeof run};
          status = milepost_tracker_get(store.tracker, &run_id, nullptr, &run, nullptr, 0, nullptr);
        } else if (t == 1) {
          milepost_snapshot snapshot{};
          status = milepost_tracker_snapshot(store.tracker, MILEPOST_PUBLISHED, 1'000, &snapshot,
                                             nullptr);
          milepost_run run{.struct_size = sizeof run};
          const milepost_status read =
              milepost_snapshot_get(snapshot, &run_id, nullptr, &run, nullptr, 0, nullptr);
          if (status == MILEPOST_OK && read != MILEPOST_OK && read != MILEPOST_E_CLOSED) ++wrong;
          milepost_snapshot_free(snapshot);
        } else {
          milepost_outcome outcome{.struct_size = sizeof outcome};
          status = milepost_tracker_start(store.tracker, &run_id, nullptr, &outcome, nullptr, 0,
                                          nullptr);
        }
      }
      if (status != MILEPOST_E_CLOSED) ++wrong;
    });
    closer.join();
    CHECK(wrong == 0);
  }
}

TEST_CASE("a subscription is followed, stopped and freed by three threads", "[capi][concurrency]") {
  Store store;
  for (int round = 0; round < 20; ++round) {
    milepost_subscription subscription{};
    REQUIRE(milepost_tracker_subscribe(store.tracker, MILEPOST_FROM_NOW, nullptr, &subscription,
                                       nullptr) == MILEPOST_OK);
    std::atomic<int> wrong{0};
    Threads threads;
    threads.start([&] {
      milepost_changes changes{};
      const milepost_status status =
          milepost_subscription_next(subscription, 10, 600'000, &changes, nullptr);
      if (status != MILEPOST_E_CANCELLED && status != MILEPOST_E_CLOSED) ++wrong;
    });
    if (round % 2 == 0) threads.wait_until_asleep();
    threads.start([&] { (void)milepost_subscription_stop(subscription, nullptr); });
    threads.start([&] { milepost_subscription_free(subscription); });
    threads.join();
    CHECK(wrong == 0);
  }
}

/// Enough runs that a verify pauses before its end.
void create_many(const Store& store) {
  std::vector<milepost_command> commands(250);
  for (std::uint64_t first = 0; first < 4'000; first += commands.size()) {
    for (std::uint64_t i = 0; i < commands.size(); ++i) {
      (void)milepost_command_init(&commands[i], sizeof commands[i]);
      commands[i].kind = MILEPOST_COMMAND_CREATE;
      commands[i].has_run_id = 1;
      commands[i].run_id = c_id(first + i);
    }
    milepost_outcomes outcomes{};
    REQUIRE(milepost_tracker_apply(store.tracker, commands.data(), commands.size(), 10'000,
                                   &outcomes, nullptr) == MILEPOST_OK);
    milepost_outcomes_free(outcomes);
  }
}

TEST_CASE("closing ends works that others step, begin and free", "[capi][concurrency]") {
  const Store store;
  create_many(store);
  std::atomic<unsigned> paused{0};
  std::array<milepost_status, kThreads> last{};
  std::thread closer([&] {
    while (paused.load() < kThreads) std::this_thread::yield();
    CHECK(milepost_tracker_close(store.tracker, nullptr) == MILEPOST_OK);
  });
  in_threads([&](unsigned t) {
    milepost_status status = MILEPOST_OK;
    for (bool first = true; status == MILEPOST_OK;) {
      milepost_work work{};
      status =
          milepost_tracker_verify(store.tracker, MILEPOST_VERIFY_RECORDS, 10'000, &work, nullptr);
      milepost_progress progress{.struct_size = sizeof progress};
      while (status == MILEPOST_OK && progress.done == 0) {
        status = milepost_work_step(work, &progress, nullptr);
        if (std::exchange(first, false)) ++paused;
      }
      milepost_work_free(work);
    }
    last.at(t) = status;
  });
  closer.join();
  for (const milepost_status status : last) CHECK(status == MILEPOST_E_CLOSED);
}

}  // namespace
}  // namespace milepost::test
