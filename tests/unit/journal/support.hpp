// SPDX-License-Identifier: Apache-2.0
//
// What the journal's tests share: a store on a temporary folder, effects as strings, and a look at
// where groups stand in the files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.hpp"
#include "journal/segment_reader.hpp"
#include "support/catch.hpp"

/// Boost's own way of printing a result would have to print the value too.
template <typename T>
struct Catch::StringMaker<milepost::Result<T>> {
  static std::string convert(const milepost::Result<T>& result) {
    return result.has_value() ? "(a value)" : milepost::to_string(result.error());
  }
};

namespace milepost::journal::test {

inline constexpr std::uint64_t kSmallSegment = 64u << 10;

/// Removed at the end with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// A group where it stands.
struct PlacedGroup {
  std::filesystem::path file;
  std::uint64_t offset = 0;
  GroupHeader header{};
};

struct Replayed {
  ReplayReport report{};
  std::vector<std::string> effects{};  ///< effects[i] has sequence after + 1 + i.
};

/// One store's journal folder.
class JournalFolder {
 public:
  [[nodiscard]] JournalOptions options() const;
  [[nodiscard]] std::unique_ptr<Journal> open(std::uint64_t last_sequence = 0);
  /// Fails the test unless the replay succeeds and its sequences are dense.
  [[nodiscard]] Replayed replay(std::uint64_t after = 0) const;
  [[nodiscard]] Result<ReplayReport> try_replay(std::uint64_t after = 0,
                                                std::vector<std::string>* effects = nullptr,
                                                ReplayRole role = ReplayRole::writer) const;
  /// All groups of the newest session that verify by themselves, in order of generation.
  [[nodiscard]] std::vector<PlacedGroup> groups() const;
  [[nodiscard]] std::vector<SegmentFile> segments() const;
  [[nodiscard]] std::filesystem::path path() const { return folder.path() / "journal"; }
  [[nodiscard]] std::filesystem::path file(std::uint32_t slot) const;

  TemporaryFolder folder{};
  Uuid store_id = make_uuid(1);
  std::uint64_t segment_bytes = kSmallSegment;
  std::uint64_t segments_max = 8;
  std::uint64_t epoch = 1;

  [[nodiscard]] static Uuid make_uuid(std::uint8_t number);
};

/// Appends one group; yields its last sequence, 0 if it failed.
std::uint64_t append(Journal& journal, const std::vector<std::string>& effects,
                     bool use_reserve = false);
[[nodiscard]] Result<std::uint64_t> try_append(Journal& journal,
                                               const std::vector<std::string>& effects,
                                               bool use_reserve = false);
/// The effect with this sequence in tests that do not care: its number, then letters, `size` in
/// all.
[[nodiscard]] std::string numbered_effect(std::uint64_t sequence, std::size_t size = 100);

/// Groups of 1 to 3 numbered effects until so many segments hold something; each group synced if
/// `durable`. Yields the last sequence.
std::uint64_t fill(Journal& journal, const JournalFolder& store, std::size_t segments, bool durable,
                   std::size_t effect_size = 5000);
/// Synced groups of one numbered effect each.
void append_numbered(Journal& journal, std::size_t groups, std::size_t size = 100);
[[nodiscard]] bool is_numbered_prefix(const std::vector<std::string>& effects, std::size_t size,
                                      std::uint64_t after = 0);

/// An effect that leaves no room for another of its kind in a small segment.
[[nodiscard]] std::string segment_filler(std::uint64_t sequence);
std::uint64_t append_filler(Journal& journal, bool use_reserve = false);

[[nodiscard]] std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, std::string_view content);
/// Overwrites in place.
void patch_file(const std::filesystem::path& path, std::uint64_t offset, std::string_view bytes);

/// MILEPOST_TEST_SEED, else a fresh one.
[[nodiscard]] std::uint64_t test_seed();

}  // namespace milepost::journal::test
