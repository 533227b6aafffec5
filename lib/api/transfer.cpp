// SPDX-License-Identifier: Apache-2.0
//
// Import and export.
#include "api/tracker_impl.hpp"

namespace milepost {

Result<TransferProgress> Tracker::export_runs(const ExportSink&, const ExportOptions&) const {
  return Error{.code = Errc::internal};
}

Result<ImportReport> Tracker::import_runs(const ImportSource&, const ImportOptions&) {
  return Error{.code = Errc::internal};
}

}  // namespace milepost
