// SPDX-License-Identifier: Apache-2.0
//
// The script, and the reference model it is judged by: a map of records and the reference
// rendering. Error texts hold every kind of character but NUL, which not every peer can keep.
#include "bench/check.hpp"

#include <algorithm>
#include <map>
#include <vector>
#include <xxhash.h>

#include "bench/data.hpp"
#include "bench/record.hpp"

namespace bench {
namespace {

constexpr std::int64_t kStartUs = 1'767'225'600'000'000;  // 2026-01-01T00:00:00Z
constexpr std::uint64_t kRuns = 64;
constexpr std::uint64_t kBatchRuns = 1'000;

const std::vector<std::string>& error_texts() {
  static const std::vector<std::string> texts{
      "plain",
      "quote \" backslash \\ slash / tab \t newline \n return \r bell \x07 unit \x1f del \x7f",
      "",
      "\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\xa6",
      "\b\f",
      std::string(milepost::kErrorTextSizeMax, 'x'),
      std::string(milepost::kErrorTextSizeMax, '\x01')};
  return texts;
}

class Model {
 public:
  Answer create(const NewRun& run) {
    return counted(runs_.emplace(run.run_id, make_record(run)).second ? Answer::done
                                                                      : Answer::refused);
  }
  Answer step(const Uuid& id, Step step, std::string_view error) {
    const auto found = runs_.find(id);
    if (found == runs_.end()) return Answer::missing;
    return counted(apply_step(found->second, step, now_us(), error));
  }
  [[nodiscard]] std::uint64_t changes() const { return changes_; }
  [[nodiscard]] std::string json(const Uuid& id) const {
    const auto found = runs_.find(id);
    if (found == runs_.end()) return {};
    std::string out(milepost::kRunJsonSizeMax, '\0');
    out.resize(render(id, found->second, out));
    return out;
  }
  [[nodiscard]] std::vector<Uuid> page(const ListQuery& q) const {
    std::vector<std::pair<std::int64_t, Uuid>> all;
    for (const auto& [id, record] : runs_) {
      const std::pair position{record.triggered_us, id};
      if (matches(record, q) && position > std::pair{q.after_us, q.after_run}) {
        all.push_back(position);
      }
    }
    std::sort(all.begin(), all.end());
    std::vector<Uuid> ids;
    for (const auto& [us, id] : all) {
      if (ids.size() < q.limit) ids.push_back(id);
    }
    return ids;
  }
  [[nodiscard]] Counts counts(const Uuid* journey_id) const {
    Counts counts{};
    for (const auto& [id, record] : runs_) {
      if (journey_id != nullptr && record.journey_id != *journey_id) continue;
      ++counts.at(static_cast<std::size_t>(record.status));
    }
    return counts;
  }
  [[nodiscard]] const Record& record(const Uuid& id) const { return runs_.at(id); }
  [[nodiscard]] std::int64_t triggered(const Uuid& id) const { return runs_.at(id).triggered_us; }
  [[nodiscard]] std::vector<Uuid> ids() const {
    std::vector<Uuid> all;
    for (const auto& [id, record] : runs_) all.push_back(id);
    return all;
  }

 private:
  static bool matches(const Record& record, const ListQuery& q) {
    if (q.by == ListBy::profile) return record.profile_id == q.id;
    if (record.status != q.status) return false;
    return q.by == ListBy::status || record.journey_id == q.id;
  }

  Answer counted(Answer answer) {
    if (answer == Answer::done) ++changes_;
    return answer;
  }

  std::map<Uuid, Record> runs_;
  std::uint64_t changes_ = 0;
};

class Script {
 public:
  Script(Engine& engine, const std::string& directory) : engine_(engine), directory_(directory) {}

  std::uint64_t play() {
    open();
    for (std::uint64_t i = 0; i < kRuns; ++i) life(i);
    batch();
    strangers();
    compare_all();
    compare_lists();
    compare_counts();
    compare_changes();
    session_.reset();
    engine_.drain();
    engine_.close();
    open();
    compare_all();
    session_.reset();
    engine_.close();
    return hash_;
  }

 private:
  void open() {
    engine_.open({.directory = directory_});
    session_ = engine_.session();
  }

  void tick() { fix_clock(kStartUs + 7'000 * ++ticks_); }

  NewRun new_run(std::uint64_t i) const {
    NewRun run = (i % 2 == 0 ? v7_ : v4_).run(i);
    // Whole seconds, milliseconds, microseconds; and some that lie ahead of the clock.
    constexpr std::int64_t kShift[] = {0, 1, 120'000, 999'999};
    run.triggered_us = run.triggered_us / 1'000'000 * 1'000'000 + kShift[i % 4];
    if (i / 8 == 1) run.triggered_us = kStartUs + 86'400'000'000;
    if (i == 10) run.run_id = Uuid{};
    if (i == 11) std::fill(std::begin(run.run_id.data), std::end(run.run_id.data), 0xFF);
    return run;
  }

  void same(Answer got, Answer right, const char* what, const Uuid& id) {
    if (got == right) return;
    fail(std::string("the check of answers: ") + what + " gave outcome " +
         std::to_string(static_cast<int>(got)) + " and not " +
         std::to_string(static_cast<int>(right)) + " for " + model_.json(id));
  }

  void same(std::string_view got, const std::string& right) {
    hash_ = XXH3_64bits_withSeed(right.data(), right.size(), hash_);
    if (got == right) return;
    fail("the check of answers: got " + std::string(got) + " and not " + right);
  }

  void step(const Uuid& id, Step step, std::string_view error = {}) {
    tick();
    const Answer right = model_.step(id, step, error);
    same(session_->step(id, step, error), right, "a step", id);
    compare(id);
  }

  void compare(const Uuid& id) {
    const std::size_t size = session_->get_json(id, buffer_);
    same({buffer_.data(), size}, model_.json(id));
  }

  void life(std::uint64_t i) {
    const NewRun run = new_run(i);
    const std::string& text = error_texts()[(i / 8) % error_texts().size()];
    tick();
    same(session_->create(run), model_.create(run), "a create", run.run_id);
    same(session_->create(run), model_.create(run), "a repeated create", run.run_id);
    if (i % 8 == 7) step(run.run_id, Step::complete);
    if (i % 8 != 0 && i % 8 != 5 && i % 8 != 6) step(run.run_id, Step::start);
    if (i % 8 == 1) step(run.run_id, Step::start);
    if (i % 8 == 2 || i % 8 == 7) step(run.run_id, Step::complete);
    if (i % 8 == 3 || i % 8 == 5) step(run.run_id, Step::fail, text);
    if (i % 8 == 4 || i % 8 == 6) step(run.run_id, Step::exit);
    if (i % 8 >= 2) {
      for (const Step again : {Step::start, Step::complete, Step::fail, Step::exit}) {
        step(run.run_id, again, "too late");
      }
    }
    compare(run.run_id);
  }

  void batch() {
    std::vector<NewRun> runs;
    for (std::uint64_t i = 0; i < kBatchRuns; ++i) runs.push_back(v4_.run(kRuns + i));
    tick();
    session_->ingest(runs);
    for (const NewRun& run : runs) (void)model_.create(run);
  }

  void strangers() {
    const Uuid id = v4_.run_id(1'000'000);
    compare(id);
    step(id, Step::start);
    step(id, Step::fail, "nobody");
  }

  void compare_all() {
    std::vector<Uuid> ids = model_.ids();
    ids.push_back(v4_.run_id(1'000'001));
    ids.push_back(ids.front());
    Answers answers;
    session_->get_many(ids, answers);
    if (answers.size() != ids.size()) fail("the check of answers: get_many left out a run");
    for (std::size_t i = 0; i < ids.size(); ++i) same(answers[i], model_.json(ids[i]));
    for (const Uuid& id : ids) compare(id);
  }

  void compare_lists() {
    for (int status = 0; status < 5; ++status) {
      const auto s = static_cast<RunStatus>(status);
      pages({.by = ListBy::status, .status = s, .limit = 100});
      for (std::uint64_t i = 0; i < 6; ++i) {
        const Uuid journey = model_.record(new_run(i).run_id).journey_id;
        pages({.by = ListBy::journey_and_status, .id = journey, .status = s, .limit = 7});
      }
    }
    pages({.by = ListBy::profile, .id = v4_.busy_profile(0), .limit = 7});
    pages({.by = ListBy::profile, .id = v4_.run(kRuns + 5).profile_id, .limit = 7});
    // From the middle: behind every run of an instant that several share.
    Uuid last{};
    std::fill(std::begin(last.data), std::end(last.data), 0xFF);
    pages({.by = ListBy::status,
           .after_us = kStartUs + 86'400'000'000 - 1,
           .after_run = last,
           .limit = 3});
  }

  void pages(ListQuery query) {
    for (;;) {
      Answers answers;
      if (!session_->list_page(query, answers)) return;
      const std::vector<Uuid> right = model_.page(query);
      if (answers.size() != right.size()) fail("the check of answers: a page's size differs");
      // Lists are not hashed: not every engine has them.
      for (std::size_t i = 0; i < right.size(); ++i) {
        if (answers[i] != model_.json(right[i])) {
          fail("the check of answers: a page differs: " + std::string(answers[i]));
        }
      }
      if (right.size() < query.limit) return;
      query.after_run = right.back();
      query.after_us = model_.triggered(right.back());
      if (model_.page(query).empty()) return;
    }
  }

  void compare_counts() {
    Counts got{};
    for (std::uint64_t i = 0; i < 4; ++i) {
      const Uuid journey = model_.record(new_run(i).run_id).journey_id;
      if (!session_->count(&journey, got)) return;
      if (got != model_.counts(&journey)) fail("the check of answers: a journey's counts differ");
    }
    if (!session_->count(nullptr, got) || got != model_.counts(nullptr)) {
      fail("the check of answers: the counts differ");
    }
  }

  // The feed has one change for every step that was done, without gaps.
  void compare_changes() {
    std::vector<std::uint64_t> sequences;
    if (!session_->changes(0, kBatchRuns, sequences)) return;
    std::uint64_t next = 0;
    while (!sequences.empty()) {
      for (const std::uint64_t sequence : sequences) {
        if (sequence != ++next) fail("the check of answers: the feed has a gap");
      }
      (void)session_->changes(next, kBatchRuns, sequences);
    }
    if (next != model_.changes() || next != session_->newest_change()) {
      fail("the check of answers: the feed has " + std::to_string(next) + " changes and not " +
           std::to_string(model_.changes()));
    }
  }

  Engine& engine_;
  const std::string directory_;
  const Data v7_{1, IdKind::v7, 4096};
  const Data v4_{1, IdKind::v4, 4096};
  Model model_;
  std::unique_ptr<Session> session_;
  std::vector<char> buffer_ = std::vector<char>(milepost::kRunJsonSizeMax);
  std::int64_t ticks_ = 0;
  std::uint64_t hash_ = 0;
};

}  // namespace

std::uint64_t check_engine(Engine& engine, const std::string& directory) {
  fix_clock(kStartUs);
  const std::uint64_t hash = Script(engine, directory).play();
  fix_clock(0);
  return hash;
}

}  // namespace bench
