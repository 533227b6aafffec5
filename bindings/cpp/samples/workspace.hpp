// SPDX-License-Identifier: Apache-2.0
//
// The directory the store is kept in, the user's own or a temporary one. One thread at a time.
#pragma once

#include <string>

#include "milepost/result.hpp"

namespace sample {

class Workspace {
 public:
  /// Makes the directory if need be; empty: a fresh one under TMPDIR or /tmp.
  [[nodiscard]] static milepost::Result<Workspace> open(const std::string& directory);

  Workspace(Workspace&& other) noexcept;
  Workspace& operator=(Workspace&&) = delete;
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  /// Removes a temporary directory unless keep() was called.
  ~Workspace();

  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] std::string store() const { return directory_ + "/store"; }
  [[nodiscard]] bool temporary() const noexcept { return temporary_; }
  /// Whether it is in memory only, so that a sync costs nothing and promises nothing.
  [[nodiscard]] bool in_memory() const noexcept;

  void keep() noexcept { remove_ = false; }

 private:
  Workspace(std::string directory, bool temporary);

  std::string directory_;
  bool temporary_;
  bool remove_;
};

}  // namespace sample
