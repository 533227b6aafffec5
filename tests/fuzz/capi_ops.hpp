// SPDX-License-Identifier: Apache-2.0
//
// OpMachine: bytes become calls of milepost.h, with handles that may be good, stale, another kind's
// or invented, and arguments that may be odd. It keeps what calls hand out, and checks of each call
// that its status, its error and its outputs agree.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"

#include "milepost/milepost.h"

namespace milepost::fuzz {

/// A struct with room behind it, so that a `struct_size` that is not its own stays a fault of the
/// argument and none of memory.
template <typename Struct>
struct Roomy {
  Struct value{};
  unsigned char tail[256] = {};
};

class OpMachine {
 public:
  OpMachine(Bytes& bytes, std::string directory);
  ~OpMachine();
  OpMachine(const OpMachine&) = delete;
  OpMachine& operator=(const OpMachine&) = delete;

  /// Makes calls until the bytes end.
  void run();

 private:
  void one();
  // capi_ops.cpp
  void open();
  void command();
  void apply();
  // capi_ops_reads.cpp
  void read_one();
  void read_many();
  void upkeep();
  void purge();
  void bulk();
  // capi_ops_results.cpp
  void texts();
  void transfer();
  void work();
  void look_at_results();
  void look_at_runs();
  void free_something();

  /// Judges a call: the status is one of those there are, and the error says the same.
  milepost_status check(milepost_status status);
  /// A made handle, or another number.
  template <typename Handle>
  Handle pick(std::vector<Handle>& from);
  /// Keeps what a call made; it is zero where the call failed.
  template <typename Handle>
  void keep(milepost_status status, const Handle& made, std::vector<Handle>& in);

  [[nodiscard]] milepost_id id();
  [[nodiscard]] const milepost_id* maybe_id();
  [[nodiscard]] milepost_text text();
  [[nodiscard]] std::int64_t timeout();
  [[nodiscard]] std::uint64_t limit();
  [[nodiscard]] std::int32_t number(std::int32_t usual_max);
  [[nodiscard]] std::uint8_t boolean();
  [[nodiscard]] milepost_error* error();
  /// Mostly leaves a struct as it is; else its size, or some byte of it, becomes another.
  template <typename Struct>
  void bend(Roomy<Struct>& roomy);
  /// A struct for an answer.
  template <typename Struct>
  Roomy<Struct> answer();
  [[nodiscard]] Roomy<milepost_command> any_command();
  [[nodiscard]] Roomy<milepost_page_options> any_page();
  [[nodiscard]] Roomy<milepost_filter> any_filter();
  [[nodiscard]] Roomy<milepost_step_options> any_step();
  [[nodiscard]] std::string any_place();

  Bytes& bytes_;
  const std::string directory_;
  milepost_error error_{};
  bool error_given_ = false;
  milepost_id kept_id_{};
  std::deque<std::string> texts_{};  ///< Whose bytes stay where they are.
  std::vector<milepost_tracker> trackers_{};
  std::vector<milepost_snapshot> snapshots_{};
  std::vector<milepost_subscription> subscriptions_{};
  std::vector<milepost_export> exports_{};
  std::vector<milepost_import> imports_{};
  std::vector<milepost_work> works_{};
  std::vector<milepost_runs> runs_{};
  std::vector<milepost_outcomes> outcomes_{};
  std::vector<milepost_changes> changes_{};
  std::vector<milepost_json_page> json_pages_{};
  std::vector<milepost_stats> stats_{};
};

template <typename Struct>
void OpMachine::bend(Roomy<Struct>& roomy) {
  const std::uint8_t how = bytes_.take<std::uint8_t>();
  if (how < 236) return;
  auto* const raw = reinterpret_cast<unsigned char*>(&roomy);
  if (how < 246) {
    roomy.value.struct_size = bytes_.below<std::uint32_t>(sizeof roomy);
  } else {
    // Never within a text's pointer or size: those are the caller's to get right.
    raw[sizeof roomy.value + bytes_.below(sizeof roomy.tail)] = bytes_.take<std::uint8_t>();
    roomy.value.struct_size = bytes_.below<std::uint32_t>(sizeof roomy);
  }
}

template <typename Struct>
Roomy<Struct> OpMachine::answer() {
  Roomy<Struct> made;
  made.value.struct_size = sizeof made.value;
  bend(made);
  return made;
}

template <typename Handle>
Handle OpMachine::pick(std::vector<Handle>& from) {
  const std::uint8_t which = bytes_.take<std::uint8_t>();
  if (which >= 250) return Handle{bytes_.take<std::uint64_t>()};
  if (from.empty()) return Handle{0};
  return from[which % from.size()];
}

template <typename Handle>
void OpMachine::keep(milepost_status status, const Handle& made, std::vector<Handle>& in) {
  require((status == MILEPOST_OK) == (made.value != 0), "a handle exactly where the call succeeds");
  if (made.value != 0) in.push_back(made);
}

}  // namespace milepost::fuzz
