// SPDX-License-Identifier: Apache-2.0
//
// What the journal's tests share; see support.hpp.
#include "support.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <stdlib.h>

namespace milepost::journal::test {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "milepost-journal-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Uuid JournalFolder::make_uuid(std::uint8_t number) {
  Uuid id{};
  for (std::size_t i = 0; i < 16; ++i) id.data[i] = static_cast<std::uint8_t>(number * 16 + i);
  return id;
}

JournalOptions JournalFolder::options() const {
  JournalOptions result;
  result.directory = path().string();
  result.store_id = store_id;
  result.segment_bytes = segment_bytes;
  result.bytes_max = segment_bytes * segments_max;
  return result;
}

std::unique_ptr<Journal> JournalFolder::open(std::uint64_t last_sequence) {
  auto journal = Journal::open(options(), epoch++, last_sequence);
  if (!journal) throw std::runtime_error("open: " + to_string(journal.error()));
  return std::move(*journal);
}

Result<ReplayReport> JournalFolder::try_replay(std::uint64_t after,
                                               std::vector<std::string>* effects,
                                               ReplayRole role) const {
  std::uint64_t expected = after + 1;
  const auto visit = [&](std::uint64_t sequence, EffectBytes bytes) -> Result<void> {
    if (sequence != expected++) throw std::runtime_error("a gap in what replay hands out");
    if (effects != nullptr) {
      effects->emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    return {};
  };
  return milepost::journal::replay(path().string(), store_id, after, visit, role);
}

Replayed JournalFolder::replay(std::uint64_t after) const {
  Replayed result;
  auto report = try_replay(after, &result.effects);
  if (!report) throw std::runtime_error("replay: " + to_string(report.error()));
  result.report = *report;
  return result;
}

std::vector<SegmentFile> JournalFolder::segments() const {
  const auto directory = open_directory(path().string());
  return list_segments(directory.value(), store_id).value();
}

fs::path JournalFolder::file(std::uint32_t slot) const { return path() / segment_name(slot); }

std::vector<PlacedGroup> JournalFolder::groups() const {
  const auto directory = open_directory(path().string());
  auto files = list_segments(directory.value(), store_id).value();
  std::erase_if(
      files, [](const SegmentFile& f) { return !f.header || f.header->kind != SegmentKind::live; });
  std::uint64_t floor = 0;
  for (const auto& f : files) floor = std::max(floor, f.header->floor_generation);
  std::erase_if(files, [&](const SegmentFile& f) { return f.header->generation < floor; });
  std::sort(files.begin(), files.end(), [](const SegmentFile& a, const SegmentFile& b) {
    return a.header->generation < b.header->generation;
  });
  std::vector<PlacedGroup> result;
  SegmentReader reader(*directory, store_id);
  for (const auto& segment : files) {
    reader.select(segment).value();
    std::uint64_t at = kSegmentHeaderBytes;
    while ((at = reader.find_magic(at).value()) < reader.end()) {
      const auto group = reader.group_at(at).value();
      if (group) result.push_back({file(segment.slot), at, group->header});
      at += group ? group->header.total_bytes() : kGroupAlignment;
    }
  }
  return result;
}

Result<std::uint64_t> try_append(Journal& journal, const std::vector<std::string>& effects,
                                 bool use_reserve) {
  std::vector<EffectBytes> bytes;
  for (const auto& effect : effects) bytes.push_back(std::as_bytes(std::span(effect)));
  return journal.append(bytes, use_reserve);
}

std::uint64_t append(Journal& journal, const std::vector<std::string>& effects, bool use_reserve) {
  const auto last = try_append(journal, effects, use_reserve);
  if (!last) throw std::runtime_error("append: " + to_string(last.error()));
  return *last;
}

std::string numbered_effect(std::uint64_t sequence, std::size_t size) {
  std::string text = std::to_string(sequence) + ":";
  const std::size_t from = text.size();
  text.resize(size);
  for (std::size_t i = from; i < size; ++i) {
    text[i] = static_cast<char>('a' + (sequence * 31 + i) % 26);
  }
  return text;
}

std::uint64_t fill(Journal& journal, const JournalFolder& store, std::size_t segments, bool durable,
                   std::size_t effect_size) {
  std::uint64_t last = journal.next_sequence() - 1;
  for (std::size_t used = 0; used < segments;) {
    std::vector<std::string> effects;
    for (std::uint64_t i = 0; i <= last % 3; ++i) {
      effects.push_back(numbered_effect(last + 1 + i, effect_size));
    }
    last = append(journal, effects);
    if (durable) REQUIRE(journal.sync());
    used = journal.bytes_live() / store.segment_bytes;
  }
  return last;
}

void append_numbered(Journal& journal, std::size_t groups, std::size_t size) {
  for (std::size_t i = 0; i < groups; ++i) {
    append(journal, {numbered_effect(journal.next_sequence(), size)});
    REQUIRE(journal.sync());
  }
}

bool is_numbered_prefix(const std::vector<std::string>& effects, std::size_t size,
                        std::uint64_t after) {
  for (std::size_t i = 0; i < effects.size(); ++i) {
    if (effects[i] != numbered_effect(after + i + 1, size)) return false;
  }
  return true;
}

std::string segment_filler(std::uint64_t sequence) { return numbered_effect(sequence, 60'000); }

std::uint64_t append_filler(Journal& journal, bool use_reserve) {
  return append(journal, {segment_filler(journal.next_sequence())}, use_reserve);
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

void patch_file(const fs::path& path, std::uint64_t offset, std::string_view bytes) {
  std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(static_cast<std::streamoff>(offset));
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw std::runtime_error("cannot patch " + path.string());
}

std::uint64_t test_seed() {
  if (const char* text = std::getenv("MILEPOST_TEST_SEED")) return std::strtoull(text, nullptr, 0);
  std::random_device device;
  return device();
}

}  // namespace milepost::journal::test
