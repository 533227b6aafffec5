// SPDX-License-Identifier: Apache-2.0
//
// Ends the process by SIGKILL at the n-th passage of a named point, `<file>.<call>.<when>`: file
// as in kind_name() or `segment-header`, call one of write, sync, rename, unlink, mkdir, truncate,
// when one of before, after, torn (half of the bytes are written).
#include <atomic>

#include "shim/hooks.hpp"

namespace milepost::crash {
namespace {

class Killer final : public Hook {
 public:
  Killer() : point_(setting("MILEPOST_SHIM_POINT")), left_(number_setting("MILEPOST_SHIM_NTH", 1)) {
    const std::size_t dot = point_.rfind('.');
    if (dot == std::string::npos) return;
    when_ = point_.substr(dot + 1);
    point_.resize(dot);
  }

  Verdict before(Call& call) override {
    const std::string name = name_of(call);
    call.cookie = 0;
    if (name != point_ || left_.fetch_sub(1) != 1) return {};
    if (when_ == "before") direct::die();
    call.cookie = 1;
    return {.shorten = when_ == "torn"};
  }

  void after(Call& call, std::int64_t /*result*/) override {
    if (call.cookie == 1) direct::die();
  }

 private:
  std::string name_of(const Call& call) {
    const char* what = nullptr;
    switch (call.op) {
      case Op::pwrite:
      case Op::write:
      case Op::writev:
        what = "write";
        break;
      case Op::fdatasync:
      case Op::fsync:
        what = "sync";
        break;
      case Op::rename:
      case Op::unlink:
      case Op::mkdir:
        what = op_name(call.op);
        break;
      case Op::ftruncate:
        what = "truncate";
        break;
      default:
        return {};
    }
    std::string file = kind_name(call.kind);
    if (call.kind == FileKind::segment && call.file != nullptr) {
      const bool header_write = call.op == Op::pwrite && call.offset == 0;
      if (header_write) header_inode_ = call.file->inode;
      std::uint64_t expected = call.file->inode;
      if (header_write || (what[0] == 's' && header_inode_.compare_exchange_strong(expected, 0))) {
        file = "segment-header";
      }
    }
    return file + "." + what;
  }

  std::string point_;
  std::string when_;
  std::atomic<std::uint64_t> left_;
  std::atomic<std::uint64_t> header_inode_{0};
};

}  // namespace

std::unique_ptr<Hook> make_killer() { return std::make_unique<Killer>(); }

}  // namespace milepost::crash
