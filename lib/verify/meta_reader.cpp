// SPDX-License-Identifier: Apache-2.0
//
// The second meta page begins where the first one's page size says. If the first is damaged, the
// second is looked for at every place where it may be: it must name that place as its page size.
#include "verify/meta_reader.hpp"

#include <array>
#include <bit>
#include <string>

namespace milepost::verify {
namespace {

constexpr std::uint64_t kMapSizeMax = 1ull << 46;  // No map of this library is ever larger.

bool sound_page_size(std::uint64_t size) {
  return size >= kPageSizeMin && size <= kPageSizeMax && std::has_single_bit(size);
}

bool looks_like_meta(const Meta& meta) {
  return meta.magic == kMagic && meta.version == kDataVersion;
}

class MetaReader {
 public:
  MetaReader(PageFile& file, FindingLog& log) : file_(file), log_(log) {}

  std::optional<Meta> pick() {
    std::optional<Meta> first = read(0, 0);
    if (first && !check_basics(*first, 0)) first.reset();
    std::optional<Meta> second = first ? read(1, first->page_size) : search_second();
    if (second && !check_basics(*second, 1)) second.reset();
    if (first && second && first->page_size != second->page_size) {
      add(FindingKind::meta_page_size, 1, [&] {
        return "its page size is " + std::to_string(second->page_size) + ", the other's " +
               std::to_string(first->page_size);
      });
      second.reset();
    }
    if (first && second) check_sequence(*first, *second);
    const bool second_newer = second && (!first || second->txn_id > first->txn_id);
    const std::optional<Meta>& newest = second_newer ? second : first;
    if (!newest || !check_newest(*newest, second_newer ? 1 : 0)) return std::nullopt;
    return newest;
  }

 private:
  template <typename MakeText>
  void add(FindingKind kind, std::uint64_t page, MakeText&& make_text) {
    log_.add(kind, page, "", std::forward<MakeText>(make_text));
  }

  std::optional<Meta> read(std::uint64_t page, std::uint64_t offset) {
    std::array<std::byte, kMetaSize> raw{};
    switch (file_.read(offset, raw)) {
      case Read::whole:
        return load_meta(raw);
      case Read::past_end:
        add(FindingKind::file_length, page, [&] {
          return "the file is " + std::to_string(file_.size()) +
                 " bytes long, too short for this meta page";
        });
        return std::nullopt;
      case Read::failed:
        break;
    }
    add(FindingKind::read_error, page, [&] { return std::string("the page cannot be read"); });
    return std::nullopt;
  }

  // Looks for the second meta page without knowing the page size.
  std::optional<Meta> search_second() {
    for (std::uint64_t size = kPageSizeMin; size <= kPageSizeMax; size *= 2) {
      std::array<std::byte, kMetaSize> raw{};
      if (file_.read(size, raw) != Read::whole) break;
      const Meta meta = load_meta(raw);
      if (looks_like_meta(meta) && meta.page_size == size) return meta;
    }
    add(FindingKind::meta_magic, 1, [] { return std::string("no second meta page was found"); });
    return std::nullopt;
  }

  // What makes a meta page unusable.
  bool check_basics(const Meta& meta, std::uint64_t page) {
    if (meta.magic != kMagic) {
      add(FindingKind::meta_magic, page, [] { return std::string("this is no meta page"); });
      return false;
    }
    if (meta.version != kDataVersion) {
      add(FindingKind::meta_version, page, [&] {
        return "the data version is " + std::to_string(meta.version) + ", not " +
               std::to_string(kDataVersion);
      });
      return false;
    }
    if (meta.header.number != page || meta.header.flags != kPageMeta) {
      add(FindingKind::meta_header, page, [&] {
        return "it says it is page " + std::to_string(meta.header.number) + " with flags " +
               std::to_string(meta.header.flags);
      });
    }
    if (!sound_page_size(meta.page_size)) {
      add(FindingKind::meta_page_size, page,
          [&] { return "the page size is " + std::to_string(meta.page_size); });
      return false;
    }
    if (meta.address != 0 || (meta.env_flags & ~kEnvNoFolder) != kTableIntegerKey) {
      add(FindingKind::meta_flags, page, [&] {
        return "environment flags " + std::to_string(meta.env_flags) + ", fixed address " +
               std::to_string(meta.address);
      });
    }
    return true;
  }

  // Commit n goes to meta page n mod 2, and the one before it is on the other; a file nobody has
  // committed to has commit 0 on both.
  void check_sequence(const Meta& first, const Meta& second) {
    if (first.txn_id == 0 && second.txn_id == 0) return;
    const Meta& newer = second.txn_id > first.txn_id ? second : first;
    const Meta& older = second.txn_id > first.txn_id ? first : second;
    if (first.txn_id % 2 == 0 && second.txn_id % 2 == 1 && older.txn_id + 1 == newer.txn_id) return;
    add(FindingKind::meta_sequence, 0, [&] {
      return "the meta pages are of commits " + std::to_string(first.txn_id) + " and " +
             std::to_string(second.txn_id);
    });
  }

  // What matters in the newer one only: a failed commit may leave anything in the older one.
  bool check_newest(const Meta& meta, std::uint64_t page) {
    const std::uint64_t pages_max = kMapSizeMax / meta.page_size;
    if (meta.last_page < 1 || meta.last_page >= pages_max) {
      add(FindingKind::meta_last_page, page,
          [&] { return "the last page is " + std::to_string(meta.last_page); });
      return false;
    }
    if (meta.map_size > kMapSizeMax || meta.map_size / meta.page_size <= meta.last_page) {
      add(FindingKind::meta_map_size, page, [&] {
        return "the map size is " + std::to_string(meta.map_size) + ", the last page " +
               std::to_string(meta.last_page);
      });
    }
    return true;
  }

  PageFile& file_;
  FindingLog& log_;
};

}  // namespace

std::optional<Meta> read_metas(PageFile& file, FindingLog& log) {
  return MetaReader(file, log).pick();
}

}  // namespace milepost::verify
