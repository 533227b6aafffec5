// SPDX-License-Identifier: Apache-2.0
//
// Makes the n-th call of one name fail, on all files or on those of one kind, once or from then on:
// with an errno, as a short write, or late, which is with EIO though everything was done.
// `late-kept` is late, and the next call, which may be meant to take it back, fails before anything
// is done; so do the later ones if it is sticky.
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/fault_report.hpp"
#include "shim/hooks.hpp"

namespace milepost::crash {
namespace {

constexpr int kShort = -1;
constexpr int kLate = -2;
constexpr int kLateKept = -3;
// Nothing is interrupted for ever, and LMDB repeats interrupted writes until they succeed.
constexpr std::uint64_t kInterruptsMax = 300;

class FaultInjector final : public Hook {
 public:
  FaultInjector()
      : call_(setting("MILEPOST_SHIM_CALL")),
        kind_(setting("MILEPOST_SHIM_KIND")),
        nth_(number_setting("MILEPOST_SHIM_NTH", 1)),
        sticky_(number_setting("MILEPOST_SHIM_STICKY", 0) != 0) {
    const std::string error = setting("MILEPOST_SHIM_ERROR");
    error_ = static_cast<int>(number_setting("MILEPOST_SHIM_ERROR", EIO));
    if (error == "short") error_ = kShort;
    if (error == "late") error_ = kLate;
    if (error == "late-kept") error_ = kLateKept;
    const int fd = static_cast<int>(::syscall(
        SYS_openat, AT_FDCWD, setting("MILEPOST_SHIM_REPORT").c_str(), O_RDWR | O_CLOEXEC, 0));
    if (fd < 0) direct::die();
    void* memory = ::mmap(nullptr, sizeof(FaultReport), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ::syscall(SYS_close, fd);
    if (memory == MAP_FAILED) direct::die();
    report_ = static_cast<FaultReport*>(memory);
  }

  Verdict before(Call& call) override {
    if (call_ != op_name(call.op)) return {};
    if (sticky_ ? kept_.load() : kept_.exchange(false)) {
      note(call);
      return {.error = EIO};
    }
    if (!kind_.empty() && kind_ != kind_name(call.kind)) return {};
    const std::uint64_t number = report_->calls.fetch_add(1) + 1;
    if (sticky_ ? number < nth_ : number != nth_) return {};
    if (error_ == EINTR && number - nth_ >= kInterruptsMax) return {};
    note(call);
    kept_ = error_ == kLateKept;
    if (error_ == kShort) return {.shorten = true};
    if (error_ == kLate || error_ == kLateKept) return {.error = EIO, .late = true};
    return {.error = error_};
  }

  void after(Call& /*call*/, std::int64_t /*result*/) override {}

 private:
  void note(const Call& call) {
    if (report_->hits.fetch_add(1) == 0) {
      report_->first_kind = static_cast<std::uint32_t>(call.kind);
      report_->first_offset = call.offset;
    }
    if (call.kind == FileKind::segment) report_->journal_writes.fetch_add(1);
  }

  std::string call_;
  std::string kind_;  ///< All if empty.
  std::uint64_t nth_;
  bool sticky_;
  int error_ = EIO;
  std::atomic<bool> kept_{false};  ///< What was late is to be kept: the next call fails.
  FaultReport* report_ = nullptr;
};

}  // namespace

std::unique_ptr<Hook> make_fault_injector() { return std::make_unique<FaultInjector>(); }

}  // namespace milepost::crash
