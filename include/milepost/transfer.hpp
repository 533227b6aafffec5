// SPDX-License-Identifier: Apache-2.0
//
// Import and export: one JSON object a line, the members of the public response and
// `organizationId`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "milepost/list.hpp"
#include "milepost/options.hpp"
#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost {

/// How far an import or export is. Plain value.
struct TransferProgress {
  std::uint64_t lines = 0;  ///< Read or written so far.
  std::uint64_t bytes = 0;
};

/// Called now and then; false cancels, and the call is `cancelled`.
using TransferProgressHook = std::function<bool(const TransferProgress&)>;

/// Takes the next bytes of an export; an error ends it.
using ExportSink = std::function<Result<void>(std::string_view)>;

struct ExportOptions {
  std::optional<Uuid> organization_id{};  ///< Default: every organization's runs.
  Freshness freshness = Freshness::latest;
  TransferProgressHook progress{};
  std::optional<Deadline> deadline{};
};

/// Yields the next bytes of an import, at most `room` of them into `buffer`; 0 at the end.
using ImportSource = std::function<Result<std::size_t>(char* buffer, std::size_t room)>;

/// A line that was not imported.
struct ImportProblem {
  std::uint64_t line = 0;  ///< Counted from 1.
  std::string reason;
};

struct ImportOptions {
  /// Told of each line that is malformed, breaks a rule, or conflicts with a run that exists.
  std::function<void(const ImportProblem&)> problem{};
  TransferProgressHook progress{};
  std::optional<Deadline> deadline{};  ///< For each batch of lines.
};

struct ImportReport {
  std::uint64_t lines = 0;
  std::uint64_t created = 0;    ///< Runs made.
  std::uint64_t unchanged = 0;  ///< Runs that were there already, the same.
  std::uint64_t refused = 0;    ///< Lines told to `problem`.
};

inline constexpr std::size_t kImportLineSizeMax = 64u << 10;  ///< Bytes of one line.

static_assert(std::is_aggregate_v<ExportOptions> && std::is_aggregate_v<ImportOptions>);

}  // namespace milepost
