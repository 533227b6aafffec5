// SPDX-License-Identifier: Apache-2.0
//
// The workloads: what the threads of a process under test do, noting every call.
#include "common/workload.hpp"

#include <algorithm>
#include <thread>

#include "common/process.hpp"
#include "common/upkeep_work.hpp"

namespace milepost::crash {
namespace {

constexpr std::size_t kOwnerBytes = 200;   ///< Long owners fill journals faster than tables.
constexpr std::size_t kEffectBytes = 460;  ///< Of an effect without its error, generously.

std::string long_owner(const char* who, std::uint32_t slot) {
  std::string owner = who + std::to_string(slot);
  owner.resize(kOwnerBytes, '.');
  return owner;
}

CreateCommand create_command(std::uint64_t seed, std::uint32_t slot) {
  CreateCommand command;
  command.journey_id = uuid_of(mix(seed + slot % 5), 1);
  command.profile_id = uuid_of(mix(seed ^ slot), 2);
  command.run_id = slot_id(seed, slot);
  return command;
}

}  // namespace

Uuid uuid_of(std::uint64_t high, std::uint64_t low) {
  Uuid id{};
  for (std::size_t i = 0; i < 8; ++i) {
    id.data[i] = static_cast<std::uint8_t>(high >> (8 * i));
    id.data[i + 8] = static_cast<std::uint8_t>(low >> (8 * i));
  }
  id.data[6] = static_cast<std::uint8_t>((id.data[6] & 0x0f) | 0x40);
  id.data[8] = static_cast<std::uint8_t>((id.data[8] & 0x3f) | 0x80);
  return id;
}

OpenOptions small_store(const std::string& directory, Durability durability) {
  OpenOptions options;
  options.directory = directory;
  options.durability = durability;
  options.journal_segment_bytes = kJournalSegmentBytesMin;
  options.journal_bytes_max = 4 * kJournalSegmentBytesMin;
  options.map_size_start = kMapSizeMin;
  options.publish_interval = std::chrono::milliseconds(3);
  options.recent_bytes_max = 1u << 20;
  options.relaxed_bytes_max = 32u << 10;
  options.readers_max = 64;
  options.wait_max = std::chrono::seconds(20);
  return options;
}

OpenOptions upkeep_store(const std::string& directory, Durability durability, std::uint64_t seed) {
  OpenOptions options = small_store(directory, durability);
  if (mix(seed) % 2 == 0) options.feed_retention = 400;
  return options;
}

Uuid slot_id(std::uint64_t seed, std::uint32_t slot) {
  return uuid_of(mix(seed * 31 + slot), mix(seed + 977 * std::uint64_t{slot}));
}

Workload::Workload(Tracker& tracker, WorkloadOptions options)
    : tracker_(tracker),
      options_(std::move(options)),
      next_(options_.first_slot),
      offers_(options_.threads),
      next_copy_(options_.copies_from) {}

std::string Workload::run() {
  std::vector<std::thread> threads;
  std::thread follower;
  if (options_.feed) follower = std::thread([this] { feed_main(); });
  for (unsigned i = 1; i < options_.threads; ++i) {
    threads.emplace_back([this, i] { thread_main(i); });
  }
  thread_main(0);
  for (std::thread& thread : threads) thread.join();
  finished_ = true;
  if (follower.joinable()) follower.join();
  return failure_;
}

void Workload::thread_main(unsigned index) {
  const std::uint32_t end = options_.first_slot + options_.slots;
  while (!stopped()) {
    std::uint32_t count = 1;
    if (options_.upkeep) count = kCohortSize;
    if (options_.batches) count = 2 + static_cast<std::uint32_t>(mix(options_.seed + next_) % 24);
    const std::uint32_t slot = next_.fetch_add(count);
    if (slot + count > end || slot + count > kSlotsMax) return;
    if (options_.upkeep) {
      Cohort(*this, slot, index).run();
    } else if (options_.batches) {
      batch(slot, count);
    } else {
      lifecycle(slot, index);
    }
    if (mix(options_.seed ^ slot) % 61 == 0) flush_now();
  }
}

void Workload::complain(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (failure_.empty()) failure_ = text;
  failed_ = true;
}

void Workload::complain(const std::string& what, const Error& error) {
  complain(what + ": " + to_string(error));
}

Note Workload::begun(std::uint32_t slot, Step step, RunStatus target, std::size_t bytes) const {
  Note note;
  note.step = step;
  note.state = StepState::begun;
  note.target = target;
  note.slot = slot;
  note.bytes = static_cast<std::uint32_t>(kEffectBytes + bytes);
  return note;
}

void Workload::answer(Note& note, const Outcome& outcome) {
  note.state = StepState::answered;
  note.outcome = outcome.kind;
  if (outcome.has_run()) {
    note.sequence = outcome.run.sequence;
    note.digest = digest(outcome.run);
    note.run_id = outcome.run.run_id;
    note.id_known = 1;
    std::uint64_t now = answered_max_.load();
    while (now < note.sequence && !answered_max_.compare_exchange_weak(now, note.sequence)) {
    }
  }
  options_.note(note);
}

std::uint64_t Workload::step(Note note, const std::function<Result<Outcome>()>& call, Uuid* id) {
  options_.note(note);
  auto outcome = call();
  if (!outcome) {
    note.state = outcome.error().applied == Applied::no ? StepState::not_done : StepState::unknown;
    options_.note(note);
    complain("step " + std::to_string(static_cast<unsigned>(note.step)) + " of slot " +
                 std::to_string(note.slot),
             outcome.error());
    return 0;
  }
  answer(note, *outcome);
  if (id != nullptr && outcome->has_run()) *id = outcome->run.run_id;
  return note.sequence;
}

void Workload::lifecycle(std::uint32_t slot, unsigned index) {
  const std::uint64_t random = mix(options_.seed + slot * std::uint64_t{7919});
  CreateCommand command = create_command(options_.seed, slot);
  Uuid id = *command.run_id;
  const bool fresh = random % 8 == 7;
  if (fresh) command.run_id.reset();
  Note note = begun(slot, Step::create, RunStatus::queued, 0);
  note.run_id = id;
  note.id_known = fresh ? 0 : 1;
  std::uint64_t last = step(
      note, [&] { return tracker_.create(command); }, &id);
  if (last == 0) return;
  if (!fresh) offers_[index].store(slot + 1);
  help_a_neighbour(index, random >> 8);
  if ((random >> 16) % 8 == 0) return;  // stays queued
  const bool start = (random >> 20) % 8 != 0;
  const std::string owner = long_owner("worker-", slot);
  if (start) {
    last = std::max(last, step(begun(slot, Step::start, RunStatus::running, 0),
                               [&] { return tracker_.start(id, {.owner = owner}); }));
  }
  if (stopped() || (random >> 24) % 8 == 0) return;  // stays as it is
  const std::string text = error_text(options_.seed, slot, options_.error_size_max);
  const auto finish = [&](Step which) {
    const std::uint64_t kind = (random >> 28) % (options_.error_size_max > 0 ? 5 : 3);
    if (kind == 0 && start) {
      return step(begun(slot, which, RunStatus::completed, 16),
                  [&] { return tracker_.complete(id); });
    }
    if (kind == 1) {
      return step(begun(slot, which, RunStatus::exited, 16), [&] { return tracker_.exit(id); });
    }
    return step(begun(slot, which, RunStatus::failed, text.size()),
                [&] { return tracker_.fail(id, text); });
  };
  last = std::max(last, finish(Step::finish));
  if (!stopped() && (random >> 32) % 4 == 0) last = std::max(last, finish(Step::repeat));
  if (!stopped() && (random >> 36) % 2 == 0) check_read(slot, id, last);
}

/// Two workers may want the same run: one of them gets it.
void Workload::help_a_neighbour(unsigned index, std::uint64_t random) {
  if (options_.threads < 2 || random % 4 != 0) return;
  const std::uint32_t offer = offers_[(index + 1) % options_.threads].exchange(0);
  if (offer == 0) return;
  const Uuid id = slot_id(options_.seed, offer - 1);
  step(begun(offer - 1, Step::rival_start, RunStatus::running, 8),
       [&] { return tracker_.start(id, {.owner = "rival"}); });
}

void Workload::check_read(std::uint32_t slot, const Uuid& id, std::uint64_t at_least) {
  auto got = tracker_.get(id);
  if (!got) return complain("reading slot " + std::to_string(slot), got.error());
  if (!*got || (*got)->sequence < at_least) {
    return complain("slot " + std::to_string(slot) + ": a read does not show what was answered");
  }
  Note note;
  note.kind = NoteKind::seen;
  note.slot = slot;
  note.sequence = (*got)->sequence;
  options_.note(note);
}

void Workload::flush_now() {
  Note note;
  note.kind = NoteKind::firm;
  note.sequence = answered_max_.load();
  auto flushed = tracker_.flush();
  if (!flushed) return complain("flush", flushed.error());
  options_.note(note);
}

void Workload::batch(std::uint32_t slot, std::uint32_t count) {
  const std::string owner = long_owner("batch-", slot);
  for (unsigned round = 0; round < 2 && !stopped(); ++round) {
    std::vector<Command> commands;
    std::vector<Note> notes;
    std::vector<std::string> texts(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t at = slot + i;
      const Uuid id = slot_id(options_.seed, at);
      const auto add = [&](Command command, Note note) {
        note.batch = slot * 2 + round + 1;
        note.run_id = id;
        note.id_known = 1;
        commands.push_back(command);
        notes.push_back(note);
        options_.note(note);
      };
      if (round == 0) {
        add(create_command(options_.seed, at), begun(at, Step::create, RunStatus::queued, 0));
        if (at % 3 != 0) {
          add(StartCommand{.run_id = id, .owner = owner},
              begun(at, Step::start, RunStatus::running, 0));
        }
      } else if (at % 5 != 0) {
        texts[i] = error_text(options_.seed, at, options_.error_size_max);
        add(FailCommand{.run_id = id, .error = texts[i]},
            begun(at, Step::finish, RunStatus::failed, texts[i].size()));
      } else {
        add(ExitCommand{.run_id = id}, begun(at, Step::finish, RunStatus::exited, 0));
      }
    }
    auto outcomes = tracker_.apply(commands);
    if (!outcomes) {
      for (Note& note : notes) {
        note.state =
            outcomes.error().applied == Applied::no ? StepState::not_done : StepState::unknown;
        options_.note(note);
      }
      return complain("the batch of slot " + std::to_string(slot), outcomes.error());
    }
    for (std::size_t i = 0; i < notes.size(); ++i) answer(notes[i], (*outcomes)[i]);
  }
}

std::string Workload::read_all(std::uint32_t end) {
  for (std::uint32_t slot = 0; slot < end && !stopped(); ++slot) {
    const Uuid id = slot_id(options_.seed, slot);
    const Uuid organization = options_.upkeep ? cohort_organization(options_.seed, slot) : Uuid{};
    auto got = tracker_.get(id, {.organization_id = organization});
    if (!got) {
      complain("reading slot " + std::to_string(slot), got.error());
    } else if (*got) {
      Note note;
      note.kind = NoteKind::seen;
      note.slot = slot;
      note.sequence = (*got)->sequence;
      options_.note(note);
    }
  }
  return failure_;
}

std::string Workload::finish_old(const Oracle& oracle) {
  for (std::uint32_t slot = 0; slot < options_.first_slot && !stopped(); ++slot) {
    const SlotRecord& record = oracle.slots[slot];
    if (record.id_known == 0 || mix(slot + options_.first_slot) % 4 != 0) continue;
    if (record.steps[static_cast<std::size_t>(Step::late)].state != StepState::none) continue;
    auto got = tracker_.get(record.run_id, {.organization_id = record.organization_id});
    if (!got) {
      complain("reading slot " + std::to_string(slot), got.error());
    } else if (*got &&
               ((*got)->status == RunStatus::queued || (*got)->status == RunStatus::running)) {
      step(begun(slot, Step::late, RunStatus::exited, 0), [&] {
        return tracker_.exit(record.run_id, {.organization_id = record.organization_id});
      });
    }
  }
  return failure_;
}

std::string next_write(Tracker& tracker, std::uint64_t seed) {
  CreateCommand command = create_command(seed, 0);
  command.run_id = uuid_of(mix(seed + 1), mix(seed + 2));
  auto created = tracker.create(command);
  if (!created) return "the next write fails: " + to_string(created.error());
  if (created->kind != OutcomeKind::created) {
    return "the next create is " + std::string(to_string(created->kind));
  }
  auto started = tracker.start(*command.run_id);
  if (!started) return "the write after the next fails: " + to_string(started.error());
  if (started->run.sequence <= created->run.sequence) return "sequences do not grow";
  return {};
}

}  // namespace milepost::crash
