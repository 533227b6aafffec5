// SPDX-License-Identifier: Apache-2.0
//
// A disk that can lose power. While it stands between the journal and the system it notes every
// write and sync in one folder; a power cut then leaves what was synced and, of each 512-byte
// sector written since, any of the versions it went through. Names made or removed since the
// folder's last sync are kept or lost one by one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "faults.hpp"

namespace milepost::journal::test {

class CrashDisk : public SystemCalls {
 public:
  explicit CrashDisk(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Replaces the folder's content by what a power cut now would leave.
  void cut_power(std::mt19937_64& random);

  /// With this, syncs do nothing though they say they did: what a test must notice.
  bool lying = false;
  std::size_t segments_created = 0;

  ssize_t pwrite(int fd, const void* bytes, std::size_t count, off_t offset) override;
  int fdatasync(int fd) override;
  int fsync(int fd) override;
  int renameat(int from_folder, const char* from, int to_folder, const char* to) override;
  int unlinkat(int folder, const char* name, int flags) override;

 private:
  struct Write {
    std::uint64_t offset = 0;
    std::string bytes{};
  };
  struct File {
    std::string synced{};
    std::vector<Write> pending{};
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;

  [[nodiscard]] std::shared_ptr<File> file_of(int fd);
  [[nodiscard]] Names names_now();
  [[nodiscard]] static std::string survivor(const File& file, std::mt19937_64& random);

  std::filesystem::path folder_;
  std::mutex mutex_{};
  std::map<ino_t, std::shared_ptr<File>> files_{};
  Names synced_names_{};
};

}  // namespace milepost::journal::test
