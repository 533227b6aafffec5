// SPDX-License-Identifier: Apache-2.0
//
// watch and wait: commands that sleep until a host publishes something, and end in order when told.
#include <algorithm>
#include <chrono>
#include <deque>

#include "commands.hpp"
#include "json_line.hpp"
#include "progress.hpp"
#include "table.hpp"
#include "text.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

struct WatchOptions {
  std::optional<std::uint64_t> after;
  std::uint64_t limit = 0;
  std::optional<milepost::Uuid> organization;
  std::optional<milepost::Uuid> journey;
};

struct WaitOptions {
  milepost::Uuid run{};
  milepost::Uuid organization{};
  std::optional<std::chrono::milliseconds> timeout;
  std::string expect;
};

std::string change_json(const milepost::Change& change) {
  JsonLine line;
  line.number("sequence", change.sequence).text("kind", milepost::to_string(change.kind));
  using milepost::ChangeKind;
  switch (change.kind) {
    case ChangeKind::purged:
    case ChangeKind::erased:
      line.text("runId", milepost::to_string(change.run.run_id));
      break;
    case ChangeKind::profile_erased:
      line.text("profileId", milepost::to_string(change.run.profile_id))
          .text("organizationId", milepost::to_string(change.run.organization_id));
      break;
    case ChangeKind::blanked:
      break;
    default:
      line.raw("run", public_json(change.run))
          .text("organizationId", milepost::to_string(change.run.organization_id));
  }
  return line.done();
}

/// Sequence, kind, run, and for failures why: one line.
std::string change_text(const Stream& out, const milepost::Change& change) {
  using milepost::ChangeKind;
  const milepost::Uuid& id =
      change.kind == ChangeKind::profile_erased ? change.run.profile_id : change.run.run_id;
  std::string kind(milepost::to_string(change.kind));
  kind.resize(std::max<std::size_t>(kind.size(), 9), ' ');
  std::string number = std::to_string(change.sequence);
  number.insert(0, number.size() < 9 ? 9 - number.size() : 0, ' ');
  const bool has_run = change.kind <= ChangeKind::imported;
  std::string text = out.styled(Style::dim, number) + "  " +
                     out.styled(has_run ? style_of(change.run.status) : Style::bold, kind) + "  " +
                     (change.kind == ChangeKind::blanked ? "-" : milepost::to_string(id));
  if (has_run && change.run.error) {
    const std::string error = for_terminal(*change.run.error);
    text += "  " +
            (out.terminal() ? cut_to(error, std::max<std::size_t>(out.columns(), 68) - 60) : error);
  }
  return text;
}

/// The view on a terminal: counts, and below them the last changes, drawn over in place.
class LiveView {
 public:
  LiveView(Session& session, const WatchOptions& options) : session_(session), options_(options) {}

  void add(const milepost::Change& change) {
    last_.push_back(change_text(session_.out, change));
    const std::size_t rows = session_.out.rows();
    while (last_.size() > (rows > 8 ? rows - 5 : 3)) last_.pop_front();
  }

  milepost::Result<void> draw(const milepost::Tracker& tracker) {
    const auto counts =
        tracker.counts({.organization_id = options_.organization, .journey_id = options_.journey});
    if (!counts) return counts.error();
    Stream& out = session_.out;
    if (drawn_ > 0) out.write("\r\x1b[" + std::to_string(drawn_) + "A\x1b[J");
    std::string line;
    for (unsigned number = 0; number < 5; ++number) {
      const auto status = static_cast<milepost::RunStatus>(number);
      if (!line.empty()) line += "  ";
      line += out.styled(style_of(status), milepost::to_string(status)) + " " +
              out.styled(Style::bold, grouped(counts->of(status)));
    }
    out.line(line);
    out.line(out.styled(Style::dim,
                        cut_to("Ctrl-C ends it; changes of every run follow", out.columns() - 1)));
    for (const std::string& text : last_) out.line(text);
    drawn_ = 2 + last_.size();
    out.flush();
    return {};
  }

 private:
  Session& session_;
  const WatchOptions& options_;
  std::deque<std::string> last_;
  std::size_t drawn_ = 0;
};

/// Until the limit, Ctrl-C, or nobody reads any more.
int follow(Session& session, const WatchOptions& options, const milepost::Tracker& tracker,
           milepost::Subscription& feed) {
  LiveView view(session, options);
  const bool live = session.out.movable() && !session.json;
  std::uint64_t told = 0;
  while (session.out.open() && !session.stop.asked()) {
    if (live) {
      if (const auto drawn = view.draw(tracker); !drawn) return session.complain(drawn.error());
    }
    std::uint64_t room = 1'000;
    if (options.limit != 0) room = std::min(room, options.limit - told);
    const auto changes = feed.next(steady_clock::now() + 1s, static_cast<std::size_t>(room));
    if (!changes) {
      const milepost::Errc code = changes.error().code;
      if (code == milepost::Errc::busy) continue;
      if (code == milepost::Errc::cancelled) break;
      return session.complain(changes.error());
    }
    for (const milepost::Change& change : *changes) {
      if (live) {
        view.add(change);
      } else {
        session.out.line(session.json ? change_json(change) : change_text(session.out, change));
      }
    }
    if (!live) session.out.flush();
    told += changes->size();
    if (options.limit != 0 && told >= options.limit) {
      if (live) {
        if (const auto drawn = view.draw(tracker); !drawn) return session.complain(drawn.error());
      }
      return kDone;
    }
  }
  if (!session.stop.asked()) return kDone;
  session.remark("stopped; '--after " + std::to_string(feed.position()) + "' goes on from here");
  return session.stop.exit_code();
}

int watch(Session& session, const WatchOptions& options) {
  auto tracker = session.open_to_read();
  if (!tracker) return session.complain(tracker.error());
  auto feed = tracker->subscribe({.after = options.after});
  if (!feed) return session.complain(feed.error());
  const Stop::Scope scope(session.stop, [&feed] { feed->stop(); });
  return follow(session, options, *tracker, *feed);
}

int wait(Session& session, const WaitOptions& options) {
  auto tracker = session.open_to_read();
  if (!tracker) return session.complain(tracker.error());
  Progress progress(session.err, session.stop, "waiting");
  const auto end = steady_clock::now() + options.timeout.value_or(std::chrono::hours(87'600));
  while (true) {
    // The engine wakes us; the slices are only there to notice Ctrl-C.
    const auto slice = std::min(end, steady_clock::now() + 200ms);
    const auto run =
        tracker->wait(options.run, {.organization_id = options.organization, .deadline = slice});
    if (run) {
      progress.clear();
      if (session.json) {
        session.out.line(public_json(*run));
      } else {
        print_run(session.out, *run);
      }
      const bool fits =
          options.expect.empty() || options.expect == milepost::to_string(run->status);
      return fits ? kDone : kRefused;
    }
    if (session.stop.asked()) return session.stop.exit_code();
    if (run.error().code == milepost::Errc::busy && steady_clock::now() < end) continue;
    progress.clear();
    if (run.error().code != milepost::Errc::busy) return session.complain(run.error());
    return session.complain(milepost::Errc::busy, "The run has not ended in the time given.",
                            milepost::to_string(options.run),
                            "Wait longer: --timeout, or leave it out to wait for ever.");
  }
}

}  // namespace

void add_watch_commands(Commands& commands) {
  const auto watch_options = std::make_shared<WatchOptions>();
  CLI::App* app = commands.add(
      "watch",
      "Follows the change feed as a host publishes it; on a terminal with live counts. Ctrl-C "
      "ends it, with 130",
      "  milepost watch --store runs\n"
      "  milepost watch --store runs --after 0 --json | jq -c 'select(.kind==\"failed\")'",
      [watch_options](Session& session) { return watch(session, *watch_options); });
  app->add_option("--after", watch_options->after,
                  "Begin behind this change; 0: with the first (default: with what is new)")
      ->type_name("SEQUENCE");
  app->add_option("--limit", watch_options->limit, "End after so many changes")->type_name("N");
  add_id(app, "--organization", watch_options->organization,
         "The counts: only this organization's");
  add_id(app, "--journey", watch_options->journey, "The counts: only this journey's");

  const auto wait_options = std::make_shared<WaitOptions>();
  app =
      commands.add("wait", "Waits until a run has ended, and shows it",
                   "  milepost wait --store runs $ID --timeout 5m --expect completed && echo good",
                   [wait_options](Session& session) { return wait(session, *wait_options); });
  add_id(app, "RUN", wait_options->run, "The run's id")->required();
  add_id(app, "--organization", wait_options->organization, "Whose run (default: the nil one's)");
  add_duration(app, "--timeout", wait_options->timeout,
               "Give up after this, with exit 4 (default: never)");
  app->add_option("--expect", wait_options->expect, "Exit 1 unless the run ended like this")
      ->check(CLI::IsMember({"completed", "failed", "exited"}).description(""))
      ->type_name("STATUS");
}

}  // namespace cli
