// SPDX-License-Identifier: Apache-2.0
//
// The journal: segments that a writer may have left, damaged in any way, are replayed to an end.
// What is handed out was written, has its sequence and follows without a gap; undamaged segments
// give everything; and after a good replay the journal opens and goes on. The input says what is
// written, and then what is done to the bytes.
#include <filesystem>
#include <fstream>
#include <map>

#include "fuzz/fuzz.hpp"
#include "journal/journal.hpp"
#include "journal/segment.hpp"
#include "support/temp_directory.hpp"

namespace milepost::fuzz {
namespace {

namespace fs = std::filesystem;
using namespace milepost::journal;  // NOLINT: a source of one target

constexpr std::size_t kFileBytes = 12'288;
constexpr std::size_t kSegmentsMax = 3;

struct Written {
  std::vector<std::string> files;
  std::map<std::uint64_t, std::string> effects;  ///< By sequence.
  std::uint64_t last = 0;
};

Uuid store_of() {
  Uuid id{};
  id.data[0] = 7;
  return id;
}

/// Writes segments as one session does.
class Writer {
 public:
  Writer(Bytes& bytes, Written& to) : bytes_(bytes), to_(to) {}

  void write() {
    base_ = bytes_.below<std::uint64_t>(5);
    sequence_ = base_;
    floor_ = 1 + bytes_.below<std::uint64_t>(3);
    const std::size_t segments = 1 + bytes_.below(kSegmentsMax);
    for (std::size_t i = 0; i < segments; ++i) write_segment(floor_ + i, i == 0);
    to_.last = sequence_;
  }
  [[nodiscard]] std::uint64_t base() const { return base_; }

 private:
  void write_segment(std::uint64_t generation, bool is_first) {
    SegmentHeader header{.kind = SegmentKind::live,
                         .store_id = store_of(),
                         .epoch = 1,
                         .generation = generation,
                         .floor_generation = floor_,
                         .base_sequence = base_,
                         .segment_bytes = kFileBytes};
    SegmentHeaderBytes head;
    encode_segment_header(header, head);
    if (is_first) previous_ = header.checksum;
    std::string& file = to_.files.emplace_back(kFileBytes, '\0');
    std::memcpy(file.data(), head.data(), head.size());
    std::size_t at = kSegmentHeaderBytes;
    // A writer goes on to the next one only with something to write.
    for (std::size_t groups = 1 + bytes_.below<std::size_t>(5); groups > 0; --groups) {
      write_group(generation, file, at);
    }
  }
  void write_group(std::uint64_t generation, std::string& file, std::size_t& at) {
    std::vector<std::string> texts;
    std::size_t payload = 0;
    for (std::size_t count = 1 + bytes_.below<std::size_t>(4); count > 0; --count) {
      texts.push_back(bytes_.text(bytes_.below<std::size_t>(60)));
      payload += kEffectLengthBytes + texts.back().size();
    }
    GroupHeader header{.generation = generation,
                       .first_sequence = sequence_ + 1,
                       .synced_sequence = bytes_.flag() ? sequence_ : synced_,
                       .previous_checksum = previous_,
                       .effect_count = static_cast<std::uint32_t>(texts.size()),
                       .payload_bytes = static_cast<std::uint32_t>(payload)};
    synced_ = header.synced_sequence;
    if (at + header.total_bytes() > file.size()) return;
    std::vector<EffectBytes> effects;
    for (const std::string& text : texts) {
      to_.effects[++sequence_] = text;
      effects.push_back(bytes_of(text));
    }
    encode_group(header, effects, group_seed(store_of(), generation),
                 reinterpret_cast<std::byte*>(file.data() + at));
    previous_ = header.checksum;
    at += header.total_bytes();
  }

  Bytes& bytes_;
  Written& to_;
  std::uint64_t base_ = 0;
  std::uint64_t floor_ = 1;
  std::uint64_t sequence_ = 0;
  std::uint64_t synced_ = 0;
  std::uint64_t previous_ = 0;
};

/// Whether it changed anything.
bool damage(Bytes& bytes, std::vector<std::string>& files) {
  const std::vector<std::string> before = files;
  for (int i = 0; i < 16 && !bytes.empty(); ++i) {
    std::string& file = files[bytes.below(files.size())];
    const std::size_t at = bytes.below<std::size_t>(kFileBytes);
    const std::size_t size = std::min<std::size_t>(bytes.take<std::uint8_t>(), kFileBytes - at);
    file.resize(std::max(file.size(), at + size), '\0');
    switch (bytes.below<unsigned>(6)) {
      case 0:
        file[at] = static_cast<char>(file[at] ^ bytes.take<char>());
        break;
      case 1:
        std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(at), size, '\0');
        break;
      case 2:
        file.resize(at);
        break;
      case 3:
        file.replace(at, size, bytes.text(size));
        break;
      case 4: {  // What another place says, an older group say.
        const std::string& other = before[bytes.below(before.size())];
        const std::size_t from = bytes.below<std::size_t>(kFileBytes / 8) * 8;
        const std::string piece = other.substr(std::min(from, other.size()), 4 * size);
        file.replace(at / 8 * 8, piece.size(), piece);
        break;
      }
      default:
        std::swap(file, files[bytes.below(files.size())]);
    }
  }
  return files != before;
}

const fs::path& folder() {
  static const test::TempDirectory all(1u << 20);
  static const fs::path place = all.path() / "journal";
  return place;
}

void put(const std::vector<std::string>& files) {
  fs::remove_all(folder());
  fs::create_directory(folder());
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::ofstream out(folder() / segment_name(static_cast<std::uint32_t>(i)), std::ios::binary);
    out << files[i];
  }
}

Result<ReplayReport> replay_from(std::uint64_t after, const Written& written, ReplayRole role) {
  std::uint64_t expected = after;
  auto report = replay(
      folder().string(), store_of(), after,
      [&](std::uint64_t sequence, EffectBytes effect) -> Result<void> {
        require(sequence == ++expected, "without a gap");
        const auto found = written.effects.find(sequence);
        require(found != written.effects.end() && found->second.size() == effect.size() &&
                    std::memcmp(found->second.data(), effect.data(), effect.size()) == 0,
                "what was written");
        return {};
      },
      role);
  if (report) {
    require(report->effects == expected - after && report->last_sequence >= expected);
    require(report->bytes <= 64 * kSegmentsMax * kFileBytes, "reading is bounded");
  }
  return report;
}

/// The journal is opened behind what was replayed, and takes more.
void go_on(std::uint64_t last) {
  auto opened = Journal::open({.directory = folder().string(),
                               .store_id = store_of(),
                               .segment_bytes = kJournalSegmentBytesMin,
                               .bytes_max = 4 * kJournalSegmentBytesMin},
                              2, last);
  if (!opened) return;  // Of another format, or not a segment at all.
  const std::string text = "more";
  const EffectBytes effect = bytes_of(text);
  require((*opened)->append({&effect, 1}).has_value() && (*opened)->sync().has_value());
  opened->reset();
  Written more;
  more.effects[last + 1] = text;
  const auto report = replay_from(last, more, ReplayRole::writer);
  require(report && report->last_sequence == last + 1, "what comes behind is there");
}

void run(Input input) {
  Bytes bytes(input);
  const bool goes_on = bytes.below<unsigned>(8) == 0;
  Written written;
  Writer writer(bytes, written);
  writer.write();
  std::vector<std::string> files = written.files;
  const bool damaged = damage(bytes, files);
  put(files);
  const auto report = replay_from(writer.base(), written, ReplayRole::writer);
  if (!damaged) {
    require(report && report->last_sequence == written.last, "undamaged it gives everything");
    require(report->effects == written.effects.size());
  }
  (void)replay_from(writer.base() + 2, written, ReplayRole::reader);
  if (!report) {
    const Errc code = report.error().code;
    require(code == Errc::corrupt || code == Errc::version || code == Errc::other_store ||
                code == Errc::busy,
            "or it says why not");
  } else if (goes_on) {
    go_on(report->last_sequence);
  }
}

Seeds seeds() {
  Seeds all;
  for (unsigned which = 0; which < 6; ++which) {
    std::string& seed = all.emplace_back();
    for (unsigned i = 0; i < 600; ++i) {
      seed += static_cast<char>((i * i * 31 + i * (7 + which)) >> (which % 3));
    }
    seed[0] = static_cast<char>(which % 2);
  }
  return all;
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"journal", milepost::fuzz::run, milepost::fuzz::seeds, 600, 1'024})
