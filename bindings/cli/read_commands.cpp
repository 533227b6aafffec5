// SPDX-License-Identifier: Apache-2.0
//
// get, list, count: what is published, asked read-only.
#include <algorithm>

#include "commands.hpp"
#include "json_line.hpp"
#include "table.hpp"

namespace cli {
namespace {

struct GetOptions {
  std::vector<std::string> ids;
  milepost::Uuid organization{};
};

struct ListOptions {
  milepost::RunFilter filter;
  bool oldest_first = false;
  std::size_t limit = 100;
  bool all = false;
  std::string cursor;
};

struct CountOptions {
  std::optional<milepost::Uuid> organization;
  std::optional<milepost::Uuid> journey;
};

int missing(Session& session, const milepost::Tracker& tracker, const std::string& id) {
  const auto unseen = tracker.unpublished();
  const bool behind = unseen && *unseen > 0;
  return session.complain(
      milepost::Errc::not_found, "There is no such run in that organization.", id,
      behind
          ? std::to_string(*unseen) + " effects are acknowledged but not published yet: look again."
          : "");
}

int get(Session& session, const GetOptions& options) {
  auto tracker = session.open_to_read();
  if (!tracker) return session.complain(tracker.error());
  int code = kDone;
  bool first = true;
  for (const std::string& text : options.ids) {
    const auto id = milepost::parse_uuid(text);
    if (!id) return session.complain(id.error());
    const auto run = tracker->get(*id, {.organization_id = options.organization});
    if (!run) return session.complain(run.error());
    if (!run->has_value()) {
      code = missing(session, *tracker, text);
      continue;
    }
    if (session.json) {
      session.out.line(public_json(**run));
    } else {
      if (!first) session.out.line("");
      print_run(session.out, **run);
    }
    first = false;
    if (!session.out.open()) break;
  }
  return code;
}

void print_page(Session& session, const milepost::Page& page) {
  if (session.json) {
    std::string runs = "[";
    for (const milepost::Run& run : page.runs) {
      if (runs.size() > 1) runs += ',';
      runs += public_json(run);
    }
    session.out.line(JsonLine().raw("runs", runs + "]").text_or_null("next", page.next).done());
    return;
  }
  Table table = runs_table();
  for (const milepost::Run& run : page.runs) add_run(table, run);
  table.print(session.out);
}

int list(Session& session, const ListOptions& options) {
  auto tracker = session.open_to_read();
  if (!tracker) return session.complain(tracker.error());
  const Stop::Scope scope(session.stop);
  std::size_t left = options.limit;
  milepost::Page page;
  page.next = options.cursor;
  milepost::Page gathered;  // For people, runs of pages that are one table.
  do {
    const std::size_t limit =
        options.all ? milepost::kListLimitMax : std::min(left, milepost::kListLimitMax);
    const std::string cursor = page.next;
    auto next = tracker->list({.filter = options.filter,
                               .order = options.oldest_first ? milepost::Order::oldest_first
                                                             : milepost::Order::newest_first,
                               .limit = limit,
                               .cursor = cursor});
    if (!next) return session.complain(next.error());
    page = std::move(*next);
    left -= std::min(left, page.runs.size());
    if (session.json || options.all) {
      print_page(session, page);
    } else {
      gathered.runs.insert(gathered.runs.end(), page.runs.begin(), page.runs.end());
    }
    if (session.stop.asked()) return session.stop.exit_code();
  } while (!page.next.empty() && (options.all || left > 0) && session.out.open());
  if (session.json) return kDone;
  if (!options.all) print_page(session, gathered);
  if (!page.next.empty() && session.out.open())
    session.remark("there are more: add --all, or --cursor " + page.next);
  return kDone;
}

int count(Session& session, const CountOptions& options) {
  auto tracker = session.open_to_read();
  if (!tracker) return session.complain(tracker.error());
  const auto counts =
      tracker->counts({.organization_id = options.organization, .journey_id = options.journey});
  if (!counts) return session.complain(counts.error());
  if (session.json) {
    session.out.line(counts_json(*counts));
    return kDone;
  }
  Table table({{"STATUS"}, {"RUNS", Align::right}});
  for (unsigned number = 0; number < 5; ++number) {
    const auto status = static_cast<milepost::RunStatus>(number);
    table.add({{std::string(milepost::to_string(status)), style_of(status)},
               {grouped(counts->of(status))}});
  }
  table.add({{"total", Style::bold}, {grouped(counts->total()), Style::bold}});
  table.print(session.out);
  return kDone;
}

}  // namespace

void add_read_commands(Commands& commands) {
  const auto get_options = std::make_shared<GetOptions>();
  CLI::App* app =
      commands.add("get", "Shows runs. With --json: the exact public response of each, one a line",
                   "  milepost get --store runs 3c90c3cc-0d44-4b50-8888-8dd25736052a\n"
                   "  milepost get --store runs $ID --json | jq -r .status",
                   [get_options](Session& session) { return get(session, *get_options); });
  app->add_option("RUN", get_options->ids, "Ids of runs")->required()->type_name("UUID");
  add_id(app, "--organization", get_options->organization, "Whose runs (default: the nil one's)");

  const auto list_options = std::make_shared<ListOptions>();
  app = commands.add("list", "Lists runs by the time they were triggered, newest first",
                     "  milepost list --store runs --status running,queued\n"
                     "  milepost list --store runs --journey $ID --from 2026-01-01T00:00Z --all\n"
                     "  milepost list --store runs --all --json | jq -r '.runs[].runId'",
                     [list_options](Session& session) { return list(session, *list_options); });
  milepost::RunFilter& filter = list_options->filter;
  add_id(app, "--organization", filter.organization_id, "Whose runs (default: the nil one's)");
  add_id(app, "--journey", filter.journey_id, "Only this journey's");
  add_id(app, "--profile", filter.profile_id, "Only this profile's");
  add_statuses(app, filter.statuses);
  add_instant(app, "--from", filter.triggered_from, "Triggered at this instant or later");
  add_instant(app, "--to", filter.triggered_to, "Triggered before this instant");
  app->add_flag("--oldest-first", list_options->oldest_first, "The other way round");
  auto* limit = app->add_option("--limit", list_options->limit, "At most so many (default: 100)")
                    ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}).description(""))
                    ->type_name("N");
  app->add_flag("--all", list_options->all, "All of them, page by page")->excludes(limit);
  app->add_option("--cursor", list_options->cursor, "Go on where an earlier list ended")
      ->type_name("TEXT");

  const auto count_options = std::make_shared<CountOptions>();
  app = commands.add("count", "Counts runs by status, exactly and at once",
                     "  milepost count --store runs\n"
                     "  milepost count --store runs --journey $ID --json",
                     [count_options](Session& session) { return count(session, *count_options); });
  add_id(app, "--organization", count_options->organization, "Only this organization's");
  add_id(app, "--journey", count_options->journey, "Only this journey's");
}

}  // namespace cli
