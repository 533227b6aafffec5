// SPDX-License-Identifier: Apache-2.0
//
// The machine, its arguments, and the calls on a store.
#include "fuzz/capi_ops.hpp"

#include <array>
#include <atomic>

namespace milepost::fuzz {
namespace {

constexpr std::int64_t kWaitMs = 20;
constexpr std::size_t kOpsMax = 120;
constexpr std::size_t kKeptMax = 8;
/// A text that is longer than is read; only its size is looked at.
constexpr std::size_t kTooLong = std::size_t{MILEPOST_TEXT_SIZE_MAX} + 1;

std::atomic<std::size_t> heard_bytes{0};

/// Reads all of it. Called from any thread.
void hear(void* user, std::int32_t, const char* text, std::size_t size) {
  auto& heard = *static_cast<std::atomic<std::size_t>*>(user);
  for (std::size_t i = 0; i < size; ++i) heard += static_cast<unsigned char>(text[i]);
}

}  // namespace

OpMachine::OpMachine(Bytes& bytes, std::string directory)
    : bytes_(bytes), directory_(std::move(directory)) {}

OpMachine::~OpMachine() {
  for (const auto each : snapshots_) milepost_snapshot_free(each);
  for (const auto each : subscriptions_) milepost_subscription_free(each);
  for (const auto each : exports_) milepost_export_free(each);
  for (const auto each : imports_) milepost_import_free(each);
  for (const auto each : trackers_) (void)milepost_tracker_close(each, nullptr);
  for (const auto each : works_) milepost_work_free(each);
  for (const auto each : runs_) milepost_runs_free(each);
  for (const auto each : outcomes_) milepost_outcomes_free(each);
  for (const auto each : changes_) milepost_changes_free(each);
  for (const auto each : json_pages_) milepost_json_page_free(each);
  for (const auto each : stats_) milepost_stats_free(each);
}

void OpMachine::run() {
  open();
  for (std::size_t i = 0; i < kOpsMax && !bytes_.empty(); ++i) one();
}

void OpMachine::one() {
  switch (bytes_.below<unsigned>(16)) {
    case 0:
      return open();
    case 1:
    case 2:
    case 3:
    case 4:
      return command();
    case 5:
      return apply();
    case 6:
    case 7:
      return read_one();
    case 8:
    case 9:
      return read_many();
    case 10:
      return upkeep();
    case 11:
      return texts();
    case 12:
      return transfer();
    case 13:
      return work();
    case 14:
      return look_at_results();
    default:
      return free_something();
  }
}

milepost_status OpMachine::check(milepost_status status) {
  require(status <= MILEPOST_OK && status >= MILEPOST_E_INTERNAL, "a status there is");
  require(status != MILEPOST_E_INTERNAL && status != MILEPOST_E_CORRUPT, "nothing breaks");
  require(std::string_view(milepost_error_name(status)) != "unknown");
  if (!error_given_) return status;
  require(error_.code == status, "the error says the same");
  const std::string_view message(error_.message, sizeof error_.message);
  require(message.find('\0') != std::string_view::npos, "its words have an end");
  require((status == MILEPOST_OK) == (error_.message[0] == '\0'), "words exactly where it fails");
  return status;
}

milepost_error* OpMachine::error() {
  error_given_ = false;
  const std::uint8_t which = bytes_.take<std::uint8_t>();
  if (which > 250) return nullptr;
  error_ = {};
  error_.struct_size = sizeof error_;
  if (which > 245) {
    error_.struct_size = bytes_.below<std::uint32_t>(sizeof error_);
    return &error_;
  }
  error_given_ = true;
  return &error_;
}

/// Few, so that calls meet the same runs.
milepost_id OpMachine::id() {
  milepost_id made{};
  const std::uint8_t which = bytes_.take<std::uint8_t>();
  if (which >= 240) return bytes_.take<milepost_id>();
  made.bytes[6] = 0x40;
  made.bytes[8] = 0x80;
  made.bytes[15] = static_cast<std::uint8_t>(which % 6);
  return made;
}

const milepost_id* OpMachine::maybe_id() {
  const std::uint8_t which = bytes_.take<std::uint8_t>();
  if (which % 4 != 0) return nullptr;
  kept_id_ = id();
  return &kept_id_;
}

milepost_text OpMachine::text() {
  const std::uint8_t which = bytes_.take<std::uint8_t>();
  if (which < 128) return {nullptr, 0};
  if (which == 255) return {nullptr, 1 + bytes_.below<std::size_t>(100)};
  if (which == 254) return {"", kTooLong};
  if (which == 253) {
    texts_.emplace_back(bytes_.below<std::size_t>(6'000), static_cast<char>(which));
  } else {
    texts_.push_back(bytes_.text(bytes_.below<std::size_t>(24)));
  }
  return {texts_.back().data(), texts_.back().size()};
}

std::int64_t OpMachine::timeout() {
  constexpr std::array<std::int64_t, 7> kTimes{0,       1,  5,        MILEPOST_TIMEOUT_DEFAULT,
                                               kWaitMs, -2, INT64_MIN};
  return kTimes[bytes_.below(kTimes.size())];
}

std::uint64_t OpMachine::limit() {
  constexpr std::array<std::uint64_t, 8> kLimits{
      1, 2, 100, 1'000, 0, 10'001, std::uint64_t{1} << 31, ~std::uint64_t{0}};
  return kLimits[bytes_.below(kLimits.size())];
}

std::int32_t OpMachine::number(std::int32_t usual_max) {
  const std::uint8_t which = bytes_.take<std::uint8_t>();
  if (which >= 248) return bytes_.take<std::int32_t>();
  return which % (usual_max + 1);
}

std::uint8_t OpMachine::boolean() {
  const std::uint8_t which = bytes_.take<std::uint8_t>();
  return static_cast<std::uint8_t>(which >= 250 ? which : which & 1);
}

std::string OpMachine::any_place() {
  constexpr std::array<const char*, 5> kNames{"/store", "/other", "/copy", "/none/at/all", ""};
  return directory_ + kNames[bytes_.below(kNames.size())];
}

void OpMachine::open() {
  Roomy<milepost_open_options> options;
  require(milepost_open_options_init(&options.value, sizeof options.value) == MILEPOST_OK);
  // The first byte of few texts is a folder's: a store is where most calls find one.
  const std::string place = bytes_.below<unsigned>(8) != 0 ? directory_ + "/store" : any_place();
  options.value.directory = {place.data(), place.size()};
  options.value.map_size_start = 1u << 20;
  options.value.journal_segment_bytes = 64u << 10;
  options.value.journal_bytes_max = 256u << 10;
  options.value.wait_max_ms = kWaitMs;
  options.value.readers_max = 64;
  options.value.manual_clock = boolean();
  options.value.clock = bytes_.take<std::int64_t>() >> 8;
  options.value.durability = bytes_.flag() ? MILEPOST_RELAXED : MILEPOST_DURABLE;
  options.value.log = hear;
  options.value.log_user = &heard_bytes;
  switch (bytes_.below<unsigned>(24)) {
    case 0:
      options.value.durability = bytes_.take<std::int32_t>();
      break;
    case 1:
      options.value.read_only = boolean();
      break;
    case 2:
      options.value.create = boolean();
      break;
    case 3:
      options.value.feed_retention = bytes_.take<std::uint64_t>() >> bytes_.below<unsigned>(64);
      break;
    case 4:
      options.value.publish_interval_ms = bytes_.take<std::int64_t>();
      break;
    case 5:
      options.value.snapshot_age_max_ms = bytes_.take<std::int32_t>();
      break;
    case 6:
      options.value.idempotency_key_lifetime_s = bytes_.take<std::int64_t>();
      break;
    case 7:
      options.value.recent_bytes_max = bytes_.take<std::uint64_t>();
      break;
    case 8:
      options.value.directory = text();
      // Somewhere else is no place for a test's store.
      if (options.value.directory.data != nullptr) options.value.directory.size = 0;
      break;
    default:
      break;
  }
  bend(options);
  milepost_tracker made{bytes_.take<std::uint8_t>()};
  const bool has_place = trackers_.size() < kKeptMax;
  if (!has_place) return;
  keep(check(milepost_tracker_open(&options.value, &made, error())), made, trackers_);
}

Roomy<milepost_step_options> OpMachine::any_step() {
  Roomy<milepost_step_options> step;
  require(milepost_step_options_init(&step.value, sizeof step.value) == MILEPOST_OK);
  if (bytes_.below<unsigned>(3) == 0) {
    step.value.has_fencing_token = boolean();
    step.value.fencing_token = bytes_.below<std::uint64_t>(4);
    step.value.only_if_expired = boolean();
    step.value.owner = text();
    step.value.lease_ms =
        bytes_.flag() ? bytes_.below<std::int64_t>(50) : bytes_.take<std::int64_t>();
    if (bytes_.below<unsigned>(4) == 0) step.value.organization_id = id();
  }
  step.value.timeout_ms = timeout();
  bend(step);
  return step;
}

Roomy<milepost_command> OpMachine::any_command() {
  Roomy<milepost_command> command;
  require(milepost_command_init(&command.value, sizeof command.value) == MILEPOST_OK);
  milepost_command& value = command.value;
  value.kind = 1 + number(7);
  value.run_id = id();
  value.has_run_id = value.kind == MILEPOST_COMMAND_CREATE ? boolean() : 0;
  if (value.kind == MILEPOST_COMMAND_CREATE || value.kind == MILEPOST_COMMAND_IMPORT) {
    value.journey_id = id();
    value.profile_id = id();
  }
  if (value.kind == MILEPOST_COMMAND_IMPORT) {
    value.has_triggered_at = 1;
    value.status = number(4);
    value.triggered_at = bytes_.take<std::int64_t>() >> 8;
    value.has_completed_at = boolean();
    value.completed_at = value.triggered_at + bytes_.below<std::int64_t>(100);
  }
  if (value.kind == MILEPOST_COMMAND_HEARTBEAT) value.lease_ms = bytes_.below<std::int64_t>(1'000);
  switch (bytes_.below<unsigned>(8)) {
    case 0:
      value.owner = text();
      break;
    case 1:
      value.idempotency_key = text();
      break;
    case 2:
      value.error = text();
      break;
    case 3:
      value.organization_id = id();
      break;
    case 4:
      value.has_triggered_at = boolean();
      value.triggered_at = bytes_.take<std::int64_t>();
      break;
    case 5:
      value.lease_ms = bytes_.take<std::int64_t>();
      value.has_fencing_token = boolean();
      break;
    default:
      break;
  }
  bend(command);
  return command;
}

void OpMachine::command() {
  const milepost_tracker tracker = pick(trackers_);
  const milepost_id run_id = id();
  const Roomy<milepost_step_options> any = any_step();
  const milepost_step_options* const step = bytes_.flag() ? &any.value : nullptr;
  Roomy<milepost_outcome> outcome = answer<milepost_outcome>();
  std::array<char, 64> room{};
  char* const buffer = bytes_.flag() ? room.data() : nullptr;
  const std::size_t capacity = buffer != nullptr ? bytes_.below(room.size() + 1) : 0;
  milepost_outcome* const out = bytes_.below<unsigned>(32) == 0 ? nullptr : &outcome.value;
  switch (bytes_.below<unsigned>(8)) {
    case 0:
    case 1: {
      const Roomy<milepost_command> create = any_command();
      (void)check(milepost_tracker_create(tracker, &create.value, timeout(), out, buffer, capacity,
                                          error()));
      return;
    }
    case 2:
      (void)check(milepost_tracker_start(tracker, &run_id, step, out, buffer, capacity, error()));
      return;
    case 3:
      (void)check(
          milepost_tracker_complete(tracker, &run_id, step, out, buffer, capacity, error()));
      return;
    case 4: {
      const milepost_text why = text();
      (void)check(milepost_tracker_fail(tracker, &run_id, why.data, why.size, step, out, buffer,
                                        capacity, error()));
      return;
    }
    case 5:
      (void)check(milepost_tracker_exit(tracker, &run_id, step, out, buffer, capacity, error()));
      return;
    case 6:
      (void)check(milepost_tracker_adopt(tracker, &run_id, step, out, buffer, capacity, error()));
      return;
    default:
      (void)check(milepost_tracker_heartbeat(tracker, &run_id, bytes_.below<std::int64_t>(500),
                                             step, out, buffer, capacity, error()));
  }
}

void OpMachine::apply() {
  std::vector<milepost_command> commands;
  for (std::size_t i = bytes_.below<std::size_t>(5); i > 0; --i) {
    commands.push_back(any_command().value);
    commands.back().struct_size = sizeof(milepost_command);
  }
  milepost_outcomes made{bytes_.take<std::uint8_t>()};
  const std::size_t count = bytes_.below<unsigned>(40) == 0 ? 10'001 : commands.size();
  const milepost_tracker tracker = pick(trackers_);
  keep(check(milepost_tracker_apply(tracker, commands.data(), count, timeout(), &made, error())),
       made, outcomes_);
}

}  // namespace milepost::fuzz
