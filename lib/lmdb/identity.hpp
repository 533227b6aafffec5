// SPDX-License-Identifier: Apache-2.0
//
// The identity record (40 bytes, numbers big-endian: magic 8, format version 4, LMDB version 4,
// uuid 16, checksum 8) and the class that opens environments.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "lmdb/env.hpp"
#include "lmdb/types.hpp"

#include "milepost/result.hpp"

namespace milepost::lmdb {

inline constexpr std::size_t kIdentitySize = 40;

/// The record of a store made now.
[[nodiscard]] std::array<std::byte, kIdentitySize> encode_identity(const Identity& identity);

/// `not_a_database` for another magic, `version` for another format version or record size,
/// `corrupt` for a wrong checksum.
[[nodiscard]] Result<Identity> decode_identity(Bytes record, const Identity& expected,
                                               const std::string& path);

/// Opens one environment; the steps are in env_open.cpp and env_create.cpp.
class EnvOpener {
 public:
  explicit EnvOpener(Env& env) : env_(env) {}
  [[nodiscard]] Result<void> run();
  /// The later steps, for an environment that holds its folder, claim and lock already.
  [[nodiscard]] Result<void> run_again();
  static void report_assert(const Env& env, const char* text) noexcept;

 private:
  [[nodiscard]] Result<void> enter_folder();
  [[nodiscard]] Result<void> find_data();
  /// `already_open` if another copy of LMDB or of this library in the process has the files open.
  [[nodiscard]] Result<void> check_other_copies(FileId data) const;
  [[nodiscard]] Result<void> create_store();
  [[nodiscard]] Result<void> fill_and_rename(const std::string& temporary);
  [[nodiscard]] Result<void> check_file();
  [[nodiscard]] int prepare(MDB_env** raw, std::uint64_t map_size) const;
  [[nodiscard]] Result<void> open_lmdb();
  [[nodiscard]] Result<void> check_handle();
  [[nodiscard]] Result<void> settle_last_commit();
  [[nodiscard]] Result<void> open_tables();
  [[nodiscard]] Result<void> load_identity(MDB_txn* txn);
  [[nodiscard]] Result<void> load_tables(MDB_txn* txn);

  Env& env_;
  std::uint64_t file_size_ = 0;
  std::uint64_t map_size_ = 0;
};

}  // namespace milepost::lmdb
