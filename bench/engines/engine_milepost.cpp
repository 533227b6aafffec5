// SPDX-License-Identifier: Apache-2.0
//
// Milepost itself, by its public C++ API with its default options.
#include <utility>

#include "bench/engine.hpp"

#include "milepost/milepost.hpp"

namespace bench {
namespace {

template <typename T>
T take(milepost::Result<T> result, const char* what) {
  if (!result) fail(std::string("milepost: ") + what + ": " + milepost::to_string(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

milepost::Instant instant(std::int64_t us) {
  return milepost::Instant{std::chrono::microseconds{us}};
}

milepost::CreateCommand command(const NewRun& run) {
  return {.journey_id = run.journey_id,
          .profile_id = run.profile_id,
          .run_id = run.run_id,
          .triggered_at = instant(run.triggered_us)};
}

Answer answer(const milepost::Outcome& outcome) {
  if (outcome.applied()) return Answer::done;
  return outcome.kind == milepost::OutcomeKind::not_found ? Answer::missing : Answer::refused;
}

class MilepostSession final : public Session {
 public:
  explicit MilepostSession(milepost::Tracker& tracker) : tracker_(tracker) {}

  Answer create(const NewRun& run) override {
    return answer(take(tracker_.create(command(run)), "create"));
  }

  Answer step(const Uuid& run_id, Step step, std::string_view error) override {
    switch (step) {
      case Step::start:
        return answer(take(tracker_.start(run_id), "start"));
      case Step::complete:
        return answer(take(tracker_.complete(run_id), "complete"));
      case Step::fail:
        return answer(take(tracker_.fail(run_id, error), "fail"));
      case Step::exit:
        break;
    }
    return answer(take(tracker_.exit(run_id), "exit"));
  }

  void ingest(std::span<const NewRun> runs) override {
    commands_.clear();
    for (const NewRun& run : runs) commands_.emplace_back(command(run));
    for (const milepost::Outcome& outcome : take(tracker_.apply(commands_), "apply")) {
      if (!outcome.holds()) fail("milepost: a create of the batch was refused");
    }
  }

  std::size_t get_json(const Uuid& run_id, std::span<char> out) override {
    const auto size = tracker_.get_json(run_id, out);
    if (size) return *size;
    if (size.error().code == milepost::Errc::not_found) return 0;
    fail("milepost: get_json: " + milepost::to_string(size.error()));
  }

  void get_many(std::span<const Uuid> run_ids, Answers& out) override {
    for (const auto& run : take(tracker_.get_many(run_ids), "get_many")) {
      out.add(run ? take(milepost::to_json(*run, out.room()), "to_json") : 0);
    }
  }

 private:
  milepost::Tracker& tracker_;
  std::vector<milepost::Command> commands_;
};

class MilepostEngine final : public Engine {
 public:
  void open(const OpenSpec& spec) override {
    spec_ = spec;
    milepost::OpenOptions options{.directory = spec.directory};
    options.durability = spec.durability == Durability::durable ? milepost::Durability::durable
                                                                : milepost::Durability::relaxed;
    if (spec.keep_log) options.publish_interval = std::chrono::hours(1);
    if (clock_is_fixed()) options.clock = [] { return instant(now_us()); };
    tracker_.emplace(take(milepost::Tracker::open(std::move(options)), "open"));
  }
  std::unique_ptr<Session> session() override {
    return std::make_unique<MilepostSession>(*tracker_);
  }
  void drain() override { take(tracker_->flush(), "flush"); }
  void close() override {
    take(tracker_->close(), "close");
    tracker_.reset();
  }

 private:
  std::optional<milepost::Tracker> tracker_;
};

const Registration kMilepost{{.name = "milepost",
                              .version = "Milepost " MILEPOST_VERSION_STRING,
                              .settings = "default options; relaxed: Durability::relaxed",
                              .make = [] { return std::make_unique<MilepostEngine>(); },
                              .ours = true,
                              .lists = false}};

}  // namespace
}  // namespace bench
