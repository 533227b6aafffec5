// SPDX-License-Identifier: Apache-2.0
//
// Folders that appear all at once: made under a temporary name beside their place, filled, synced,
// and renamed. Whatever moment a crash chooses, the place holds what it held or the whole new
// thing.
#pragma once

#include <string>
#include <utility>

#include "milepost/result.hpp"

namespace milepost::store {

/// A folder under way. Unless it was put in its place, its end removes it and the files in it.
class NewDirectory {
 public:
  /// Makes `<place>.<what>-<pid>-<random>` (0700). `invalid_argument` if `place` is empty,
  /// `not_found` or `permission` where it cannot be made.
  [[nodiscard]] static Result<NewDirectory> make(const std::string& place, const char* what);
  NewDirectory(NewDirectory&& other) noexcept
      : place_(std::move(other.place_)), path_(std::exchange(other.path_, {})) {}
  NewDirectory& operator=(NewDirectory&&) = delete;
  ~NewDirectory();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// What an error below it is to who asked for the whole: a commit of unknown fate is an `io` of
  /// which nothing stays, as the folder goes with it.
  [[nodiscard]] static Error unfinished(Error error);
  /// Syncs the folder and renames it to its place, which must not exist (`invalid_argument`).
  [[nodiscard]] Result<void> put_in_place();

 private:
  NewDirectory(std::string place, std::string path)
      : place_(std::move(place)), path_(std::move(path)) {}
  std::string place_;
  std::string path_;  ///< Empty once it is in its place.
};

/// The path of a store's data file.
[[nodiscard]] std::string data_file_in(const std::string& directory);

/// `invalid_argument` if something of that name exists.
[[nodiscard]] Result<void> check_absent(const std::string& path);
/// Renames, never over something that exists, and syncs the folder both lie in.
[[nodiscard]] Result<void> move_directory(const std::string& from, const std::string& to);

}  // namespace milepost::store
