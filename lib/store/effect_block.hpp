// SPDX-License-Identifier: Apache-2.0
//
// EffectPtr: one effect's bytes with its sequence, in one reference-counted block. The leader, the
// recent map, the applier and the callers' answers share it; nobody changes it after it is made.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include "core/effect.hpp"
#include "core/record_codec.hpp"

namespace milepost::store {

class EffectPtr {
 public:
  EffectPtr() noexcept = default;
  EffectPtr(const EffectPtr& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  EffectPtr(EffectPtr&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  EffectPtr& operator=(EffectPtr other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~EffectPtr() { release(); }

  /// Packs a record as a `put` effect.
  [[nodiscard]] static EffectPtr make(const core::RecordView& record) {
    EffectPtr made(core::kEffectHeaderSize + core::encoded_record_size(record), record.sequence);
    std::byte* bytes = made.block_->bytes();
    core::write_effect_header(core::EffectKind::put, record.run_id, bytes);
    core::encode_record(
        record, {bytes + core::kEffectHeaderSize, made.block_->size - core::kEffectHeaderSize});
    return made;
  }

  /// Packs the removal of a run: `purge` or `erase`.
  [[nodiscard]] static EffectPtr make_removal(core::EffectKind kind, const Uuid& run_id,
                                              std::uint64_t sequence) {
    EffectPtr made(core::kEffectHeaderSize, sequence);
    core::write_effect_header(kind, run_id, made.block_->bytes());
    return made;
  }

  /// Packs a `forget`.
  [[nodiscard]] static EffectPtr make_forget(const core::ForgetView& forget,
                                             std::uint64_t sequence) {
    EffectPtr made(core::kForgetSize, sequence);
    core::write_forget(forget, made.block_->bytes());
    return made;
  }

  /// Copies an effect's bytes.
  [[nodiscard]] static EffectPtr copy(std::span<const std::byte> effect, std::uint64_t sequence) {
    EffectPtr made(effect.size(), sequence);
    std::memcpy(made.block_->bytes(), effect.data(), effect.size());
    return made;
  }

  [[nodiscard]] explicit operator bool() const noexcept { return block_ != nullptr; }
  [[nodiscard]] std::uint64_t sequence() const noexcept { return block_->sequence; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {block_->bytes(), block_->size};  // NOLINT: the analyzer cannot follow the count
  }
  [[nodiscard]] core::EffectView view() const noexcept { return core::view_effect(bytes()); }
  /// What the block costs in memory, bookkeeping of the allocator included.
  [[nodiscard]] std::size_t footprint() const noexcept { return sizeof(Block) + block_->size + 16; }

 private:
  struct Block {
    std::atomic<std::uint32_t> references;
    std::uint32_t size;
    std::uint64_t sequence;

    std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  };

  EffectPtr(std::size_t size, std::uint64_t sequence)
      : block_(::new (::operator new(sizeof(Block) + size))
                   Block{{1}, static_cast<std::uint32_t>(size), sequence}) {}

  void release() noexcept {
    if (block_ == nullptr) return;
    if (block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      block_->~Block();
      ::operator delete(block_);
    }
  }

  Block* block_ = nullptr;
};

}  // namespace milepost::store
