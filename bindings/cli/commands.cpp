// SPDX-License-Identifier: Apache-2.0
//
// Declaring commands, and reading ids, instants, durations and statuses, each in one way.
#include "commands.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "milepost/version.hpp"

namespace cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  milepost list --store runs --status failed
  milepost get --store runs 3c90c3cc-0d44-4b50-8888-8dd25736052a --json
  milepost watch --store runs

Exit codes:
  0    done
  1    refused: the command was not applied, or a position is gone
  2    the command line cannot be used
  3    there is no such run, store, file or key
  4    somebody else holds the store, or the time given has passed
  5    the store is damaged, or is none
  6    the system refused: disk, memory, permission
  7    it is not known whether the effect survives: ask again
  70   a fault of the program
  130  stopped by Ctrl-C (143: by SIGTERM)

Environment: MILEPOST_STORE stands in for --store, MILEPOST_KEYS for --keys;
with NO_COLOR set there are no colours.)";

std::string problem(const milepost::Error& error) {
  return error.message + (error.advice.empty() ? "" : " " + error.advice);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (wrong != std::errc() || count < 0 || count > 1'000'000'000) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "ms") return std::chrono::milliseconds(count);
  if (unit == "s") return std::chrono::seconds(count);
  if (unit == "m") return std::chrono::minutes(count);
  if (unit == "h") return std::chrono::hours(count);
  if (unit == "d") return std::chrono::hours(24) * count;
  return std::nullopt;
}

}  // namespace

Commands::Commands(Session& session)
    : session_(session), root_("Looks at and changes the runs in a Milepost store.", "milepost") {
  root_.set_version_flag("--version", "milepost " MILEPOST_VERSION_STRING);
  root_.set_help_flag("-h,--help", "Print this help and end");
  root_.require_subcommand(1);
  root_.footer(kFooter);
  root_.get_formatter()->column_width(34);
}

CLI::App* Commands::add_plain(CLI::App* parent, const std::string& name,
                              const std::string& description, const std::string& examples,
                              Action action) {
  CLI::App* app = (parent == nullptr ? &root_ : parent)->add_subcommand(name, description);
  app->set_help_flag("-h,--help", "Print this help and end");
  app->footer("Examples:\n" + examples);
  app->get_formatter()->column_width(34);
  if (action) app->callback([this, action = std::move(action)] { chosen_ = action; });
  return app;
}

CLI::App* Commands::add(const std::string& name, const std::string& description,
                        const std::string& examples, Action action) {
  CLI::App* app = add_plain(nullptr, name, description, examples, {});
  app->callback([this, action = std::move(action)] {
    chosen_ = action;
    needs_store_ = true;
  });
  app->add_option("-s,--store,-d,--directory", session_.store,
                  "The store's folder (default: $MILEPOST_STORE)")
      ->type_name("DIR");
  app->add_flag("--json", session_.json, "For machines: JSON, one value a line");
  return app;
}

namespace {

/// An option whose text `parse` turns into a Result; its error is what the user is told.
template <typename Parse, typename Keep>
CLI::Option* add_parsed(CLI::App* app, const std::string& name, const std::string& description,
                        Parse parse, Keep keep) {
  return app
      ->add_option_function<std::string>(
          name, [parse, keep](const std::string& text) { keep(parse(text).value()); }, description)
      ->check(CLI::Validator(
          [parse](const std::string& text) {
            const auto parsed = parse(text);
            return parsed ? std::string() : problem(parsed.error());
          },
          ""));
}

/// A set can only be made of a list, and this is how to make one bit by bit.
milepost::StatusSet chosen(const std::vector<std::string>& names) {
  using milepost::RunStatus;
  const auto has = [&](RunStatus status) {
    return std::find(names.begin(), names.end(), milepost::to_string(status)) != names.end();
  };
  const auto or_nothing = [&](RunStatus status) {
    return has(status) ? status : static_cast<RunStatus>(7);  // In no set.
  };
  return {or_nothing(RunStatus::queued), or_nothing(RunStatus::running),
          or_nothing(RunStatus::completed), or_nothing(RunStatus::failed),
          or_nothing(RunStatus::exited)};
}

milepost::Result<std::chrono::milliseconds> read_duration(const std::string& text) {
  if (const auto duration = parse_duration(text)) return *duration;
  return milepost::Error{.code = milepost::Errc::invalid_argument,
                         .message = "'" + text + "' is no duration.",
                         .advice = "Write a number and a unit, as in 500ms, 90s, 5m, 12h or 30d."};
}

}  // namespace

CLI::Option* add_id(CLI::App* app, const std::string& name, milepost::Uuid& id,
                    const std::string& description) {
  const auto keep = [&id](const milepost::Uuid& read) { id = read; };
  return add_parsed(app, name, description, milepost::parse_uuid, keep)->type_name("UUID");
}

CLI::Option* add_id(CLI::App* app, const std::string& name, std::optional<milepost::Uuid>& id,
                    const std::string& description) {
  const auto keep = [&id](const milepost::Uuid& read) { id = read; };
  return add_parsed(app, name, description, milepost::parse_uuid, keep)->type_name("UUID");
}

CLI::Option* add_instant(CLI::App* app, const std::string& name,
                         std::optional<milepost::Instant>& instant,
                         const std::string& description) {
  const auto keep = [&instant](const milepost::Instant& read) { instant = read; };
  return add_parsed(app, name, description, milepost::parse_instant, keep)->type_name("INSTANT");
}

CLI::Option* add_duration(CLI::App* app, const std::string& name,
                          std::optional<std::chrono::milliseconds>& duration,
                          const std::string& description) {
  const auto keep = [&duration](std::chrono::milliseconds read) { duration = read; };
  return add_parsed(app, name, description, read_duration, keep)->type_name("DURATION");
}

CLI::Option* add_statuses(CLI::App* app, milepost::StatusSet& statuses) {
  return app
      ->add_option_function<std::vector<std::string>>(
          "--status",
          [&statuses](const std::vector<std::string>& names) { statuses = chosen(names); },
          "Only runs of this status; may be given several times, or with commas between")
      ->delimiter(',')
      ->check(CLI::IsMember({"queued", "running", "completed", "failed", "exited"}).description(""))
      ->allow_extra_args(false)
      ->type_name("STATUS");
}

}  // namespace cli
