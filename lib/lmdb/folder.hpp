// SPDX-License-Identifier: Apache-2.0
//
// The store's folder as the operating system sees it: whose it is, what may lie in it, on which
// kind of file system, and what a crash during creation left behind. Rules (each is `permission`
// when broken): folder and files belong to the effective user, root included, because files made
// by another user would lock the owner out; the folder is not writable for group or others; the
// files are regular, no symbolic links, have one name only. The folder itself may be reached
// through symbolic links.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "lmdb/registry.hpp"

#include "milepost/options.hpp"
#include "milepost/result.hpp"

namespace milepost::lmdb {

/// What the folder's listing says about a file.
struct FileInfo {
  FileId id;
  std::uint64_t names = 1;  ///< Hard links.
};

/// An open folder. Move-only.
class Folder {
 public:
  Folder() = default;
  Folder(Folder&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)), id_(other.id_) {}
  Folder& operator=(Folder&& other) noexcept;
  ~Folder() { close(); }

  /// Opens `path`, making it (0700, parent synced) if `create`. `not_found`, `permission`.
  [[nodiscard]] static Result<Folder> open(const std::string& path, bool create);

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }  ///< Canonical.
  [[nodiscard]] FileId id() const noexcept { return id_; }
  [[nodiscard]] std::string path_of(std::string_view name) const;

  /// The file's identity; nothing if there is none; `permission` if it breaks the rules above.
  /// It is looked at, never opened.
  [[nodiscard]] Result<std::optional<FileInfo>> look_at(std::string_view name) const;
  /// The file's identity now, or nothing: for comparing with the handle.
  [[nodiscard]] std::optional<FileId> identity_of(std::string_view name) const noexcept;

  /// Makes new names in the folder survive a power cut.
  [[nodiscard]] Result<void> sync() const;

  /// Makes a folder `.new-<pid>-<random>` inside and returns its path.
  [[nodiscard]] Result<std::string> make_temporary() const;
  /// Deletes folders of that name pattern with what a creation can have left in them. The caller
  /// holds the writer's lock. Returns how many it removed.
  [[nodiscard]] std::size_t remove_leftovers() const;

 private:
  void close() noexcept;
  int fd_ = -1;
  std::string path_;
  FileId id_;
};

/// The name of a file system LMDB must not be used on (network and user-space ones), by its
/// statfs number; nothing for the others. Overlay is fine: a store is written in its upper layer.
[[nodiscard]] std::optional<std::string_view> unsupported_filesystem(std::int64_t type) noexcept;

/// Checks the folder's file system: `unsupported_filesystem`, or `permission` if it is mounted
/// read-only (readers too register themselves in lock.mdb). `probe` replaces statfs in tests.
[[nodiscard]] Result<void> check_filesystem(const Folder& folder, bool allow_unsupported,
                                            const std::function<std::int64_t(int)>& probe);

}  // namespace milepost::lmdb
