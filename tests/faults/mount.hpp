// SPDX-License-Identifier: Apache-2.0
//
// Mounts of a test's own. They are made in a mount namespace that goes with the test's process, so
// nothing is left behind however it ends. Where this is not permitted, why() says so.
#pragma once

#include <cerrno>
#include <cstring>
#include <sched.h>
#include <string>
#include <sys/mount.h>

namespace milepost::faults {

/// Something mounted on a folder while it lives.
class Mount {
 public:
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;
  Mount(Mount&& other) noexcept : folder_(std::move(other.folder_)), why_(std::move(other.why_)) {
    other.folder_.clear();
  }
  Mount& operator=(Mount&&) = delete;
  ~Mount() {
    if (!folder_.empty()) ::umount2(folder_.c_str(), MNT_DETACH);
  }

  /// A file system in memory of `bytes`.
  [[nodiscard]] static Mount memory(const std::string& folder, std::uint64_t bytes) {
    const std::string options = "mode=700,size=" + std::to_string(bytes);
    return Mount("none", folder, "tmpfs", 0, options);
  }
  /// `folder` shows what `original` holds.
  [[nodiscard]] static Mount bind(const std::string& original, const std::string& folder) {
    return Mount(original, folder, "", MS_BIND, "");
  }
  /// A block device, e.g. a loop device.
  [[nodiscard]] static Mount device(const std::string& device, const std::string& folder,
                                    const std::string& type) {
    return Mount(device, folder, type, 0, "");
  }

  /// Nothing, and why.
  [[nodiscard]] static Mount failed(const std::string& why) { return Mount(why); }

  /// Empty if it is mounted.
  [[nodiscard]] const std::string& why_not() const noexcept { return why_; }

 private:
  explicit Mount(std::string why) : why_(std::move(why)) {}
  Mount(const std::string& source, const std::string& folder, const std::string& type,
        unsigned long flags, const std::string& options) {
    static const std::string hindrance = enter_namespace();
    why_ = hindrance;
    if (!why_.empty()) return;
    if (::mount(source.c_str(), folder.c_str(), type.c_str(), flags, options.c_str()) != 0) {
      why_ = "cannot mount " + type + ": " + std::strerror(errno);
      return;
    }
    folder_ = folder;
  }

  static std::string enter_namespace() {
    if (::unshare(CLONE_NEWNS) != 0) {
      return std::string("a mount namespace of its own is not permitted: ") + std::strerror(errno);
    }
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return std::string("mounts cannot be made private: ") + std::strerror(errno);
    }
    return {};
  }

  std::string folder_;
  std::string why_;
};

}  // namespace milepost::faults
