// SPDX-License-Identifier: Apache-2.0
//
// The bare disk: each step overwrites the next record of a preallocated, synced file and calls
// fdatasync. No store that acknowledges one durable step at a time can be faster for long.
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

#include "bench/engine.hpp"

namespace bench {
namespace {

constexpr std::size_t kFileBytes = 64u << 20;
constexpr std::size_t kWriteBytes = 256;

[[noreturn]] void fail_errno(const char* what) {
  fail(std::string("disk: ") + what + ": " + std::strerror(errno));
}

class DiskSession final : public Session {
 public:
  DiskSession(int fd, std::atomic<std::size_t>& next) : fd_(fd), next_(next) {}
  Answer create(const NewRun& /*run*/) override { return write(); }
  Answer step(const Uuid& /*id*/, Step /*step*/, std::string_view /*error*/) override {
    return write();
  }
  void ingest(std::span<const NewRun> /*runs*/) override { write(); }
  std::size_t get_json(const Uuid& /*id*/, std::span<char> /*out*/) override { return 0; }
  void get_many(std::span<const Uuid> ids, Answers& out) override {
    for (std::size_t i = 0; i < ids.size(); ++i) out.add(0);
  }

 private:
  Answer write() {
    const std::size_t at = next_.fetch_add(kWriteBytes) % kFileBytes;
    bytes_.fill(static_cast<char>(at / kWriteBytes));
    if (::pwrite(fd_, bytes_.data(), bytes_.size(), static_cast<off_t>(at)) !=
        static_cast<ssize_t>(bytes_.size())) {
      fail_errno("write");
    }
    if (::fdatasync(fd_) != 0) fail_errno("sync");
    return Answer::done;
  }

  int fd_;
  std::atomic<std::size_t>& next_;
  std::array<char, kWriteBytes> bytes_{};
};

class DiskEngine final : public Engine {
 public:
  ~DiskEngine() override {
    if (fd_ >= 0) ::close(fd_);
  }
  void open(const OpenSpec& spec) override {
    spec_ = spec;
    fd_ = ::open((spec.directory + "/blocks").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) fail_errno("open");
    const std::vector<char> zeros(1u << 20);
    for (std::size_t at = 0; at < kFileBytes; at += zeros.size()) {
      if (::pwrite(fd_, zeros.data(), zeros.size(), static_cast<off_t>(at)) < 0) {
        fail_errno("fill");
      }
    }
    if (::fsync(fd_) != 0) fail_errno("sync");
  }
  std::unique_ptr<Session> session() override { return std::make_unique<DiskSession>(fd_, next_); }
  void drain() override {}
  void close() override {
    ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
  std::atomic<std::size_t> next_{0};
};

const Registration kDisk{{.name = "disk",
                          .version = "bare file",
                          .settings = "256-byte overwrite of a preallocated file and fdatasync",
                          .make = [] { return std::make_unique<DiskEngine>(); },
                          .floor = true,
                          .answers = false,
                          .relaxed = false,
                          .only = {"lifecycle"}}};

}  // namespace
}  // namespace bench
