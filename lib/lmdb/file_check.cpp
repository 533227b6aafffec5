// SPDX-License-Identifier: Apache-2.0
//
// LMDB 0.9's file format as far as it is needed here: meta at byte 16 of pages 0 and 1, trees of
// branch and leaf pages (page_layout.hpp). Every number read is checked against a bound before it
// is used; every read is a pread of at most one page.
#include "lmdb/file_check.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "lmdb/errors.hpp"
#include "lmdb/page_layout.hpp"
#include "lmdb/types.hpp"

namespace milepost::lmdb {
namespace {

static_assert(sizeof(void*) == 8, "the data file's layout is that of 64-bit LMDB");

constexpr std::uint32_t kMagic = 0xBEEFC0DE;
constexpr std::uint32_t kDataVersion = 1;
constexpr std::uint64_t kNoPage = ~0ull;
constexpr std::uint64_t kPageSizeMax = 32768;   // LMDB 0.9 caps the page size here.
constexpr std::uint64_t kTailGapMax = 1 << 16;  // Missing pages we are ready to look up.
constexpr std::size_t kMetaSize = 152;          // Page header and meta.
constexpr std::uint16_t kMetaFlag = 0x08;
constexpr std::uint16_t kBigData = 0x01;

struct Tree {
  std::uint16_t depth = 0;
  std::uint64_t root = kNoPage;
};

struct Meta {
  std::uint16_t page_flags = 0;
  std::uint32_t magic = 0;
  std::uint32_t version = 0;
  std::uint64_t map_size = 0;
  std::uint64_t page_size = 0;
  Tree free_list;
  Tree main;
  std::uint64_t last_page = 0;
  std::uint64_t txn_id = 0;
};

bool read_at(int fd, std::byte* to, std::size_t size, std::uint64_t offset) noexcept {
  while (size > 0) {
    const ssize_t got = ::pread(fd, to, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    offset += static_cast<std::uint64_t>(got);
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool read_meta(int fd, std::uint64_t offset, Meta& meta) noexcept {
  std::array<std::byte, kMetaSize> raw{};
  if (!read_at(fd, raw.data(), raw.size(), offset)) return false;
  const std::byte* p = raw.data();
  meta.page_flags = load<std::uint16_t>(p + 10);
  meta.magic = load<std::uint32_t>(p + 16);
  meta.version = load<std::uint32_t>(p + 20);
  meta.map_size = load<std::uint64_t>(p + 32);
  meta.page_size = load<std::uint32_t>(p + 40);
  meta.free_list = {load<std::uint16_t>(p + 46), load<std::uint64_t>(p + 80)};
  meta.main = {load<std::uint16_t>(p + 94), load<std::uint64_t>(p + 128)};
  meta.last_page = load<std::uint64_t>(p + 136);
  meta.txn_id = load<std::uint64_t>(p + 144);
  return true;
}

Error damaged(const std::string& path, std::string message) {
  return make_error(Errc::corrupt, path, std::move(message),
                    "Keep a copy of the file, then restore a backup.");
}

Error foreign(const std::string& path, std::string message) {
  return make_error(Errc::not_a_database, path, std::move(message),
                    "Check the path; if the file is not needed, remove it and create the store.");
}

// Collects the numbers in LMDB's free list and checks that every page in [first, last] is there.
class FreeListWalk {
 public:
  FreeListWalk(int fd, const Meta& meta, std::uint64_t first_missing)
      : fd_(fd), page_size_(meta.page_size), first_(first_missing), last_(meta.last_page) {
    seen_.resize(static_cast<std::size_t>(last_ - first_ + 1), false);
  }

  bool covers(const Tree& tree) {
    if (tree.root == kNoPage) return false;
    return visit(tree.root, 0) && std::all_of(seen_.begin(), seen_.end(), [](bool s) { return s; });
  }

 private:
  bool visit(std::uint64_t page, std::uint64_t depth) {
    if (depth > kTreeDepthMax || page < 2 || page >= first_ || ++visits_ > first_) return false;
    std::vector<std::byte> raw(page_size_);
    if (!read_at(fd_, raw.data(), raw.size(), page * page_size_)) return false;
    const auto flags = load<std::uint16_t>(raw.data() + 10);
    const std::uint64_t lower = load<std::uint16_t>(raw.data() + 12);
    if (load<std::uint64_t>(raw.data()) != page || lower < kPageHeaderSize || lower > page_size_) {
      return false;
    }
    const std::uint64_t count = (lower - kPageHeaderSize) / 2;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t at = load<std::uint16_t>(raw.data() + kPageHeaderSize + 2 * i);
      if (at < lower || at + 8 > page_size_) return false;
      const bool fine = (flags & kBranchPage) != 0 ? branch_node(raw, at, depth)
                        : (flags & kLeafPage) != 0 ? leaf_node(raw, at)
                                                   : false;
      if (!fine) return false;
    }
    return true;
  }

  // A node's first eight bytes: two halves of a size, flags, key size. A branch keeps a page
  // number in the first three.
  static std::uint64_t half_pair(const std::byte* p) {
    const std::uint64_t first = load<std::uint16_t>(p);
    const std::uint64_t second = load<std::uint16_t>(p + 2);
    return std::endian::native == std::endian::little ? first | second << 16 : second | first << 16;
  }

  bool branch_node(const std::vector<std::byte>& raw, std::uint64_t at, std::uint64_t depth) {
    const std::uint64_t high = load<std::uint16_t>(raw.data() + at + 4);
    return visit(half_pair(raw.data() + at) | high << 32, depth + 1);
  }

  bool leaf_node(const std::vector<std::byte>& raw, std::uint64_t at) {
    const std::uint64_t size = half_pair(raw.data() + at);
    const auto flags = load<std::uint16_t>(raw.data() + at + 4);
    const std::uint64_t data = at + 8 + load<std::uint16_t>(raw.data() + at + 6);
    const bool big = (flags & kBigData) != 0;
    if (data + (big ? 8 : size) > page_size_) return false;
    if (!big) return numbers(raw.data() + data, size);
    const std::uint64_t page = load<std::uint64_t>(raw.data() + data);
    if (page < 2 || page >= first_ || size > (first_ - page) * page_size_ - kPageHeaderSize)
      return false;
    std::vector<std::byte> far(static_cast<std::size_t>(size));
    return read_at(fd_, far.data(), far.size(), page * page_size_ + kPageHeaderSize) &&
           numbers(far.data(), size);
  }

  // One record of the free list: a count, then that many page numbers.
  bool numbers(const std::byte* p, std::uint64_t size) {
    if (size < 8) return false;
    const std::uint64_t count = load<std::uint64_t>(p);
    if (count > size / 8 - 1) return false;
    for (std::uint64_t i = 1; i <= count; ++i) {
      const std::uint64_t page = load<std::uint64_t>(p + 8 * i);
      if (page >= first_ && page <= last_) seen_[static_cast<std::size_t>(page - first_)] = true;
    }
    return true;
  }

  int fd_;
  std::uint64_t page_size_;
  std::uint64_t first_;
  std::uint64_t last_;
  std::uint64_t visits_ = 0;
  std::vector<bool> seen_;
};

Result<void> check_meta(const Meta& meta, const std::string& path, int number) {
  const std::string which = "meta page " + std::to_string(number);
  if (meta.magic != kMagic || (meta.page_flags & kMetaFlag) == 0) {
    return number == 0 ? foreign(path, "the file does not begin like an LMDB file")
                       : damaged(path, which + " is not a meta page");
  }
  if (meta.version != kDataVersion) {
    return make_error(Errc::version, path,
                      which + " has LMDB data version " + std::to_string(meta.version) +
                          "; this library reads version " + std::to_string(kDataVersion),
                      "Open it with the LMDB version that wrote it, and export from there.");
  }
  const std::uint64_t size = meta.page_size;
  if (size < 512 || size > 65536 || !std::has_single_bit(size)) {
    return damaged(path, which + " has page size " + std::to_string(size));
  }
  if (size != native_page_size()) {
    return make_error(Errc::version, path,
                      "the file has pages of " + std::to_string(size) +
                          " bytes; this machine's are " + std::to_string(native_page_size()),
                      "Export it on a machine like the one that made it, and import here.");
  }
  return {};
}

bool sound_root(const Tree& tree, std::uint64_t last_page) {
  if (tree.root == kNoPage) return tree.depth == 0;
  return tree.root >= 2 && tree.root <= last_page && tree.depth >= 1 && tree.depth <= kTreeDepthMax;
}

// The root's own header, which LMDB would follow blindly.
bool sound_root_page(int fd, const Tree& tree, std::uint64_t page_size) {
  if (tree.root == kNoPage) return true;
  std::array<std::byte, kPageHeaderSize> raw{};
  if (!read_at(fd, raw.data(), raw.size(), tree.root * page_size)) return false;
  const auto flags = load<std::uint16_t>(raw.data() + 10);
  const std::uint64_t lower = load<std::uint16_t>(raw.data() + 12);
  const std::uint64_t upper = load<std::uint16_t>(raw.data() + 14);
  const std::uint16_t kind = tree.depth == 1 ? kLeafPage : kBranchPage;
  return load<std::uint64_t>(raw.data()) == tree.root && (flags & ~0x10) == kind &&
         lower > kPageHeaderSize && lower % 2 == 0 && lower <= upper && upper < page_size;
}

Result<void> check_bounds(int fd, const Meta& meta, const FileReport& report,
                          const std::string& path) {
  if (meta.map_size > kMapSizeLimit || meta.last_page < 1 ||
      meta.last_page >= kMapSizeLimit / meta.page_size) {
    return damaged(path, "the meta page's map size or last page number makes no sense");
  }
  if (!sound_root(meta.free_list, meta.last_page) || !sound_root(meta.main, meta.last_page)) {
    return damaged(path, "the meta page's root page numbers make no sense");
  }
  if (report.file_size < report.needed_size) {
    const std::uint64_t whole_pages = report.file_size / meta.page_size;
    const std::uint64_t missing = meta.last_page + 1 - whole_pages;
    if (whole_pages < 2 || missing > kTailGapMax ||
        !FreeListWalk(fd, meta, whole_pages).covers(meta.free_list)) {
      return damaged(path, "the file is " + std::to_string(report.file_size) +
                               " bytes long but its pages need " +
                               std::to_string(report.needed_size) + ": it was cut off");
    }
  }
  if (!sound_root_page(fd, meta.free_list, meta.page_size) ||
      !sound_root_page(fd, meta.main, meta.page_size)) {
    return damaged(path, "a root page is damaged");
  }
  return {};
}

}  // namespace

std::uint64_t native_page_size() noexcept {
  const long size = ::sysconf(_SC_PAGESIZE);
  return std::min<std::uint64_t>(size > 0 ? static_cast<std::uint64_t>(size) : 4096, kPageSizeMax);
}

std::uint64_t stored_map_size(int fd) noexcept {
  Meta first;
  Meta second;
  if (!read_meta(fd, 0, first) || !read_meta(fd, first.page_size, second)) return 0;
  return second.txn_id > first.txn_id ? second.map_size : first.map_size;
}

Result<FileReport> check_data_file(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return from_errno(errno, path, "look at the data file");
  FileReport report;
  report.file_size = static_cast<std::uint64_t>(info.st_size);
  if (report.file_size == 0) return foreign(path, "the file is empty");
  std::array<std::byte, 20> head{};
  if (report.file_size < kMetaSize) {
    const bool ours =
        read_at(fd, head.data(), head.size(), 0) && load<std::uint32_t>(head.data() + 16) == kMagic;
    if (ours) return damaged(path, "the file is too short for a meta page: it was cut off");
    return foreign(path, "the file is too short to be a store");
  }
  std::array<Meta, 2> metas;
  if (!read_meta(fd, 0, metas[0])) return from_errno(EIO, path, "read the first meta page");
  if (const auto first = check_meta(metas[0], path, 0); !first) return first.error();
  if (!read_meta(fd, metas[0].page_size, metas[1])) {
    return damaged(path, "the file has no second meta page: it was cut off");
  }
  if (const auto second = check_meta(metas[1], path, 1); !second) return second.error();
  const std::size_t newer = metas[1].txn_id > metas[0].txn_id ? 1 : 0;
  const Meta& meta = metas[newer];
  // Commit n goes to meta page n mod 2; anything else would make LMDB read the wrong one.
  if (meta.txn_id != 0 && meta.txn_id % 2 != newer) {
    return damaged(path, "the meta pages are not where their commit numbers put them");
  }
  report.page_size = meta.page_size;
  report.map_size = meta.map_size;
  report.last_page = meta.last_page;
  report.txn_id = meta.txn_id;
  if (meta.last_page < kMapSizeLimit / meta.page_size) {
    report.needed_size = (meta.last_page + 1) * meta.page_size;
  }
  if (const auto bounds = check_bounds(fd, meta, report, path); !bounds) return bounds.error();
  return report;
}

}  // namespace milepost::lmdb
