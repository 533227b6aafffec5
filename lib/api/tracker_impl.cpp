// SPDX-License-Identifier: Apache-2.0
//
// Commands on their way to the store: every argument checked, texts cleaned, ids chosen.
#include "api/tracker_impl.hpp"

#include <list>
#include <string>

#include "core/decide.hpp"
#include "core/text.hpp"
#include "core/uuid_v7.hpp"
#include "store/clock.hpp"

namespace milepost {
namespace {

/// The id a command is about: its own, or a fresh one.
Uuid resolve(const Command& command, Instant now) {
  const Uuid* run_id = core::command_run_id(command);
  return run_id != nullptr ? *run_id : core::fresh_run_id(now);
}

/// The text of a command that carries one for people, or null.
std::string_view* error_text(Command& command) {
  if (auto* fail = std::get_if<FailCommand>(&command)) return &fail->error;
  if (auto* import = std::get_if<ImportCommand>(&command)) return &import->error;
  return nullptr;
}

/// A command with its text as it will be kept; `storage` holds a text that had to change.
Command cleaned(const Command& command, std::string& storage) {
  Command copy = command;
  if (std::string_view* error = error_text(copy)) {
    *error = core::clean_error_text(*error, storage);
  }
  return copy;
}

Error batch_too_large(std::string subject, std::string limit) {
  return Error{.code = Errc::invalid_argument,
               .subject = std::move(subject),
               .message = "More than one batch takes.",
               .advice = "Split it: a batch takes at most " + std::move(limit) + "."};
}

}  // namespace

Error read_only_error() {
  return Error{.code = Errc::read_only,
               .message = "The tracker was opened read-only.",
               .advice = "Open it without read_only, or ask the process that writes."};
}

Tracker::Impl::Impl(std::unique_ptr<store::Store> store, const OpenOptions& options)
    : store_(std::move(store)),
      wait_max_(options.wait_max),
      clock_(store::engine_clock(options.clock)) {}

Tracker::Impl::~Impl() {
  // After a fork the store belongs to the parent: its threads are not here, its locks may be held.
  if (store_ && store_->forked()) (void)store_.release();
}

Deadline Tracker::Impl::deadline_or_default(const std::optional<Deadline>& deadline) const {
  return deadline ? *deadline : std::chrono::steady_clock::now() + wait_max_;
}

Result<Outcome> Tracker::Impl::apply_one(const Command& command,
                                         const std::optional<Deadline>& deadline) {
  std::string storage;
  const Command clean = cleaned(command, storage);
  if (auto checked = core::check_command(clean); !checked) return checked.error();
  const store::ResolvedCommand resolved{.command = &clean, .run_id = resolve(clean, clock_())};
  Outcome outcome;
  auto applied = store_->apply({&resolved, 1}, deadline_or_default(deadline), {&outcome, 1});
  if (!applied) return applied.error();
  return outcome;
}

Result<std::vector<Outcome>> Tracker::Impl::apply(std::span<const Command> commands,
                                                  const std::optional<Deadline>& deadline) {
  if (commands.size() > kBatchCommandsMax) {
    return batch_too_large(std::to_string(commands.size()) + " commands",
                           std::to_string(kBatchCommandsMax) + " commands");
  }
  std::list<std::string> texts;  // a list: views of its strings stay good
  std::vector<Command> clean;
  clean.reserve(commands.size());
  std::string storage;
  for (const Command& command : commands) {
    clean.push_back(cleaned(command, storage));
    if (!storage.empty()) {
      std::string_view* error = error_text(clean.back());
      texts.emplace_back(*error);
      *error = texts.back();
      storage.clear();
    }
    if (auto checked = core::check_command(clean.back()); !checked) {
      Error error = checked.error();
      error.message =
          "Command " + std::to_string(clean.size() - 1) + " of the batch: " + error.message;
      return error;
    }
  }
  std::vector<store::ResolvedCommand> resolved;
  resolved.reserve(commands.size());
  std::size_t bytes = 0;
  const Instant at = clock_();
  for (const Command& command : clean) {
    resolved.push_back({.command = &command, .run_id = resolve(command, at)});
    bytes += store::effect_bytes_max(resolved.back());
  }
  if (bytes > store_->batch_bytes_max()) {
    return batch_too_large(std::to_string(bytes) + " bytes",
                           std::to_string(store_->batch_bytes_max()) + " bytes");
  }
  std::vector<Outcome> outcomes(commands.size());
  auto applied = store_->apply(resolved, deadline_or_default(deadline), outcomes);
  if (!applied) return applied.error();
  return outcomes;
}

}  // namespace milepost
