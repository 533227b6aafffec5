// SPDX-License-Identifier: Apache-2.0
//
// A failure here is only a warning: the leader that needs the segment tries again and reports.
#include "store/housekeeper.hpp"

#include <new>
#include <string>

namespace milepost::store {

Housekeeper::Housekeeper(journal::Journal& journal,
                         std::function<void(LogLevel, std::string_view)> log)
    : journal_(journal), log_(std::move(log)), thread_([this] { run(); }) {}

Housekeeper::~Housekeeper() { stop(); }

void Housekeeper::wake() noexcept {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  work_.notify_one();
}

void Housekeeper::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Housekeeper::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return wanted_ || stopping_; });
      if (stopping_) return;
      wanted_ = false;
    }
    try {
      prepare();
    } catch (const std::bad_alloc&) {
      continue;  // The leader that needs the segment tries again.
    }
  }
}

void Housekeeper::prepare() {
  for (;;) {
    auto prepared = journal_.prepare_ahead();
    if (prepared && *prepared) continue;
    if (!prepared) {
      log_(LogLevel::warning,
           "No journal segment could be readied: " + to_string(prepared.error()));
    }
    return;
  }
}

}  // namespace milepost::store
