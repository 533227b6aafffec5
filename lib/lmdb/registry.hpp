// SPDX-License-Identifier: Apache-2.0
//
// The process-wide list of open stores, by device and inode of the folder and of data.mdb: LMDB
// loses its locks, and then data, when one process opens a store twice. A Claim is taken before
// LMDB opens anything and is kept until LMDB has closed everything, so a second open during a
// close is refused as well. Nothing here opens a file of the store: closing lock.mdb would drop
// the locks this is all about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>

#include "milepost/result.hpp"

namespace milepost::lmdb {

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

/// One store's place in the registry. Move-only; its end gives the place up.
class Claim {
 public:
  Claim() = default;
  Claim(Claim&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
  Claim& operator=(Claim&& other) noexcept;
  ~Claim() { release(); }

  /// `already_open` if this process has the folder or the data file open under whatever name.
  [[nodiscard]] static Result<Claim> take(const std::string& directory, FileId folder,
                                          std::optional<FileId> data);
  /// Tells the data file once it exists. `already_open` if somebody else claims it.
  [[nodiscard]] Result<void> add_data(const std::string& directory, FileId data);
  void release() noexcept;
  /// Keeps the place for the rest of the process: its handle had to be left open.
  void leak() noexcept { id_ = 0; }

 private:
  explicit Claim(std::uint64_t id) : id_(id) {}
  std::uint64_t id_ = 0;
};

/// True if a parent of this process had the file open when it forked: its map is still here.
[[nodiscard]] bool inherited_open(FileId data);

/// True if the process has the file mapped: another copy of LMDB in this process has it open.
/// `path` is the canonical path, for file systems whose maps show other device numbers.
[[nodiscard]] Result<bool> mapped_in_process(FileId file, const std::string& path);

[[nodiscard]] Error already_open_error(const std::string& directory, std::string_view how);

}  // namespace milepost::lmdb
