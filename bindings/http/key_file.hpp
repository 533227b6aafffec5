// SPDX-License-Identifier: Apache-2.0
//
// The key file: one line of head, one line a key. Read only where nobody but its owner could have
// written it; written whole under another name, synced, renamed, so that a reader sees the old file
// or the new one. Each version has a later time of modification than the one before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "digest.hpp"

#include "milepost/http/keys.hpp"

namespace milepost::http {

struct StoredKey {
  KeyInfo info;
  Digest digest{};
};

/// What tells one version of the file from another.
struct FileVersion {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;  ///< Moves when somebody widens its permissions, too.
  std::int64_t size = 0;

  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};

struct KeyFile {
  std::vector<StoredKey> keys;  ///< In the order they were made.
  FileVersion version;
};

[[nodiscard]] FileVersion version_of(const struct stat& status) noexcept;

[[nodiscard]] std::string format_keys(const std::vector<StoredKey>& keys);
/// `corrupt` or `version`; the error's subject is left to the caller.
[[nodiscard]] Result<std::vector<StoredKey>> parse_keys(std::string_view text);

[[nodiscard]] Result<KeyFile> read_key_file(const std::string& file);
/// `before`: the version to be replaced, if there is one.
[[nodiscard]] Result<void> write_key_file(const std::string& file,
                                          const std::vector<StoredKey>& keys,
                                          const FileVersion* before);

/// Holds the folder's lock against other processes that change the file.
class FolderLock {
 public:
  [[nodiscard]] static Result<FolderLock> take(const std::string& file);
  FolderLock(FolderLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) noexcept : fd_(fd) {}
  int fd_;
};

}  // namespace milepost::http
