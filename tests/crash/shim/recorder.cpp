// SPDX-License-Identifier: Apache-2.0
//
// Writes every operation that changes files to a log outside the store. Operations are made under
// one lock, so that the log's order is the order in which they happened; only syncs, and writes
// through O_DSYNC descriptors, run outside it, with an entry on either side. The log is written
// with one call an entry, so that a killed process leaves whole entries.
#include <fcntl.h>
#include <mutex>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <vector>

#include "io_log.hpp"
#include "shim/hooks.hpp"

namespace milepost::crash {
namespace {

class Recorder final : public Hook {
 public:
  Recorder()
      : kill_after_(number_setting("MILEPOST_SHIM_NTH", 0)),
        fd_(static_cast<int>(::syscall(SYS_openat, AT_FDCWD, setting("MILEPOST_SHIM_LOG").c_str(),
                                       O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600))) {
    if (fd_ < 0) direct::die();
    // Ids must differ between the processes that share a log.
    next_id_ = (static_cast<std::uint64_t>(::getpid()) << 32) + 1;
    const std::lock_guard lock(mutex_);
    LogHeader header{.kind = LogKind::process, .a = static_cast<std::uint64_t>(::getpid())};
    append(header, {}, {}, nullptr, 0, 0);
  }

  Verdict before(Call& call) override {
    if (outside_lock(call)) {
      const std::lock_guard lock(mutex_);
      call.cookie = is_write(call.op) ? log_write(call, call.length) : log_sync_begin(call);
      return {};
    }
    if (!changes_files(call)) return {};
    mutex_.lock();
    if (call.op == Op::open) call.cookie = direct::exists(call.path) ? 1 : 0;
    return {};
  }

  void after(Call& call, std::int64_t result) override {
    if (outside_lock(call)) {
      if (result < 0) return;
      const std::lock_guard lock(mutex_);
      LogHeader header{.kind = LogKind::sync_end, .inode = call.file->inode, .a = call.cookie};
      append(header, {}, {}, nullptr, 0, 0);
      return;
    }
    if (!changes_files(call)) return;
    if (result >= 0) log_change(call, static_cast<std::uint64_t>(result));
    mutex_.unlock();
  }

  void mark(const void* data, std::size_t size) override {
    const iovec part{const_cast<void*>(data), size};
    const std::lock_guard lock(mutex_);
    LogHeader header{.kind = LogKind::mark};
    append(header, {}, {}, &part, 1, size);
  }

 private:
  static bool is_write(Op op) { return op == Op::pwrite || op == Op::write || op == Op::writev; }

  static bool outside_lock(const Call& call) {
    return call.op == Op::fdatasync || call.op == Op::fsync ||
           (is_write(call.op) && call.file->synced_writes);
  }

  static bool changes_files(const Call& call) {
    switch (call.op) {
      case Op::open:
        return (call.flags & (O_CREAT | O_TRUNC)) != 0;
      case Op::pwrite:
      case Op::write:
      case Op::writev:
      case Op::ftruncate:
      case Op::fallocate:
      case Op::rename:
      case Op::unlink:
      case Op::mkdir:
      case Op::link:
        return true;
      default:
        return false;
    }
  }

  std::uint64_t log_write(const Call& call, std::uint64_t size) {
    LogHeader header{.kind = LogKind::write,
                     .inode = call.file->inode,
                     .a = call.offset,
                     .flags = call.file->synced_writes ? 1u : 0u};
    return append(header, {}, {}, call.parts, call.part_count, size);
  }

  std::uint64_t log_sync_begin(const Call& call) {
    LogHeader header{.kind = LogKind::sync_begin, .inode = call.file->inode};
    return append(header, call.path, {}, nullptr, 0, 0);
  }

  void log_change(const Call& call, std::uint64_t result) {
    LogHeader header;
    if (call.file != nullptr) header.inode = call.file->inode;
    header.a = call.offset;
    switch (call.op) {
      case Op::open:
        if (call.cookie == 0) {
          header.kind = LogKind::create;
        } else if ((call.flags & O_TRUNC) != 0) {
          header.kind = LogKind::truncate;
          header.a = 0;
        } else {
          return;
        }
        break;
      case Op::ftruncate:
        header.kind = LogKind::truncate;
        break;
      case Op::fallocate:
        header.kind = LogKind::allocate;
        break;
      case Op::rename:
        header.kind = LogKind::rename;
        break;
      case Op::unlink:
        header.kind = LogKind::remove;
        break;
      case Op::link:
        header.kind = LogKind::link;
        break;
      case Op::mkdir:
        header.kind = LogKind::make_directory;
        header.inode = direct::inode_of(call.path);
        break;
      default:
        log_write(call, result);
        return;
    }
    append(header, call.path, call.second_path, nullptr, 0, 0);
  }

  std::uint64_t append(LogHeader& header, const std::string& path, const std::string& second_path,
                       const iovec* parts, int count, std::uint64_t size) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    header.id = next_id_++;
    header.time_ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
                     static_cast<std::uint64_t>(now.tv_nsec);
    header.path_size = static_cast<std::uint32_t>(path.size());
    header.second_path_size = static_cast<std::uint32_t>(second_path.size());
    header.data_size = static_cast<std::uint32_t>(size);
    line_.clear();
    line_.push_back({&header, sizeof header});
    line_.push_back({const_cast<char*>(path.data()), path.size()});
    line_.push_back({const_cast<char*>(second_path.data()), second_path.size()});
    for (int i = 0; i < count && size > 0; ++i) {
      line_.push_back({parts[i].iov_base, std::min<std::size_t>(parts[i].iov_len, size)});
      size -= line_.back().iov_len;
    }
    std::int64_t total = 0;
    for (const iovec& part : line_) total += static_cast<std::int64_t>(part.iov_len);
    if (direct::write_all(fd_, line_.data(), static_cast<int>(line_.size())) != total) {
      direct::die();
    }
    if (kill_after_ != 0 && --kill_after_ == 0) direct::die();
    return header.id;
  }

  std::mutex mutex_;
  std::uint64_t kill_after_;
  int fd_;
  std::uint64_t next_id_ = 1;
  std::vector<iovec> line_;
};

}  // namespace

std::unique_ptr<Hook> make_recorder() { return std::make_unique<Recorder>(); }

}  // namespace milepost::crash
