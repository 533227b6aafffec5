// SPDX-License-Identifier: Apache-2.0
//
// The codec of the identity record. Its layout is part of the file format: later formats keep the
// first twelve bytes.
#include "lmdb/identity.hpp"

#include <algorithm>
#include <lmdb.h>

#include "lmdb/errors.hpp"

namespace milepost::lmdb {
namespace {

constexpr std::size_t kFormatAt = 8;
constexpr std::size_t kLmdbAt = 12;
constexpr std::size_t kUuidAt = 16;
constexpr std::size_t kChecksumAt = 32;

void put(std::byte* to, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) {
    to[i] = static_cast<std::byte>(value >> (8 * (bytes - 1 - i)));
  }
}

std::uint64_t take(const std::byte* from, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value = value << 8 | std::to_integer<std::uint64_t>(from[i]);
  }
  return value;
}

// FNV-1a: enough to tell damage in one short record.
std::uint64_t checksum(Bytes bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const std::byte b : bytes) {
    hash = (hash ^ std::to_integer<std::uint64_t>(b)) * 0x100000001b3ull;
  }
  return hash;
}

}  // namespace

std::array<std::byte, kIdentitySize> encode_identity(const Identity& identity) {
  std::array<std::byte, kIdentitySize> record{};
  std::transform(identity.magic.begin(), identity.magic.end(), record.begin(),
                 [](char c) { return static_cast<std::byte>(c); });
  put(record.data() + kFormatAt, identity.format_version, 4);
  put(record.data() + kLmdbAt, MDB_VERSION_FULL, 4);
  std::copy(identity.uuid.begin(), identity.uuid.end(), record.begin() + kUuidAt);
  put(record.data() + kChecksumAt, checksum(Bytes(record).first(kChecksumAt)), 8);
  return record;
}

Result<Identity> decode_identity(Bytes record, const Identity& expected, const std::string& path) {
  Identity identity;
  if (record.size() < kLmdbAt) {
    return make_error(Errc::not_a_database, path, "its identity record is too short",
                      "It is another program's LMDB file; check the path.");
  }
  std::transform(record.begin(), record.begin() + kFormatAt, identity.magic.begin(),
                 [](std::byte b) { return static_cast<char>(b); });
  if (identity.magic != expected.magic) {
    return make_error(Errc::not_a_database, path, "its identity record names another program",
                      "Check the path.");
  }
  identity.format_version = static_cast<std::uint32_t>(take(record.data() + kFormatAt, 4));
  if (identity.format_version != expected.format_version) {
    return make_error(Errc::version, path,
                      "the store has format " + std::to_string(identity.format_version) +
                          "; this library reads format " + std::to_string(expected.format_version),
                      identity.format_version > expected.format_version
                          ? "Use a newer version of the library."
                          : "Convert the store with the version of the library that made it.");
  }
  if (record.size() != kIdentitySize ||
      take(record.data() + kChecksumAt, 8) != checksum(record.first(kChecksumAt))) {
    return make_error(Errc::corrupt, path, "its identity record is damaged",
                      "Keep a copy of the file, then restore a backup.");
  }
  std::copy_n(record.begin() + kUuidAt, identity.uuid.size(), identity.uuid.begin());
  return identity;
}

}  // namespace milepost::lmdb
