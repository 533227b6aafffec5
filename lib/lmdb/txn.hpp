// SPDX-License-Identifier: Apache-2.0
//
// Read and write transactions: two types, both move-only, both children of an Env that must
// outlive them. Views handed out die with the transaction (in a write transaction: with its next
// write).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "lmdb/types.hpp"

#include "milepost/result.hpp"

namespace milepost::lmdb {

class Env;
struct ReadSlot;

enum class Lookup : std::uint8_t { found, absent, failed };

/// One moment of the store. May move between threads; one thread at a time. Its end costs no
/// system call. Ending it in a forked child does nothing.
class ReadTxn {
 public:
  ReadTxn() = default;
  ReadTxn(ReadTxn&& other) noexcept
      : env_(std::exchange(other.env_, nullptr)),
        slot_(other.slot_),
        generation_(other.generation_) {}
  ReadTxn& operator=(ReadTxn&& other) noexcept;
  ~ReadTxn() {
    if (env_ != nullptr) end();
  }

  [[nodiscard]] explicit operator bool() const noexcept { return env_ != nullptr; }
  /// The commit this transaction sees.
  [[nodiscard]] std::uint64_t id() const noexcept;

  /// The value under `key`, or nothing.
  [[nodiscard]] Result<std::optional<Bytes>> get(const Table& table, Bytes key) const;
  /// The same for hot paths: allocates nothing, and on `failed` get() tells why.
  [[nodiscard]] Lookup find(const Table& table, Bytes key, Bytes& value) const noexcept;
  /// How many keys the table holds.
  [[nodiscard]] Result<std::uint64_t> count(const Table& table) const;
  /// The same without LMDB's own search, for tables whose keys all have kQuickKeySize bytes. What
  /// comes back empty may be there all the same: ask find(). What is found has yet to prove itself
  /// by a checksum over key and value.
  [[nodiscard]] Bytes find_quickly(const Table& table, Bytes key) const noexcept;
  /// For up to kSideBySideMax keys at once.
  void find_quickly(const Table& table, std::span<const Bytes> keys,
                    std::span<Bytes> values) const noexcept;

  /// Ends it before its destructor would.
  void end() noexcept;

 private:
  friend class Env;
  friend class Cursor;
  ReadTxn(Env* env, ReadSlot* slot, std::uint32_t generation) noexcept
      : env_(env), slot_(slot), generation_(generation) {}

  Env* env_ = nullptr;
  ReadSlot* slot_ = nullptr;
  std::uint32_t generation_ = 0;
};

/// The one write transaction of the store. Stays on the thread that began it: any use from
/// another thread is `internal` and does not reach LMDB. Its destructor aborts; on another thread
/// than its own the abort is left to its own thread's next begin_write or close.
class WriteTxn {
 public:
  WriteTxn() = default;
  WriteTxn(WriteTxn&& other) noexcept
      : env_(std::exchange(other.env_, nullptr)),
        serial_(other.serial_),
        generation_(other.generation_) {}
  WriteTxn& operator=(WriteTxn&& other) noexcept;
  ~WriteTxn() { abort(); }

  [[nodiscard]] explicit operator bool() const noexcept { return env_ != nullptr; }
  [[nodiscard]] std::uint64_t id() const noexcept;

  [[nodiscard]] Result<std::optional<Bytes>> get(const Table& table, Bytes key) const;
  /// Writes the pair, replacing what was there.
  [[nodiscard]] Result<void> put(const Table& table, Bytes key, Bytes value);
  /// Writes the pair and yields nothing, or yields the value that was there and writes nothing:
  /// one descent of the tree.
  [[nodiscard]] Result<std::optional<Bytes>> put_if_absent(const Table& table, Bytes key,
                                                           Bytes value);
  /// Writes the pair behind all others; `invalid_argument` if a key is not behind them.
  [[nodiscard]] Result<void> append(const Table& table, Bytes key, Bytes value);
  /// True if there was such a key.
  [[nodiscard]] Result<bool> erase(const Table& table, Bytes key);
  [[nodiscard]] Result<std::uint64_t> count(const Table& table) const;

  /// `map_full` if, committed now, the store would hold more than leaves the reserve free that
  /// Env::grow keeps back. Looks at sizes only.
  [[nodiscard]] Result<void> check_reserve() const;

  /// Commits; the transaction is over whatever comes back. After a failed write of any kind the
  /// commit is refused with that failure and nothing is applied. `map_full`: grow and run the
  /// group again. An error says `Applied::unknown` exactly when the meta page may have been
  /// written; then the environment needs a reopen.
  [[nodiscard]] Result<void> commit();
  void abort() noexcept;

 private:
  friend class Env;
  friend class Cursor;
  WriteTxn(Env* env, std::uint64_t serial, std::uint32_t generation) noexcept
      : env_(env), serial_(serial), generation_(generation) {}
  [[nodiscard]] std::optional<Error> refusal() const;
  [[nodiscard]] Result<std::optional<Bytes>> store(const Table& table, Bytes key, Bytes value,
                                                   unsigned int flags);

  Env* env_ = nullptr;
  std::uint64_t serial_ = 0;
  std::uint32_t generation_ = 0;
};

}  // namespace milepost::lmdb
