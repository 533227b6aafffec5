// SPDX-License-Identifier: Apache-2.0
//
// key create, list, revoke, rotate: the API keys of the HTTP server. A key's text is shown once, on
// stdout and nowhere else.
#include <chrono>
#include <cstdlib>

#include "commands.hpp"
#include "json_line.hpp"
#include "table.hpp"

#include "milepost/http/keys.hpp"

namespace cli {
namespace {

using milepost::http::KeyInfo;
using milepost::http::KeyStore;

struct KeyOptions {
  std::string file;
  std::string id;
  milepost::Uuid organization{};
  std::vector<std::string> scopes;
  std::optional<milepost::Instant> expires_at;
  std::optional<std::chrono::milliseconds> expires_in;
  std::optional<std::chrono::milliseconds> grace;
};

milepost::Instant now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string info_json(const KeyInfo& info, const std::string* text) {
  std::string scopes = "[";
  for (const auto scope :
       {milepost::http::Scope::journeys_read, milepost::http::Scope::metrics_read}) {
    if (!info.scopes.has(scope)) continue;
    if (scopes.size() > 1) scopes += ',';
    scopes += quoted(milepost::http::to_string(scope));
  }
  JsonLine line;
  if (text != nullptr) line.text("key", *text);
  return line.text("id", info.id)
      .text("organizationId", milepost::to_string(info.organization_id))
      .raw("scopes", scopes + "]")
      .instant_or_null("createdAt", info.created_at)
      .instant_or_null("expiresAt", info.expires_at)
      .boolean("expired", info.expired(now()))
      .done();
}

int show_new(Session& session, const milepost::Result<milepost::http::NewKey>& made) {
  if (!made) return session.complain(made.error());
  if (session.json) {
    session.out.line(info_json(made->info, &made->text));
    return kDone;
  }
  session.out.line(made->text);
  session.remark("key " + made->info.id + "; it is shown this once and kept nowhere");
  return kDone;
}

int create(Session& session, KeyStore& keys, const KeyOptions& options) {
  milepost::http::Scopes scopes;
  for (const std::string& name : options.scopes) scopes.add(*milepost::http::parse_scope(name));
  auto expires_at = options.expires_at;
  if (options.expires_in) expires_at = now() + *options.expires_in;
  return show_new(session, keys.create({.organization_id = options.organization,
                                        .scopes = scopes,
                                        .expires_at = expires_at}));
}

int list(Session& session, KeyStore& keys, const KeyOptions&) {
  const auto all = keys.list();
  if (!all) return session.complain(all.error());
  Table table({{"KEY"}, {"ORGANIZATION"}, {"SCOPES"}, {"CREATED"}, {"EXPIRES"}});
  for (const KeyInfo& info : *all) {
    if (session.json) {
      session.out.line(info_json(info, nullptr));
      continue;
    }
    const bool expired = info.expired(now());
    table.add(
        {{info.id},
         {milepost::to_string(info.organization_id)},
         {milepost::http::to_string(info.scopes)},
         {instant_text(info.created_at)},
         {info.expires_at ? instant_text(*info.expires_at) + (expired ? " (expired)" : "") : "-",
          expired ? Style::red : Style::plain}});
  }
  if (!session.json) table.print(session.out);
  return kDone;
}

int revoke(Session& session, KeyStore& keys, const KeyOptions& options) {
  const auto gone = keys.revoke(options.id);
  if (!gone) return session.complain(gone.error());
  session.out.line(session.json ? info_json(*gone, nullptr) : "revoked " + gone->id);
  return kDone;
}

int rotate(Session& session, KeyStore& keys, const KeyOptions& options) {
  const auto grace = options.grace ? std::chrono::floor<std::chrono::seconds>(*options.grace)
                                   : milepost::http::kRotationGrace;
  return show_new(session, keys.rotate(options.id, grace));
}

using KeyAction = int (*)(Session&, KeyStore&, const KeyOptions&);

int with_keys(Session& session, const KeyOptions& options, KeyAction action) {
  std::string file = options.file;
  if (const char* variable = std::getenv("MILEPOST_KEYS"); file.empty() && variable != nullptr)
    file = variable;
  if (file.empty()) {
    return session.complain(milepost::Errc::invalid_argument, "Which key file?", {},
                            "Give --keys FILE, or set MILEPOST_KEYS.");
  }
  KeyStore keys(file);
  return action(session, keys, options);
}

struct Declared {
  CLI::App* app;
  std::shared_ptr<KeyOptions> options;
};

Declared add_key_command(Commands& commands, CLI::App* key, const std::string& name,
                         const std::string& description, const std::string& examples, bool& json,
                         KeyAction action) {
  const auto options = std::make_shared<KeyOptions>();
  CLI::App* app = commands.add_plain(
      key, name, description, examples,
      [options, action](Session& session) { return with_keys(session, *options, action); });
  app->add_option("-k,--keys", options->file, "The key file (default: $MILEPOST_KEYS)")
      ->type_name("FILE");
  app->add_flag("--json", json, "For machines: JSON, one value a line");
  return {app, options};
}

}  // namespace

void add_key_commands(Commands& commands) {
  CLI::App* key =
      commands.add_plain(nullptr, "key", "Hands out and takes back the API keys of milepost-server",
                         "  milepost key create --keys runs.keys --scope journeys:read\n"
                         "  milepost key list --keys runs.keys",
                         {});
  key->require_subcommand(1);
  bool& json = commands.json_flag();
  const Declared made = add_key_command(
      commands, key, "create", "Makes a key and shows it, once; makes the file if there is none",
      "  milepost key create --keys runs.keys --organization $ID --scope journeys:read\n"
      "  milepost key create --keys runs.keys --scope metrics:read --expires-in 30d",
      json, create);
  add_id(made.app, "--organization", made.options->organization,
         "Whose runs it shows (default: the nil one's)");
  made.app->add_option("--scope", made.options->scopes, "What it allows; may be given twice")
      ->required()
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"journeys:read", "metrics:read"}).description(""))
      ->type_name("SCOPE");
  auto* at = add_instant(made.app, "--expires-at", made.options->expires_at,
                         "When it ends (default: never)");
  add_duration(made.app, "--expires-in", made.options->expires_in, "The same, from now")
      ->excludes(at);

  add_key_command(commands, key, "list", "Lists the keys; their texts are not known",
                  "  milepost key list --keys runs.keys --json", json, list);

  const Declared revoked =
      add_key_command(commands, key, "revoke", "Takes a key back, at once and without a restart",
                      "  milepost key revoke --keys runs.keys 0123456789abcdef", json, revoke);
  revoked.app->add_option("KEY", revoked.options->id, "The key's id, from list")->required();

  const Declared rotated = add_key_command(
      commands, key, "rotate", "Makes a key like that one, which itself ends after a while",
      "  milepost key rotate --keys runs.keys 0123456789abcdef --grace 1h", json, rotate);
  rotated.app->add_option("KEY", rotated.options->id, "The key's id, from list")->required();
  add_duration(rotated.app, "--grace", rotated.options->grace,
               "How long the old one goes on working (default: 24h)");
}

}  // namespace cli
