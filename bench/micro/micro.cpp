// SPDX-License-Identifier: Apache-2.0
//
// The pieces of a step and of a read one by one. Run as it is, Google Benchmark times them; with
// `--count NAME N` one piece runs N times and nothing else, which is what count_instructions.sh
// gives to callgrind. A piece yields a value so that no compiler can leave it out.
#include <array>
#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <stdlib.h>
#include <string>
#include <vector>

#include "bench/micro/c_piece.hpp"
#include "core/decide.hpp"
#include "core/record_codec.hpp"
#include "core/run_json.hpp"

#include "milepost/milepost.hpp"

namespace {

using milepost::CompleteCommand;
using milepost::CreateCommand;
using milepost::Instant;
using milepost::RunStatus;
using milepost::StartCommand;
using milepost::Uuid;
namespace core = milepost::core;

constexpr unsigned kRuns = 20'000;
constexpr unsigned kMany = 100;
constexpr unsigned kBatch = 1'000;

Uuid id_of(std::uint32_t number) {
  Uuid id{};
  std::memcpy(id.data, &number, sizeof number);
  id.data[6] = 0x70;
  id.data[8] = 0x80;
  return id;
}

core::RecordView record_in(RunStatus status) {
  core::RecordView record;
  record.run_id = id_of(1);
  record.journey_id = id_of(2);
  record.profile_id = id_of(3);
  record.status = status;
  record.triggered_at = Instant{std::chrono::microseconds{1'699'335'116'000'000}};
  if (status != RunStatus::queued) record.started_at = record.triggered_at;
  if (status == RunStatus::completed || status == RunStatus::failed) {
    record.completed_at = record.triggered_at + std::chrono::milliseconds(1234);
  }
  if (status == RunStatus::failed) record.error = "the mail server refused: 550 no such user";
  record.fencing_token = status == RunStatus::queued ? 0 : 1;
  record.created_sequence = 1;
  record.sequence = 2;
  return record;
}

/// One repetition; the number keeps repetitions apart.
using Piece = std::function<std::uint64_t(std::uint64_t)>;

Piece decide_piece(const milepost::Command& command, std::optional<core::RecordView> current) {
  return [command, current](std::uint64_t n) {
    const core::DecideContext context{
        .now = Instant{std::chrono::microseconds{1'700'000'000'000'000}}, .sequence = n};
    const core::Decision decision = core::decide(command, current ? &*current : nullptr, context);
    return static_cast<std::uint64_t>(decision.outcome);
  };
}

Piece render_piece(RunStatus status) {
  return [record = record_in(status), out = std::vector<char>(milepost::kRunJsonSizeMax)](
             std::uint64_t) mutable { return core::render_run_json(record, out); };
}

Piece encode_piece() {
  return [record = record_in(RunStatus::completed),
          out = std::array<std::byte, core::kRecordSizeMax>()](std::uint64_t) mutable {
    return core::encode_record(record, out);
  };
}

Piece decode_piece() {
  std::vector<std::byte> bytes(core::kRecordSizeMax);
  const core::RecordView record = record_in(RunStatus::completed);
  bytes.resize(core::encode_record(record, bytes));
  return [bytes, id = record.run_id](std::uint64_t) {
    const auto back = core::decode_record(id, bytes);
    return static_cast<std::uint64_t>(back ? back->sequence : 0);
  };
}

/// A tracker in a folder of its own, which publishes when it is asked or has to, and not by time:
/// so the same work costs the same instructions however slow the machine is.
class Opened {
 public:
  Opened(std::size_t recent_bytes_max, milepost::Durability durability) {
    std::string name = (std::filesystem::temp_directory_path() / "milepost-micro-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
    folder_ = name;
    milepost::OpenOptions options{.directory = folder_.string()};
    options.recent_bytes_max = recent_bytes_max;
    options.durability = durability;
    options.publish_interval = std::chrono::hours(1);
    tracker_.emplace(milepost::Tracker::open(options).value());
  }
  /// Closing publishes what is left.
  ~Opened() {
    tracker_.reset();
    std::filesystem::remove_all(folder_);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  [[nodiscard]] milepost::Tracker& tracker() { return *tracker_; }

 private:
  std::filesystem::path folder_;
  std::optional<milepost::Tracker> tracker_;
};

/// One with kRuns queued runs.
class Filled : public Opened {
 public:
  explicit Filled(std::size_t recent_bytes_max)
      : Opened(recent_bytes_max, milepost::Durability::relaxed) {
    std::vector<milepost::Command> commands;
    for (unsigned i = 0; i < kRuns; ++i) {
      commands.emplace_back(
          CreateCommand{.journey_id = id_of(2), .profile_id = id_of(3), .run_id = id_of(i)});
      if (commands.size() < 1'000) continue;
      (void)tracker().apply(commands).value();
      commands.clear();
    }
    tracker().flush().value();
  }
};

Uuid scattered(std::uint64_t n) { return id_of(static_cast<std::uint32_t>(n * 7'919 % kRuns)); }

Piece get_piece(std::size_t recent_bytes_max) {
  auto filled = std::make_shared<Filled>(recent_bytes_max);
  return [filled, out = std::vector<char>(milepost::kRunJsonSizeMax)](std::uint64_t n) mutable {
    return static_cast<std::uint64_t>(filled->tracker().get_json(scattered(n), out).value());
  };
}

Piece get_many_piece() {
  auto filled = std::make_shared<Filled>(1u << 16);
  return [filled, ids = std::vector<Uuid>(kMany)](std::uint64_t n) mutable {
    for (unsigned i = 0; i < kMany; ++i) ids[i] = scattered(n * kMany + i);
    return static_cast<std::uint64_t>(filled->tracker().get_many(ids).value().size());
  };
}

// Three durable steps from the caller's argument to the answer, and their share of the applier.
Piece life_piece() {
  auto opened = std::make_shared<Opened>(64u << 20, milepost::Durability::durable);
  return [opened](std::uint64_t n) {
    const Uuid id = id_of(static_cast<std::uint32_t>(n));
    milepost::Tracker& tracker = opened->tracker();
    tracker.create({.journey_id = id_of(2), .profile_id = id_of(3), .run_id = id})
        .value()
        .require_applied();
    tracker.start(id).value().require_applied();
    tracker.complete(id).value().require_applied();
    return n;
  };
}

// One run of a batch of kBatch, all indexes written; whole batches only.
Piece ingest_piece() {
  auto opened = std::make_shared<Opened>(64u << 20, milepost::Durability::durable);
  return [opened, commands = std::vector<milepost::Command>()](std::uint64_t n) mutable {
    commands.emplace_back(CreateCommand{.journey_id = id_of(2),
                                        .profile_id = id_of(3),
                                        .run_id = id_of(static_cast<std::uint32_t>(n))});
    if (commands.size() < kBatch) return n;
    n += opened->tracker().apply(commands).value().size();
    commands.clear();
    return n;
  };
}

struct Named {
  const char* name;
  std::function<Piece()> make;
};

const std::vector<Named>& pieces() {
  static const std::vector<Named> all{
      {"decide_create",
       [] {
         return decide_piece(
             CreateCommand{.journey_id = id_of(2), .profile_id = id_of(3), .run_id = id_of(1)},
             std::nullopt);
       }},
      {"decide_start",
       [] { return decide_piece(StartCommand{.run_id = id_of(1)}, record_in(RunStatus::queued)); }},
      {"decide_complete",
       [] {
         return decide_piece(CompleteCommand{.run_id = id_of(1)}, record_in(RunStatus::running));
       }},
      {"decide_refused",
       [] {
         return decide_piece(StartCommand{.run_id = id_of(1)}, record_in(RunStatus::completed));
       }},
      {"encode", encode_piece},
      {"decode", decode_piece},
      {"render_queued", [] { return render_piece(RunStatus::queued); }},
      {"render_completed", [] { return render_piece(RunStatus::completed); }},
      {"render_failed", [] { return render_piece(RunStatus::failed); }},
      {"get_recent", [] { return get_piece(64u << 20); }},
      {"get_recent_c",
       [] {
         return c_get_piece(
             kRuns, [](std::uint64_t n) { return static_cast<std::uint32_t>(n * 7'919 % kRuns); });
       }},
      {"get_stored", [] { return get_piece(1u << 16); }},
      {"get_many_100", get_many_piece},
      {"life", life_piece},
      {"ingest_run", ingest_piece}};
  return all;
}

int count(const std::string& name, std::uint64_t repetitions) {
  for (const Named& named : pieces()) {
    if (name != named.name) continue;
    const Piece piece = named.make();
    std::uint64_t sum = 0;
    for (std::uint64_t n = 0; n < repetitions; ++n) sum += piece(n);
    benchmark::DoNotOptimize(sum);
    return 0;
  }
  std::cerr << "milepost_micro: no piece is called " << name << '\n';
  return 2;
}

void time_piece(benchmark::State& state, const Named& named) {
  const Piece piece = named.make();
  std::uint64_t n = 0;
  for (auto _ : state) benchmark::DoNotOptimize(piece(n++));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--names") == 0) {
    for (const Named& named : pieces()) std::cout << named.name << '\n';
    return 0;
  }
  if (argc == 4 && std::strcmp(argv[1], "--count") == 0) {
    return count(argv[2], std::strtoull(argv[3], nullptr, 10));
  }
  for (const Named& named : pieces()) {
    benchmark::RegisterBenchmark(named.name,
                                 [&named](benchmark::State& state) { time_piece(state, named); });
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
