// SPDX-License-Identifier: Apache-2.0
//
// Import and export: one JSON object a line (JSON Lines, UTF-8), the members of the public response
// and `organizationId`. Who owned a run, when it started, its idempotency key and its place in the
// change feed are not in a line; a backup keeps those.
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

/// Called after each page of an export and before each further read of an import's source; false
/// ends the call with `cancelled`.
using TransferProgressHook = std::function<bool(const TransferProgress&)>;

/// Takes the next bytes of an export, whole lines; an error ends it and comes back as it is. May be
/// slow and may use the tracker: no snapshot is held meanwhile.
using ExportSink = std::function<Result<void>(std::string_view)>;

struct ExportOptions {
  std::optional<Uuid> organization_id{};  ///< Default: every organization's runs.
  Freshness freshness = Freshness::latest;
  TransferProgressHook progress{};
  std::optional<Deadline> deadline{};  ///< For whatever is waited for, the sink apart.
};

/// Yields the next bytes of an import, at most `room` of them into `buffer`; 0 at the end. An error
/// ends the import and comes back; what was whole lines before it is imported.
using ImportSource = std::function<Result<std::size_t>(char* buffer, std::size_t room)>;

/// A line that was not imported: no JSON object, a member that is missing, unknown, there twice or
/// wrong, longer than kImportLineSizeMax, or another run under the id.
struct ImportProblem {
  std::uint64_t line = 0;  ///< Counted from 1, blank lines too.
  std::string reason;      ///< What is wrong with what, the value escaped and cut.
};

struct ImportOptions {
  /// Told of each line that is refused, in order. One is no reason to end the import.
  std::function<void(const ImportProblem&)> problem{};
  TransferProgressHook progress{};
  std::optional<Deadline> deadline{};  ///< For each batch of lines.
};

struct ImportReport {
  std::uint64_t lines = 0;      ///< Blank ones left out: the sum of the others.
  std::uint64_t created = 0;    ///< Runs made.
  std::uint64_t unchanged = 0;  ///< Runs that were there already, the same.
  std::uint64_t refused = 0;    ///< Lines told to `problem`.
};

inline constexpr std::size_t kImportLineSizeMax = 64u << 10;  ///< Bytes of one line.

static_assert(std::is_aggregate_v<ExportOptions> && std::is_aggregate_v<ImportOptions>);

}  // namespace milepost
