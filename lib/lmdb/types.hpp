// SPDX-License-Identifier: Apache-2.0
//
// What every file of this room shares: byte views, limits, and LMDB's types by name only, so that
// nobody outside the room's sources ever sees lmdb.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace milepost::lmdb {

/// A view of bytes. Views that come out of a transaction die with it.
using Bytes = std::span<const std::byte>;

inline constexpr std::size_t kKeySizeMax = 511;             ///< Largest key; the smallest is 1.
inline constexpr std::size_t kValueSizeMax = 1u << 20;      ///< Largest value; may be empty.
inline constexpr std::size_t kTablesMax = 64;               ///< Named tables of one store.
inline constexpr std::size_t kTableNameSizeMax = 64;        ///< Bytes of a table's name.
inline constexpr std::uint32_t kReadSlotsMax = 4096;        ///< Read transactions of one process.
inline constexpr std::uint64_t kMapSizeLimit = 1ull << 46;  ///< No map is ever larger.
inline constexpr std::uint64_t kMapReserveShare = 16;       ///< 1/16 of the map's cap is kept back.
inline constexpr std::string_view kMetaTable = "meta";      ///< Holds identity and small values.
inline constexpr std::string_view kIdentityKey = "identity";  ///< Written by the first commit.
inline constexpr std::string_view kDataFile = "data.mdb";
inline constexpr std::string_view kLockFile = "lock.mdb";
inline constexpr std::string_view kWriterLockFile = "writer.lock";

/// The bytes of a text.
[[nodiscard]] inline Bytes as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span<const char>(text.data(), text.size()));
}

/// The text of some bytes.
[[nodiscard]] inline std::string_view as_text(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A named table, opened once with the environment. Plain value.
struct Table {
  unsigned int dbi = 0;
  std::uint32_t index = 0;  ///< Its place in EnvOptions::tables; the last one is `meta`.
  friend bool operator==(const Table&, const Table&) = default;
};

}  // namespace milepost::lmdb
