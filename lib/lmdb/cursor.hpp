// SPDX-License-Identifier: Apache-2.0
//
// A cursor over one table, child of a transaction. When the transaction ends, the cursor is dead:
// every call is `internal` and touches nothing; in a read transaction it still frees its handle.
// Deletes and LMDB's own idea of where a cursor stands afterwards do not mix well in 0.9, so after
// an erase this cursor finds its neighbours by key.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "lmdb/txn.hpp"
#include "lmdb/types.hpp"

#include "milepost/result.hpp"

namespace milepost::lmdb {

/// Same thread rule as its transaction. Move-only.
class Cursor {
 public:
  [[nodiscard]] static Result<Cursor> open(const ReadTxn& txn, const Table& table);
  [[nodiscard]] static Result<Cursor> open(WriteTxn& txn, const Table& table);
  Cursor(Cursor&& other) noexcept;
  Cursor& operator=(Cursor&& other) noexcept;
  ~Cursor() { close(); }

  /// Moves; true if the cursor then stands on a pair. next() on a cursor that stands nowhere is
  /// first(), prev() is last().
  [[nodiscard]] Result<bool> first();
  [[nodiscard]] Result<bool> last();
  [[nodiscard]] Result<bool> next();
  [[nodiscard]] Result<bool> prev();
  /// To the smallest key that is not below `key`.
  [[nodiscard]] Result<bool> seek(Bytes key);
  /// To exactly `key`.
  [[nodiscard]] Result<bool> find(Bytes key);

  /// Whether it stands on a pair, and which. Empty views if not.
  [[nodiscard]] bool valid() const noexcept { return place_ == Place::on_pair; }
  [[nodiscard]] Bytes key() const noexcept { return key_; }
  [[nodiscard]] Bytes value() const noexcept { return value_; }

  /// Writing, in write transactions only. Each leaves the cursor on the pair it concerned, except
  /// the erasing ones: those leave it between the neighbours.
  [[nodiscard]] Result<void> put(Bytes key, Bytes value);
  [[nodiscard]] Result<std::optional<Bytes>> put_if_absent(Bytes key, Bytes value);
  [[nodiscard]] Result<void> append(Bytes key, Bytes value);
  [[nodiscard]] Result<void> replace_current(Bytes value);
  [[nodiscard]] Result<void> erase_current();
  [[nodiscard]] Result<bool> erase(Bytes key);

 private:
  enum class Place : std::uint8_t { nowhere, on_pair, at_gap };
  Cursor() = default;
  [[nodiscard]] std::optional<Error> refusal(bool writing) const;
  [[nodiscard]] Result<bool> move(int operation, Bytes key);
  [[nodiscard]] Result<bool> step(int operation);
  [[nodiscard]] Error failed(int rc, bool writing);
  [[nodiscard]] Result<std::optional<Bytes>> store(Bytes key, Bytes value, unsigned int flags);
  [[nodiscard]] Result<void> settle();
  void stand(Bytes key, Bytes value) noexcept;
  void stand_nowhere() noexcept;
  void close() noexcept;

  Env* env_ = nullptr;
  ReadSlot* slot_ = nullptr;  ///< Null in a write transaction.
  MDB_cursor* cursor_ = nullptr;
  Table table_{};
  std::uint64_t serial_ = 0;
  std::uint32_t generation_ = 0;
  Place place_ = Place::nowhere;
  Bytes key_{};
  Bytes value_{};
  std::uint64_t seen_version_ = 0;  ///< Of the table's writes, when the cursor last moved.
  std::uint16_t gap_size_ = 0;      ///< In write transactions: the key it stands or stood on.
  std::array<std::byte, kKeySizeMax> gap_{};
};

}  // namespace milepost::lmdb
