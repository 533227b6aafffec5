// SPDX-License-Identifier: Apache-2.0
//
// HandleTable: from the numbers that callers hold to objects, safe against every misuse of a
// number. Lock-free, so that a fork leaves no lock behind, and cheap enough for every read.
//
// A handle is 32 bits of generation, 8 of kind, 24 of slot. A slot's generation goes up with every
// object it holds and never repeats (a slot that has used them up is not used again), so an old
// handle never names a new object. Slots are never freed: any number may be looked at.
//
// A call pins the object: it adds one to the slot's counter, and only then looks whether the slot
// still holds the handle's object. Retiring sets the slot's word and only then looks at the
// counters. All of it is sequentially consistent, so of the two at least one sees the other: either
// the pin finds the slot retired and takes itself back, or whoever retired finds the pin. The
// object is destroyed by whoever finds the slot retired and every counter at zero after giving up a
// pin, that is, by the last call that used it; which one is decided by one compare-and-swap. A
// counter that was zero after the retirement stays free of pins that count, so the counters need
// not be read in one moment.
//
// The counters of a slot are striped over cache lines where many threads use one object (the
// tracker): each thread mostly finds its own line by where its stack lies. A pin remembers its
// stripe.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "capi/errors.hpp"

namespace milepost::capi {

/// What a handle stands for. The number is part of the handle.
enum class Kind : std::uint8_t {
  tracker = 1,
  snapshot = 2,
  subscription = 3,
  export_operation = 4,
  import_operation = 5,
  runs = 6,
  outcomes = 7,
  changes = 8,
  json_page = 9,
  stats = 10,
  work = 11,
};

template <typename Object, Kind TheirKind, unsigned Stripes = 1>
class HandleTable {
  struct Slot;

 public:
  /// An object that stays as long as this lives; empty if the handle names none.
  class Pin {
   public:
    Pin() noexcept = default;
    Pin(Pin&& other) noexcept
        : table_(other.table_),
          slot_(std::exchange(other.slot_, nullptr)),
          stripe_(other.stripe_) {}
    Pin& operator=(Pin&&) = delete;
    ~Pin() {
      if (slot_ != nullptr) table_->unpin(*slot_, stripe_);
    }
    explicit operator bool() const noexcept { return slot_ != nullptr; }
    Object& operator*() const noexcept { return *slot_->object; }
    Object* operator->() const noexcept { return slot_->object; }

   private:
    friend HandleTable;
    Pin(HandleTable* table, Slot* slot, unsigned stripe) noexcept
        : table_(table), slot_(slot), stripe_(stripe) {}
    HandleTable* table_ = nullptr;
    Slot* slot_ = nullptr;
    unsigned stripe_ = 0;
  };

  constexpr HandleTable() noexcept = default;
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  /// Takes the object; yields its handle. Throws std::bad_alloc, and then has not taken it.
  [[nodiscard]] std::uint64_t insert(std::unique_ptr<Object>& object) {
    Slot& slot = take_slot();
    const std::uint64_t generation = generation_of(slot.word.load(std::memory_order_relaxed)) + 1;
    slot.object = object.release();
    slot.word.store(word_of(generation, State::live));
    return generation << 32 | static_cast<std::uint64_t>(TheirKind) << 24 | (slot.number - 1);
  }

  [[nodiscard]] Pin pin(std::uint64_t handle) noexcept {
    Slot* slot = kind_of(handle) == TheirKind ? find(index_of(handle)) : nullptr;
    if (slot == nullptr) return {};
    const unsigned stripe = stripe_here();
    slot->pins[stripe].count.fetch_add(1);
    if (slot->word.load() == word_of(handle >> 32, State::live)) return Pin(this, slot, stripe);
    unpin(*slot, stripe);
    return {};
  }

  /// Refuses the handle from now on; the pin it yields is the last one that was given out.
  [[nodiscard]] Pin retire(std::uint64_t handle) noexcept {
    Pin pinned = pin(handle);
    if (!pinned) return {};
    std::uint64_t live = word_of(handle >> 32, State::live);
    const bool mine =
        pinned.slot_->word.compare_exchange_strong(live, word_of(handle >> 32, State::retired));
    return mine ? std::move(pinned) : Pin();
  }

  /// Why pin() or retire() found nothing.
  [[nodiscard]] Error refusal(std::uint64_t handle) {
    const Slot* slot = kind_of(handle) == TheirKind ? find(index_of(handle)) : nullptr;
    const std::uint64_t generation = handle >> 32;
    if (slot == nullptr || generation == 0 ||
        generation > generation_of(slot->word.load(std::memory_order_relaxed))) {
      return invalid("handle " + std::to_string(handle),
                     "This is no handle of the kind that the call takes.",
                     "Give the handle that the library gave out, unchanged.");
    }
    return Error{.code = Errc::closed,
                 .subject = "handle " + std::to_string(handle),
                 .message = "What it named was closed or freed.",
                 .advice = "Make a new one."};
  }

 private:
  enum class State : std::uint8_t { free = 0, live = 1, retired = 2 };
  static constexpr std::uint32_t kFirstSegment = 16;  ///< Slots; each segment has twice as many.
  static constexpr std::uint32_t kSegments = 20;
  static constexpr std::uint32_t kSlotsMax = kFirstSegment * ((1u << kSegments) - 1);
  static constexpr std::uint32_t kGenerationMax = 0xffffffff;
  static_assert(kSlotsMax < 1u << 24 && std::has_single_bit(Stripes));

  struct alignas(64) Stripe {
    std::atomic<std::uint32_t> count{0};
  };
  struct Slot {
    std::atomic<std::uint64_t> word{0};   ///< Generation and State.
    Object* object = nullptr;             ///< Written before `word` says live.
    std::uint32_t number = 0;             ///< Its index plus one.
    std::atomic<std::uint32_t> below{0};  ///< While it is free: the number of the next free one.
    std::array<Stripe, Stripes> pins{};
  };

  static constexpr Kind kind_of(std::uint64_t handle) noexcept {
    return static_cast<Kind>(handle >> 24 & 0xff);
  }
  static constexpr std::uint32_t index_of(std::uint64_t handle) noexcept {
    return static_cast<std::uint32_t>(handle & 0xffffff);
  }
  static constexpr std::uint64_t word_of(std::uint64_t generation, State state) noexcept {
    return generation << 8 | static_cast<std::uint64_t>(state);
  }
  static constexpr std::uint64_t generation_of(std::uint64_t word) noexcept { return word >> 8; }

  /// Threads' stacks lie apart, and a thread's calls mostly in the same 64 KiB of its own.
  static unsigned stripe_here() noexcept {
    if constexpr (Stripes == 1) {
      return 0;
    } else {
      const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) >> 16;
      constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
      return static_cast<unsigned>(here * kGolden >> (64 - std::bit_width(Stripes - 1)));
    }
  }

  /// The slot, or null where no slot has been made yet.
  [[nodiscard]] Slot* find(std::uint32_t index) noexcept {
    const std::uint32_t segment = segment_of(index);
    if (segment >= kSegments) return nullptr;
    Slot* first = segments_[segment].load(std::memory_order_acquire);
    return first != nullptr ? first + (index - first_of(segment)) : nullptr;
  }
  static constexpr std::uint32_t segment_of(std::uint32_t index) noexcept {
    return static_cast<std::uint32_t>(std::bit_width(index / kFirstSegment + 1)) - 1;
  }
  static constexpr std::uint32_t first_of(std::uint32_t segment) noexcept {
    return kFirstSegment * ((1u << segment) - 1);
  }

  void unpin(Slot& slot, unsigned stripe) noexcept {
    slot.pins[stripe].count.fetch_sub(1);
    const std::uint64_t word = slot.word.load();
    if (static_cast<State>(word & 0xff) == State::retired) reap(slot, word);
  }

  /// Destroys the object if no pin is left and nobody else does.
  void reap(Slot& slot, std::uint64_t retired) noexcept {
    for (const Stripe& stripe : slot.pins) {
      if (stripe.count.load() != 0) return;
    }
    const std::uint64_t generation = generation_of(retired);
    if (!slot.word.compare_exchange_strong(retired, word_of(generation, State::free))) return;
    delete std::exchange(slot.object, nullptr);
    if (generation < kGenerationMax) give_back(slot);
  }

  // The free slots are a stack: the number of the top one, and above it a count that each change
  // raises, so that a top seen before and seen again is the same.
  void give_back(Slot& slot) noexcept {
    std::uint64_t top = free_.load();
    do {
      slot.below.store(static_cast<std::uint32_t>(top));
    } while (!free_.compare_exchange_weak(top, ((top >> 32) + 1) << 32 | slot.number));
  }

  [[nodiscard]] Slot& take_slot() {
    std::uint64_t top = free_.load();
    while (const auto number = static_cast<std::uint32_t>(top)) {
      Slot& slot = *find(number - 1);
      const std::uint64_t rest = ((top >> 32) + 1) << 32 | slot.below.load();
      if (free_.compare_exchange_weak(top, rest)) return slot;
    }
    std::uint32_t index = made_.load();
    do {
      if (index >= kSlotsMax) throw std::bad_alloc();
      make_segment_of(index);
    } while (!made_.compare_exchange_weak(index, index + 1));
    return *find(index);
  }

  void make_segment_of(std::uint32_t index) {
    const std::uint32_t segment = segment_of(index);
    if (segments_[segment].load(std::memory_order_acquire) != nullptr) return;
    const std::uint32_t first = first_of(segment);
    const std::uint32_t size = kFirstSegment << segment;
    auto slots = std::make_unique<Slot[]>(size);
    for (std::uint32_t i = 0; i < size; ++i) slots[i].number = first + i + 1;
    Slot* none = nullptr;
    if (segments_[segment].compare_exchange_strong(none, slots.get())) (void)slots.release();
  }

  std::array<std::atomic<Slot*>, kSegments> segments_{};
  std::atomic<std::uint64_t> free_{0};
  std::atomic<std::uint32_t> made_{0};
};

}  // namespace milepost::capi
