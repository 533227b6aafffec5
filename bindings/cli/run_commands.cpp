// SPDX-License-Identifier: Apache-2.0
//
// create, start, complete, fail, exit, adopt: one command each, with the program as the one writer.
#include "commands.hpp"

namespace cli {
namespace {

struct CreateOptions {
  milepost::Uuid journey{};
  milepost::Uuid profile{};
  milepost::Uuid organization{};
  std::optional<milepost::Uuid> run;
  std::optional<milepost::Instant> triggered_at;
  std::string key;
  bool init = false;
};

/// Of all the others; each uses its part.
struct StepOptions {
  milepost::Uuid run{};
  milepost::Uuid organization{};
  std::string owner;
  std::optional<std::uint64_t> token;
  std::string error;

  [[nodiscard]] milepost::FinishOptions finish() const {
    return {.owner = owner, .fencing_token = token, .organization_id = organization};
  }
};

using Step =
    std::function<milepost::Result<milepost::Outcome>(milepost::Tracker&, const StepOptions&)>;

int create(Session& session, const CreateOptions& options) {
  auto tracker = session.open_to_write(options.init);
  if (!tracker) return session.complain(tracker.error());
  const auto outcome = tracker->create({.journey_id = options.journey,
                                        .profile_id = options.profile,
                                        .run_id = options.run,
                                        .triggered_at = options.triggered_at,
                                        .organization_id = options.organization,
                                        .idempotency_key = options.key});
  const int code = outcome ? session.tell(*outcome, "") : session.complain(outcome.error());
  return session.close(*tracker, code);
}

int step(Session& session, const StepOptions& options, const Step& take) {
  auto tracker = session.open_to_write();
  if (!tracker) return session.complain(tracker.error());
  const auto outcome = take(*tracker, options);
  const int code = outcome ? session.tell(*outcome, milepost::to_string(options.run))
                           : session.complain(outcome.error());
  return session.close(*tracker, code);
}

struct Declared {
  CLI::App* app;
  std::shared_ptr<StepOptions> options;
};

Declared add_step(Commands& commands, const std::string& name, const std::string& description,
                  const std::string& examples, Step take) {
  const auto options = std::make_shared<StepOptions>();
  CLI::App* app = commands.add(name, description, examples,
                               [options, take = std::move(take)](Session& session) {
                                 return step(session, *options, take);
                               });
  add_id(app, "RUN", options->run, "The run's id")->required();
  add_id(app, "--organization", options->organization, "Whose run (default: the nil one's)");
  return {app, options};
}

void add_owner(const Declared& step, const std::string& description) {
  step.app->add_option("--owner", step.options->owner, description)->type_name("NAME");
}

void add_token(const Declared& step) {
  step.app->add_option("--token", step.options->token, "The fencing token the run must have")
      ->type_name("N");
}

void add_create(Commands& commands) {
  const auto options = std::make_shared<CreateOptions>();
  CLI::App* app = commands.add(
      "create", "Makes a run, in status queued",
      "  milepost create --store runs --journey $JOURNEY --profile $PROFILE\n"
      "  milepost create --store runs --init --journey $JOURNEY --profile $PROFILE --json",
      [options](Session& session) { return create(session, *options); });
  add_id(app, "--journey", options->journey, "The run's journey")->required();
  add_id(app, "--profile", options->profile, "The run's profile")->required();
  add_id(app, "--organization", options->organization, "Whose run (default: the nil one's)");
  add_id(app, "--run", options->run, "The run's id (default: a new one)");
  add_instant(app, "--triggered-at", options->triggered_at, "When it was triggered (default: now)");
  app->add_option("--idempotency-key", options->key,
                  "Of creates with the same key only the first makes a run")
      ->type_name("TEXT");
  app->add_flag("--init", options->init, "Make the store if there is none");
}

}  // namespace

void add_run_commands(Commands& commands) {
  using milepost::Tracker;
  add_create(commands);
  const Declared start = add_step(
      commands, "start", "Moves a queued run to running",
      "  milepost start --store runs $ID --owner worker-7",
      [](Tracker& tracker, const StepOptions& options) {
        return tracker.start(options.run,
                             {.owner = options.owner, .organization_id = options.organization});
      });
  add_owner(start, "Who takes the run; a repeat by the same owner is no conflict");

  const Declared complete = add_step(commands, "complete", "Moves a running run to completed",
                                     "  milepost complete --store runs $ID",
                                     [](Tracker& tracker, const StepOptions& options) {
                                       return tracker.complete(options.run, options.finish());
                                     });
  add_owner(complete, "Only if the run is this owner's");
  add_token(complete);

  const Declared fail =
      add_step(commands, "fail", "Moves a queued or running run to failed",
               "  milepost fail --store runs $ID --error 'mailbox full'",
               [](Tracker& tracker, const StepOptions& options) {
                 return tracker.fail(options.run, options.error, options.finish());
               });
  fail.app->add_option("--error", fail.options->error, "Why, for people")->type_name("TEXT");
  add_owner(fail, "Only if the run is this owner's");
  add_token(fail);

  const Declared exit = add_step(commands, "exit", "Moves a queued or running run to exited",
                                 "  milepost exit --store runs $ID",
                                 [](Tracker& tracker, const StepOptions& options) {
                                   return tracker.exit(options.run, options.finish());
                                 });
  add_owner(exit, "Only if the run is this owner's");
  add_token(exit);

  const Declared adopt =
      add_step(commands, "adopt", "Gives a running run another owner and a larger fencing token",
               "  milepost adopt --store runs $ID --owner worker-8 --token 1",
               [](Tracker& tracker, const StepOptions& options) {
                 return tracker.adopt(options.run, {.owner = options.owner,
                                                    .fencing_token = options.token,
                                                    .organization_id = options.organization});
               });
  add_owner(adopt, "The new owner");
  add_token(adopt);
}

}  // namespace cli
