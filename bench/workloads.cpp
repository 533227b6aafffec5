// SPDX-License-Identifier: Apache-2.0
//
// Bodies of the timed workloads. Slow operations (steps) are timed one by one; for fast reads one
// in 32 is timed, because asking the clock twice costs a good part of such a read.
#include "bench/workloads.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <latch>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include "bench/record.hpp"

namespace bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr unsigned kSampleEvery = 32;
constexpr std::uint64_t kVerifyRuns = 16;
constexpr std::size_t kLoadBatch = 5'000;
constexpr std::size_t kPage = 100;
constexpr std::uint64_t kFeedPage = 1'000;
constexpr std::uint64_t kFeedReach = 900'000;

std::uint64_t since_ns(SteadyClock::time_point begin) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - begin).count());
}

/// What one caller has, and what it leaves behind.
struct Caller {
  Session& session;
  const Data& data;
  const CellSpec& spec;
  unsigned number;
  const std::atomic<bool>& stop;
  Measured& out;
  std::vector<char> buffer = std::vector<char>(milepost::kRunJsonSizeMax);

  [[nodiscard]] bool going() const { return !stop.load(std::memory_order_relaxed); }
  [[nodiscard]] Random random() const { return Random(mix(data.seed() ^ spec.cell) + number); }
  template <typename F>
  void timed(F&& work) {
    const auto begin = SteadyClock::now();
    work();
    out.latency_ns.record(since_ns(begin));
    ++out.ops;
  }
  void read(const Uuid& id) {
    if (session.read(id, buffer) == 0) fail("a run that is in the store was not found");
  }
};

using Body = std::function<void(Caller&)>;

void must(Answer answer, const char* what) {
  if (answer != Answer::done) fail(std::string("a legal step was refused: ") + what);
}

void one_life(Caller& c, const NewRun& run) {
  c.timed([&] { must(c.session.create(run), "create"); });
  c.timed([&] { must(c.session.step(run.run_id, Step::start, {}), "start"); });
  c.timed([&] { must(c.session.step(run.run_id, Step::complete, {}), "complete"); });
}

// What was acknowledged must be there: the last runs of every caller, after the time is up.
void verify_lives(Caller& c, std::uint64_t count) {
  for (std::uint64_t k = count - std::min(count, kVerifyRuns); k < count; ++k) {
    const std::size_t size =
        c.session.get_json(c.data.live_run(c.spec.cell, c.number, k).run_id, c.buffer);
    const std::string_view json(c.buffer.data(), size);
    if (json.find(R"("status":"completed")") == std::string_view::npos) {
      fail("an acknowledged step is missing: " + std::string(json));
    }
  }
}

void lifecycle(Caller& c) {
  std::uint64_t k = 0;
  for (; c.going(); ++k) one_life(c, c.data.live_run(c.spec.cell, c.number, k));
  c.out.extra["lives"] = static_cast<double>(k);
}

void reads(Caller& c, const std::function<std::uint64_t(Random&)>& pick) {
  Random random = c.random();
  while (c.going()) {
    for (unsigned i = 1; i < kSampleEvery; ++i) c.read(c.data.run_id(pick(random)));
    const Uuid id = c.data.run_id(pick(random));
    const auto begin = SteadyClock::now();
    c.read(id);
    c.out.latency_ns.record(since_ns(begin));
    c.out.ops += kSampleEvery;
  }
}

void get(Caller& c) {
  const std::uint64_t n = c.data.size();
  reads(c, [n](Random& random) { return random.below(n); });
}

void get_recent(Caller& c) {
  const std::uint64_t n = c.data.size();
  const std::uint64_t newest = std::max<std::uint64_t>(1, n / 100);
  reads(c, [n, newest](Random& random) {
    return random.below(10) == 0 ? random.below(n) : n - 1 - random.below(newest);
  });
}

void get_many(Caller& c) {
  Random random = c.random();
  std::vector<Uuid> ids(kManyIds);
  Answers answers;
  while (c.going()) {
    for (Uuid& id : ids) id = c.data.run_id(random.below(c.data.size()));
    answers.clear();
    c.timed([&] { c.session.get_many(ids, answers); });
    c.out.ops += kManyIds - 1;
    if (answers.size() != kManyIds || answers[0].empty()) fail("get_many left out a run");
  }
}

void page(Caller& c, const ListQuery& query, Answers& answers) {
  bool able = false;
  answers.clear();
  c.timed([&] { able = c.session.list_page(query, answers); });
  if (!able) fail("this engine has no lists");
  if (answers.size() == 0) fail("a page that must hold a run is empty");
}

// Pages of queued runs from anywhere in the list.
void pages(Caller& c, ListBy by) {
  Random random = c.random();
  Answers answers;
  ListQuery query{.by = by, .limit = kPage};
  std::fill(std::begin(query.after_run.data), std::end(query.after_run.data), 0xFF);
  while (c.going()) {
    const NewRun from = c.data.run(random.below(c.data.size()));
    query.id = from.journey_id;
    query.after_us = from.triggered_us - 1;
    page(c, query, answers);
  }
}

void list(Caller& c) { pages(c, ListBy::journey_and_status); }
void list_status(Caller& c) { pages(c, ListBy::status); }

void list_profile(Caller& c) {
  Random random = c.random();
  Answers answers;
  while (c.going()) {
    page(c,
         {.by = ListBy::profile,
          .id = c.data.busy_profile(random.below(c.data.busy_profiles())),
          .limit = kPage},
         answers);
  }
}

void counts(Caller& c, bool all) {
  Random random = c.random();
  Counts out{};
  while (c.going()) {
    const Uuid journey = c.data.run(random.below(c.data.size())).journey_id;
    bool able = false;
    c.timed([&] { able = c.session.count(all ? nullptr : &journey, out); });
    if (!able) fail("this engine does not count");
    const std::uint64_t total = std::accumulate(out.begin(), out.end(), std::uint64_t{0});
    if (all ? total < c.data.size() : total == 0) fail("runs are missing from the counts");
  }
}

// From anywhere in the newest changes that every feed keeps.
void changes(Caller& c) {
  Random random = c.random();
  std::vector<std::uint64_t> out;
  const std::uint64_t newest = c.session.newest_change();
  const std::uint64_t reach = std::min(newest, kFeedReach);
  if (reach <= kFeedPage) fail("the feed is too short for a page");
  while (c.going()) {
    const std::uint64_t after = newest - kFeedPage - random.below(reach - kFeedPage);
    bool able = false;
    c.timed([&] { able = c.session.changes(after, kFeedPage, out); });
    if (!able) fail("this engine has no feed");
    if (out.size() != kFeedPage) fail("changes are missing from the feed");
  }
}

void mixed(Caller& c) {
  Random random = c.random();
  std::uint64_t k = 0;
  unsigned phase = 0;
  while (c.going()) {
    if (random.below(20) != 0) {
      const Uuid id = c.data.run_id(random.below(c.data.size()));
      c.timed([&] { c.read(id); });
      continue;
    }
    const NewRun run = c.data.live_run(c.spec.cell, c.number, k);
    c.timed([&] {
      must(phase == 0 ? c.session.create(run)
                      : c.session.step(run.run_id, phase == 1 ? Step::start : Step::complete, {}),
           "in mixed work");
    });
    phase = (phase + 1) % 3;
    if (phase == 0) ++k;
  }
}

// Old runs in a scattered order, each used once: multiplying by an odd constant that no data set's
// size has as a factor walks over all of them.
void step_old(Caller& c) {
  constexpr std::uint64_t kStride = 1'000'000'007;
  const std::uint64_t n = c.data.size();
  for (std::uint64_t k = 0; k < c.spec.quota && c.going(); ++k) {
    const auto at = static_cast<std::uint64_t>(
        (static_cast<unsigned __int128>(c.spec.cell * c.spec.quota + k) * kStride) % n);
    const Uuid id = c.data.run_id(at);
    c.timed([&] { must(c.session.step(id, Step::start, {}), "start"); });
    c.timed([&] { must(c.session.step(id, Step::complete, {}), "complete"); });
  }
}

Body body_of(const std::string& workload) {
  if (workload == "lifecycle") return lifecycle;
  if (workload == "get" || workload == "read_alone" || workload == "read_writing") return get;
  if (workload == "get_recent") return get_recent;
  if (workload == "get_many") return get_many;
  if (workload == "list" || workload == "list_writing") return list;
  if (workload == "list_profile") return list_profile;
  if (workload == "list_status") return list_status;
  if (workload == "counts") return [](Caller& c) { counts(c, false); };
  if (workload == "counts_all") return [](Caller& c) { counts(c, true); };
  if (workload == "changes") return changes;
  if (workload == "mixed") return mixed;
  if (workload == "step") return step_old;
  fail("no such workload: " + workload);
}

/// Callers on threads of their own, all begun at once, and stopped when time is up.
class Crew {
 public:
  Crew(Engine& engine, const Data& data, const CellSpec& spec)
      : engine_(engine), data_(data), spec_(spec) {}

  /// The callers of one body are measured together.
  void add(Body body, unsigned callers, Measured& into) {
    for (unsigned i = 0; i < callers; ++i) members_.push_back({body, &into, {}, nullptr, {}});
  }

  void run() {
    std::latch ready(static_cast<std::ptrdiff_t>(members_.size() + 1));
    std::vector<std::thread> threads;
    threads.reserve(members_.size());
    for (unsigned i = 0; i < members_.size(); ++i) {
      threads.emplace_back([this, i, &ready] { work(i, ready); });
    }
    ready.arrive_and_wait();
    begin_ = SteadyClock::now();
    {
      std::unique_lock lock(mutex_);
      const auto until = begin_ + std::chrono::duration<double>(spec_.seconds);
      over_.wait_until(lock, std::chrono::time_point_cast<SteadyClock::duration>(until),
                       [this] { return finished_ == members_.size(); });
    }
    stop_.store(true);
    for (std::thread& thread : threads) thread.join();
    for (Member& member : members_) {
      if (member.error) std::rethrow_exception(member.error);
      member.into->ops += member.measured.ops;
      member.into->latency_ns.merge(member.measured.latency_ns);
      for (const auto& [name, value] : member.measured.extra) member.into->extra[name] += value;
      member.into->seconds = std::max(member.into->seconds,
                                      std::chrono::duration<double>(member.end - begin_).count());
    }
  }

 private:
  struct Member {
    Body body;
    Measured* into;
    Measured measured;
    std::exception_ptr error;
    SteadyClock::time_point end;
  };

  void work(unsigned i, std::latch& ready) {
    Member& member = members_[i];
    std::unique_ptr<Session> session;
    try {
      session = engine_.session();
    } catch (...) {
      member.error = std::current_exception();
    }
    ready.arrive_and_wait();
    try {
      if (session) {
        Caller caller{*session, data_, spec_, i, stop_, member.measured};
        member.body(caller);
        member.end = SteadyClock::now();
        const auto lives = member.measured.extra.find("lives");
        if (lives != member.measured.extra.end() && spec_.verify) {
          verify_lives(caller, static_cast<std::uint64_t>(lives->second));
        }
      }
    } catch (...) {
      member.error = std::current_exception();
      member.end = SteadyClock::now();
    }
    const std::lock_guard lock(mutex_);
    if (++finished_ == members_.size()) over_.notify_one();
  }

  Engine& engine_;
  const Data& data_;
  const CellSpec& spec_;
  std::vector<Member> members_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable over_;
  std::size_t finished_ = 0;
  SteadyClock::time_point begin_;
};

}  // namespace

Measured run_cell(Engine& engine, const Data& data, const CellSpec& spec) {
  Measured measured;
  Crew crew(engine, data, spec);
  if (spec.workload == "read_writing" || spec.workload == "list_writing") {
    Measured writers;
    crew.add(body_of(spec.workload), 1, measured);
    crew.add(lifecycle, spec.threads, writers);
    crew.run();
    measured.extra["writer_ops_per_s"] = static_cast<double>(writers.ops) / writers.seconds;
    measured.extra["writer_p99_us"] = static_cast<double>(writers.latency_ns.quantile(0.99)) / 1e3;
    return measured;
  }
  crew.add(body_of(spec.workload), spec.threads, measured);
  crew.run();
  return measured;
}

Measured run_ingest(Engine& engine, const Data& data) {
  Measured measured;
  const std::unique_ptr<Session> session = engine.session();
  std::vector<NewRun> batch;
  const auto begin = SteadyClock::now();
  for (std::uint64_t i = 0; i < data.size();) {
    batch.clear();
    for (; i < data.size() && batch.size() < kBatch; ++i) batch.push_back(data.run(i));
    const auto batch_begin = SteadyClock::now();
    session->ingest(batch);
    measured.latency_ns.record(since_ns(batch_begin));
    measured.ops += batch.size();
  }
  const double acknowledged = static_cast<double>(since_ns(begin)) / 1e9;
  engine.drain();
  measured.seconds = static_cast<double>(since_ns(begin)) / 1e9;
  measured.extra["drain_s"] = measured.seconds - acknowledged;
  return measured;
}

void load(Engine& engine, const Data& data) {
  const std::unique_ptr<Session> session = engine.session();
  std::vector<NewRun> batch;
  for (std::uint64_t i = 0; i < data.size();) {
    batch.clear();
    for (; i < data.size() && batch.size() < kLoadBatch; ++i) batch.push_back(data.run(i));
    session->ingest(batch);
  }
  engine.settle();
}

void verify_loaded(Engine& engine, const Data& data) {
  constexpr unsigned kSamples = 1'000;
  const std::unique_ptr<Session> session = engine.session();
  std::vector<char> got(milepost::kRunJsonSizeMax);
  std::vector<char> expected(milepost::kRunJsonSizeMax);
  Random random(data.seed());
  for (unsigned i = 0; i < kSamples && data.size() > 0; ++i) {
    const NewRun run = data.run(random.below(data.size()));
    const std::string_view answer(got.data(), session->get_json(run.run_id, got));
    const std::string_view right(expected.data(), render(run.run_id, make_record(run), expected));
    if (answer != right) {
      fail("after loading, the answer is " + std::string(answer) + " and not " +
           std::string(right));
    }
  }
}

}  // namespace bench
