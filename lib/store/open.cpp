// SPDX-License-Identifier: Apache-2.0
//
// Options into a store: refuses what makes no sense before anything is touched.
#include "store/open.hpp"

#include <cerrno>
#include <random>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include "journal/segment.hpp"
#include "lmdb/env.hpp"
#include "store/lmdb_store.hpp"
#include "store/published_store.hpp"
#include "store/schema.hpp"

namespace milepost::store {
namespace {

Error bad_option(std::string subject, std::string message, std::string advice) {
  return Error{.code = Errc::invalid_argument,
               .subject = std::move(subject),
               .message = std::move(message),
               .advice = std::move(advice)};
}

template <typename T>
Result<void> in_range(const char* name, T value, T least, T most) {
  if (value >= least && value <= most) return {};
  return bad_option(
      std::string(name) + " = " + std::to_string(value), "The option is out of range.",
      "Choose between " + std::to_string(least) + " and " + std::to_string(most) + ".");
}

Result<void> check_sizes(const OpenOptions& options) {
  if (auto ok = in_range<std::uint64_t>("map_size_start", options.map_size_start, kMapSizeMin,
                                        options.map_size_max);
      !ok) {
    return ok;
  }
  if (auto ok =
          in_range<std::uint64_t>("map_size_max", options.map_size_max, kMapSizeMin, kMapSizeMax);
      !ok) {
    return ok;
  }
  if (auto ok =
          in_range<std::uint64_t>("readers_max", options.readers_max, kReadersMin, kReadersMax);
      !ok) {
    return ok;
  }
  if (auto ok = in_range<std::uint64_t>("journal_segment_bytes", options.journal_segment_bytes,
                                        kJournalSegmentBytesMin, kJournalSegmentBytesMax);
      !ok) {
    return ok;
  }
  if (options.journal_segment_bytes % 4096 != 0) {
    return bad_option("journal_segment_bytes = " + std::to_string(options.journal_segment_bytes),
                      "The option is not a multiple of 4096.", "Round it up.");
  }
  if (auto ok =
          in_range<std::uint64_t>("feed_retention", options.feed_retention, 0, kFeedRetentionMax);
      !ok) {
    return ok;
  }
  return in_range<std::uint64_t>("journal_bytes_max", options.journal_bytes_max,
                                 kJournalSegmentsMin * options.journal_segment_bytes,
                                 kJournalBytesMax);
}

Result<void> check_times(const OpenOptions& options) {
  using std::chrono::milliseconds;
  constexpr milliseconds::rep kDayMs = 86'400'000;
  if (auto ok = in_range<milliseconds::rep>("wait_max", options.wait_max.count(), 0, kDayMs); !ok) {
    return ok;
  }
  if (auto ok = in_range<milliseconds::rep>("publish_interval", options.publish_interval.count(), 1,
                                            kDayMs);
      !ok) {
    return ok;
  }
  if (auto ok = in_range<milliseconds::rep>("snapshot_age_max", options.snapshot_age_max.count(),
                                            kSnapshotAgeMin.count(), kSnapshotAgeMax.count());
      !ok) {
    return ok;
  }
  if (auto ok = in_range<std::chrono::seconds::rep>("idempotency_key_lifetime",
                                                    options.idempotency_key_lifetime.count(), 0,
                                                    kKeyLifetimeMax.count());
      !ok) {
    return ok;
  }
  if (options.durability != Durability::relaxed) return {};
  if (auto ok = in_range<milliseconds::rep>("relaxed_delay_max", options.relaxed_delay_max.count(),
                                            1, kDayMs);
      !ok) {
    return ok;
  }
  return in_range<std::uint64_t>("relaxed_bytes_max", options.relaxed_bytes_max, 1,
                                 options.journal_bytes_max);
}

Result<void> check_options(const OpenOptions& options) {
  if (options.directory.empty()) {
    return bad_option("directory = \"\"", "No directory was named.", "Set OpenOptions::directory.");
  }
  if (options.directory.find('\0') != std::string::npos) {
    return bad_option("directory", "The directory's name holds a NUL byte.", "Name another.");
  }
  if (auto ok = check_sizes(options); !ok) return ok;
  return check_times(options);
}

}  // namespace

std::array<std::byte, 16> random_store_id() {
  std::random_device device;
  std::array<std::byte, 16> id{};
  for (std::byte& byte : id) byte = static_cast<std::byte>(device());
  id[6] = (id[6] & std::byte{0x0f}) | std::byte{0x40};
  id[8] = (id[8] & std::byte{0x3f}) | std::byte{0x80};
  return id;
}

lmdb::EnvOptions env_options(const OpenOptions& options) {
  lmdb::EnvOptions env;
  env.directory = options.directory;
  env.create = options.create && !options.read_only;
  env.read_only = options.read_only;
  env.map_size_start = options.map_size_start;
  env.map_size_max = options.map_size_max;
  env.readers_max = options.readers_max;
  env.wait_max = options.wait_max;
  env.identity = {
      .magic = kStoreMagic, .format_version = kFormatVersion, .uuid = random_store_id()};
  env.tables.assign(kTableNames.begin(), kTableNames.end());
  env.allow_unsupported_filesystem = options.allow_unsupported_filesystem;
  env.log = options.log;
  return env;
}

namespace {

/// `corrupt` where a store would be made beside the journal of one whose data file is gone: that
/// journal may be all that is left of it.
Result<void> check_for_orphan(const OpenOptions& options) {
  if (options.read_only || !options.create) return {};
  auto folder = journal::open_directory(options.directory + "/journal");
  if (!folder) return {};
  auto slots = journal::list_slots(*folder);
  if (!slots) return slots.error();
  // Looked at in this order: a store that is just being made has its data file first.
  const std::string data = options.directory + "/" + std::string(lmdb::kDataFile);
  struct stat info {};
  if (slots->empty() || ::lstat(data.c_str(), &info) == 0 || errno != ENOENT) return {};
  return Error{.code = Errc::corrupt,
               .subject = data,
               .message = "The store's data file is missing, its journal is there.",
               .advice =
                   "Put the data file back or restore a backup; for a new store choose an "
                   "empty folder."};
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const OpenOptions& options) {
  if (auto checked = check_options(options); !checked) return checked.error();
  if (auto whole = check_for_orphan(options); !whole) return whole.error();
  auto env = lmdb::Env::open(env_options(options));
  if (!env) return env.error();
  if (options.read_only) return PublishedStore::open(std::move(*env), options);
  return LmdbStore::open(std::move(*env), options);
}

}  // namespace milepost::store
