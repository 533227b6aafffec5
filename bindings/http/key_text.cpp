// SPDX-License-Identifier: Apache-2.0
//
// Scopes and the key file as text. A line is taken only as it would be written, so that a file
// somebody edited by hand is refused rather than half understood.
#include <algorithm>
#include <utility>

#include "key_file.hpp"

namespace milepost::http {
namespace {

constexpr std::string_view kHead = "milepost-keys 1";
constexpr std::string_view kHeadWord = "milepost-keys ";
constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kNever = "-";
constexpr Scope kAllScopes[] = {Scope::journeys_read, Scope::metrics_read};

Error corrupt(std::size_t line, std::string_view what) {
  return {.code = Errc::corrupt,
          .message = "Line " + std::to_string(line) + " of the key file " + std::string(what) + ".",
          .advice = "Restore the file from a copy, or remove it and hand out new keys."};
}

/// Takes what stands before the next space, or all that is left.
std::string_view take_word(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && text.find_first_not_of(kHex) == std::string_view::npos;
}

/// KeyStore lets no instant in that has no text.
std::string instant_text(Instant instant) {
  auto text = milepost::to_string(instant);
  return text ? std::move(*text) : std::string("?");
}

std::string format_key(const StoredKey& key) {
  std::string text = key.info.id + ' ';
  for (const std::uint8_t byte : key.digest) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  text.append(" ").append(milepost::to_string(key.info.organization_id));
  text.append(" ").append(http::to_string(key.info.scopes));
  text.append(" ").append(instant_text(key.info.created_at));
  text.append(" ").append(key.info.expires_at ? instant_text(*key.info.expires_at)
                                              : std::string(kNever));
  return text;
}

Result<StoredKey> parse_key(const std::string_view whole, std::size_t number) {
  StoredKey key;
  std::string_view line = whole;
  const std::string_view id = take_word(line);
  const std::string_view digest = take_word(line);
  if (!is_hex(id, kKeyIdSize)) return corrupt(number, "has no valid key id");
  if (!is_hex(digest, 2 * key.digest.size())) return corrupt(number, "has no valid digest");
  key.info.id = id;
  for (std::size_t i = 0; i < key.digest.size(); ++i) {
    key.digest[i] =
        static_cast<std::uint8_t>(kHex.find(digest[2 * i]) * 16 + kHex.find(digest[2 * i + 1]));
  }
  const auto organization = parse_uuid(take_word(line));
  if (!organization) return corrupt(number, "has no valid organization");
  key.info.organization_id = *organization;
  const auto scopes = parse_scopes(take_word(line));
  if (!scopes) return corrupt(number, "has no valid scopes");
  key.info.scopes = *scopes;
  const auto created = parse_instant(take_word(line));
  if (!created) return corrupt(number, "has no valid time of creation");
  key.info.created_at = *created;
  const std::string_view expiry = take_word(line);
  if (expiry != kNever) {
    const auto expires = parse_instant(expiry);
    if (!expires) return corrupt(number, "has no valid expiry");
    key.info.expires_at = *expires;
  }
  if (format_key(key) != whole) return corrupt(number, "is not as it was written");
  return key;
}

}  // namespace

std::string_view to_string(Scope scope) noexcept {
  return scope == Scope::metrics_read ? "metrics:read" : "journeys:read";
}

std::optional<Scope> parse_scope(std::string_view text) noexcept {
  for (const Scope scope : kAllScopes) {
    if (to_string(scope) == text) return scope;
  }
  return std::nullopt;
}

std::string to_string(Scopes scopes) {
  std::string text;
  for (const Scope scope : kAllScopes) {
    if (!scopes.has(scope)) continue;
    if (!text.empty()) text += ',';
    text += to_string(scope);
  }
  return text;
}

Result<Scopes> parse_scopes(std::string_view text) {
  Scopes scopes;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    const std::string_view name = text.substr(0, comma);
    const auto scope = parse_scope(name);
    if (!scope) {
      return Error{.code = Errc::invalid_argument,
                   .subject = std::string(name.substr(0, 64)),
                   .message = "That is no scope.",
                   .advice = "Use journeys:read, metrics:read, or both with a comma between."};
    }
    scopes.add(*scope);
    if (more) text.remove_prefix(comma + 1);
  }
  return scopes;
}

std::string format_keys(const std::vector<StoredKey>& keys) {
  std::string text(kHead);
  text += '\n';
  for (const StoredKey& key : keys) text.append(format_key(key)).append("\n");
  return text;
}

Result<std::vector<StoredKey>> parse_keys(std::string_view text) {
  std::vector<StoredKey> keys;
  for (std::size_t number = 1; number == 1 || !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return corrupt(number, "has no end");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number > 1) {
      auto key = parse_key(line, number);
      if (!key) return key.error();
      if (keys.size() == kKeysMax) return corrupt(number, "is one key too many");
      keys.push_back(std::move(*key));
    } else if (line.substr(0, kHeadWord.size()) != kHeadWord) {
      return corrupt(number, "is not the head of one");
    } else if (line != kHead) {
      return Error{.code = Errc::version,
                   .message = "The key file was written by another version of Milepost.",
                   .advice = "Use that version, or hand out new keys in a new file."};
    }
  }
  return keys;
}

}  // namespace milepost::http
