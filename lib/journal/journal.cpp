// SPDX-License-Identifier: Apache-2.0
//
// Journal: appending, syncing and recycling; the facts on disk are in segment.hpp.
//
// A segment moves around a ring of lists: free -> ready (header of the next generation synced) ->
// current -> retired (full) -> free (released), always the oldest first. Threads:
//  - `mutex_` guards the lists and what belongs to a group's end; it is never held over I/O.
//  - `prepare_mutex_` is held while a segment is made or readied: by the housekeeper, or by a
//  leader
//    it has not kept up with. Taken before `mutex_`.
//  - `sync_mutex_` makes syncs one at a time. Taken before `mutex_`.
//  - only the leader replaces `current_` and touches the leader's own fields.
#include "journal/journal.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <new>
#include <vector>

#include "journal/pool.hpp"

namespace milepost::journal {

class Journal::Impl {
 public:
  Impl(const JournalOptions& options, SegmentPool pool, SegmentList current, SegmentList free,
       std::uint64_t last_sequence);

  [[nodiscard]] Result<std::uint64_t> append(std::span<const EffectBytes> effects,
                                             bool use_reserve);
  [[nodiscard]] Result<std::uint64_t> sync();
  void release(std::uint64_t applied_sequence) noexcept;
  [[nodiscard]] Result<bool> prepare_ahead();
  [[nodiscard]] Result<void> close_empty();
  [[nodiscard]] Result<void> check_folder() const;

  [[nodiscard]] std::uint64_t bytes_live() const noexcept;

  // NOLINTBEGIN(readability-identifier-naming): seen by the handle only.
  const std::uint64_t segment_bytes_;
  const std::uint64_t segments_max_;
  const std::uint64_t payload_max_;
  std::atomic<std::uint64_t> next_sequence_;
  std::atomic<std::uint64_t> synced_sequence_;
  std::atomic<std::uint64_t> appended_bytes_{0};  ///< Since open.
  std::atomic<std::uint64_t> synced_bytes_{0};
  std::atomic<std::uint64_t> segments_total_;
  std::atomic<std::uint64_t> segments_begun_{0};  ///< Since open.
  std::atomic<bool> poisoned_{false};
  std::atomic<bool> stopped_{false};  ///< Poisoned or closed.
                                      // NOLINTEND(readability-identifier-naming)

 private:
  [[nodiscard]] Result<void> check_usable() const;
  [[nodiscard]] Result<std::size_t> payload_of(std::span<const EffectBytes> effects) const;
  [[nodiscard]] Result<void> make_room(std::size_t total, bool use_reserve);
  [[nodiscard]] Result<void> switch_segment(bool use_reserve);
  [[nodiscard]] bool take_ready(std::size_t needed, bool use_reserve);
  [[nodiscard]] Result<void> create_one();
  [[nodiscard]] Result<void> ready_one();
  void stop() noexcept;
  [[nodiscard]] Error poison(int system, const Segment& segment, std::string_view what);
  [[nodiscard]] Error poison(int system, std::string subject, std::string_view what);
  [[nodiscard]] Error full() const;

  // The leader's own.
  std::vector<std::byte> buffer_{};
  std::uint64_t offset_ = kSegmentHeaderBytes;
  std::uint64_t previous_checksum_;
  bool on_reserve_ = false;

  std::mutex prepare_mutex_;
  SegmentPool pool_;  ///< Under prepare_mutex_, but for paths and what they name.

  std::mutex sync_mutex_;
  std::vector<const Segment*> syncing_{};  ///< Under sync_mutex_.

  mutable std::mutex mutex_;
  SegmentList free_;
  SegmentList ready_{};
  SegmentList current_;
  SegmentList retired_{};
  std::uint64_t appended_sequence_;
  std::uint64_t released_sequence_;
  bool closed_ = false;
  std::string poison_text_{};
};

Journal::Impl::Impl(const JournalOptions& options, SegmentPool pool, SegmentList current,
                    SegmentList free, std::uint64_t last_sequence)
    : segment_bytes_(options.segment_bytes),
      segments_max_(std::min(options.bytes_max / options.segment_bytes, kSegmentsMax)),
      payload_max_(std::min<std::uint64_t>(
          options.segment_bytes - kSegmentHeaderBytes - kGroupHeaderBytes, kGroupPayloadMax)),
      next_sequence_(last_sequence + 1),
      synced_sequence_(last_sequence),
      segments_total_(current.size() + free.size()),
      previous_checksum_(current.front().header_checksum),
      pool_(std::move(pool)),
      free_(std::move(free)),
      current_(std::move(current)),
      appended_sequence_(last_sequence),
      released_sequence_(last_sequence) {
  syncing_.reserve(kSegmentsMax);
}

Result<void> Journal::Impl::check_usable() const {
  if (!stopped_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(mutex_);
  if (closed_) return make_error(Errc::closed, {}, "The journal was closed.", "Open it again.");
  return make_error(Errc::needs_reopen, {},
                    poison_text_.empty() ? "The journal stopped earlier." : poison_text_,
                    "Check the disk, then close the store and open it again.");
}

/// Before anything that may run out of memory.
void Journal::Impl::stop() noexcept {
  poisoned_.store(true, std::memory_order_release);
  stopped_.store(true, std::memory_order_release);
}

Error Journal::Impl::poison(int system, const Segment& segment, std::string_view what) {
  stop();
  return poison(system, pool_.path_of(segment), what);
}

/// After this nothing more is written: what a failed write or sync left behind is unknown, and a
/// second attempt that succeeds would prove nothing about the first.
Error Journal::Impl::poison(int system, std::string subject, std::string_view what) {
  stop();
  Error error = system_error(system, std::move(subject), what);
  error.code = Errc::outcome_unknown;
  error.applied = Applied::unknown;
  error.retry_safe = false;
  error.advice = "Check the disk, then close the store and open it again; repeat the command then.";
  const std::lock_guard lock(mutex_);
  if (poison_text_.empty()) poison_text_ = "The journal stopped earlier. " + error.message;
  return error;
}

Error Journal::Impl::full() const {
  Error error = make_error(Errc::busy, {},
                           "The journal's " + std::to_string(segments_max_) + " segments of " +
                               std::to_string(segment_bytes_) +
                               " bytes hold effects that are not applied yet.",
                           "Wait for the applier, or open with a larger journal_bytes_max.");
  error.retry_safe = true;
  return error;
}

Result<std::size_t> Journal::Impl::payload_of(std::span<const EffectBytes> effects) const {
  if (effects.empty()) {
    return make_error(Errc::invalid_argument, {}, "A journal group without an effect.",
                      "Append at least one effect.");
  }
  constexpr std::uint64_t kCost = 8;  // What group_bytes_max() promises to count for each effect.
  std::uint64_t cost = 0;
  std::size_t payload = 0;
  for (const EffectBytes effect : effects) {
    cost += kCost + std::min<std::uint64_t>(effect.size(), payload_max_ + 1);
    payload += kEffectLengthBytes + effect.size();
    if (cost > payload_max_) {
      return make_error(Errc::invalid_argument, {},
                        "A group of " + std::to_string(effects.size()) +
                            " effects is larger than the " + std::to_string(payload_max_) +
                            " bytes one group may have.",
                        "Make the batch smaller or the journal's segments larger.");
    }
  }
  return payload;
}

Result<std::uint64_t> Journal::Impl::append(std::span<const EffectBytes> effects,
                                            bool use_reserve) {
  if (auto usable = check_usable(); !usable) return usable.error();
  const auto payload = payload_of(effects);
  if (!payload) return payload.error();
  GroupHeader header;
  header.effect_count = static_cast<std::uint32_t>(effects.size());
  header.payload_bytes = static_cast<std::uint32_t>(*payload);
  const std::size_t total = header.total_bytes();
  if (buffer_.size() < total) buffer_.resize(total);
  if (auto room = make_room(total, use_reserve); !room) return room.error();
  // The host may have lowered the limit since the segment was readied.
  if (exceeds_size_limit(offset_ + total)) {
    return system_error(EFBIG, pool_.path_of(current_.front()), "Cannot write to the journal");
  }

  Segment& segment = current_.front();
  header.generation = segment.generation;
  header.first_sequence = next_sequence_.load(std::memory_order_relaxed);
  header.synced_sequence = synced_sequence_.load(std::memory_order_acquire);
  header.previous_checksum = previous_checksum_;
  encode_group(header, effects, segment.seed, buffer_.data());
  const auto bytes = std::span<const std::byte>(buffer_).first(total);
  if (const int error = write_at(segment.fd.get(), bytes, offset_); error != 0) {
    return poison(error, segment, "Cannot write to the journal");
  }
  offset_ += total;
  previous_checksum_ = header.checksum;
  const std::uint64_t last = header.last_sequence();
  const std::lock_guard lock(mutex_);
  segment.last_sequence = last;
  segment.dirty = true;
  appended_sequence_ = last;
  appended_bytes_.fetch_add(total, std::memory_order_relaxed);
  next_sequence_.store(last + 1, std::memory_order_release);
  return last;
}

Result<void> Journal::Impl::make_room(std::size_t total, bool use_reserve) {
  if (offset_ + total > segment_bytes_) return switch_segment(use_reserve);
  if (!on_reserve_ || use_reserve) return {};
  const std::lock_guard lock(mutex_);
  if (ready_.empty() && free_.empty()) return full();
  on_reserve_ = false;
  return {};
}

/// Under mutex_: moves on if so many segments are at hand, one of them ready.
bool Journal::Impl::take_ready(std::size_t needed, bool use_reserve) {
  if (ready_.empty() || ready_.size() + free_.size() < needed) return false;
  retired_.splice(retired_.end(), current_);
  current_.splice(current_.end(), ready_);
  segments_begun_.fetch_add(1, std::memory_order_relaxed);
  offset_ = kSegmentHeaderBytes;
  on_reserve_ = use_reserve && free_.empty();
  return true;
}

Result<void> Journal::Impl::switch_segment(bool use_reserve) {
  // One more than is taken must exist, on disk and not just within bytes_max, for the reserve.
  const std::size_t needed = use_reserve ? 1 : 2;
  {
    const std::lock_guard lock(mutex_);
    if (take_ready(needed, use_reserve)) return {};
    if (retired_.size() + 1 + needed > segments_max_) return full();
  }
  const std::lock_guard preparing(prepare_mutex_);
  for (;;) {
    bool have_ready = false;
    std::size_t spare = 0;
    {
      const std::lock_guard lock(mutex_);
      if (take_ready(needed, use_reserve)) return {};
      have_ready = !ready_.empty();
      spare = ready_.size() + free_.size();
    }
    if (!have_ready && spare > 0) {
      if (auto readied = ready_one(); !readied) return readied;
    } else {
      if (auto created = create_one(); !created) return created;
    }
  }
}

/// Under prepare_mutex_: adds a blank segment to the free ones.
Result<void> Journal::Impl::create_one() {
  if (segments_total_.load(std::memory_order_relaxed) >= segments_max_) return full();
  auto created = pool_.create();
  if (!created) return created.error();
  const std::lock_guard lock(mutex_);
  free_.splice(free_.end(), *created);
  segments_total_.fetch_add(1, std::memory_order_relaxed);
  return {};
}

/// Under prepare_mutex_, with a free segment: readies the oldest.
Result<void> Journal::Impl::ready_one() {
  SegmentList segment;
  {
    const std::lock_guard lock(mutex_);
    segment.splice(segment.end(), free_, free_.begin());
  }
  const auto ready = [&] {
    try {
      return pool_.ready(segment.front());
    } catch (const std::bad_alloc&) {
      // Back to where it was: the next attempt takes this one again, with the same generation.
      const std::lock_guard lock(mutex_);
      free_.splice(free_.begin(), segment);
      throw;
    }
  };
  auto readied = ready();
  if (readied) {
    const std::lock_guard lock(mutex_);
    ready_.splice(ready_.end(), segment);
    return {};
  }
  // What its header is by now is unknown. Once the file is gone for good its generation can go to
  // another; if it cannot be removed, two files might claim one generation.
  segments_total_.fetch_sub(1, std::memory_order_relaxed);
  try {
    const std::string path = pool_.path_of(segment.front());
    auto removed = pool_.remove(std::move(segment));
    if (removed) return readied;
    static_cast<void>(poison(removed.error().system, path, "Cannot remove a journal segment"));
  } catch (const std::bad_alloc&) {
    stop();
    throw;
  }
  return readied;
}

Result<std::uint64_t> Journal::Impl::sync() {
  const std::lock_guard syncing(sync_mutex_);
  if (auto usable = check_usable(); !usable) return usable.error();
  std::uint64_t target = 0;
  std::uint64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    target = appended_sequence_;
    bytes = appended_bytes_.load(std::memory_order_relaxed);
    syncing_.clear();
    // Each sync takes on all that is unsynced, so that is always a stretch at the end.
    for (auto segment = retired_.rbegin(); segment != retired_.rend() && segment->dirty;
         ++segment) {
      syncing_.push_back(&*segment);
      segment->dirty = false;
    }
    std::reverse(syncing_.begin(), syncing_.end());
    if (current_.front().dirty) syncing_.push_back(&current_.front());
    current_.front().dirty = false;
  }
  // The older first. None of them can be recycled meanwhile: they end above what is synced.
  for (const Segment* segment : syncing_) {
    if (const int error = sync_data(segment->fd.get()); error != 0) {
      return poison(error, *segment, "Cannot sync the journal");
    }
    if (!pool_.is_in_place(*segment)) {
      return poison(ENOENT, *segment,
                    "A journal segment was deleted, renamed or replaced while in use");
    }
  }
  synced_bytes_.store(bytes, std::memory_order_relaxed);
  synced_sequence_.store(target, std::memory_order_release);
  return target;
}

void Journal::Impl::release(std::uint64_t applied_sequence) noexcept {
  const std::lock_guard lock(mutex_);
  const auto synced = synced_sequence_.load(std::memory_order_acquire);
  released_sequence_ = std::max(released_sequence_, std::min(applied_sequence, synced));
  while (!retired_.empty() && retired_.front().last_sequence <= released_sequence_) {
    free_.splice(free_.end(), retired_, retired_.begin());
  }
}

Result<bool> Journal::Impl::prepare_ahead() {
  if (auto usable = check_usable(); !usable) return usable.error();
  const std::lock_guard preparing(prepare_mutex_);
  bool have_ready = false;
  std::size_t spare = 0;
  {
    const std::lock_guard lock(mutex_);
    have_ready = !ready_.empty();
    spare = ready_.size() + free_.size();
  }
  const bool may_create = segments_total_.load(std::memory_order_relaxed) < segments_max_;
  if (!have_ready) {
    if (spare == 0 && !may_create) return false;
    if (spare == 0) {
      if (auto created = create_one(); !created) return created.error();
    }
    if (auto readied = ready_one(); !readied) return readied.error();
    return true;
  }
  // One to take and one behind it, so that taking it does not use up the reserve.
  if (spare >= 2 || !may_create) return false;
  if (auto created = create_one(); !created) return created.error();
  return true;
}

Result<void> Journal::Impl::close_empty() {
  const std::scoped_lock alone(sync_mutex_, prepare_mutex_);
  if (auto usable = check_usable(); !usable) return usable;
  SegmentList all;
  std::uint64_t last = 0;
  {
    const std::lock_guard lock(mutex_);
    last = appended_sequence_;
    if (released_sequence_ < last) {
      return make_error(Errc::invalid_argument, {},
                        "Effects up to " + std::to_string(last) + " were appended but only up to " +
                            std::to_string(released_sequence_) + " released.",
                        "Apply and release everything first.");
    }
    // The mark goes to a segment that holds nothing, if there is one.
    for (SegmentList* list : {&ready_, &free_, &retired_, &current_}) all.splice(all.end(), *list);
    closed_ = true;
    stopped_.store(true, std::memory_order_release);
  }
  if (auto closed = pool_.close(all.front(), last); !closed) return closed;
  SegmentList surplus;
  const auto kept = static_cast<std::ptrdiff_t>(std::min<std::size_t>(all.size(), 2));
  surplus.splice(surplus.end(), all, std::next(all.begin(), kept), all.end());
  segments_total_.store(all.size(), std::memory_order_relaxed);
  if (surplus.empty()) return {};
  if (auto removed = pool_.remove(std::move(surplus)); !removed) {
    // The journal is empty all the same; what is left over is reused by the next open.
    pool_.log(LogLevel::warning,
              "journal: cannot remove surplus segments: " + removed.error().message);
  }
  return {};
}

Result<void> Journal::Impl::check_folder() const {
  if (pool_.folder_is_in_place()) return {};
  return make_error(Errc::needs_reopen, pool_.folder_path(),
                    "The journal's folder was renamed, deleted or replaced while in use.",
                    "Put it back, then close the store and open it again.");
}

std::uint64_t Journal::Impl::bytes_live() const noexcept {
  const std::lock_guard lock(mutex_);
  const bool current_live =
      !current_.empty() && current_.front().last_sequence > released_sequence_;
  return (retired_.size() + (current_live ? 1 : 0)) * segment_bytes_;
}

Journal::Journal(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::open(JournalOptions options, std::uint64_t epoch,
                                               std::uint64_t last_sequence) {
  const std::uint64_t bytes = options.segment_bytes;
  if (bytes < kJournalSegmentBytesMin || bytes > kJournalSegmentBytesMax ||
      bytes % kSegmentHeaderBytes != 0) {
    return make_error(Errc::invalid_argument, "journal_segment_bytes",
                      "A segment of " + std::to_string(bytes) + " bytes.",
                      "Choose a multiple of " + std::to_string(kSegmentHeaderBytes) + " from " +
                          std::to_string(kJournalSegmentBytesMin) + " to " +
                          std::to_string(kJournalSegmentBytesMax) + ".");
  }
  if (options.bytes_max / bytes < kSegmentsMin) {
    return make_error(
        Errc::invalid_argument, "journal_bytes_max",
        std::to_string(options.bytes_max) + " bytes for segments of " + std::to_string(bytes) + ".",
        "Allow at least " + std::to_string(kSegmentsMin) + " segments.");
  }
  PoolOptions pool_options{.directory = options.directory,
                           .store_id = options.store_id,
                           .segment_bytes = bytes,
                           .segments_max = std::min(options.bytes_max / bytes, kSegmentsMax),
                           .log = std::move(options.log)};
  SegmentList current;
  SegmentList free;
  auto pool = SegmentPool::open(std::move(pool_options), epoch, last_sequence, current, free);
  if (!pool) return pool.error();
  return std::unique_ptr<Journal>(new Journal(std::make_unique<Impl>(
      options, std::move(*pool), std::move(current), std::move(free), last_sequence)));
}

Result<std::uint64_t> Journal::append(std::span<const EffectBytes> effects, bool use_reserve) {
  return impl_->append(effects, use_reserve);
}

Result<std::uint64_t> Journal::sync() { return impl_->sync(); }

std::uint64_t Journal::next_sequence() const noexcept {
  return impl_->next_sequence_.load(std::memory_order_acquire);
}

std::uint64_t Journal::synced_sequence() const noexcept {
  return impl_->synced_sequence_.load(std::memory_order_acquire);
}

std::uint64_t Journal::unsynced_bytes() const noexcept {
  // In this order the difference cannot be negative.
  const std::uint64_t synced = impl_->synced_bytes_.load(std::memory_order_acquire);
  return impl_->appended_bytes_.load(std::memory_order_acquire) - synced;
}

bool Journal::poisoned() const noexcept { return impl_->poisoned_.load(std::memory_order_acquire); }

std::uint64_t Journal::bytes_total() const noexcept {
  return impl_->segments_total_.load(std::memory_order_acquire) * impl_->segment_bytes_;
}

std::uint64_t Journal::bytes_live() const noexcept { return impl_->bytes_live(); }

std::uint64_t Journal::segments_begun() const noexcept {
  return impl_->segments_begun_.load(std::memory_order_relaxed);
}

std::uint64_t Journal::group_bytes_max() const noexcept { return impl_->payload_max_; }

void Journal::release(std::uint64_t applied_sequence) noexcept { impl_->release(applied_sequence); }

Result<bool> Journal::prepare_ahead() { return impl_->prepare_ahead(); }

Result<void> Journal::close_empty() { return impl_->close_empty(); }

Result<void> Journal::check_folder() const { return impl_->check_folder(); }

}  // namespace milepost::journal
