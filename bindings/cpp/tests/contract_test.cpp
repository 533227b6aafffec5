// SPDX-License-Identifier: Apache-2.0
//
// Replays the contract's cases (bindings/contract/README.md) through the C++ API: contract_test
// CASES [NAME], where NAME is a part of the names of the cases to replay. Each step yields what was
// seen as a JSON object; every member that the case expects must be in it and equal.
#include <atomic>
#include <boost/json.hpp>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <latch>
#include <map>
#include <sstream>
#include <thread>

#include "milepost/milepost.hpp"

namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using Step = json::object;
using Seen = json::object;

/// TEXT: a string, {"hex"}, {"repeat", "times"}, or an array of texts.
std::string text(const json::value& from) {
  if (from.is_string()) return std::string(from.as_string());
  std::string made;
  if (from.is_array()) {
    for (const json::value& part : from.as_array()) made += text(part);
  } else if (const json::value* hex = from.as_object().if_contains("hex")) {
    const std::string digits(hex->as_string());
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
      made += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    }
  } else {
    const std::string part = text(from.at("repeat"));
    for (std::int64_t i = from.at("times").as_int64(); i > 0; --i) made += part;
  }
  return made;
}

/// LIST: an array, or {"list_of", "times"}.
json::array list(const json::value& from) {
  if (from.is_array()) return from.as_array();
  return json::array(from.at("times").to_number<std::size_t>(), from.at("list_of"));
}

class Replay {
 public:
  Replay(const json::object& file, std::string folder) : file_(file), folder_(std::move(folder)) {
    clock_ = micros(text(file.at("clock")));
    open(false);
  }
  ~Replay() {
    tracker_.reset();
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] Seen play(const Step& step) {
    try {
      return run(step);
    } catch (const milepost::Exception& e) {
      return {{"error", milepost::to_string(e.error().code)}};
    }
  }

  /// The text of an id, or of one that an earlier step named.
  [[nodiscard]] std::string id_text(const json::value& from) const {
    const std::string written = text(from);
    return written.starts_with('$') ? names_.at(written.substr(1)) : written;
  }

 private:
  static std::int64_t micros(std::string_view instant) {
    return milepost::parse_instant(instant).value().time_since_epoch().count();
  }
  milepost::OpenOptions options() {
    return {.directory = folder_,
            .clock = [this] { return milepost::Instant(std::chrono::microseconds(clock_)); },
            .steady_clock =
                [this] {
                  return std::chrono::steady_clock::time_point(std::chrono::microseconds(clock_));
                }};
  }
  void open(bool read_only) {
    tracker_.reset();
    auto given = options();
    given.read_only = read_only;
    tracker_.emplace(milepost::Tracker::open(given).value());
  }

  // What a step gives.
  static const json::value* given(const Step& step, std::string_view name) {
    return step.if_contains(name);
  }
  static std::string text_of(const Step& step, std::string_view name) {
    const json::value* value = given(step, name);
    return value != nullptr ? text(*value) : std::string();
  }
  std::optional<milepost::Uuid> id(const Step& step, std::string_view name) const {
    const json::value* value = given(step, name);
    if (value == nullptr) return std::nullopt;
    return milepost::parse_uuid(id_text(*value)).value();
  }
  milepost::Uuid id_or_default(const Step& step, std::string_view name) const {
    return id(given(step, name) != nullptr ? step : file_, name).value();
  }
  milepost::Uuid run_id(const Step& step) const { return id(step, "run").value(); }
  milepost::Uuid organization(const Step& step) const {
    return id(step, "organization").value_or(milepost::Uuid{});
  }
  static std::optional<milepost::Instant> instant(const Step& step, std::string_view name) {
    const json::value* value = given(step, name);
    if (value == nullptr) return std::nullopt;
    return milepost::parse_instant(text(*value)).value();
  }
  template <typename Number>
  static std::optional<Number> number(const Step& step, std::string_view name) {
    const json::value* value = given(step, name);
    return value != nullptr ? std::optional(value->to_number<Number>()) : std::nullopt;
  }
  static std::optional<milepost::Lease> lease(const Step& step) {
    const auto ms = number<std::int64_t>(step, "lease_ms");
    return ms ? std::optional<milepost::Lease>(*ms) : std::nullopt;
  }
  static bool flag(const Step& step, std::string_view name) {
    const json::value* value = given(step, name);
    return value != nullptr && value->as_bool();
  }

  // What is seen.
  static void see_run(Seen& seen, const milepost::Run& run) {
    seen["run"] = milepost::to_string(run.run_id);
    seen["json"] = milepost::to_json(run).value();
    seen["owner"] = run.owner;
    seen["token"] = run.fencing_token;
    seen["version"] = run.run_id.data[6] >> 4;
  }
  Seen see(const Step& step, const milepost::Outcome& outcome) {
    Seen seen{{"outcome", milepost::to_string(outcome.kind)}, {"has_run", outcome.has_run()}};
    if (!outcome.has_run()) return seen;
    see_run(seen, outcome.run);
    if (const json::value* name = given(step, "as")) names_[text(*name)] = text(seen.at("run"));
    return seen;
  }
  static json::array see_ids(const std::vector<milepost::Run>& runs) {
    json::array ids;
    for (const milepost::Run& run : runs) ids.emplace_back(milepost::to_string(run.run_id));
    return ids;
  }
  Seen see_page(const Step& step, Seen seen, const std::string& next) {
    seen["more"] = !next.empty();
    if (const json::value* name = given(step, "as")) names_[text(*name)] = next;
    return seen;
  }

  milepost::Command command(const Step& step, std::deque<std::string>& texts);
  milepost::ListOptions list_options(const Step& step, std::string& cursor) const;
  Seen run(const Step& step);
  Seen single(const Step& step);
  Seen batch(const Step& step);
  Seen race(const Step& step);
  Seen read(const Step& step, const std::string& what);
  Seen list_runs(const Step& step, bool as_json);
  Seen upkeep(const Step& step, const std::string& what);

  const json::object& file_;
  std::string folder_;
  std::atomic<std::int64_t> clock_{0};
  std::map<std::string, std::string> names_{};
  std::optional<milepost::Tracker> tracker_{};
};

milepost::Command Replay::command(const Step& step, std::deque<std::string>& texts) {
  const std::string what = text(step.at("do"));
  const std::string& owner = texts.emplace_back(text_of(step, "owner"));
  const std::string& error = texts.emplace_back(text_of(step, "error"));
  const auto token = number<std::uint64_t>(step, "token");
  const milepost::Uuid whose = organization(step);
  const bool if_expired = flag(step, "only_if_expired");
  if (what == "create") {
    return milepost::CreateCommand{.journey_id = id_or_default(step, "journey"),
                                   .profile_id = id_or_default(step, "profile"),
                                   .run_id = id(step, "run"),
                                   .triggered_at = instant(step, "triggered_at"),
                                   .organization_id = whose,
                                   .idempotency_key = texts.emplace_back(text_of(step, "key"))};
  }
  if (what == "start") return milepost::StartCommand{run_id(step), owner, whose, lease(step)};
  if (what == "complete") return milepost::CompleteCommand{run_id(step), owner, token, whose};
  if (what == "fail") {
    return milepost::FailCommand{run_id(step), error, owner, token, whose, if_expired};
  }
  if (what == "exit") return milepost::ExitCommand{run_id(step), owner, token, whose};
  if (what == "adopt") {
    return milepost::AdoptCommand{run_id(step), owner, token, lease(step), whose, if_expired};
  }
  if (what == "heartbeat") {
    return milepost::HeartbeatCommand{run_id(step), lease(step).value(), owner, token, whose};
  }
  if (what != "import") throw std::runtime_error("no such command: " + what);
  return milepost::ImportCommand{.run_id = run_id(step),
                                 .journey_id = id_or_default(step, "journey"),
                                 .profile_id = id_or_default(step, "profile"),
                                 .organization_id = whose,
                                 .status = milepost::parse_status(text_of(step, "status")).value(),
                                 .triggered_at = instant(step, "triggered_at").value(),
                                 .started_at = instant(step, "started_at"),
                                 .completed_at = instant(step, "completed_at"),
                                 .error = error};
}

Seen Replay::single(const Step& step) {
  std::deque<std::string> texts;
  const milepost::Command made = command(step, texts);
  milepost::Tracker& to = *tracker_;
  const auto call = [&](const auto& c) -> milepost::Result<milepost::Outcome> {
    using Kind = std::decay_t<decltype(c)>;
    if constexpr (std::is_same_v<Kind, milepost::CreateCommand>) {
      return to.create(c);
    } else if constexpr (std::is_same_v<Kind, milepost::StartCommand>) {
      return to.start(c.run_id,
                      {.owner = c.owner, .organization_id = c.organization_id, .lease = c.lease});
    } else if constexpr (std::is_same_v<Kind, milepost::AdoptCommand>) {
      return to.adopt(c.run_id, {.owner = c.owner,
                                 .fencing_token = c.fencing_token,
                                 .lease = c.lease,
                                 .organization_id = c.organization_id,
                                 .only_if_expired = c.only_if_expired});
    } else if constexpr (std::is_same_v<Kind, milepost::HeartbeatCommand>) {
      return to.heartbeat(c.run_id, c.lease,
                          {.owner = c.owner,
                           .fencing_token = c.fencing_token,
                           .organization_id = c.organization_id});
    } else if constexpr (!std::is_same_v<Kind, milepost::ImportCommand>) {
      milepost::FinishOptions options{
          .owner = c.owner, .fencing_token = c.fencing_token, .organization_id = c.organization_id};
      if constexpr (std::is_same_v<Kind, milepost::FailCommand>) {
        options.only_if_expired = c.only_if_expired;
        return to.fail(c.run_id, c.error, options);
      } else if constexpr (std::is_same_v<Kind, milepost::CompleteCommand>) {
        return to.complete(c.run_id, options);
      } else {
        return to.exit(c.run_id, options);
      }
    } else {
      throw std::runtime_error("import is a command of apply only");
    }
  };
  return see(step, std::visit(call, made).value());
}

Seen Replay::batch(const Step& step) {
  std::deque<std::string> texts;
  std::vector<milepost::Command> commands;
  for (const json::value& one : list(step.at("commands"))) {
    commands.push_back(command(one.as_object(), texts));
  }
  json::array kinds;
  for (const milepost::Outcome& outcome : tracker_->apply(commands).value()) {
    kinds.emplace_back(milepost::to_string(outcome.kind));
  }
  return {{"outcomes", kinds}};
}

Seen Replay::race(const Step& step) {
  const auto threads = number<std::ptrdiff_t>(step, "threads").value();
  std::vector<Seen> seen(static_cast<std::size_t>(threads));
  std::latch begin(threads);
  {
    std::vector<std::jthread> running;
    for (std::size_t i = 0; i < seen.size(); ++i) {
      Step mine = step.at("step").as_object();
      if (flag(step, "number_owner")) mine["owner"] = text(mine.at("owner")) + std::to_string(i);
      running.emplace_back([&, i, mine] {
        begin.arrive_and_wait();
        seen[i] = play(mine);
      });
    }
  }
  json::object counted;
  for (const Seen& one : seen) {
    json::value& count = counted[text(one.at(one.contains("error") ? "error" : "outcome"))];
    count = count.is_null() ? 1 : count.as_int64() + 1;
  }
  return {{"outcomes", counted}};
}

milepost::ListOptions Replay::list_options(const Step& step, std::string& cursor) const {
  milepost::ListOptions made{.filter = {.organization_id = organization(step),
                                        .journey_id = id(step, "journey"),
                                        .profile_id = id(step, "profile"),
                                        .triggered_from = instant(step, "from"),
                                        .triggered_to = instant(step, "to")},
                             .limit = number<std::size_t>(step, "limit").value_or(100)};
  if (const json::value* statuses = given(step, "statuses")) {
    const auto named = [&](std::uint8_t number) {
      const auto status = static_cast<milepost::RunStatus>(number);
      for (const json::value& name : statuses->as_array()) {
        if (text(name) == milepost::to_string(status)) return status;
      }
      return static_cast<milepost::RunStatus>(7);  // is in no set
    };
    made.filter.statuses = {named(0), named(1), named(2), named(3), named(4)};
  }
  if (text_of(step, "order") == "oldest_first") made.order = milepost::Order::oldest_first;
  if (const json::value* given_cursor = given(step, "cursor")) cursor = id_text(*given_cursor);
  made.cursor = cursor;
  return made;
}

Seen Replay::list_runs(const Step& step, bool as_json) {
  std::string cursor;
  milepost::ListOptions options = list_options(step, cursor);
  if (as_json) {
    const auto page = tracker_->list_json(options).value();
    return see_page(step, {{"json", page.json}, {"count", page.count}}, page.next);
  }
  auto page = tracker_->list(options).value();
  Seen seen = see_page(step, {{"runs", see_ids(page.runs)}}, page.next);
  json::array pages;
  pages.emplace_back(see_ids(page.runs));  // in braces, compilers differ on whose copy it is
  while (!page.next.empty() && given(step, "as") == nullptr) {
    cursor = page.next;
    options.cursor = cursor;
    page = tracker_->list(options).value();
    pages.emplace_back(see_ids(page.runs));
  }
  seen["pages"] = pages;
  return seen;
}

Seen Replay::read(const Step& step, const std::string& what) {
  const milepost::GetOptions whose{organization(step)};
  if (what == "get") {
    const auto run = tracker_->get(run_id(step), whose).value();
    Seen seen{{"found", run.has_value()}};
    if (run) see_run(seen, *run);
    return seen;
  }
  if (what == "get_json") return {{"json", tracker_->get_json(run_id(step), whose).value()}};
  if (what == "wait") {
    const auto until = std::chrono::steady_clock::now() +
                       milliseconds(number<std::int64_t>(step, "timeout_ms").value());
    Seen seen;
    see_run(seen, tracker_->wait(run_id(step), {whose.organization_id, until}).value());
    return seen;
  }
  if (what == "get_many") {
    std::vector<milepost::Uuid> ids;
    for (const json::value& one : list(step.at("runs"))) {
      ids.push_back(milepost::parse_uuid(id_text(one)).value());
    }
    json::array found;
    for (const auto& run : tracker_->get_many(ids, whose).value()) found.emplace_back(!!run);
    return {{"found", found}};
  }
  if (what == "counts") {
    const auto n = tracker_->counts({id(step, "organization"), id(step, "journey")}).value();
    return {{"counts", {n.queued, n.running, n.completed, n.failed, n.exited}}};
  }
  const auto page = tracker_
                        ->changes({.after = number<std::uint64_t>(step, "after").value(),
                                   .limit = number<std::size_t>(step, "limit").value_or(1000)})
                        .value();
  json::array changes;
  for (const milepost::Change& change : page.changes) {
    changes.push_back({milepost::to_string(change.kind), milepost::to_string(change.run.run_id)});
  }
  return {{"changes", changes}, {"next", page.next}};
}

Seen Replay::upkeep(const Step& step, const std::string& what) {
  const std::size_t limit = number<std::size_t>(step, "limit").value_or(100);
  if (what == "expired") return {{"runs", see_ids(tracker_->expired({limit}).value())}};
  if (what == "orphans") {
    const auto page = tracker_->orphans({.limit = limit}).value();
    return see_page(step, {{"runs", see_ids(page.runs)}}, page.next);
  }
  const auto report = tracker_
                          ->purge({.completed_before = instant(step, "before").value(),
                                   .limit = limit,
                                   .dry_run = flag(step, "dry_run")})
                          .value();
  return see_page(step, {{"removed", report.removed}}, report.next);
}

Seen Replay::run(const Step& step) {
  const std::string what = text(step.at("do"));
  if (what == "clock") {
    clock_ = micros(text(step.at("at")));
  } else if (what == "id") {
    return {{"text", milepost::to_string(milepost::parse_uuid(text(step.at("text"))).value())}};
  } else if (what == "instant") {
    const auto read = milepost::parse_instant(text(step.at("text"))).value();
    return {{"text", milepost::to_string(read).value()}};
  } else if (what == "reopen") {
    open(flag(step, "read_only"));
  } else if (what == "open_again") {
    (void)milepost::Tracker::open(options()).value();
  } else if (what == "close") {
    tracker_->close().value();
  } else if (what == "apply") {
    return batch(step);
  } else if (what == "race") {
    return race(step);
  } else if (what == "list" || what == "list_json") {
    return list_runs(step, what == "list_json");
  } else if (what == "expired" || what == "orphans" || what == "purge") {
    return upkeep(step, what);
  } else if (what == "get" || what == "get_json" || what == "get_many" || what == "wait" ||
             what == "counts" || what == "changes") {
    return read(step, what);
  } else {
    return single(step);
  }
  return {};
}

/// What a case says of a member, with nothing short-hand left in it.
json::value expected(Replay& replay, std::string_view name, const json::value& from) {
  if (name == "json" || name == "text" || name == "owner") return json::string(text(from));
  if (name == "run") return json::string(replay.id_text(from));
  return from.is_object() && from.as_object().contains("list_of") ? list(from) : from;
}

/// Whether the step went as expected; says what did not.
bool agrees(Replay& replay, const Step& step) {
  const Seen seen = replay.play(step);
  json::object expect;
  if (const json::value* given = step.if_contains("expect")) expect = given->as_object();
  bool same = seen.contains("error") == expect.contains("error");
  for (const auto& [name, value] : expect) {
    const json::value* it = seen.if_contains(name);
    same = same && it != nullptr && *it == expected(replay, name, value);
  }
  if (!same) std::cout << "  step " << step << "\n  seen " << seen << '\n';
  return same;
}

bool replay_case(const json::object& file, const json::object& one, const std::string& folder) {
  Replay replay(file, folder);
  for (const json::value& step : one.at("steps").as_array()) {
    if (!agrees(replay, step.as_object())) return false;
  }
  return true;
}

int replay_file(int argc, char** argv) {
  if (argc < 2) return 2;
  std::ifstream in(argv[1]);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  const json::value parsed = json::parse(bytes.str());
  const json::object& file = parsed.as_object();
  std::string folder = (std::filesystem::temp_directory_path() / "milepost-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 2;
  int ran = 0;
  int failed = 0;
  for (const json::value& value : file.at("cases").as_array()) {
    const std::string name = text(value.at("name"));
    if (argc > 2 && name.find(argv[2]) == std::string::npos) continue;
    ++ran;
    if (replay_case(file, value.as_object(), folder + "/store")) continue;
    ++failed;
    std::cout << "FAILED: " << name << '\n';
  }
  std::filesystem::remove_all(folder);
  std::cout << ran << " cases, " << failed << " failed\n";
  return ran > 0 && failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return replay_file(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "contract_test: " << e.what() << '\n';
  } catch (...) {
    std::cerr << "contract_test: an unknown exception\n";
  }
  return 2;
}
