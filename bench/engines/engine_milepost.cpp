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

  bool list_page(const ListQuery& query, Answers& out) override {
    milepost::ListOptions options{
        .filter = filter(query), .order = milepost::Order::oldest_first, .limit = query.limit};
    options.filter.triggered_from = place(query);
    options.cursor = place_.cursor;
    milepost::JsonPage page = take(tracker_.list_json(options), "list");
    const std::size_t count = page.count;
    out.add_array(std::move(page.json), count);
    place_.cursor = std::move(page.next);
    return true;
  }

  bool count(const Uuid* journey_id, Counts& out) override {
    milepost::CountOptions options;
    if (journey_id != nullptr) options.journey_id = *journey_id;
    const milepost::Counts counts = take(tracker_.counts(options), "counts");
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = counts.of(static_cast<RunStatus>(i));
    return true;
  }

  bool changes(std::uint64_t after, std::size_t limit, std::vector<std::uint64_t>& out) override {
    const milepost::ChangesPage page =
        take(tracker_.changes({.after = after, .limit = limit}), "changes");
    out.clear();
    for (const milepost::Change& change : page.changes) out.push_back(change.sequence);
    return true;
  }

  std::uint64_t newest_change() override {
    return take(tracker_.snapshot(), "snapshot").sequence();
  }

 private:
  /// Where the last page began and ended: a host goes on by its cursor.
  struct Place {
    std::optional<milepost::Instant> from;
    std::string cursor;
  };

  static milepost::RunFilter filter(const ListQuery& query) {
    milepost::RunFilter filter;
    if (query.by == ListBy::journey_and_status) filter.journey_id = query.id;
    if (query.by == ListBy::profile) filter.profile_id = query.id;
    if (query.by != ListBy::profile) filter.statuses = query.status;
    return filter;
  }

  // A position is a start of its own, or the end of the page before.
  std::optional<milepost::Instant> place(const ListQuery& query) {
    constexpr auto kLast = [] {
      Uuid id{};
      for (auto& byte : id.data) byte = 0xFF;
      return id;
    }();
    if (query.after_us == 0 && query.after_run.is_nil()) {
      place_ = {};
    } else if (query.after_run == kLast) {
      place_ = {instant(query.after_us + 1), {}};
    } else if (place_.cursor.empty()) {
      fail("milepost: a page begins nowhere or where the one before it ended");
    }
    return place_.from;
  }

  milepost::Tracker& tracker_;
  Place place_;
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
    tracker_.emplace(take(milepost::Tracker::open(options), "open"));
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
                              .counts = true,
                              .feed = true}};

}  // namespace
}  // namespace bench
