// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C and SIGTERM ask the program to stop; it does so at the next step. A second one kills it,
// which costs nothing that was acknowledged. All functions may be called from any thread.
#pragma once

#include <optional>
#include <string>

namespace sample {

/// Takes over SIGINT and SIGTERM. Call once, before the first thread. False: errno says why.
[[nodiscard]] bool install_stop_handlers();

[[nodiscard]] bool stop_requested() noexcept;

/// Readable once a stop was requested; for poll().
[[nodiscard]] int stop_fd() noexcept;

/// "SIGINT" or "SIGTERM"; nothing while no stop was requested.
[[nodiscard]] std::optional<std::string> stop_reason();

}  // namespace sample
