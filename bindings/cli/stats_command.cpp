// SPDX-License-Identifier: Apache-2.0
//
// stats: sizes, readers and sequences of a store, as far as a reader sees them.
#include "commands.hpp"
#include "json_line.hpp"
#include "table.hpp"

#include "milepost/stats.hpp"

namespace cli {
namespace {

std::string trees_json(const milepost::Stats& stats) {
  std::string text = "[";
  for (const milepost::TreeStats& tree : stats.trees) {
    if (text.size() > 1) text += ',';
    text += JsonLine()
                .text("name", tree.name)
                .number("entries", tree.entries)
                .number("bytes", tree.bytes)
                .number("depth", tree.depth)
                .done();
  }
  return text + "]";
}

std::string stats_json(const milepost::Stats& stats, std::uint64_t unpublished,
                       const milepost::Uuid& store_id) {
  return JsonLine()
      .text("storeId", milepost::to_string(store_id))
      .raw("runs", counts_json(stats.runs))
      .number("mapBytes", stats.map_bytes)
      .number("mapBytesMax", stats.map_bytes_max)
      .number("dataBytes", stats.data_bytes)
      .number("freeBytes", stats.free_bytes)
      .number("diskFreeBytes", stats.disk_free_bytes)
      .number("readers", stats.readers)
      .number("readersMax", stats.readers_max)
      .number("oldestReaderPid", static_cast<std::uint64_t>(stats.oldest_reader_pid))
      .number("oldestReaderLag", stats.oldest_reader_lag)
      .number("sequencePublished", stats.sequence_published)
      .number("unpublished", unpublished)
      .number("feedFirst", stats.feed_first)
      .number("epoch", stats.epoch)
      .raw("trees", trees_json(stats))
      .done();
}

void print_stats(Stream& out, const milepost::Stats& stats, std::uint64_t unpublished,
                 const milepost::Uuid& store_id) {
  std::vector<std::pair<std::string, Cell>> pairs = {{"store", {milepost::to_string(store_id)}}};
  for (unsigned number = 0; number < 5; ++number) {
    const auto status = static_cast<milepost::RunStatus>(number);
    pairs.push_back({std::string(milepost::to_string(status)),
                     {grouped(stats.runs.of(status)), style_of(status)}});
  }
  pairs.push_back(
      {"data file", {byte_text(stats.data_bytes) + ", of it free " + byte_text(stats.free_bytes)}});
  pairs.push_back(
      {"map", {byte_text(stats.map_bytes) + " of at most " + byte_text(stats.map_bytes_max)}});
  pairs.push_back({"disk free", {byte_text(stats.disk_free_bytes)}});
  std::string readers = grouped(stats.readers) + " of " + grouped(stats.readers_max);
  if (stats.oldest_reader_pid != 0) {
    readers += ", the oldest is process " + std::to_string(stats.oldest_reader_pid) + ", " +
               grouped(stats.oldest_reader_lag) + " commits behind";
  }
  pairs.push_back({"readers", {readers}});
  pairs.push_back({"sequence",
                   {grouped(stats.sequence_published) + ", " + grouped(unpublished) +
                    " effects not published yet"}});
  pairs.push_back({"feed from", {stats.feed_first == 0 ? "-" : grouped(stats.feed_first)}});
  pairs.push_back({"epoch", {grouped(stats.epoch)}});
  print_pairs(out, pairs);
  out.line("");
  Table table({{"TREE"}, {"ROWS", Align::right}, {"BYTES", Align::right}, {"DEPTH", Align::right}});
  for (const milepost::TreeStats& tree : stats.trees)
    table.add({{tree.name}, {grouped(tree.entries)}, {grouped(tree.bytes)}, {grouped(tree.depth)}});
  table.print(out);
}

int stats(Session& session, bool prometheus) {
  auto tracker = session.open_to_read();
  if (!tracker) return session.complain(tracker.error());
  const auto answer = tracker->stats();
  if (!answer) return session.complain(answer.error());
  const auto store_id = tracker->store_id();
  if (!store_id) return session.complain(store_id.error());
  const auto unpublished = tracker->unpublished();
  if (!unpublished) return session.complain(unpublished.error());
  if (prometheus) {
    session.out.write(milepost::to_prometheus(*answer));
  } else if (session.json) {
    session.out.line(stats_json(*answer, *unpublished, *store_id));
  } else {
    print_stats(session.out, *answer, *unpublished, *store_id);
  }
  return kDone;
}

}  // namespace

void add_stats_command(Commands& commands) {
  const auto prometheus = std::make_shared<bool>(false);
  CLI::App* app =
      commands.add("stats", "Shows sizes, readers and sequences",
                   "  milepost stats --store runs\n"
                   "  milepost stats --store runs --prometheus",
                   [prometheus](Session& session) { return stats(session, *prometheus); });
  app->add_flag("--prometheus", *prometheus, "As a page for Prometheus");
}

}  // namespace cli
