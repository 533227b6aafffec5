// SPDX-License-Identifier: Apache-2.0
//
// API keys: who may ask. A key belongs to one organization and carries scopes; the file holds its
// SHA-256 and never the key. KeyStore is for those who hand keys out, KeyRing for those who check
// them. The file is 0600, its owner's alone, and always whole: it is written beside and renamed.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "milepost/result.hpp"
#include "milepost/run.hpp"

namespace milepost::http {

inline constexpr std::size_t kKeyPrefixSize = 4;     ///< `mpk_`
inline constexpr std::size_t kKeyTextSize = 47;      ///< The prefix and 32 random bytes, base64url.
inline constexpr std::size_t kKeyTextSizeMax = 256;  ///< A longer one is refused unhashed.
inline constexpr std::size_t kKeyIdSize = 16;        ///< Hex digits of a key's public name.
inline constexpr std::size_t kKeysMax = 1'024;       ///< In one file.
inline constexpr std::size_t kKeyFileSizeMax = 1u << 20;
/// Of one organization with the same scopes that are neither expired nor revoked: the one in use
/// and the one that takes over.
inline constexpr std::size_t kActiveKeysMax = 2;
/// How long a rotated key goes on working unless told otherwise.
inline constexpr std::chrono::seconds kRotationGrace{86'400};

/// What a key allows. The numbers are bits.
enum class Scope : std::uint8_t {
  journeys_read = 1,  ///< `journeys:read`
  metrics_read = 2,   ///< `metrics:read`
};

[[nodiscard]] std::string_view to_string(Scope scope) noexcept;
/// The scope of that name, or nothing.
[[nodiscard]] std::optional<Scope> parse_scope(std::string_view text) noexcept;

/// A set of scopes. Plain value.
struct Scopes {
  std::uint8_t bits = 0;

  void add(Scope scope) noexcept { bits |= static_cast<std::uint8_t>(scope); }
  [[nodiscard]] bool has(Scope scope) const noexcept {
    return (bits & static_cast<std::uint8_t>(scope)) != 0;
  }
  [[nodiscard]] bool empty() const noexcept { return bits == 0; }
  friend bool operator==(const Scopes&, const Scopes&) = default;
};

/// `journeys:read,metrics:read`
[[nodiscard]] std::string to_string(Scopes scopes);
/// Names with commas between them. `invalid_argument` if one is unknown or there is none.
[[nodiscard]] Result<Scopes> parse_scopes(std::string_view text);

/// All that is known of a key once it was handed out. Plain value.
struct KeyInfo {
  std::string id;  ///< Public: names the key in lists and logs.
  Uuid organization_id{};
  Scopes scopes;
  Instant created_at{};
  std::optional<Instant> expires_at;  ///< From then on it is as good as unknown.

  [[nodiscard]] bool expired(Instant now) const noexcept {
    return expires_at.has_value() && *expires_at <= now;
  }
  friend bool operator==(const KeyInfo&, const KeyInfo&) = default;
};

/// A key just made. `text` is shown once and kept nowhere.
struct NewKey {
  std::string text;
  KeyInfo info;
};

struct CreateKey {
  Uuid organization_id{};
  Scopes scopes{};
  std::optional<Instant> expires_at{};  ///< Default: never.
};

/// The key file as those see it who hand keys out. Each call reads the file anew, and changes are
/// serialised between processes, so objects may come and go. Common errors: `permission` where the
/// file is open to others than its owner, is a link or belongs to somebody else; `corrupt`,
/// `version`, `io`; `busy` where another process holds the folder's lock for five seconds.
class KeyStore {
 public:
  /// Touches nothing yet. `clock`: default the system's.
  explicit KeyStore(std::string file, std::function<Instant()> clock = {});

  /// Makes a key, and the file (0600) if there is none. `invalid_argument` without a scope, with an
  /// expiry in the past, or where two keys with these scopes are active already.
  [[nodiscard]] Result<NewKey> create(const CreateKey& wanted);
  /// All keys, expired ones too, oldest first. `not_found` if there is no file.
  [[nodiscard]] Result<std::vector<KeyInfo>> list() const;
  /// Takes the key out of the file; servers refuse it from their next request on. `not_found`.
  [[nodiscard]] Result<KeyInfo> revoke(std::string_view id);
  /// Makes a key like that one, which itself expires after `grace` (at once if zero), or earlier if
  /// it would anyway. `not_found` if there is no such key or it has expired.
  [[nodiscard]] Result<NewKey> rotate(std::string_view id,
                                      std::chrono::seconds grace = kRotationGrace);

  [[nodiscard]] const std::string& file() const noexcept { return file_; }

 private:
  [[nodiscard]] Instant now() const;

  std::string file_;
  std::function<Instant()> clock_;
};

/// The keys as a server sees them. Reads the file again whenever it has changed, before it answers.
/// One thread at a time: a server has one a thread.
class KeyRing {
 public:
  /// A key that is known, neither expired nor revoked. Valid until the next call.
  struct Known {
    const KeyInfo* info;
    std::size_t place;         ///< Below kKeysMax; changes when the file does.
    std::uint64_t generation;  ///< Counts how often the file was read.
  };

  /// Errors as KeyStore's, and `not_found`.
  [[nodiscard]] static Result<KeyRing> open(std::string file, std::function<Instant()> clock = {});

  KeyRing(KeyRing&&) noexcept;
  KeyRing& operator=(KeyRing&&) noexcept;
  ~KeyRing();

  /// Whose key this is, or nothing. Does the same work for any text that is not too long, and the
  /// same comparisons whether or not one of them fits. An error where the file can no longer be
  /// trusted: then nobody is let in. Allocates nothing unless the file has changed.
  [[nodiscard]] Result<std::optional<Known>> find(std::string_view text);

 private:
  class Impl;
  explicit KeyRing(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

static_assert(std::is_aggregate_v<CreateKey> && std::is_aggregate_v<KeyInfo> &&
              std::is_aggregate_v<NewKey> && std::is_aggregate_v<Scopes>);

}  // namespace milepost::http
