// SPDX-License-Identifier: Apache-2.0
//
// What can be wrong with a data file, by name. The names are stable; people and programs match
// them. The list of findings is bounded, their count is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace milepost::verify {

enum class FindingKind : std::uint8_t {
  // The file and its meta pages.
  file_length,     ///< The file ends before its pages do.
  read_error,      ///< The operating system could not read a page.
  meta_magic,      ///< No meta page where one should be.
  meta_version,    ///< Another data version.
  meta_header,     ///< A meta page's own number or flags are wrong.
  meta_page_size,  ///< No power of two from 512 to 65,536, or the meta pages disagree.
  meta_flags,      ///< Environment flags or a fixed address that this library never writes.
  meta_map_size,   ///< The map is smaller than the pages in it, or larger than any.
  meta_last_page,  ///< The last page's number makes no sense.
  meta_sequence,   ///< The commit numbers of the two meta pages do not fit their places.

  // A tree's record: in the meta page for the free list and the main table, else in the main table.
  table_record,  ///< Wrong size, or numbers that contradict each other.
  table_flags,   ///< A kind of table this library never writes.
  table_depth,   ///< Deeper than any tree, or no depth at all.

  // Pages.
  page_range,    ///< A page number outside 2 .. last page.
  page_missing,  ///< The page lies behind the end of the file.
  page_reused,   ///< The page was reached before.
  page_number,   ///< The page says that it is another one.
  page_flags,    ///< Not exactly the kind of page that belongs here.
  page_bounds,   ///< Free space that begins or ends where it cannot.
  page_depth,    ///< A leaf above or a branch at the depth of the leaves.
  key_count,     ///< A leaf without keys or a branch with fewer than two.
  node_offset,   ///< A node that begins outside the page's nodes.
  node_size,     ///< A node that reaches over the page's end, or is larger than any.
  node_layout,   ///< Nodes that overlap, or room between them.
  node_flags,    ///< Flags that no node of such a table has.
  unsupported,   ///< Sorted duplicates, which this library never writes.

  // Keys and values.
  key_size,      ///< Not 1 to 511 bytes (free list: not 8).
  key_order,     ///< Keys of one page out of order.
  key_range,     ///< A key outside what the pages above say.
  value_size,    ///< A value larger than allowed.
  overflow_run,  ///< A large value's run of pages does not fit the value or the file.
  entry_count,   ///< The tree holds another number of entries than its record says.
  page_count,    ///< The tree has another number of pages than its record says.

  // The free list.
  free_record,  ///< A record of the wrong size, or of a commit that never was.
  free_order,   ///< Page numbers not in descending order.
  free_range,   ///< A page number outside 2 .. last page.
  free_twice,   ///< A page listed twice.
  free_in_use,  ///< A page that is listed as free and used by a tree.
  // LMDB loses none, whatever happens; so this may be all that is left of a table.
  page_lost,  ///< Pages that are neither used nor free.
};

inline constexpr std::size_t kFindingKinds = static_cast<std::size_t>(FindingKind::page_lost) + 1;

/// The stable snake_case name.
[[nodiscard]] std::string_view to_string(FindingKind kind) noexcept;

/// Plain value.
struct Finding {
  FindingKind kind = FindingKind::file_length;
  std::uint64_t page = 0;  ///< Where it was found.
  std::string table;       ///< "@free", "@main", a table's name escaped, or empty: the whole file.
  std::string text;        ///< One sentence without a full stop.
};

/// One line for people and logs.
[[nodiscard]] std::string to_string(const Finding& finding);

/// Bytes of a file that is not trusted, for people: printable ASCII as it is, every other byte as
/// \xNN, cut after 64 bytes.
[[nodiscard]] std::string shown(std::string_view bytes);

/// Keeps the first findings and counts all. Texts are only made for those that are kept.
class FindingLog {
 public:
  explicit FindingLog(std::size_t kept_max) : kept_max_(kept_max) {}

  template <typename MakeText>
  void add(FindingKind kind, std::uint64_t page, std::string_view table, MakeText&& make_text) {
    ++count_;
    if (kept_.size() >= kept_max_) return;
    kept_.push_back({kind, page, std::string(table), std::forward<MakeText>(make_text)()});
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::vector<Finding> take() noexcept { return std::move(kept_); }

 private:
  std::size_t kept_max_;
  std::uint64_t count_ = 0;
  std::vector<Finding> kept_;
};

}  // namespace milepost::verify
