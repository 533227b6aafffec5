// SPDX-License-Identifier: Apache-2.0
//
// TempDirectory: a folder of one test's own, gone with it. In memory (/dev/shm) where that has
// room, else where the system keeps temporary files; MILEPOST_TEST_DIR overrides both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace milepost::test {

class TempDirectory {
 public:
  /// Prefers memory if it has `bytes_needed` to spare.
  explicit TempDirectory(std::uint64_t bytes_needed = 512u << 20);
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// The path of something inside.
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

/// Copies the folder of a store that is open and idle: what a killed process would leave behind.
/// Its background thread may give a fresh journal segment its name meanwhile; then once more.
/// Replaces what is there.
void copy_open_store(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace milepost::test
