// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C, SIGTERM and a closed terminal ask the program to stop; it does so at the next step. A
// second one kills it, which costs nothing that was acknowledged. All functions may be called from
// any thread.
#pragma once

#include <optional>
#include <string>

namespace sample {

/// Takes over SIGINT, SIGTERM and (unless under nohup) SIGHUP, and ignores SIGPIPE. Call once,
/// before the first thread. False: errno says why.
[[nodiscard]] bool install_stop_handlers();

[[nodiscard]] bool stop_requested() noexcept;

/// Readable once a stop was requested; for poll().
[[nodiscard]] int stop_fd() noexcept;

/// The signal's name, e.g. "SIGINT"; nothing while no stop was requested.
[[nodiscard]] std::optional<std::string> stop_reason();

}  // namespace sample
