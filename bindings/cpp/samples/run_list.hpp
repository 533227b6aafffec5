// SPDX-License-Identifier: Apache-2.0
//
// The runs this host has asked the store to make, in a plain text file beside the store: one
// `runId organizationId` a line. An id is in the file before its run is created, so the file
// names every run there is, and perhaps a few there are not. The store cannot list runs yet; when
// it can, this file goes, and unfinished_runs() and for_each_run() become queries.
// One thread at a time.
#pragma once

#include <boost/functional/hash.hpp>
#include <boost/uuid/uuid_hash.hpp>
#include <functional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "milepost/result.hpp"
#include "milepost/run.hpp"
#include "milepost/tracker.hpp"

namespace sample {

struct ListedRun {
  milepost::Uuid run_id{};
  milepost::Uuid organization_id{};
};

class RunList {
 public:
  /// Reads the file, or makes it. A last line that a crash left half written is cut off.
  [[nodiscard]] static milepost::Result<RunList> open(const std::string& path);

  RunList(RunList&& other) noexcept;
  RunList& operator=(RunList&&) = delete;
  RunList(const RunList&) = delete;
  RunList& operator=(const RunList&) = delete;
  ~RunList();

  /// Adds those that are not in it yet; they are on the disk when it returns.
  [[nodiscard]] milepost::Result<void> add(std::span<const ListedRun> runs);

  [[nodiscard]] const std::vector<ListedRun>& runs() const noexcept { return runs_; }

 private:
  RunList(std::string path, int fd);
  [[nodiscard]] milepost::Result<void> load();
  void take(std::string_view line);
  [[nodiscard]] milepost::Error failure(std::string_view what, int number) const;

  std::string path_;
  int fd_ = -1;
  std::vector<ListedRun> runs_;
  std::unordered_set<milepost::Uuid, boost::hash<milepost::Uuid>> known_;
};

/// Calls `use` with each listed run that exists, as it is in the store, in the list's order.
[[nodiscard]] milepost::Result<void> for_each_run(
    const milepost::Tracker& tracker, const RunList& list,
    const std::function<void(const milepost::Run&)>& use);

/// The runs that are queued or running.
[[nodiscard]] milepost::Result<std::vector<milepost::Run>> unfinished_runs(
    const milepost::Tracker& tracker, const RunList& list);

}  // namespace sample
