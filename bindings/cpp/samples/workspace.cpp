// SPDX-License-Identifier: Apache-2.0
//
// Directories with rights for their owner only.
#include "workspace.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <system_error>
#include <utility>

namespace sample {
namespace {

milepost::Error directory_error(const std::string& directory, int number) {
  return {
      .code = number == EACCES || number == EPERM ? milepost::Errc::permission : milepost::Errc::io,
      .system = number,
      .subject = directory,
      .message =
          std::string("the directory cannot be made or used: ") + std::strerror(number) + ".",
      .advice = "Name one you may write to with --directory."};
}

}  // namespace

Workspace::Workspace(std::string directory, bool temporary)
    : directory_(std::move(directory)), temporary_(temporary), remove_(temporary) {}

Workspace::Workspace(Workspace&& other) noexcept
    : directory_(std::move(other.directory_)),
      temporary_(other.temporary_),
      remove_(std::exchange(other.remove_, false)) {}

Workspace::~Workspace() {
  if (!remove_) return;
  std::error_code ignored;  // A leftover in the temporary directory is no reason to fail.
  std::filesystem::remove_all(directory_, ignored);
}

milepost::Result<Workspace> Workspace::open(const std::string& directory) {
  if (directory.empty()) {
    const char* base = std::getenv("TMPDIR");
    std::string path = base != nullptr && *base != '\0' ? base : "/tmp";
    path += "/journey-executor-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return directory_error(path, errno);
    return Workspace(std::move(path), true);
  }
  const auto parent = std::filesystem::path(directory).parent_path();
  std::error_code problem;
  if (!parent.empty()) std::filesystem::create_directories(parent, problem);
  if (problem) return directory_error(parent.string(), problem.value());
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return directory_error(directory, errno);
  }
  if (!std::filesystem::is_directory(directory, problem)) {
    return directory_error(directory, problem ? problem.value() : ENOTDIR);
  }
  return Workspace(directory, false);
}

bool Workspace::in_memory() const noexcept {
  struct statfs info {};
  return ::statfs(directory_.c_str(), &info) == 0 &&
         (info.f_type == TMPFS_MAGIC || info.f_type == RAMFS_MAGIC);
}

}  // namespace sample
