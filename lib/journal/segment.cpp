// SPDX-License-Identifier: Apache-2.0
//
// Segment files; see segment.hpp for the format and why names mean nothing.
//
// Header, little-endian, the rest zeros:
//    0  8 bytes  magic "MPOSTJNL"      40  u64  generation
//    8  u32      format version        48  u64  floor generation
//   12  u32      kind                  56  u64  base sequence
//   16  16 bytes store id              64  u64  segment bytes
//   32  u64      epoch                504  u64  checksum: XXH3-64 of bytes 0..503
#include "journal/segment.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "journal/bytes.hpp"

namespace milepost::journal {
namespace {

constexpr char kMagic[] = "MPOSTJNL";
constexpr std::size_t kMagicBytes = 8;
constexpr std::size_t kChecksumOffset = 504;
constexpr std::size_t kNameDigits = 8;
constexpr std::string_view kSuffix = ".seg";
constexpr std::string_view kUnfinishedSuffix = ".tmp";
constexpr std::size_t kFillBytes = 1u << 20;
// A sync after each stretch keeps the disk's queue short for the steps being synced meanwhile.
constexpr std::uint64_t kFillSyncBytes = 8u << 20;

std::optional<std::uint32_t> parse_name(std::string_view name, std::string_view suffix) noexcept {
  if (name.size() != kNameDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint32_t slot = 0;
  for (const char c : name.substr(0, kNameDigits)) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(c >= 'a' && c <= 'f')) return std::nullopt;
    slot = slot * 16 + static_cast<std::uint32_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return slot;
}

/// Writes kNameDigits of them. Not by snprintf, which has more instructions than a step's decision.
void put_digits(std::uint32_t slot, char* out) noexcept {
  for (std::size_t i = kNameDigits; i > 0; slot >>= 4) out[--i] = "0123456789abcdef"[slot & 0xF];
}

std::string slot_name(std::uint32_t slot, std::string_view suffix) {
  std::string name(kNameDigits, '0');
  put_digits(slot, name.data());
  return name.append(suffix);
}

Result<std::vector<std::uint32_t>> list_names(const Directory& directory, std::string_view suffix) {
  constexpr std::string_view kWhat = "Cannot list the journal's folder";
  // A descriptor of its own: a directory stream moves the position it shares with its descriptor.
  const int fd = ::openat(directory.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return system_error(errno, directory.path, kWhat);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd), &::closedir);
  if (!stream) {
    const int error = errno;
    ::close(fd);
    return system_error(error, directory.path, kWhat);
  }
  std::vector<std::uint32_t> slots;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) break;
    if (const auto slot = parse_name(entry->d_name, suffix)) slots.push_back(*slot);
  }
  if (errno != 0) return system_error(errno, directory.path, kWhat);
  std::sort(slots.begin(), slots.end());
  return slots;
}

/// Goes on after a short write: where space has run out the next one says so.
int fill_at(int fd, std::span<const std::byte> zeros, std::uint64_t at) noexcept {
  int interrupts = 0;
  while (!zeros.empty()) {
    const ssize_t count = ::pwrite(fd, zeros.data(), zeros.size(), static_cast<off_t>(at));
    if (count > 0) {
      zeros = zeros.subspan(static_cast<std::size_t>(count));
      at += static_cast<std::uint64_t>(count);
    } else if (count == 0) {
      return EIO;
    } else if (errno != EINTR || interrupts++ == kInterruptsMax) {
      return errno;
    }
  }
  return 0;
}

int fill_blank(int fd, const SegmentHeaderBytes& header, std::uint64_t segment_bytes) {
  if (exceeds_size_limit(segment_bytes)) return EFBIG;
  std::vector<std::byte> zeros(static_cast<std::size_t>(
      std::min<std::uint64_t>(kFillBytes, segment_bytes - kSegmentHeaderBytes)));
  if (const int error = write_at(fd, header, 0); error != 0) return error;
  std::uint64_t unsynced = 0;
  for (std::uint64_t at = kSegmentHeaderBytes; at < segment_bytes;) {
    const auto count = std::min<std::uint64_t>(zeros.size(), segment_bytes - at);
    const auto piece = std::span(zeros).first(static_cast<std::size_t>(count));
    if (const int error = fill_at(fd, piece, at); error != 0) return error;
    at += count;
    unsynced += count;
    if (unsynced < kFillSyncBytes) continue;
    if (const int error = sync_data(fd); error != 0) return error;
    unsynced = 0;
  }
  return sync_all(fd);
}

}  // namespace

void encode_segment_header(SegmentHeader& header, SegmentHeaderBytes& out) noexcept {
  out.fill(std::byte{0});
  std::byte* to = out.data();
  std::memcpy(to, kMagic, kMagicBytes);
  put(to + 8, kJournalFormatVersion);
  put(to + 12, static_cast<std::uint32_t>(header.kind));
  std::memcpy(to + 16, header.store_id.data, 16);
  put(to + 32, header.epoch);
  put(to + 40, header.generation);
  put(to + 48, header.floor_generation);
  put(to + 56, header.base_sequence);
  put(to + 64, header.segment_bytes);
  header.checksum = XXH3_64bits(to, kChecksumOffset);
  put(to + kChecksumOffset, header.checksum);
}

Result<std::optional<SegmentHeader>> decode_segment_header(std::span<const std::byte> bytes,
                                                           const Uuid& store_id,
                                                           const std::string& subject) {
  const std::optional<SegmentHeader> none;
  if (bytes.size() < kSegmentHeaderBytes) return none;
  const std::byte* from = bytes.data();
  if (std::memcmp(from, kMagic, kMagicBytes) != 0) return none;
  const auto checksum = take<std::uint64_t>(from + kChecksumOffset);
  if (checksum != XXH3_64bits(from, kChecksumOffset)) return none;
  const auto format = take<std::uint32_t>(from + 8);
  if (format != kJournalFormatVersion) {
    return make_error(Errc::version, subject,
                      "The journal segment has format " + std::to_string(format) +
                          "; this library reads format " + std::to_string(kJournalFormatVersion) +
                          ".",
                      format > kJournalFormatVersion
                          ? "Open the store with the newer library that wrote it."
                          : "Open and close the store once with the library that wrote it.");
  }
  SegmentHeader header;
  std::memcpy(header.store_id.data, from + 16, 16);
  if (header.store_id != store_id) {
    return make_error(Errc::other_store, subject, "The journal segment belongs to another store.",
                      "Put back the journal that belongs to this store.");
  }
  header.kind = static_cast<SegmentKind>(take<std::uint32_t>(from + 12));
  header.epoch = take<std::uint64_t>(from + 32);
  header.generation = take<std::uint64_t>(from + 40);
  header.floor_generation = take<std::uint64_t>(from + 48);
  header.base_sequence = take<std::uint64_t>(from + 56);
  header.segment_bytes = take<std::uint64_t>(from + 64);
  header.checksum = checksum;
  const bool blank = header.kind == SegmentKind::blank;
  if (header.kind > SegmentKind::closed || blank != (header.generation == 0)) return none;
  if (header.floor_generation > header.generation) return none;
  return std::optional(header);
}

Result<std::optional<SegmentHeader>> read_segment_header(const Fd& fd, const Uuid& store_id,
                                                         const std::string& subject) {
  SegmentHeaderBytes bytes;
  const auto count = read_at(fd.get(), bytes, 0, subject);
  if (!count) return count.error();
  return decode_segment_header(std::span(bytes).first(*count), store_id, subject);
}

Result<void> check_is_segment(const Fd& fd, const std::string& subject) {
  SegmentHeaderBytes bytes;
  const auto count = read_at(fd.get(), bytes, 0, subject);
  if (!count) return count.error();
  const bool whole = *count == bytes.size();
  if (whole && std::memcmp(bytes.data(), kMagic, kMagicBytes) == 0) return {};
  return make_error(Errc::corrupt, subject,
                    whole ? "The file is no journal segment." : "The journal segment was cut off.",
                    "Put the journal's file back, or restore a backup. Whoever is sure that "
                    "nothing in it is needed may remove the file.");
}

std::string segment_name(std::uint32_t slot) { return slot_name(slot, kSuffix); }

std::optional<std::uint32_t> parse_segment_name(std::string_view name) noexcept {
  return parse_name(name, kSuffix);
}

Result<std::vector<std::uint32_t>> list_slots(const Directory& directory) {
  return list_names(directory, kSuffix);
}

Result<void> remove_unfinished(const Directory& directory) {
  const auto slots = list_names(directory, kUnfinishedSuffix);
  if (!slots) return slots.error();
  for (const std::uint32_t slot : *slots) {
    const std::string name = slot_name(slot, kUnfinishedSuffix);
    if (::unlinkat(directory.fd.get(), name.c_str(), 0) == 0 || errno == ENOENT) continue;
    return system_error(errno, directory.path_of(name), "Cannot remove an unfinished segment");
  }
  return {};
}

Result<Fd> create_segment(const Directory& directory, std::uint32_t slot, const Uuid& store_id,
                          std::uint64_t segment_bytes) {
  constexpr std::string_view kWhat = "Cannot create a journal segment";
  const std::string unfinished = slot_name(slot, kUnfinishedSuffix);
  const std::string name = segment_name(slot);
  const int folder = directory.fd.get();
  if (::unlinkat(folder, unfinished.c_str(), 0) != 0 && errno != ENOENT) {
    return system_error(errno, directory.path_of(unfinished), kWhat);
  }
  Fd fd(::openat(folder, unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                 0600));
  if (!fd) return system_error(errno, directory.path_of(unfinished), kWhat);
  SegmentHeader header{.store_id = store_id, .segment_bytes = segment_bytes};
  SegmentHeaderBytes bytes;
  encode_segment_header(header, bytes);
  int error = fill_blank(fd.get(), bytes, segment_bytes);
  if (error != 0) {
    ::unlinkat(folder, unfinished.c_str(), 0);
    return system_error(error, directory.path_of(unfinished), kWhat);
  }
  if (::renameat(folder, unfinished.c_str(), folder, name.c_str()) != 0) {
    error = errno;
    ::unlinkat(folder, unfinished.c_str(), 0);
    return system_error(error, directory.path_of(name), kWhat);
  }
  if (auto synced = sync_directory(directory); !synced) {
    ::unlinkat(folder, name.c_str(), 0);
    return synced.error();
  }
  return fd;
}

Result<void> write_segment_header(const Fd& fd, SegmentHeader& header, const std::string& subject) {
  SegmentHeaderBytes bytes;
  encode_segment_header(header, bytes);
  int error = exceeds_size_limit(header.segment_bytes) ? EFBIG : 0;
  if (error == 0) error = write_at(fd.get(), bytes, 0);
  if (error == 0) error = sync_data(fd.get());
  if (error == 0) return {};
  return system_error(error, subject, "Cannot write the header of a journal segment");
}

bool names_inode(const Directory& directory, std::uint32_t slot, std::uint64_t inode) noexcept {
  // Asked for every group, so without an allocation, and without a look at the file's times: a
  // kernel that was asked for those gives the next write a new one, and the sync has more to do.
  char name[kNameDigits + kSuffix.size() + 1] = {};
  put_digits(slot, name);
  kSuffix.copy(name + kNameDigits, kSuffix.size());
  struct statx named {};
  if (::statx(directory.fd.get(), name, AT_SYMLINK_NOFOLLOW, STATX_INO, &named) != 0) {
    return errno != ENOENT;
  }
  return named.stx_ino == inode;
}

Result<void> remove_segment(const Directory& directory, std::uint32_t slot) {
  const std::string name = segment_name(slot);
  if (::unlinkat(directory.fd.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return system_error(errno, directory.path_of(name), "Cannot remove a journal segment");
}

Result<void> sync_directory(const Directory& directory) {
  const int error = sync_all(directory.fd.get());
  if (error == 0) return {};
  return system_error(error, directory.path, "Cannot sync the journal's folder");
}

}  // namespace milepost::journal
