// SPDX-License-Identifier: Apache-2.0
//
// Tables and a hash. The texts are of the kind that mail servers and templates really answer with:
// quotes, angle brackets, several lines, and letters outside ASCII.
#include "journey.hpp"

#include <array>
#include <iterator>

namespace sample {
namespace {

using enum StepKind;

constexpr StepKind kWelcome[] = {check_consent, render_template, send_mail};
constexpr StepKind kCart[] = {check_consent, check_goal, render_template, send_mail, send_push};
constexpr StepKind kBirthday[] = {check_consent, render_template, send_mail, send_sms};
constexpr StepKind kWinBack[] = {check_segment, check_consent, send_mail, check_goal, send_sms};
constexpr StepKind kOrder[] = {call_webhook, render_template, send_mail};
constexpr StepKind kTrialEnds[] = {check_segment, check_goal, send_mail, send_push};
constexpr StepKind kNewsletter[] = {check_consent, check_segment, render_template, send_mail};
constexpr StepKind kSurvey[] = {check_segment, send_push, call_webhook};

constexpr std::array<Journey, 8> kJourneys = {{
    {"welcome", kWelcome},
    {"abandoned cart", kCart},
    {"birthday", kBirthday},
    {"win back", kWinBack},
    {"order follow-up", kOrder},
    {"trial ends", kTrialEnds},
    {"newsletter", kNewsletter},
    {"survey", kSurvey},
}};

constexpr std::string_view kTemplateErrors[] = {
    "template \"Gru\u00df zum Geburtstag\": no value for \"vorname\"",
    "template \"welcome_v2\": unknown filter 'capitalise' in line 14",
};
constexpr std::string_view kMailErrors[] = {
    "mailbox full",
    "550 5.1.1 <ren\u00e9.m\u00fcller@example.com>: Recipient address rejected: User unknown",
    "421-4.7.0 Try again later,\r\n421 4.7.0 closing connection \"mx1.example.net\"",
    "\u30e1\u30fc\u30eb\u30dc\u30c3\u30af\u30b9\u304c\u3044\u3063\u3071\u3044\u3067\u3059",
};
constexpr std::string_view kPushErrors[] = {
    "push token is no longer registered",
    "{\"reason\":\"BadDeviceToken\",\"status\":400}",
};
constexpr std::string_view kSmsErrors[] = {
    "SMS refused: \u00ab num\u00e9ro non attribu\u00e9 \u00bb",
    "gateway timed out after 10 s",
};
constexpr std::string_view kWebhookErrors[] = {
    "POST https://hooks.example.com/orders: 503 Service Unavailable",
    "POST https://hooks.example.com/orders: certificate expired on 2023-11-01",
};

/// Of a thousand recipients, how many exit or fail at a step, and with what text.
struct Odds {
  unsigned exits = 0;
  unsigned fails = 0;
  std::span<const std::string_view> errors{};
};

constexpr Odds odds_of(StepKind step) noexcept {
  switch (step) {
    case check_consent:
      return {.exits = 20};
    case check_segment:
      return {.exits = 35};
    case check_goal:
      return {.exits = 60};
    case render_template:
      return {.fails = 8, .errors = kTemplateErrors};
    case send_mail:
      return {.fails = 45, .errors = kMailErrors};
    case send_push:
      return {.fails = 30, .errors = kPushErrors};
    case send_sms:
      return {.fails = 25, .errors = kSmsErrors};
    case call_webhook:
      return {.fails = 15, .errors = kWebhookErrors};
  }
  return {};
}

/// FNV-1a, then a mix, because FNV's low bits alone are too regular.
std::uint64_t hash(std::span<const std::uint8_t> bytes, std::uint64_t seed) noexcept {
  std::uint64_t value = 0xcbf29ce484222325 ^ seed;
  for (const std::uint8_t byte : bytes) value = (value ^ byte) * 0x100000001b3;
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
  return value ^ (value >> 33);
}

}  // namespace

const Journey& journey_of(const milepost::Uuid& journey_id) noexcept {
  return kJourneys[hash(journey_id.data, 0) % kJourneys.size()];
}

StepResult perform(StepKind step, std::size_t index, const milepost::Uuid& journey_id,
                   const milepost::Uuid& profile_id) noexcept {
  const std::uint64_t value = hash(profile_id.data, hash(journey_id.data, index));
  const Odds odds = odds_of(step);
  const std::uint64_t dice = value % 1'000;
  if (dice < odds.exits) return {.kind = StepResult::Kind::exit};
  if (dice < odds.exits + odds.fails) {
    return {.kind = StepResult::Kind::fail,
            .error = odds.errors[(value / 1'000) % odds.errors.size()]};
  }
  return {};
}

}  // namespace sample
